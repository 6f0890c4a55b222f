"""What is told about a substitution, outside of any request: to who judges it, to both people, and when it is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from engine import forms, identity, repository, tasks
from engine.identity import Substitution, User
from engine.notices import telling
from engine.notices.events import DECISIONS, SUBSTITUTIONS, Notice
from engine.tasks import InMyName
from engine.unit_of_work import UnitOfWork
from engine.values import HOME_CURRENCY

PAGE = "/substitutions/"
MOST_LINES = 20
"""in a notice; the page has all of them"""
GIVEN, ASKED, JUDGED, ENDED = SUBSTITUTIONS

_GIVEN = (
    "{substitute}代理{principal}：{first}至{last}",
    "{substitute} acts for {principal} from {first} to {last}",
)
_CHANGED = (
    "{substitute}对{principal}的代理有变更：{first}至{last}",
    "{substitute} acts for {principal}, changed: {first} to {last}",
)
_ASKED = (
    "{principal}申请由{substitute}代理，请审批",
    "{principal} wants {substitute} as substitute: please say yes or no",
)
_ASKED_WITHOUT_MANAGER = (
    "{principal}申请由{substitute}代理，没有可审批的上级，请您审批",
    "{principal} wants {substitute} as substitute and has no manager to approve it: please say yes or no",
)
_APPROVED = ("{principal}由{substitute}代理，已获批准", "{substitute} may act for {principal}: approved")
_REFUSED = ("{principal}由{substitute}代理，未获批准", "{substitute} may not act for {principal}: refused")
_ENDED = (
    "{substitute}的代理已结束：代您作出{n}项决定",
    "{substitute} no longer acts for you: {n} decisions in your name",
)
_ENDED_EARLY = ("您对{principal}的代理已提前结束", "You no longer act for {principal}: it was ended early")
_WAS = (("结束日期", "Last day"), ("范围", "Scope"), ("金额上限", "Up to"))
_EVERYTHING = ("全部", "everything")
_ANY_AMOUNT = ("不限", "any amount")
_MORE = ("另有{n}项，见页面", "{n} more on the page")


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed of a substitution, line by line in both languages."""

    lines: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.lines)


def of_substitution(uow: UnitOfWork, payload: Mapping[str, Any]) -> int:
    """Plan what is to be told, as everybody wants it; returns how many notices there are."""
    rule = identity.find_substitution(uow, UUID(payload["substitution"]))
    principal, substitute = (identity.user(uow, key) for key in (rule.principal_id, rule.substitute_id))
    both = (principal, substitute)
    match payload["what"]:
        case "given" if rule.state == "active":
            # he knows what he has set himself
            people = [substitute, *([principal] if payload.get("by") not in (None, str(principal.id)) else [])]
            return _tell(uow, rule, both, GIVEN, people, _GIVEN, f"#rule-{rule.id}", rule.reason)
        case "changed" if rule.state == "active":
            people = [substitute, *([principal] if payload.get("by") not in (None, str(principal.id)) else [])]
            changes = _changes(uow, payload["before"], rule)
            return _tell(uow, rule, both, GIVEN, people, _CHANGED, f"#rule-{rule.id}", changes,
                         number=payload["number"])  # fmt: skip
        case "asked" if rule.state == "pending":
            judges = identity.judges_of(uow, principal.id, substitute.id)
            words = _ASKED if judges.manager else _ASKED_WITHOUT_MANAGER
            return _tell(uow, rule, both, ASKED, judges.people, words, f"#judge-{rule.id}", rule.reason)
        case "judged":
            said, reason, at = rule.judged_reason or "", rule.reason, f"#rule-{rule.id}"
            if rule.state == "refused":
                return _tell(uow, rule, both, JUDGED, both, _REFUSED, at, said)
            told = _tell(uow, rule, both, JUDGED, [principal], _APPROVED, at, said)
            return told + _tell(uow, rule, both, GIVEN, [substitute], _GIVEN, at, reason)
        case "ended" if identity.told_of_end(uow, rule.id):
            decided = tasks.decided_by_rule(uow, rule)
            told = _tell(uow, rule, both, ENDED, [principal], _ENDED, f"#over-{rule.id}", decided)
            if rule.over_at < rule.valid_to and payload.get("by") != str(substitute.id):
                told += _tell(uow, rule, both, ENDED, [substitute], _ENDED_EARLY, "", "")
            return told
    return 0


def _tell(
    uow: UnitOfWork, rule: Substitution, both: tuple[User, User], event: str, people: Sequence[User],
    words: tuple[str, str], at: str, more: str | Changes | Sequence[InMyName],
    number: int = 0,
) -> int:  # fmt: skip
    """`number`: of a change; each is told once. `at`: where on the page.

    `more`: a reason, what has changed or what was decided; it stays with who is told.
    """
    facts: dict[str, str] = {"link": PAGE + at}
    for english, ending in ((False, ""), (True, "_en")):
        said = {
            "principal": _name(both[0], english), "substitute": _name(both[1], english),
            "n": 0 if isinstance(more, str) else len(more), "first": _day(uow, rule.valid_from),
            "last": _day(uow, rule.valid_to - timedelta(microseconds=1)),
        }  # fmt: skip
        facts["said" + ending] = words[english].format_map(said)
        facts["text" + ending] = _text(more, english)
    return telling.plan(
        uow, None, [Notice(event, user.id, None, number, None, facts, about_id=rule.id) for user in people]
    )


def _text(more: str | Changes | Sequence[InMyName], english: bool) -> str:
    match more:
        case str():
            return more
        case Changes():
            return "\n".join(lines[english] for lines in more.lines)
        case _:
            return _lines(more, english)


def _changes(uow: UnitOfWork, before: Mapping[str, Any], rule: Substitution) -> Changes:
    """`before`: what held until then, as it was recorded."""
    names = {info.key: info for info in repository.latest_all(uow)} if before["names"] or rule.names else {}

    def scope(word: str, keys: Sequence[str], english: bool) -> str:
        if word == "all":
            return _EVERYTHING[english]
        known = [(names.get(key) if word == "processes" else None, key) for key in keys]
        language = "en" if english else "zh"
        return ", ".join(info.labels.get(language) or info.name if info else key for info, key in known)

    def amount(of: Decimal | None, english: bool) -> str:
        return _ANY_AMOUNT[english] if of is None else str(forms.Sum(of, HOME_CURRENCY))

    def told(valid_to: datetime, word: str, keys: Sequence[str], most: Decimal | None, english: bool) -> list[str]:
        return [_day(uow, valid_to - timedelta(microseconds=1)), scope(word, keys, english), amount(most, english)]

    ended = datetime.fromisoformat(before["valid_to"])
    most = None if before["max_amount"] is None else Decimal(before["max_amount"])
    # by what holds, not by its words: two things may have one name in one of the languages
    last_days = (_day(uow, end - timedelta(microseconds=1)) for end in (ended, rule.valid_to))
    scopes = ((before["scope"], list(before["names"])), (rule.scope, list(rule.names)))
    differs = [one != other for one, other in (last_days, scopes, (most, rule.max_amount))]
    lines = []
    for english in (False, True):
        was = told(ended, before["scope"], before["names"], most, english)
        now = told(rule.valid_to, rule.scope, rule.names, rule.max_amount, english)
        mark = (": ", "：")[not english]
        lines.append([f"{name[english]}{mark}{one} → {other}" for name, one, other, new
                      in zip(_WAS, was, now, differs, strict=True) if new])  # fmt: skip
    return Changes(tuple(zip(*lines, strict=True)))


def _day(uow: UnitOfWork, at: Any) -> str:
    return at.astimezone(uow.settings.zone).date().isoformat()  # type: ignore[no-any-return]


def _lines(decided: Sequence[InMyName], english: bool) -> str:
    lines = [
        " · ".join(part for part in (one.number, one.title or one.task_name, _word(one.decision, english)) if part)
        for one in decided[:MOST_LINES]
    ]  # fmt: skip
    if len(decided) > MOST_LINES:
        lines.append(_MORE[english].format(n=len(decided) - MOST_LINES))
    return "\n".join(lines)


def _word(decision: str, english: bool) -> str:
    return DECISIONS[decision][english] if decision in DECISIONS else decision


def _name(user: User, english: bool) -> str:
    return user.name_en if english and user.name_en else user.name
