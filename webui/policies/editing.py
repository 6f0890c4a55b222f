"""The form of a statement: what was sent becomes plain data that the engine reads, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from werkzeug.datastructures import MultiDict

from engine.policy import Policy, statement

ROWS = 2
"""lines offered for approvals and conditions, at least one of them empty"""


@dataclass(frozen=True)
class Shown:
    """What the fields of the form hold."""

    statement: Mapping[str, Any]
    approvals: Sequence[Mapping[str, Any]] = ()
    conditions: Sequence[Mapping[str, Any]] = ()


def shown(policy: Policy) -> Shown:
    """The fields for a statement, with empty lines to add to it."""
    require = policy.text["require"]
    approvals = [dict(one) for one in require if "approval" in one]
    conditions = [dict(one) for one in require if "approval" not in one]
    approvals += [{}] * max(1, ROWS - len(approvals))
    conditions += [{}] * max(1, 2 - len(conditions))
    return Shown(policy.text, approvals, conditions)


def text_of(policy: Policy) -> str:
    """One policy as YAML."""
    return statement.write([policy])


def from_form(policy: Policy, sent: MultiDict[str, str]) -> str:
    """The YAML of what the form says; what it has no field for stays as `policy` has it."""
    plain: dict[str, Any] = dict(policy.text)
    plain["title"] = sent.get("title", "").strip()
    plain["owner"] = sent.get("owner", "").strip()
    _put(plain, "when", sent.get("when", "").strip())
    before = [one for one in policy.text["require"] if "approval" in one]
    approvals = [_approval(number, before, sent) for number in range(_rows(sent, "approval"))]
    others = [one for one in policy.text["require"] if "approval" not in one]
    conditions = [_condition(number, others, sent) for number in range(_rows(sent, "condition"))]
    plain["require"] = [one for one in (*approvals, *conditions) if one]
    for key in ("distinct", "binds"):
        _put(plain, key, sent.getlist(key))
    plain["elsewhere"] = "allowed" if sent.get("elsewhere") else "forbidden"
    plain["batch"] = "allowed" if sent.get("batch") else "not_allowed"
    if sent.get("glass"):
        glass = dict(policy.text.get("break_glass") or {"notify": ["audit"]})
        plain["break_glass"] = {
            **glass, "people": statement.GLASS_PEOPLE, "roles": sent.get("glass_roles", "").split(),
            "expires": f"PT{sent.get('glass_hours', '').strip()}H", "reason": "required",
        }  # fmt: skip
    else:
        plain.pop("break_glass", None)
    return yaml.safe_dump([plain], allow_unicode=True, sort_keys=False, width=120)


def _rows(sent: MultiDict[str, str], name: str) -> int:
    return len(sent.getlist(name))


def _approval(number: int, before: list[Mapping[str, Any]], sent: MultiDict[str, str]) -> dict[str, Any]:
    """One line; what the line has no field for stays as it was there. An empty name leaves the line out."""
    values = {key: _at(sent, key, number) for key in ("approval", "people", "need_when", "eligible", "days", "uses")}
    if not values["approval"]:
        return {}
    old = next((one for one in before if one["approval"] == values["approval"]), {})
    found: dict[str, Any] = dict(old) | {"approval": values["approval"], "people": _whole(values["people"] or "1")}
    _put(found, "when", values["need_when"])
    _put(found, "eligible", values["eligible"])
    if values["days"]:
        found["valid_for"] = f"P{values['days']}D"
    if values["uses"] not in ("", "once") or "uses" in old:
        found["uses"] = values["uses"]
    return found


def _condition(number: int, before: list[Mapping[str, Any]], sent: MultiDict[str, str]) -> dict[str, Any]:
    text, kind = _at(sent, "condition", number), _at(sent, "condition_kind", number) or "evidence"
    if not text:
        return {}
    instead, people = _at(sent, "instead", number), _at(sent, "instead_people", number)
    old = next((one.get("or") for one in before if one.get("or", {}).get("approval") == instead), None)
    found: dict[str, Any] = {kind: text}
    if instead:
        found["or"] = dict(old or {}) | {"approval": instead, "people": _whole(people or "1")}
    return found


def _at(sent: MultiDict[str, str], name: str, number: int) -> str:
    values = sent.getlist(name)
    return values[number].strip() if number < len(values) else ""


def _whole(text: str) -> int | str:
    """A number; what is none is left for the reader of statements to refuse, with its own words."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else text


def _put(plain: dict[str, Any], key: str, value: Any) -> None:
    if value:
        plain[key] = value
    else:
        plain.pop(key, None)
