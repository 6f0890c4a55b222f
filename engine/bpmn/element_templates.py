"""Step templates: steps that an analyst has made ready for others, one file each in Camunda's element template JSON.

An automatic step keeps what its template fixes: `misfits` says where it no longer does. The settings of a user task are
a preset that is copied once, since a template of Camunda owns all of its element and has no words for approvals.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, validate, validates_schema

from engine.bpmn.imports.writing import to_bytes
from engine.bpmn.model import Node
from engine.bpmn.parser import read as read_drawing
from engine.bpmn.parser.xml import BPMN, TROIKA, ZEEBE, local_name, parse
from engine.errors import N_, InvalidValue, Phrase
from engine.findings import Finding, Level, errors_of
from engine.values import storable

ENDING = ".element-template.json"
SCHEMA = "https://unpkg.com/@camunda/zeebe-element-templates-json-schema/resources/schema.json"
"""by which Camunda's modeler knows a template for Camunda 8; nobody fetches it"""
SERVICE, USER = "serviceTask", "userTask"
KEY = re.compile(r"[a-z][a-z0-9_]{1,62}")
MOST_BYTES = 200_000
LONGEST_NAME, LONGEST_ABOUT = 200, 2000
"""characters"""
TYPE, RETRIES, INPUT, OUTPUT = "type", "retries", "input", "output"
_ICON = re.compile(r"data:image/(svg\+xml|png|jpeg|gif|webp)[;,][^\s\"'<>]*", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8})*", re.ASCII)
_LEFT_OUT = {"incoming", "outgoing", "ioSpecification", "property", "dataInputAssociation", "dataOutputAssociation"}
_TEMPLATED = f"{{{ZEEBE}}}modelerTemplate"
_EMPTY = (
    f'<bpmn:definitions xmlns:bpmn="{BPMN}" xmlns:zeebe="{ZEEBE}" xmlns:troika="{TROIKA}" id="template"'
    ' targetNamespace="template"><bpmn:process id="template_of" isExecutable="true"></bpmn:process></bpmn:definitions>'
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of an automatic step. `kind`: type | retries | input | output; `name`: of the input, the result.

    `value`: as the drawing holds it, an expression begins with "="; `fixed`: whoever uses the template keeps it.
    """

    kind: str
    name: str
    value: str
    fixed: bool


@dataclass(frozen=True, slots=True)
class ElementTemplate:
    """`labels`, `abouts`: by language, "" for the main one. `element`: SERVICE with `settings`, or USER with `preset`,
    a drawing of that task alone.
    """

    id: str
    version: int
    labels: dict[str, str]
    abouts: dict[str, str]
    icon: str
    element: str
    settings: tuple[Setting, ...] = ()
    preset: str = ""

    @property
    def name(self) -> str:
        """In the main language."""
        return self.labels[""]

    @property
    def operation(self) -> str:
        """What an automatic step calls."""
        return next((one.value for one in self.settings if one.kind == TYPE), "")


@dataclass(frozen=True, slots=True)
class Misfit:
    """A step that differs from what its template fixes; `found` is empty for what it lacks."""

    setting: Setting
    found: str


@dataclass(slots=True)
class Reading:
    """`template` is None when there are findings."""

    template: ElementTemplate | None = None
    findings: list[Finding] = field(default_factory=list)


_OTHER = N_("of another kind or form")
_SAID = {
    "required": N_("it is missing"), "null": N_("it is empty"), "unknown": N_("there is no such field"),
}  # fmt: skip


class _Object(Schema):
    """What is wrong with it is said in our words: those of marshmallow are English."""

    error_messages = {"unknown": _SAID["unknown"], "type": _OTHER}  # noqa: RUF012 - marshmallow reads a plain dict

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """`field_name`: unused, named by marshmallow."""
        for code in field_obj.error_messages:
            field_obj.error_messages[code] = _SAID.get(code, _OTHER)


def _one_of(*values: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if value not in values:
            raise ValidationError(Phrase(N_("not one of {values}"), values=", ".join(values)))

    return check


def _named(limit: int = LONGEST_NAME) -> Callable[[str], None]:
    within = _within(limit)

    def check(value: str) -> None:
        if not value.strip():
            raise ValidationError(_SAID["null"])
        within(value)

    return check


def _within(limit: int) -> Callable[[str], None]:
    def check(value: str) -> None:
        if len(value) > limit:
            raise ValidationError(Phrase(N_("longer than {limit} characters"), limit=limit))

    return check


def _like(pattern: re.Pattern[str]) -> Callable[[str], None]:
    def check(value: str) -> None:
        if not pattern.fullmatch(value):
            raise ValidationError(_OTHER)

    return check


def _by_language(check: Callable[[str], None]) -> fields.Dict:
    """Beside the main one, which has no language."""
    return fields.Dict(
        keys=fields.String(validate=_like(_LANGUAGE)), values=fields.String(validate=check), load_default=dict
    )


class _Binding(_Object):
    type = fields.String(
        required=True,
        validate=_one_of("zeebe:taskDefinition", "zeebe:taskDefinition:type", "zeebe:input", "zeebe:output"),
    )
    name = fields.String(validate=_named())
    source = fields.String(validate=_named(LONGEST_ABOUT))
    property = fields.String(validate=_one_of(TYPE, RETRIES))

    @validates_schema
    def _whole(self, found: dict[str, Any], **_: Any) -> None:
        wanted = {"zeebe:input": "name", "zeebe:output": "source"}.get(found["type"])
        if wanted and not found.get(wanted, "").removeprefix("=").strip():
            raise ValidationError(_SAID["required"], wanted)


class _Property(_Object):
    type = fields.String(validate=_one_of("Hidden", "String", "Text", "Dropdown"))
    label, description, group, id, tooltip, placeholder = (fields.String() for _ in range(6))
    value = fields.String(load_default="")
    editable = fields.Boolean(load_default=True)
    optional = fields.Boolean()
    feel = fields.String(validate=_one_of("optional", "required", "static"))
    constraints, choices = fields.Dict(), fields.List(fields.Dict())
    binding = fields.Nested(_Binding, required=True)


class _Ours(_Object):
    labels = _by_language(_named())
    descriptions = _by_language(_within(LONGEST_ABOUT))
    preset = fields.List(fields.String(), load_default=list)


class _Metadata(_Object):
    class Meta:
        unknown = INCLUDE

    troika = fields.Nested(_Ours, load_default=dict)


class _Icon(_Object):
    contents = fields.String(required=True, validate=_like(_ICON))


class _Template(_Object):
    schema = fields.String(data_key="$schema")
    id = fields.String(required=True, validate=_like(KEY))
    name = fields.String(required=True, validate=_named())
    description = fields.String(load_default="", validate=_within(LONGEST_ABOUT))
    version = fields.Integer(required=True, strict=True, validate=validate.Range(1, 1_000_000, error=_OTHER))
    appliesTo = fields.List(fields.String(), required=True)  # noqa: N815 - a word of the format
    elementType = fields.Dict()  # noqa: N815 - a word of the format
    category, engines = fields.Dict(), fields.Dict()
    documentationRef = fields.String()  # noqa: N815 - a word of the format
    keywords, groups = fields.List(fields.String()), fields.List(fields.Dict())
    icon = fields.Nested(_Icon, load_default=lambda: {"contents": ""})
    metadata = fields.Nested(_Metadata, load_default=dict)
    properties = fields.List(fields.Nested(_Property), required=True)


# ---------------------------------------------------------------- files


def read(content: bytes, path: str) -> Reading:
    """A file of the library; never raises for bad input."""
    wrong = _wrong(path)
    if len(content) > MOST_BYTES:
        return wrong(N_("at most {limit} bytes"), len(content), limit=MOST_BYTES)
    try:
        document = json.loads(content.decode("utf-8"))
        if (text := next((text for text in _texts(document) if not storable(text)), None)) is not None:
            return wrong(N_("text without NUL and halves of characters"), ascii(text))
        found = _Template().load(document)
    except ValidationError as error:
        place, reason = next(_flat(error.messages))
        return wrong(N_("a template that fits its schema"), Phrase(N_("{place}: {reason}"), place=place, reason=reason))
    except json.JSONDecodeError as error:
        return wrong(
            "JSON", Phrase(N_("a mistake in line {line}, column {column}"), line=error.lineno, column=error.colno)
        )
    except (ValueError, RecursionError):
        return wrong(N_("JSON in UTF-8, not nested deeply"), _OTHER)
    if found["id"] != path.rpartition("/")[2].removesuffix(ENDING):
        return wrong(N_("the id that the file is named after"), found["id"])
    ours = found["metadata"].get("troika") or _Ours().load({})
    common = {
        "id": found["id"], "version": found["version"], "icon": found["icon"]["contents"],
        "labels": {"": found["name"], **ours["labels"]},
        "abouts": {"": found["description"], **ours["descriptions"]},
    }  # fmt: skip
    if ours["preset"]:
        preset = "\n".join(ours["preset"])
        if unusable := _unusable(preset):
            return wrong(N_("one user task as preset"), unusable)
        return Reading(ElementTemplate(**common, element=USER, preset=preset))
    settings = tuple(_setting(one) for one in found["properties"])
    template = ElementTemplate(**common, element=SERVICE, settings=settings)
    if not template.operation or len({(one.kind, one.name) for one in settings}) != len(settings):
        return wrong(N_("one job type, and each input and result once"), template.operation or "-")
    return Reading(template)


def write(template: ElementTemplate) -> bytes:
    """As `read` reads it, and Camunda's modeler too."""
    others = {name: text for name, text in template.labels.items() if name}
    abouts = {name: text for name, text in template.abouts.items() if name and text}
    ours = {
        "labels": others, **({"descriptions": abouts} if abouts else {}),
        **({"preset": template.preset.splitlines()} if template.preset else {}),
    }  # fmt: skip
    service = template.element == SERVICE
    document = {
        "$schema": SCHEMA, "id": template.id, "name": template.name,
        **({"description": template.abouts[""]} if template.abouts.get("") else {}), "version": template.version,
        "appliesTo": ["bpmn:Task", "bpmn:ServiceTask"] if service else ["bpmn:UserTask"],
        **({"elementType": {"value": "bpmn:ServiceTask"}} if service else {}),
        **({"icon": {"contents": template.icon}} if template.icon else {}),
        "properties": [_property(one) for one in template.settings], "metadata": {"troika": ours},
    }  # fmt: skip
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _wrong(path: str) -> Callable[..., Reading]:
    def wrong(expected: str, found: Any, **facts: Any) -> Reading:
        message = N_("Step template {path}: expected {expected}, found {found}.")
        told = {
            "path": path, "expected": Phrase(expected, **facts),
            "found": found if isinstance(found, Phrase) else str(found)[:200],
        }  # fmt: skip
        hint = N_("Correct the file, or save the step as a template once more.")
        return Reading(None, [Finding("step-template", Level.ERROR, None, message, told, hint, resource=path)])

    return wrong


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, list | dict):
        for inner in (*document, *document.values()) if isinstance(document, dict) else document:
            yield from _texts(inner)


def _flat(messages: Any, place: str = "") -> Iterator[tuple[str, Phrase]]:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _flat(inner, f"{place}.{name}" if place else str(name)[:100])
    else:
        reason = next(iter(messages), _OTHER)
        yield place, reason if isinstance(reason, Phrase) else Phrase(reason if reason in _SAID.values() else _OTHER)


def _setting(found: dict[str, Any]) -> Setting:
    binding = found["binding"]
    kind = {"zeebe:input": INPUT, "zeebe:output": OUTPUT}.get(binding["type"], binding.get("property", TYPE))
    name = {INPUT: binding.get("name", ""), OUTPUT: binding.get("source", "").removeprefix("=").strip()}.get(kind, "")
    return Setting(kind, name, found["value"], found.get("type") == "Hidden" or not found["editable"] or kind == TYPE)


def _property(one: Setting) -> dict[str, Any]:
    binding = {
        INPUT: {"type": "zeebe:input", "name": one.name}, OUTPUT: {"type": "zeebe:output", "source": f"= {one.name}"},
    }.get(one.kind, {"type": "zeebe:taskDefinition", "property": one.kind})  # fmt: skip
    if one.fixed:
        return {"type": "Hidden", "value": one.value, "binding": binding}
    feel = {"feel": "optional"} if one.kind == INPUT else {}
    return {"type": "String", "label": one.name or one.kind, **feel, "value": one.value, "binding": binding}


def _unusable(preset: str) -> str:
    """Why a preset cannot be copied into a drawing; "" for one that can."""
    reading = read_drawing(preset.encode())
    found = errors_of(reading.findings)
    if found or reading.definition is None:
        return Phrase(found[0].message, **found[0].facts) if found else "-"
    nodes = [node for process in reading.definition.processes for node in process.all_nodes()]
    return "" if [node.type for node in nodes] == [USER] else ", ".join(node.type for node in nodes)


# ---------------------------------------------------------------- steps


def settings_of(node: Node) -> list[Setting]:
    """What a template of this automatic step can hold, nothing of it fixed but the operation."""
    task = node.extensions.task
    found = [Setting(TYPE, "", task.type, fixed=True)] if task is not None else []
    if task is not None and task.retries:
        found.append(Setting(RETRIES, "", task.retries, fixed=False))
    found += [Setting(INPUT, line.target, line.source, fixed=False) for line in node.extensions.inputs]
    sources = [(line.source.removeprefix("=").strip(), line.target) for line in node.extensions.outputs]
    return found + [Setting(OUTPUT, source, target, fixed=False) for source, target in sources]


def preset_of(drawing: bytes, element_id: str) -> str:
    """A user task alone in a drawing, without what only its own one can hold. Raises Unreadable, InvalidValue."""
    root, alone = parse(drawing, element_id), parse(_EMPTY.encode(), element_id)
    task = next((one for one in root.iter(f"{{{BPMN}}}{USER}") if one.get("id") == element_id), None)
    if task is None:
        raise InvalidValue(expected=N_("a user task or an automatic step"), found=element_id)
    for child in [one for one in task.iterchildren("*") if local_name(one) in _LEFT_OUT]:
        task.remove(child)
    for name in [name for name in task.attrib if name == "default" or name.startswith(_TEMPLATED)]:
        del task.attrib[name]
    for inner in task.iter(f"{{{BPMN}}}*"):
        inner.attrib.pop("id", None)  # a copy gets its own
    task.set("id", "preset")
    next(alone.iter(f"{{{BPMN}}}process")).append(task)
    return to_bytes(alone).decode()


def misfits(template: ElementTemplate, node: Node) -> list[Misfit]:
    """Where an automatic step is not what its template fixes."""
    there = {(one.kind, one.name): one.value for one in settings_of(node)}
    return [
        Misfit(one, there.get((one.kind, one.name), ""))
        for one in template.settings
        if one.fixed and _squeezed(there.get((one.kind, one.name), "")) != _squeezed(one.value)
    ]


def _squeezed(text: str) -> str:
    return re.sub(r"^=\s*", "=", text.strip())
