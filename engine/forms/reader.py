"""form-js JSON -> Form and findings. Reading never raises; a form with an error in its findings is not used."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any

from engine import feel
from engine.errors import N_, EngineError
from engine.feel import Compiled
from engine.findings import Finding, Level, errors_of
from engine.forms import layout as layouts
from engine.forms import schema
from engine.forms.model import (
    CHOICES,
    CONTAINERS,
    DISPLAY,
    MANY_CHOICES,
    PICKERS,
    VALUES,
    Form,
    FormField,
    Option,
    Reading,
)
from engine.forms.rules import ROUNDS

SIZE_LIMIT = 1_000_000
"""bytes of one form"""
COMPONENT_LIMIT = 1_000
DEPTH_LIMIT = 10
LANGUAGES = ("en",)
"""besides the main language of a form"""
REFUSED = {
    "iframe": N_("pages of other hosts are not shown inside a form"),
    "script": N_("a form carries no program"),
}
_LABEL = re.compile(r"troika:(\w+)\.(\w+)")
_KEY = re.compile(r"[^\W\d]\w*", re.UNICODE)
_TEMPLATE = re.compile(r"\{\{\s*(?![#/@^])(.+?)\s*\}\}")
_MISSING = {"people": N_("the people of the company"), "calendar": N_("a work calendar")}
_LIMITS = ("min", "max", "minLength", "maxLength")
_CURRENCY = re.compile(r"[A-Z]{3}")
AMOUNTS = frozenset(("number", "expression"))
"""components that may hold money"""
NO_LIMIT = "none"
"""`troika:limit`: an amount that is shown for comparison"""


@dataclass(slots=True)
class _Reader:
    resource: str
    findings: list[Finding] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    called: dict[str, str] = field(default_factory=dict)
    """what people call a component, by its id"""
    paths: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    count: int = 0

    def say(self, rule: str, element: str | None, message: str, *, hint: str = "", level: Level = Level.ERROR,
            **facts: Any) -> None:  # fmt: skip
        """The fact `name` is what the component is called."""
        if element is not None and "{name}" in message and "name" not in facts:
            facts["name"] = self.called.get(element, element)
        self.findings.append(Finding(rule, level, element, message, facts, hint, resource=self.resource))


def read(source: bytes | str | dict[str, Any], resource: str = "") -> Reading:
    """Read form-js JSON. `form` is None exactly when a finding is an error."""
    reader = _Reader(resource)
    document = _document(reader, source)
    form = _form(reader, document, source) if document is not None else None
    return Reading(None if errors_of(reader.findings) else form, reader.findings)


def _document(reader: _Reader, source: bytes | str | dict[str, Any]) -> dict[str, Any] | None:
    document: Any = source
    if not isinstance(source, dict):
        if len(source) > SIZE_LIMIT:
            reader.say("form-too-large", None, N_("Expected a form of at most {limit} bytes."), limit=SIZE_LIMIT)
            return None
        try:
            document = json.loads(source, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            reader.say("form-not-json", None, N_("Expected a form in JSON, found: {reason}."), reason=str(error)[:200])
            return None
    if not isinstance(document, dict) or not isinstance(document.get("components"), list):
        reader.say("form-not-json", None, N_("Expected a form-js form with a list 'components'."))
        return None
    if not isinstance(document.get("id"), str) or not document["id"]:
        reader.say("form-without-id", None, N_("Expected the form to have an id."))
        return None
    return document


def _form(reader: _Reader, document: dict[str, Any], source: bytes | str | dict[str, Any]) -> Form | None:
    components = _level(reader, document["components"], (), "", 0)
    fields = tuple(_all(components))
    _find_cycles(reader, fields)
    layout = None
    if "print" in document:
        layout = layouts.read(document["print"], {one.path: one for one in fields}, reader.say)
    if errors_of(reader.findings):
        return None
    own = {one.path.partition(".")[0] for one in fields}
    form_reads = frozenset(reader.reads - own - {"this", "parent", "i", "_this_", "_parent_", "_i_"})
    file = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    digest = sha256(file).digest() if isinstance(file, bytes) else None
    return Form(document["id"], document, components, fields, form_reads, schema.build(components), layout, digest)


def _all(components: tuple[FormField, ...]) -> Iterator[FormField]:
    for component in components:
        if component.holds_value:
            yield component
        yield from _all(component.children)


def _level(reader: _Reader, items: Any, keys: tuple[str, ...], above: str, depth: int) -> tuple[FormField, ...]:
    """`keys`: of the groups around, within this level; `above`: dotted path of the list around."""
    if depth > DEPTH_LIMIT:
        reader.say("form-too-deep", None, N_("Expected components nested at most {limit} deep."), limit=DEPTH_LIMIT)
        return ()
    found = []
    for item in items:
        reader.count += 1
        if reader.count > COMPONENT_LIMIT:
            reader.say("form-too-large", None, N_("Expected at most {limit} components."), limit=COMPONENT_LIMIT)
            break
        component = _component(reader, item, keys, above, depth)
        if component is not None:
            found.append(component)
    return tuple(found)


def _component(reader: _Reader, raw: Any, keys: tuple[str, ...], above: str, depth: int) -> FormField | None:
    if not isinstance(raw, dict):
        reader.say(
            "form-not-json", None, N_("Expected a component to be an object, found {found}."), found=repr(raw)[:60]
        )
        return None
    kind, element = str(raw.get("type", "")), str(raw.get("id", ""))
    if not element:
        reader.say("component-without-id", None, N_("Expected component '{name}' to have an id."),
                   hint=N_("Save the form in the designer: it gives an id to every component."),
                   name=str(raw.get("key") or kind))  # fmt: skip
        return None
    if element in reader.ids:
        reader.say(
            "component-id-twice", element, N_("Expected ids to be unique, '{id}' stands here twice."), id=element
        )
    reader.ids.add(element)
    reader.called[element] = str(raw.get("label") or raw.get("key") or raw.get("path") or element)
    if kind not in VALUES | DISPLAY | CONTAINERS:
        reason = REFUSED.get(kind, N_("it is not one of the components that are checked on the server"))
        reader.say("component-refused", element, N_("Component type '{type}' cannot be used: {reason}."),
                   hint=N_("Use one of: {known}."), type=kind, reason=reason,
                   known=", ".join(sorted(VALUES | DISPLAY | CONTAINERS)))  # fmt: skip
        return None
    own = _own_keys(reader, raw, kind, element)
    full = (*keys, *own)
    path = ".".join((above, *full)) if above else ".".join(full)
    if kind in VALUES:
        if path in reader.paths:
            reader.say("form-key-twice", element, N_("Expected one field for '{path}', found two."), path=path)
        reader.paths.add(path)
    inner: tuple[FormField, ...] = ()
    if kind in CONTAINERS | {"dynamiclist"}:
        is_list = kind == "dynamiclist"
        inner = _level(
            reader, raw.get("components") or [], () if is_list else full, path if is_list else above, depth + 1
        )
    rules = _rules(reader, raw, kind, element)
    labels = {match[2]: str(text) for key, text in _properties(raw).items()
              if (match := _LABEL.fullmatch(key)) and match[1] == "label"}  # fmt: skip
    _check_labels(reader, raw, kind, element, labels)
    called = str(next((raw[name] for name in ("label", "dateLabel", "timeLabel") if raw.get(name)), element))
    return FormField(
        id=element, type=kind, path=path, keys=full, label=called, labels=labels, raw=raw,
        required=_validation(raw).get("required") is True, children=inner,
        schema=schema.build(inner) if kind == "dynamiclist" else None, **rules,
    )  # fmt: skip


def _own_keys(reader: _Reader, raw: dict[str, Any], kind: str, element: str) -> tuple[str, ...]:
    if kind not in VALUES | CONTAINERS:
        return ()
    name = raw.get("path" if kind in CONTAINERS | {"dynamiclist"} else "key")
    if not name:
        if kind not in CONTAINERS:
            reader.say("component-without-key", element, N_("Expected component '{name}' to have a key."))
        return ()
    keys = tuple(str(name).split("."))
    if not all(_KEY.fullmatch(key) for key in keys) or keys[0] in ("process", "approval", "loopCounter"):
        reader.say("form-key-invalid", element, N_("Expected a key that is a name of a variable, found '{key}'."),
                   hint=N_("Letters, digits and _; process, approval and loopCounter are reserved."),
                   key=str(name))  # fmt: skip
    return keys


def _validation(raw: dict[str, Any]) -> dict[str, Any]:
    found = raw.get("validate")
    return found if isinstance(found, dict) else {}


def _properties(raw: dict[str, Any]) -> dict[str, Any]:
    found = raw.get("properties")
    return found if isinstance(found, dict) else {}


# ---------------------------------------------------------------- expressions, limits, options


def _rules(reader: _Reader, raw: dict[str, Any], kind: str, element: str) -> dict[str, Any]:
    conditional = raw.get("conditional")
    hide = conditional.get("hide") if isinstance(conditional, dict) else None
    read_only = raw.get("readonly")
    found: dict[str, Any] = {
        "hide": _expression(reader, element, hide),
        "read_only": read_only is True or raw.get("disabled") is True,
        "read_only_when": _expression(reader, element, read_only) if isinstance(read_only, str) else None,
        "limits": _limits(reader, raw, element),
        "pattern": _pattern(reader, raw, element),
        **_money(reader, raw, kind, element),
    }
    if kind == "expression":
        found["computed"] = _expression(reader, element, raw.get("expression") or "")
        if found["computed"] is None:
            reader.say(
                "form-expression-missing", element, N_("Expected computed field '{name}' to have an expression.")
            )
    if kind in CHOICES | MANY_CHOICES:
        found |= _options(reader, raw, element)
    if kind in PICKERS:
        word = {"record": "table", "dictionary": "dictionary"}.get(kind)
        if word is not None and (not isinstance(raw.get(word), str) or not raw[word]):
            reader.say("form-options-missing", element, N_("Expected field '{name}' to name its {word}."),
                       word=word)  # fmt: skip
        groups = raw.get("groups", [])
        if not isinstance(groups, list) or not all(isinstance(key, str) and key for key in groups):
            reader.say(
                "form-groups-invalid", element, N_("Expected the groups of field '{name}' to be a list of keys.")
            )
    if kind == "filepicker":
        found |= _files(reader, raw, element)
    if kind == "table" and isinstance(raw.get("dataSource"), str):
        _expression(reader, element, raw["dataSource"])
    for name in ("text", "content", "label", "description"):
        _read_template(reader, element, raw.get(name))
    return found


def _expression(reader: _Reader, element: str, text: Any) -> Compiled | None:
    if not isinstance(text, str) or not text.strip().lstrip("=").strip():
        return None
    try:
        compiled = feel.compile(text.strip().removeprefix("="), names={path.partition(".")[0] for path in reader.paths})
    except EngineError as error:
        reader.say("form-expression-invalid", element, N_("Expression '{text}' cannot be read: {reason}"),
                   text=text, reason=str(error))  # fmt: skip
        return None
    reader.reads |= compiled.names
    for asked in sorted(compiled.asks - {"clock"}):
        reader.say("form-expression-asks", element,
                   N_("'{name}': '{text}' needs {missing}, which a form does not know: it is null there."),
                   hint=N_("Let a script of the process ask it, and read the variable here."), level=Level.WARN,
                   text=text, missing=_MISSING[asked])  # fmt: skip
    return compiled


def _read_template(reader: _Reader, element: str, text: Any) -> None:
    """Texts may show data: the names they read are part of what the browser needs."""
    if not isinstance(text, str):
        return
    if text.startswith("="):
        _expression(reader, element, text)
    for part in _TEMPLATE.findall(text):
        _expression(reader, element, part)


def _files(reader: _Reader, raw: dict[str, Any], element: str) -> dict[str, Any]:
    accept, several = raw.get("accept") or "", raw.get("multiple") or False
    if isinstance(accept, str) and accept.startswith("="):
        accept = _expression(reader, element, accept) or ""
    if isinstance(several, str):
        several = _expression(reader, element, several) or False
    return {"accept": accept if isinstance(accept, Compiled) else str(accept),
            "several": several if isinstance(several, Compiled) else several is True}  # fmt: skip


def _limits(reader: _Reader, raw: dict[str, Any], element: str) -> dict[str, Decimal | Compiled]:
    found: dict[str, Decimal | Compiled] = {}
    given = {name: _validation(raw).get(name) for name in _LIMITS} | {"increment": raw.get("increment")}
    for name, limit in given.items():
        if limit is None or limit == "":
            continue
        if isinstance(limit, str) and limit.startswith("="):
            compiled = _expression(reader, element, limit)
            if compiled is not None:
                found[name] = compiled
            continue
        try:
            found[name] = Decimal(str(limit))
        except ArithmeticError:
            reader.say("form-limit-invalid", element, N_("Expected {name} to be a number, found '{found}'."),
                       name=name, found=str(limit))  # fmt: skip
    return found


def _money(reader: _Reader, raw: dict[str, Any], kind: str, element: str) -> dict[str, Any]:
    """What is wrong here is a warning: a form that is deployed with it has to open."""
    properties = _properties(raw)
    currency, limit = properties.get("currency"), properties.get("troika:limit")
    if limit not in (None, NO_LIMIT):
        reader.say("form-limit-word", element,
                   N_("Field '{name}' says troika:limit '{found}', expected '{known}' or nothing: limits look at it."),
                   level=Level.WARN, found=str(limit), known=NO_LIMIT)  # fmt: skip
    if currency is None or currency == "" or kind not in AMOUNTS:
        if currency or limit:
            reader.say("form-currency", element,
                       N_("Expected only a number with a currency to be money, found '{name}'."),
                       level=Level.WARN)  # fmt: skip
        return {}
    text = str(currency).strip()
    if text.startswith("="):
        return {"currency": _expression(reader, element, text), "limited": limit != NO_LIMIT}
    if not _CURRENCY.fullmatch(text):
        reader.say("form-currency", element,
                   N_("Expected the currency of '{name}' to be a code of three capitals, found '{found}'."),
                   hint=N_("For example CNY, or an expression such as =currency where another field says it."),
                   level=Level.WARN, found=text)  # fmt: skip
    return {"currency": text.upper(), "limited": limit != NO_LIMIT}


def _pattern(reader: _Reader, raw: dict[str, Any], element: str) -> re.Pattern[str] | None:
    text = _validation(raw).get("pattern")
    if not text:
        return None
    if str(text).endswith("$") and not str(text).endswith("\\$"):
        text = f"{str(text)[:-1]}\\Z"  # JavaScript's $ does not stand before a line end
    try:
        return re.compile(str(text), re.ASCII)
    except re.error as error:
        reader.say("form-pattern-invalid", element, N_("Pattern '{text}' cannot be read: {reason}."), text=str(text),
                   reason=str(error))  # fmt: skip
        return None


def _options(reader: _Reader, raw: dict[str, Any], element: str) -> dict[str, Any]:
    source = raw.get("valuesExpression") or raw.get("valuesKey")
    if source:
        return {"options_from": _expression(reader, element, source)}
    values = raw.get("values")
    if not isinstance(values, list) or not values:
        reader.say("form-options-missing", element, N_("Expected field '{name}' to offer options."))
        return {}
    options = []
    for item in values:
        if not isinstance(item, dict) or "value" not in item:
            reader.say("form-options-missing", element, N_("Expected each option of '{name}' to have a value."))
            continue
        labels = {match[2]: str(text) for key, text in item.items() if (match := _LABEL.fullmatch(key))}
        options.append(Option(item["value"], {"": str(item.get("label", item["value"])), **labels}))
    return {"options": tuple(options)}


def _check_labels(reader: _Reader, raw: dict[str, Any], kind: str, element: str, labels: dict[str, str]) -> None:
    if kind not in VALUES or kind == "expression" or not raw.get("label"):
        return
    for language in LANGUAGES:
        if language not in labels and not str(raw["label"]).isascii():
            reader.say("form-label-missing", element, N_("Field '{name}' has no label in language '{language}'."),
                       hint=N_("Write it below its name, as “Name in English”."),
                       level=Level.WARN, language=language)  # fmt: skip


def _find_cycles(reader: _Reader, fields: tuple[FormField, ...]) -> None:
    """A computed field may read another one, in a chain that settles within the rounds of a submit."""
    computed = {one.path.rpartition(".")[2]: one for one in fields if one.computed is not None}
    for name, one in computed.items():
        reached, seen = {name}, 0
        while seen <= ROUNDS:
            reached = {target for source in reached if (at := computed[source].computed) for target in at.names
                       if target in computed}  # fmt: skip
            if not reached:
                break
            seen += 1
        else:
            reader.say("form-cycle", one.id, N_("Computed field '{name}' depends on itself."))
