"""Who can approve what policies ask for, of those whom the drawings ask; kept from look to look, with since when."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from engine import feel, identity, ids, policy
from engine.bpmn import chosen
from engine.bpmn.model import Definition, Extensions, Process
from engine.db import rows
from engine.db.audit import audit_tip
from engine.db.policy import policy_look, policy_staffing
from engine.errors import N_, Title
from engine.findings import Finding, Level
from engine.identity import Everybody, User
from engine.policy import Asking, Hold, Policy, Staffing
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


_USERS, _GROUPS = "users", "groups"
_STRATEGIES = {
    "user": dict.fromkeys(("users", "user", "ids"), _USERS),
    **dict.fromkeys(
        ("role", "userGroup"),
        dict.fromkeys(("groups", "group", "roles", "role", "userGroup", "id", "ids"), _GROUPS),
    ),
}
"""Strategies that may be told beforehand: parameter -> whom it names."""


def staffing(
    uow: UnitOfWork, own: Collection[Definition] = (), names: Collection[str] | None = None,
    kinds: Collection[str] = policy.STAFFING,
) -> list[Staffing]:  # fmt: skip
    """`policy.staffing` with those whom each deployed process asks: named people and members of named groups.

    `own`: drawings that stand in the place of deployed ones. `names`: only of these policies; `kinds`: only these.
    """
    everybody = identity.everybody(uow)
    keys = {process.id for one in own for process in one.processes}
    drawn = [process for one in (*own, *drawings_in_use(uow, keys)) for process in one.processes]
    return policy.staffing(uow, [_asking(everybody, process) for process in drawn], names, kinds)


def who_resolves(uow: UnitOfWork, hold: Hold) -> dict[str, list[User]]:
    """Approvals that a held operation lacks -> people whose yes would count, of those whom a process asks, by name.

    Raises NotFound or BusinessError when the document is gone.
    """
    if hold.instance_id is None:
        return {}
    everybody = identity.everybody(uow)
    drawn = [process for one in drawings_in_use(uow) for process in one.processes]
    askings = [_asking(everybody, process) for process in drawn]
    return policy.able(uow, hold, rows.read(uow, hold.instance_id), askings)


def _asking(everybody: Everybody, process: Process) -> Asking:
    asked: dict[str, frozenset[UUID] | None] = {}
    for node in process.all_nodes():
        if node.extensions.policy is not None:
            provided, listed = node.extensions.policy.provides, _listed(everybody, node.extensions)
            known = asked.get(provided, frozenset())
            asked[provided] = None if listed is None or known is None else known | listed
    return Asking(process.id, Title(process.name or process.id, process.extensions.labels), asked)


def _listed(everybody: Everybody, drawn: Extensions) -> frozenset[UUID] | None:
    """Whom a task asks; None when the requester or data decide that."""
    texts: list[tuple[str | None, str | None]]
    if drawn.strategy is not None:
        kinds = _STRATEGIES.get(drawn.strategy.name)
        if kinds is None:
            return None
        texts = [(kinds.get(one.name), one.value) for one in drawn.strategy.parameters]
    elif drawn.assignees is None:
        return None
    elif drawn.assignees.assignee is not None:
        texts = [(_USERS, drawn.assignees.assignee)]
    else:
        texts = [(_USERS, drawn.assignees.users), (_GROUPS, drawn.assignees.groups)]
    names: dict[str, list[str]] = {_USERS: [], _GROUPS: []}
    for kind, text in texts:
        values = _written(text or "")
        if kind is None or values is None:
            return None
        names[kind] += values
    found = everybody.named(names[_USERS], names[_GROUPS])
    if not found and drawn.on_empty is not None:
        rule, _, others = drawn.on_empty.partition(":")
        found = everybody.named(_split(others), ()) if rule == "users" else found
    return frozenset(found)


def _written(text: str) -> list[str] | None:
    """The names that a text or an expression may give; None when it takes them from data."""
    if not text.strip().startswith("="):
        return _split(text)
    try:
        values = chosen.constants(feel.compile(text.strip().removeprefix("=").strip()))
    except feel.FeelSyntaxError:  # which another finding says
        return None
    return None if values is None else [name for value in values for name in _split(str(value or ""))]


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
    looked = staffing(uow)
    found = {mark: one for one in looked for mark in one.marks}
    known = {row.mark: row.id for row in uow.execute(_standing)}
    rows = [_row(uow, mark, one) for mark, one in found.items() if mark not in known]
    new = [one for one in looked if not known.keys() >= set(one.marks)]
    uow.queue(_insert, rows)
    uow.queue(_end, [{"row": key, "at_time": uow.now} for mark, key in known.items() if mark not in found])
    if last is None:
        uow.execute(_insert_look, {"id": 1, "looked_at": uow.now, "tips": seen})
        return []
    uow.execute(_look_again, {"at_time": uow.now, "seen": seen})
    return new


def _row(uow: UnitOfWork, mark: str, one: Staffing) -> dict[str, object]:
    text, facts = one.sentence
    return {
        "id": ids.uuid7(), "policy_id": one.policy, "mark": mark, "kind": one.kind,
        "sentence": [text, {name: str(value) for name, value in facts.items()}], "since": uow.now, "ended_at": None,
    }  # fmt: skip


def since(uow: UnitOfWork) -> dict[str, datetime]:
    """By `Staffing.marks`: when each was first seen. What no look has seen yet is not in it."""
    return {row.mark: row.since for row in uow.execute(_standing)}


def short(uow: UnitOfWork, policies: Collection[str], own: Collection[Definition] = ()) -> list[Staffing]:
    """What nobody can approve, or one person only, under these policies. `own`: drawings about to be deployed."""
    return staffing(uow, own, policies, WORST)


def warnings(uow: UnitOfWork, policies: Collection[Policy], own: Collection[Definition]) -> list[Finding]:
    """Of drawings: what they ask for cannot be approved, or hangs on one person."""
    names = providing.about(policies, own)
    if not names:
        return []
    keys = {process.id for one in own for process in one.processes}
    return [
        Finding(RULE, Level.WARN, None, one.sentence[0], dict(one.sentence[1]), _HINT)
        for one in short(uow, names, own) if not one.processes or keys.intersection(one.processes)
    ]  # fmt: skip


_HINT = N_("Let more people approve it: the page of duties shows who may.")
