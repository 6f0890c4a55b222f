"""Who can approve what policies ask for, of those whom the drawings ask; kept from look to look, with since when."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from engine import identity, ids, policy
from engine.bpmn.model import Assignees, Definition
from engine.db.audit import audit_tip
from engine.db.policy import policy_look, policy_staffing
from engine.errors import N_
from engine.findings import Finding, Level
from engine.identity import Everybody
from engine.policy import Policy, Staffing
from engine.repository import providing
from engine.repository.definitions import drawings_in_use
from engine.unit_of_work import UnitOfWork

RULE = "policy-understaffed"
SCOPES = ("identity", "policy", "deployment")
"""of the acts that may change who can approve"""
AT_LEAST = timedelta(days=1)
WORST = ("nobody", "away")
"""kinds of which is warned when something is deployed or put in force"""

_tips = select(audit_tip.c.scope, audit_tip.c.seq).where(audit_tip.c.scope.in_(SCOPES)).order_by(audit_tip.c.scope)
_last = select(policy_look)
_standing = select(policy_staffing.c.id, policy_staffing.c.mark, policy_staffing.c.since).where(
    policy_staffing.c.ended_at.is_(None)
)
_insert = insert(policy_staffing)
_insert_look = insert(policy_look)
_look_again = update(policy_look).values(looked_at=bindparam("at_time"), tips=bindparam("seen"))
_end = update(policy_staffing).where(policy_staffing.c.id == bindparam("row")).values(ended_at=bindparam("at_time"))


def staffing(
    uow: UnitOfWork, own: Collection[Definition] = (), names: Collection[str] | None = None,
    kinds: Collection[str] = policy.STAFFING,
) -> list[Staffing]:  # fmt: skip
    """`policy.staffing` with those whom the deployed drawings ask: named people and members of named groups.

    `own`: drawings that stand in the place of deployed ones. `names`: only of these policies; `kinds`: only these.
    """
    everybody = identity.everybody(uow)
    asked: dict[str, set[UUID] | None] = {}
    keys = {process.id for one in own for process in one.processes}
    for one in (*own, *drawings_in_use(uow, keys)):
        for process in one.processes:
            for node in process.all_nodes():
                mark, people = node.extensions.policy, node.extensions.assignees
                if mark is None:
                    continue
                listed = None if people is None or node.extensions.strategy is not None else _named(everybody, people)
                known = asked.get(mark.provides, set())
                asked[mark.provides] = None if listed is None or known is None else known | listed
    candidates = {name: frozenset(found) for name, found in asked.items() if found is not None}
    return policy.staffing(uow, candidates, names, kinds)


def _named(everybody: Everybody, people: Assignees) -> set[UUID] | None:
    """None when an expression decides who is asked."""
    if any((text or "").startswith("=") for text in (people.assignee, people.users, people.groups)):
        return None
    return everybody.named(_split(f"{people.assignee or ''},{people.users or ''}"), _split(people.groups or ""))


def _split(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def watch(uow: UnitOfWork) -> list[Staffing]:
    """Look once a day, and when people, policies or drawings have changed; what is so now and was not before.

    The first look of all finds nothing new: it is what others are compared with.
    """
    seen = [[row.scope, row.seq] for row in uow.execute(_tips)]
    last = uow.execute(_last).one_or_none()
    if last is not None and last.tips == seen and uow.now - last.looked_at < AT_LEAST:
        return []
    uow.alone("policy staffing")
    last = uow.execute(_last).one_or_none()  # another look may have been the first of all meanwhile
    found = {one.mark: one for one in staffing(uow)}
    known = {row.mark: row.id for row in uow.execute(_standing)}
    new = [one for mark, one in found.items() if mark not in known]
    uow.queue(_insert, [_row(uow, one) for one in new])
    uow.queue(_end, [{"row": key, "at_time": uow.now} for mark, key in known.items() if mark not in found])
    if last is None:
        uow.execute(_insert_look, {"id": 1, "looked_at": uow.now, "tips": seen})
        return []
    uow.execute(_look_again, {"at_time": uow.now, "seen": seen})
    return new


def _row(uow: UnitOfWork, one: Staffing) -> dict[str, object]:
    text, facts = one.sentence
    return {
        "id": ids.uuid7(), "policy_id": one.policy, "mark": one.mark, "kind": one.kind,
        "sentence": [text, {name: str(value) for name, value in facts.items()}], "since": uow.now, "ended_at": None,
    }  # fmt: skip


def since(uow: UnitOfWork) -> dict[str, datetime]:
    """By `Staffing.mark`: when it was first seen. What no look has seen yet is not in it."""
    return {row.mark: row.since for row in uow.execute(_standing)}


def short(uow: UnitOfWork, policies: Collection[str], own: Collection[Definition] = ()) -> list[Staffing]:
    """What nobody can approve, or one person only, under these policies. `own`: drawings about to be deployed."""
    return staffing(uow, own, policies, WORST)


def warnings(uow: UnitOfWork, policies: Collection[Policy], own: Collection[Definition]) -> list[Finding]:
    """Of drawings: what they ask for cannot be approved, or hangs on one person."""
    names = providing.about(policies, own)
    if not names:
        return []
    return [
        Finding(RULE, Level.WARN, None, one.sentence[0], dict(one.sentence[1]), _HINT) for one in short(uow, names, own)
    ]


_HINT = N_("Let more people approve it: the page of duties shows who may.")
