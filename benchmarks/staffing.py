"""Who is missing for the policies, and who could approve for himself, in a company of thousands.

python -m benchmarks.staffing [PEOPLE]      2,000 people, CPU time of one look, with statements and findings
"""

import sys
from collections import Counter
from datetime import UTC, datetime

from sqlalchemy import insert

from benchmarks import databases
from benchmarks.measure import timed
from engine import identity, policy, repository
from engine.clock import FrozenClock
from engine.db.identity import membership, org_unit, user_account
from engine.ids import uuid7
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.engine.policy.test_gate import APPROVE

PEOPLE = 2000
TEAM = 12
"""people of a department, its head among them"""
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
STEPS = [500, 1000, 5000, 20000, 50000, 100000]
NAMED = '<zeebe:assignmentDefinition candidateUsers="fay,cfo"/>'
STRATEGIES = {
    "role": '<troika:assignment strategy="role" role="finance"/>',
    "position": '<troika:assignment strategy="position" position="主管"/>',
    "manager": '<troika:assignment strategy="initiatorManager"/>',
    "chain": '<troika:assignment strategy="deptLeaderChain" to="3"/>',
    "all of them": "",
}


def stated(eligible: str) -> str:
    """A policy with as many limits as people write, in three currencies."""
    limits = " or ".join(f"facts.amount >= {step}" for step in STEPS)
    return f"""
- id: REF-001
  title: 先审批，后退款
  on: refund.execute
  require:
    - {{approval: finance_approval, eligible: '= {eligible} and ({limits} or facts.amount < 500)',
       when: '= facts.kind in ("a", "b", "c")'}}
    - {{approval: cfo_approval, when: '= facts.amount >= 20000 or facts.currency in ("USD", "EUR", "CNY")'}}
  distinct: [requester, approver]
  binds: [amount, payee]
"""


def main(wanted: int) -> None:
    """On SQLite, which is where the least of it is the database's."""
    with databases.sqlite(FrozenClock(MONDAY)) as engine:
        populate(engine, wanted)
        for of, eligible in (("roles", 'list contains(actor.roles, "finance")'), ("login", 'actor.login != "u7"')):
            for name, assigned in STRATEGIES.items():
                look(engine, f"{name}, entitled by {of}", stated(eligible), assigned)


def populate(engine: ProcessEngine, wanted: int) -> None:
    """Teams under areas under the company, each with a head; one in a hundred is of finance."""
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "process_admin", "流程管理员")
        finance = identity.create_group(uow, "finance", "财务").id
        company, units = uuid7(), [uuid7() for _ in range(0, wanted, TEAM)]
        areas = [uuid7() for _ in range(8)]
        people = [uuid7() for _ in range(wanted)]
        rows = [(company, None, people[0]), *((area, company, people[1 + n]) for n, area in enumerate(areas))]
        rows += [(unit, areas[n % 8], people[n * TEAM]) for n, unit in enumerate(units)]
        accounts = [
            {"id": key, "login": f"u{n}", "name": f"User {n}", "person_id": key, "org_unit_id": units[n // TEAM],
             "position": "主管" if n % TEAM == 0 else "职员", "created_at": uow.now}
            for n, key in enumerate(people)
        ]  # fmt: skip
        uow.execute(
            insert(org_unit),
            [{"id": key, "key": f"d{n}", "name": f"D{n}", "name_en": "", "parent_id": above, "leader_id": None}
             for n, (key, above, _) in enumerate(rows)],
        )  # fmt: skip
        uow.execute(insert(user_account), accounts)
        for n, (_, _, head) in enumerate(rows):
            identity.set_leader(uow, f"d{n}", head)
        uow.execute(insert(membership), [{"group_id": finance, "user_id": key} for key in people[::100]])


def look(engine: ProcessEngine, name: str, text: str, assigned: str) -> None:
    """One look at everything that there is to be said."""
    drawn = [assigned] if assigned else [one for one in STRATEGIES.values() if one]
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, text)
        for info in repository.latest_all(uow):
            repository.retire(uow, info.key)
        files = {}
        for number in range(5):
            task = APPROVE.format(provides="finance_approval").replace(NAMED, drawn[number % len(drawn)])
            files[f"p{number}.bpmn"] = drawing(START + task + END + flows("start fin end"), process_id=f"p{number}")
        repository.deploy(uow, files)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        before = uow.statements
        with timed() as taken:
            found = repository.staffing(uow)
        kinds = ", ".join(f"{kind} {n}" for kind, n in Counter(one.kind for one in found).items())
        print(f"{name}: {taken.cpu:.2f} CPU-s, {uow.statements - before} statements; {kinds}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)
