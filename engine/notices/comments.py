"""Who is told of a comment on a file: whoever is named in it, whoever saved the file last, who spoke before."""

import re
from collections.abc import Iterable
from uuid import UUID

from engine import drafts, identity
from engine.db.definition import Kind
from engine.errors import N_, InvalidValue, Title
from engine.notices import telling
from engine.notices.events import DRAWING_COMMENT, Notice
from engine.unit_of_work import UnitOfWork

DESIGN = "process.design"
"""what they may do who can read comments"""
_MENTIONED = ("{who}在「{name}」的评论中提到您", "{who} mentioned you in a comment on “{name}”")
_SAID = ("{who}评论了「{name}」", "{who} commented on “{name}”")


def naming(uow: UnitOfWork, text: str, people: Iterable[UUID]) -> str:
    """The text with `@name` of these people behind it, `@login` where others are called so too, unless it names them.
    Raises InvalidValue for whoever cannot read it.
    """
    may = {user.id: user for user in identity.people_who_may(uow, DESIGN)}
    called = _called(may.values())
    named = _mentioned(text, called)
    added = []
    for person in dict.fromkeys(people):
        if person not in may:
            raise InvalidValue(expected=N_("somebody who may design processes"), found=identity.user(uow, person).name)
        if person not in named:
            user = may[person]
            added.append(f"@{user.name if called.get(user.name) == {person} else user.login}")
    return " ".join([text.strip(), *added]) if text.strip() else text


def of_comment(uow: UnitOfWork, path: str, name: Title, comment_id: UUID) -> int:
    """One notice for each; returns how many there are. `name`: of the file."""
    thread, said = next(
        (thread, one) for thread in drafts.comments.threads(uow, path) for one in (thread.first, *thread.answers)
        if one.id == comment_id
    )  # fmt: skip
    spoke = {one.author_id for one in (thread.first, *thread.answers)}
    saved = {info.saved_by for info in drafts.list_(uow) if info.path == path}
    people = identity.people_who_may(uow, DESIGN)
    mentioned = _mentioned(said.text, _called(people))
    who, link = author(uow), f"{address('comments', path)}#{thread.first.id}"
    told = []
    concerned = mentioned | spoke | saved
    for person in (one for one in (user.id for user in people) if one in concerned and one != uow.actor.user_id):
        zh, en = _MENTIONED if person in mentioned else _SAID
        facts = {
            "said": zh.format(who=who, name=name.labels.get("zh") or name),
            "said_en": en.format(who=who, name=name.labels.get("en") or name), "text": said.text, "link": link,
        }  # fmt: skip
        told.append(Notice(DRAWING_COMMENT, person, None, 0, None, facts, about_id=comment_id))
    return telling.plan(uow, None, told)


def author(uow: UnitOfWork) -> str:
    """What whoever acts is called."""
    return identity.names(uow, [uow.actor.user_id]).get(uow.actor.user_id, "") if uow.actor.user_id else ""


def address(page: str, path: str) -> str:
    """The page of the designer about a file."""
    kind, key = drafts.place(path)
    where = path if page == "review" else key if kind is Kind.PROCESS else f"{kind.name.lower()}/{key}"
    return f"/designer/{page}/{where}"


def _called(people: Iterable[identity.User]) -> dict[str, set[UUID]]:
    """Whom a login or a name means: everybody who bears it."""
    called: dict[str, set[UUID]] = {}
    for user in people:
        for word in filter(None, (user.login, user.name)):
            called.setdefault(word, set()).add(user.id)
    return called


def _mentioned(text: str, called: dict[str, set[UUID]]) -> set[UUID]:
    """Whom `@name` or `@login` means: of two names the one that goes on longer."""
    found: set[UUID] = set()
    for at in re.finditer("@", text):
        before, after = text[: at.start()], text[at.end() :]
        words = [word for word in called if _begins(after, word) and not _in_address(before, word)]
        found |= called[max(words, key=len)] if words else set()
    return found


def _in_address(before: str, word: str) -> bool:
    """Whether the `@` stands inside an e-mail address; Chinese names stand behind other characters."""
    return before[-1:].isascii() and before[-1:].isalnum() and word[0].isascii()


def _begins(text: str, word: str) -> bool:
    """Latin letters go on to the end of a word; Chinese names stand before other characters."""
    after = text[len(word) : len(word) + 1]
    return text.startswith(word) and not (word[-1].isascii() and after.isascii() and (after.isalnum() or after == "_"))
