"""Two versions of a process: what changed, and how an instance follows from one to the other."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import bpmn
from engine.bpmn import steps
from engine.errors import MoveRefused
from tests.engine.bpmn.drawing import (
    END,
    START,
    Play,
    boundary,
    catch,
    condition,
    drawing,
    element,
    error,
    error_event,
    flows,
    message,
    message_event,
    program,
    service,
    timer,
    user,
)
from tests.engine.bpmn.test_compensation import drawing as compensable
from tests.engine.bpmn.test_compensation import ending, undoable, undoing, undone_by
from tests.engine.bpmn.test_state import blocks, drawn
from tests.examples import examples


def gateway(kind: str, key: str, **attributes: str) -> str:
    return element(f"{kind}Gateway", key, **attributes)


def line(*nodes: str, more: str = "", roots: str = "") -> bytes:
    ids = [node.split('id="', 1)[1].split('"', 1)[0] for node in nodes]
    return drawing(START + "".join(nodes) + END + flows(" ".join(["start", *ids, "end"])) + more, roots)


def blocked(play: Play, source: bytes, choices: dict[str, str | None] | None = None) -> list[str]:
    before = bpmn.dump(play.state)
    with pytest.raises(MoveRefused) as caught:
        play.migrate(source, choices)
    assert bpmn.dump(play.state) == before
    return [finding.message.format(**finding.facts) for finding in caught.value.findings]


# ---------------------------------------------------------------- what changed


def test_an_inserted_element_marks_nobody_but_itself():
    found = bpmn.compare(program(line(user("a"), user("b"))), program(line(user("a"), user("new"), user("b"))))

    assert found.nodes == {"start": "start", "a": "a", "b": "b", "end": "end"}
    assert (found.changed, found.moved, found.lost, found.added) == ({}, (), (), ("new",))


def test_an_element_that_changes_its_place_is_moved_and_its_neighbours_are_not():
    found = bpmn.compare(
        program(line(user("a"), user("b"), user("c"), user("d"))),
        program(line(user("b"), user("c"), user("a"), user("d"))),
    )

    assert found.moved == ("a",)


def test_an_element_that_goes_into_a_sub_process_is_moved():
    inner = f'<startEvent id="s"/>{user("b")}<endEvent id="e"/>{flows("s b e")}'
    found = bpmn.compare(
        program(line(user("a"), user("b"))), program(line(user("a"), f'<subProcess id="sub">{inner}</subProcess>'))
    )

    assert found.moved == ("b",)
    assert found.added == ("sub", "s", "e")


def test_a_new_id_with_the_old_name_and_kind_is_the_same_element():
    renamed = user("x7").replace('name="x7"', 'name="b"')
    old = line(user("a").replace('name="a"', 'name="First"'), user("b").replace('name="b"', 'name="Second"'))
    new = line(user("a1").replace('name="a1"', 'name="First"'), renamed.replace('name="b"', 'name="Second"'))

    found = bpmn.compare(program(old), program(new))

    assert (found.nodes["a"], found.nodes["b"]) == ("a1", "x7")
    assert found.lost == found.added == ()


def test_elements_that_share_their_name_are_not_guessed():
    def pair(one: str, other: str) -> bpmn.Program:
        return program(line(*(user(key).replace(f'name="{key}"', 'name="Same"') for key in (one, other))))

    found = bpmn.compare(pair("a", "b"), pair("c", "d"))

    assert (found.lost, found.added) == (("a", "b"), ("c", "d"))


def test_an_element_of_another_kind_is_no_counterpart():
    found = bpmn.compare(program(line(user("a"))), program(line(service("a"))))

    assert (found.lost, found.added) == (("a",), ("a",))


def test_a_difference_names_the_property_before_and_after():
    found = bpmn.compare(
        program(line(service("s", in_amount="= total"), user("t"))),
        program(line(service("s", "erp.other", in_amount="= total * 2"), user("t").replace("staff", "bosses"))),
    )

    assert [(item.what, item.before, item.after) for item in found.changed["s"]] == [
        ("job", {"type": "erp.do"}, {"type": "erp.other"}),
        ("inputs", ["amount <- = total"], ["amount <- = total * 2"]),
    ]
    assert [(item.what, item.before, item.after) for item in found.changed["t"]] == [
        ("parameters", [["groups", "staff"]], [["groups", "bosses"]])
    ]


def test_an_analyst_may_pair_otherwise():
    found = bpmn.compare(
        program(line(user("a"), user("b"))), program(line(user("x"), user("b"))), {"a": "x", "b": None}
    )

    assert found.nodes == {"start": "start", "a": "x", "end": "end"}
    assert (found.lost, found.added) == (("b",), ("b",))


# ---------------------------------------------------------------- an instance follows


def test_a_wait_keeps_its_number_and_goes_on_in_the_new_version():
    play = Play(line(user("a"), user("b")))
    token = play.token("a")

    step = play.migrate(line(user("a1"), user("new"), user("b")), {"a": "a1"})

    assert play.token("a1") == token
    assert step.opened == step.closed == []
    assert [(fact.source, fact.target, fact.tokens) for fact in step.facts if isinstance(fact, steps.Migrated)] == [
        ("d", "d2", ((token, "a", "a1"),))
    ]
    play.complete("a1")
    assert play.waits == ["new"]
    assert play.state.definition_id == "d2"


@examples(20)
@given(st.tuples(blocks(), blocks()), st.integers(0, 10_000))
def test_migrating_to_the_same_drawing_changes_nothing(pair, seed):
    chance = random.Random(seed)
    xml = drawn(("sequence", pair))
    play = Play(xml, {"choose": chance.random() < 0.5, "again": False})
    for _ in range(chance.randrange(12)):
        if play.step.ended:
            return
        _, node, kind = chance.choice(bpmn.waits(play.state))
        if kind == "timer":
            play.elapse(node)
        elif kind == "job" and chance.random() < 0.3:
            play.fail(node)
        elif kind != "incident":
            play.complete(node, again=chance.random() < 0.4, choose=chance.random() < 0.5)
    if play.step.ended:
        return
    before = bpmn.dump(play.state)

    step = play.migrate(xml)

    after = bpmn.dump(play.state)
    assert [type(fact) for fact in step.facts] == [steps.Migrated]
    assert {**after, "n": 0, "def": "d"} == {**before, "n": 0, "scopes": [
        [key, {**scope, "def": "d2"}] for key, scope in before["scopes"]
    ]}  # fmt: skip


def test_everything_in_the_way_is_said_at_once():
    body = START + gateway("parallel", "f") + user("a") + user("b") + gateway("parallel", "j") + user("c") + END
    play = Play(drawing(body + flows("start f a j c end", "f b j")))
    play.complete("a")

    reasons = blocked(play, line(service("b"), user("c")))

    assert reasons == [
        "'j' waits, but the other version has no counterpart for it.",
        "'b' waits, but the other version has no counterpart for it.",
    ]


def test_a_choice_of_another_kind_or_scope_is_refused():
    inner = f'<startEvent id="s"/>{user("u")}<endEvent id="e"/>{flows("s u e")}'
    play = Play(line(user("a")))
    other = line(service("x"), f'<subProcess id="sub">{inner}</subProcess>')

    assert blocked(play, other, {"a": "x"}) == ["'a' waits, but 'x' is an element of another kind."]
    assert blocked(play, other, {"a": "u"}) == ["'a' waits, but 'u' stands in another sub-process."]
    assert blocked(play, other, {"a": "none"}) == ["'a' waits, but the other version has no counterpart for it."]


def test_a_sub_process_and_its_guard_come_along():
    inner = f'<startEvent id="s"/>{user("u")}<endEvent id="e"/>{flows("s u e")}'
    guard = boundary("late", "sub", timer("P1D"))
    play = Play(line(f'<subProcess id="sub">{inner}</subProcess>', more=guard + flows("late end")))
    due = play.state.tokens[play.token("late")].due
    again = inner.replace('"u"', '"u2"')

    play.migrate(
        line(f'<subProcess id="sub2">{again}</subProcess>', more=guard.replace('"sub"', '"sub2"') + flows("late end")),
        {"sub": "sub2", "u": "u2"},
    )

    assert play.waits == ["late", "u2"]
    assert play.state.tokens[play.token("late")].due == due
    play.elapse("late")
    assert play.step.ended == "completed"


def test_new_boundary_events_are_armed_and_gone_ones_disarmed():
    play = Play(line(user("a"), more=boundary("old", "a", timer("P1D")) + flows("old end")))

    step = play.migrate(line(user("a"), more=boundary("new", "a", timer("P2D"), False) + user("chase")
                             + flows("new chase end")))  # fmt: skip

    assert play.waits == ["a", "new"]
    assert [(fact.kind, fact.node) for fact in step.facts[1:]] == [("timer.disarmed", "old"), ("timer.armed", "new")]


def test_a_boundary_event_that_has_fired_is_not_armed_again():
    chase = boundary("remind", "a", timer("P1D"), False) + '<endEvent id="done"/>' + flows("remind done")
    play = Play(line(user("a"), more=chase))
    play.elapse("remind")

    play.migrate(line(user("a"), user("b"), more=chase))

    assert play.waits == ["a"]


def test_timers_keep_their_due_unless_they_are_counted_anew():
    first = line(catch("c", timer("PT1H")))
    second = line(catch("c", timer("PT3H")))
    play = Play(first)
    due = play.state.tokens[play.token("c")].due
    play.migrate(second)
    assert play.state.tokens[play.token("c")].due == due

    other = Play(first)
    other.now += timedelta(minutes=30)
    other.migrate(second, recompute=True)
    assert other.state.tokens[other.token("c")].due == (other.now + timedelta(hours=3)).isoformat()


def test_a_message_with_another_name_or_key_is_asked_for_anew():
    def waiting(name: str, key: str) -> bytes:
        guard = boundary("b", "a", message_event(name), False) + '<endEvent id="x"/>' + flows("b x")
        return line(user("a"), more=guard, roots=message(name, key))

    play = Play(waiting("paid", "= order"), {"order": 7, "customer": 8})

    step = play.migrate(waiting("paid", "= customer"))

    assert [(fact.kind, getattr(fact, "key", None)) for fact in step.facts[1:]] == [
        ("subscription.closed", None), ("subscription.opened", "8"),
    ]  # fmt: skip


def test_a_message_whose_key_has_no_value_stops_the_migration():
    play = Play(line(catch("c", message_event("m")), roots=message("m", "= order")), {"order": 1})
    guard = boundary("b", "a", message_event("m"), False) + '<endEvent id="x"/>' + flows("b x")
    with_guard = line(user("a"), more=guard, roots=message("m", "= nothing"))
    other = Play(line(user("a")))

    with pytest.raises(MoveRefused) as caught:
        other.migrate(with_guard)
    assert str(caught.value).endswith("'b' cannot wait in the other version: correlation-key-null.")

    play.migrate(line(catch("c", message_event("m")), roots=message("m", "= missing")))
    assert play.incidents == {"c": "correlation-key-null"}


def test_open_work_stays_as_it_was_asked_unless_it_is_asked_again():
    first, second = line(user("a")), line(user("a").replace("staff", "bosses"))
    play = Play(first)
    assert play.migrate(second).opened == []

    other = Play(first)
    step = other.migrate(second, reassign=True)

    opened = next(fact for fact in step.facts if isinstance(fact, steps.WorkOpened))
    assert opened.work.assignment.values == {"groups": ["bosses"]}
    assert [fact.outcome for fact in step.closed] == ["moved"]


def test_a_service_that_calls_something_else_now_is_called_anew_and_its_incident_is_over():
    play = Play(line(service("s")))
    play.fail("s", "down")

    step = play.migrate(line(service("s", "erp.repaired")))

    assert play.incidents == {}
    assert [fact.type for fact in step.facts if isinstance(fact, steps.JobOpened)] == ["erp.repaired"]


def test_events_behind_a_gateway_come_and_go():
    def race(*events: str, roots: str = "") -> bytes:
        keys = [event.split('id="', 1)[1].split('"', 1)[0] for event in events]
        body = START + '<eventBasedGateway id="g"/>' + "".join(events) + END
        return drawing(body + flows("start g", *(f"g {key} end" for key in keys)), roots)

    play = Play(race(catch("t", timer("P1D")), catch("x", message_event("m")), roots=message("m", "= 1")))

    play.migrate(race(catch("t", timer("P1D")), catch("y", message_event("n")), roots=message("n", "= 1")))

    assert play.waits == ["t", "y"]
    play.deliver("y")
    assert play.step.ended == "completed"


def test_a_join_that_loses_the_branch_it_waits_for_goes_on():
    body = START + gateway("parallel", "f") + user("a") + user("b") + gateway("parallel", "j") + user("c") + END
    play = Play(drawing(body + flows("start f a j c end", "f b j")))
    play.complete("a")
    play.modify(cancel=("b",))
    assert play.incidents == {"j": "join-starved"}

    smaller = START + gateway("parallel", "f") + user("a") + gateway("parallel", "j") + user("c") + END
    play.migrate(drawing(smaller + flows("start f a j c end")))

    assert (play.waits, play.incidents) == (["c"], {})


def test_the_arrival_of_a_changed_branch_stays_an_arrival():
    body = START + gateway("parallel", "f") + user("a") + user("b") + gateway("parallel", "j") + user("c") + END
    play = Play(drawing(body + flows("start f a j c end", "f b j")))
    play.complete("a")

    longer = START + gateway("parallel", "f") + user("a") + user("a2") + user("b") + gateway("parallel", "j")
    play.migrate(drawing(longer + user("c") + END + flows("start f a a2 j c end", "f b j")))

    assert play.state.root.held == {"a2_j": 1}
    play.complete("b")
    assert play.waits == ["c"]


def test_what_an_approval_said_is_known_under_the_new_id():
    play = Play(line(user("a"), user("b")))
    play.complete("a", _outcome={"outcome": "agree"})

    play.migrate(line(user("a1"), user("b")), {"a": "a1"})

    assert bpmn.approvals(play.state) == {"a1": {"outcome": "agree"}}


def test_a_stuck_token_comes_along_with_its_incident():
    gate = gateway("exclusive", "g")
    first = drawing(
        START + gate + user("a") + user("b") + END + flows("start g", "g a ? n > 1", "g b ? n > 2", "a end")
    )
    play = Play(first, {"n": 0})
    assert play.incidents == {"g": "no-condition-true"}

    play.migrate(
        drawing(START + gate + user("a") + user("b") + END + flows("start g", "g a ? n > 1", "g b ? n <= 1", "a end"))
    )
    play.resume("g")

    assert play.waits == ["b"]


def stuck_under(*guards: str) -> Play:
    """Service task `s` was called once and is stuck when it is run again; `guards` are armed around it."""
    play = Play(guarded(*guards), {"kind": "erp.do"})
    play.fail("s")
    play.resume("s", kind=None)
    assert play.waits == sorted([*guards, "s"])
    return play


def guarded(*keys: str) -> bytes:
    guards = (boundary(key, "s", timer("PT1H"), False) + f'<endEvent id="{key}x"/>' for key in keys)
    more = "".join(guards) + flows(*(f"{key} {key}x" for key in keys))
    return line(service("s", "= kind"), user("b"), more=more)


def test_what_guards_a_stuck_activity_comes_and_goes_with_the_version():
    play = stuck_under("late", "later")

    step = play.migrate(guarded("late", "new"))

    assert play.waits == ["late", "new", "s"]
    assert [(fact.kind, fact.node) for fact in step.facts[1:]] == [("timer.disarmed", "later"), ("timer.armed", "new")]
    play.resume("s", kind="erp.do")
    assert sorted(kind for _, _, kind in bpmn.waits(play.state)) == ["job", "timer", "timer"]


@pytest.mark.parametrize("guards", [(), ("new",)])
def test_a_stuck_activity_that_loses_its_last_guard_begins_with_those_of_the_new_version(guards):
    play = stuck_under("late")

    play.migrate(guarded(*guards))

    assert play.waits == ["s"]
    play.resume("s", kind="erp.do")
    assert play.waits == [*guards, "s"]


def test_a_state_that_would_not_hold_together_in_the_other_version_is_refused():
    play = Play(line(user("a")))
    play.state.root.live += 1
    new = program(line(user("a"), user("b")))
    found = bpmn.compare(play.program, new)

    with pytest.raises(MoveRefused) as caught:
        bpmn.migrate(
            play.state, {"d": bpmn.Target(bpmn.Plan(found.nodes, found.flows), "d2", new)}, now=play.now, env=play.env
        )

    assert [finding.message.format(**finding.facts) for finding in caught.value.findings] == [
        "The instance would not hold together in the other version: scope 0: live 2, but 1 tokens and 0 held."
    ]


def test_event_sub_processes_are_armed_kept_and_disarmed():
    def handler(key: str, kind: str) -> str:
        inner = f'<startEvent id="{key}s">{kind}</startEvent><endEvent id="{key}e"/>{flows(f"{key}s {key}e")}'
        return f'<subProcess id="{key}" triggeredByEvent="true">{inner}</subProcess>'

    play = Play(line(user("a"), more=handler("h", timer("P1D")) + handler("i", timer("P2D"))))
    assert play.waits == ["a", "hs", "is"]
    kept = play.token("hs")

    play.migrate(line(user("a"), more=handler("h", timer("P1D")) + handler("k", timer("P3D"))))

    assert play.waits == ["a", "hs", "ks"]
    assert play.token("hs") == kept


def test_turns_of_a_loop_come_along():
    marker = (
        "<multiInstanceLoopCharacteristics><loopCardinality>= 3</loopCardinality></multiInstanceLoopCharacteristics>"
    )
    body = user("a").replace("</userTask>", f"{marker}</userTask>")
    play = Play(line(body))
    play.complete("a")

    play.migrate(line(body.replace('"a"', '"a1"'), user("b")), {"a": "a1"})

    assert play.waits == ["a1", "a1"]
    play.complete("a1")
    play.complete("a1")
    assert play.waits == ["b"]


def test_a_called_process_stays_in_its_version_or_follows_with_its_own_plan():
    called = element("callActivity", "c", '<zeebe:calledElement processId="q"/>')
    inside, later = program(line(user("u"))), program(line(user("u"), user("v")))
    play = Play(line(called), others={"q": inside, "q2": later})

    play.migrate(line(called, user("b")))
    assert [scope.definition_id for scope in play.state.scopes.values()] == ["d2", "q"]

    found = bpmn.compare(inside, later)
    play._do(bpmn.migrate, {"q": bpmn.Target(bpmn.Plan(found.nodes, found.flows), "q2", later)})
    assert [scope.definition_id for scope in play.state.scopes.values()] == ["d2", "q2"]
    play.complete("u")
    play.complete("v")
    assert play.waits == ["b"]


def test_an_error_boundary_event_that_is_new_catches():
    play = Play(line(service("s")))

    play.migrate(
        line(
            service("s"), more=boundary("b", "s", error_event("E")) + user("fix") + flows("b fix end"), roots=error("E")
        )
    )
    play.throw("s", "E")

    assert play.waits == ["fix"]


def test_a_scope_that_is_stuck_at_its_beginning_begins_in_the_new_version():
    def handled(key: str, correlation: str) -> bytes:
        inner = f'<startEvent id="{key}s">{message_event("m")}</startEvent><endEvent id="e"/>{flows(f"{key}s e")}'
        handler = f'<subProcess id="{key}" triggeredByEvent="true">{inner}</subProcess>'
        return line(user("a"), more=handler, roots=message("m", correlation))

    play = Play(handled("h", "= missing"))
    assert play.incidents == {"hs": "correlation-key-null"}

    play.migrate(handled("k", "= 1"), {"h": "k", "hs": "ks"})

    assert play.incidents == {"ks": "correlation-key-null"}
    play.resume("ks")
    assert play.waits == ["a", "ks"]


def test_a_process_that_is_stuck_at_its_beginning_needs_the_event_that_began_it():
    inner = f'<startEvent id="hs">{message_event("m")}</startEvent><endEvent id="e"/>{flows("hs e")}'
    handler = f'<subProcess id="h" triggeredByEvent="true">{inner}</subProcess>'
    came = f'<startEvent id="came">{message_event("other")}</startEvent>' + flows("came a")
    roots = message("m", "= key") + message("other", "= 1")
    play = Play(line(user("a"), more=came + handler, roots=roots), start="came")
    assert play.incidents == {"hs": "correlation-key-null"}

    assert blocked(play, line(user("a"), more=handler, roots=roots)) == [
        "'came' waits, but the other version has no counterpart for it."
    ]

    play.migrate(line(user("a"), more=came.replace("came", "got") + handler, roots=roots), {"came": "got"})
    play.resume("hs", key=1)
    assert play.waits == ["a", "hs"]
    assert play.path == ["got"]


def test_signals_conditions_and_events_with_several_triggers_come_along():
    def waiting(signal: str, limit: str) -> bytes:
        heard = f'<signalEventDefinition signalRef="{signal}"/>'
        met = f"<conditionalEventDefinition><condition>{limit}</condition></conditionalEventDefinition>"
        guards = (
            boundary("b", "a", heard, False) + boundary("c", "a", met, False) + boundary("m", "a", heard + met, False)
        )
        ends = "".join(f'<endEvent id="{key}x"/>' for key in "bcm") + flows("b bx", "c cx", "m mx")
        return line(user("a"), more=guards + ends, roots=f'<signal id="{signal}" name="{signal}"/>')

    play = Play(waiting("one", "n = 5"), {"n": 3})
    assert play.waits == ["a", "b", "c", "m", "m"]

    same = play.migrate(waiting("one", "n = 5"))
    assert [type(fact) for fact in same.facts] == [steps.Migrated]
    play.write(n=5)
    assert play.path.count("c") == play.path.count("m") == 1

    other = Play(waiting("one", "n = 5"), {"n": 3})
    step = other.migrate(waiting("two", "n = 3"))
    assert [fact.name for fact in step.facts if isinstance(fact, steps.SubscriptionOpened)] == ["two", "two"]
    assert other.path.count("c") == other.path.count("m") == 1
    other.write(n=4)
    other.write(n=3)
    assert other.path.count("c") == 2


@pytest.mark.parametrize("within", [False, True])
def test_a_condition_that_what_the_other_version_declares_makes_true_is_met(within):
    declared = '<dataObject id="o" name="flag"><extensionElements><troika:initial value="= true"/></extensionElements>'
    inner = f'<startEvent id="s0"/>{user("a")}' + flows("s0 a") + waiting_for("flag = true")
    old = line(f'<subProcess id="S">{inner}</subProcess>')
    new = f"{declared}</dataObject>".encode()
    place = b'<startEvent id="s0"' if within else b'<startEvent id="start"'
    play = Play(old)
    assert play.waits == ["a", "hs"]

    play.migrate(old.replace(place, new + place))

    assert play.waits == ["told"]


def test_a_condition_about_an_approval_is_met_when_that_is_called_so_in_the_other_version():
    def asking(key: str) -> bytes:
        asks = user(key, '<troika:approval mode="any" onReject="flow"/>')
        return line(asks, user("wait"), more=waiting_for('approval.second.outcome = "agree"'))

    play = Play(asking("first"))
    play.complete("first", {"outcome": "agree"})
    assert play.waits == ["hs", "wait"]

    play.migrate(asking("second"), {"first": "second"})

    assert play.waits == ["told"]


def waiting_for(text: str) -> str:
    """An event sub-process that begins in place of everything."""
    start = f'<startEvent id="hs">{condition(text)}</startEvent>'
    return f'<subProcess id="h" triggeredByEvent="true">{start}{user("told")}{flows("hs told")}</subProcess>'


def test_a_boundary_event_of_another_kind_takes_the_place_of_the_old_one():
    play = Play(line(user("a"), more=boundary("b", "a", timer("P1D")) + flows("b end")))

    heard = boundary("b", "a", '<signalEventDefinition signalRef="s"/>') + flows("b end")
    play.migrate(line(user("a"), more=heard, roots='<signal id="s" name="s"/>'), {"b": "b"})

    assert [kind for _, node, kind in bpmn.waits(play.state) if node == "b"] == ["signal"]


def undone(handler: str, *keys: str) -> bytes:
    """`keys` can be undone and are, by the end event, after user task `wait`; `handler` undoes `a`."""
    body = START + undoable(*keys).replace('"undo_a"', f'"{handler}"') + user("wait") + ending()
    return compensable(body + flows(" ".join(["start", *keys, "wait", "end"])))


def test_what_has_completed_is_undone_as_the_new_version_says():
    play = Play(undone("undo_a", "a", "b"))
    play.complete("a")
    play.complete("b")

    play.migrate(undone("take_back", "a", "b"))
    play.complete("wait")

    assert play.waits == ["undo_b"]
    play.complete("undo_b")
    assert play.waits == ["take_back"]
    play.complete("take_back")
    assert play.step.ended == "completed"


def test_what_could_not_be_undone_any_more_or_is_being_undone_stops_the_migration():
    play = Play(undone("undo_a", "a", "b"))
    play.complete("a")
    play.complete("b")
    assert blocked(play, undone("undo_a", "b")) == [
        "'a' has completed and can be undone, but the other version has no counterpart for it."
    ]

    play.complete("wait")

    assert blocked(play, undone("undo_a", "a", "b"))[-1].endswith("is being undone: wait until that is over.")
    with pytest.raises(MoveRefused, match="is being undone"):
        play.modify(bpmn.Placing("wait"), cancel=("undo_b",))


def test_what_is_undone_in_another_way_or_not_at_all_stops_the_migration():
    def around(*activities: str, key: str) -> bytes:
        return compensable(START + "".join(activities) + user("wait") + ending() + flows(f"start {key} wait end"))

    inner = f'<startEvent id="s"/>{undoable("u")}<endEvent id="e"/>{flows("s u e")}'
    sub = f'<subProcess id="sub">{inner}</subProcess>'
    from_inside, as_a_whole = (
        around(sub, key="sub"), around(sub, undoing(service("back")), undone_by("sub", "back"), key="sub"),
    )  # fmt: skip
    for old, new, done, element_id in (
        (around(undoable("a"), key="a"), around(service("a"), key="a"), "a", "a"),
        (as_a_whole, from_inside, "u", "sub"),
        (from_inside, as_a_whole, "u", "sub"),
    ):
        play = Play(old)
        play.complete(done)
        assert blocked(play, new) == [
            f"'{element_id}' has completed and can be undone, but the other version does not undo it in the same way."
        ]


def test_what_is_started_next_in_an_ad_hoc_sub_process_comes_along():
    def chosen(*keys: str) -> bytes:
        inner = "".join(user(key) for key in keys)
        return line(f'<adHocSubProcess id="x" name="x" ordering="Sequential">{inner}</adHocSubProcess>', user("z"))

    play = Play(chosen("a", "b"))
    assert play.waits == ["a"]
    assert blocked(play, chosen("a", "c"), {"b": None}) == [
        "'b' waits, but the other version has no counterpart for it."
    ]

    play.migrate(chosen("a", "c"), {"b": "c"})

    play.complete("a")
    assert play.waits == ["c"]
    play.complete("c")
    assert play.waits == ["z"]
