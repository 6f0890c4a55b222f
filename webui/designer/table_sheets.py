"""A decision table as a sheet and back: a line for each rule, each cell as it stands in the table."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine import dmn, feel
from engine.bpmn.imports.writing import to_bytes
from engine.bpmn.parser.xml import parse
from engine.dmn import model as m
from engine.dmn.inputs import basic
from engine.errors import N_, EngineError
from webui.designer.table_things import columns

LONGEST = 2000
_DAY = re.compile(r"((?:[<>]=?\s*)?)(\d{4}([-/])\d{1,2}\3\d{1,2})")
"""a day as .csv files have it, alone or compared with; as FEEL it would be a calculation"""

_GROUPED = re.compile(r'(?<![\w,"])(?<!\d\.)\d{1,3}(?:,\d{3})+(?![\w,"])')
"""a number with separators as spreadsheets write it; as FEEL it would be a list"""


class NoTable(EngineError):
    """A decision that says what it says in another way."""

    message = N_("'{decision}' is no decision table.")
    hint = N_("Choose a decision that has one.")
    status = 422


class OtherColumns(EngineError):
    """A sheet of another table."""

    message = N_("Expected the first row to name the columns {expected}, found {found}.")
    hint = N_("Download the table, change its rows, and take that file in.")
    status = 422


def lines(model: dmn.Model, decision: str) -> list[list[str]]:
    """Headings, then the rules; notes stand behind the results, without a heading."""
    table, name = _table(model, decision)
    rules = [[*rule.tests, *rule.outputs, *rule.annotations] for rule in table.rules]
    return [columns(table, name), *rules]


def with_rules(xml: bytes, model: dmn.Model, decision: str, sheet: Sequence[Sequence[Any]]) -> bytes:
    """The file with the rules of a sheet; a rule that says the same, or stands in the same line, keeps its id.

    Raises NoTable, OtherColumns.
    """
    table, name = _table(model, decision)
    expected, found = columns(table, name), [_text(cell) for cell in (sheet[0] if sheet else ())]
    if found[: len(expected)] != expected:
        raise OtherColumns(expected=", ".join(expected), found=", ".join(found)[:200] or "–")
    tree = parse(xml, "", keep_comments=True)
    (place,) = tree.xpath("//*[local-name()='decision'][@id=$id]/*[local-name()='decisionTable']", id=decision)
    old = place.xpath("*[local-name()='rule']")
    at = place.index(old[0]) if old else len(place)
    for one in old:
        place.remove(one)
    wide = max((len(rule.annotations) for rule in table.rules), default=0)
    said = {(*rule.tests, *rule.outputs, *rule.annotations): one for rule, one in zip(table.rules, old, strict=True)}
    clauses: tuple[m.InputClause | m.OutputClause, ...] = (*table.inputs, *table.outputs)
    types = [basic(model, column.type)[0] for column in clauses] + [""] * wide
    rows = [row for line in sheet[1:] if any(row := _row(line, types))]
    kept = {row: said[row] for row in rows if row in said}
    taken = {one.get("id") for one in kept.values()}
    for number, row in enumerate(rows):
        element = kept.pop(row, None)
        if element is None:
            same = old[number].get("id") if number < len(old) else None
            key = same if same and same not in taken else _free(tree, decision)
            taken.add(key)
            element = _rule(place, key, row, len(table.inputs), len(table.outputs))
        place.insert(at + number, element)
    return to_bytes(tree)


def _table(model: dmn.Model, decision: str) -> tuple[m.DecisionTable, str]:
    found = model.find(decision)
    logic = getattr(found, "logic", None)
    if found is None or not isinstance(logic, m.DecisionTable):
        raise NoTable(decision=decision[:200])
    return logic, found.name


def _row(line: Sequence[Any], types: Sequence[str]) -> tuple[str, ...]:
    cells = [_feel(cell, of) for cell, of in zip(line, types, strict=False)]
    return (*cells, *[""] * (len(types) - len(cells)))


def _feel(cell: Any, of: str) -> str:
    """What a column of this type says where a spreadsheet has a value, or a day as it is written in one."""
    if isinstance(cell, str):
        if of == "number":
            return _GROUPED.sub(lambda number: number[0].replace(",", ""), _text(cell))
        day = _DAY.fullmatch(cell.strip()) if of == "date" else None
        return f"{day[1]}{_moment(_date(day), of)}" if day is not None and _date(day) else _text(cell)
    if isinstance(cell, datetime | date | time | timedelta):
        return _moment(cell, of)
    if isinstance(cell, float):
        return f"{Decimal(repr(cell)).normalize():f}"
    return _text(cell)


def _moment(value: Any, of: str) -> str:
    """A spreadsheet has no days, only midnights."""
    if isinstance(value, datetime):
        whole = value.time() == time() if of in ("", "string") else of == "date"
        value = value.date() if whole else value
    if of == "date and time" and not isinstance(value, datetime) and isinstance(value, date):
        value = datetime.combine(value, time())
    if isinstance(value, timedelta):
        return f'duration("PT{value.total_seconds():.0f}S")'
    text = value.isoformat()
    if of == "string":
        return feel.quoted(text)
    return f'{"date and time" if isinstance(value, datetime) else type(value).__name__}("{text}")'


def _date(day: Any) -> date | None:
    try:
        return date(*(int(part) for part in re.split("[-/]", day[2])))
    except ValueError:
        return None


def _text(cell: Any) -> str:
    """As it would be typed; a sheet of ours has an apostrophe before what a spreadsheet would compute."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    text = "" if cell is None else str(cell).strip()[:LONGEST]
    return text[1:] if text[:1] == "'" else text


def _free(tree: Any, decision: str) -> str:
    known, number = set(tree.xpath("//@id")), 1
    while f"{decision}_rule{number}" in known:
        number += 1
    return f"{decision}_rule{number}"


def _rule(table: Any, key: str, row: Sequence[str], inputs: int, outputs: int) -> Any:
    space = table.tag.removesuffix("decisionTable")
    rule = table.makeelement(f"{space}rule", {"id": key})
    tags = ["inputEntry"] * inputs + ["outputEntry"] * outputs + ["annotationEntry"] * (len(row) - inputs - outputs)
    for number, (tag, text) in enumerate(zip(tags, row, strict=True), start=1):
        own = {} if tag == "annotationEntry" else {"id": f"{key}_{number}"}
        cell, said = table.makeelement(f"{space}{tag}", own), table.makeelement(f"{space}text")
        said.text = text
        cell.append(said)
        rule.append(cell)
    return rule
