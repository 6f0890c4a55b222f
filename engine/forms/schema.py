"""From what a browser sends to typed values: one marshmallow schema per level of a form, and the checks of a value."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from engine.errors import N_, EngineError
from engine.forms import signed
from engine.forms.files import File, takes
from engine.forms.model import CHOICES, MANY_CHOICES, PICKERS, TEXTS, FormField, Message, is_blank, leaves
from engine.identifiers import is_credit_code, is_id_card
from engine.values import Value, Values, storable, to_decimal

TEXT_LIMIT = 10_000
"""characters of one text"""
KEY_LIMIT = 200
"""characters of what a picker stores"""
ROW_LIMIT = 500
"""rows of one list"""
DIGIT_LIMIT = 15
"""significant digits that a number of a browser carries exactly"""

Known = Callable[[FormField, Any], "bool | File"]
"""whether a picker offers a value, whether a field may name a file: the `File`, or True for one that stands there"""

UNKNOWN = Message(N_("This form has no such field."))
REQUIRED = Message(N_("Please fill in this field."))
MUST_BE_TRUE = Message(N_("Please tick this box."))
NOT_AN_OPTION = Message(N_("Please choose one of the options."))
NOT_A_TEXT = Message(N_("Please enter a text."))
NOT_A_NUMBER = Message(N_("Please enter a number."))
TOO_MANY_DIGITS = Message(N_("Please enter a number of at most {limit} digits."), limit=DIGIT_LIMIT)
NOT_A_DATE = Message(N_("Please enter a date such as 2026-01-31."))
NOT_A_TIME = Message(N_("Please enter a time such as 14:30."))
NOT_A_MOMENT = Message(N_("Please enter a date and a time."))
NOT_YES_NO = Message(N_("Please answer yes or no."))
NOT_A_LIST = Message(N_("Please give a list."))
NOT_A_FILE = Message(N_("Please upload a file."))
NOT_AN_EMAIL = Message(N_("Please enter an e-mail address."))
NOT_A_PHONE = Message(N_("Please enter a telephone number with its country code, such as +86 571 1234567."))
PATTERN = Message(N_("Please use the expected form of writing."))
NOT_AN_ID_CARD = Message(N_("This is no number of an identity card: a digit is wrong or missing."))
NOT_A_CREDIT_CODE = Message(N_("This is no unified social credit code: a character is wrong or missing."))
PASSED_DATE = Message(N_("Please choose a date that is not in the past."))
FILE_GONE = Message(N_("This file is not there any more, or is not yours: remove it, and choose it again."))
WRONG_FILE = N_("This field takes {accept}; '{name}' is something else.")
FILE_COUNT = Message(N_("Please upload one file only."))
TOO_MANY_ROWS = Message(N_("Please enter at most {limit} rows."), limit=ROW_LIMIT)
NO_ROWS_ADDED = Message(N_("Rows can neither be added nor removed here."))

_PHONE = re.compile(r"\+(?:[0-9][ -]?){6,14}[0-9]\Z", re.ASCII)


class _Typed(fields.Field[Any]):
    """A value of one component; null and the empty text of a browser are no value."""

    def __init__(self, read: Callable[[Any], Value], **options: Any) -> None:
        super().__init__(allow_none=True, **options)
        self.read = read

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Value:
        return self.read(value)


class _Level(Schema):
    """Keys that the form does not have are an error, never merged."""

    error_messages = {"unknown": UNKNOWN, "type": NOT_A_LIST}  # noqa: RUF012 - marshmallow reads a plain dict

    class Meta:
        unknown = RAISE


def build(components: tuple[FormField, ...]) -> Schema:
    """The schema of one level: types only. Limits depend on other values and are checked by `check`."""
    tree: dict[str, Any] = {}
    for leaf in leaves(components):
        level = tree
        for key in leaf.keys[:-1]:
            level = level.setdefault(key, {})
        level[leaf.keys[-1]] = leaf
    return _level(tree)


def _level(tree: dict[str, Any]) -> Schema:
    members: dict[str, Any] = {}
    for index, (key, item) in enumerate(tree.items()):
        names: dict[str, Any] = {"data_key": key, "attribute": key}
        if isinstance(item, dict):
            members[f"f{index}"] = fields.Nested(_level(item), **names)
        elif item.type == "dynamiclist":
            members[f"f{index}"] = fields.List(
                fields.Nested(item.schema),
                validate=validate.Length(max=ROW_LIMIT, error=TOO_MANY_ROWS),
                error_messages={"invalid": NOT_A_LIST, "null": NOT_A_LIST},
                **names,
            )
        else:
            members[f"f{index}"] = _Typed(_reader(item), **names)
    level: Schema = type("Level", (_Level,), members)()
    return level


def load(schema: Schema, data: Any) -> tuple[Values, dict[str, list[str]]]:
    """`data` with typed values, and the complaints by dotted path with row numbers from 0, e.g. `lines.0.amount`."""
    try:
        return schema.load(data, partial=True), {}
    except ValidationError as error:
        complaints: dict[str, list[str]] = {}
        _flatten(error.messages, "", complaints)
        valid = error.valid_data
        return (valid if isinstance(valid, dict) else {}), complaints


def _flatten(messages: Any, path: str, into: dict[str, list[str]]) -> None:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            _flatten(inner, f"{path}.{key}" if path else str(key), into)
    else:
        into[path] = [item if isinstance(item, Message) else Message("{text}", text=str(item)) for item in messages]


# ---------------------------------------------------------------- types


def _reader(component: FormField) -> Callable[[Any], Value]:
    if component.type in TEXTS:
        return _text
    if component.type == "datetime":
        return {"time": _time, "datetime": _moment}.get(str(component.raw.get("subtype", "date")), _date)
    if component.type in PICKERS:
        return _keys if component.many else _key
    if component.type in CHOICES:
        return _scalar
    if component.type in MANY_CHOICES:
        return _scalars
    read = {"number": _number, "checkbox": _yes_no, "filepicker": _files, "signature": signed.read}
    return read.get(component.type, _anything)


def _text(value: Any) -> Value:
    if not isinstance(value, str) or len(value) > TEXT_LIMIT or not storable(value):
        raise ValidationError(NOT_A_TEXT)
    return value


def _number(value: Any) -> Value:
    if value == "":
        return None
    try:
        number = to_decimal(value.strip() if isinstance(value, str) else value)
    except EngineError:
        raise ValidationError(NOT_A_NUMBER) from None
    if not -DIGIT_LIMIT <= number.adjusted() <= DIGIT_LIMIT or len(number.normalize().as_tuple().digits) > DIGIT_LIMIT:
        raise ValidationError(TOO_MANY_DIGITS)
    return number


def _yes_no(value: Any) -> Value:
    if not isinstance(value, bool):
        raise ValidationError(NOT_YES_NO)
    return value


def _key(value: Any) -> Value:
    if value == "":
        return None
    if not isinstance(value, str) or len(value) > KEY_LIMIT or not storable(value):
        raise ValidationError(NOT_AN_OPTION)
    return value


def _keys(value: Any) -> Value:
    """Each once, in the order in which they were chosen."""
    if value == "":
        return []
    if not isinstance(value, list):
        raise ValidationError(NOT_A_LIST)
    if len(value) > ROW_LIMIT:
        raise ValidationError(TOO_MANY_ROWS)
    return [key for key in dict.fromkeys(map(_key, value)) if key is not None]


def _scalar(value: Any) -> Value:
    if value == "":
        return None
    if not isinstance(value, str | int | Decimal | float):
        raise ValidationError(NOT_AN_OPTION)
    return Decimal(repr(value)) if isinstance(value, float) else value


def _scalars(value: Any) -> Value:
    if not isinstance(value, list):
        raise ValidationError(NOT_A_LIST)
    if len(value) > ROW_LIMIT:
        raise ValidationError(TOO_MANY_ROWS)
    return [_scalar(item) for item in value]


def _date(value: Any) -> Value:
    if value == "":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValidationError(NOT_A_DATE) from None


def _time(value: Any) -> Value:
    if value == "":
        return None
    if isinstance(value, time):
        return value
    try:
        return time.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValidationError(NOT_A_TIME) from None


def _moment(value: Any) -> Value:
    if value == "":
        return None
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValidationError(NOT_A_MOMENT) from None


def _files(value: Any) -> Value:
    """Ids of documents in their usual form, names where there are none (`Known` says which); each once."""
    if value == "":
        return []
    if not isinstance(value, list) or len(value) > ROW_LIMIT:
        raise ValidationError(NOT_A_LIST)
    if not all(isinstance(item, str) and len(item) <= KEY_LIMIT and storable(item) for item in value):
        raise ValidationError(NOT_A_FILE)
    return list(dict.fromkeys(map(_id_or_name, value)))


def _id_or_name(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return text


def _anything(value: Any) -> Value:
    return value


# ---------------------------------------------------------------- checks of one value


def check(component: FormField, value: Value, *, required: bool, limit: Callable[[str], Value],
          options: Callable[[], list[Value] | None], today: date, known: Known, rule: Callable[[Any], Value]
          ) -> list[str]:  # fmt: skip
    """The complaints about `value`. `limit`: name of a limit -> its value now, None without one. `rule`: what an
    expression gives now, anything else as it is."""
    if component.type == "checkbox":
        return [MUST_BE_TRUE] if required and value is not True else []
    if is_blank(value):
        return [REQUIRED] if required else []
    if component.type in TEXTS:
        return _check_text(component, value.strip(), limit)
    if component.type == "number":
        return _check_number(component, value, limit)
    if component.type in PICKERS:
        chosen = value if component.many else [value]
        return [] if all(known(component, one) for one in chosen) else [NOT_AN_OPTION]
    if component.type in CHOICES | MANY_CHOICES:
        offered = options()
        chosen = value if isinstance(value, list) else [value]
        fits = offered is None or all(any(same(item, one) for one in offered) for item in chosen)
        return [] if fits else [NOT_AN_OPTION]
    if component.type == "datetime":
        day = value.date() if isinstance(value, datetime) else value
        passed = component.raw.get("disallowPassedDates") and isinstance(day, date) and day < today
        return [PASSED_DATE] if passed else []
    if component.type == "filepicker":
        return _check_files(component, value, rule, known)
    return []


def _check_files(component: FormField, chosen: list[str], rule: Callable[[Any], Value], known: Known) -> list[str]:
    complaints: list[str] = []
    if rule(component.several) is not True and len(chosen) > 1:
        complaints.append(FILE_COUNT)
    accept = rule(component.accept)
    for one in chosen:
        found = known(component, one)
        if not found:
            complaints.append(FILE_GONE)
        elif isinstance(found, File) and isinstance(accept, str) and not takes(accept, found):
            complaints.append(Message(WRONG_FILE, accept=accept, name=found.name))
    return list(dict.fromkeys(complaints))


def _check_text(component: FormField, text: str, limit: Callable[[str], Value]) -> list[str]:
    complaints: list[str] = []
    shortest, longest = limit("minLength"), limit("maxLength")
    if shortest is not None and len(text) < shortest:
        complaints.append(Message(N_("Please enter at least {limit} characters."), limit=shortest))
    if longest is not None and len(text) > longest:
        complaints.append(Message(N_("Please enter at most {limit} characters."), limit=longest))
    if component.pattern is not None and not component.pattern.search(text):
        own = component.raw["validate"].get("patternErrorMessage")
        complaints.append(Message("{text}", text=own) if own else PATTERN)
    kind = component.raw.get("validate", {}).get("validationType")
    if kind == "idcard" and not is_id_card(text):
        complaints.append(NOT_AN_ID_CARD)
    if kind == "uscc" and not is_credit_code(text):
        complaints.append(NOT_A_CREDIT_CODE)
    if kind == "phone" and not _PHONE.match(text):
        complaints.append(NOT_A_PHONE)
    if kind == "email":
        try:
            validate.Email(error=NOT_AN_EMAIL)(text)
        except ValidationError:
            complaints.append(NOT_AN_EMAIL)
    return complaints


def _check_number(component: FormField, number: Decimal, limit: Callable[[str], Value]) -> list[str]:
    complaints: list[str] = []
    least, most = limit("min"), limit("max")
    if least is not None and number < least:
        complaints.append(Message(N_("Please enter at least {limit}."), limit=least))
    if most is not None and number > most:
        complaints.append(Message(N_("Please enter at most {limit}."), limit=most))
    places = component.raw.get("decimalDigits")
    if isinstance(places, int | Decimal) and number != round(number, int(places)):
        complaints.append(Message(N_("Please enter at most {limit} decimal places."), limit=places))
    step = component.limits.get("increment")
    if isinstance(step, Decimal) and step > 0 and number % step != 0:
        complaints.append(Message(N_("Please enter a multiple of {limit}."), limit=step))
    return complaints


def same(one: Value, other: Value) -> bool:
    """Equal values of one kind: true is not 1, 1.0 is 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)
