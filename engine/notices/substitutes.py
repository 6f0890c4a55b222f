"""What is told about a substitution, outside of any request: to its manager, to both people, and when it is over."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from engine import identity, ids, tasks
from engine.db.job import JobKind
from engine.identity import Substitution, User
from engine.notices.events import DECISIONS
from engine.runtime import later
from engine.tasks import InMyName
from engine.unit_of_work import UnitOfWork

RETRY = "PT10S,PT1M,PT10M,PT1H"
MOST_LINES = 20
"""in a notice; the page has all of them"""
PAGE = "/substitutions/"

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
_MORE = ("另有{n}项，见页面", "{n} more on the page")


def of_substitution(uow: UnitOfWork, payload: Mapping[str, Any]) -> int:
    """Plan what is to be told, in the application; returns to how many people."""
    rule = identity.find_substitution(uow, UUID(payload["substitution"]))
    principal, substitute = (identity.user(uow, key) for key in (rule.principal_id, rule.substitute_id))
    match payload["what"]:
        case "asked" if rule.state == "pending":
            judges = identity.judges_of(uow, principal.id, substitute.id)
            words = _ASKED if judges.manager else _ASKED_WITHOUT_MANAGER
            return _tell(uow, rule, judges.people, words, "asked", principal, substitute)
        case "judged":
            words = _APPROVED if rule.state != "refused" else _REFUSED
            return _tell(
                uow, rule, [principal, substitute], words, "judged", principal, substitute, rule.judged_reason or ""
            )
        case "ended" if identity.told_of_end(uow, rule.id):
            return _tell(
                uow, rule, [principal], _ENDED, "ended", principal, substitute, tasks.decided_by_rule(uow, rule)
            )
    return 0


def _tell(
    uow: UnitOfWork, rule: Substitution, people: Sequence[User], words: tuple[str, str], what: str, principal: User,
    substitute: User, more: str | Sequence[InMyName] = "",
) -> int:  # fmt: skip
    told = [user for user in people if user.active]
    for user in told:
        english = (user.locale or uow.settings.locale) == "en"
        facts = {
            "principal": _name(principal, english), "substitute": _name(substitute, english),
            "n": 0 if isinstance(more, str) else len(more),
        }  # fmt: skip
        inputs = {
            "user_ids": [str(user.id)], "title": words[english].format_map(facts)[:200],
            "text": more if isinstance(more, str) else _lines(more, english),
            "link": PAGE if what != "ended" else f"{PAGE}#over-{rule.id}",
        }  # fmt: skip
        key = ids.named("substitution", rule.id, what, user.id)
        later.put(uow, JobKind.NOTICE, "notification.notify", inputs, key=key, retry=RETRY)
    return len(told)


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
