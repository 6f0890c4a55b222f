"""Whatever happens without a click on an approval that counts for a policy: it never makes a grant."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import insert, select

from engine import lint, repository, tasks
from engine.db.policy import policy_grant
from engine.db.task import Source, work_item
from engine.ids import uuid7
from engine.scenarios.scanning import unmade
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import Office, approval
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.engine.policy.test_gate import a_bill

pytestmark = pytest.mark.approvals

COUNTS = '<troika:policy provides="finance_approval" subject="= bill_id" subjectType="test_bill"/>'
BEFORE = approval("before", users="bob")


def fin(*more: str, users: str = "bob", **options: str) -> str:
    """The approval that counts."""
    return approval("fin", COUNTS, *more, users=users, **options)


def grants(office: Office) -> int:
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        return len(uow.execute(select(policy_grant.c.id)).all())


def begin(office: Office, monkeypatch: pytest.MonkeyPatch, *nodes: str) -> Any:
    """Deployed although the check refuses such drawings: what the engine does by itself must not hang on it."""
    keys = " ".join(node.split('id="', 1)[1].split('"', 1)[0] for node in nodes)
    xml = drawing(START + "".join(nodes) + END + flows(f"start {keys} end"))
    with monkeypatch.context() as without, office.engine.unit_of_work(ENGINE) as uow:
        without.setattr(lint, "check", lambda *_, **__: [])
        repository.deploy(uow, {"p.bpmn": xml})
    return office.start(bill_id=str(a_bill(office.engine)))


def nothing(office: Office) -> None:
    """It happens by itself."""


def limit(do: str) -> str:
    return f'<troika:timeout><troika:step after="PT1H" do="{do}"/></troika:timeout>'


def advise(office: Office) -> None:
    office.act("bob", tasks.delegate, "eve", "?")
    office.act("eve", tasks.hand_back, "我同意")


def copy(office: Office) -> None:
    instance = office.items("bob")[0].instance_id
    office.do("ann", tasks.copy_to, instance, ["eve"])
    office.do("eve", tasks.read_copy, office.items("eve", "copied")[0].work_item_id)


def administer(office: Office) -> None:
    """What an administrator does with it: urge, hand over, suspend and set going again."""
    item = office.items("bob")[0]
    office.do("dan", tasks.urge, item.instance_id)
    office.do("dan", tasks.suspend, item.instance_id, "audit")
    office.do("dan", tasks.activate, item.instance_id)


WAYS: dict[str, tuple[tuple[str, ...], Callable[[Office], None]]] = {
    "auto_empty": ((fin('<troika:onEmpty do="autoPass"/>', users="gone"),), nothing),
    "auto_self": ((fin('<troika:onSelf do="skip"/>', users="ann"),), nothing),
    "auto_rule": ((fin('<troika:skipWhen value="= true"/>'),), nothing),
    "auto_dedupe, before": (
        (BEFORE, fin('<troika:dedupe mode="first"/>')), lambda office: office.act("bob", tasks.agree),
    ),
    "auto_dedupe, later": ((fin('<troika:dedupe mode="last"/>'), BEFORE), nothing),
    "auto_timeout, agree": ((fin(limit("agree")),), lambda office: office.later(hours=1)),
    "auto_timeout, reject": ((fin(limit("reject")),), lambda office: office.later(hours=1)),
    "auto_timeout, return": ((BEFORE, fin(limit("return"))), lambda office: (
        office.act("bob", tasks.agree), office.later(hours=1),
    )),
    "advice": ((fin(),), advise),
    "copy": ((fin(),), copy),
    "admin": ((fin(),), administer),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_what_no_person_has_decided_counts_for_no_policy(office, monkeypatch, way):
    nodes, happens = WAYS[way]

    instance = begin(office, monkeypatch, *nodes)
    happens(office)

    assert grants(office) == 0
    source = way.partition(",")[0]
    automatic = {
        fact.data.get("decision_source") for fact in office.facts(instance, "task.decided")
        if fact.node == "fin"
    }  # fmt: skip
    assert automatic == ({source} if source.startswith("auto_") and source != "auto_dedupe" else set())


def test_a_persons_yes_counts_once(office, monkeypatch):
    begin(office, monkeypatch, fin())

    office.act("bob", tasks.agree)

    assert grants(office) == 1


def test_a_decision_in_a_persons_name_without_his_act_is_found(office, monkeypatch):
    """The scan at the end of each scenario and of most tests is not blind."""
    instance = begin(office, monkeypatch, fin(limit("agree")))
    office.later(hours=1)
    [row] = office.rows(instance)
    lie = row._asdict() | {"id": uuid7(), "decision_source": int(Source.HUMAN), "decided_by": office.who["eve"].user_id}
    found: list[str] = []

    with office.engine.unit_of_work(ENGINE) as uow:
        assert list(unmade(uow, instance)) == []
        with suppress(ZeroDivisionError), uow.savepoint():
            uow.execute(insert(work_item), lie)
            found += unmade(uow, instance)
            raise ZeroDivisionError  # the lie is not kept

    assert len(found) == 1
