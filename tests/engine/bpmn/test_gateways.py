"""Exclusive, parallel, inclusive and event-based gateways."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import bpmn
from engine.bpmn import steps
from tests.engine.bpmn.drawing import (
    END,
    START,
    Play,
    boundary,
    catch,
    drawing,
    errors,
    flows,
    message,
    message_event,
    program,
    script,
    timer,
    user,
)
from tests.examples import examples


def gateway(kind: str, key: str, default: str = "") -> str:
    return f'<{kind}Gateway id="{key}" name="{key}?"' + (f' default="{default}"/>' if default else "/>")


def choice(*lines: str, default: str = "") -> bytes:
    return drawing(START + gateway("exclusive", "g", default) + user("a") + user("b") + flows("start g", *lines))


@pytest.mark.parametrize(("amount", "taken"), [(1, "b"), (6, "a"), (60, "a")])
def test_exclusive_gateway_takes_the_first_true_condition_else_the_default(amount, taken):
    play = Play(choice("g a ? amount > 5", "g b", default="g_b"), {"amount": amount})

    assert play.waits == [taken]


def test_conditions_are_tried_in_the_order_of_the_outgoing_elements():
    xml = choice("g a ? true", "g b ? true").replace(
        b'<exclusiveGateway id="g" name="g?"/>',
        b'<exclusiveGateway id="g" name="g?"><outgoing>g_b</outgoing><outgoing>g_a</outgoing></exclusiveGateway>',
    )

    assert Play(xml).waits == ["b"]


def test_no_true_condition_and_no_default_is_an_incident_that_resume_repairs():
    play = Play(choice("g a ? amount > 5", "g b ? amount > 9"), {"amount": 1})
    assert play.incidents == {"g": "no-condition-true"}
    assert play.detail("g")["flows"] == {"g_a": "amount > 5", "g_b": "amount > 9"}
    assert play.detail("g")["read"] == {"amount": "number"}

    play.resume("g", amount=7)

    assert (play.waits, play.incidents) == (["a"], {})


@pytest.mark.parametrize(
    ("variables", "read"), [({"amount": "6"}, "string"), ({}, "missing"), ({"amount": None}, "null")]
)
def test_a_condition_that_is_not_true_or_false_never_takes_the_default_path(variables, read):
    play = Play(choice("g a ? amount > 5", "g b", default="g_b"), variables)

    assert play.incidents == {"g": "condition-not-boolean"}
    detail = play.detail("g")
    assert (detail["flow"], detail["expression"], detail["found"]) == ("g_a", "amount > 5", "null")
    assert detail["read"] == {"amount": read}
    assert detail["diagnostics"]


def test_an_incident_stays_when_the_repair_did_not_help():
    play = Play(choice("g a ? amount > 5", "g b", default="g_b"))

    play.resume("g", amount="six")

    assert play.incidents == {"g": "condition-not-boolean"}
    assert len(play.all(steps.IncidentRaised)) == 2


FORK = START + gateway("parallel", "fork") + user("a") + user("b") + gateway("parallel", "join") + user("after") + END
FORK_FLOWS = ("start fork a join after end", "fork b join")


def test_parallel_gateway_takes_every_flow_and_joins_all_of_them():
    play = Play(drawing(FORK + flows(*FORK_FLOWS)))
    assert play.waits == ["a", "b"]

    play.complete("b")
    assert play.waits == ["a"]
    play.complete("a")
    assert play.waits == ["after"]


def test_parallel_join_counts_per_incoming_flow_and_keeps_surplus_tokens():
    body = START + gateway("parallel", "fork") + user("a") + user("b") + user("c") + gateway("exclusive", "merge")
    body += gateway("parallel", "join") + user("after")
    play = Play(drawing(body + flows("start fork a merge join after", "fork b merge", "fork c join")))

    play.complete("a")
    play.complete("b")
    assert play.waits == ["c"], "two tokens on one flow do not make a join"
    assert play.state.root.held == {"merge_join": 2}

    play.complete("c")
    assert play.waits == ["after"], "one of each was taken"
    assert play.state.root.held == {"merge_join": 1}

    play.complete("after")
    assert play.incidents == {"join": "join-starved"}, "the surplus one can never be joined"
    assert play.state.root.held == {"merge_join": 1}


def test_a_join_that_can_never_fire_is_an_incident_and_resume_fires_it_with_what_came():
    body = START + gateway("exclusive", "x", "x_a") + user("a") + user("b") + gateway("parallel", "join") + END
    play = Play(drawing(body + flows("start x a join end", "x b ? false", "b join")))

    play.complete("a")
    assert play.incidents == {"join": "join-starved"}
    assert play.detail("join") == {"missing": ["b_join"]}

    play.resume("join")
    assert play.step.ended == "completed"


def test_a_join_that_never_fired_is_not_left_when_its_instance_is_cancelled():
    body = START + gateway("exclusive", "x", "x_a") + user("a") + user("b") + gateway("parallel", "join") + END
    play = Play(drawing(body + flows("start x a join end", "x b ? false", "b join")))
    play.complete("a")

    play.cancel()

    assert [fact.node for fact in play.step.closed] == ["join"]
    assert [fact for fact in play.all(steps.NodeLeft) if fact.node == "join"] == []


@pytest.mark.parametrize(("n", "taken"), [(0, ["other"]), (1, ["a"]), (3, ["a", "b"])])
def test_inclusive_gateway_takes_every_true_condition_and_its_join_waits_for_exactly_those(n, taken):
    body = START + gateway("inclusive", "or", "or_other") + user("a") + user("b") + user("other")
    body += gateway("inclusive", "join") + END
    play = Play(
        drawing(body + flows("start or", "or a ? n > 0", "or b ? n > 2", "or other join end", "a join", "b join")),
        {"n": n},
    )
    assert play.waits == taken

    for node in taken:
        assert play.step.ended is None
        play.complete(node)
    assert play.step.ended == "completed"


def test_inclusive_gateway_without_a_way_out_is_an_incident():
    body = START + gateway("inclusive", "or") + user("a") + user("b")
    play = Play(drawing(body + flows("start or", "or a ? n > 0", "or b ? n > 2")), {"n": 0})
    assert play.incidents == {"or": "no-condition-true"}

    play.resume("or", n=3)
    assert play.waits == ["a", "b"]


def test_an_inclusive_join_that_also_chooses_repeats_only_its_choice_when_it_is_resumed():
    body = START + gateway("parallel", "fork") + script("s", "1", "x") + script("t", "1", "y")
    body += gateway("inclusive", "join") + user("a") + user("b")
    play = Play(drawing(body + flows("start fork s join", "fork t join", "join a ? n > 0", "join b ? n > 2")), {"n": 0})
    assert play.incidents == {"join": "no-condition-true"}

    play.resume("join", n=1)

    assert (play.waits, play.state.root.held) == (["a"], {})


def test_an_inclusive_join_waits_for_a_token_that_a_loop_can_still_bring():
    body = START + gateway("inclusive", "or") + user("a") + user("b") + gateway("exclusive", "again", "again_join")
    body += gateway("inclusive", "join") + END
    play = Play(
        drawing(
            body + flows("start or", "or a ? true", "or b ? true", "a again join end", "again a ? once_more", "b join")
        )
    )

    play.complete("b")
    assert play.step.ended is None
    play.complete("a", once_more=True)
    assert play.waits == ["a"]
    play.complete("a", once_more=False)
    assert play.step.ended == "completed"
    assert len([node for node in play.path if node == "join"]) == 1


def test_an_inclusive_join_behind_a_boundary_event_waits_for_the_activity():
    body = START + gateway("parallel", "fork") + user("a") + user("b") + gateway("inclusive", "join") + END
    late = f'<boundaryEvent id="late" name="late" attachedToRef="a">{timer("PT1H")}</boundaryEvent>'
    play = Play(drawing(body + late + user("a_end") + flows("start fork a a_end", "fork b join end", "late join")))

    play.complete("b")
    assert play.step.ended is None, "the timer may still bring a token"
    play.complete("a")

    assert play.path[-2:] == ["join", "end"]
    assert play.waits == ["a_end"]


def test_two_inclusive_joins_that_wait_for_each_other_are_named():
    body = START + gateway("parallel", "fork") + gateway("inclusive", "j1") + gateway("inclusive", "j2")
    body += gateway("exclusive", "x1", "x1_end") + gateway("exclusive", "x2", "x2_end") + END
    xml = drawing(body + flows("start fork j1 x1", "x1 j2 ? again", "x1 end", "fork j2 x2", "x2 j1 ? again", "x2 end"))
    play = Play(xml, {"again": False})

    assert play.incidents == {"j1": "inclusive-join-deadlock", "j2": "inclusive-join-deadlock"}

    play.resume("j1")
    assert play.step.ended == "completed"


BEHIND = START + gateway("eventBased", "g") + catch("paid", message_event("money")) + catch("late", timer("P14D"))
BEHIND += user("thank") + user("remind")
BEHIND_FLOWS = ("start g paid thank", "g late remind")


def test_event_based_gateway_follows_the_first_event_and_disarms_the_others():
    play = Play(drawing(BEHIND + flows(*BEHIND_FLOWS), message("money")), {"order": 12})
    assert play.waits == ["late", "paid"]

    play.deliver("paid", amount=5)

    assert play.waits == ["thank"]
    assert play.variables == {"order": 12, "amount": 5}
    closed = [(type(fact), fact.node, fact.outcome) for fact in play.step.closed]
    assert closed == [
        (steps.SubscriptionClosed, "paid", "completed"),
        (steps.TimerDisarmed, "late", "cancelled"),
    ]
    assert play.path == ["start", "g", "paid"]


def test_event_based_gateway_whose_timer_comes_first():
    play = Play(drawing(BEHIND + flows(*BEHIND_FLOWS), message("money")), {"order": 12})

    play.elapse("late")

    assert play.waits == ["remind"]
    assert play.now - timedelta(days=14) == play.all(steps.TimerArmed)[0].due - timedelta(days=14)


def test_event_based_gateway_leads_to_events_only():
    xml = drawing(START + gateway("eventBased", "g") + user("a") + user("b") + flows("start g a", "g b"))
    assert errors(xml) == {"event-gateway-target": "g"}

    alone = drawing(START + gateway("eventBased", "g") + catch("late", timer("P1D")) + END + flows("start g late end"))
    assert errors(alone) == {"event-gateway-alone": "g"}


def test_a_loop_back_runs_each_round_anew():
    body = START + gateway("exclusive", "m") + user("t") + gateway("exclusive", "g", "g_end") + END
    play = Play(drawing(body + flows("start m t g end", "g m ? again")))

    for _ in range(3):
        play.complete("t", again=True)
    play.complete("t", again=False)

    assert play.step.ended == "completed"
    assert play.path.count("t") == 4


def test_an_endless_loop_spends_its_budget_and_can_be_stopped_by_a_repair(monkeypatch):
    monkeypatch.setattr("engine.bpmn.machine.core.STEP_BUDGET", 500)
    body = START + gateway("exclusive", "m") + script("s", "n + 1", "n") + gateway("exclusive", "g", "g_end") + END
    play = Play(drawing(body + flows("start m s g end", "g m ? more")), {"n": 0, "more": True})
    assert list(play.incidents.values()) == ["step-budget"]

    play.resume(play.waits[0], more=False)

    assert play.step.ended == "completed"


def test_conditions_are_required_beside_each_other_and_refused_where_they_mean_nothing():
    assert errors(choice("g a ? x", "g b")) == {"condition-missing": "g_b"}
    assert errors(choice("g a ? x +", "g b", default="g_b")) == {"expression-invalid": "g_a"}
    assert errors(choice("g a ? x", "g b", default="g_c")) == {"default-unknown": "g", "condition-missing": "g_b"}


def test_tokens_on_their_way_to_a_join_survive_a_spent_budget(monkeypatch):
    monkeypatch.setattr("engine.bpmn.machine.core.STEP_BUDGET", 4)
    body = START + gateway("parallel", "fork") + script("s", "1", "x") + script("t", "1", "y")
    body += gateway("parallel", "join") + END
    play = Play(drawing(body + flows("start fork s join end", "fork t join")))
    assert set(play.incidents.values()) == {"step-budget"}

    while play.step.ended is None:
        play.resume(play.waits[0])

    assert play.path.count("join") == 1


# ---------------------------------------------------------------- the inclusive rule against a literal reading of it


def leads_to(compiled: bpmn.Program, origin: str, goal: str, join: str) -> bool:
    """Whether a token on flow `origin` can come to flow `goal` without passing `join`: paths tried one by one."""
    seen, todo = set(), [origin]
    while todo:
        flow = todo.pop()
        if flow == goal:
            return True
        node = compiled.flows[flow].target
        if flow in seen or node.id == join:
            continue
        seen.add(flow)
        todo.extend(edge.id for leaving in (node, *node.boundaries) for edge in leaving.out)
    return False


@examples(30)
@given(st.integers(0, 100_000))
def test_reach_masks_of_an_inclusive_join_equal_a_literal_search(seed):
    chance = random.Random(seed)
    keys = [f"t{number}" for number in range(chance.randint(3, 8))]
    pairs = {(chance.choice(keys), chance.choice([*keys, "join"])) for _ in range(chance.randint(6, 16))}
    pairs |= {(keys[0], "join"), (keys[1], "join"), ("join", chance.choice(keys)), ("start", keys[0])}
    if chance.random() < 0.5:
        pairs.add(("late", chance.choice([*keys[1:], "join"])))
    body = START + "".join(user(key) for key in keys) + gateway("inclusive", "join")
    if any(source == "late" for source, _ in pairs):
        body += boundary("late", keys[-1], timer("P1D"))
    compiled = program(drawing(body + flows(*(f"{source} {target}" for source, target in sorted(pairs)))))

    join = compiled.nodes["join"]
    for incoming, mask in zip(join.incoming, join.reach, strict=True):
        reached = {edge.id for edge in compiled.root.edges if mask >> edge.index & 1}
        assert reached == {flow for flow in compiled.flows if leads_to(compiled, flow, incoming.id, "join")}
