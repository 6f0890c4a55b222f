"""A recorded log of another system as one table: CSV, or XES (IEEE 1849) as process mining tools write it; also .gz."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from engine.errors import InvalidPolicy

LIMIT = 1 << 30
"""bytes of a log, unpacked"""
OF_CASE = "case:"
"""what the columns of a XES case begin with, as PM4Py writes them: `case:concept:name`"""

_VALUES = frozenset(("string", "date", "int", "float", "boolean", "id"))


@dataclass(frozen=True, slots=True)
class Log:
    """Events as they stand. `rows`: (its place in words, values by column); a row may lack columns that others have."""

    columns: Sequence[str]
    rows: Sequence[tuple[str, Mapping[str, str]]]


def read(name: str, raw: bytes, limit: int = LIMIT) -> Log:
    """The file `name`: `.xes` is XES, all else CSV; unpacked first when it ends with `.gz`. `limit`: bytes, unpacked.

    Raises InvalidPolicy.
    """
    if name.endswith(".gz"):
        try:
            with gzip.open(io.BytesIO(raw)) as packed:
                raw = packed.read(limit + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise _unreadable("a gzip file", str(error)) from None
    if len(raw) > limit:
        raise _unreadable(f"a log of at most {limit} bytes", "a larger one")
    if name.removesuffix(".gz").endswith(".xes"):
        return read_xes(raw)
    try:
        return read_csv(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _unreadable("CSV in UTF-8", f"byte {raw[error.start]:#x} at {error.start}") from None


def read_csv(text: str) -> Log:
    """One event in a line, columns named by the first."""
    rows = csv.DictReader(io.StringIO(text))
    return Log(tuple(rows.fieldnames or ()), tuple((f"line {number}", row) for number, row in enumerate(rows, 2)))


def read_xes(data: bytes) -> Log:
    """Columns are the keys of attributes (`concept:name`), those of the case after `case:`. Raises InvalidPolicy.

    Attributes of attributes, lists and the defaults of the log are not columns.
    """
    events = etree.iterparse(
        io.BytesIO(data), events=("start", "end"), tag=("{*}log", "{*}trace"), resolve_entities=False, no_network=True,
        load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    rows: list[tuple[str, dict[str, str]]] = []
    try:
        for moment, element in events:
            if element.getparent() is None:
                _check_root(element)
            elif moment == "end" and _name(element) == "trace":
                rows.extend((f"event {number}", row) for number, row in enumerate(_trace(element), len(rows) + 1))
                _forget(element)
        _check_root(events.root)
    except etree.XMLSyntaxError as error:
        raise _unreadable("well-formed XML", str(error)) from None
    return Log(tuple({column: None for _, row in rows for column in row}), rows)


def _check_root(root: Any) -> None:
    if root.getroottree().docinfo.doctype:
        raise _unreadable("XES without DOCTYPE: entities are not read", "a DOCTYPE")
    if _name(root) != "log":
        raise _unreadable("XES with the root element 'log'", f"'{_name(root)}'")


def _forget(trace: Any) -> None:
    """What was read takes no memory any more."""
    trace.clear()
    while trace.getprevious() is not None:
        del trace.getparent()[0]


def _trace(trace: Any) -> Iterator[dict[str, str]]:
    of_case = {OF_CASE + key: value for key, value in _attributes(trace)}
    for event in trace:
        if _name(event) == "event":
            yield of_case | dict(_attributes(event))


def _attributes(owner: Any) -> Iterator[tuple[str, str]]:
    for child in owner:
        if _name(child) in _VALUES:
            key, value = child.get("key"), child.get("value")
            if key is None or value is None:
                raise _unreadable(f"line {child.sourceline}: an attribute with key and value", f"key {key}")
            yield key, value


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _unreadable(expected: str, found: str) -> InvalidPolicy:
    return InvalidPolicy(policy="?", expected=expected, found=found)
