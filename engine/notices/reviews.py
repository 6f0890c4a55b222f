"""Who is told of the review of a draft: those who may decide it, or whom its asker chose; then the asker."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from engine import drafts, identity, ids
from engine.errors import N_, InvalidValue, Title
from engine.identity import User
from engine.notices import telling
from engine.notices.comments import DESIGN, address, author
from engine.notices.events import DRAWING_REVIEW, Notice
from engine.unit_of_work import UnitOfWork

WITHDRAWN = "withdrawn"
_SAID = {
    drafts.reviewing.ASKED: ("{who}请您复核「{name}」", "{who} asks you to review “{name}”"),
    drafts.reviewing.APPROVED: ("{who}已复核「{name}」：可以发布", "{who} has reviewed “{name}”: it may be published"),
    WITHDRAWN: ("{who}不再请您复核「{name}」", "{who} no longer asks you to review “{name}”"),
    drafts.reviewing.SENT_BACK: ("{who}复核后退回「{name}」", "{who} has reviewed “{name}” and sent it back"),
}


def reviewers(uow: UnitOfWork, files: Mapping[str, bytes], asked_by: UUID | None) -> list[User]:
    """Who may decide a review of these files that `asked_by` asks for, by login."""
    people = identity.people_who_may(uow, DESIGN)
    others = drafts.reviewing.others(uow, files, asked_by, {user.id for user in people})
    return [user for user in people if user.id in others]


def of_review(uow: UnitOfWork, path: str, name: Title, people: Iterable[UUID], text: str, state: str) -> int:
    """One notice for each of `people` but the actor; returns how many there are. `name`: of the file.

    `state`: of the review, or WITHDRAWN.
    """
    zh, en = _SAID[state]
    who, about = author(uow), _about(path, uow.now) if state == drafts.reviewing.ASKED else ids.uuid7()
    facts = {
        "said": zh.format(who=who, name=name.labels.get("zh") or name),
        "said_en": en.format(who=who, name=name.labels.get("en") or name), "text": text.strip(),
        "link": address("review", path),
    }  # fmt: skip
    told = dict.fromkeys(person for person in people if person != uow.actor.user_id)
    return telling.plan(uow, None, [Notice(DRAWING_REVIEW, one, None, 0, None, facts, about_id=about) for one in told])


def asked(uow: UnitOfWork, path: str, at: datetime, able: Iterable[User]) -> list[UUID]:
    """Those of `able` who were told of the review that was asked for at `at`."""
    about = _about(path, at)
    return [
        user.id for user in able
        if telling.told(uow, Notice(DRAWING_REVIEW, user.id, None, 0, None, about_id=about))
    ]  # fmt: skip


def chosen(able: Iterable[User], people: Iterable[UUID]) -> list[UUID]:
    """Whom to ask: `people`, all who are able when that is empty. Raises InvalidValue for whoever is not."""
    may, wanted = [user.id for user in able], list(people)
    if not set(wanted) <= set(may):
        raise InvalidValue(expected=N_("another person who may design processes"), found=N_("somebody else"))
    return wanted or may


def _about(path: str, at: datetime) -> UUID:
    return ids.named("review", path, at.isoformat())
