"""The conditions of the flows of one gateway beside each other: what none takes, what two take, what is never taken.

Conditions that rows can say are a decision table with a column for each field, and `dmn.analyse` looks at that.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine import dmn
from engine.bpmn.model import Flow, Node, Process
from engine.dmn import model as m
from engine.feel import quoted
from engine.feel.types import Type, members_of, resolved
from webui.designer import conditions
from webui.designer.conditions import DATE, LIST, MOMENT, NUMBER, TEXT, TRUTH, NotAValue, Row

NONE, BOTH, NEVER, EMPTY, MORE = "none", "both", "never", "empty", "more"
"""no flow is taken · two hold at once · one is never taken · a value that is not there · it says more than rows"""
_KINDS = {"decision-gap": NONE, "decision-overlap": BOTH, "decision-masked": NEVER, "decision-unreachable": NEVER}
_LOW, _HIGH = {">": "(", ">=": "["}, {"<": ")", "<=": "]"}
_FEEL_TYPES = {NUMBER: "number", TEXT: "string", TRUTH: "boolean", DATE: "date", MOMENT: "date"}


def beside(process: Process, types: Mapping[str, Type]) -> dict[str, list[dict[str, Any]]]:
    """Gateway -> what is to be said. `kind`: NONE, BOTH, NEVER, EMPTY or MORE; `flows`: ids of those concerned, all of
    them where none is taken; `example`: [field, value as FEEL]; `default`: whether the gateway has one.
    """
    gateways = (node for node in process.all_nodes() if node.type in ("exclusiveGateway", "inclusiveGateway"))
    return {node.id: found for node in gateways if (found := list(_of(node, types)))}


def _of(gateway: Node, types: Mapping[str, Type]) -> Iterator[dict[str, Any]]:
    flows = [flow for flow in gateway.outgoing if flow.condition and not flow.is_default]
    if not flows or len(gateway.outgoing) < 2:
        return
    has_default = any(flow.is_default or flow.id == gateway.default for flow in gateway.outgoing)
    unconditional = any(not flow.condition and flow.id != gateway.default for flow in gateway.outgoing)
    groups: list[tuple[Flow, list[Row] | None]] = [
        (flow, group) for flow in flows for group in (*(conditions.groups_of(flow.condition) or ()),) or (None,)
    ]
    kinds = {_asked(row): _FEEL_TYPES[row.type] for _, rows in groups for row in rows or () if row.type in _FEEL_TYPES}
    rules = [(flow, _tests(group)) for flow, group in groups]
    unread = list(dict.fromkeys(flow.id for flow, tests in rules if tests is None))
    if unread:
        yield _said(MORE, unread)
        return
    read = [(flow, tests) for flow, tests in rules if tests is not None]
    columns = [(field, kinds.get(field)) for field in dict.fromkeys(field for _, tests in read for field in tests)]
    exclusive = gateway.type == "exclusiveGateway"
    policies = ("U", "F") if exclusive else ("F",)
    seen: set[tuple[str, tuple[str, ...]]] = set()
    alive = Counter(flow.id for flow, _ in read)
    for policy in policies:
        for finding in dmn.analyse(_table(policy, columns, read, types)):
            kind = _KINDS.get(finding.rule)
            if kind is None or (kind == NONE and (has_default or unconditional)) or (kind == NEVER and not exclusive):
                continue
            concerned = finding.facts["rules"] if kind != NONE else [flow.id for flow in flows]
            ids = tuple(dict.fromkeys(one.partition(" ")[0] for one in concerned))
            if kind == NEVER:
                alive[ids[0]] -= policy == "F"  # under both policies a group that can never be true is named
                if alive[ids[0]]:  # another one may still be taken
                    continue
            if (kind, ids) not in seen and not (kind == BOTH and len(ids) < 2):
                seen.add((kind, ids))
                yield _said(kind, ids, finding.facts.get("inputs", {}).items())
    for field, _ in columns:
        tests = [tests.get(field) for _, tests in read]
        written = not field.startswith(("approval.", "process."))  # what the engine says is never missing
        if written and not unconditional and all(test and not _takes_null(test) for test in tests):
            yield _said(EMPTY, [flow.id for flow in flows], [(field, "null")], default=has_default)


def _said(
    kind: str, flows: Iterable[str], example: Iterable[tuple[str, str]] = (), *, default: bool = False
) -> dict[str, Any]:
    shown = [[field.removeprefix("date(").removesuffix(")"), value] for field, value in example]
    return {"kind": kind, "flows": list(flows), "example": shown, "default": default}


Column = tuple[str, str | None]
"""what is asked about as FEEL, and its type where that is known"""


def _asked(row: Row) -> str:
    """Of a moment its day."""
    return f"date({row.field})" if row.type == MOMENT else row.field


def _tests(group: Sequence[Row] | None) -> dict[str, str] | None:
    """Unary tests of one group by what is asked about; None for what a table cannot say."""
    if group is None:
        return None
    found: dict[str, list[Row]] = {}
    for row in group:
        found.setdefault(_asked(row), []).append(row)
    tests = {asked: _test(rows) for asked, rows in found.items()}
    return None if None in tests.values() else {asked: test for asked, test in tests.items() if test is not None}


def _test(rows: Sequence[Row]) -> str | None:
    try:
        if len(rows) == 1:
            return _alone(rows[0])
        low, high = (next((row for row in rows if row.operator in ends), None) for ends in (_LOW, _HIGH))
        if len(rows) > 2 or low is None or high is None:
            return None
        first, last = conditions.literal_of(low, low.value), conditions.literal_of(high, high.value)
    except NotAValue:
        return None
    return f"{_LOW[low.operator]}{first}..{last}{_HIGH[high.operator]}"


def _alone(row: Row) -> str | None:
    values = [conditions.literal_of(row, value) for value in (row.value, *row.more) if value.strip()]
    blank = 'null, ""' if row.type == TEXT else "null"
    match row.operator:
        case _ if row.type == LIST:
            return None
        case "filled":
            return f"not({blank})"
        case "empty":
            return blank
        case "=" | "in":
            return ", ".join(values)
        case "!=" | "not-in":
            return f"not({', '.join(values)})"
        case ">" | ">=" | "<" | "<=":
            return f"{row.operator} {values[0]}"
        case "between":
            return f"[{values[0]}..{values[1]}]"
    return None


def _takes_null(test: str) -> bool:
    """A test that lets a missing value through: it names it, or all but something."""
    return test.startswith("null") or (test.startswith("not(") and not test.startswith("not(null"))


def _table(
    policy: str, columns: Sequence[Column], read: Sequence[tuple[Flow, dict[str, str]]], types: Mapping[str, Type]
) -> m.Model:
    inputs = tuple(
        m.InputClause(f"column {place}", field, field, kind, _allowed(field, types, read))
        for place, (field, kind) in enumerate(columns)
    )
    rules = tuple(
        m.Rule(f"{flow.id} {place}", tuple(tests.get(field, "-") for field, _ in columns), (quoted(flow.id),))
        for place, (flow, tests) in enumerate(read)
    )
    output = m.OutputClause("output", None, "string", "", None)
    table = m.DecisionTable("table", policy, None, inputs, (output,), rules)
    return m.Model("model", "model", "urn:gateway", {"decision": m.Decision("decision", "d", "d", logic=table)})


def _allowed(field: str, types: Mapping[str, Type], read: Sequence[tuple[Flow, dict[str, str]]]) -> str:
    """The values that a field of choices can have, as unary tests, with null where it is asked for; "" for any."""
    first, *rest = (part.strip("`") for part in field.split("."))
    of = types.get(first)
    for part in rest:
        members = members_of(resolved(of)) if of is not None and resolved(of).kind == "context" else {}
        of = members.get(part)
    options = resolved(of).options if of is not None else None
    said = [quoted(option) for option in options or () if isinstance(option, str)]
    asks = any("null" in tests.get(field, "") for _, tests in read)
    return ", ".join([*said, *(["null"] if asks else [])]) if said else ""
