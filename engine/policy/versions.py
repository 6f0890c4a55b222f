"""Policies in force as versions: proposed by one person, put in force by another, never changed afterwards."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from engine import audit, history, identity, ids, outbox
from engine.audit import verifier
from engine.db.policy import policy_version
from engine.errors import (
    N_,
    Forbidden,
    InvalidPolicy,
    NotFound,
    Phrase,
    PolicyNotThere,
    SecondPersonNeeded,
    Term,
    WeakerPolicy,
    restored,
    stored,
)  # fmt: skip
from engine.policy import revoking, statement
from engine.policy.statement import Policy
from engine.policy.weakening import Sentence, weakening
from engine.unit_of_work import UnitOfWork
from engine.values import blank

CAPABILITY = "policy"
"""of controllers, who state policies"""
AUDIT = "audit"
"""of auditors, who read everything and are told what became weaker"""
SCOPE = "policy"
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""A shipped policy holds for every business date, also on a moved clock."""
SUBJECT = "policy_version"

_insert = insert(policy_version)
_by_id = select(policy_version).where(policy_version.c.id == bindparam("of")).with_for_update()
_of_policy = (
    select(policy_version)
    .where(policy_version.c.policy_id == bindparam("of"))
    .order_by(policy_version.c.version.desc())
    .with_for_update()
)
# asks for no time: since a unit of work began the next version may have come, or the clock may have been set back, and
# the policy would be in force in neither version
_in_force = select(policy_version).where(policy_version.c.state == "active").order_by(policy_version.c.policy_id)
_all = select(policy_version).order_by(policy_version.c.policy_id, policy_version.c.version.desc())
_change = update(policy_version).where(policy_version.c.id == bindparam("row"))


@dataclass(frozen=True, slots=True)
class Version:
    """One row. `differences`: what it asks less than the version before, as (template, facts)."""

    id: UUID
    policy: Policy
    number: int
    state: str
    """proposed | active | retired"""
    source: str
    """shipped | people"""
    valid_from: datetime
    valid_to: datetime | None
    proposed_by: UUID | None
    approved_by: UUID | None
    weakens: bool
    differences: tuple[Sentence, ...]
    reason: str
    confirmed_by: UUID | None
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    retired_by: UUID | None
    retire_reason: str | None

    @property
    def left(self) -> bool:
        """Whether it is out of force because people wanted it so."""
        return self.state == "retired" and self.retired_by is not None

    @property
    def weaker(self) -> bool:
        """Whether less is asked because it came, or because it left: an auditor has to see that."""
        came = self.approved_by is not None or self.source == "shipped"
        return self.left or (self.weakens and came)

    @property
    def seen(self) -> bool:
        """Whether an auditor has seen that, as it stands now: one that left since has to be seen again."""
        if self.reviewed_at is None:
            return False
        return not self.left or self.valid_to is None or self.reviewed_at >= self.valid_to

    @property
    def confirmed(self) -> bool:
        """Whether people stand behind it: a shipped one counts from the start, but somebody should read it."""
        return self.source == "people" or self.confirmed_by is not None

    @property
    def name(self) -> str:
        """What grants and clearances call it."""
        return f"{self.policy.id}@{self.number}"


# ---------------------------------------------------------------- reading


def in_force(uow: UnitOfWork) -> list[Policy]:
    """All policies in force now, by id."""
    return [version.policy for version in versions_in_force(uow)]


def versions_in_force(uow: UnitOfWork) -> list[Version]:
    """Their versions, read once per unit of work."""
    known: list[Version] | None = uow.cache.get((__name__, "in_force"))
    if known is None:
        rows = uow.read(_in_force)
        known = uow.cache[__name__, "in_force"] = [_version(uow, row) for row in rows]
    return known


def version(uow: UnitOfWork, version_id: UUID) -> Version:
    """One version. Raises NotFound."""
    return _version(uow, _row(uow, version_id))


def all_versions(uow: UnitOfWork, policy_id: str | None = None) -> list[Version]:
    """All versions, or those of one policy, by policy and newest first."""
    found = [_version(uow, row) for row in uow.read(_all)]
    return [one for one in found if policy_id in (None, one.policy.id)]


def named(uow: UnitOfWork, names: Iterable[str]) -> list[Version]:
    """The versions that grants and clearances call e.g. `PAY-001@2`; older ones are read once per unit of work."""
    known = {one.name: one for one in versions_in_force(uow)}
    if not known.keys() >= set(names):
        if (__name__, "named") not in uow.cache:
            uow.cache[__name__, "named"] = {one.name: one for one in all_versions(uow)}
        known = uow.cache[__name__, "named"]
    return [known[name] for name in names if name in known]


def to_review(uow: UnitOfWork) -> list[Version]:
    """Versions by which something became weaker, or that left without a successor, and that no auditor has seen yet."""
    return [one for one in all_versions(uow) if one.weaker and not one.seen]


def export(uow: UnitOfWork) -> str:
    """The policies in force as YAML, which `propose` reads."""
    return statement.write(in_force(uow))


def stated(version: Version) -> str:
    """The statement of one version as text."""
    return statement.write([version.policy])


def differs(uow: UnitOfWork, text: str) -> list[str]:
    """Ids of the policies of `text` (YAML) that are not in force as they stand there. Raises InvalidPolicy."""
    now = {policy.id: policy for policy in in_force(uow)}
    return [policy.id for policy in statement.read(text) if now.get(policy.id) != policy]


# ---------------------------------------------------------------- set-up


def ship(uow: UnitOfWork, text: str) -> list[str]:
    """Put the policies of `text` (YAML) in force; returns the ids that changed.

    For set-up: source `shipped`, until a controller confirms it or people activate their own. From then on the file is
    a proposal (`differs`, `propose`) and changes nothing here. Raises InvalidPolicy.
    """
    changed = []
    for policy in statement.read(text):
        rows = uow.execute(_of_policy, {"of": policy.id}).all()
        if any(row.approved_by is not None or row.confirmed_by is not None for row in rows):
            continue
        active = next((row for row in rows if row.state == "active"), None)
        before = None if active is None else _version(uow, active).policy
        if before == policy:
            continue
        _retire_row(uow, active)
        differences = weakening(before, policy)
        number = rows[0].version + 1 if rows else 1
        row = _values(policy, number, "shipped", differences)
        row |= {"state": "active", "valid_from": uow.now if rows else ALWAYS}
        uow.execute(_insert, row)
        history.act(
            uow, SCOPE, "policy.activated",
            {
                "policy": policy.id, "version": number, "origin": "shipped", "weakens": _told(differences),
                "row": audit.sealed_version(row), "now": audit.settled_version(uow, row["id"]),
                "valid_from": verifier.instant(row["valid_from"]),
            },
        )  # fmt: skip
        if differences and before is not None:
            outbox.plan_policy(uow, row["id"], "activated")
        changed.append(policy.id)
    _forget(uow)
    return changed


# ---------------------------------------------------------------- the acts of two people


def propose(uow: UnitOfWork, text: str, reason: str = "") -> list[Version]:
    """Propose the policies of `text` (YAML) that differ from those in force; an open proposal of the actor is replaced.

    Raises InvalidPolicy, WeakerPolicy (asks less, and no `reason`), Forbidden, PolicyNotThere (somebody else's proposal
    is open).
    """
    person = _controller(uow)
    made = []
    for policy in statement.read(text):
        _check_class(policy)
        rows = uow.execute(_of_policy, {"of": policy.id}).all()
        active = next((row for row in rows if row.state == "active"), None)
        before = None if active is None else _version(uow, active).policy
        if before == policy:
            continue
        check_class(before, policy)
        for row in rows:
            if row.state == "proposed":
                if row.proposed_person_id != person:
                    raise PolicyNotThere(
                        policy=Term("policy", policy.id),
                        version=row.version,
                        expected=N_("decided first"),
                        found=N_("proposed"),
                    )
                _withdraw(uow, row, "replaced")
        differences = weakening(before, policy)
        _need_reason(policy.id, differences, reason)
        number = rows[0].version + 1 if rows else 1
        values = _values(policy, number, "people", differences) | {
            "state": "proposed", "valid_from": uow.now, "proposed_by": uow.actor.user_id,
            "proposed_person_id": person, "proposed_at": uow.now, "reason": reason.strip(),
        }  # fmt: skip
        uow.execute(_insert, values)
        data = {"policy": policy.id, "version": number, "weakens": _told(differences),
                "row": audit.sealed_version(values), "now": audit.settled_version(uow, values["id"])}  # fmt: skip
        history.act(uow, SCOPE, "policy.proposed", data, texts={"reason": reason.strip()})
        outbox.plan_policy(uow, values["id"], "proposed")
        made.append(version(uow, values["id"]))
    return made


def withdraw(uow: UnitOfWork, version_id: UUID, reason: str = "") -> None:
    """Take a proposal back, or turn it down. Raises PolicyNotThere, Forbidden."""
    _controller(uow)
    row = _expect(uow, version_id, "proposed")
    _withdraw(uow, row, reason)


def check_activation(uow: UnitOfWork, version_id: UUID) -> Version:
    """The proposal as the actor may put it in force, compared with what is in force now.

    Raises PolicyNotThere, SecondPersonNeeded, WeakerPolicy, InvalidPolicy, Forbidden.
    """
    person = _controller(uow)
    row = _expect(uow, version_id, "proposed")
    if person == row.proposed_person_id or uow.actor.user_id == row.proposed_by:
        raise _second(uow, row.policy_id, row.version)
    found = _version(uow, row)
    _check_class(found.policy)
    _need_reason(row.policy_id, weakening(_active(uow, row.policy_id), found.policy), row.reason)
    return found


def activate(uow: UnitOfWork, version_id: UUID) -> Version:
    """Put a proposal in force in place of the version before; another person than the proposer.

    Callers outside this room use `repository.activate_policy`, which proves every definition again. Raises as
    `check_activation`.
    """
    found = check_activation(uow, version_id)
    before = _active_row(uow, found.policy.id)
    differences = weakening(None if before is None else _version(uow, before).policy, found.policy)
    _retire_row(uow, before)
    uow.execute(
        _change,
        {
            "row": version_id, "state": "active", "valid_from": uow.now, "approved_by": uow.actor.user_id,
            "approved_person_id": _person(uow), "weakens": bool(differences),
            "differences": _stored(differences),
        },
    )  # fmt: skip
    data = {"policy": found.policy.id, "version": found.number, "weakens": _told(differences),
            "proposed_by": str(found.proposed_by), "valid_from": verifier.instant(uow.now),
            "now": audit.settled_version(uow, version_id)}  # fmt: skip
    history.act(uow, SCOPE, "policy.activated", data, texts={"reason": found.reason})
    if differences:
        outbox.plan_policy(uow, version_id, "activated")
    _forget(uow)
    return version(uow, version_id)


def propose_retirement(uow: UnitOfWork, policy_id: str, reason: str) -> Version:
    """Ask another controller to take a policy out of force for good; the reason is kept, and replaced by its author.

    Raises NotFound, WeakerPolicy (no `reason`), PolicyNotThere (somebody else has asked), Forbidden.
    """
    person = _controller(uow)
    row = _active_row(uow, policy_id)
    if row is None:
        raise NotFound(kind="policy in force", key=policy_id)
    if row.retired_person_id not in (None, person):
        raise PolicyNotThere(
            policy=Term("policy", policy_id), version=row.version,
            expected=N_("decided first"), found=N_("proposed for retirement"),
        )  # fmt: skip
    _need_reason(policy_id, weakening(_version(uow, row).policy, None), reason)
    values = {"retired_by": uow.actor.user_id, "retired_person_id": person, "retire_reason": reason.strip()}
    uow.execute(_change, {"row": row.id, **values})
    data = {"policy": policy_id, "version": row.version, "now": audit.settled_version(uow, row.id)}
    history.act(uow, SCOPE, "policy.retirement_proposed", data, texts={"reason": reason.strip()})
    outbox.plan_policy(uow, row.id, "leaving")
    return version(uow, row.id)


def withdraw_retirement(uow: UnitOfWork, policy_id: str, reason: str = "") -> Version:
    """Take back that it should leave, or turn it down: it stays in force. Raises PolicyNotThere, Forbidden."""
    _controller(uow)
    row = _leaving(uow, policy_id)
    uow.execute(_change, {"row": row.id, "retired_by": None, "retired_person_id": None, "retire_reason": None})
    data = {"policy": policy_id, "version": row.version, "proposed_by": str(row.retired_by),
            "now": audit.settled_version(uow, row.id)}  # fmt: skip
    history.act(uow, SCOPE, "policy.retirement_withdrawn", data, texts={"reason": reason.strip()})
    _forget(uow)
    return version(uow, row.id)


def retire(uow: UnitOfWork, policy_id: str) -> Version:
    """Take a policy out of force, as another person proposed. Raises PolicyNotThere, SecondPersonNeeded, Forbidden."""
    person = _controller(uow)
    row = _leaving(uow, policy_id)
    if person == row.retired_person_id or uow.actor.user_id == row.retired_by:
        raise _second(uow, policy_id, row.version)
    _retire_row(uow, row)
    differences = weakening(_version(uow, row).policy, None)
    uow.execute(_change, {"row": row.id, "differences": _stored(differences)})
    data = {"policy": policy_id, "version": row.version, "weakens": _told(differences),
            "proposed_by": str(row.retired_by), "valid_to": verifier.instant(uow.now),
            "now": audit.settled_version(uow, row.id)}  # fmt: skip
    history.act(uow, SCOPE, "policy.retired", data, texts={"reason": row.retire_reason or ""})
    outbox.plan_policy(uow, row.id, "retired")
    revoking.of_retired(uow, policy_id)
    _forget(uow)
    return version(uow, row.id)


def confirm(uow: UnitOfWork, version_id: UUID) -> Version:
    """A controller has read a shipped policy and stands behind it: from now on the file changes nothing.

    Raises PolicyNotThere, Forbidden.
    """
    _controller(uow)
    row = _expect(uow, version_id, "active")
    if row.source != "shipped" or row.confirmed_by is not None:
        raise PolicyNotThere(
            policy=Term("policy", row.policy_id),
            version=row.version,
            expected=N_("shipped and not confirmed"),
            found=N_("confirmed"),
        )
    uow.execute(_change, {"row": row.id, "confirmed_by": uow.actor.user_id, "confirmed_at": uow.now})
    data = {"policy": row.policy_id, "version": row.version, "now": audit.settled_version(uow, row.id)}
    history.act(uow, SCOPE, "policy.confirmed", data)
    _forget(uow)
    return version(uow, version_id)


def review(uow: UnitOfWork, version_id: UUID) -> Version:
    """An auditor, neither proposer nor activator, has seen that a policy became weaker.

    Raises PolicyNotThere (not one of `to_review`), SecondPersonNeeded, Forbidden.
    """
    identity.require(uow, AUDIT)
    row = _row(uow, version_id)
    found = _version(uow, row)
    if not found.weaker or found.seen:
        raise PolicyNotThere(
            policy=Term("policy", row.policy_id), version=row.version,
            expected=N_("in force or left, weaker, and not seen by an auditor"), found=_standing(found),
        )  # fmt: skip
    person = _person(uow)
    if person is None or person in (row.proposed_person_id, row.approved_person_id, row.retired_person_id):
        raise _second(uow, row.policy_id, row.version)
    uow.execute(_change, {"row": row.id, "reviewed_by": uow.actor.user_id, "reviewed_at": uow.now})
    data = {"policy": row.policy_id, "version": row.version, "now": audit.settled_version(uow, row.id)}
    history.act(uow, SCOPE, "policy.reviewed", data)
    return version(uow, version_id)


# ---------------------------------------------------------------- private


def _controller(uow: UnitOfWork) -> UUID:
    """The person who acts: the engine, a job or a service account state no policies. Raises Forbidden."""
    identity.require(uow, CAPABILITY)
    person = _person(uow)
    if person is None:
        raise Forbidden(actor=N_("An account without a person"), act=CAPABILITY)
    return person


def _person(uow: UnitOfWork) -> UUID | None:
    return identity.persons(uow, [uow.actor.user_id]).get(uow.actor.user_id) if uow.actor.user_id else None


def _second(uow: UnitOfWork, policy_id: str, number: int) -> SecondPersonNeeded:
    names = identity.names(uow, [uow.actor.user_id])
    what = Phrase(N_("{policy}, version {version}"), policy=Term("policy", policy_id), version=number)
    return SecondPersonNeeded(actor=next(iter(names.values()), "?"), what=what)


def check_class(before: Policy | None, wanted: Policy) -> None:
    """Raise InvalidPolicy when a version speaks about another class than the one before it."""
    if before is not None and before.on != wanted.on:
        expected = Phrase(N_("on: {on}, as until now; a policy about another class has another number"), on=before.on)
        raise InvalidPolicy(policy=wanted.id, expected=expected, found=wanted.on)


def _check_class(policy: Policy) -> None:
    """A policy about what nothing enforces would be in force for nothing."""
    if policy.on not in statement.enforced():
        expected = N_("a class of an operation that there is: nothing would ask this policy")
        raise InvalidPolicy(policy=policy.id, expected=expected, found=Term("class", policy.on))


def _need_reason(policy_id: str, differences: list[Sentence], reason: str) -> None:
    if differences and blank(reason):
        raise WeakerPolicy(policy_id, differences)


def _values(policy: Policy, number: int, source: str, differences: Sequence[Sentence]) -> dict[str, Any]:
    return {
        "id": ids.uuid7(), "policy_id": policy.id, "version": number, "operation_class": policy.on,
        "statement": dict(policy.text), "source": source, "weakens": bool(differences),
        "differences": _stored(differences), "min_people": policy.min_people,
        "break_glass": policy.break_glass is not None,
    }  # fmt: skip


def _active_row(uow: UnitOfWork, policy_id: str) -> Any:
    return next((row for row in uow.execute(_of_policy, {"of": policy_id}) if row.state == "active"), None)


def _leaving(uow: UnitOfWork, policy_id: str) -> Any:
    """The version that somebody wants out of force. Raises PolicyNotThere."""
    row = _active_row(uow, policy_id)
    if row is None or row.retired_by is None:
        raise PolicyNotThere(
            policy=Term("policy", policy_id), version="-" if row is None else row.version,
            expected=N_("proposed for retirement"), found=N_("retired") if row is None else row.state,
        )  # fmt: skip
    return row


def _active(uow: UnitOfWork, policy_id: str) -> Policy | None:
    row = _active_row(uow, policy_id)
    return None if row is None else _version(uow, row).policy


def _retire_row(uow: UnitOfWork, row: Any) -> None:
    if row is not None:
        uow.execute(_change, {"row": row.id, "state": "retired", "valid_to": uow.now})


def _withdraw(uow: UnitOfWork, row: Any, reason: str) -> None:
    uow.execute(_change, {"row": row.id, "state": "retired", "valid_to": uow.now})
    data = {"policy": row.policy_id, "version": row.version, "valid_to": verifier.instant(uow.now),
            "now": audit.settled_version(uow, row.id)}  # fmt: skip
    history.act(uow, SCOPE, "policy.withdrawn", data, texts={"reason": reason.strip()})


def _row(uow: UnitOfWork, version_id: UUID) -> Any:
    row = uow.execute(_by_id, {"of": version_id}).first()
    if row is None:
        raise NotFound(kind="policy version", key=version_id)
    return row


def _expect(uow: UnitOfWork, version_id: UUID, state: str) -> Any:
    row = _row(uow, version_id)
    if row.state != state:
        raise PolicyNotThere(policy=Term("policy", row.policy_id), version=row.version, expected=state, found=row.state)
    return row


def _standing(one: Version) -> str:
    """Why an auditor has nothing to see of a version."""
    if one.weaker:
        return N_("seen by an auditor")
    return one.state if one.state == "proposed" else N_("no weaker")


def _told(differences: Sequence[Sentence]) -> list[str]:
    return [text.format(**facts) for text, facts in differences]


def _version(uow: UnitOfWork, row: Any) -> Version:
    """A version's statement never changes: it is read once per process."""
    policy: Policy | None = uow.shared.get((__name__, row.id))
    if policy is None:
        policy = uow.shared[__name__, row.id] = statement.parse(row.statement)
    return Version(
        row.id, policy, row.version, row.state, row.source, row.valid_from, row.valid_to, row.proposed_by,
        row.approved_by, bool(row.weakens), tuple(_sentence(one) for one in row.differences or ()), row.reason,
        row.confirmed_by, row.reviewed_by, row.reviewed_at, row.retired_by, row.retire_reason,
    )  # fmt: skip


def _sentence(stored: Sequence[Any]) -> Sentence:
    text, facts = stored
    return text, {name: restored(fact) for name, fact in facts.items()} if isinstance(facts, Mapping) else {}


def _stored(sentences: Sequence[Sentence]) -> list[Any]:
    return [[text, {name: stored(fact) for name, fact in facts.items()}] for text, facts in sentences]


def _forget(uow: UnitOfWork) -> None:
    uow.cache.pop((__name__, "in_force"), None)
