"""The conditions of the flows of one gateway beside each other: what none takes, what two take, what is never taken.

Conditions that rows can say are a decision table with a column for each field, and `dmn.analyse` looks at that.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine import dmn
from engine.bpmn.model import Flow, Node, Process
from engine.dmn import model as m
from engine.feel import quoted
from engine.feel.types import ANY, Type, members_of, resolved
from webui.designer import conditions
from webui.designer.conditions import DATE, LIST, MOMENT, NUMBER, TEXT, TRUTH, NotAValue, Row

NONE, BOTH, NEVER, EMPTY, MORE = "none", "both", "never", "empty", "more"
"""no flow is taken · two hold at once · one is never taken · a value that is not there · it says more than rows"""
_KINDS = {"decision-gap": NONE, "decision-overlap": BOTH, "decision-masked": NEVER, "decision-unreachable": NEVER,
          "decision-not-analysable": MORE, "decision-analysis-incomplete": MORE}  # fmt: skip
_LOW, _HIGH = {">": "(", ">=": "["}, {"<": ")", "<=": "]"}
_FEEL_TYPES = {NUMBER: "number", TEXT: "string", TRUTH: "boolean", DATE: "date", MOMENT: "date"}


def beside(
    process: Process, types: Mapping[str, Type], required: Collection[str] = ()
) -> dict[str, list[dict[str, Any]]]:
    """Gateway -> what is to be said. `kind`: NONE, BOTH, NEVER, EMPTY or MORE; `flows`: ids of those concerned, all of
    them where none is taken; `example`: [field, value as FEEL], of EMPTY the missing one first; `default`: whether the
    gateway has one. `required`: fields that never lack a value.
    """
    gateways = (node for node in process.all_nodes() if node.type in ("exclusiveGateway", "inclusiveGateway"))
    return {node.id: found for node in gateways if (found := list(_of(node, types, required)))}


def _of(gateway: Node, types: Mapping[str, Type], required: Collection[str]) -> Iterator[dict[str, Any]]:
    flows = [flow for flow in gateway.outgoing if flow.condition and not flow.is_default]
    if not flows or len(gateway.outgoing) < 2:
        return
    has_default = any(flow.is_default or flow.id == gateway.default for flow in gateway.outgoing)
    unconditional = any(not flow.condition and flow.id != gateway.default for flow in gateway.outgoing)
    groups: list[tuple[Flow, list[Row] | None]] = [
        (flow, group) for flow in flows for group in (*(conditions.groups_of(flow.condition) or ()),) or (None,)
    ]
    kinds = {row.field: _FEEL_TYPES[row.type] for _, rows in groups for row in rows or () if row.type in _FEEL_TYPES}
    rules = [(flow, _tests(group)) for flow, group in groups]
    unread = list(dict.fromkeys(flow.id for flow, tests in rules if tests is None))
    if unread:
        yield _said(MORE, unread)
        return
    read = [(flow, tests) for flow, tests in rules if tests is not None]
    columns = [
        (field, kinds.get(field) or _FEEL_TYPES.get(_type_of(field, types).kind))
        for field in dict.fromkeys(field for _, tests in read for field in tests)
    ]
    exclusive = gateway.type == "exclusiveGateway"

    def there(field: str) -> bool:  # what the engine says and what a form requires is never missing
        return field in required or field.startswith(("approval.", "process."))

    policies = ("U", "F") if exclusive else ("F",)
    seen: set[tuple[str, tuple[str, ...]]] = set()
    alive = Counter(flow.id for flow, _ in read)
    for policy in policies:
        for finding in dmn.analyse(_table(policy, columns, read, types)):
            kind = _KINDS.get(finding.rule)
            if kind is None or (kind == NONE and (has_default or unconditional)) or (kind == NEVER and not exclusive):
                continue
            concerned = [flow.id for flow in flows] if kind in (NONE, MORE) else finding.facts["rules"]
            ids = tuple(dict.fromkeys(one.partition(" ")[0] for one in concerned))
            if kind == NEVER:
                alive[ids[0]] -= policy == "F"  # under both policies a group that can never be true is named
                if alive[ids[0]]:  # another one may still be taken
                    continue
            example = finding.facts.get("inputs", {})
            if kind == NONE and "null" in example.values():  # that is EMPTY
                continue
            if (kind, ids) not in seen and not (kind == BOTH and len(ids) < 2):
                seen.add((kind, ids))
                yield _said(kind, ids, example.items())
    if unconditional or any(kind == MORE for kind, _ in seen):
        return
    gapless = not has_default and not any(kind == NONE for kind, _ in seen)
    for field in (field for field, _ in columns if not there(field)):
        others = _where_none(field, columns, read, types, some=gapless)
        if others is not None:
            yield _said(EMPTY, [flow.id for flow in flows], [(field, "null"), *others], default=has_default)


def _where_none(
    field: str, columns: Sequence["Column"], read: Sequence[tuple[Flow, dict[str, str]]], types: Mapping[str, Type],
    *, some: bool,
) -> list[tuple[str, str]] | None:  # fmt: skip
    """Other fields' values with which no condition holds while `field` is missing: [] for any; None where one holds.

    `some`: those that leave nothing only beside certain values of others are looked for, too.
    """
    left = [
        (flow, {other: test for other, test in tests.items() if other != field})
        for flow, tests in read if field not in tests or _takes_null(tests[field])
    ]  # fmt: skip
    if not left:
        return []
    if not some or not all(tests for _, tests in left):
        return None
    others = [column for column in columns if column[0] != field]
    gap = next((one for one in dmn.analyse(_table("F", others, left, types)) if _KINDS.get(one.rule) == NONE), None)
    return None if gap is None else list(gap.facts["inputs"].items())


def _said(
    kind: str, flows: Iterable[str], example: Iterable[tuple[str, str]] = (), *, default: bool = False
) -> dict[str, Any]:
    return {"kind": kind, "flows": list(flows), "example": [list(one) for one in example], "default": default}


Column = tuple[str, str | None]
"""a field, of a moment its day, and its type where that is known"""


def _tests(group: Sequence[Row] | None) -> dict[str, str] | None:
    """Unary tests of one group by what is asked about; None for what a table cannot say."""
    if group is None:
        return None
    found: dict[str, list[Row]] = {}
    for row in group:
        found.setdefault(row.field, []).append(row)
    tests = {field: _test(rows) for field, rows in found.items()}
    return None if None in tests.values() else {field: test for field, test in tests.items() if test is not None}


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
    said = [quoted(option) for option in _type_of(field, types).options or () if isinstance(option, str)]
    asks = any(tests.get(field, "").startswith(("null", "not(null")) for _, tests in read)
    return ", ".join([*said, *(["null"] if asks else [])]) if said else ""


def _type_of(field: str, types: Mapping[str, Type]) -> Type:
    first, *rest = (part.strip("`") for part in field.split("."))
    of = types.get(first, ANY)
    for part in rest:
        of = (members_of(resolved(of)) if resolved(of).kind == "context" else {}).get(part, ANY)
    return resolved(of)
