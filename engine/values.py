"""The values a variable may hold, their one stored form, their canonical JSON and digests.

A value is None, bool, int, Decimal, str, date, time, datetime, timedelta, YearsMonths, or a list or dict of values
(keys are strings). Floats from outside become Decimal through `repr`; NaN and infinities are refused.
"""

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from engine.errors import N_, InvalidValue, Phrase

Value = Any
Values = dict[str, Any]

HOME_CURRENCY = "CNY"
"""of the books: limits are stated in it, and what is in another currency is compared with none of them"""
DEPTH_LIMIT = 64
MAGNITUDE_LIMIT = 4096
"""digits before or after the point: an exponent of a few characters must not become gigabytes of text"""
_MOST_BITS = 13_600


@dataclass(frozen=True, slots=True, order=True)
class YearsMonths:
    """A years and months duration (DMN 1.5, 10.3.2.3.8): whole months, negative ones count backwards."""

    months: int

    def __str__(self) -> str:
        sign, rest = ("-", -self.months) if self.months < 0 else ("", self.months)
        years, months = divmod(rest, 12)
        if not rest:
            return "P0M"
        return f"{sign}P{f'{years}Y' if years else ''}{f'{months}M' if months else ''}"


def normalise(value: Any) -> Value:
    """`value` as one that a variable may hold: floats become Decimal, tuples lists, UUIDs text. Raises InvalidValue."""
    return _normalise(value, 0)


def _normalise(value: Any, depth: int) -> Value:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | date | time | timedelta | YearsMonths):
        return value
    if isinstance(value, int):
        _check_magnitude(value.bit_length() > _MOST_BITS)
        return value if type(value) is int else int(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise InvalidValue(expected=N_("a finite number"), found=str(value))
        _check_magnitude(abs(value.adjusted()) > MAGNITUDE_LIMIT)
        return value if type(value) is Decimal else Decimal(value)
    if isinstance(value, float):
        return _normalise(Decimal(repr(value)), depth)
    if depth >= DEPTH_LIMIT:
        raise InvalidValue(
            expected=Phrase(N_("a value nested at most {limit} deep"), limit=DEPTH_LIMIT), found=N_("a deeper one")
        )
    if isinstance(value, list | tuple):
        return [_normalise(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_key(key): _normalise(item, depth + 1) for key, item in value.items()}
    if isinstance(value, UUID):
        return str(value)
    raise InvalidValue(expected=N_("a value of FEEL"), found=type(value).__name__)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return _text(key)
    raise InvalidValue(expected=N_("a text as key"), found=repr(key))


def _check_magnitude(beyond: bool) -> None:
    if beyond:
        raise InvalidValue(
            expected=Phrase(N_("a number of at most {limit} digits"), limit=MAGNITUDE_LIMIT), found=N_("a longer one")
        )


def storable(text: str) -> bool:
    """Whether both databases take it: no NUL, no half of a surrogate pair."""
    return "\0" not in text and (text.isascii() or _SURROGATE.search(text) is None)


def readable(text: str) -> str:
    """What a reader sees of `text`: nothing that only takes place, or none at all, and one blank between words.

    Whether somebody has written something, and how much, is judged by this; what is kept is what he has written.
    """
    return " ".join("".join(map(_seen, text)).split())


def blank(text: str | None) -> bool:
    """Whether nobody can read anything in `text`: blanks, what is of no width, letters that are drawn as nothing."""
    return not text or not any(_seen(one).strip() for one in text)


def _seen(one: str) -> str:
    if one.isspace():
        return " "
    return "" if one in _EMPTY or unicodedata.category(one) in _NOT_ALONE else one


_EMPTY = "\u115f\u1160\u2800\u3164\uffa0\U0001d159"
"""fillers and the empty pattern of Braille: letters and symbols to Unicode, nothing to the eye"""
_NOT_ALONE = frozenset(("Cc", "Cf", "Cs", "Mn", "Me"))
"""control and format characters; marks are seen on a letter only, which counts"""
_SURROGATE = re.compile("[\\ud800-\\udfff]")


def _text(value: str) -> str:
    if type(value) is str and value.isascii() and "\0" not in value:
        return value
    if not storable(value):
        raise InvalidValue(expected=N_("a text of Unicode characters without NUL"), found=repr(value)[:80])
    return value if type(value) is str else str.__str__(value)  # a name of SQLAlchemy is a kind of str


# ---------------------------------------------------------------- stored form: JSON with tagged values


_SAME = frozenset((str, bool, type(None)))
"""kinds that are stored as they are: most of what a document holds"""


def encode(value: Value) -> Any:
    """A JSON document for `value`: what JSON lacks is `{"$": [tag, text]}`; a map with the key "$" is tagged itself."""
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if kind is str:
        return value
    if kind is int:
        # beyond 53 bits a JSON reader may round
        return value if -9007199254740992 <= value <= 9007199254740992 else {"$": ["int", str(value)]}
    if kind is list:
        return [item if type(item) in _SAME else encode(item) for item in value]
    if kind is dict:
        if "$" in value:
            return {"$": ["map", [[key, encode(item)] for key, item in value.items()]]}
        return {key: item if type(item) in _SAME else encode(item) for key, item in value.items()}
    if kind is Decimal:
        return {"$": ["dec", str(value)]}
    if isinstance(value, datetime):
        return {"$": ["dt", _zoned_text(value)]}
    if isinstance(value, date):
        return {"$": ["date", value.isoformat()]}
    if isinstance(value, time):
        return {"$": ["time", _zoned_text(value)]}
    if isinstance(value, timedelta):
        return {"$": ["dur", value.days * 86_400_000_000 + value.seconds * 1_000_000 + value.microseconds]}
    if isinstance(value, YearsMonths):
        return {"$": ["ym", value.months]}
    return encode(normalise(value))


def decode(document: Any) -> Value:
    """The value that `encode` made `document` of. Raises InvalidValue for an unknown tag."""
    kind = type(document)
    if kind is dict:
        if "$" in document:
            return _untag(document["$"])
        return {key: item if type(item) in _SAME else decode(item) for key, item in document.items()}
    if kind is list:
        return [item if type(item) in _SAME else decode(item) for item in document]
    if kind is float:
        return Decimal(repr(document))
    return document


def _untag(tagged: Any) -> Value:
    tag, body = tagged
    match tag:
        case "dec":
            return Decimal(body)
        case "int":
            return int(body)
        case "date":
            return date.fromisoformat(body)
        case "dt":
            return _read_zoned(body, datetime.fromisoformat)
        case "time":
            return _read_zoned(body, time.fromisoformat)
        case "dur":
            return timedelta(microseconds=body)
        case "ym":
            return YearsMonths(body)
        case "map":
            return {key: decode(item) for key, item in body}
    raise InvalidValue(expected=N_("a known value tag"), found=str(tag))


def _zoned_text(value: datetime | time) -> str:
    if isinstance(value.tzinfo, ZoneInfo):
        return f"{value.replace(tzinfo=None).isoformat()}@{value.tzinfo.key}"
    return value.isoformat()


def _read_zoned(text: str, parse: Any) -> Any:
    local, _, zone = text.partition("@")
    return parse(local).replace(tzinfo=ZoneInfo(zone)) if zone else parse(text)


# ---------------------------------------------------------------- canonical JSON and digests


def canonical_json(value: Any) -> bytes:
    """RFC 8785 without floats: keys in UTF-16 order, no spaces, UTF-8, strings NFC-normalised.

    Allowed: text, whole numbers, booleans, null, lists, objects. Anything else raises InvalidValue: whoever digests
    money or a date says first how it is written.
    """
    return _dumps(_canonical(value)).encode()


def _canonical(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, int):
        return value
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, dict):
        items = {unicodedata.normalize("NFC", key): _canonical(item) for key, item in value.items()}
        return {key: items[key] for key in sorted(items, key=lambda text: text.encode("utf-16-be"))}
    raise InvalidValue(expected=N_("text, a whole number, a boolean, null, a list or an object"), found=repr(value))


def _dumps(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _encoded_json(document: Any) -> str:
    """`canonical_json` of what `encode` returned.

    orjson writes the same text, unless a string must be normalised or a key stands beyond the basic plane, where the
    orders of UTF-8 and UTF-16 differ.
    """
    try:
        quick = orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError:  # a whole number beyond 64 bits
        return _dumps(_canonical(document))
    if quick.isascii() or (_BASIC_PLANE.fullmatch(quick) and unicodedata.is_normalized("NFC", quick)):
        return quick
    return _dumps(_canonical(document))


_BASIC_PLANE = re.compile(r"[\x00-\uffff]*")


def stored_json(value: Value) -> str:
    """`encode` as compact JSON text with sorted keys: what JSON columns hold."""
    return _encoded_json(encode(value))


def load_json(text: str | bytes) -> Value:
    """The value of a JSON column."""
    return decode(json.loads(text))


def sha256(data: bytes) -> bytes:
    """32 bytes."""
    return hashlib.sha256(data).digest()


def digest(value: Value) -> bytes:
    """SHA-256 over the canonical form of any value."""
    return sha256(_encoded_json(encode(value)).encode())


def binding_digest(subject_type: str, subject_id: str, facts: dict[str, Any]) -> str:
    """The digest that binds an approval to the facts of one document: `sha256:` and 64 hex digits.

    `facts` as `canonical_json` takes them: money as text with the scale of its currency, sets as sorted lists.
    """
    head = b"troika-binding-v1\0" + subject_type.encode() + b"\0" + subject_id.encode() + b"\0"
    return "sha256:" + hashlib.sha256(head + canonical_json(facts)).hexdigest()


# ---------------------------------------------------------------- reading loose JSON


def from_json(text: str | bytes) -> Value:
    """Plain JSON from outside: numbers become int or Decimal, dates stay text."""
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise InvalidValue(expected=N_("a finite number"), found=name)


def to_decimal(value: Any) -> Decimal:
    """`value` as an exact number. Raises InvalidValue."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal | float):
        raise InvalidValue(expected=N_("a number"), found=repr(value))
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise InvalidValue(expected=N_("a number"), found=repr(value)) from None
    if not number.is_finite():
        raise InvalidValue(expected=N_("a finite number"), found=repr(value))
    return number


def to_plain(value: Value) -> Any:
    """JSON for people and browsers: decimals as text, temporal values in ISO 8601; not meant to be read back."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | time):
        return _zoned_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, YearsMonths):
        return str(value)
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, UUID):
        return str(value)
    return value


def duration_text(value: timedelta) -> str:
    """ISO 8601, e.g. P1DT2H30M; the empty duration is PT0S."""
    micros = value.days * 86_400_000_000 + value.seconds * 1_000_000 + value.microseconds
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    seconds, fraction = divmod(micros, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    second_text = f"{seconds}.{fraction:06d}".rstrip("0") if fraction else str(seconds)
    clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M")) if n)
    if seconds or fraction:
        clock += f"{second_text}S"
    if not days and not clock:
        return "PT0S"
    return f"{sign}P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}"
