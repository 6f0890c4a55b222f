"""Break-glass: two people answer for one document in the place of its approvals, and a third one looks afterwards."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, or_, select, update

from engine import audit, history, identity, ids
from engine.db.instance import Instance
from engine.db.policy import ERASED, break_glass
from engine.errors import (
    N_,
    BreakGlassRefused,
    EngineError,
    Forbidden,
    InvalidValue,
    NotFound,
    SecondPersonNeeded,
    Term,
)  # fmt: skip
from engine.policy import grants, holding, versions
from engine.policy.gate import GLASS
from engine.policy.statement import BreakGlass
from engine.unit_of_work import UnitOfWork
from engine.values import blank, readable

REASON = 20
"""characters at least"""
SCOPE = "policy"
OPEN = ("asked", "signed")
"""states in which somebody still has to do something"""

_insert = insert(break_glass)
_by_id = select(break_glass).where(break_glass.c.id == bindparam("of")).with_for_update()
_open = or_(*(break_glass.c.state == word for word in OPEN))
_all = select(break_glass).order_by(_open.desc(), break_glass.c.id.desc()).limit(bindparam("most"))
_in_state = _all.where(break_glass.c.state == bindparam("state"))
_change = update(break_glass).where(break_glass.c.id == bindparam("row"))


@dataclass(frozen=True, slots=True)
class Emergency:
    """One row. `reason`: none where a law has deleted it.

    `state`: asked | signed | withdrawn | reviewed; a signed one stays open until a third person looks.
    """

    id: UUID
    policy_id: str
    instance_id: UUID
    subject_type: str
    subject_id: str
    facts: dict[str, Any]
    reason: str
    asked_by: UUID
    asked_at: datetime
    expires_at: datetime
    signed_by: tuple[UUID, ...]
    reviewed_by: UUID | None
    review: str | None
    state: str


def ask(
    uow: UnitOfWork, instance: Instance, policy_id: str, subject_type: str, subject_id: str, reason: str
) -> Emergency:
    """Ask two others to answer for a document as it is now; they sign with `sign`.

    `instance`: the locked one whose payment is held. Raises BreakGlassRefused (the policy does not allow it, or the
    reason is shorter than REASON characters), Forbidden.
    """
    asked_person = _person(uow)
    version = next((one for one in versions.versions_in_force(uow) if one.policy.id == policy_id), None)
    rule = None if version is None else version.policy.break_glass
    if version is None or rule is None:
        raise BreakGlassRefused(policy=Term("policy", policy_id), reason=N_("the policy in force does not allow it"))
    if len(readable(reason)) < REASON:
        raise BreakGlassRefused(policy=Term("policy", policy_id), reason=N_("the reason is too short"))
    found = grants.document(uow, subject_type, subject_id)
    key = ids.uuid7()
    row = {
        "id": key, "policy_id": policy_id, "policy_version_id": version.id, "instance_id": instance.id,
        "subject_type": found.type, "subject_id": found.id, "subject_digest": found.digest,
        "facts": found.facts.values, "reason": reason.strip(), "asked_by": uow.actor.user_id,
        "asked_person_id": asked_person, "asked_at": uow.now, "expires_at": uow.now + rule.expires, "state": "asked",
    }  # fmt: skip
    uow.execute(_insert, row)
    data = {"policy": policy_id, "row": audit.sealed_emergency(row), "now": audit.settled_emergency(uow, key)}
    _record(uow, instance, "policy.emergency_asked", key, rule, data, reason.strip())
    return get(uow, key)


def sign(uow: UnitOfWork, instance: Instance, emergency_id: UUID) -> Emergency:
    """Answer for the document; with the second person its two grants live until they expire, and audit is told.

    `instance`: that of the emergency, locked. Raises BreakGlassRefused (expired, or the document has changed, or the
    actor has a part in it that the policy keeps from approving), SecondPersonNeeded, Forbidden.
    """
    person = _person(uow)
    row = _expect(uow, emergency_id, "asked")
    version = versions.version(uow, row.policy_version_id)
    rule = version.policy.break_glass
    if version.state != "active" or rule is None:
        raise BreakGlassRefused(
            policy=Term("policy", row.policy_id), reason=N_("the policy in force does not allow it")
        )
    _check_role(uow, rule)
    found = grants.document(uow, row.subject_type, row.subject_id)
    if row.expires_at <= uow.now:
        raise BreakGlassRefused(policy=Term("policy", row.policy_id), reason=N_("it has expired"))
    if found.digest != row.subject_digest:
        raise BreakGlassRefused(
            policy=Term("policy", row.policy_id), reason=N_("the document has changed since it was asked for")
        )
    roles = grants.roles_of(uow, found, instance.starter_id, [instance.id])
    for role in grants.kept_away(version.policy):
        if person in roles.get(role, frozenset()):
            raise BreakGlassRefused(policy=Term("policy", row.policy_id), reason=Term("role", role))
    if row.first_by is None:
        uow.execute(
            _change,
            {"row": row.id, "first_by": uow.actor.user_id, "first_person_id": person, "first_at": uow.now},
        )  # fmt: skip
    elif person == row.first_person_id or uow.actor.user_id == row.first_by:
        raise _second(uow, row)
    else:
        uow.execute(
            _change,
            {
                "row": row.id, "second_by": uow.actor.user_id, "second_person_id": person, "second_at": uow.now,
                "state": "signed",
            },
        )  # fmt: skip
        _make_grants(uow, instance, get(uow, row.id), row, person, version.name)
    data = {"policy": row.policy_id, "now": audit.settled_emergency(uow, row.id)}
    _record(uow, instance, "policy.emergency_signed", row.id, rule, data, _words(row))
    return get(uow, row.id)


def withdraw(uow: UnitOfWork, emergency_id: UUID) -> None:
    """Nobody needs it any more; before the second person has signed. Raises BreakGlassRefused, Forbidden."""
    row = _expect(uow, emergency_id, "asked")
    if uow.actor.user_id not in (row.asked_by, row.first_by):
        identity.require(uow, versions.CAPABILITY)
    uow.execute(_change, {"row": row.id, "state": "withdrawn"})
    data = {"emergency": str(row.id), "policy": row.policy_id, "now": audit.settled_emergency(uow, row.id)}
    history.act(uow, SCOPE, "policy.emergency_withdrawn", data)


def review(uow: UnitOfWork, emergency_id: UUID, text: str) -> Emergency:
    """A third person, an auditor, has looked at what was done. Raises InvalidValue, SecondPersonNeeded, Forbidden."""
    identity.require(uow, versions.AUDIT)
    if blank(text):
        raise InvalidValue(expected=N_("what you found"), found=N_("nothing"))
    person = _person(uow)
    row = _expect(uow, emergency_id, "signed")
    if person in (row.first_person_id, row.second_person_id, row.asked_person_id):
        raise _second(uow, row)
    uow.execute(
        _change,
        {
            "row": row.id, "reviewed_by": uow.actor.user_id, "reviewed_person_id": person, "reviewed_at": uow.now,
            "review": text.strip(), "state": "reviewed",
        },
    )  # fmt: skip
    data = {"emergency": str(row.id), "policy": row.policy_id, "now": audit.settled_emergency(uow, row.id)}
    history.act(uow, SCOPE, "policy.emergency_reviewed", data, texts={"review": text.strip()})
    return get(uow, row.id)


def get(uow: UnitOfWork, emergency_id: UUID) -> Emergency:
    """Raises NotFound."""
    return _emergency(_row(uow, emergency_id))


def list_(uow: UnitOfWork, *, state: str | None = None, limit: int = 200) -> list[Emergency]:
    """What waits for somebody, then what is over, each the newest first; `state` signed: waits for a third person."""
    if state is not None:
        return [_emergency(row) for row in uow.read(_in_state, {"state": state, "most": limit})]
    return [_emergency(row) for row in uow.read(_all, {"most": limit})]


# ---------------------------------------------------------------- private


def _make_grants(uow: UnitOfWork, instance: Instance, made: Emergency, row: Any, second: UUID, version: str) -> None:
    rows = [
        {
            "id": ids.uuid7(), "instance_id": instance.id, "user_task_id": None, "work_item_id": None, "node": "",
            "capability": GLASS, "person_id": person, "account_id": account, "on_behalf_of_id": None, "source": GLASS,
            "break_glass_id": row.id, "subject_type": row.subject_type, "subject_id": row.subject_id,
            "subject_digest": row.subject_digest, "facts": made.facts, "used_amount": Decimal(0), "uses": "once",
            "policy_versions": [version], "granted_at": uow.now, "expires_at": row.expires_at, "state": "active",
        }
        for account, person in ((row.first_by, row.first_person_id), (uow.actor.user_id, second))
    ]  # fmt: skip
    grants.insert_grants(uow, instance, rows)


def _record(
    uow: UnitOfWork, instance: Instance, kind: str, key: UUID, rule: BreakGlass, data: dict[str, Any], reason: str
) -> None:
    """In both chains: that of the instance, from which people are told, and that of the policies."""
    told = holding.told(uow, (*rule.notify, versions.AUDIT))
    texts = {"reason": reason}
    history.record(uow, instance, kind, data={"emergency": str(key), "tell": told, **data}, texts=texts)
    history.act(uow, SCOPE, kind, {"emergency": str(key), "instance": str(instance.id), **data}, texts=texts)


def _check_role(uow: UnitOfWork, rule: BreakGlass) -> None:
    mine = {group.key for group in identity.groups_of(uow, uow.actor.user_id)} if uow.actor.user_id else set()
    if not mine & set(rule.roles):
        names = identity.names(uow, [uow.actor.user_id])
        raise Forbidden(actor=next(iter(names.values()), "Nobody"), act=", ".join(rule.roles))


def _person(uow: UnitOfWork) -> UUID:
    """The engine, a job or a service account answers for nothing. Raises Forbidden."""
    person = identity.persons(uow, [uow.actor.user_id]).get(uow.actor.user_id) if uow.actor.user_id else None
    if person is None:
        raise Forbidden(actor=N_("An account without a person"), act=GLASS)
    return person


def _second(uow: UnitOfWork, row: Any) -> EngineError:
    names = identity.names(uow, [uow.actor.user_id])
    return SecondPersonNeeded(actor=next(iter(names.values()), "?"), what=f"{row.policy_id} {row.subject_id}")


def _row(uow: UnitOfWork, emergency_id: UUID) -> Any:
    row = uow.execute(_by_id, {"of": emergency_id}).first()
    if row is None:
        raise NotFound(kind="emergency", key=emergency_id)
    return row


def _expect(uow: UnitOfWork, emergency_id: UUID, state: str) -> Any:
    row = _row(uow, emergency_id)
    if row.state != state:
        raise BreakGlassRefused(policy=Term("policy", row.policy_id), reason=row.state)
    return row


def _words(row: Any) -> str:
    """Why it was asked for; none where a law has deleted it."""
    return "" if row.reason == ERASED else str(row.reason)


def _emergency(row: Any) -> Emergency:
    signed = tuple(one for one in (row.first_by, row.second_by) if one is not None)
    return Emergency(
        row.id, row.policy_id, row.instance_id, row.subject_type, row.subject_id, row.facts, _words(row), row.asked_by,
        row.asked_at, row.expires_at, signed, row.reviewed_by, row.review, row.state,
    )  # fmt: skip
