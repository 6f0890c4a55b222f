"""Token quantities: how many tokens an activity takes and gives."""

import pytest

from engine.bpmn import steps
from tests.engine.bpmn.drawing import END, START, Play, drawing, errors, flows, script, user
from tests.engine.bpmn.test_loops import cardinality, marked, multiple


def quantities(activity: str, **attributes: int) -> str:
    head, _, rest = activity.partition(" id=")
    return head + "".join(f' {name}="{value}"' for name, value in attributes.items()) + f" id={rest}"


SPLIT = START + '<parallelGateway id="g"/>'


def test_an_activity_starts_when_its_start_quantity_has_arrived_on_any_flows():
    body = SPLIT + user("a") + user("b") + quantities(user("t"), startQuantity=2) + user("u") + END
    play = Play(drawing(body + flows("start g", "g a t u end", "g b t")))
    play.complete("b")
    assert play.waits == ["a"]

    play.complete("a")
    assert play.waits == ["t"]
    play.complete("t")
    play.complete("u")
    assert (play.step.ended, play.path.count("u")) == ("completed", 1)


def test_tokens_beyond_the_start_quantity_wait_for_more():
    body = SPLIT + user("a") + quantities(user("t"), startQuantity=2) + END
    play = Play(drawing(body + flows("start g", "g t", "g a t end") + flows("g a").replace('"g_a"', '"g_a2"')))
    play.complete("a")
    assert play.waits == ["a", "t"]
    play.complete("a")
    play.complete("t")
    assert play.incidents == {"t": "join-starved"}, "one token is left over, and no other can come"


def test_an_activity_that_waits_in_vain_for_tokens_is_named_and_can_be_started_with_what_has_come():
    play = Play(drawing(START + quantities(user("t"), startQuantity=2) + END + flows("start t end")))
    assert play.incidents == {"t": "join-starved"}

    play.resume("t")
    assert play.waits == ["t"]
    play.complete("t")
    assert play.step.ended == "completed"


def test_an_activity_gives_its_completion_quantity_on_each_flow():
    body = START + quantities(script("t", "1", "x"), completionQuantity=3) + user("u") + END
    play = Play(drawing(body + flows("start t u end")))
    assert play.waits == ["u"] * 3
    for _ in range(3):
        play.complete("u")
    assert play.step.ended == "completed"


def test_only_chosen_flows_get_the_tokens():
    body = START + quantities(script("t", "1", "x"), completionQuantity=2) + user("u") + user("v") + END
    play = Play(drawing(body + flows("start t", "t u ? x = 1", "t v ? x = 2", "u end", "v end")))
    assert play.waits == ["u", "u"]


def test_an_activity_at_the_end_gives_no_tokens():
    play = Play(drawing(START + quantities(script("t", "1", "x"), completionQuantity=2) + flows("start t")))
    assert play.step.ended == "completed"


def test_what_one_activity_gives_another_can_take():
    body = (
        START + quantities(script("t", "1", "x"), completionQuantity=4) + quantities(user("u"), startQuantity=2) + END
    )
    play = Play(drawing(body + flows("start t u end")))
    assert play.waits == ["u", "u"]


def test_a_quantity_comes_before_the_loop():
    loop = marked(user("u"), multiple(cardinality("2")))
    body = START + quantities(script("t", "1", "x"), completionQuantity=2) + quantities(loop, startQuantity=2) + END
    play = Play(drawing(body + flows("start t u end")))
    assert len(play.all(steps.WorkOpened)) == 2


def test_a_failure_behind_the_quantity_keeps_the_tokens_consumed():
    task = quantities(script("u", "1 + missing", "y"), startQuantity=2)
    body = START + quantities(script("t", "1", "x"), completionQuantity=2) + task + END
    play = Play(drawing(body + flows("start t u end")))
    assert play.incidents == {"u": "expression-failed"}
    play.resume("u", missing=1)
    assert play.step.ended == "completed"


@pytest.mark.parametrize("name", ["startQuantity", "completionQuantity"])
@pytest.mark.parametrize("value", [0, -1, 100_000])
def test_a_quantity_that_is_no_number_from_one_to_the_limit_is_refused(name, value):
    body = START + quantities(user("t"), **{name: value}) + END + flows("start t end")
    assert errors(drawing(body)) == {"quantity-wrong": "t"}
