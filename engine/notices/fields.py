"""What of a form may leave the house: fields that a drawing marks notify="true", and hides from nobody who is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import bpmn, forms, pickers, repository, runtime, tasks, values
from engine.approvals import rounds
from engine.bpmn.steps import FieldRule
from engine.db.instance import Instance
from engine.db.task import user_task, work_item
from engine.forms import FormField, signed
from engine.forms.model import PICKERS
from engine.unit_of_work import UnitOfWork
from engine.values import Values

LONGEST = 100
"""characters of a value in a message"""
_CENTS = Decimal("0.01")
_YES, _NO = ("是", "yes"), ("否", "no")
_SIGNED = ("手写签名", "signed by hand")
_ROWS, _FILES = ("{n}行", "{n} rows"), ("{n}个文件", "{n} files")

_round_of = (
    select(user_task)
    .join(work_item, work_item.c.user_task_id == user_task.c.id)
    .where(work_item.c.id == bindparam("item"))
)
_last_round = (
    select(user_task)
    .where(user_task.c.instance_id == bindparam("of"), user_task.c.node == bindparam("at_node"))
    .order_by(user_task.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Told:
    """One field in a message: label and value, each in Chinese and English."""

    label: tuple[str, str]
    text: tuple[str, str]

    def __str__(self) -> str:
        return f"{_both(self.label)}: {_both(self.text)}"


def marked(uow: UnitOfWork, instance: Instance, found: Any) -> Values:
    """The values by name. `found`: the round of the task that says what may leave; None: every task of the request."""
    if found is not None:
        rules: Sequence[FieldRule] = rounds.load(found).fields
    else:
        program = repository.program(uow, instance.definition_id)
        rules = [rule for node in program.nodes.values() if node.human is not None for rule in node.human.fields]
    names = {rule.id for rule in rules if rule.notify and rule.permission != "hidden"}
    if not names:
        return {}
    state = runtime.load(uow, instance)
    known = bpmn.variables(state, _scope(state, found))
    return {name: known[name] for name in sorted(names) if name in known}


def told(uow: UnitOfWork, instance: Instance, item_id: UUID | None, node: str | None, reader_id: UUID) -> list[Told]:
    """The same as `reader_id` may read them, as their form shows them, in its order."""
    found = None
    if item_id is not None:
        found = uow.read_one(_round_of, {"item": item_id})
    elif node is not None:
        found = uow.read_one(_last_round, {"of": instance.id, "at_node": node})
    known = marked(uow, instance, found)
    if not known:
        return []
    with tasks.reading_as(uow, reader_id):
        allowed = tasks.sight(uow, instance.id)
    fields = _fields(uow, instance, found)
    order = list(fields)
    names = sorted(known, key=lambda name: (order.index(name) if name in fields else len(order), name))
    return [
        _told(uow, instance, name, fields.get(name), known[name]) for name in names
        if allowed.on(name) != "hidden" and not forms.model.is_blank(known[name])
    ]  # fmt: skip


def _scope(state: Any, found: Any) -> int:
    scope = 0 if found is None else int(str(found.scope_path or "0").split("/")[-1].partition("@")[0])
    return scope if scope in state.scopes else 0


def _fields(uow: UnitOfWork, instance: Instance, found: Any) -> dict[str, FormField]:
    """By path, in the order of the form; of the whole request: of its start form, then of its tasks."""
    if found is not None:
        state = runtime.load(uow, instance)
        form_ids = [rounds.load(found).form]
        definition_id = UUID(str(state.scopes[_scope(state, found)].definition_id))
    else:
        program = repository.program(uow, instance.definition_id)
        humans = [node.human for node in program.nodes.values() if node.human is not None]
        form_ids = [program.start_form, *(human.form.text for human in humans if human.form is not None)]
        definition_id = instance.definition_id
    known: dict[str, FormField] = {}
    for form_id in dict.fromkeys(form_ids):
        for field in repository.form(uow, form_id, definition_id).fields if form_id is not None else ():
            known.setdefault(field.path, field)
    return known


def _told(uow: UnitOfWork, instance: Instance, name: str, field: FormField | None, value: Any) -> Told:
    if field is None:
        return Told((name, name), _text(uow, value, ""))
    label = (field.labels.get("zh") or field.label or name, field.labels.get("en") or field.label or name)
    if field.type in PICKERS and value:
        values = value if isinstance(value, list) else [value]
        named = pickers.recorded(uow, instance.id, field, values)
        if named:
            kept = [named[one].then if one in named else pickers.Choice(str(one), str(one)) for one in map(str, values)]
            return Told(
                label, ("、".join(one.name for one in kept), ", ".join(one.name_en or one.name for one in kept))
            )
    chosen = next((option.labels for option in field.options or () if option.value == value), None)
    if chosen is not None:
        main = chosen.get("", str(value))
        return Told(label, (chosen.get("zh") or main, chosen.get("en") or main))
    if field.type == "filepicker" and isinstance(value, list):
        return Told(label, _counted(_FILES, value))
    return Told(label, _text(uow, value, field.currency if isinstance(field.currency, str) else ""))


def _text(uow: UnitOfWork, value: Any, currency: str) -> tuple[str, str]:
    match value:
        case bool():
            return _YES if value else _NO
        case int() | Decimal():
            text = _number(value, money=bool(currency)) + (f" {currency}" if currency else "")
        case datetime():
            text = value.astimezone(uow.settings.zone).strftime("%Y-%m-%d %H:%M")
        case date():
            text = value.isoformat()
        case timedelta():
            text = values.duration_text(value)
        case list() if any(isinstance(one, dict | list) for one in value):
            return _counted(_ROWS, value)
        case list():
            text = ", ".join(_text(uow, one, currency)[0] for one in value)
        case dict():
            return _counted(_ROWS, value)
        case str() if signed.is_drawn(value):
            return _SIGNED
        case _:
            text = " ".join(str(value).split())
    short = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return short, short


def _number(value: Decimal | int, *, money: bool) -> str:
    number = Decimal(value)
    if money and number == number.quantize(_CENTS):
        return f"{number:,.2f}"
    return f"{number:,f}"


def _counted(words: tuple[str, str], value: Any) -> tuple[str, str]:
    return words[0].format(n=len(value)), words[1].format(n=len(value))


def _both(words: tuple[str, str]) -> str:
    return words[0] if words[0] == words[1] else f"{words[0]} / {words[1]}"
