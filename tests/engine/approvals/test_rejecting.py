"""不同意 beside other branches, and in a called process: what ends at once, what waits, who hears of it."""

from datetime import timedelta

import pytest

from engine import repository, runtime, tasks
from engine.errors import AlreadyDecided, DeploymentRefused, NotPossibleNow
from engine.unit_of_work import ENGINE
from tests.engine.approvals.going import Case, fork, request, step
from tests.engine.bpmn.drawing import END, START, boundary, drawing, element, error, flows, timer
from tests.engine.test_tasks import do

pytestmark = pytest.mark.approvals

PATIENT = 'branchReject="waitOthers" onReject="{}"'


def patient(key: str, then: str = "end", *more: str, **options: str) -> str:
    """An approval whose rejection waits for the other branches."""
    return step(key, *more, extra=PATIENT.format(then), **options)


def forked(first: str, *second: str, before: str = "") -> bytes:
    """Start -> [request ->] f -> (a | second …) -> j -> end"""
    others = [part.split('id="', 1)[1].split('"', 1)[0] for part in second]
    way = "start request f a j end" if before else "start f a j end"
    return drawing(
        START
        + before
        + fork("f")
        + first
        + "".join(second)
        + fork("j")
        + END
        + flows(way, " ".join(["f", *others, "j"]))
    )


def reject(case: Case, node: str) -> None:
    case.act(tasks.reject, node, "不行")


def test_a_rejection_that_waits_lets_the_other_branch_decide_and_then_ends(engine):
    case = Case(engine, forked(patient("a"), step("b"), step("c")))
    item = case.item("bob", "a")

    reject(case, "a")

    case.jobs()
    assert (case.status, case.waits) == ("running", ["a", "b"])
    assert case.rounds()[0] == ("a", 1, "open", False)
    assert case.view().approvals["a"]["outcome"] == "reject"
    with pytest.raises(AlreadyDecided):
        do(engine, case.who["bob"], tasks.agree, item)
    with pytest.raises(NotPossibleNow):
        do(engine, case.who["bob"], tasks.recall, item)
    case.agree("b")
    case.jobs()
    assert case.status == "running", "the branch goes on as drawn: its next approval is heard too"
    case.agree("c")
    case.jobs()
    assert (case.status, case.waits) == ("rejected", [])
    assert [(node, status) for node, _, status, _ in case.rounds()] == [
        ("a", "failed"), ("b", "passed"), ("c", "passed"),
    ]  # fmt: skip


@pytest.mark.parametrize("extra", ["", 'branchReject="terminate" onReject="end"'])
def test_a_rejection_that_does_not_wait_takes_the_other_branch_away(engine, extra):
    case = Case(engine, forked(step("a", extra=extra), step("b")))

    reject(case, "a")

    assert case.status == "rejected"
    assert [(node, status) for node, _, status, _ in case.rounds()] == [("a", "failed"), ("b", "cancelled")]


def test_nobody_to_wait_for_means_at_once(engine):
    case = Case(engine, forked(patient("a"), step("b")))
    case.agree("b")

    reject(case, "a")

    assert case.status == "rejected"


def test_two_rejections_that_wait_do_not_wait_for_each_other(engine):
    case = Case(engine, forked(patient("a"), patient("b")))

    reject(case, "a")
    reject(case, "b")

    case.jobs()
    assert case.status == "rejected"


def test_a_rejection_that_goes_to_the_requester_waits_too(engine):
    case = Case(engine, forked(patient("a", "initiator"), step("b"), before=request()))
    case.agree("request")
    reject(case, "a")
    assert case.waits == ["a", "b"]

    case.agree("b")
    case.jobs()

    assert case.waits == ["request"]
    assert case.rounds() == [
        ("request", 1, "passed", True), ("a", 1, "failed", False), ("b", 1, "passed", True),
        ("request", 2, "open", False),
    ]  # fmt: skip
    case.agree("request", "a", "b")
    assert case.status == "completed"


def test_a_rule_that_rejects_waits_as_people_do(engine):
    nobody = '<troika:onEmpty do="autoReject"/>'
    case = Case(engine, forked(patient("a", "end", nobody, who="nobody"), step("b")))
    assert (case.status, case.waits) == ("running", ["a", "b"])

    case.agree("b")
    case.jobs()

    assert case.status == "rejected"


def test_what_happens_at_the_boundary_overtakes_a_rejection_that_waits(engine, clock):
    late = boundary("late", "a", timer("PT1H")) + element("endEvent", "out") + flows("late out")
    case = Case(engine, forked(patient("a"), step("b")).replace(b"</process>", late.encode() + b"</process>"))
    reject(case, "a")

    clock.advance(timedelta(hours=1))
    case.jobs()
    case.agree("b")
    case.jobs()

    assert case.status == "running", "the join waits for a token that has left by the boundary event"
    assert case.rounds()[0] == ("a", 1, "cancelled", False)


def test_somebody_who_returns_it_overtakes_a_rejection_that_waits(engine):
    case = Case(engine, forked(patient("a"), step("b"), before=request()))
    case.agree("request")
    reject(case, "a")

    case.back("b", "initiator")
    case.jobs()

    assert case.waits == ["request"]
    case.agree("request", "a", "b")
    assert case.status == "completed"


def ahead(case: Case) -> tuple[list[str], str | None]:
    """Which tasks come, and the end that is reached."""
    with case.engine.unit_of_work(case.who["ann"], read_only=True) as uow:
        way = runtime.preview_instance(uow, case.id)
    return [one.element for one in way.steps], way.ends


def foretold(engine) -> tuple[list[str], str | None]:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        way = runtime.preview(uow, "p", {})
    return [one.element for one in way.steps], way.ends


@pytest.mark.parametrize("late", [False, True])
def test_a_rule_that_rejects_is_foretold_as_it_waits_or_does_not(engine, late):
    nobody = '<troika:onEmpty do="autoReject"/>'
    way = "start f b c j end" if late else "start f a j end"

    def drawn(first: str) -> bytes:
        other = "f a j" if late else "f b c j"
        return drawing(START + fork("f") + first + step("b") + step("c") + fork("j") + END + flows(way, other))

    case = Case(engine, drawn(patient("a", "end", nobody, who="nobody")))
    asked, ends = foretold(engine)
    assert (sorted(asked), ends) == (["a", "b", "c"], "rejected"), "the others are heard"
    assert ahead(case) == (["c"], "rejected")
    case.agree("b", "c")
    case.jobs()
    assert case.status == "rejected"
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": drawn(step("a", nobody, who="nobody"))})
    asked, ends = foretold(engine)
    assert (sorted(asked), ends) == (["a", "b"], "rejected"), "nobody is heard any more"


def test_a_rejection_of_a_person_that_waits_is_foretold_as_one(engine):
    case = Case(engine, forked(patient("a"), step("b"), step("c")))
    reject(case, "a")

    assert ahead(case) == (["c"], "rejected")


def test_behind_a_rejection_that_goes_to_the_requester_nothing_is_certain(engine):
    case = Case(engine, forked(patient("a", "initiator"), step("b"), step("c"), before=request()))
    case.agree("request")
    reject(case, "a")

    with engine.unit_of_work(case.who["ann"], read_only=True) as uow:
        way = runtime.preview_instance(uow, case.id)

    foreseen = {one.element: one.status for one in way.steps}
    assert foreseen == {"c": "certain", "request": "unknown", "a": "unknown", "b": "unknown"}
    assert (way.complete, way.ends) == (False, None)


@pytest.mark.parametrize("then", ["flow", "return:b"])
def test_waiting_for_others_is_refused_where_it_would_mean_nothing(engine, then):
    with pytest.raises(DeploymentRefused) as refused, engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": forked(patient("a", then), step("b"))})
    assert [found.rule for found in refused.value.findings] == ["branch-reject-unused"]


# ---------------------------------------------------------------- in a called process

CALL = '<callActivity id="sub" name="sub"><extensionElements><zeebe:calledElement processId="q"/></extensionElements>'
CAUGHT = (
    boundary("refused", "sub", '<errorEventDefinition errorRef="error_troika.rejected"/>')
    + step("c") + element("endEvent", "other") + flows("refused c other")
)  # fmt: skip


def called(engine, inside: bytes, more: str = "") -> Case:
    """One process calls another."""
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"q.bpmn": inside.replace(b'process id="p"', b'process id="q"')})
    outside = START + CALL + "</callActivity>" + END + flows("start sub end") + more
    return Case(engine, drawing(outside, error("troika.rejected")))


def test_a_rejection_in_a_called_process_ends_the_whole_when_nobody_catches_it(engine):
    case = called(engine, drawing(START + step("a") + END + flows("start a end")))

    reject(case, "a")

    assert case.status == "rejected"


def test_a_rejection_in_a_called_process_is_an_error_for_who_called_it(engine):
    case = called(engine, forked(step("a"), step("b")), CAUGHT)

    reject(case, "a")

    assert (case.status, case.waits) == ("running", ["c"])
    assert [(node, status) for node, _, status, _ in case.rounds()] == [
        ("a", "failed"), ("b", "cancelled"), ("c", "open"),
    ]  # fmt: skip
    case.agree("c")
    assert case.status == "completed"


def test_a_rejection_in_a_called_process_waits_for_its_branches_only(engine):
    beside = fork("f") + step("d") + fork("j")
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(
            uow, {"q.bpmn": forked(patient("a"), step("b")).replace(b'process id="p"', b'process id="q"')}
        )
    outside = START + beside + CALL + "</callActivity>" + END + flows("start f sub j end", "f d j") + CAUGHT
    case = Case(engine, drawing(outside, error("troika.rejected")))
    reject(case, "a")
    assert case.waits == ["a", "b", "d"]

    case.agree("b")
    case.jobs()

    assert case.waits == ["c", "d"]


def test_a_rule_that_rejects_in_a_called_process_is_heard_too(engine):
    nobody = step("a", '<troika:onEmpty do="autoReject"/>', who="nobody")
    case = called(engine, drawing(START + nobody + END + flows("start a end")), CAUGHT)

    assert foretold(engine) == (["a", "c"], "other")
    assert (case.status, case.waits) == ("running", ["c"])
