"""Why the engine asks somebody, and why a decision counts no more: codes with values, and the text that rows keep."""

import re
from dataclasses import dataclass, field

_WITH_VALUES = {
    "rejected-at": "{task}: rejected",
    "manager": "manager {n} of the requester",
    "department-leader": "leader {n} of the requester's department",
    "in-field": "named in field {field}",
    "manager-of-field": "manager of the person in field {field}",
    "department-leader-of-field": "department leader of the person in field {field}",
    "leader-of-department-in-field": "leader of the department in field {field}",
    "asked-later": "is asked later: {task}",
    "by-decision": "by decision {name}",
    "decided-at": "decided {element}",
}
"""code -> the text with the names of its values"""
_PLAIN = (
    "named", "requester", "management line of the requester", "department line of the requester",
    "leader of the department", "member of the department", "computed", "in place of the requester", "nobody to ask",
    "nobody else to ask", "the requester is the approver", "has agreed before", "chosen beforehand", "returned it",
    "acted here before", "decided before, and nothing has changed", "group", "copy", "the time limit has passed",
    # why a decision counts no more, or waits
    "sent back", "sent back again", "recalled", "carried", "not passed on the way back", "another way was taken",
    "what they decided on has changed", "somebody who decided has left", "another version asks otherwise",
    "an approval is not valid any more", "the document is another one", "the document has changed",
    "somebody who decided may no longer do so", "rejected before it was woken", "account disabled", "policy retired",
    "refused", "unanswered", "rejected", "withdrawn", "voided", "terminated",
    "failed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """One of `CODES`, with the texts that belong to it."""

    code: str
    values: dict[str, str] = field(default_factory=dict)


def code_of(text: str) -> str:
    """The code of a text without values."""
    return "-".join(re.findall(r"\w+", text))


def text(code: str, **values: object) -> str:
    """What a row keeps of a reason with values. Raises KeyError for a code or value that there is none of."""
    return _WITH_VALUES[code].format(**values)


def read(kept: str) -> Reason | None:
    """The reason that a row keeps; None for words of a person."""
    if kept in _PLAIN:
        return Reason(code_of(kept))
    for code, pattern in _PATTERNS:
        met = pattern.fullmatch(kept)
        if met:
            return Reason(code, met.groupdict())
    return None


def _pattern(template: str) -> re.Pattern[str]:
    kinds = {"n": r"\d+", "element": r"\S+"}
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile("".join(
        re.escape(part) if place % 2 == 0 else f"(?P<{part}>{kinds.get(part, '.+')})"
        for place, part in enumerate(parts)
    ))  # fmt: skip


_PATTERNS = [(code, _pattern(template)) for code, template in _WITH_VALUES.items()]
CODES = frozenset((*_WITH_VALUES, *map(code_of, _PLAIN)))
