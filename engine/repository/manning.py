"""Who can approve what policies ask for, of those whom the drawings ask; kept from look to look, with since when."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select, update

from engine import dmn, identity, ids, policy
from engine.bpmn.program import Program
from engine.db import rows
from engine.db.audit import audit_tip
from engine.db.definition import Kind
from engine.db.policy import policy_look, policy_staffing
from engine.errors import N_, NotFound
from engine.findings import Finding, Level
from engine.identity import User
from engine.policy import Asking, Hold, Policy, Staffing
from engine.repository import asking, providing
from engine.repository.definitions import decision, programs_in_use
from engine.repository.reading import Reading
from engine.unit_of_work import UnitOfWork

RULE = "policy-understaffed"
SCOPES = ("identity", "policy", "deployment")
"""of the acts that may change who can approve"""
AT_LEAST = timedelta(days=1)
WATCHED = tuple(kind for kind in policy.STAFFING if kind not in policy.NOT_KNOWN)
"""kinds that can get worse"""
WORST = ("nobody", "away")
"""kinds of which is warned when something is put in force"""
WARNED = (*WORST, *policy.NOT_KNOWN)
"""kinds of which is warned when something is deployed"""

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
    uow: UnitOfWork, own: Collection[Program] = (), names: Collection[str] | None = None,
    kinds: Collection[str] = policy.STAFFING, models: Mapping[str, dmn.Model] | None = None,
) -> list[Staffing]:  # fmt: skip
    """`policy.staffing` with those whom each deployed process asks today.

    `own`: processes, with `models` by decision, that stand in the place of deployed ones. `names`: only of these
    policies; `kinds`: only these.
    """
    return policy.staffing(uow, _askings(uow, own, models or {}), names, kinds, models)


def who_resolves(uow: UnitOfWork, hold: Hold) -> dict[str, list[User]]:
    """Approvals that a held operation lacks -> people whose yes would count, of those whom a process asks, by name.

    Raises NotFound or BusinessError when the document is gone.
    """
    if hold.instance_id is None:
        return {}
    return policy.able(uow, hold, rows.read(uow, hold.instance_id), _askings(uow, (), {}))


def _askings(uow: UnitOfWork, own: Collection[Program], models: Mapping[str, dmn.Model]) -> list[Asking]:
    def model(key: str) -> dmn.Model | None:
        try:
            return models.get(key) or decision(uow, key)
        except NotFound:
            return None

    programs = (*own, *programs_in_use(uow, {one.process_id for one in own}))
    return asking.askings(uow, identity.everybody(uow), programs, model)


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
    looked = staffing(uow, kinds=WATCHED)
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


def short(uow: UnitOfWork, policies: Collection[str]) -> list[Staffing]:
    """What nobody can approve, or one person only, under these policies."""
    return staffing(uow, (), policies, WORST)


def warnings(uow: UnitOfWork, policies: Collection[Policy], reading: Reading) -> list[Finding]:
    """Of files about to be deployed: what is asked for cannot be approved, or hangs on one person, in their processes
    and in those whose people their decisions name or entitle; and what of that could not be looked at."""
    models = {found.key: found.content for found in reading.of(Kind.DECISION)}
    keys = {one.process_id for one in reading.programs}
    named = {one.process_id: asking.decided_by(one, models) for one in programs_in_use(uow, keys)} if models else {}
    decided = set[str]().union(*named.values())
    entitling = {one.id for one in policies if policy.asks_of(one, models)}
    names = entitling | providing.about(policies, list(reading.drawings.values()))
    names |= {one.id for one in policies if any(need.approval in decided for need in one.asked)}
    if not names:
        return []
    keys |= {key for key, found in named.items() if found}
    paths = {found.key: found.path for found in reading.of(Kind.PROCESS)}
    return [
        _warning(one, paths) for one in staffing(uow, reading.programs, names, WARNED, models)
        if not one.processes or keys.intersection(one.processes) or (one.policy in entitling and one.kind in WORST)
    ]  # fmt: skip


def _warning(one: Staffing, paths: Mapping[str, str]) -> Finding:
    """`paths`: of the processes whose drawings are looked at."""
    path = next((paths[key] for key in one.processes if key in paths), "") if one.element else ""
    text, facts = one.sentence
    element = one.element if path else None
    if one.kind in policy.NOT_KNOWN:
        return Finding(
            "policy-staffing-unread", Level.WARN, element, text, dict(facts), _UNREAD_HINTS[one.kind], resource=path
        )
    return Finding(RULE, Level.WARN, element, text, dict(facts), _HINT, resource=path)


_HINT = N_("Let more people approve it: the page of duties shows who may.")
_UNREAD_HINTS = {
    "data": N_("Name people, a group or a table there, or see to it that whoever is named is entitled."),
    "cut": N_("Look at the others on the page of the policy, or compare with fewer values."),
}
