"""What a person wants to be told, where, and when not."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select

from engine import identity
from engine.db.notice import notice_digest, notice_preference, notice_quiet
from engine.errors import N_, InvalidValue, Phrase
from engine.notices.events import EVENTS, PERSONAL_CHANNELS
from engine.unit_of_work import UnitOfWork

AT_ONCE, HOURLY, DAILY = DIGESTS = ("", "hour", "day")
USUAL_TIME = "09:00"

_of_people = select(notice_preference).where(notice_preference.c.user_id.in_(bindparam("people", expanding=True)))
_digest_of = select(notice_digest).where(notice_digest.c.user_id == bindparam("who"))
_quiet_of = select(notice_quiet).where(notice_quiet.c.user_id == bindparam("who"))


def chosen(uow: UnitOfWork, user_id: UUID) -> dict[tuple[str, str], bool]:
    """(event, channel) -> whether this person is told there, for every event he may meet and personal channel."""
    may = identity.capabilities_of(uow, user_id)
    stored = {(row.event, row.channel): row.wanted for row in uow.execute(_of_people, {"people": [user_id]})}
    return {
        (event.key, channel): channel in event.always or stored.get((event.key, channel), channel in event.defaults)
        for event in EVENTS.values() if not event.asks or may & {*event.asks.split("|"), "admin"}
        for channel in PERSONAL_CHANNELS
    }  # fmt: skip


def choose(uow: UnitOfWork, user_id: UUID, wanted: Mapping[tuple[str, str], bool]) -> None:
    """Keep what differs from the defaults. Raises InvalidValue for what there is not, or cannot be switched off."""
    for (event, channel), wants in wanted.items():
        if event not in EVENTS or channel not in PERSONAL_CHANNELS:
            raise InvalidValue(
                expected=Phrase(N_("an event and one of {words}"), words=", ".join(PERSONAL_CHANNELS)),
                found=f"{event} {channel}",
            )
        if not wants and channel in EVENTS[event].always:
            raise InvalidValue(expected=N_("results to stay switched on"), found=f"{event} {channel}")
    uow.execute(delete(notice_preference).where(notice_preference.c.user_id == user_id))
    rows = [
        {"user_id": user_id, "event": event, "channel": channel, "wanted": wants}
        for (event, channel), wants in wanted.items()
        if wants != (channel in EVENTS[event].defaults)
    ]
    if rows:
        uow.execute(insert(notice_preference), rows)
    forget_work(uow)


def channels(uow: UnitOfWork, people: Sequence[UUID], event: str) -> dict[UUID, frozenset[str]]:
    """Where each of these people is told of `event`."""
    found = {person: set(EVENTS[event].defaults) for person in people}
    for row in uow.execute(_of_people, {"people": list(found)}):
        if row.event == event:
            (found[row.user_id].add if row.wanted else found[row.user_id].discard)(row.channel)
    return {person: frozenset(where | EVENTS[event].always) for person, where in found.items()}


def quiet_hours(uow: UnitOfWork, user_id: UUID) -> tuple[str, str] | None:
    """From and to, as 22:00 and 08:00; None: at any time."""
    row = uow.read_one(_quiet_of, {"who": user_id})
    return None if row is None else (row.from_time, row.to_time)


def set_quiet_hours(uow: UnitOfWork, user_id: UUID, start: str, end: str) -> None:
    """No mail between these times; both empty: at any time. Raises InvalidValue."""
    if (
        bool(start) != bool(end)
        or any(text and not _TIME.fullmatch(text) for text in (start, end))
        or start == end != ""
    ):
        raise InvalidValue(expected=N_("two different times such as 22:00 and 08:00, or none"), found=f"{start} {end}")
    uow.execute(delete(notice_quiet).where(notice_quiet.c.user_id == user_id))
    if start:
        uow.execute(insert(notice_quiet), {"user_id": user_id, "from_time": start, "to_time": end})


def digest(uow: UnitOfWork, user_id: UUID) -> tuple[str, str]:
    """How mails come: `hour` or `day` with its time, as 09:00; ("", …): each at once."""
    row = uow.read_one(_digest_of, {"who": user_id})
    return (AT_ONCE, USUAL_TIME) if row is None else (row.every, row.at_time)


def set_digest(uow: UnitOfWork, user_id: UUID, every: str, at_time: str = "") -> None:
    """Collect mails by the hour or the day; urges and held payments come at once all the same. Raises InvalidValue."""
    if every not in DIGESTS:
        raise InvalidValue(expected=N_("one of hour, day, or nothing: each mail at once"), found=every)
    at_time = at_time or USUAL_TIME
    if not _TIME.fullmatch(at_time):
        raise InvalidValue(expected=N_("a time such as 09:00"), found=at_time)
    uow.execute(delete(notice_digest).where(notice_digest.c.user_id == user_id))
    if every:
        uow.execute(insert(notice_digest), {"user_id": user_id, "every": every, "at_time": at_time})


def collected_until(uow: UnitOfWork, user_id: UUID, at: datetime) -> datetime | None:
    """When the digest goes out that a mail planned `at` belongs to; None: it goes out by itself."""
    every, at_time = digest(uow, user_id)
    if not every:
        return None
    local = at.astimezone(uow.settings.zone)
    if every == HOURLY:
        return (local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)).astimezone(UTC)
    due = time.fromisoformat(at_time)
    today = local.replace(hour=due.hour, minute=due.minute, second=0, microsecond=0)
    return (today if today > local else today + timedelta(days=1)).astimezone(UTC)


def not_before(uow: UnitOfWork, user_id: UUID, at: datetime) -> datetime:
    """`at`, or the end of the quiet hours that it lies in."""
    hours = quiet_hours(uow, user_id)
    if hours is None:
        return at
    local = at.astimezone(uow.settings.zone)
    start, end = (time.fromisoformat(text) for text in hours)
    now = local.time()
    inside = start <= now < end if start < end else now >= start or now < end
    if not inside:
        return at
    ends = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return ends if ends > local else ends + timedelta(days=1)


def forget_work(uow: UnitOfWork) -> None:
    """Somebody may be told of new work from now on: look again."""
    uow.after_commit(lambda: uow.shared.pop(("outbox", "work"), None))


_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
