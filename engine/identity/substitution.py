"""代理: who acts for whom, for a time, within limits; who judges it, and when it is over."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, insert, or_, select, update

from engine import history, ids, outbox
from engine.db.identity import membership, substitution, substitution_told, user_account
from engine.errors import N_, Forbidden, InvalidSubstitution, InvalidValue, NotFound
from engine.identity.organisation import management_line
from engine.identity.people import SCOPE, User, names, persons, user
from engine.identity.permissions import may, people_who_may, require
from engine.unit_of_work import UnitOfWork
from engine.values import HOME_CURRENCY, blank, canonical_json, sha256

LONGEST_ALONE = timedelta(days=30)
"""a substitution for longer needs the word of the principal's manager"""
LARGEST_AMOUNT = Decimal(10) ** 18
_ACTING = "acts for"
_NEEDS_A_WORD = N_(
    "it would then be longer or larger than somebody may decide alone: set another one that begins when this one ends,"
    " it waits for the manager"
)
_acting_for = (
    select(substitution)
    .where(
        substitution.c.substitute_id == bindparam("of"),
        substitution.c.state == "active",
        substitution.c.valid_from <= bindparam("at"),
        substitution.c.valid_to > bindparam("at"),
    )
    .order_by(substitution.c.principal_id, substitution.c.id)
)


@dataclass(frozen=True, slots=True)
class Substitution:
    """`substitute_id` may act for `principal_id` in [valid_from, valid_to).

    `scope`: all | processes | categories, with the keys in `names`. `max_amount`, in the currency of the books:
    requests over it, or in another currency, stay with the principal; `include_open` False: so does what was asked
    before it began. `state`: pending (one of `judges_of` has to say yes) | active | refused | revoked. `confirm`: what
    the substitute decides counts when the principal has confirmed it; `unconfirmed`: without an answer in time it
    stands | falls. `keep_copy`: the principal gets a copy of what the substitute decides. `judged_by`, `judged_at`,
    `judged_reason`: who said yes or no to a pending one.
    """

    id: UUID
    principal_id: UUID
    substitute_id: UUID
    valid_from: datetime
    valid_to: datetime
    reason: str
    scope: str = "all"
    names: tuple[str, ...] = ()
    max_amount: Decimal | None = None
    include_open: bool = True
    state: str = "active"
    confirm: bool = False
    unconfirmed: str = "falls"
    keep_copy: bool = False
    judged_by: UUID | None = None
    judged_at: datetime | None = None
    judged_reason: str | None = None
    ended_at: datetime | None = None
    told_at: datetime | None = None

    @property
    def over_at(self) -> datetime:
        """When nobody acts by it any more."""
        return self.valid_to if self.ended_at is None else min(self.ended_at, self.valid_to)

    @property
    def limited(self) -> bool:
        """Whether some work of the principal is not the substitute's."""
        return self.scope != "all" or self.max_amount is not None or not self.include_open

    def covers(self, process_key: str, category: str, since: datetime | None = None) -> bool:
        """Whether work of this kind is the substitute's too. `since`: when the principal was asked."""
        named = {"processes": process_key, "categories": category}.get(self.scope)
        if named is not None and named not in self.names:
            return False
        return self.include_open or since is None or since >= self.valid_from

    def no_more_than(self, other: "Substitution") -> bool:
        """Whether the substitute may do by it what he may by `other`, at most."""
        smaller = other.max_amount is None or (self.max_amount is not None and self.max_amount <= other.max_amount)
        narrower = other.scope == "all" or (self.scope == other.scope and set(self.names) <= set(other.names))
        return smaller and narrower and self.valid_to <= other.valid_to

    def within(self, amount: Decimal | int, currency: str) -> bool:
        """Whether so much money is the substitute's; in a foreign currency it never is, for lack of a rate."""
        return self.max_amount is None or (currency == HOME_CURRENCY and -self.max_amount <= amount <= self.max_amount)


@dataclass(frozen=True, slots=True)
class Judges:
    """Whose word a pending substitution waits for. `manager` False: nobody above could give it."""

    people: tuple[User, ...]
    manager: bool

    @property
    def ids(self) -> frozenset[UUID]:
        """Of the people."""
        return frozenset(user.id for user in self.people)


def substitute(
    uow: UnitOfWork,
    principal: str | UUID,
    deputy: str | UUID,
    valid_from: datetime,
    valid_to: datetime,
    reason: str = "",
    *,
    scope: str = "all",
    names: Sequence[str] = (),
    max_amount: Decimal | None = None,
    include_open: bool = True,
    confirm: bool = False,
    unconfirmed: str = "falls",
    keep_copy: bool = False,
) -> Substitution:
    """代理: `deputy` sees and may do the open work of `principal` in [valid_from, valid_to); the rest as Substitution.

    Not recursive. The principal says so himself, or somebody with the capability `people`. For more than LONGEST_ALONE,
    or more than the setting `substitution_amount`, it begins when one of `judges_of` has said yes; they are told.
    Raises InvalidSubstitution, also when there is nobody to judge it, and Forbidden.
    """
    absent, present = user(uow, principal), user(uow, deputy)
    if uow.actor.user_id != absent.id:
        require(uow, "people")
    if absent.id == present.id or (absent.person_id is not None and absent.person_id == present.person_id):
        raise InvalidSubstitution(found=N_("principal and substitute are the same person"))
    if _his_own(uow, present.id):
        raise InvalidSubstitution(found=N_("nobody makes himself the substitute of somebody else"))
    made = Substitution(
        ids.uuid7(), absent.id, present.id, valid_from, valid_to, reason, scope, tuple(names), max_amount,
        include_open, "active", confirm, unconfirmed, keep_copy,
    )  # fmt: skip
    _check_terms(made, present)
    alone = _alone(uow, made)
    made = made if alone else replace(made, state="pending")
    if not alone and not judges_of(uow, absent.id, present.id).people:
        raise InvalidSubstitution(
            found=N_("there is nobody to approve it: no manager above, and nobody else who looks after people")
        )
    uow.alone(f"substitution {absent.id}")
    _check_overlap(uow, made)
    row = asdict(made) | {"names": list(made.names), "made_at": uow.now}
    row["approved_by"] = row.pop("judged_by")
    uow.execute(insert(substitution), row)
    outbox.plan_substitution(uow, made.id, "given" if alone else "asked")
    if alone:
        outbox.plan_substitution(uow, made.id, "ended", valid_to)
    history.act(
        uow, SCOPE, "substitution.created",
        {"principal": str(absent.id), "substitute": str(present.id), "scope": scope, "state": made.state,
         **_told(uow, made.id)},
    )  # fmt: skip
    return made


def change_substitution(
    uow: UnitOfWork, substitution_id: UUID, valid_to: datetime, *, scope: str = "all", names: Sequence[str] = (),
    max_amount: Decimal | None = None,
) -> Substitution:  # fmt: skip
    """Another end, scope and amount of one that runs or is going to; from the next click on they hold.

    What would need somebody's word that it does not have is refused: it goes on as it is. Both people are told.
    Raises NotFound, Forbidden, InvalidSubstitution.
    """
    uow.alone(f"substitution {find_substitution(uow, substitution_id).principal_id}")
    before = find_substitution(uow, substitution_id)
    if uow.actor.user_id != before.principal_id:
        require(uow, "people")
    if before.state != "active" or before.valid_to <= uow.now:
        raise NotFound(kind="substitution that runs", key=str(substitution_id))
    if _his_own(uow, before.substitute_id):
        raise InvalidSubstitution(found=N_("nobody makes himself the substitute of somebody else"))
    after = replace(before, valid_to=valid_to, scope=scope, names=tuple(names), max_amount=max_amount)
    if after == before:
        return before
    _check_terms(after, user(uow, before.substitute_id))
    if valid_to <= uow.now:
        raise InvalidSubstitution(found=N_("its new end has passed: end it instead"))
    if not after.no_more_than(before) and not _alone(uow, after):
        raise InvalidSubstitution(found=_NEEDS_A_WORD)
    _check_overlap(uow, after)
    terms = {"valid_to": valid_to, "scope": scope, "names": list(names), "max_amount": max_amount}
    # ended since it was read: it stays ended
    this = update(substitution).where(substitution.c.id == substitution_id, substitution.c.state == "active")
    if uow.execute(this.values(**terms).returning(substitution.c.id)).one_or_none() is None:
        raise NotFound(kind="substitution that runs", key=str(substitution_id))
    number = history.act(
        uow, SCOPE, "substitution.changed",
        {"principal": str(before.principal_id), "substitute": str(before.substitute_id),
         "before": _terms(before), "after": _terms(after), **_told(uow, substitution_id)},
    )  # fmt: skip
    outbox.plan_substitution(uow, substitution_id, "changed", before=_terms(before), number=number)
    outbox.plan_substitution(uow, substitution_id, "ended", valid_to)
    return after


def approve_substitution(
    uow: UnitOfWork, substitution_id: UUID, *, approved: bool = True, reason: str = ""
) -> None:  # fmt: skip
    """A pending one begins, or does not, by the word of one of `judges_of`; a no says why.

    Raises NotFound, Forbidden, InvalidValue.
    """
    row = uow.execute(select(substitution).where(substitution.c.id == substitution_id)).one_or_none()
    if row is None or row.state != "pending":
        raise NotFound(kind="substitution to approve", key=str(substitution_id))
    if _his_own(uow, row.principal_id, row.substitute_id):
        known = names(uow, [uow.actor.user_id])
        raise Forbidden(actor=next(iter(known.values()), "Nobody"), act=N_("judge a substitution of his own"))
    if uow.actor.user_id not in judges_of(uow, row.principal_id, row.substitute_id).ids:
        require(uow, "people")
    if not approved and blank(reason):
        raise InvalidValue(expected=N_("a reason"), found=N_("none"))
    state = "active" if approved else "refused"
    # ended or judged by somebody else since it was read: it must not begin
    this = update(substitution).where(substitution.c.id == substitution_id, substitution.c.state == "pending")
    told = {"approved_by": uow.actor.user_id, "judged_at": uow.now, "judged_reason": reason.strip() or None}
    changed = uow.execute(this.values(state=state, **told).returning(substitution.c.id))
    if changed.one_or_none() is None:
        raise NotFound(kind="substitution to approve", key=str(substitution_id))
    outbox.plan_substitution(uow, substitution_id, "judged")
    if approved:
        outbox.plan_substitution(uow, substitution_id, "ended", row.valid_to)
    kind = "substitution.approved" if approved else "substitution.refused"
    history.act(uow, SCOPE, kind, _told(uow, substitution_id))


def judges_of(uow: UnitOfWork, principal_id: UUID, substitute_id: UUID) -> Judges:
    """Who may say yes or no: the nearest manager above the principal who is there and is not one of the two.

    Without one: whoever looks after people (capability `people`), each of them.
    """
    both = {principal_id, substitute_id}
    own = {person for person in persons(uow, both).values() if person is not None}

    def another(user: User) -> bool:
        return user.active and user.id not in both and (user.person_id is None or user.person_id not in own)

    above = next(filter(another, management_line(uow, principal_id)), None)
    if above is not None:
        return Judges((above,), manager=True)
    return Judges(tuple(filter(another, people_who_may(uow, "people"))), manager=False)


def substitutions_to_judge(uow: UnitOfWork) -> list[Substitution]:
    """Pending ones that wait for the actor's word, by start."""
    rows = uow.execute(
        select(substitution)
        .where(substitution.c.state == "pending", substitution.c.valid_to > uow.now)
        .order_by(substitution.c.valid_from, substitution.c.id)
    ).all()
    anybody = may(uow, "people")
    return [
        _substitution(row) for row in rows
        if not _his_own(uow, row.principal_id, row.substitute_id)
        and (anybody or uow.actor.user_id in judges_of(uow, row.principal_id, row.substitute_id).ids)
    ]  # fmt: skip


def end_substitution(uow: UnitOfWork, substitution_id: UUID) -> None:
    """Takes effect at the next click; the principal is told what was decided for him. Raises NotFound, Forbidden."""
    row = uow.execute(select(substitution).where(substitution.c.id == substitution_id)).one_or_none()
    if row is None:
        raise NotFound(kind="substitution", key=str(substitution_id))
    if uow.actor.user_id != row.principal_id:
        require(uow, "people")
    if row.state not in ("active", "pending"):
        raise NotFound(kind="substitution", key=str(substitution_id))
    this = update(substitution).where(substitution.c.id == substitution_id)
    begun = row.state == "active"
    uow.execute(this.values(state="revoked", ended_at=uow.now if begun else None))
    if begun and row.valid_from < uow.now < row.valid_to:
        outbox.plan_substitution(uow, substitution_id, "ended")
    data = {"principal": str(row.principal_id), **_told(uow, substitution_id)}
    history.act(uow, SCOPE, "substitution.ended", data)


def find_substitution(uow: UnitOfWork, substitution_id: UUID) -> Substitution:
    """Whatever its state. Raises NotFound."""
    row = uow.execute(select(substitution).where(substitution.c.id == substitution_id)).one_or_none()
    if row is None:
        raise NotFound(kind="substitution", key=str(substitution_id))
    return _substitution(row)


def substitutions(uow: UnitOfWork, user_id: UUID) -> list[Substitution]:
    """Present and future ones that the user gave or received, by start."""
    rows = uow.execute(
        select(substitution)
        .where(
            or_(substitution.c.principal_id == user_id, substitution.c.substitute_id == user_id),
            substitution.c.valid_to > uow.now,
            substitution.c.state.in_(("active", "pending")),
        )
        .order_by(substitution.c.valid_from, substitution.c.id)
    )
    return [_substitution(row) for row in rows]


def refused_substitutions(uow: UnitOfWork, principal_id: UUID) -> list[Substitution]:
    """Those to which the manager said no, until the time for which they were meant is over."""
    rows = uow.execute(
        select(substitution)
        .where(
            substitution.c.principal_id == principal_id,
            substitution.c.state == "refused",
            substitution.c.valid_to > uow.now,
        )
        .order_by(substitution.c.valid_from, substitution.c.id)
    )
    return [_substitution(row) for row in rows]


def over_substitutions(uow: UnitOfWork, principal_id: UUID, limit: int = 10) -> list[Substitution]:
    """Those that were in force for the principal and are over, the last ones first."""
    rows = uow.execute(
        select(substitution)
        .where(
            substitution.c.principal_id == principal_id,
            or_(
                and_(substitution.c.state == "active", substitution.c.valid_to <= uow.now),
                and_(substitution.c.state == "revoked", substitution.c.ended_at > substitution.c.valid_from),
            ),
        )
        .order_by(substitution.c.valid_to.desc(), substitution.c.id)
        .limit(limit)
    )
    return [_substitution(row) for row in rows]


def told_of_end(uow: UnitOfWork, substitution_id: UUID) -> bool:
    """Remember that the principal is told; False: he was before, or it goes on."""
    now = uow.now
    over = or_(substitution.c.valid_to <= now, substitution.c.state == "revoked")
    this = update(substitution).where(substitution.c.id == substitution_id, substitution.c.told_at.is_(None), over)
    return uow.execute(this.values(told_at=now).returning(substitution.c.id)).one_or_none() is not None


def acting_for(uow: UnitOfWork, user_id: UUID) -> list[Substitution]:
    """The substitutions in force by which the user acts for others now; asked once where nothing can change."""
    known: list[Substitution] | None = uow.cache.get((_ACTING, user_id)) if uow.read_only else None
    if known is None:
        rows = uow.read(_acting_for, {"of": user_id, "at": uow.now})
        known = uow.cache[_ACTING, user_id] = [_substitution(row) for row in rows]
    return known


def acting(uow: UnitOfWork) -> dict[UUID, list[Substitution]]:
    """`acting_for` of everybody who acts for somebody now."""
    in_force = (
        select(substitution)
        .where(
            substitution.c.state == "active", substitution.c.valid_from <= uow.now, substitution.c.valid_to > uow.now
        )
        .order_by(substitution.c.principal_id, substitution.c.id)
    )  # fmt: skip
    found: dict[UUID, list[Substitution]] = {}
    for row in uow.execute(in_force):
        found.setdefault(row.substitute_id, []).append(_substitution(row))
    return found


def substitutes_of(uow: UnitOfWork, principal_id: UUID) -> list[UUID]:
    """Active accounts that act for this person now, for some of his work or for all of it."""
    of = (
        select(substitution.c.substitute_id)
        .join(user_account, user_account.c.id == substitution.c.substitute_id)
        .where(
            substitution.c.principal_id == principal_id, substitution.c.state == "active",
            substitution.c.valid_from <= uow.now, substitution.c.valid_to > uow.now,
            user_account.c.disabled_at.is_(None),
        )
        .order_by(substitution.c.id)
    )  # fmt: skip
    return list(dict.fromkeys(uow.execute(of).scalars()))


def absent_for(uow: UnitOfWork, user_id: UUID) -> list[UUID]:
    """Whose substitute the user is now, for some of his work or for all of it."""
    return list(dict.fromkeys(rule.principal_id for rule in acting_for(uow, user_id)))


def principals_of(uow: UnitOfWork, user_id: UUID) -> list[UUID]:
    """Under which ids the user finds work: himself, his groups, and those whose substitute he is now."""
    rows = uow.execute(select(membership.c.group_id).where(membership.c.user_id == user_id))
    return [user_id, *sorted(row.group_id for row in rows), *absent_for(uow, user_id)]


def _check_terms(made: Substitution, present: User) -> None:
    if made.valid_from >= made.valid_to:
        raise InvalidSubstitution(found=N_("it ends before it begins"))
    if not present.active:
        raise InvalidSubstitution(found=N_("the substitute is disabled"))
    if made.scope not in ("all", "processes", "categories") or (made.scope == "all") is bool(made.names):
        raise InvalidSubstitution(found=N_("its scope is not all, or processes or categories with their keys"))
    if made.max_amount is not None and not (made.max_amount.is_finite() and made.max_amount < LARGEST_AMOUNT):
        raise InvalidSubstitution(found=N_("its amount is too large"))
    if made.max_amount is not None and made.max_amount <= 0:
        raise InvalidSubstitution(found=N_("its amount is not above zero"))
    if made.unconfirmed not in ("stands", "falls"):
        raise InvalidSubstitution(found=N_("without an answer its decisions neither stand nor fall"))


def _alone(uow: UnitOfWork, made: Substitution) -> bool:
    """Whether it needs nobody's word but the principal's."""
    limit = uow.settings.amount_alone
    small = limit is None or (made.max_amount is not None and made.max_amount <= limit)
    return small and made.valid_to - made.valid_from <= LONGEST_ALONE


def _told(uow: UnitOfWork, substitution_id: UUID) -> dict[str, str]:
    """Which one, and the digest of its row as it is now: the record compares them."""
    row = uow.execute(select(substitution).where(substitution.c.id == substitution_id)).one()
    return {"id": str(substitution_id), "row": sha256(canonical_json(substitution_told(row))).hex()}


def _terms(of: Substitution) -> dict[str, Any]:
    """What can be changed, as it is kept in records and jobs."""
    amount = None if of.max_amount is None else str(of.max_amount)
    return {"valid_to": of.valid_to.isoformat(), "scope": of.scope, "names": list(of.names), "max_amount": amount}


def _his_own(uow: UnitOfWork, *accounts: UUID) -> bool:
    """Whether one of them is the person who acts, whatever account he uses."""
    actor_id = uow.actor.user_id
    if actor_id is None:
        return False
    known = persons(uow, [actor_id, *accounts])
    me = known.get(actor_id)
    return any(account == actor_id or (me is not None and known.get(account) == me) for account in accounts)


def _check_overlap(uow: UnitOfWork, made: Substitution) -> None:
    same_time = select(substitution.c.names).where(
        substitution.c.principal_id == made.principal_id,
        substitution.c.id != made.id,
        substitution.c.scope == made.scope,
        substitution.c.state.in_(("active", "pending")),
        substitution.c.valid_from < made.valid_to,
        substitution.c.valid_to > made.valid_from,
    )
    for row in uow.execute(same_time):
        if made.scope == "all" or set(row.names or ()) & set(made.names):
            raise InvalidSubstitution(found=N_("it overlaps with another one of the same principal"))


def _substitution(row: Row[Any]) -> Substitution:
    return Substitution(
        row.id, row.principal_id, row.substitute_id, row.valid_from, row.valid_to, row.reason, row.scope,
        tuple(row.names or ()), row.max_amount, bool(row.include_open), row.state, bool(row.confirm), row.unconfirmed,
        bool(row.keep_copy), row.approved_by, row.judged_at, row.judged_reason, row.ended_at, row.told_at,
    )  # fmt: skip
