"""Who is told that somebody has commented on a drawing: whoever is named, whoever saved it last, who spoke before."""

from collections.abc import Iterable
from uuid import UUID

from engine import drafts, identity
from engine.errors import N_, InvalidValue, Title
from engine.notices import telling
from engine.notices.events import DRAWING_COMMENT, Notice
from engine.unit_of_work import UnitOfWork

DESIGN = "process.design"
"""what they may do who can read comments"""
_MENTIONED = ("{who}在「{name}」的批注中提到您", "{who} mentioned you in a comment on “{name}”")
_SAID = ("{who}批注了「{name}」", "{who} commented on “{name}”")


def naming(uow: UnitOfWork, text: str, people: Iterable[UUID]) -> str:
    """The text with `@name` of these people behind it, unless it names them. Raises InvalidValue for whoever cannot
    read it.
    """
    may = {user.id: user for user in identity.people_who_may(uow, DESIGN)}
    named = {user.id for user in _mentioned(uow, text)}
    added = []
    for person in dict.fromkeys(people):
        if person not in may:
            raise InvalidValue(expected=N_("somebody who may design processes"), found=identity.user(uow, person).name)
        if person not in named:
            added.append(f"@{may[person].name}")
    return " ".join([text.strip(), *added]) if text.strip() else text


def of_comment(uow: UnitOfWork, path: str, name: Title, comment_id: UUID) -> int:
    """One notice for each; returns how many there are. `name`: of the process."""
    thread, said = next(
        (thread, one) for thread in drafts.comments.threads(uow, path) for one in (thread.first, *thread.answers)
        if one.id == comment_id
    )  # fmt: skip
    mentioned: set[UUID | None] = {user.id for user in _mentioned(uow, said.text)}
    spoke = {one.author_id for one in (thread.first, *thread.answers)}
    saved = {info.saved_by for info in drafts.list_(uow) if info.path == path}
    may = [user.id for user in identity.people_who_may(uow, DESIGN)]
    who = identity.names(uow, [uow.actor.user_id]).get(uow.actor.user_id, "") if uow.actor.user_id else ""
    link = f"/designer/comments/{drafts.place(path)[1]}#{thread.first.id}"
    told = []
    concerned = mentioned | spoke | saved
    for person in (one for one in may if one in concerned and one != uow.actor.user_id):
        zh, en = _MENTIONED if person in mentioned else _SAID
        facts = {
            "said": zh.format(who=who, name=name.labels.get("zh") or name),
            "said_en": en.format(who=who, name=name.labels.get("en") or name), "text": said.text, "link": link,
        }  # fmt: skip
        told.append(Notice(DRAWING_COMMENT, person, None, 0, None, facts, about_id=comment_id))
    return telling.plan(uow, None, told)


def _mentioned(uow: UnitOfWork, text: str) -> list[identity.User]:
    """Whom `@name` or `@login` means: of two names the one that goes on longer."""
    people = {word: user for user in identity.people_who_may(uow, DESIGN) for word in (user.login, user.name) if word}
    found = []
    for part in text.split("@")[1:]:
        word = max((word for word in people if _begins(part, word)), key=len, default=None)
        if word is not None:
            found.append(people[word])
    return found


def _begins(text: str, word: str) -> bool:
    """Latin letters go on to the end of a word; Chinese names stand before other characters."""
    after = text[len(word) : len(word) + 1]
    return text.startswith(word) and not (word[-1].isascii() and after.isascii() and (after.isalnum() or after == "_"))
