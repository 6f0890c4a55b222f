"""A token that waits until something is undone before it arrives: the proof knows where it goes from there."""

import pytest

from engine import bpmn, migration, modification, policy, repository, runtime, tasks
from engine.db import rows
from engine.errors import MoveRefused
from engine.runtime import proof, waking
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import END, START, element, flows, service, user
from tests.engine.bpmn.test_compensation import drawing, undoing, undone_by
from tests.engine.policy.test_gate import APPROVE, a_bill, agree, who  # noqa: F401 - a fixture
from tests.factories import complete, look_at, token_at

ASKED = APPROVE.format(provides="finance_approval")
SHIP = user("ship") + undoing(user("undo")) + undone_by("ship", "undo") + user("last")
PAY = service("pay", "test.pay_bill", in_bill_id="= bill_id")
INSIDE = element("startEvent", "in") + PAY + element("endEvent", "out") + flows("in pay out")
PART = f'<subProcess id="part" name="Part">{INSIDE}</subProcess>'


def agreed(engine, who, body, order, approve=ASKED):  # noqa: F811
    """An instance behind its approval, whose document is another one since then: nothing may be paid."""
    xml = drawing(
        START + approve
        + '<exclusiveGateway id="ok" name="Agreed?" default="ok_no"/><endEvent id="no" name="Refused"/>' + body + END
        + flows("start fin ok no", f'ok {order[0]} ? approval.fin.outcome = "agree"', " ".join([*order, "end"]))
    )  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": xml})
    bill_id = str(a_bill(engine))
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "p", {"bill_id": bill_id}).id
    agree(engine, who["fay"])
    return bill_id, instance_id


def move(engine, instance_id, node, to, where="before"):
    plan = bpmn.Modification((token_at(engine, instance_id, node),), (bpmn.Placing(to, where),), compensate=True)
    with engine.unit_of_work(ENGINE) as uow:
        modification.modify(uow, instance_id, plan, reason="urgent", accept_warnings=True)


def revoke(engine, bill_id):
    with engine.unit_of_work(ENGINE) as uow:
        policy.revoke(uow, "test_bill", bill_id, "changed")


def way(refused):
    """The elements of the way round that is told, in order."""
    (finding,) = refused.value.findings
    return list(dict.fromkeys(finding.path))


def test_a_token_placed_behind_the_approval_does_not_pass_it(engine, who):  # noqa: F811
    bill_id, instance_id = agreed(engine, who, SHIP + PAY, ("ship", "last", "pay"))
    complete(engine, instance_id, "ship")
    revoke(engine, bill_id)

    with pytest.raises(MoveRefused, match="can be reached without finance_approval") as refused:
        move(engine, instance_id, "last", "fin", "after")
    assert way(refused) == ["fin", "ok", "ship", "last", "pay"]


def test_a_token_placed_before_the_approval_passes_it(engine, who):  # noqa: F811
    bill_id, instance_id = agreed(engine, who, SHIP + PAY, ("ship", "last", "pay"))
    complete(engine, instance_id, "ship")
    revoke(engine, bill_id)

    move(engine, instance_id, "last", "fin")

    assert [node for _, node, _ in look_at(engine, instance_id).waits] == ["undo"]


def test_what_a_token_is_placed_before_has_not_begun(engine, who):  # noqa: F811
    bill_id, instance_id = agreed(engine, who, SHIP + PART, ("part", "ship", "last"))
    for node in ("pay", "ship"):
        complete(engine, instance_id, node)
    revoke(engine, bill_id)

    with pytest.raises(MoveRefused, match="can be reached without finance_approval") as refused:
        move(engine, instance_id, "last", "part")
    assert way(refused) == ["part", "in", "pay"]


def test_a_token_placed_behind_a_fork_goes_all_its_ways(engine, who):  # noqa: F811
    """The payment lies behind the join, which neither branch opens alone."""
    body = (
        SHIP + user("other") + PAY
        + element("parallelGateway", "fork") + element("parallelGateway", "join") + flows("fork other join")
    )  # fmt: skip
    bill_id, instance_id = agreed(engine, who, body, ("fork", "ship", "join", "last", "pay"))
    for node in ("ship", "other"):
        complete(engine, instance_id, node)
    revoke(engine, bill_id)

    with pytest.raises(MoveRefused, match="can be reached without finance_approval"):
        move(engine, instance_id, "last", "fork", "after")


NOTED = ASKED.replace(
    "</extensionElements>",
    '</extensionElements><ioSpecification><dataOutput id="out_note" name="note"/><inputSet/>'
    "<outputSet><dataOutputRefs>out_note</dataOutputRefs></outputSet></ioSpecification>",
)


def test_an_approval_that_is_stuck_on_its_result_is_not_asked_for_again(engine, who):  # noqa: F811
    """Its yes was revoked meanwhile, and resuming it does not ask anybody: the payment has no approval."""
    bill_id, instance_id = agreed(engine, who, user("last") + PAY, ("last", "pay"), NOTED)
    view = look_at(engine, instance_id)
    assert [incident.code for incident in view.state.incidents.values()] == ["data-output-missing"]
    with engine.unit_of_work(ENGINE) as uow:
        assert [found.rule for found in proof.prove(uow, rows.read(uow, instance_id), view.state)] == []
    revoke(engine, bill_id)

    with engine.unit_of_work(ENGINE) as uow:
        found = proof.prove(uow, rows.read(uow, instance_id), view.state)

    assert [(finding.rule, finding.element_id) for finding in found] == [("policy-approval-missing", "pay")]


def test_an_approval_that_was_asked_about_another_document_does_not_count_for_this_one(engine, who):  # noqa: F811
    """The document is replaced while the approval is open: what is approved then is the old one."""
    xml = drawing(
        START + ASKED + '<exclusiveGateway id="ok" default="ok_no"/><endEvent id="no"/>' + PAY + END
        + flows("start fin ok no", 'ok pay ? approval.fin.outcome = "agree"', "pay end")
    )  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": xml})
    bill_id = str(a_bill(engine))
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "p", {"bill_id": bill_id}).id
    state = look_at(engine, instance_id).state

    with engine.unit_of_work(ENGINE) as uow:
        instance = rows.read(uow, instance_id)
        assert proof.prove(uow, instance, state) == []
        state.root.vars["bill_id"] = "another"
        assert [(one.rule, one.element_id) for one in proof.prove(uow, instance, state)] == [
            ("policy-approval-missing", "pay")
        ]


ADMINISTRATOR = 'if has role(clerk, "process_admin") then true else false'
"""what the machine says of it depends on the directory of then"""


def filed(engine, who, *order):  # noqa: F811
    """An instance of a drawing in which an administrator's request is paid behind `order`; what it waits for."""
    asks = element("exclusiveGateway", "b", default="b_end")
    keep = user("keep", '<zeebe:assignmentDefinition candidateUsers="cfo"/>', '<troika:approval onReject="end"/>')
    steps = {"u": user("u"), "fin": ASKED.replace('"flow"', '"end"'), "keep": keep, "w": user("w")}
    body = "".join(steps[one] for one in order)
    xml = drawing(START + body + asks + PAY + END + flows(" ".join(["start", *order, "b"]), "pay end", "b end")
                  + flows(f"b pay ? {ADMINISTRATOR}"))  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": xml})
    return xml


def test_what_the_directory_will_say_of_a_running_instance_is_not_known(engine, who):  # noqa: F811
    """Whoever is moved past the approval may be paid: modified, migrated and woken."""
    filed(engine, who, "u", "fin", "w")
    given = {"bill_id": str(a_bill(engine)), "clerk": "root"}
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "p", given).id
    with pytest.raises(MoveRefused, match="can be reached without finance_approval"):
        move(engine, instance_id, "u", "w")

    filed(engine, who, "fin", "u", "w")
    with engine.unit_of_work(ENGINE) as uow:
        new, old = (info.id for info in repository.versions(uow, "p"))
    with (
        pytest.raises(MoveRefused, match="can be reached without finance_approval"),
        engine.unit_of_work(ENGINE) as uow,
    ):
        migration.migrate(uow, instance_id, migration.Plan(old, new), reason="a shorter way")

    filed(engine, who, "fin", "keep")
    with engine.unit_of_work(who["req"]) as uow:
        rejected = runtime.start(uow, "p", given).id
    agree(engine, who["fay"])
    with engine.unit_of_work(who["cfo"]) as uow:
        tasks.reject(uow, tasks.inbox(uow).items[0].work_item_id, "not needed")
    with engine.unit_of_work(ENGINE) as uow:
        policy.undo_all(uow, rejected, "rejected")
        instance = uow.lock_instance(rejected)
        with pytest.raises(MoveRefused, match="can be reached without finance_approval"):
            waking.wake(uow, instance, "keep")
