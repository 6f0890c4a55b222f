"""The form of a statement: every part of it has fields, and what they say becomes the YAML that the engine reads."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import yaml
from werkzeug.datastructures import MultiDict

from engine.errors import N_, InvalidPolicy, Phrase
from engine.policy import Policy, statement
from engine.policy.statement import Requirement
from webui.policies import shapes
from webui.policies.shapes import Clause

Fields = MultiDict[str, str]
"""name → values; lines of a kind stand under the same names, in their order"""

UNITS = {"D": N_("days"), "H": N_("hours"), "M": N_("minutes")}
_LENGTHS = {"D": timedelta(days=1), "H": timedelta(hours=1), "M": timedelta(minutes=1)}
INSTEAD = "or_"
"""begins the names of an approval that stands in the place of missing evidence"""
CONDITIONS = {
    "when": N_("Only if"),
    "need_when": N_("Approval {n}, only if"),
    "eligible": N_("Approval {n}, who may"),
    "condition": N_("Condition {n}"),
    "or_need_when": N_("Approval in the place of condition {n}, only if"),
    "or_eligible": N_("Approval in the place of condition {n}, who may"),
}
"""fields that hold FEEL, as people call them; beside each stand lines that say it where they can: `eligible.0.what`"""
_PARTS = ("what", "how", "value")
_DEFAULTS = {"actor": "both", "recheck": "decision", "uses": "once"}


def fields_of(policy: Policy) -> Fields:
    """What the form shows of a statement."""
    sent = Fields()
    for key, text in (
        ("owner", policy.owner),
        ("when", _expression(policy.when)),
        *_named("title", policy.titles).items(),
    ):
        sent.add(key, text)
    for need in policy.approvals:
        _add_approval(sent, "", need)
    for one in policy.conditions:
        sent.add("condition_kind", one.kind)
        sent.add("condition", _expression(one.expression))
        _add_approval(sent, INSTEAD, one.otherwise)
    for key, names in (("distinct", sorted(policy.distinct)), ("same", sorted(policy.same)), ("binds", policy.binds)):
        sent.setlist(key, list(names))
    if policy.aggregate is not None:
        sent.add("sums", "1")
        sent.setlist("by", list(policy.aggregate.by))
        sent.add("total", policy.aggregate.total)
        sent.add("sum_name", policy.aggregate.name)
        _add_length(sent, "window", policy.aggregate.window)
    for key, on in (("elsewhere", policy.elsewhere), ("batch", policy.batch), ("glass", policy.break_glass)):
        if on:
            sent.add(key, "1")
    if policy.break_glass is not None:
        sent.setlist("glass_roles", list(policy.break_glass.roles))
        sent.setlist("glass_notify", list(policy.break_glass.notify))
        _add_length(sent, "glass_for", policy.break_glass.expires)
    return _offered(sent)


def empty() -> Fields:
    """The form of a statement that is not there yet."""
    sent = Fields({"elsewhere": "1"})
    sent.setlist("distinct", ["requester", "approver"])
    return with_line(_offered(sent), "approval")


def with_line(sent: Fields, kind: str) -> Fields:
    """The same form with an empty line more: an approval or a condition."""
    if kind == "condition":
        sent.add("condition_kind", "evidence")
        sent.add("condition", "")
    _add_approval(sent, "" if kind == "approval" else INSTEAD, None)
    return sent


def without_line(policy_id: str, sent: Fields, which: str) -> Fields:
    """The same form without a line: `approval 0`, `condition 2`. Raises InvalidPolicy."""
    kind, _, number = which.partition(" ")
    if kind not in ("approval", "condition") or _whole(number) not in range(len(sent.getlist(kind))):
        raise InvalidPolicy(policy=policy_id, expected=N_("a line of this form"), found=which)
    line = Fields()
    _add_approval(line, "" if kind == "approval" else INSTEAD, None)
    for name in (*line, *(("condition_kind", "condition") if kind == "condition" else ())):
        values = sent.getlist(name)
        sent.setlist(name, values[: int(number)] + values[int(number) + 1 :])
    return sent


def untouched(sent: Fields, prefix: str, number: int) -> bool:
    """Whether a line of an approval is as empty as it was offered."""
    line = Fields()
    _add_approval(line, prefix, None)
    return all(
        at(sent, name, number) in ("", usual)
        for name, usual in line.items()
        if at(sent, name.removesuffix("_unit"), number)
    )


def at(sent: Fields, name: str, number: int = 0) -> str:
    """What a field of a line says; ends of lines as the engine writes them."""
    values = sent.getlist(name)
    return values[number].replace("\r\n", "\n").strip() if number < len(values) else ""


def text_of(policy: Policy) -> str:
    """One policy as YAML."""
    return statement.write([policy])


def shows_all(policy: Policy) -> bool:
    """Whether the form can say everything that a statement says; if not, it is edited as YAML."""
    try:
        (read,) = statement.read(from_form(policy.id, policy.on, fields_of(policy)))
    except InvalidPolicy:
        return False
    return read == policy


def rows(sent: Fields, on: str, name: str, number: int) -> list[Clause] | None:
    """The lines of a condition, as they were typed or as its FEEL says; None: only FEEL can say it."""
    lists = [sent.getlist(f"{name}.{number}.{part}") for part in _PARTS]
    if any(lists):
        return [Clause(*one) for one in zip(*lists, strict=False)]
    return shapes.clauses(on, _feel(at(sent, name, number)))


def folded(policy_id: str, on: str, sent: Fields) -> Fields:
    """The same form with conditions as FEEL alone: as it was typed where it was changed, else as their lines say.

    Raises InvalidPolicy.
    """
    found = Fields(sent)
    for name in CONDITIONS:
        values = found.getlist(name)
        for number, text in enumerate(values):
            lines = rows(found, on, name, number) if f"{name}.{number}.was" in found else None
            if lines is not None and at(found, name, number) == at(found, f"{name}.{number}.was"):
                said = _said(policy_id, on, name, number, lines)
                values[number] = text if said == _feel(at(found, name, number)) else f"= {said}" if said else ""
        found.setlist(name, values)
    for key in [key for key in found if key.partition(".")[0] in CONDITIONS and "." in key]:
        found.poplist(key)
    return found


def _said(policy_id: str, on: str, name: str, number: int, lines: list[Clause]) -> str:
    """What the lines of one condition say. Raises InvalidPolicy, which names the condition."""
    try:
        return shapes.expression(on, lines)
    except shapes.Unclear as unclear:
        where = Phrase(CONDITIONS[name], n=number + 1)
        expected = Phrase(N_("{where}: {what}"), where=where, what=unclear.expected)
        raise InvalidPolicy(policy=policy_id, expected=expected, found=unclear.found) from None


def _feel(text: str) -> str:
    return text.removeprefix("=").strip()


def from_form(policy_id: str, on: str, sent: Fields) -> str:
    """The YAML of what the form says. What cannot be read is left for the reader of statements to refuse."""
    plain: dict[str, Any] = {
        "id": policy_id, "title": _names(sent, "title", 0), "owner": at(sent, "owner"), "on": on
    }  # fmt: skip
    _put(plain, "when", at(sent, "when"))
    approvals = [_approval(sent, "", number) for number in range(len(sent.getlist("approval")))]
    conditions = [_condition(sent, number) for number in range(len(sent.getlist("condition")))]
    plain["require"] = [one for one in (*approvals, *conditions) if one]
    for key in ("distinct", "same", "binds"):
        _put(plain, key, sent.getlist(key))
    if at(sent, "sums"):
        plain["aggregate"] = {
            "by": sent.getlist("by"), "window": _length(sent, "window", 0), "sum": at(sent, "total"),
            "as": at(sent, "sum_name"),
        }  # fmt: skip
    plain["batch"] = "allowed" if at(sent, "batch") else "not_allowed"
    plain["elsewhere"] = "allowed" if at(sent, "elsewhere") else "forbidden"
    if at(sent, "glass"):
        plain["break_glass"] = {
            "people": statement.GLASS_PEOPLE, "roles": sent.getlist("glass_roles"),
            "expires": _length(sent, "glass_for", 0), "reason": "required",
            "notify": sent.getlist("glass_notify"),
        }  # fmt: skip
    return yaml.safe_dump([plain], allow_unicode=True, sort_keys=False, width=120)


def facts_of(on: str, sent: Fields) -> tuple[list[str], list[str], list[str]]:
    """(facts to bind, facts to add up by, numbers to add up) of a class; what is chosen first, in its order."""
    types: Mapping[str, str] = statement.CLASSES.get(on, {})
    numbers = [name for name, of in types.items() if of == "number"]
    return (
        _first(sent.getlist("binds"), types), _first(sent.getlist("by"), types), _first(sent.getlist("total"), numbers)
    )  # fmt: skip


def asked_of(on: str) -> list[str]:
    """The facts for which conditions of a class may ask."""
    return [*statement.CLASSES.get(on, {}), *statement.STATE.get(on, {})]


def _first(chosen: Iterable[str], all_: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*filter(None, chosen), *all_]))


def _offered(sent: Fields) -> Fields:
    """With what is usual where nothing is said yet."""
    for name, length in (("window", timedelta(days=7)), ("glass_for", timedelta(hours=24))):
        if name not in sent:
            _add_length(sent, name, length)
    sent.setdefault("glass_notify", "audit")
    return sent


def _add_approval(sent: Fields, prefix: str, need: Requirement | None) -> None:
    """One line; None: an empty one."""
    values = {"approval": "", **_named("name", ()), "people": "1", "need_when": "", "eligible": "", **_DEFAULTS}
    if need is not None:
        values = {
            "approval": need.approval, **_named("name", need.names), "people": str(need.people),
            "need_when": _expression(need.when), "eligible": _expression(need.eligible), "actor": need.effective_actor,
            "recheck": need.recheck, "uses": need.uses,
        }  # fmt: skip
    for key, value in values.items():
        sent.add(prefix + key, value)
    _add_length(sent, prefix + "valid", statement.VALID_FOR if need is None else need.valid_for)
    _add_length(sent, prefix + "within", None if need is None else need.respond_within)


def _approval(sent: Fields, prefix: str, number: int) -> dict[str, Any]:
    """One line; one that is as empty as it was offered is left out."""
    if untouched(sent, prefix, number):
        return {}
    name = at(sent, prefix + "approval", number)
    found: dict[str, Any] = {"approval": name, "people": _whole(at(sent, prefix + "people", number) or "1")}
    for key, field, default in (
        ("when", "need_when", ""), ("eligible", "eligible", ""), ("effective_actor", "actor", "both"),
        ("recheck", "recheck", "decision"), ("uses", "uses", "once"),
    ):  # fmt: skip
        value = at(sent, prefix + field, number)
        _put(found, key, "" if value == default else value)
    _put(found, "name", _names(sent, prefix + "name", number))
    _put(found, "valid_for", _length(sent, prefix + "valid", number))
    _put(found, "respond_within", _length(sent, prefix + "within", number))
    return found


def _condition(sent: Fields, number: int) -> dict[str, Any]:
    text = at(sent, "condition", number)
    if not text and untouched(sent, INSTEAD, number):
        return {}
    found: dict[str, Any] = {at(sent, "condition_kind", number) or "evidence": text}
    _put(found, "or", _approval(sent, INSTEAD, number))
    return found


def _named(field: str, names: statement.Names) -> dict[str, str]:
    """A field for each language."""
    known = dict(names)
    return {f"{field}_{language}": known.get(language, "") for language in statement.LANGUAGES}


def _names(sent: Fields, field: str, number: int) -> str | dict[str, str]:
    """One text where there is only that of the first language, as it is mostly written."""
    found = {language: text for language in statement.LANGUAGES if (text := at(sent, f"{field}_{language}", number))}
    return found.get(statement.LANGUAGES[0], "") if set(found) <= {statement.LANGUAGES[0]} else found


def _expression(text: str | None) -> str:
    return "" if text is None else f"= {text}"


def _add_length(sent: Fields, name: str, length: timedelta | None) -> None:
    """A duration in the largest unit in which it is a whole number."""
    unit = next((unit for unit, one in _LENGTHS.items() if length and not length % one), "D")
    sent.add(name, str(length // _LENGTHS[unit]) if length else "")
    sent.add(f"{name}_unit", unit)


def _length(sent: Fields, name: str, number: int) -> str:
    """ISO 8601, e.g. P1DT12H for 36 hours; empty: the field is."""
    text, unit = at(sent, name, number), at(sent, f"{name}_unit", number)
    if not text:
        return ""
    if not text.isascii() or not text.isdigit() or len(text) > 8 or unit not in _LENGTHS:
        return text
    minutes = int(text) * int(_LENGTHS[unit] / _LENGTHS["M"])
    days, (hours, rest) = minutes // 1440, divmod(minutes % 1440, 60)
    time = (f"{hours}H" if hours else "") + (f"{rest}M" if rest else "")
    return f"P{days}D" * bool(days) + f"{'' if days else 'P'}T{time}" * bool(time) or "P0D"


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else text


def _put(plain: dict[str, Any], key: str, value: Any) -> None:
    if value:
        plain[key] = value
