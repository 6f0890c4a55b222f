"""The parts of a file of decisions in words: its decisions, the columns and rules of their tables, its types."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from flask_babel import gettext

from engine import dmn
from engine.dmn import model as m
from engine.errors import N_, Phrase
from webui.designer.changes import NotComparable, Thing, apart
from webui.rendering import label

_HIT_POLICIES = {
    "U": N_("Unique: one rule at most"), "A": N_("Any: all that match say the same"),
    "P": N_("Priority: the best result"), "F": N_("First: the first that matches"),
    "R": N_("Rule order: all, in the order of the rules"), "O": N_("Output order: all, best first"),
    "C": N_("Collect: all"),
}  # fmt: skip
_KINDS = {
    m.Decision: N_("Decision"), m.InputData: N_("Input data"), m.Knowledge: N_("Business knowledge model"),
    m.Service: N_("Decision service"),
}  # fmt: skip
_UNSAID = frozenset(("id", "name", "labels", "line", "logic"))


def table_things(content: bytes, path: str) -> dict[str, Thing]:
    """By id, in the order of the file. Raises NotComparable."""
    reading = dmn.read(content, path)
    model = reading.model
    if model is None:
        wrong = reading.findings[0]
        raise NotComparable(reason=Phrase(wrong.message, **wrong.facts))
    found: dict[str, Thing] = {}
    for element in model.elements.values():
        for key, thing in _of_element(element):
            found.setdefault(key, thing)
    for name, kind in model.types.items():
        found.setdefault(f"type {name}", Thing(gettext("Type of values"), name, dict(_flat(kind, ""))))
    return found


def _of_element(element: m.Element) -> Iterator[tuple[str, Thing]]:
    name = label(dict(element.labels), element.name)
    facts = {gettext("Name"): element.name}
    facts |= {gettext("Name in other languages") + f" {code}": text for code, text in element.labels.items()}
    for one in fields(element):
        if one.name not in _UNSAID:
            facts |= dict(_flat(getattr(element, one.name), _word(one.name)))
    logic = getattr(element, "logic", None)
    table = logic if isinstance(logic, m.DecisionTable) else None
    if table is not None:
        facts[gettext("Hit policy")] = gettext(_HIT_POLICIES[table.hit_policy])
        if table.aggregation:
            facts[gettext("Aggregation")] = table.aggregation
    elif logic is not None:
        facts |= dict(_flat(logic, gettext("Expression")))
    yield element.id, Thing(gettext(_KINDS.get(type(element), N_("Decision"))), name, facts)
    if table is not None:
        yield from _of_table(table, name)


def _of_table(table: m.DecisionTable, name: str) -> Iterator[tuple[str, Thing]]:
    for column in table.inputs:
        facts = {gettext("Expression"): column.text, gettext("Type"): column.type or "",
                 gettext("Allowed"): column.values}  # fmt: skip
        yield (
            column.id,
            Thing(gettext("Input"), label(dict(column.labels), column.label) or column.text, _filled(facts)),
        )
    for result in table.outputs:
        facts = {gettext("Name"): result.name or "", gettext("Type"): result.type or "",
                 gettext("Allowed"): result.values, gettext("Value at first"): result.default or ""}  # fmt: skip
        yield (
            result.id,
            Thing(gettext("Result"), label(result.labels, result.label) or result.name or name, _filled(facts)),
        )
    titles = _titles(table, name)
    for number, rule in enumerate(table.rules, start=1):
        cells = [*rule.tests, *rule.outputs, *rule.annotations]
        notes = [gettext("Note")] * len(rule.annotations)
        facts = dict(zip(apart([*titles, *notes]), cells, strict=False))
        yield rule.id, Thing(gettext("Rule"), gettext("Rule %(n)s", n=number), facts)


def hit_policy(table: m.DecisionTable) -> str:
    """Which rules count, in words."""
    return gettext(_HIT_POLICIES[table.hit_policy]) + (f" ({table.aggregation})" if table.aggregation else "")


def columns(table: m.DecisionTable, name: str) -> list[str]:
    """Headings of a table, inputs first."""
    return apart(_titles(table, name))


def _titles(table: m.DecisionTable, name: str) -> list[str]:
    inputs = [label(dict(one.labels), one.label) or one.text for one in table.inputs]
    return inputs + [label(one.labels, one.label) or one.name or name for one in table.outputs]


def _filled(facts: dict[str, str]) -> dict[str, str]:
    return {words: text for words, text in facts.items() if text}


def _flat(value: Any, words: str) -> Iterator[tuple[str, str]]:
    """What a boxed expression or a type says, place by place."""
    if value is None or value == "" or value == ():
        return
    if is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            if one.name not in ("id", "line"):
                yield from _flat(getattr(value, one.name), f"{words} · {_word(one.name)}" if words else _word(one.name))
    elif isinstance(value, tuple):
        for number, one in enumerate(value, start=1):
            yield from _flat(one, f"{words} {number}")
    else:
        yield words, str(value)


def _word(name: str) -> str:
    known = {
        "variable": N_("Name of the value"), "type": N_("Type"), "requirements": N_("Needs"), "text": N_("Wording"),
        "name": N_("Name"), "body": N_("Expression"), "parameters": N_("Parameters"), "entries": N_("Entry"),
        "value": N_("Value"), "outputs": N_("Result"), "namespace": N_("Namespace"), "allowed": N_("Allowed"),
        "reference": N_("Type"), "components": N_("Part"), "collection": N_("Several"),
    }  # fmt: skip
    return gettext(known[name]) if name in known else name
