"""What becomes of every element of BPMN 2.0, from the tables of `refusals`: `python -m engine.bpmn.parser.coverage`.

The command writes the tables into the README of this room; a test asserts that they are fresh.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from engine.bpmn.parser.metamodel import Child, Type, types
from engine.bpmn.parser.refusals import (
    ANY,
    ATTRIBUTES,
    DRAWING,
    DRAWN_ATTRIBUTES,
    GLOBAL_TASKS,
    POSITIONS,
    PRESENTATION,
    REASONS,
    ROOTS,
    STANDARD,
)

README = Path(__file__).parents[1] / "README.md"
BEGIN = "<!-- written by `python -m engine.bpmn.parser.coverage` -->"
END = "<!-- end of what it writes -->"


class Standing(IntEnum):
    """What happens to an element; where an element can stand in several places, the first that applies."""

    EXECUTED = 0
    CONDITIONAL = 1
    REFUSED = 2
    SHOWN = 3
    PART = 4
    """Refused with the element that holds it."""


@dataclass(slots=True)
class Row:
    """One element of the standard. `holders`: what it stands in."""

    element: str
    standing: Standing
    type: str
    holders: set[str] = field(default_factory=set)


def standing(holder: Standing, tag: str) -> Standing:
    """What happens to `tag` inside an element that stands so itself."""
    if holder is Standing.SHOWN:
        return Standing.SHOWN
    if holder is not Standing.EXECUTED and holder is not Standing.CONDITIONAL:
        return Standing.PART
    if tag in DRAWING:
        return Standing.SHOWN
    if holder is Standing.CONDITIONAL:
        return Standing.PART
    if tag in PRESENTATION:
        return Standing.CONDITIONAL
    return Standing.EXECUTED if tag in ATTRIBUTES else Standing.REFUSED


def rows() -> list[Row]:
    """Every element that the schema allows in a file, by name. What stands in a process is judged there, though it
    could stand in a choreography, too."""
    roots = [(child, _root_standing(child.tag), "definitions") for child in types()["tDefinitions"].children]
    run: dict[str, Row] = {}
    _walk([root for root in roots if root[1] is not Standing.SHOWN], run, {})
    drawn: dict[str, Row] = {}
    _walk([root for root in roots if root[1] is Standing.SHOWN], drawn, run)
    judged = {tag: row for tag, row in run.items() if row.standing is not Standing.PART}
    return sorted({**run, **drawn, **judged}.values(), key=lambda row: row.element.lower())


def table() -> str:
    """The tables of the README."""
    lines = ["| element | what happens | remark |", "| --- | --- | --- |"]
    lines += [f"| `{row.element}` | {_WORDS[row.standing]} | {_remark(row)} |" for row in rows()]
    lines += ["", "Events by kind and place: ✔ executed, ✘ refused, – not in the standard.", ""]
    places = list(STANDARD)
    kinds = [kind for kind in _KINDS if any(kind in allowed for allowed in STANDARD.values())]
    lines += ["| kind | " + " | ".join(f"`{place}`" for place in places) + " |", "| --- " * (len(places) + 1) + "|"]
    for kind in kinds:
        marks = [
            "✔" if kind in POSITIONS.get(place, ()) else "✘" if kind in STANDARD[place] else "–" for place in places
        ]
        lines.append(f"| {kind} | " + " | ".join(marks) + " |")
    return "\n".join(lines)


def main() -> None:
    """Write the tables into the README of the room."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}", encoding="utf-8")


_WORDS = {
    Standing.EXECUTED: "executed", Standing.CONDITIONAL: "refused", Standing.REFUSED: "refused",
    Standing.SHOWN: "shown only", Standing.PART: "refused",
}  # fmt: skip
_KINDS = (
    "none", "message", "timer", "error", "escalation", "cancel", "compensate", "conditional", "link", "signal",
    "terminate",
)  # fmt: skip
_HOLDERS = 3
_ARROW = "shown only when nothing is copied, refused with a data store"
_BETWEEN = {
    "association": "executed between a compensation boundary event and its handler",
    "dataInputAssociation": _ARROW,
    "dataOutputAssociation": _ARROW,
    "inputSet": "one",
    "outputSet": "one",
}


def _walk(todo: list[tuple[Child, Standing, str]], found: dict[str, Row], judged: dict[str, Row]) -> None:
    seen: set[tuple[str, Standing]] = set()
    for child, how, holder in todo:
        if child.tag in judged and judged[child.tag].standing is not Standing.PART:
            continue
        row = found.setdefault(child.tag, Row(child.tag, how, child.type))
        if how < row.standing:
            row.standing, row.holders = how, set()
        if how is row.standing:
            row.holders.add(holder)
        kind = types().get(child.type)
        if kind is not None and (child.type, how) not in seen:
            seen.add((child.type, how))
            todo.extend((inner, _inner_standing(child.tag, how, inner.tag), child.tag) for inner in kind.children)


def _root_standing(tag: str) -> Standing:
    if tag in ROOTS | GLOBAL_TASKS or (tag.endswith("EventDefinition") and tag in ATTRIBUTES):
        return Standing.EXECUTED
    if tag.endswith("EventDefinition"):
        return Standing.REFUSED
    return Standing.SHOWN


def _inner_standing(holder: str, how: Standing, tag: str) -> Standing:
    return Standing.SHOWN if how is Standing.EXECUTED and holder in ROOTS - {"process"} else standing(how, tag)


def _remark(row: Row) -> str:
    match row.standing:
        case Standing.EXECUTED:
            remarks = (_BETWEEN.get(row.element, ""), _attributes(row.element, types().get(row.type)))
            return "; ".join(filter(None, remarks))
        case Standing.CONDITIONAL:
            return PRESENTATION[row.element]
        case Standing.REFUSED:
            reason, hint = REASONS.get(row.element, ("", ""))
            for words in (" of '{element}'", " at '{element}'", " '{element}'"):
                reason = reason.replace(words, "")
            return f"{reason} {hint}".strip() or f"Not executed inside {_named(row.holders)}."
        case Standing.PART:
            return f"with {_named(row.holders)}"
    return _BETWEEN.get(row.element, "")


def _attributes(tag: str, kind: Type | None) -> str:
    allowed = ATTRIBUTES.get(tag)
    if allowed is None or kind is None:
        return ""
    names = [name for name in kind.attributes if name not in ("id", "name")]
    only = [f'`{name}="{allowed[name]}"`' for name in names if allowed.get(name, ANY) != ANY]
    drawn = [f"`{name}`" for name in names if name in allowed and name in DRAWN_ATTRIBUTES]
    barred = [f"`{name}`" for name in names if name not in allowed]
    parts = [("only ", only), ("shown only: ", drawn), ("refused: ", barred)]
    return "; ".join(word + ", ".join(found) for word, found in parts if found)


def _named(holders: set[str]) -> str:
    names = sorted(holders)
    more = ", …" if len(names) > _HOLDERS else ""
    return ", ".join(f"`{name}`" for name in names[:_HOLDERS]) + more


if __name__ == "__main__":
    main()
