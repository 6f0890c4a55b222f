"""Rows of a file that somebody has: .xlsx (the first sheet) or .csv in the encodings that Excel writes."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.exceptions import InvalidFileException

from engine.dmn.simulation import COLUMNS_LIMIT, ROWS_LIMIT, DataTooBig, Problem, Simulation
from engine.errors import N_, EngineError
from engine.feel.values import text_of

FILE_LIMIT_MB = 10
UNPACKED_LIMIT_MB = 100
_MB = 1 << 20
_ENCODINGS = ("utf-8-sig", "gb18030")
_DELIMITERS = ",;\t"
_FORMULA = re.compile(r"[=+@\t\r]|-(?![\d.]+$)")
"""how a text begins that a spreadsheet would compute; a negative number is none"""
csv.field_size_limit(_MB)


class NotADataFile(EngineError):
    """The file cannot be read as rows."""

    message = N_("Expected an .xlsx or .csv file of at most {limit} MB, found {found}.")
    hint = N_("Save it from the spreadsheet as .xlsx, or as .csv in UTF-8.")
    status = 422


_BROKEN = (
    zipfile.BadZipFile, zlib.error, InvalidFileException, KeyError, ValueError, IndexError, SyntaxError, OSError,
    EOFError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""what a damaged, truncated or encrypted sheet raises"""


def rows(name: str, content: bytes, limit: int = ROWS_LIMIT) -> list[list[Any]]:
    """The lines of a file, headings first, empty ones too. Raises NotADataFile, DataTooBig for over `limit` rows.

    A file of a few kilobytes may claim a million lines: none is kept beyond the limit.
    """
    if len(content) > FILE_LIMIT_MB * _MB:
        raise _wrong(name, f"{len(content) // _MB} MB")
    if name.lower().endswith(".xlsx"):
        lines = _sheet(name, content, limit)
    elif name.lower().endswith(".csv"):
        lines = _lines(name, content)
    else:
        raise _wrong(name)
    found: list[list[Any]] = []
    for line in lines:
        if len(found) > limit:
            raise DataTooBig(limit=limit, what=N_("rows"))
        found.append(list(line))
    return found


def _wrong(name: str, what: str = "") -> NotADataFile:
    return NotADataFile(limit=FILE_LIMIT_MB, found=f"{name[:200]} ({what})" if what else name[:200])


def _sheet(name: str, content: bytes, limit: int) -> Iterator[Sequence[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > UNPACKED_LIMIT_MB * _MB:
                raise _wrong(name, f"> {UNPACKED_LIMIT_MB} MB")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for line in sheet.iter_rows(max_row=limit + 2, max_col=COLUMNS_LIMIT + 1, values_only=True):
            filled = len(line)
            while filled and line[filled - 1] is None:
                filled -= 1
            yield line[:filled]
    except _BROKEN as error:
        raise _wrong(name, str(error)[:200]) from None


def _lines(name: str, content: bytes) -> Iterator[Sequence[Any]]:
    text = decoded(name, content)
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise _wrong(name, str(error)) from None


def decoded(name: str, content: bytes) -> str:
    """The text of a file as spreadsheets write it. Raises as `rows` does."""
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _wrong(name, "/".join(_ENCODINGS))


def with_results(
    lines: Sequence[Sequence[Any]], done: Simulation, words: Callable[[Problem], str]
) -> Iterator[list[Any]]:
    """The data with the result, the rules and the problems of each row behind it. `words`: of a problem."""
    width = len(lines[0])
    yield [*lines[0], "result", "rules", "problems"]
    for row in done.rows:
        data = list(lines[row.number - 1][:width])
        data += [None] * (width - len(data))
        result = "" if row.value is None else text_of(row.value)
        yield [*data, result, ", ".join(str(number) for _, number in row.rules), "; ".join(map(words, row.problems))]


def as_csv(lines: Iterable[Sequence[Any]]) -> bytes:
    """Lines as a .csv that Excel opens with the right letters; no cell of it is a formula."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[_harmless(cell) for cell in line] for line in lines])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(lines: Iterable[Sequence[Any]]) -> bytes:
    """Lines as a sheet; texts stay texts."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for line in lines:
        sheet.append([_harmless(cell) for cell in line])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _harmless(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    text = ILLEGAL_CHARACTERS_RE.sub("", cell)  # a sheet cannot hold them
    return f"'{text}" if _FORMULA.match(text) else text
