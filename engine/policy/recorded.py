"""A recorded log of another system as one table: CSV, or XES (IEEE 1849) as process mining tools write it; also .gz."""

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from engine.errors import N_, InvalidPolicy, Phrase

LIMIT = 1 << 30
"""bytes of a log, unpacked"""
SENT = 100_000_000
"""of one that is sent to a page or the interface; the command line takes larger ones"""
OF_CASE = "case:"
"""what the columns of a XES case begin with, as PM4Py writes them: `case:concept:name`"""

_VALUES = frozenset(("string", "date", "int", "float", "boolean", "id"))


@dataclass(frozen=True, slots=True)
class Log:
    """Events as they stand. `rows`: (its number, values by column); a row may lack columns that others have."""

    columns: Sequence[str]
    rows: Sequence[tuple[int, Mapping[str, str]]]
    counted: str = N_("line {n}")

    def place(self, number: int) -> Phrase:
        """Where an event stands, in words."""
        return Phrase(self.counted, n=number)


def read(name: str, raw: bytes, limit: int = LIMIT) -> Log:
    """The file `name`: `.xes` is XES, all else CSV; unpacked first when it ends with `.gz`. `limit`: bytes, unpacked.

    Raises InvalidPolicy.
    """
    if name.endswith(".gz"):
        try:
            with gzip.open(io.BytesIO(raw)) as packed:
                raw = packed.read(limit + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise _unreadable(N_("a gzip file"), str(error)) from None
    if len(raw) > limit:
        raise _unreadable(Phrase(N_("a log of at most {limit} bytes"), limit=limit), N_("a larger one"))
    if name.removesuffix(".gz").endswith(".xes"):
        log = read_xes(raw)
    else:
        try:
            log = read_csv(raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            found = Phrase(N_("byte {byte} at {at}"), byte=f"{raw[error.start]:#x}", at=error.start)
            raise _unreadable(N_("CSV in UTF-8"), found) from None
    if not log.rows:
        raise _unreadable(N_("a log with at least one event"), N_("none"))
    return log


def read_csv(text: str) -> Log:
    """One event in a line, columns named by the first; those without a name hold nothing. Raises InvalidPolicy."""
    reader = csv.reader(io.StringIO(text))
    rows: list[tuple[int, Mapping[str, str]]] = []
    try:
        columns = next(reader, [])
        _check_names(columns)
        for cells in reader:
            if cells:
                rows.append((reader.line_num, _row(columns, cells, reader.line_num)))
    except csv.Error as error:
        found = Phrase(N_("line {n}: {error}"), n=reader.line_num + 1, error=error)
        raise _unreadable(N_("readable CSV, lines ended by LF or CRLF"), found) from None
    return Log(tuple(filter(None, columns)), rows)


def _row(columns: Sequence[str], cells: Sequence[str], line: int) -> dict[str, str]:
    """What stands under no name is refused: as sheets are saved, such cells are empty."""
    named = [*columns, *[""] * (len(cells) - len(columns))]
    for name, cell in zip(named, cells, strict=False):
        if cell and not name:
            expected = Phrase(N_("line {n}: values under the {count} named columns only"), n=line,
                              count=sum(map(bool, columns)))  # fmt: skip
            raise _unreadable(expected, f"'{cell[:40]}'")
    return {name: cell for name, cell in zip(columns, cells, strict=False) if name}


def read_xes(data: bytes) -> Log:
    """Columns are the keys of attributes (`concept:name`), those of the case after `case:`. Raises InvalidPolicy.

    Attributes of attributes, lists and the defaults of the log are not columns.
    """
    events = etree.iterparse(
        io.BytesIO(data), events=("start", "end"), tag=("{*}log", "{*}trace"), resolve_entities=False, no_network=True,
        load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        for moment, element in events:
            if element.getparent() is None:
                _check_root(element)
            elif moment == "end" and _name(element) == "trace":
                rows.extend(enumerate(_trace(element), len(rows) + 1))
                _forget(element)
        _check_root(events.root)
    except etree.XMLSyntaxError as error:
        raise _unreadable(N_("well-formed XML"), str(error)) from None
    return Log(tuple({column: None for _, row in rows for column in row}), rows, N_("event {n}"))


def _check_root(root: Any) -> None:
    if root.getroottree().docinfo.doctype:
        raise _unreadable(N_("XES without DOCTYPE: entities are not read"), "DOCTYPE")
    if _name(root) != "log":
        raise _unreadable(N_("XES with the root element 'log'"), f"'{_name(root)}'")


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


def _check_names(columns: Sequence[str]) -> None:
    """Raise InvalidPolicy where one of two columns would be taken for the other."""
    for name, times in Counter(filter(None, columns)).items():
        if times > 1:
            raise _unreadable(N_("every column once"), Phrase(N_("'{name}' {times} times"), name=name, times=times))


def _attributes(owner: Any) -> Iterator[tuple[str, str]]:
    known = set()
    for child in owner:
        if _name(child) in _VALUES:
            key, value = child.get("key"), child.get("value")
            if key is None or value is None:
                raise _unreadable(
                    Phrase(N_("line {n}: an attribute with key and value"), n=child.sourceline), f"key {key}"
                )
            if key in known:
                raise _unreadable(Phrase(N_("line {n}: every attribute once"), n=child.sourceline), f"'{key}'")
            known.add(key)
            yield key, value


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _unreadable(expected: str, found: str) -> InvalidPolicy:
    return InvalidPolicy(policy="?", expected=expected, found=found)
