"""Running instances follow to another version, or have tokens moved by hand; their rows come along."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from engine import (
    approvals,
    batches,
    bpmn,
    history,
    identity,
    jobs,
    migration,
    modification,
    repository,
    runtime,
    tasks,
)
from engine.db.instance import Status
from engine.db.job import ItemState, job
from engine.db.task import user_task
from engine.errors import InvalidValue, MoveRefused
from engine.migration import Plan
from engine.unit_of_work import ENGINE
from tests.consistency import consistent
from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    catch,
    drawing,
    element,
    flows,
    message,
    message_event,
    service,
    timer,
    user,
)
from tests.engine.bpmn.test_loops import multiple
from tests.engine.test_runtime import status, tallies
from tests.factories import (
    BEHAVIOUR,
    ann,
    begun,
    complete,
    deploy,
    inbox_size,
    look_at,
    open_rows,
    operator,
    straight,
    token_at,
    waits_of,
)


@pytest.fixture(autouse=True)
def _steady():
    BEHAVIOUR.clear()
    yield
    BEHAVIOUR.clear()


def version(engine, number, key="p"):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return next(info.id for info in repository.versions(uow, key) if info.version == number)


def planned(engine, **options):
    return Plan(version(engine, 1), version(engine, 2), **options)


def migrate(engine, instance, **options):
    plan = planned(engine, **options)
    with engine.unit_of_work(ann(engine)) as uow:
        migration.migrate(uow, instance, plan, reason="a better way")


def rehearse(engine, instance, **options):
    plan = planned(engine, **options)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [finding.message.format(**finding.facts) for finding in migration.rehearse(uow, instance, plan)]


def facts(engine, instance, *kinds):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [entry for entry in history.timeline(uow, instance) if entry.kind in kinds]


# ---------------------------------------------------------------- one instance


def test_an_open_task_stays_with_its_people_under_the_new_id_and_the_next_step_is_the_new_one(engine):
    deploy(engine, straight(user("a"), user("b")))
    instance = begun(engine)
    before = open_rows(engine, instance)
    deploy(engine, straight(user("a1"), user("check"), user("b")))

    assert rehearse(engine, instance) == ["'a' waits, but the other version has no counterpart for it."]
    assert rehearse(engine, instance, choices={"a": "a1"}) == []
    migrate(engine, instance, choices={"a": "a1"})

    assert open_rows(engine, instance) == before == waits_of(engine, instance)
    view = look_at(engine, instance)
    assert (view.definition.version, view.markers) == (2, {"a1": "active"})
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(user_task.c.node, user_task.c.status)).all() == [("a1", 0)]
    complete(engine, instance, "a1")
    assert look_at(engine, instance).markers == {"check": "active"}
    assert consistent(engine)


def test_who_why_and_what_became_of_what_is_on_record(engine):
    deploy(engine, straight(user("a")))
    instance = begun(engine)
    deploy(engine, straight(user("a1")))
    token = token_at(engine, instance, "a")

    migrate(engine, instance, choices={"a": "a1"})

    asked, moved = facts(engine, instance, "migration.asked", "instance.migrated")
    assert asked.actor_id == ann(engine).user_id
    assert asked.data["reason"] == "a better way"
    assert asked.data["plan"]["choices"] == {"a": "a1"}
    assert moved.data == {
        "scope": 0, "from": str(version(engine, 1)), "to": str(version(engine, 2)), "tokens": [[token, "a", "a1"]],
        "renamed": [["a", "a1"]],
    }  # fmt: skip


def test_a_refused_migration_writes_nothing(engine):
    deploy(engine, straight(user("a")))
    instance = begun(engine)
    deploy(engine, straight(service("a", "test.tally")))
    before = facts(engine, instance, "instance.started", "task.opened", "migration.asked")

    with pytest.raises(MoveRefused):
        migrate(engine, instance)

    assert facts(engine, instance, "instance.started", "task.opened", "migration.asked") == before
    assert look_at(engine, instance).definition.version == 1
    assert consistent(engine)


def test_timers_messages_jobs_and_incidents_come_along(engine, clock):
    def drawn(suffix: str) -> bytes:
        work, wait = f"work{suffix}", f"wait{suffix}"
        late = boundary(f"late{suffix}", wait, timer("PT1H")) + flows(f"late{suffix} end")
        body = START + element("parallelGateway", "f") + service(work, "test.unsteady")
        body += catch(wait, message_event("m")).replace("intermediateCatchEvent", "receiveTask").replace(
            message_event("m"), ""
        ).replace(f'id="{wait}"', f'id="{wait}" messageRef="m"')  # fmt: skip
        return drawing(body + late + END + flows(f"start f {work} end", f"f {wait} end"), message("m"))

    deploy(engine, drawn(""))
    BEHAVIOUR["raise"] = RuntimeError("no paper")
    instance = begun(engine, order=7)
    for _ in range(8):
        clock.advance(timedelta(minutes=2))
        jobs.run_due(engine)
    assert look_at(engine, instance).instance.incidents == 1
    deploy(engine, drawn("2"))
    choices = {"work": "work2", "wait": "wait2", "late": "late2"}

    migrate(engine, instance, choices=choices)

    view = look_at(engine, instance)
    assert view.markers == {"work2": "incident", "wait2": "active"}
    assert [found.node for found in view.incidents] == ["work2"]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert {row.payload["node"] for row in uow.execute(select(job.c.payload))} == {"work2", "late2"}
    BEHAVIOUR.clear()
    with engine.unit_of_work(ENGINE) as uow:
        runtime.resolve(uow, view.incidents[0].id)
    jobs.run_due(engine)
    assert tallies(engine) == {"unsteady": 1}
    clock.advance(timedelta(hours=1))
    jobs.run_due(engine)
    assert status(engine, instance) is Status.COMPLETED
    assert consistent(engine)


def test_work_that_is_asked_again_goes_to_the_new_people(engine):
    deploy(engine, straight(user("a")))
    instance = begun(engine)
    deploy(engine, straight(user("a").replace("staff", "process_admin")))
    before = token_at(engine, instance, "a")

    migrate(engine, instance, reassign=True)

    assert token_at(engine, instance, "a") != before
    assert inbox_size(engine) == 1
    assert open_rows(engine, instance) == waits_of(engine, instance)
    assert consistent(engine)


def test_a_service_that_failed_is_called_as_the_new_version_says(engine, clock):
    deploy(engine, straight(service("work", "test.unsteady")))
    BEHAVIOUR["raise"] = RuntimeError("no paper")
    instance = begun(engine)
    for _ in range(8):
        clock.advance(timedelta(minutes=2))
        jobs.run_due(engine)
    deploy(engine, straight(service("work", "test.tally")))

    migrate(engine, instance)

    assert tallies(engine) == {"tally": 1}
    assert status(engine, instance) is Status.COMPLETED
    assert look_at(engine, instance).instance.incidents == 0
    assert consistent(engine)


def test_a_called_process_follows_to_the_version_that_the_new_caller_calls(engine):
    called = element("callActivity", "c", '<zeebe:calledElement processId="q" bindingType="deployment"/>')
    deploy(engine, straight(called), straight(user("u"), process_id="q"))
    instance = begun(engine)
    deploy(engine, straight(called, user("b")), straight(user("u"), user("v"), process_id="q"))

    migrate(engine, instance)

    complete(engine, instance, "u")
    complete(engine, instance, "v")
    assert look_at(engine, instance).markers == {"b": "active"}
    assert len(facts(engine, instance, "instance.migrated")) == 2
    assert consistent(engine)


def rounds(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return {tuple(row) for row in uow.execute(select(user_task.c.node, user_task.c.scope_path))}


def test_rounds_inside_an_activity_with_another_id_are_still_found_there(engine):
    def drawn(part, task):
        inside = START + user(task) + user("more") + END + flows(f"start {task} more end")
        inside = inside.replace('"start"', '"si"').replace('"end"', '"ei"')
        return straight(element("subProcess", part, inner=inside), user("b"))

    deploy(engine, drawn("part", "a"))
    instance = begun(engine)
    complete(engine, instance, "a")
    deploy(engine, drawn("part1", "a1"))

    migrate(engine, instance, choices={"part": "part1", "a": "a1"})

    ((_, path),) = {row for row in rounds(engine) if row[0] == "a1"}
    assert path.endswith("@part1")
    assert rounds(engine) == {("a1", path), ("more", path)}
    complete(engine, instance, "more")
    assert consistent(engine)


def test_rounds_of_a_called_process_keep_an_id_that_its_caller_uses_too(engine):
    called = element("callActivity", "c", '<zeebe:calledElement processId="q" bindingType="deployment"/>')
    deploy(engine, straight(user("u"), called, user("b")), straight(user("u"), process_id="q"))
    instance = begun(engine)
    complete(engine, instance, "u")
    complete(engine, instance, "u")
    before = rounds(engine)
    deploy(engine, straight(user("u1"), called, user("b")))

    migrate(engine, instance, choices={"u": "u1"})

    assert rounds(engine) == {("u1" if (node, path) == ("u", "0") else node, path) for node, path in before}
    assert consistent(engine)


def test_people_who_were_chosen_beforehand_are_asked_under_the_new_id(engine):
    def chosen(key):
        text = '<troika:assignment strategy="initiatorSelect"/>'
        return element("userTask", key, text)

    deploy(engine, straight(user("a"), chosen("x"), chosen("y")))
    actor = ann(engine)
    with engine.unit_of_work(actor) as uow:
        instance = runtime.start(uow, "p", {}, approvers={"x": ["ann"], "y": ["bob"]}).id
    deploy(engine, straight(user("a"), chosen("y"), chosen("x")))

    migrate(engine, instance, choices={"x": "y", "y": "x"})

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        named = approvals.choices.all_of(uow, instance)
        people = {node: identity.user(uow, found.user_ids[0]).login for node, found in named.items()}
    assert people == {"x": "bob", "y": "ann"}


def test_versions_of_two_processes_or_one_and_the_same_are_no_plan(engine):
    deploy(engine, straight(user("a")), straight(user("a"), process_id="q"))
    one, other = version(engine, 1), version(engine, 1, "q")

    for plan in (Plan(one, other), Plan(one, one)):
        with pytest.raises(InvalidValue), engine.unit_of_work(ENGINE, read_only=True) as uow:
            migration.plan(uow, plan)


def test_a_suspended_instance_follows_and_performs_nothing_until_it_is_activated(engine):
    deploy(
        engine, straight(service("work", "test.tally").replace("<serviceTask ", '<serviceTask troika:async="true" '))
    )
    instance = begun(engine, name="late")
    with engine.unit_of_work(ENGINE) as uow:
        runtime.suspend(uow, instance, "audit")
    again = service("work", "test.tally", in_name="= name").replace(
        "<serviceTask ", '<serviceTask troika:async="true" '
    )
    deploy(engine, straight(again))

    migrate(engine, instance)
    jobs.run_due(engine)

    assert tallies(engine) == {}
    assert status(engine, instance) is Status.SUSPENDED
    with engine.unit_of_work(ENGINE) as uow:
        runtime.activate(uow, instance)
    jobs.run_due(engine)
    assert tallies(engine) == {"late": 1}
    assert status(engine, instance) is Status.COMPLETED


def test_a_call_that_is_under_way_is_not_taken_away_from_its_runner(engine):
    deploy(engine, straight(service("ask", "test.wire", in_text="= word", out_said="= answer"), user("b")))
    instance = begun(engine, word="hello")
    deploy(engine, straight(service("ask", "test.tell", in_text="= word", out_said="= answer"), user("b")))
    said = []

    def answer(request):
        with pytest.raises(MoveRefused, match="is being performed just now"):
            migrate(engine, instance)
        with pytest.raises(MoveRefused, match="is being performed just now"):
            modified(engine, instance, bpmn.Placing("b"), cancel=("ask",))
        said.append("once")
        return httpx.Response(200, json="ok")

    engine.transport = httpx.MockTransport(answer)
    object.__setattr__(engine.settings, "outbound_allow", "partner.example")
    jobs.run_due(engine)

    assert said == ["once"]
    view = look_at(engine, instance)
    assert (view.definition.version, view.markers, view.variables["said"]) == (1, {"b": "active"}, "ok")


# ---------------------------------------------------------------- many instances


def test_a_batch_moves_each_in_its_own_transaction_and_keeps_every_result(engine):
    deploy(engine, straight(user("a"), user("b")))
    first, second, third = (begun(engine) for _ in range(3))
    complete(engine, second, "a")
    deploy(engine, straight(user("a"), service("b", "test.tally")))
    actor, plan = ann(engine), planned(engine)

    with engine.unit_of_work(actor) as uow:
        batch = batches.create(uow, plan, reason="cheaper")
    with engine.unit_of_work(ENGINE) as uow:
        runtime.cancel(uow, third, "withdrawn meanwhile")
    with pytest.raises(InvalidValue, match="the batch to be finished"), engine.unit_of_work(ENGINE) as uow:
        tasks.erase_act(uow, "batch", 1, "the law")
    jobs.run_due(engine)

    assert [fact.data["reason"] for fact in facts(engine, first, "migration.asked")] == ["cheaper"]
    with engine.unit_of_work(ENGINE) as uow:
        tasks.erase_act(uow, "batch", 1, "the law")
        assert batches.get(uow, batch).reason == ""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found, items = batches.get(uow, batch), batches.items(uow, batch)
    results = {
        item.instance_id: (item.state, [text.format(**facts) for text, facts in item.findings]) for item in items
    }
    assert results[first] == (ItemState.DONE, [])
    assert results[second] == (
        ItemState.REFUSED, ["'b' waits, but the other version has no counterpart for it."],
    )  # fmt: skip
    assert results[third][0] is ItemState.REFUSED
    assert (found.done, found.total, found.counts) == (True, 3, {ItemState.DONE: 1, ItemState.REFUSED: 2})
    assert facts(engine, first, "migration.asked")[0].actor_id == actor.user_id
    assert look_at(engine, second).instance.incidents == 0
    assert consistent(engine)


def test_a_batch_needs_a_reason_and_an_instance(engine):
    deploy(engine, straight(user("a")))
    deploy(engine, straight(user("a"), user("b")))

    plan = planned(engine)
    for reason in (" ", "there is nobody"):
        with pytest.raises(InvalidValue), engine.unit_of_work(ENGINE) as uow:
            batches.create(uow, plan, reason=reason)


# ---------------------------------------------------------------- modify


def modified(engine, instance, *starts, cancel=(), **options):
    plan = bpmn.Modification(tuple(token_at(engine, instance, node) for node in cancel), starts)
    with engine.unit_of_work(operator(engine)) as uow:
        modification.modify(uow, instance, plan, reason=options.pop("reason", "asked by Bob"), **options)


def test_a_token_that_is_moved_takes_its_rows_with_it_and_leaves_its_reason(engine):
    deploy(engine, straight(user("a"), service("work", "test.tally"), user("b")))
    instance = begun(engine)

    modified(engine, instance, bpmn.Placing("work"), cancel=("a",))

    assert tallies(engine) == {"tally": 1}
    assert look_at(engine, instance).markers == {"b": "active"}
    assert open_rows(engine, instance) == waits_of(engine, instance)
    (asked,) = facts(engine, instance, "modification.asked")
    assert (asked.actor_id, asked.data["reason"]) == (ann(engine).user_id, "asked by Bob")
    assert [entry.node for entry in facts(engine, instance, "moved")] == ["work"]
    assert consistent(engine)


def test_a_preview_says_what_closes_and_opens_and_changes_nothing(engine):
    deploy(engine, straight(user("a"), user("b")))
    instance = begun(engine)
    plan = bpmn.Modification((token_at(engine, instance, "a"),), (bpmn.Placing("b"),))

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = modification.preview(uow, instance, plan)

    assert [fact.node for fact in found.closed] == ["a"]
    assert [fact.node for fact in found.opened] == ["b"]
    assert (found.refused, found.warnings, found.markers) == ((), (), {"b": "active"})
    assert look_at(engine, instance).markers == {"a": "active"}


def test_what_may_go_wrong_afterwards_must_be_accepted(engine):
    body = START + element("parallelGateway", "f") + user("a") + user("b") + element("parallelGateway", "j") + END
    deploy(engine, drawing(body + flows("start f a j end", "f b j")))
    instance = begun(engine)

    with pytest.raises(MoveRefused, match="Join 'j' may then wait for ever"):
        modified(engine, instance, cancel=("b",))
    modified(engine, instance, cancel=("b",), accept_warnings=True)

    assert look_at(engine, instance).markers == {"a": "active"}
    with pytest.raises(InvalidValue):
        modified(engine, instance, bpmn.Placing("b"), reason="  ")


def test_one_person_of_a_multi_instance_is_taken_out_and_the_others_go_on(engine):
    marker = multiple(inputCollection="= items", inputElement="item")
    task = element("userTask", "t", '<zeebe:assignmentDefinition candidateGroups="staff"/>', inner=marker)
    deploy(engine, straight(task, user("after")))
    instance = begun(engine, items=["x", "y"])
    first, second = sorted(token for token, node, kind in look_at(engine, instance).waits if kind == "work")
    plan = bpmn.Modification((first,))

    with engine.unit_of_work(operator(engine)) as uow:
        modification.modify(uow, instance, plan, reason="on leave")

    assert open_rows(engine, instance) == waits_of(engine, instance)
    assert [token for token, _, kind in look_at(engine, instance).waits if kind == "work"] == [second]
    complete(engine, instance, "t")
    assert look_at(engine, instance).markers == {"after": "active"}
    assert consistent(engine)


# ---------------------------------------------------------------- onto a version that is not deployed


CALLS = element("callActivity", "c", '<zeebe:calledElement processId="q" bindingType="deployment"/>')
FOLLOWS = CALLS.replace("deployment", "latest")
TARGETS = {
    "stays": ((straight(user("a"), user("b")),), (straight(user("a"), user("check"), user("b")),)),
    "lost": ((straight(user("a")),), (straight(user("other")),)),
    "other kind": ((straight(user("a")),), (straight(service("a", "test.tally")),)),
    "callee": (
        (straight(CALLS), straight(user("u"), process_id="q")),
        (straight(CALLS, user("b")), straight(user("v"), process_id="q")),
    ),
    "callee, the newest": (
        (straight(FOLLOWS), straight(user("u"), process_id="q")),
        (straight(FOLLOWS, user("b")), straight(user("v"), process_id="q")),
    ),
}


@pytest.mark.parametrize("case", TARGETS)
def test_a_dry_run_onto_a_draft_finds_what_one_onto_its_version_does(engine, case):
    old, new = TARGETS[case]
    deploy(engine, *old)
    instance = begun(engine)
    files = {f"processes/{number}.bpmn": content for number, content in enumerate(new)}
    first = version(engine, 1)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        foreseen = repository.foresee(uow, files)
        candidate = foreseen.candidates["p"]
        wanted = Plan(first, candidate.id)
        before = migration.rehearse(uow, instance, wanted, candidate)
        outline = migration.plan(uow, wanted, candidate).comparison
        assert repository.versions(uow, "p")[0].version == 1

    with engine.unit_of_work(ENGINE) as uow:
        made = repository.deploy(uow, files)

    assert [(info.kind, info.key, info.version) for info in made.new] == list(foreseen.new)
    wanted = planned(engine)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert migration.rehearse(uow, instance, wanted) == before
        assert migration.plan(uow, wanted).comparison == outline
    assert bool(before) == (case != "stays")


def test_a_dry_run_onto_a_draft_asks_the_policies_as_well(engine):
    deploy(engine, straight(user("a"), service("t", "test.tally")))
    instance = begun(engine)
    first = version(engine, 1)
    paying = straight(user("a"), service("pay", "erp.execute_payment", in_payment_id="= 1"))
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        candidate = repository.foresee(uow, {"processes/p.bpmn": paying}).candidates["p"]
        found = migration.rehearse(uow, instance, Plan(first, candidate.id), candidate)
        judged = repository.proof_of(uow, candidate)

    assert [finding.element_id for finding in found] == ["pay"]
    assert judged.classes
