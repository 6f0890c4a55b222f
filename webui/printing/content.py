"""What stands on the print of a request: only what its reader may see, in his language."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import g
from flask_babel import gettext
from sqlalchemy import select

from engine import forms, identity, repository, runtime, tasks
from engine.db.task import Source, user_task, work_item
from engine.forms import Form, FormField
from engine.forms.layout import PAPERS, Block
from engine.tasks import Signed, signatures
from engine.values import Values
from webui import capitals, picking, progress, rendering

_decided = (
    select(
        work_item.c.decided_by, work_item.c.on_behalf_of_id, work_item.c.decision, work_item.c.decision_source,
        work_item.c.decided_at, work_item.c.opinion, work_item.c.reason, user_task.c.name, user_task.c.spec,
        work_item.c.id, work_item.c.evidence_id, work_item.c.signature_id,
    )
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(work_item.c.decided_at.is_not(None), work_item.c.voided_at.is_(None))
    .order_by(work_item.c.decided_at, work_item.c.id)
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Lines of a list in the form."""

    title: str
    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Decided:
    """One line of the approval table. `automatic`: the engine decided, nobody was asked."""

    node: str
    who: str
    decision: str
    opinion: str
    at: str
    automatic: bool
    signature: Signed | None = None


@dataclass(frozen=True)
class Part:
    """One block of the layout, with what it prints. `kind`: one of forms.layout.BLOCKS."""

    kind: str
    heading: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    """Everything that is printed, as text. `parts`: in the order of the layout; none: everything. `paper`: A4 | A5."""

    title: str
    process: str
    number: str
    status: str
    head: list[tuple[str, str]]
    fields: list[tuple[str, str]]
    tables: list[Table]
    attachments: list[str]
    decided: list[Decided]
    printed_by: str
    printed_at: str
    code: str
    address: str
    parts: list[Part] = field(default_factory=list)
    paper: str = "A4"


def form_of(definition_id: UUID, instance_id: UUID) -> Form | None:
    """What lays the paper out: the form that the drawing names for it, else the one the request was started with."""
    named = repository.program(g.uow, definition_id).print_form
    if named is not None and (template := repository.known_form(g.uow, named, definition_id)) is not None:
        return template
    return tasks.start_form(g.uow, instance_id)


def papers(definition_id: UUID, instance_id: UUID) -> list[str]:
    """What may be printed on, the paper of the layout first."""
    form = form_of(definition_id, instance_id)
    first = form.layout.paper if form is not None and form.layout is not None else PAPERS[0]
    return [first, *(size for size in PAPERS if size != first)]


def sheet(instance_id: UUID, code: str, address: str, paper: str | None = None) -> Sheet:
    """`paper`: other than the layout says. Raises NotFound for a reader who has nothing to do with the request."""
    card = progress.card(g.uow, instance_id)
    form = form_of(card.definition_id, instance_id)
    layout = form.layout if form is not None else None
    fields: list[tuple[str, str]] = []
    tables: list[Table] = []
    parts: list[Part] = []
    if form is not None:
        values = runtime.instance_view(g.uow, instance_id).variables
        allowed = tasks.sight(g.uow, instance_id)
        seen = forms.readable(form, values, allowed)
        _fill(form.components, seen, allowed, fields, tables, instance_id)
        parts = (
            [_part(form, block, seen, allowed, instance_id) for block in layout.blocks] if layout is not None else []
        )
    head = [
        (gettext("Started by"), card.starter_name), (gettext("Started"), rendering.moment(card.created_at)),
        (gettext("Status"), _status(card.status)),
        (gettext("Ended"), rendering.moment(card.ended_at) if card.ended_at else "–"),
    ]  # fmt: skip
    return Sheet(
        card.title or card.process_name, card.process_name, card.number or "", _status(card.status), head, fields,
        tables, [document.name for document in tasks.attachments(g.uow, instance_id)], _decisions(instance_id),
        rendering.person(g.reader), rendering.moment(g.now), code, address, parts,
        paper or (layout.paper if layout is not None else "A4"),
    )  # fmt: skip


def _part(form: Form, block: Block, seen: Values, allowed: forms.Permissions, request_of: UUID) -> Part:
    """What the reader may see of a block."""
    fields: list[tuple[str, str]] = []
    tables: list[Table] = []
    if block.kind in ("fields", "lines"):
        chosen = [found for path in block.fields if (found := form.field(path)) is not None]
        if block.kind == "lines" and chosen:
            chosen = [replace(chosen[0], children=tuple(chosen[1:]) or chosen[0].children)]
        _fill(chosen or form.components, seen, allowed, fields, tables, request_of)
        if block.kind == "fields":
            tables = []
    return Part(block.kind, rendering.label(block.headings, block.headings.get("", "")), fields, tables)


def _status(name: str) -> str:
    return {
        "running": gettext("running"), "suspended": gettext("suspended"), "completed": gettext("completed"),
        "rejected": gettext("rejected"), "terminated": gettext("terminated"), "withdrawn": gettext("withdrawn"),
        "voided": gettext("voided"), "failed": gettext("failed"), "draft": gettext("draft"),
    }[name]  # fmt: skip


def _fill(
    components: Iterable[FormField], values: Values, allowed: forms.Permissions, fields: list[tuple[str, str]],
    tables: list[Table], request_of: UUID,
) -> None:  # fmt: skip
    """Fields in the order of the form; a list becomes a table, what is hidden or empty of words is left out."""
    for component in _leaves(components):
        if allowed.on(component.path) == "hidden" or not component.path:
            continue
        value = _at(values, component.path)
        name = rendering.label(component.labels, component.label) or component.path
        if component.type == "dynamiclist":
            columns = [leaf for leaf in _leaves(component.children) if allowed.on(leaf.path) != "hidden"]
            rows = [
                [_text(leaf, _at(row, leaf.path.removeprefix(f"{component.path}.")), request_of) for leaf in columns]
                for row in value or ()
                if isinstance(row, dict)
            ]
            if rows and columns:
                heads = [rendering.label(leaf.labels, leaf.label) or leaf.path for leaf in columns]
                tables.append(Table(name, heads, rows))
        elif component.holds_value:
            fields.append((name, _with_capitals(component, value, request_of)))


def _leaves(components: Iterable[FormField]) -> Iterable[FormField]:
    for component in components:
        if component.type == "group":
            yield from _leaves(component.children)
        elif component.holds_value or component.type == "dynamiclist":
            yield component


def _at(values: Any, path: str) -> Any:
    for key in path.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _text(of: FormField, value: Any, request_of: UUID) -> str:
    if of.type in picking.NAMED and value:
        return picking.text(of, value, request_of)
    if isinstance(value, list):
        return ", ".join(_text(of, one, request_of) for one in value) or "–"
    chosen = next((option.labels for option in of.options or () if option.value == value), None)
    return rendering.value_text(value if chosen is None else rendering.label(chosen, chosen.get("", str(value))))


def _with_capitals(of: FormField, value: Any, request_of: UUID) -> str:
    text, words = _text(of, value, request_of), capitals.beside(of, value)
    return f"{text}（{words}）" if words else text


def _decisions(instance_id: UUID) -> list[Decided]:
    rows = g.uow.execute(_decided.where(work_item.c.instance_id == instance_id)).all()
    wanted = {key for row in rows for key in (row.decided_by, row.on_behalf_of_id) if key}
    people = {user.id: user for user in identity.find(g.uow, wanted)}
    signed = signatures.of_instance(g.uow, instance_id)
    lines = []
    for row in rows:
        automatic = row.decision_source not in (Source.HUMAN, Source.CARRIED)
        who = gettext("system") if automatic else rendering.person(people.get(row.decided_by))
        if row.on_behalf_of_id is not None:
            principal = rendering.person(people.get(row.on_behalf_of_id))
            who = gettext("%(who)s for %(principal)s", who=who, principal=principal)
        opinion = row.opinion or (row.reason or "" if automatic else "")
        node = rendering.label((row.spec or {}).get("labels"), row.name)
        by_hand = signed.get(row.evidence_id if row.decision_source == Source.CARRIED else row.id)
        word = progress.decision_word(row.decision)
        lines.append(Decided(node, who, word, opinion, _at_time(row.decided_at), automatic, by_hand))
    return lines


def _at_time(at: datetime) -> str:
    return rendering.moment(at)
