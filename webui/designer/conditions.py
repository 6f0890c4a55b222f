"""Conditions as rows of field, comparison and value, in groups of which one applies: from FEEL, to FEEL, in words.

What people can build here is shown as rows whoever wrote it; anything else stays text.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext

from engine import feel
from engine.bpmn import outline
from engine.errors import N_, EngineError, Phrase
from engine.feel import nodes as n
from engine.feel.lexer import is_simple
from engine.values import storable

OPERATORS = {"=": "=", "!=": "≠", ">": ">", ">=": "≥", "<": "<", "<=": "≤"}
"""FEEL and how it is shown."""
NUMBER, TEXT, TRUTH, DATE, MOMENT, LIST = "number", "string", "boolean", "date", "date and time", "list"
PERSON = "person"
"""a text that names somebody"""
_COMPARED = (*OPERATORS.items(),)
_KNOWN = (("filled", N_("is filled in")), ("empty", N_("is empty")))
_IN = (("in", N_("is one of")), ("not-in", N_("is none of")))
_CONTAINS = (("contains", N_("contains")), ("not-contains", N_("does not contain")))
_DAYS = (
    ("=", N_("is on")), ("<", N_("is before")), ("<=", N_("is on or before")), (">", N_("is after")),
    (">=", N_("is on or after")), ("between", N_("is between")), ("last-days", N_("is within the last days:")), *_KNOWN,
)  # fmt: skip
OFFERED: dict[str, tuple[tuple[str, str], ...]] = {
    NUMBER: (*_COMPARED, ("between", N_("is between")), *_IN, *_KNOWN),
    TEXT: (
        ("=", "="), ("!=", "≠"), *_CONTAINS, ("starts", N_("begins with")), ("ends", N_("ends with")), *_IN, *_KNOWN,
    ),
    TRUTH: (("=", N_("is")), *_KNOWN),
    DATE: (_DAYS[0], ("!=", N_("is not on")), *_DAYS[1:]),
    MOMENT: _DAYS,
    LIST: (*_CONTAINS, *_KNOWN),
    PERSON: (
        ("=", N_("is")), ("!=", N_("is not")), *_IN, ("in-department", N_("works in")),
        ("not-in-department", N_("does not work in")), ("has-role", N_("has the role")),
        ("not-has-role", N_("does not have the role")), *_KNOWN,
    ),
    "": (*_COMPARED, *_KNOWN),
}  # fmt: skip
"""Comparisons by type of the field, with their words; of a field whose type is not known, those of "". """
MEMBERSHIPS = {"in-department": "belongs to", "has-role": "has role"}
"""of a person, with the function of FEEL that says it"""
Known = Mapping[str, Mapping[str, str]]
"""departments and groups with their names, by comparison"""
NOBODY: Known = {}
"""where nobody has looked who belongs to what: every name is taken"""
WITHOUT_VALUE = frozenset(code for code, _ in _KNOWN)
SEVERAL = frozenset(code for code, _ in _IN)
EXPECTED = {
    NUMBER: N_("a number"), TRUTH: N_("yes or no"), DATE: N_("a date such as 2026-01-31"),
    MOMENT: N_("a date such as 2026-01-31"),
}  # fmt: skip

_NUMBER = re.compile(r"-?(\d+(\.\d+)?|\.\d+)", re.ASCII)
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)
_COMMA = re.compile("[,，、]")
_BETWEEN_NUMBERS = re.compile(r"[，、]|(?<!\d),|,(?!\d{3}(?!\d))")
_PERHAPS_ONE, _SURELY_SEVERAL = re.compile(r"\d,\d{3}(?!\d)"), re.compile(r",\s|[，、]")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DAYS_BACK = re.compile(r"P(\d{1,5})D", re.ASCII)
_OF_CHOICES = frozenset(((TEXT, "="), (TEXT, "!="), (TEXT, "in"), (LIST, "contains")))
_BELONGED_TO = {"in-department": N_("a department of the directory"), "has-role": N_("a group of the directory")}
_NEGATED = frozenset(("in", "contains", *MEMBERSHIPS))
_ENDS = {"starts with": "starts", "ends with": "ends", "contains": "contains"}
_SWAPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "=", "!=": "!="}


class NotAValue(EngineError):
    """A row whose value is not one of its field."""

    message = N_("Expected {expected} for '{field}', found '{found}'.")
    status = 422


@dataclass(frozen=True, slots=True)
class Row:
    """`field` `operator` `value`; values as people type them. `more`: the upper end, the other ones of several.

    `type`: what the text compares with, where the field itself does not tell.
    """

    field: str
    operator: str
    value: str = ""
    more: tuple[str, ...] = ()
    type: str = dataclasses.field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """What a condition may ask about. `type`: as FEEL calls it, or PERSON; `options`: value -> words.

    `currency`: the code of the money that it holds; `currency_in`: the field that says it instead.
    """

    key: str
    label: str
    type: str
    options: dict[str, str]
    currency: str = ""
    currency_in: str = ""


# ---------------------------------------------------------------- from FEEL


def groups_of(text: str | None) -> list[list[Row]] | None:
    """Rows of which all must apply, in groups of which one must; None when a condition says more than that."""
    body = (text or "").strip().removeprefix("=").strip()
    if not body:
        return []
    try:
        tree = feel.compile(body).tree
    except feel.FeelSyntaxError:
        return None
    reader = _Reader(body)
    groups = [reader.group(part) for part in reader.merged(_operands(tree, "or"), "or")]
    return None if None in groups else [group for group in groups if group is not None]


def rows_of(text: str | None) -> list[Row] | None:
    """The rows of a condition of one group; None when it says more."""
    groups = groups_of(text)
    if groups is None or len(groups) > 1:
        return None
    return groups[0] if groups else []


class _Reader:
    """Goes over the tree of one text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def group(self, found: n.Node | Row) -> list[Row] | None:
        """The rows of one operand of `or`."""
        if isinstance(found, Row):
            return [found]
        rows = [one if isinstance(one, Row) else self.row(one) for one in self.merged(_operands(found, "and"), "and")]
        return None if None in rows else [row for row in rows if row is not None]

    def merged(self, parts: Sequence[n.Node], joined: str) -> list[n.Node | Row]:
        """Operands, with two that ask together whether a text is filled in (or empty) as one row."""
        found: list[n.Node | Row] = []
        for part in parts:
            row = self._blank(found[-1], part, joined) if found and isinstance(found[-1], n.Node) else None
            if row is None:
                found.append(part)
            else:
                found[-1] = row
        return found

    def _blank(self, first: n.Node, second: n.Node, joined: str) -> Row | None:
        operator, meant = ("!=", "filled") if joined == "and" else ("=", "empty")
        fields = {
            _path(part.left) if isinstance(part, n.Compare) and part.operator == operator else None
            for part in (first, second)
        }
        ends = [part.right for part in (first, second) if isinstance(part, n.Compare)]
        if None in fields or len(fields) > 1 or [getattr(end, "value", ...) for end in ends] != [None, ""]:
            return None
        return Row(str(fields.pop()), meant, type=TEXT)

    def row(self, node: n.Node) -> Row | None:
        """One comparison."""
        match node:
            case n.Compare():
                return self._compare(node.left, node.operator, node.right)
            case n.Between():
                return self._range(node.value, node.low, node.high)
            case n.In(value=value, tests=[n.Range(low_closed=True, high_closed=True) as tested]):
                days = _days_back(tested)
                known = _subject(value) if days else None
                if known is not None:
                    return Row(known[0], "last-days", str(days), type=known[1] or DATE)
                return self._range(value, tested.low, tested.high)
            case n.In():
                return self._in(node)
            case n.Call(function=n.Name(name="not"), arguments=[inner], names=None):
                positive = self.row(inner)
                if positive is None or positive.operator not in _NEGATED:
                    return None
                return replace(positive, operator=f"not-{positive.operator}")
            case n.Call(function=n.Name(name=name), arguments=[subject, value], names=None):
                return self._call(name, subject, value)
            case n.Logic(operands=[first, second]):
                return self._blank(first, second, node.operator)
            case n.Name() | n.Path():
                path = _path(node)
                return None if path is None else Row(path, "=", "true", type=TRUTH)
        return None

    def _compare(self, left: n.Node, operator: str, right: n.Node) -> Row | None:
        match left, operator, right:
            case n.Call(function=n.Name(name="count"), arguments=[listed], names=None), "=" | ">", n.Literal(value=0):
                path = _path(listed)
                return None if path is None else Row(path, "empty" if operator == "=" else "filled", type=LIST)
            case _, "=" | "!=", n.Literal(value=None, unreadable=""):
                path = _path(left)
                return None if path is None else Row(path, "empty" if operator == "=" else "filled")
        if self._value(left) is not None:
            left, operator, right = right, _SWAPPED.get(operator, ""), left
        known, value = _subject(left), self._value(right)
        if known is None or value is None or operator not in OPERATORS or (known[1] and value[1] != DATE):
            return None
        return Row(known[0], operator, value[0], type=known[1] or value[1])

    def _range(self, subject: n.Node, low: n.Node, high: n.Node) -> Row | None:
        known, first, last = _subject(subject), self._value(low), self._value(high)
        if known is None or first is None or last is None or first[1] != last[1] or first[1] not in (NUMBER, DATE):
            return None
        if known[1] and first[1] != DATE:
            return None
        return Row(known[0], "between", first[0], (last[0],), type=known[1] or first[1])

    def _in(self, node: n.In) -> Row | None:
        path, found = _path(node.value), [self._value(test) for test in node.tests]
        values = [value for value in found if value is not None]
        kinds = {kind for _, kind in values}
        if path is None or len(values) < len(found) or len(kinds) > 1 or not kinds <= {NUMBER, TEXT}:
            return None
        first, *others = (value for value, _ in values)
        return Row(path, "in", first, tuple(others), type=kinds.pop())

    def _call(self, name: str, subject: n.Node, value: n.Node) -> Row | None:
        path, found = _path(subject), self._value(value)
        if path is None or found is None or found[1] != TEXT:
            return None
        if name == "list contains":
            return Row(path, "contains", found[0], type=LIST)
        member = next((code for code, function in MEMBERSHIPS.items() if function == name), None)
        if member is not None:
            return Row(path, member, found[0], type=PERSON)
        return Row(path, _ENDS[name], found[0], type=TEXT) if name in _ENDS else None

    def _value(self, node: n.Node) -> tuple[str, str] | None:
        """What a literal says as people type it, and its type."""
        match node:
            case n.Literal(value=bool()):
                return str(node.value).lower(), TRUTH
            case n.Literal(value=str(), unreadable="") if node.value.strip():  # a row without a value is unfinished
                return node.value, TEXT
            case n.Literal(value=int() | Decimal()) | n.Negate(operand=n.Literal(value=int() | Decimal()), count=1):
                said = self._text[node.start : node.end]
                return (said, NUMBER) if _NUMBER.fullmatch(said) else None
            case n.Literal(value=date()) if _DATE.fullmatch(str(node.value)):
                return str(node.value), DATE
            case n.Call(function=n.Name(name="date"), arguments=[n.Literal(value=str() as said)], names=None):
                return (said, DATE) if _is_date(said) else None
        return None


def _operands(node: n.Node, operator: str) -> list[n.Node]:
    return node.operands if isinstance(node, n.Logic) and node.operator == operator else [node]


def _subject(node: n.Node) -> tuple[str, str] | None:
    """What is asked about; a moment as its day."""
    if isinstance(node, n.Call) and isinstance(node.function, n.Name) and node.function.name == "date":
        path = _path(node.arguments[0]) if len(node.arguments) == 1 and node.names is None else None
        return None if path is None else (path, MOMENT)
    path = _path(node)
    return None if path is None else (path, "")


def _path(node: n.Node) -> str | None:
    match node:
        case n.Name(name=name) if "." not in name:
            return path_of(name)
        case n.Path(source=source, name=name):
            before = _path(source)
            return None if before is None else f"{before}.{path_of(name)}"
    return None


def path_of(*names: str) -> str:
    """Names with dots between, as FEEL reads them."""
    return ".".join(name if is_simple(name) else f"`{name}`" for name in names)


def _days_back(node: n.Range) -> int | None:
    """How many days up to today a range covers."""
    today = n.Name(name="today", start=0, end=0)
    match node.low, node.high:
        case (
            n.Chain(
                first=n.Call(function=n.Name(name=today.name), arguments=[]),
                rest=[("-", n.Call(function=n.Name(name="duration"), arguments=[n.Literal(value=str() as back)]))],
            ),
            n.Call(function=n.Name(name=today.name), arguments=[]),
        ):
            found = _DAYS_BACK.fullmatch(back)
            return int(found[1]) if found else None
    return None


# ---------------------------------------------------------------- to FEEL


def feel_of_groups(groups: Iterable[Sequence[Row]]) -> str:
    """Groups of rows as FEEL, each value written as its type asks for. Raises NotAValue."""
    several = [group for group in groups if group]
    parts = [" and ".join(_written(row, alone=len(several) == len(group) == 1) for row in group) for group in several]
    return f"= {' or '.join(parts)}" if parts else ""


def typable(row: Row, fields: Mapping[str, Field], known: Known = NOBODY) -> bool:
    """Whether `typed_row` gives this row again for what a form shows of it."""
    kind = fields[row.field].type if row.field in fields else ""
    if row.type in (LIST, MOMENT) and row.type != kind:
        return False
    torn = row.operator in SEVERAL and kind != NUMBER and any(map(_COMMA.search, (row.value, *row.more)))
    if torn or row.operator not in dict(OFFERED[kind]) or _no_choice(row, fields, known) is not None:
        return False
    guessed = replace(row, type="")
    return bool(kind) or not row.type or (misfit(guessed) is None and _written(guessed) == _written(row))


def typed_row(
    fields: Mapping[str, Field], field: str, operator: str, value: str, to: str, known: Known = NOBODY
) -> Row:
    """A row as it was typed: several values with commas between them, `to` the upper end. Raises NotAValue."""
    kind = fields[field].type if field in fields else ""
    if operator not in dict(OFFERED[kind]):
        raise NotAValue(
            expected=Phrase(N_("a comparison that fits its kind")), field=_label(field, fields), found=operator
        )
    if operator in WITHOUT_VALUE:
        return Row(field, operator, type=kind)
    if not value.strip() or (operator == "between" and not to.strip()):
        raise NotAValue(expected=Phrase(N_("a value")), field=_label(field, fields), found="")
    if operator in SEVERAL:
        first, *others = _separated(value, _label(field, fields), kind)
        row = Row(field, operator, first, tuple(others), kind)
    else:
        row = Row(field, operator, value, (to,) if operator == "between" else (), kind)
    refused = _no_choice(row, fields, known)
    if refused is not None:
        raise refused
    return row


def _no_choice(row: Row, fields: Mapping[str, Field], known: Known) -> NotAValue | None:
    """Why a row compares with what its field never is; people come and go, and may be named whoever they are."""
    member, field = row.operator.removeprefix("not-"), fields.get(row.field)
    if member in MEMBERSHIPS:
        return _no_member(row, known, _label(row.field, fields))
    if field is None or not field.options or (field.type, member) not in _OF_CHOICES:
        return None
    other = next((value for value in (row.value, *row.more) if value not in field.options), None)
    if other is None:
        return None
    return NotAValue(expected=Phrase(N_("one of its choices")), field=field.label, found=other)


def _no_member(row: Row, known: Known, field: str) -> NotAValue | None:
    code = row.operator.removeprefix("not-")
    if code not in known or row.value in known[code]:
        return None
    return NotAValue(expected=Phrase(_BELONGED_TO[code]), field=field, found=row.value)


def _label(key: str, fields: Mapping[str, Field]) -> str:
    return fields[key].label if key in fields else key


def _separated(text: str, field: str, kind: str) -> list[str]:
    """1,000 is one number where something else parts the numbers; alone it may be two, and is asked about."""
    commas = _COMMA
    if kind == NUMBER:
        if _PERHAPS_ONE.search(text) and not _SURELY_SEVERAL.search(text):
            raise NotAValue(
                expected=Phrase(N_("a space after each comma between several numbers")), field=field, found=text
            )
        commas = _BETWEEN_NUMBERS
    return [part for found in commas.split(text) if (part := found.strip())] or [""]


def feel_of(rows: Sequence[Row], fields: Mapping[str, Field]) -> str:
    """The rows of one group, whose types are those of their fields. Raises NotAValue."""
    typed = []
    for row in rows:
        known = fields.get(row.field)
        typed.append(replace(row, type=known.type if known is not None else row.type))
    return feel_of_groups([typed])


def misfit(row: Row, known: Known = NOBODY) -> NotAValue | None:
    """Why a row cannot be written; None for one that can."""
    try:
        _written(row)
    except NotAValue as error:
        return error
    return _no_member(row, known, row.field)


def _written(row: Row, alone: bool = False) -> str:
    writer = _WRITERS.get(row.operator)
    if writer is None or not _is_path(row.field):
        raise NotAValue(expected=Phrase(N_("a field and a comparison")), field=row.field, found=row.operator)
    text = writer(row)
    return f"({text})" if not alone and row.type in (TEXT, PERSON) and row.operator in WITHOUT_VALUE else text


def _is_path(text: str) -> bool:
    try:
        return bool(text) and _path(feel.compile(text).tree) == text
    except feel.FeelSyntaxError:
        return False


def _asked(row: Row) -> str:
    """The left side: of a moment its day is compared."""
    return f"date({row.field})" if row.type == MOMENT else row.field


def _filled(row: Row) -> str:
    yes = row.operator == "filled"
    if row.type == LIST:
        return f"count({row.field}) {'>' if yes else '='} 0"
    none = f"{row.field} {'!=' if yes else '='} null"
    return (
        f'{none} {"and" if yes else "or"} {row.field} {"!=" if yes else "="} ""' if row.type in (TEXT, PERSON) else none
    )


def _contains(row: Row) -> str:
    function = "list contains" if row.type == LIST else "contains"
    text = f"{function}({row.field}, {feel.quoted(row.value)})"
    return f"not({text})" if row.operator == "not-contains" else text


def _member(row: Row) -> str:
    text = f"{MEMBERSHIPS[row.operator.removeprefix('not-')]}({row.field}, {feel.quoted(row.value)})"
    return f"not({text})" if row.operator.startswith("not-") else text


def _one_of(row: Row) -> str:
    values = [value for value in (row.value, *row.more) if value.strip()]
    if not values:
        raise NotAValue(expected=Phrase(N_("at least one value")), field=row.field, found="")
    text = f"{row.field} in ({', '.join(literal_of(row, value) for value in values)})"
    return f"not({text})" if row.operator == "not-in" else text


def _last_days(row: Row) -> str:
    days = row.value.strip()
    if _DAYS_BACK.fullmatch(f"P{days}D") is None:
        raise NotAValue(expected=Phrase(N_("a whole number of days")), field=row.field, found=row.value)
    return f'{_asked(row)} in [today() - duration("P{int(days)}D")..today()]'


def _between(row: Row) -> str:
    return f"{_asked(row)} between {literal_of(row, row.value)} and {literal_of(row, ''.join(row.more))}"


def _plain(row: Row) -> str:
    return f"{_asked(row)} {row.operator} {literal_of(row, row.value)}"


_WRITERS: dict[str, Callable[[Row], str]] = {
    **dict.fromkeys(OPERATORS, _plain), **dict.fromkeys(WITHOUT_VALUE, _filled), **dict.fromkeys(SEVERAL, _one_of),
    "contains": _contains, "not-contains": _contains, **dict.fromkeys(MEMBERSHIPS, _member),
    **dict.fromkeys(map("not-{}".format, MEMBERSHIPS), _member), "last-days": _last_days, "between": _between,
    "starts": lambda row: f"starts with({row.field}, {feel.quoted(row.value)})",
    "ends": lambda row: f"ends with({row.field}, {feel.quoted(row.value)})",
}  # fmt: skip


def literal_of(row: Row, typed: str) -> str:
    """A value of the row's type; of one that is not known, what it looks like."""
    value, kind = typed.strip(), row.type
    if _THOUSANDS.fullmatch(value) and kind == NUMBER:
        value = value.replace(",", "")
    if not kind and _THOUSANDS.fullmatch(value):  # 100,200 may be one number, two, or a text
        raise NotAValue(expected=Phrase(N_("a number without commas")), field=row.field, found=typed)
    if kind == NUMBER or (not kind and _is_number(value)):
        if not _NUMBER.fullmatch(value):
            raise NotAValue(expected=Phrase(EXPECTED[NUMBER]), field=row.field, found=typed)
        return value
    if kind == TRUTH or (not kind and value in ("true", "false")):
        if value not in ("true", "false"):
            raise NotAValue(expected=Phrase(EXPECTED[TRUTH]), field=row.field, found=typed)
        return value
    if kind in (DATE, MOMENT):
        if not _is_date(value):
            raise NotAValue(expected=Phrase(EXPECTED[DATE]), field=row.field, found=typed)
        return f'date("{value}")'
    return feel.quoted(typed if kind else value)


def _is_number(value: str) -> bool:
    try:
        return Decimal(value).is_finite() and _NUMBER.fullmatch(value) is not None
    except InvalidOperation:
        return False


def _is_date(value: str) -> bool:
    try:
        return _DATE.fullmatch(value) is not None and date.fromisoformat(value) is not None
    except ValueError:
        return False


def same(text: str, stored: str) -> bool:
    """Whether two conditions say the same in rows, whatever spaces they are written with."""
    return text == stored or (rows_of(text) is not None and rows_of(text) == rows_of(stored) and bool(stored.strip()))


# ---------------------------------------------------------------- what a script sends and gets


def shown(text: str) -> list[list[dict[str, Any]]] | None:
    """A condition for the panel of the flowchart; null when it says more than rows can."""
    groups = groups_of(text)
    return None if groups is None else [[_shown(row) for row in group] for group in groups]


def sent(groups: Any) -> list[list[Row]] | None:
    """The groups of the panel; None for anything else."""
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        return None
    rows = [[_sent(row) for row in group] for group in groups]
    return None if any(None in group for group in rows) else [[row for row in group if row] for group in rows]


def _shown(row: Row) -> dict[str, Any]:
    return {"field": row.field, "operator": row.operator, "values": [row.value, *row.more], "type": row.type}


def _sent(row: Any) -> Row | None:
    if not isinstance(row, dict):
        return None
    values = row.get("values")
    texts = [row.get(name) for name in ("field", "operator", "type")] + (values if isinstance(values, list) else [None])
    if not all(isinstance(text, str) and storable(text) for text in texts):
        return None
    field, operator, kind, *found = (str(text) for text in texts)
    return Row(field, operator, found[0] if found else "", tuple(found[1:]), kind)


def offered() -> dict[str, list[tuple[str, str]]]:
    """Comparisons by type, in the reader's language."""
    return {
        kind: [(code, gettext(words) if words[0].isascii() and words[0].isalpha() else words) for code, words in found]
        for kind, found in OFFERED.items()
    }


# ---------------------------------------------------------------- in words


def words_of(text: str | None, fields: Mapping[str, Field], names: Mapping[str, str], known: Known) -> str:
    """A condition as people say it. `names`: of elements, for outcomes of approvals; `known`: of departments and
    groups, by comparison."""
    outcome = outline.verdict(text)
    if outcome is not None:
        said = gettext("agreed") if outcome[1] == "agree" else gettext("rejected")
        return f"{names.get(outcome[0], outcome[0])} {said}"
    groups = groups_of(text)
    if not groups:
        return (text or "").strip().removeprefix("=").strip()
    both, either = gettext("and"), gettext("or")
    joined = [f" {both} ".join(_said(row, fields.get(row.field), known) for row in group) for group in groups]
    return f" {either} ".join(joined)


def _said(row: Row, field: Field | None, known: Known) -> str:
    flags = {"true": gettext("yes"), "false": gettext("no")}
    values = [flags.get(value, value) if row.type == TRUTH else value for value in (row.value, *row.more)]
    words = known.get(row.operator.removeprefix("not-")) or (field.options if field is not None else {})
    values = [words.get(value, value) for value in values]
    asked = field.label if field else row.field
    if row.operator in WITHOUT_VALUE:
        values = []
    said = ("–" if row.operator == "between" else ", ").join(values)
    if field is not None and field.currency and row.operator not in WITHOUT_VALUE:
        said = f"{said} {field.currency}"
    return " ".join([asked, _comparison(row, field), said]).strip()


def _comparison(row: Row, field: Field | None) -> str:
    """The word of the field's type; = and its like are signs everywhere but for days and people."""
    if row.type == TRUTH and row.operator in OPERATORS:
        return OPERATORS[row.operator]
    own = dict(OFFERED.get((field.type if field is not None else "") or row.type, ()))
    words = own.get(row.operator) or next(
        words for found in OFFERED.values() for code, words in found if code == row.operator
    )  # fmt: skip
    return gettext(words) if words not in OPERATORS.values() else words
