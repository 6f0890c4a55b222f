"""Who is told that a policy changes: those who may put it in force, and auditors of what becomes weaker."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from engine import identity, policy
from engine.identity import User
from engine.notices import telling
from engine.notices.events import POLICY_CHANGE, Notice
from engine.policy import holding
from engine.unit_of_work import UnitOfWork

PAGE = "/policies/"
_SAID = {
    "proposed": (
        "{who}提出了「{policy}」的第 {n} 版，等待另一人生效",
        "{who} proposed version {n} of “{policy}”: it waits for another person",
    ),
    "activated": ("{who}使「{policy}」的第 {n} 版生效", "{who} put version {n} of “{policy}” in force"),
    "leaving": (
        "{who}提出停用「{policy}」，等待另一人停用",
        "{who} wants “{policy}” out of force: it waits for another person",
    ),
    "retired": ("{who}停用了「{policy}」", "{who} took “{policy}” out of force"),
}
_WEAKER = ("；要求有所放宽，请审阅", ". It asks less than before: please look at it")
_SYSTEM = ("系统", "The system")
_WAITING = {"proposed": "proposed", "leaving": "active"}
"""what waits for another person -> the state of the version while it does"""


def of_policy(uow: UnitOfWork, payload: Mapping[str, Any]) -> int:
    """Plan the notices; returns how many there are. What no longer waits is told to nobody."""
    found, what = policy.version(uow, UUID(payload["version"])), payload["what"]
    if _WAITING.get(what, found.state) != found.state or (what == "leaving" and found.retired_by is None):
        return 0
    by = None if payload["by"] is None else identity.user(uow, UUID(payload["by"]))
    gone = what in ("leaving", "retired")
    weaker = gone or found.weakens
    people = dict.fromkeys(
        (*(_others(uow, by) if what in _WAITING else ()), *(holding.told(uow, (policy.AUDIT,)) if weaker else ()))
    )
    names = dict(found.policy.titles)
    said = []
    for words, more, system, language in zip(_SAID[what], _WEAKER, _SYSTEM, ("zh", "en"), strict=True):
        called = f"{found.policy.id} {names.get(language, found.policy.title)}"
        who = by.title.labels.get(language, by.name) if by else system
        said.append(words.format(who=who, policy=called, n=found.number) + more * weaker)
    text = (found.retire_reason or "") if gone else found.reason
    facts = {"said": said[0], "said_en": said[1], "text": text, "link": f"{PAGE}{found.policy.id}"}
    number = list(_SAID).index(what)
    return telling.plan(
        uow, None,
        [Notice(POLICY_CHANGE, UUID(key), None, number, None, facts, about_id=found.id) for key in people
         if by is None or key != str(by.id)],
    )  # fmt: skip


def _others(uow: UnitOfWork, by: User | None) -> list[str]:
    """Controllers who are another person: they may put it in force."""
    able = holding.told(uow, (policy.CAPABILITY,))
    persons = identity.persons(uow, [UUID(key) for key in able])
    own = None if by is None else by.person_id
    return [key for key in able if persons.get(UUID(key)) not in (None, own)]
