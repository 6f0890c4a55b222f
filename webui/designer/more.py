"""What a card says beyond who and which form: choices of `vocabulary.py`, lines of people and moments, conditions."""

import re
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from flask import g
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from engine import workdays
from engine.bpmn import quorum
from engine.bpmn.outline import Card, settings
from engine.errors import N_, EngineError, InvalidValue, Phrase
from webui.designer import vocabulary
from webui.designer.asking import memberships
from webui.designer.cards import Deck, duration_of, duration_text, form_keys
from webui.designer.conditions import Field, feel_of, same, typed_row
from webui.designer.vocabulary import Choice

_DURATION = re.compile(r"=.*|P[0-9YMWDTHS.]+")
_REPEATS = 100


class UnknownChoice(EngineError):
    """A form that sends a word which nobody offered."""

    message = N_("Expected one of the choices of '{label}', found '{found}'.")
    status = 422


class NotAThreshold(EngineError):
    """How many must agree, as nobody can count."""

    message = N_("Expected a share such as 2/3 or 0.6, found '{found}'.")
    status = 422


class NotATimeLimit(EngineError):
    """A step of a time limit that never comes."""

    message = N_("Expected a whole number and minutes, hours or days after which something happens, found '{found}'.")
    status = 422


def of_step(deck: Deck, card: Card, element: Any) -> dict[str, Any]:
    """What the form of a person's step shows."""
    others = [(node.id, deck.names[node.id]) for node in deck.nodes.values() if node.type == "userTask"]
    others = [(key, name) for key, name in others if key != card.id]
    said = {choice.name: _said(element, choice) for choice in vocabulary.of_step()}
    steps = [_step(line) for line in settings.lines(element, "troika:step")]
    copies = [
        line for number, found in enumerate(settings.lines(element, "troika:cc")) for line in _copies(number, found)
    ]
    weights = [
        {"old": number, "user": line.get("user", ""), "value": line.get("value", "")}
        for number, line in enumerate(settings.lines(element, "troika:weight"))
    ]
    buttons = {name: _offered(element, name) for name, _ in vocabulary.BUTTONS}
    parts = {
        "passing": vocabulary.PASSING, "automatic": vocabulary.AUTOMATIC, "acts": vocabulary.ACTS,
        "branch_reject": (vocabulary.BRANCH_REJECT,), "returning": vocabulary.RETURNING,
        "field_default": vocabulary.FIELDS,
    }  # fmt: skip
    return {
        **parts, "said": said, "set": {name: _set(found, said) for name, found in parts.items()},
        "options": {choice.name: vocabulary.shown(choice, said[choice.name]) for choice in vocabulary.of_step()},
        "ticks": {"return.targets": [*((key, gettext(text)) for key, text in vocabulary.TARGETS), *others]},
        "steps": steps, "copies": copies, "weights": weights, "buttons": buttons, "button_names": vocabulary.BUTTONS,
        "buttons_set": sum(on is (name in vocabulary.ON_REQUEST) for name, on in buttons.items()),
        "step_acts": vocabulary.TIMEOUTS, "copy_when": vocabulary.COPY_WHEN, "copy_again": vocabulary.COPY_AGAIN,
        "others": others,
        "calendar": settings.said(element, "troika:calendar", "name"),
        "limit_calendar": settings.said(element, "troika:timeout", "calendar"),
        "calendars": workdays.calendars(g.uow),
    }  # fmt: skip


def of_process(deck: Deck, element: Any) -> dict[str, Any]:
    """What the requester's card shows of the process."""
    said = {choice.name: _said(element, choice) for choice in vocabulary.PROCESS}
    known = {"groups": list(deck.groups.items()), "forms": [(key, key) for key in form_keys()]}
    return {
        "process_choices": vocabulary.PROCESS, "said": said, "set": {"process": _set(vocabulary.PROCESS, said)},
        "options": {
            choice.name: vocabulary.shown(choice, said[choice.name], known) for choice in vocabulary.PROCESS
        },
        "ticks": {
            "starters.groups": list(deck.groups.items()), "starters.departments": list(deck.departments.items()),
            "managers.groups": list(deck.groups.items()),
            "summary.fields": [(key, found.label) for key, found in deck.fields.items()],
        },
    }  # fmt: skip


def apply_step(element: Any, kind: str, sent: MultiDict[str, str], fields: Mapping[str, Field]) -> None:
    """Write what the form of a person's step says and the drawing does not say yet. `fields`: for conditions."""
    _apply(element, vocabulary.of_step() if kind == "approval" else _of_task(), sent)
    shown = sent.getlist("shown")
    if "buttons" in shown:
        for name, _ in vocabulary.BUTTONS:
            on, asked = f"button:{name}" in sent, name in vocabulary.ON_REQUEST
            if on is not _offered(element, name):
                settings.say(element, "troika:buttons", name, "" if on is not asked else str(on).lower())
    if "calendar" in sent and sent["calendar"] != settings.said(element, "troika:calendar", "name"):
        settings.say(element, "troika:calendar", "name", sent["calendar"])
    if "steps" in shown:
        settings.write_lines(element, "troika:step", _steps(sent))
        if sent.get("limit_calendar", "") != settings.said(element, "troika:timeout", "calendar") and (
            settings.lines(element, "troika:step")
        ):
            settings.say(element, "troika:timeout", "calendar", sent.get("limit_calendar", ""))
    if "copies" in shown:
        settings.write_lines(element, "troika:cc", _told(element, sent))
    if kind == "approval" and "weights" in shown:
        weighs = settings.said(element, "troika:approval", "mode") == "weight"
        settings.write_lines(element, "troika:weight", _weights(sent) if weighs else [])
    text = condition(sent, "skip:", fields)
    if text is not None and not same(text, settings.said(element, "troika:skipWhen", "value")):
        settings.say(element, "troika:skipWhen", "value", text)


def apply_process(element: Any, sent: MultiDict[str, str]) -> None:
    """Write what the requester's card says of the process."""
    _apply(element, vocabulary.PROCESS, sent)


def condition(sent: MultiDict[str, str], prefix: str, fields: Mapping[str, Field]) -> str | None:
    """The condition that a form says in rows or as text; None when it does not ask for one."""
    if f"{prefix}text" in sent:
        text = sent[f"{prefix}text"].strip()
        return text if text.startswith("=") or not text else f"= {text}"
    if f"{prefix}field" not in sent:
        return None
    asked = zip_longest(
        *(sent.getlist(f"{prefix}{part}") for part in ("field", "operator", "value", "to")), fillvalue=""
    )
    known = memberships()
    typed = [typed_row(fields, field, operator, value, to, known) for field, operator, value, to in asked if field]
    return feel_of(typed, fields)


# ---------------------------------------------------------------- reading


def _said(element: Any, choice: Choice) -> str:
    return settings.said(element, choice.element, choice.attribute)


def _set(choices: Iterable[Choice], said: Mapping[str, str]) -> int:
    """How many of them say something else than what is meant anyway."""
    return sum(said[choice.name] not in ("", choice.written) for choice in choices)


def _offered(element: Any, name: str) -> bool:
    stored = settings.said(element, "troika:buttons", name)
    return stored == "true" if name in vocabulary.ON_REQUEST else stored != "false"


def _step(line: Any) -> dict[str, Any]:
    """A step of a time limit: how long as amount and unit, or as it stands when that does not say it."""
    after = line.get("after", "")
    amount, unit = duration_of(after) or (after, "")
    return {"amount": amount, "unit": unit, **{key: line.get(key, "") for key in ("do", "repeat", "to")}}


def _copies(number: int, line: Any) -> list[dict[str, Any]]:
    """A line for everyone whom one `troika:cc` tells."""
    told = [
        f"{kind}:{key}" for kind, word in (("user", "users"), ("group", "groups"))
        for key in line.get(word, "").replace(",", " ").split()
    ]  # fmt: skip
    return [{"old": number, "on": line.get("on", ""), "again": line.get("again", ""), "to": to} for to in told]


# ---------------------------------------------------------------- writing


def _of_task() -> list[Choice]:
    """The choices of a step that nobody decides: all but those about agreeing."""
    return [choice for choice in vocabulary.of_step() if choice.element != "troika:approval"]


def _apply(element: Any, choices: Iterable[Choice], sent: MultiDict[str, str]) -> None:
    """What was sent and is new; then away with what means nothing any more since something else has changed."""
    choices = list(choices)
    before = {choice.name: _said(element, choice) for choice in choices}
    for choice in choices:
        value = _sent(choice, sent, before[choice.name])
        if value is None or value == before[choice.name]:
            continue
        if not choice.holds(value):
            raise UnknownChoice(label=Phrase(choice.label), found=value)
        if choice.attribute == "threshold" and value:
            _check_threshold(value)
        if _means_something(element, choices, choice) or not value:
            settings.say(element, choice.element, choice.attribute, value)
    for choice in choices:
        changed = any(
            found.name == (choice.when or ("",))[0] and _said(element, found) != before[found.name] for found in choices
        )
        if changed and _said(element, choice) and not _means_something(element, choices, choice):
            settings.say(element, choice.element, choice.attribute, "")


def _means_something(element: Any, choices: list[Choice], choice: Choice) -> bool:
    """Whether the choice that it depends upon says what it needs; of one that is no attribute nothing is known here."""
    name, values = choice.when or ("", ())
    asked = next((found for found in choices if found.name == name), None)
    return asked is None or (now := _said(element, asked)) in values or bool("*" in values and now)


def _sent(choice: Choice, sent: MultiDict[str, str], stored: str) -> str | None:
    """What a form says about a choice, several in the order in which they stand; None when it does not show it."""
    if choice.kind not in ("ticks", "logins"):
        return sent[choice.name].strip() if choice.name in sent else None
    if choice.name not in sent.getlist("shown"):
        return None
    there, ticked = stored.replace(",", " ").split(), list(filter(None, sent.getlist(choice.name)))
    if set(ticked) == set(there):
        return stored
    return choice.separator.join([key for key in there if key in ticked] + [key for key in ticked if key not in there])


def _check_threshold(text: str) -> None:
    try:
        quorum.threshold(text)
    except InvalidValue:
        raise NotAThreshold(found=text) from None


def _steps(sent: MultiDict[str, str]) -> list[tuple[int | None, dict[str, str]]]:
    rows: list[tuple[int | None, dict[str, str]]] = []
    asked = (sent.getlist(f"step_{part}") for part in ("old", "after", "unit", "do", "repeat", "to"))
    for old, after, unit, act, repeat, to in zip(*asked, strict=True):
        if not after.strip():
            continue
        if act not in dict(vocabulary.TIMEOUTS):
            raise UnknownChoice(label=Phrase(N_("Then")), found=act)
        words = {"after": _after(after.strip(), unit), "do": act, "repeat": _repeat(repeat.strip()), "to": _to(act, to)}
        rows.append((_number(old), words))
    return rows


def _after(text: str, unit: str) -> str:
    if not unit and _DURATION.fullmatch(text):
        return text
    if unit not in ("M", "H", "D") or not text.isascii() or not text.isdigit() or not 0 < int(text) <= 10_000:
        raise NotATimeLimit(found=text)
    return duration_text(text, unit)


def _repeat(text: str) -> str:
    if text and not (text.isascii() and text.isdigit() and 0 < int(text) <= _REPEATS):
        raise NotATimeLimit(found=text)
    return text


def _to(act: str, to: str) -> str:
    """To whom a step hands over or sends back; the manager is meant when a hand-over names nobody."""
    if act == "transfer":
        return "manager" if to in ("", "initiator", "previous") else to
    return to if act == "return" and to != "manager" else ""


def _told(element: Any, sent: MultiDict[str, str]) -> list[tuple[int | None, dict[str, str]]]:
    """Lines as `troika:cc`: those that were one before stay one as long as they tell at the same moments."""
    there = settings.lines(element, "troika:cc")
    found: dict[tuple[int | None, str, str, int], tuple[list[str], list[str]]] = {}
    asked = zip(*(sent.getlist(f"cc_{part}") for part in ("old", "on", "again", "to")), strict=True)
    for row, (old_text, on, again, to) in enumerate(asked):
        kind, _, key = to.partition(":")
        if not key:
            continue
        if (
            kind not in ("user", "group")
            or on not in (*dict(vocabulary.COPY_WHEN), "pass")
            or again not in (*dict(vocabulary.COPY_AGAIN), "false")
        ):
            raise UnknownChoice(label=Phrase(N_("Copies")), found=f"{on} {again} {to}".strip())
        old = _number(old_text)
        if old is not None and (
            old >= len(there) or (there[old].get("on", ""), there[old].get("again", "")) != (on, again)
        ):
            old = None
        users, groups = found.setdefault((old, on, again, row if old is None else 0), ([], []))
        (users if kind == "user" else groups).append(key)
    return [
        (
            old,
            {
                "on": on,
                "again": again,
                "users": _as_before(there, old, "users", users),
                "groups": _as_before(there, old, "groups", groups),
            },
        )
        for (old, on, again, _), (users, groups) in found.items()
    ]


def _as_before(there: list[Any], old: int | None, word: str, names: list[str]) -> str:
    """Names in a row; as they stand already when they are the same."""
    stored = there[old].get(word, "") if old is not None else ""
    return stored if stored.replace(",", " ").split() == names else " ".join(names)


def _weights(sent: MultiDict[str, str]) -> list[tuple[int | None, dict[str, str]]]:
    rows: list[tuple[int | None, dict[str, str]]] = []
    for old, user, value in zip(*(sent.getlist(f"weight_{part}") for part in ("old", "user", "value")), strict=True):
        if not user:
            continue
        if not value.strip().isascii() or not value.strip().isdigit() or int(value) == 0:
            raise NotAThreshold(found=value)
        rows.append((_number(old), {"user": user, "value": value.strip()}))
    return rows


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
