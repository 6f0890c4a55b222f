"""Tokens moved by hand: going back leaves what the drawing could have reached; an administrator may do more."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import bpmn
from engine.bpmn import reachability, steps
from engine.errors import MoveRefused
from tests.engine.bpmn.drawing import (
    END,
    START,
    Play,
    boundary,
    catch,
    drawing,
    element,
    flows,
    message,
    message_event,
    program,
    script,
    service,
    timer,
    user,
)
from tests.engine.bpmn.test_compensation import drawing as undo_drawing
from tests.engine.bpmn.test_compensation import phases, sub, undoable, undoing, undone_by
from tests.engine.bpmn.test_loops import marked, multiple, standard
from tests.engine.bpmn.test_state import blocks, drawn
from tests.examples import examples


def gateway(kind: str, key: str, **attributes: str) -> str:
    return element(f"{kind}Gateway", key, **attributes)


def refusals(refused: MoveRefused) -> list[str]:
    return [str(finding).partition(": ")[2] for finding in refused.findings]


FORK = (
    START + gateway("parallel", "f") + user("a") + user("b") + gateway("parallel", "j") + user("c") + END
    + flows("start f a j c end", "f b j")
)  # fmt: skip


# ---------------------------------------------------------------- going back


def test_return_into_a_branch_of_a_closed_fork_leaves_the_other_branch_at_the_join():
    play = Play(drawing(FORK))
    play.complete("a")
    play.complete("b")
    assert play.waits == ["c"]

    step = play.goto("c", "a")

    assert play.waits == ["a"]
    assert play.state.root.held == {"b_j": 1}
    assert [fact.flow for fact in step.facts if isinstance(fact, steps.ArrivalRestored)] == ["b_j"]
    assert [(fact.node, fact.outcome) for fact in step.closed] == [("c", "moved")]
    play.complete("a")
    assert play.waits == ["c"]
    play.complete("c")
    assert play.step.ended == "completed"
    assert Counter(play.path) == {"start": 1, "f": 1, "a": 2, "b": 1, "j": 2, "c": 1, "end": 1}


def test_returning_twice_restores_a_branch_once():
    body = START + gateway("parallel", "f") + user("a1") + user("a2") + user("b") + gateway("parallel", "j")
    play = Play(drawing(body + user("c") + END + flows("start f a1 a2 j c end", "f b j")))
    for node in ("a1", "a2", "b"):
        play.complete(node)
    play.goto("c", "a2")

    play.goto("a2", "a1")

    assert (play.waits, play.state.root.held) == (["a1"], {"b_j": 1})
    play.complete("a1")
    play.complete("a2")
    assert play.waits == ["c"]


def test_return_before_a_fork_takes_both_branches_and_their_arrivals_away():
    body = START + user("z") + gateway("parallel", "f") + user("a") + user("b") + gateway("parallel", "j") + END
    play = Play(drawing(body + flows("start z f a j end", "f b j")))
    play.complete("z")
    play.complete("a")
    assert play.state.root.held == {"a_j": 1}

    step = play.goto("b", "z")

    assert (play.waits, play.state.root.held) == (["z"], {})
    assert [fact.flow for fact in step.facts if isinstance(fact, steps.ArrivalWithdrawn)] == ["a_j"]
    assert next(fact for fact in step.facts if isinstance(fact, steps.Moved)).origin == ("b",)


def test_return_inside_an_open_branch_leaves_the_other_branch_alone():
    body = START + gateway("parallel", "f") + user("a1") + user("a2") + user("b") + gateway("parallel", "j") + END
    play = Play(drawing(body + flows("start f a1 a2 j end", "f b j")))
    play.complete("a1")
    untouched = play.token("b")

    play.goto("a2", "a1")

    assert play.waits == ["a1", "b"]
    assert play.token("b") == untouched


def test_nested_forks_that_share_one_join_are_a_block():
    body = START + gateway("parallel", "f") + user("a") + gateway("parallel", "g") + user("b") + user("c")
    play = Play(
        drawing(body + gateway("parallel", "j") + user("d") + END + flows("start f a j d end", "f g b j", "g c j"))
    )
    for node in ("a", "b", "c"):
        play.complete(node)

    play.goto("d", "b")

    assert (play.waits, play.state.root.held) == (["b"], {"a_j": 1, "c_j": 1})


def test_an_inclusive_join_gets_back_only_what_it_had_consumed():
    body = START + gateway("inclusive", "f", default="f_x") + user("a") + user("b") + user("x")
    body += gateway("inclusive", "j") + user("c") + END
    play = Play(
        drawing(body + flows("start f a j c end", "f b j ? true", "f x j").replace(
            '<sequenceFlow id="f_a" sourceRef="f" targetRef="a"></sequenceFlow>', flows("f a ? true"))
        )
    )  # fmt: skip
    play.complete("a")
    play.complete("b")

    play.goto("c", "a")

    assert (play.waits, play.state.root.held) == (["a"], {"b_j": 1})
    play.complete("a")
    assert play.waits == ["c"]


def test_what_runs_in_a_sub_process_behind_the_target_is_closed_with_it():
    inner = '<startEvent id="s"/>' + user("u") + '<endEvent id="e"/>' + flows("s u e")
    guard = boundary("late", "sub", timer("P1D"))
    body = START + user("a") + f'<subProcess id="sub">{inner}</subProcess>' + guard + END
    play = Play(drawing(body + flows("start a sub end", "late end")))
    play.complete("a")
    assert play.waits == ["late", "u"]

    play.goto("u", "a")

    assert play.waits == ["a"]
    assert list(play.state.scopes) == [0]
    play.complete("a")
    assert play.waits == ["late", "u"]


def test_the_start_is_a_target_too():
    play = Play(drawing(FORK))

    play.goto("a", "start")

    assert play.waits == ["a", "b"]
    assert play.state.root.held == {}


def test_a_process_that_begins_at_several_places_forks_there():
    body = user("a") + user("b") + gateway("parallel", "j") + user("c") + END
    play = Play(drawing(body + flows("a j c end", "b j")))
    play.complete("a")
    play.complete("b")
    never = bpmn.returning(play.state, [play.token("c")], "a", play.facts[-1].seq)
    assert [finding.facts["join"] for finding in never.refused] == ["p"]

    play.goto("c", "a")

    assert (play.waits, play.state.root.held) == (["a"], {"b_j": 1})


def test_an_incident_behind_the_target_goes_with_its_token():
    play = Play(drawing(START + user("a") + service("s") + END + flows("start a s end")))
    play.complete("a")
    play.fail("s", "down")

    play.goto("s", "a")

    assert (play.waits, play.incidents) == (["a"], {})


def refused(xml: bytes, steps_: list[str], origin: str, target: str, **options) -> list[str]:
    play = Play(xml)
    for node in steps_:
        play.complete(node)
    before = bpmn.dump(play.state)
    with pytest.raises(MoveRefused) as caught:
        play.goto(origin, target, **options)
    assert bpmn.dump(play.state) == before
    return [finding.message.format(**finding.facts) for finding in caught.value.findings]


MERGE = (
    START + gateway("parallel", "f") + user("a") + user("b") + gateway("exclusive", "m") + user("c") + user("d") + END
    + flows("start f a m c d end", "f b m")
)  # fmt: skip


@pytest.mark.parametrize(
    ("body", "done", "origin", "target", "why"),
    [
        (FORK, [], "a", "b", "'b' stands in another branch than 'a', and both are still open."),
        (FORK, ["a"], "b", "c", "'c' does not come before 'b'."),
        (FORK, [], "a", "j", "'j' does not wait for anybody: go back to a task, an event or the start."),
        (FORK, [], "a", "nowhere", "'nowhere' lies neither in the scope of the token nor in a living one around it."),
        (MERGE, ["a", "b"], "c", "a", "The branches around 'a' do not form blocks, so nobody can say what follows"),
    ],
)
def test_a_target_that_would_leave_a_marking_nobody_drew_is_refused(body, done, origin, target, why):
    assert any(why in reason for reason in refused(drawing(body), done, origin, target))


def test_behind_branches_that_do_not_join_only_the_single_live_token_goes_back_to_what_it_has_passed():
    play = Play(drawing(MERGE))
    play.complete("a")
    play.complete("c")
    play.complete("b")
    assert play.waits == ["c", "d"]
    with pytest.raises(MoveRefused):
        play.goto("d", "c")

    play.complete("c")
    play.step = play.complete("d")
    play.goto("d", "c")

    assert play.waits == ["c"]


def tangle(**variables: bool) -> Play:
    """z, then into a loop of x and y at either of them; beside z, w leads into it too."""
    body = START + gateway("exclusive", "d", default="d_z") + user("w") + user("z") + user("x") + user("y")
    body += gateway("exclusive", "g", default="g_y0") + gateway("exclusive", "x0") + gateway("exclusive", "y0")
    body += gateway("exclusive", "h", default="h_end") + gateway("exclusive", "u", default="u_g") + END
    way = flows("start d z u g y0", "d w ? beside", "w u", "g x0 ? left", "x0 x y0 y h end", "h x0 ? again")
    return Play(drawing(body + way), {"left": True, "again": False, "beside": False, **variables})


def test_a_loop_with_two_ways_in_is_refused_from_inside_and_from_one_way_to_it():
    play = tangle()
    play.complete("z")
    with pytest.raises(MoveRefused) as beside:
        play.goto("x", "z")
    play.complete("x")
    with pytest.raises(MoveRefused) as inside:
        play.goto("y", "x")

    for caught in (beside, inside):
        assert any("entered in several places" in reason for reason in refusals(caught.value))


@pytest.mark.parametrize("left", [True, False])
def test_a_loop_with_two_ways_in_is_left_for_what_every_way_to_it_passes(left: bool):
    body = START + user("z") + gateway("exclusive", "g", default="g_y0") + user("x") + user("y")
    body += gateway("exclusive", "x0") + gateway("exclusive", "y0") + gateway("exclusive", "h", default="h_end") + END
    way = flows("start z g", "g x0 ? left", "g y0", "x0 x y0 y h end", "h x0 ? again")
    play = Play(drawing(body + way), {"left": left, "again": False})
    for last in ("x", "y"):
        play.complete("z")
        if last == "y" and left:
            play.complete("x")
        play.goto(play.waits[0], "z")
        assert play.waits == ["z"]

    play.complete("z")
    while play.waits:
        play.complete(play.waits[0], again=False)

    assert play.step.ended is not None


def test_every_token_that_a_loop_with_two_ways_in_has_made_is_taken_back():
    body = START + user("z") + gateway("exclusive", "g", default="g_y0") + gateway("exclusive", "x0") + user("x")
    body += gateway("exclusive", "y0") + gateway("parallel", "f") + user("a") + user("b") + END
    way = flows("start z g", "g x0 ? left", "g y0", "x0 x y0 f a x0", "f b end")
    play = Play(drawing(body + way), {"left": False})
    play.complete("z")
    play.complete("a")
    play.complete("x")

    assert sorted(play.waits) == ["a", "b", "b"]
    play.goto("a", "z")
    assert play.waits == ["z"]


def test_a_step_that_leads_on_and_back_at_once_is_not_left_twice():
    """Its token that has gone back would stay, and another one be put at the step: two where the drawing has one."""
    body = START + user("a") + user("b") + user("c") + user("d") + END + flows("start a b c d end", "b a")
    play = Play(drawing(body))
    play.complete("a")
    play.complete("b")
    play.complete("c")
    assert sorted(play.waits) == ["a", "d"]

    with pytest.raises(MoveRefused, match="do not form blocks"):
        play.goto("d", "b")


def test_an_effect_that_cannot_be_undone_is_a_barrier():
    reasons = refused(drawing(FORK), ["a", "b"], "c", "a", irreversible=["b"])

    assert reasons == ["'b' has done since then what cannot be undone."]


def test_a_finished_sub_process_is_not_entered_again_by_the_back_door():
    inner = '<startEvent id="s"/>' + user("u") + '<endEvent id="e"/>' + flows("s u e")
    body = START + f'<subProcess id="sub">{inner}</subProcess>' + user("c") + END + flows("start sub c end")

    assert refused(drawing(body), ["u"], "c", "u") == [
        "'u' lies neither in the scope of the token nor in a living one around it."
    ]


def test_an_armed_boundary_event_is_not_a_token_to_move():
    play = Play(drawing(START + user("z") + user("a") + boundary("b", "a", timer("P1D")) + END
                        + flows("start z a end", "b end")))  # fmt: skip
    play.complete("z")

    with pytest.raises(MoveRefused):
        play.goto("b", "z")


# ---------------------------------------------------------------- going back: promises for every drawing


def hosts(play: Play) -> list[tuple[int, str, str]]:
    """The waits that are no boundary events."""
    return [wait for wait in bpmn.waits(play.state) if play.state.tokens[wait[0]].host == 0]


def answer(play: Play, wait: tuple[int, str, str]) -> None:
    _, node, kind = wait
    assert kind != "incident", play.incidents
    play.elapse(node) if kind == "timer" else play.complete(node, again=False)


def play_on(play: Play) -> None:
    """Answer everything until the end, always the same way."""
    while play.step.ended is None:
        answer(play, hosts(play)[0])


@examples(30)
@given(st.tuples(blocks(), blocks()), st.integers(0, 10_000))
def test_going_back_and_on_again_is_what_a_fresh_run_does(pair, seed):
    """What follows from the target is done again once, what does not is not."""
    chance = random.Random(seed)
    xml, choose = drawn(("sequence", pair)), chance.random() < 0.5
    fresh = Play(xml, {"choose": choose, "again": False})
    play_on(fresh)
    play = Play(fresh.program, {"choose": choose, "again": False})
    for _ in range(chance.randrange(1, 12)):
        if play.step.ended is None:
            answer(play, chance.choice(hosts(play)))
    moves = [] if play.step.ended else [
        (node, target)
        for token, node, _ in hosts(play)
        for target in dict.fromkeys(play.path)
        if not bpmn.returning(play.state, [token], target, play.passed(target)).refused
    ]  # fmt: skip
    if not moves:
        return
    node, target = chance.choice(moves)
    unit = play.program.nodes[target].scope
    after = unit.routes.down[play.program.nodes[target].index] | 1 << play.program.nodes[target].index
    begun = len(play.facts)

    play.goto(node, target)
    play_on(play)

    def visits(facts, inside):
        return Counter(
            fact.node for fact in facts
            if isinstance(fact, steps.NodeLeft) and fact.outcome == "completed"
            and inside == _inside(play.program, fact.node, unit, after)
        )  # fmt: skip

    assert visits(play.facts[begun:], True) == visits(fresh.facts, True)
    assert visits(play.facts, False) == visits(fresh.facts, False)


def _inside(compiled, key, unit, after):
    """Whether a node follows from the target, sub-processes of what follows included."""
    node = compiled.nodes[key]
    while node.scope is not unit:
        if node.scope.node is None:
            return False
        node = node.scope.node
    return bool(after >> node.index & 1)


def test_every_way_back_that_is_allowed_leads_to_a_marking_of_the_drawing():
    """Random play with loops, choices and boundary events; every pair of token and target is judged."""
    allowed = denied = 0

    @examples(20)
    @given(st.tuples(blocks(), blocks()), st.integers(0, 10_000))
    def judge(pair, seed):
        nonlocal allowed, denied
        chance = random.Random(seed)
        play = Play(drawn(("sequence", pair)), {"choose": chance.random() < 0.5, "again": False})
        prospects: dict[str, reachability.Prospect] = {}
        for _ in range(25):
            if play.step.ended:
                return
            _, node, kind = chance.choice(bpmn.waits(play.state))
            if kind == "timer":
                play.elapse(node)
            else:
                play.complete(node, again=chance.random() < 0.4, choose=chance.random() < 0.5)
            if play.step.ended:
                return
            moves = []
            for token, origin, _ in hosts(play):
                for target in dict.fromkeys(play.path):
                    going = bpmn.returning(play.state, [token], target, play.passed(target))
                    denied += bool(going.refused)
                    moves += [] if going.refused else [(origin, target, going.scope)]
            if not moves:
                continue
            origin, target, key = chance.choice(moves)
            play.goto(origin, target)
            allowed += 1
            scope = play.state.scopes.get(key)
            if scope is not None and not play.step.ended:
                unit = scope.unit
                if unit.id not in prospects:
                    prospects[unit.id] = reachability.from_start(unit)
                if prospects[unit.id].complete and not prospects[unit.id].doubled:
                    assert reachability.marking(play.state, scope) in prospects[unit.id].markings

    judge()
    assert allowed > 100
    assert denied > 100


# ---------------------------------------------------------------- modify


def test_an_administrator_moves_a_token_forward():
    play = Play(drawing(START + user("a") + user("b") + END + flows("start a b end")))

    play.modify(bpmn.Placing("b", variables={"why": "urgent"}), cancel=("a",))

    assert play.waits == ["b"]
    assert play.variables == {"why": "urgent"}
    play.complete("b")
    assert play.step.ended == "completed"


def test_starting_after_an_element_takes_its_flows():
    play = Play(drawing(FORK))

    play.modify(bpmn.Placing("a", "after"), cancel=("a",))

    assert (play.waits, play.state.root.held) == (["b"], {"a_j": 1})


def test_starting_inside_a_sub_process_opens_it_with_its_guards_but_without_its_start():
    inner = '<startEvent id="s"/>' + user("u") + user("v") + '<endEvent id="e"/>' + flows("s u v e")
    body = START + user("a") + f'<subProcess id="sub">{inner}</subProcess>' + boundary("late", "sub", timer("P1D"))
    play = Play(drawing(body + END + flows("start a sub end", "late end")))

    play.modify(bpmn.Placing("v"), cancel=("a",))

    assert play.waits == ["late", "v"]
    play.complete("v")
    assert play.step.ended == "completed"


def test_cancelling_all_that_lives_in_a_sub_process_cancels_the_sub_process():
    inner = '<startEvent id="s"/>' + user("u") + '<endEvent id="e"/>' + flows("s u e")
    body = START + gateway("parallel", "f") + user("a") + f'<subProcess id="sub">{inner}</subProcess>' + END
    play = Play(drawing(body + flows("start f a end", "f sub end")))

    play.modify(cancel=("u",))

    assert play.waits == ["a"]
    assert list(play.state.scopes) == [0]


def ad_hoc(*keys: str, ordering: str = "Parallel", more: str = "") -> Play:
    inner = "".join(user(key) for key in keys) + more
    sub = f'<adHocSubProcess id="x" name="x" ordering="{ordering}">{inner}</adHocSubProcess>'
    return Play(drawing(START + sub + user("z") + END + flows("start x z end")))


def test_cancelling_what_runs_in_an_ad_hoc_sub_process_starts_what_is_next():
    play = ad_hoc("a", "b", ordering="Sequential")

    play.modify(cancel=("a",))

    assert play.waits == ["b"]
    play.modify(cancel=("b",))
    assert play.waits == ["z"]


def test_cancelling_all_that_runs_in_an_ad_hoc_sub_process_ends_it():
    play = ad_hoc("a", "b")

    play.modify(cancel=("a",))
    assert play.waits == ["b"]
    play.modify(cancel=("b",))

    assert play.waits == ["z"]
    assert list(play.state.scopes) == [0]


def test_cancelling_a_sub_process_in_an_ad_hoc_one_ends_both():
    inner = f'<startEvent id="s"/>{user("u")}<endEvent id="e"/>{flows("s u e")}'
    play = ad_hoc(more=f'<subProcess id="sub">{inner}</subProcess>')

    play.modify(cancel=("u",))

    assert play.waits == ["z"]


def test_an_ad_hoc_sub_process_goes_on_with_what_is_started_in_it_instead():
    play = ad_hoc("a", "b", ordering="Sequential")

    play.modify(bpmn.Placing("a"), cancel=("a",))

    assert play.waits == ["a"]
    play.complete("a")
    assert play.waits == ["b"]


def test_an_ad_hoc_sub_process_that_people_end_waits_for_them():
    done = "<completionCondition>done</completionCondition>"
    play = ad_hoc("a", more=done)

    play.modify(cancel=("a",))

    assert play.waits == []
    assert [choice.element for choice in bpmn.choices(play.state)] == ["x"]


@pytest.mark.parametrize(
    ("starts", "cancel", "why"),
    [
        ((), ("a", "b"), "Nothing would be left: cancel the instance instead."),
        ((), (), "Nothing is cancelled and nothing is started."),
        ((bpmn.Placing("nowhere"),), (), "Expected an element of the drawing, but there is no 'nowhere'."),
        ((bpmn.Placing("j"),), (), "Nothing can start before join 'j': start after it, or after what leads to it."),
        ((bpmn.Placing("c", scope=9),), (), "Expected an open scope that holds 'c'."),
    ],
)
def test_a_modification_that_makes_no_sense_is_refused(starts, cancel, why):
    play = Play(drawing(FORK))

    with pytest.raises(MoveRefused) as caught:
        play.modify(*starts, cancel=cancel)

    assert [finding.message.format(**finding.facts) for finding in caught.value.findings] == [why]


# ---------------------------------------------------------------- what may become of a marking


def test_the_outlook_names_joins_that_starve_and_places_that_double():
    unit = program(drawing(FORK)).root
    fine = reachability.from_start(unit)
    assert (fine.starved, fine.doubled, fine.complete) == (set(), set(), True)

    alone = reachability.outlook(unit, reachability.Marking((("a", 1),), ()))
    assert (alone.starved, alone.doubled) == ({"j"}, set())

    twice = reachability.outlook(unit, reachability.Marking((("c", 1), ("a", 1), ("b", 1)), ()))
    assert twice.doubled == {"c"}


def test_boundary_events_gateways_and_ends_are_part_of_the_outlook():
    body = START + '<eventBasedGateway id="g"/>' + catch("x", message_event("m")) + catch("y", timer("PT1H"))
    body += user("a") + boundary("b", "a", timer("P1D"), False) + user("n") + script("s", "1", "r") + END
    unit = program(drawing(body + flows("start g x a s end", "g y end", "b n end"), message("m", "= 1"))).root

    seen = {marking.resting for marking in reachability.from_start(unit).markings}

    assert {(("g", 1),), (("a", 1),), (("a", 1), ("n", 1)), (("n", 1),), ()} <= seen


def stuck_at_its_beginning(body: str, start: str | None = None) -> Play:
    """An event sub-process whose message has no key stops it."""
    inner = f'<startEvent id="hs">{message_event("m")}</startEvent><endEvent id="he"/>{flows("hs he")}'
    handler = f'<subProcess id="h" triggeredByEvent="true">{inner}</subProcess>'
    play = Play(drawing(body + handler, message("m", "= missing") + message("other", "= 1")), start=start)
    assert play.incidents == {"hs": "correlation-key-null"}
    return play


def test_a_scope_that_is_stuck_at_its_beginning_is_looked_at_from_its_start():
    play = stuck_at_its_beginning(START + user("a") + END + flows("start a end"))

    now = reachability.marking(play.state, play.state.root)

    assert now == reachability.Marking((("start", 1),), ())
    ahead = reachability.outlook(play.state.root.unit, now)
    assert [marking.resting for marking in sorted(ahead.markings)] == [(), (("a", 1),), (("start", 1),)]


def test_a_process_that_is_stuck_at_the_event_that_begins_it_is_looked_at_from_there():
    came = f'<startEvent id="came">{message_event("other")}</startEvent>'
    play = stuck_at_its_beginning(START + came + user("a") + END + flows("start a end", "came a"), "came")

    assert reachability.marking(play.state, play.state.root).resting == (("came", 1),)


# ---------------------------------------------------------------- undone before the token arrives


UNDOABLE = undo_drawing(START + user("u") + undoable("a", "b") + user("v") + END + flows("start u a b v end"))


def walked(xml: bytes, *nodes: str) -> Play:
    play = Play(xml)
    for node in nodes:
        play.complete(node)
    return play


def test_going_back_undoes_what_has_completed_in_between_newest_first_before_the_token_arrives():
    play = walked(UNDOABLE, "u", "a", "b")

    play.goto("v", "u", compensate=True)

    assert play.waits == ["undo_b"]
    play.complete("undo_b")
    assert play.waits == ["undo_a"]
    play.complete("undo_a")
    assert play.waits == ["u"]
    assert phases(play) == ["b started", "b ended", "a started", "a ended"]
    for node in ("u", "a", "b", "v"):
        play.complete(node)
    assert play.step.ended == "completed"
    assert Counter(play.path)["a"] == 2


def test_going_back_without_being_asked_undoes_nothing():
    play = walked(UNDOABLE, "u", "a", "b")

    play.goto("v", "u")

    assert play.waits == ["u"]
    assert [entry.node.id for entry in play.state.root.log] == ["a", "b"]


def test_what_lies_before_the_target_or_was_done_in_an_earlier_round_is_not_undone():
    body = START + undoable("x") + gateway("exclusive", "m") + user("u") + undoable("a") + user("v")
    body += gateway("exclusive", "g", default="g_end") + END
    play = walked(undo_drawing(body + flows("start x m u a v g end", "g m ? again")), "x", "u", "a")
    play.complete("v", again=True)
    play.complete("u")
    play.complete("a")

    play.goto("v", "u", compensate=True)

    play.complete("undo_a")
    assert play.waits == ["u"]
    assert [entry.node.id for entry in play.state.root.log] == ["x", "a"]


def test_an_irreversible_effect_is_no_barrier_when_it_is_undone():
    play = walked(UNDOABLE, "u", "a", "b")
    token = play.token("v")

    look = bpmn.returning(play.state, [token], "u", play.passed("u"), ["a", "b"], compensate=True)
    bare = bpmn.returning(play.state, [token], "u", play.passed("u"), ["a", "c"], compensate=True)
    plain = bpmn.returning(play.state, [token], "u", play.passed("u"), ["a"])

    assert (look.refused, look.undone) == ((), ("b", "a"))
    assert [finding.facts["element"] for finding in bare.refused] == ["c"]
    assert [finding.facts["element"] for finding in plain.refused] == ["a"]
    with pytest.raises(MoveRefused, match="cannot be undone"):
        play.goto("v", "u", irreversible=["c"], compensate=True)


def test_what_has_completed_inside_an_open_sub_process_is_undone_with_it():
    inside = sub("s", undoable("a", "b") + user("w") + '<endEvent id="out"/>', "in_s a b w out")
    play = walked(undo_drawing(START + user("u") + undoable("x") + inside + END + flows("start u x s end")), "u", "x")
    play.complete("a")
    play.complete("b")

    play.goto("w", "u", compensate=True)

    for node in ("undo_b", "undo_a", "undo_x"):
        assert play.waits == [node]
        play.complete(node)
    assert play.waits == ["u"]
    assert play.state.root.log == []


def test_what_cannot_be_undone_inside_is_a_reason_against_it():
    inside = sub("s", undoable("a") + user("w") + '<endEvent id="out"/>', "in_s a w out")
    whole = START + user("u") + inside + undoing(service("undo_s")) + undone_by("s", "undo_s") + END
    play = walked(undo_drawing(whole + flows("start u s end")), "u", "a")

    with pytest.raises(MoveRefused, match="Inside 's'"):
        play.goto("w", "u", compensate=True)


def test_the_other_branch_waits_at_the_join_while_a_branch_is_undone():
    body = START + gateway("parallel", "f") + user("a") + undoable("x") + user("b") + gateway("parallel", "j")
    play = walked(undo_drawing(body + user("c") + END + flows("start f a x j c end", "f b j")), "a", "x", "b")

    play.goto("c", "a", compensate=True)

    assert (play.waits, play.state.root.held) == (["undo_x"], {"b_j": 1})
    play.complete("undo_x")
    assert (play.waits, play.state.root.held) == (["a"], {"b_j": 1})
    play.complete("a")
    play.complete("x")
    assert play.waits == ["c"]


def test_while_it_is_undone_nothing_else_moves_the_token_and_a_cancel_ends_all():
    play = walked(UNDOABLE, "u", "a", "b")
    play.goto("v", "u", compensate=True)
    waiting = play.state.tokens[play.token("undo_b")].scope.token

    with pytest.raises(MoveRefused, match="being undone"):
        play.modify(bpmn.Placing("v"), cancel=(waiting,))

    play.cancel()
    assert play.step.ended == "cancelled"


def test_a_handler_that_fails_is_an_incident_and_the_token_arrives_after_its_repair():
    play = walked(UNDOABLE, "u", "a")
    play.goto("b", "u", compensate=True)
    play.fail("undo_a")
    assert play.incidents == {"undo_a": "failed"}

    play.resume("undo_a")
    play.complete("undo_a")

    assert play.waits == ["u"]


def test_an_administrator_undoes_what_lies_behind_the_place_where_a_token_begins():
    play = walked(UNDOABLE, "u", "a", "b")
    plan = bpmn.Modification((play.token("v"),), (bpmn.Placing("b"),), compensate=True)
    assert bpmn.undone(play.state, plan) == ["b"]

    play.modify(bpmn.Placing("b"), cancel=("v",), compensate=True)

    assert play.waits == ["undo_b"]
    play.complete("undo_b")
    assert play.waits == ["b"]
    assert [entry.node.id for entry in play.state.root.log] == ["a"]


def test_an_administrator_undoes_before_a_token_begins_behind_an_element():
    play = walked(UNDOABLE, "u", "a", "b")

    play.modify(bpmn.Placing("a", "after"), cancel=("v",), compensate=True)

    play.complete("undo_b")
    assert play.waits == ["b"]
    assert [entry.node.id for entry in play.state.root.log] == ["a"]


def test_cancelling_only_a_part_of_what_has_completed_inside_is_refused_when_it_would_be_lost():
    inside = sub("s", undoable("a") + user("w") + '<endEvent id="out"/>', "in_s a w out")
    play = walked(undo_drawing(START + user("u") + inside + END + flows("start u s end")), "u", "a")

    with pytest.raises(MoveRefused, match="Inside 's'"):
        play.modify(bpmn.Placing("u"), cancel=("w",), compensate=True)

    host = play.state.tokens[play.token("w")].scope.token
    play.modify(bpmn.Placing("u"), cancel=(host,), compensate=True)
    play.complete("undo_a")
    assert play.waits == ["u"]


# ---------------------------------------------------------------- one instance of a multi-instance


def each(*, element_: str = "= item", **options) -> bytes:
    """A user task for each of `items`, whose results are collected, then one that shows them."""
    marker = multiple(
        inputCollection="= items", inputElement="item", outputCollection="results", outputElement=element_, **options
    )
    return drawing(START + marked(user("t"), marker) + user("after") + END + flows("start t after end"))


def counters(play: Play) -> dict[str, int]:
    body = next(scope for scope in play.state.scopes.values() if scope.kind == "loop")
    found = bpmn.variables(play.state, body.id)
    return {
        name: found[f"numberOf{name}Instances"] for name in ("Active", "Completed", "Terminated")
    } | {"all": found["numberOfInstances"]}  # fmt: skip


def test_one_instance_can_be_cancelled_alone_and_counts_as_terminated():
    play = Play(each(), {"items": ["x", "y", "z"]})

    play.modify(cancel=(play.turns("t")[2],))

    assert sorted(play.turns("t")) == [1, 3]
    assert counters(play) == {"Active": 2, "Completed": 0, "Terminated": 1, "all": 3}
    play.complete_turn("t", 3)
    play.complete_turn("t", 1)
    assert play.waits == ["after"]
    assert play.variables["results"] == ["x", None, "z"]


def test_the_last_instance_that_is_cancelled_ends_the_loop():
    play = Play(each(), {"items": ["x", "y"]})
    play.complete_turn("t", 1)

    play.modify(cancel=(play.turns("t")[2],))

    assert play.waits == ["after"]
    assert play.variables["results"] == ["x", None]


def test_all_instances_cancelled_at_once_end_the_loop_without_results():
    play = Play(each(), {"items": ["x", "y"]})

    play.modify(cancel=tuple(play.turns("t").values()))

    assert play.waits == ["after"]
    assert play.variables["results"] == [None, None]


def test_the_completion_condition_is_looked_at_when_an_instance_is_cancelled():
    play = Play(each(done="numberOfTerminatedInstances >= 2"), {"items": ["w", "x", "y", "z"]})
    play.modify(cancel=(play.turns("t")[1],))
    assert counters(play)["Terminated"] == 1

    play.modify(cancel=(play.turns("t")[3],))

    assert play.waits == ["after"]
    assert play.variables["results"] == [None] * 4


def test_a_completion_condition_that_cannot_be_decided_refuses_it():
    play = Play(each(done="missing"), {"items": ["x", "y"]})

    with pytest.raises(MoveRefused, match="cannot be decided: condition-not-boolean"):
        play.modify(cancel=(play.turns("t")[1],))


def test_in_a_sequence_the_next_instance_follows_the_one_that_is_cancelled():
    play = Play(each(sequential=True), {"items": ["x", "y"]})

    play.modify(cancel=(play.turns("t")[1],))

    assert sorted(play.turns("t")) == [2]
    assert counters(play) == {"Active": 1, "Completed": 0, "Terminated": 1, "all": 2}
    play.complete_turn("t", 2)
    assert play.variables["results"] == [None, "y"]


def test_cancelling_what_runs_in_an_instance_of_a_sub_process_cancels_that_instance():
    marker = multiple(inputCollection="= items", inputElement="item")
    inside = f'<startEvent id="si"/>{user("t")}<endEvent id="ei"/>{flows("si t ei")}'
    body = START + element("subProcess", "s", inner=marker + inside) + user("after") + END
    play = Play(drawing(body + flows("start s after end")), {"items": ["x", "y"]})

    play.modify(cancel=(play.turns("t")[1],))

    assert sorted(play.turns("t")) == [2]
    play.complete_turn("t", 2)
    assert play.waits == ["after"]


def test_a_token_that_begins_elsewhere_in_the_same_act_begins_beside_the_other_instances():
    play = Play(each(), {"items": ["x", "y"]})

    play.modify(bpmn.Placing("after"), cancel=(play.turns("t")[1],))

    assert play.waits == ["after", "t"]


def test_a_round_of_a_standard_loop_cannot_be_taken_out_alone():
    play = Play(drawing(START + marked(user("t"), standard("true", loopMaximum="3")) + END + flows("start t end")))

    with pytest.raises(MoveRefused, match="One round of 't'"):
        play.modify(cancel=("t",))


# ---------------------------------------------------------------- back, from where nothing has begun


def test_a_scope_that_is_stuck_at_its_beginning_has_nothing_to_go_back_to():
    play = stuck_at_its_beginning(START + user("a") + user("b") + END + flows("start a b end"))
    (stuck,) = play.incidents

    for target in ("start", "a", "b"):
        with pytest.raises(MoveRefused, match="has not begun yet"):
            play.goto(stuck, target)


def test_beside_a_beginning_that_is_still_to_come_nothing_goes_back():
    play = stuck_at_its_beginning(START + user("a") + user("b") + END + flows("start a b end"))
    play.modify(bpmn.Placing("b"))
    assert play.waits == ["b", "hs"]

    with pytest.raises(MoveRefused, match="has not begun yet"):
        play.goto("b", "a")


def test_a_beginning_that_is_resumed_counts_what_was_placed_beside_it():
    play = stuck_at_its_beginning(START + user("a") + user("b") + END + flows("start a b end"))
    play.modify(bpmn.Placing("b"))

    play.resume("hs", missing=1)

    assert (play.waits, play.state.root.live) == (["a", "b", "hs"], 2)


def test_a_sub_process_that_is_stuck_at_its_beginning_is_left_for_what_lies_before_it():
    handler = (
        '<subProcess id="h" triggeredByEvent="true"><startEvent id="never"><timerEventDefinition><timeDuration>= wrong'
        '</timeDuration></timerEventDefinition></startEvent><endEvent id="eh"/>' + flows("never eh") + "</subProcess>"
    )
    inside = '<startEvent id="si"/>' + user("t") + '<endEvent id="ei"/>' + flows("si t ei") + handler
    body = START + user("a") + element("subProcess", "s", inner=inside) + END
    play = walked(drawing(body + flows("start a s end")), "a")
    assert play.incidents == {"never": "timer-invalid"}

    play.goto("never", "a")

    assert (play.waits, play.incidents) == (["a"], {})
