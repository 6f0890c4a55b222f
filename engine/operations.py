"""Service operations: a function's signature is its contract.

`@operation` registers a function of a data module. Its keyword-only parameters become the schema of a call, the entry
of the designer, the check of a drawing. Only `engine/calls.py` reads `Operation.function`.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict
from uuid import UUID

from engine.errors import N_, EngineError, Phrase
from engine.values import HOME_CURRENCY, YearsMonths, to_decimal


class UnknownOperation(EngineError):
    """A drawing or a caller names an operation that no module offers."""

    message = N_("Expected an operation named '{name}', but no module offers it.")
    hint = N_("Choose one of the catalogue: {known}.")
    status = 422


class InvalidInput(EngineError):
    """The inputs of a call do not fit the signature of the operation."""

    message = N_("Operation {operation}, input '{name}': expected {expected}, found {found}.")
    hint = N_("Correct the input mapping of the task.")
    status = 422


class WrongDeclaration(TypeError):
    """An operation that cannot be offered; raised when its module is loaded."""


@dataclass(frozen=True, slots=True)
class OperationCall:
    """Who is calling: filled in by the engine, not offered to analysts. `key` is the idempotency key of the effect."""

    key: UUID
    instance_id: UUID | None = None
    element: str | None = None
    clearance_id: UUID | None = None
    approved_by: tuple[UUID, ...] = ()
    """accounts of those whose approvals the clearance uses, in the order in which they were given"""
    by: UUID | None = None
    """whose act led to the call, for an operation that is told who acts: the last person, where a job calls"""
    states: dict[str, str] = field(default_factory=dict)
    """filled in by the operation: the state in which it leaves payments, by id; on record with the call"""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input that an analyst maps. `type`: text of the FEEL-like type, e.g. number, list<context>."""

    name: str
    annotation: Any
    type: str
    required: bool
    default: Any = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a guarded operation is about, read and locked now. See `policy.md` 1.

    `values`: bound facts in canonical form. `people`: role -> user ids. `display`: label -> text that approvers see.
    `state`: what policies may ask for too, but an approval does not bind: it may change afterwards. `approved`: role ->
    (type, id) of another document whose approvers have it too, and whoever they gave it for.
    """

    values: dict[str, Any]
    people: dict[str, list[UUID]] = field(default_factory=dict)
    display: dict[str, str] = field(default_factory=dict)
    version: int = 1
    state: dict[str, Any] = field(default_factory=dict)
    approved: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """How the document behind a guarded operation is found: `type` is its table, `argument` carries its id.

    `shows`: the bound facts that `Facts.display` tells approvers. `refers`: bound fact -> what names the rows that
    its keys belong to, `table.column` each.
    """

    type: str
    argument: str
    read: Callable[..., Facts]
    shows: tuple[str, ...] = ()
    refers: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """A verb that drawings may call."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    doc: str
    labels: dict[str, str]
    outputs: dict[str, str]
    errors: tuple[str, ...]
    effect: Literal["write", "read", "irreversible"]
    external: bool = False
    idempotent: bool = False
    timeout_seconds: int = 30
    guarded_by: str | None = None
    subject: Subject | None = None
    changes_subject: Subject | None = None
    changed: Callable[..., Iterable[UUID]] | None = None
    compensated_by: str | None = None
    acting: tuple[str, ...] = ()
    takes_call: bool = False

    @property
    def module(self) -> str:
        """The folder that offers it."""
        return self.name.partition(".")[0]

    @property
    def lasts(self) -> bool:
        """Whether it leaves something behind that going back does not undo."""
        undone_by_another = self.compensated_by is not None or self.guarded_by is not None
        return self.effect == "irreversible" or undone_by_another or (self.external and self.effect != "read")

    @property
    def brief(self) -> str:
        """What analysts are told of it: the first paragraph of `doc`, in English; the catalogue translates it."""
        return brief(self.doc)

    def title(self, name: str) -> dict[str, str]:
        """What an input or a result is called, by language; `name` where its module does not say."""
        zh, en = _titles.get(f"{self.name}.{name}") or _titles.get(f"{self.module}.{name}") or (name, name)
        return {"zh": zh, "en": en}

    def bind(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """`inputs` as typed arguments. Raises InvalidInput naming the first that does not fit."""
        known = {parameter.name for parameter in self.parameters}
        for name in inputs:
            if name not in known:
                raise InvalidInput(
                    operation=self.name,
                    name=name,
                    expected=Phrase(N_("one of {words}"), words=", ".join(sorted(known))),
                    found=N_("an unknown name"),
                )
        arguments = {}
        for parameter in self.parameters:
            if inputs.get(parameter.name) is None and not parameter.required:
                arguments[parameter.name] = parameter.default
                continue
            try:
                arguments[parameter.name] = _convert(inputs.get(parameter.name), parameter.annotation)
            except (ValueError, TypeError, EngineError):
                raise InvalidInput(
                    operation=self.name,
                    name=parameter.name,
                    expected=parameter.type,
                    found=_shown(inputs.get(parameter.name)),
                ) from None
        return arguments


_catalog: dict[str, Operation] = {}
_titles: dict[str, tuple[str, str]] = {}


def operation(
    name: str,
    *,
    zh: str = "",
    en: str = "",
    outputs: dict[str, str] | None = None,
    errors: tuple[str, ...] = (),
    effect: Literal["write", "read", "irreversible"] = "write",
    guarded_by: str | None = None,
    subject: Callable[..., Facts] | None = None,
    changes_subject: Callable[..., Facts] | None = None,
    changed: Callable[..., Iterable[UUID]] | None = None,
    compensated_by: str | None = None,
    acting: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Offer a function `f(uow, *, inputs…) -> dict` as an in-process operation: effect and progress in one transaction.

    `zh`, `en`: what the designer calls it. `outputs`: name -> type of the result. `errors`: codes of BusinessError.
    `guarded_by`: policy class; then `subject` says which facts an approval binds. `changes_subject`: the document
    whose live grants are revoked before the function writes; `changed(uow, *, inputs…)` names those documents where no
    input does. `acting`: inputs that say whose act it is, which keeps him from approving it.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        _register(
            function, name, zh, en, outputs or {}, errors, effect, guarded_by=guarded_by,
            subject=_subject_of(name, subject, guarded_by), changes_subject=_subject_of(name, changes_subject, None),
            changed=changed, compensated_by=compensated_by, acting=acting,
        )  # fmt: skip
        return function

    return register


def external_operation(
    name: str,
    *,
    zh: str = "",
    en: str = "",
    outputs: dict[str, str] | None = None,
    errors: tuple[str, ...] = (),
    idempotent: bool,
    timeout_seconds: int = 30,
    guarded_by: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Offer a function `f(http, *, inputs…) -> dict` that talks to the outside: a job, never in a transaction.

    Raises WrongDeclaration for one that is `guarded_by` a class: a call cannot be taken back with its clearance.
    """
    if guarded_by is not None:
        raise WrongDeclaration(
            f"external operation {name} is guarded by {guarded_by}: expected an in-process operation of that class "
            "that writes what is to be done, and an external one without a class that carries it out afterwards"
        )

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        _register(
            function, name, zh, en, outputs or {}, errors, "irreversible", external=True, idempotent=idempotent,
            timeout_seconds=timeout_seconds,
        )  # fmt: skip
        return function

    return register


def subject(
    type: str, *, id: str, shows: tuple[str, ...] = (), refers: Mapping[str, tuple[str, ...]] | None = None
) -> Callable[[Callable[..., Facts]], Callable[..., Facts]]:
    """Mark `f(uow, *, <id>) -> Facts` as the reader of the documents in table `type`.

    `shows`: the bound facts that its `display` tells; a drawing whose form does not show the others is warned of.
    `refers`: bound fact -> `table.column` of each kind of row that its keys may belong to: people are told the name.
    """

    def mark(function: Callable[..., Facts]) -> Callable[..., Facts]:
        function.subject = Subject(type, id, function, shows, tuple((refers or {}).items()))  # type: ignore[attr-defined]
        _subjects[type] = function.subject  # type: ignore[attr-defined]
        return function

    return mark


def of_amount(amount: Decimal, currency: str) -> dict[str, str]:
    """The bound facts of an amount. No rate stands on a document: of one in another currency it is not known what it is
    in that of the books, and no limit is under it.
    """
    told = f"{amount:.2f}"
    return ({"amount_base": told} if currency == HOME_CURRENCY else {}) | {"amount": told, "currency": currency}


def titles(module: str, said: Mapping[str, tuple[str, str]]) -> None:
    """What the operations of `module` call their inputs and results, in Chinese and English.

    By name, or by `operation.name` for one that means something else by it.
    """
    _titles.update({f"{module}.{name}": words for name, words in said.items()})


def titled() -> frozenset[str]:
    """Everything that has a title: `module.name` and `module.operation.name`."""
    return frozenset(_titles)


_subjects: dict[str, Subject] = {}


def brief(doc: str) -> str:
    """The first paragraph of a docstring in one line."""
    return " ".join(doc.partition("\n\n")[0].split())


def load(package: str = "engine.modules") -> None:
    """Import every `models` and `operations` module of the data modules, so that they register themselves."""
    root = importlib.import_module(package)
    for info in pkgutil.walk_packages(root.__path__, f"{package}."):
        importlib.import_module(info.name)


def catalog() -> dict[str, Operation]:
    """All operations by name, sorted."""
    return dict(sorted(_catalog.items()))


def get(name: str) -> Operation:
    """Raises UnknownOperation."""
    try:
        found = _catalog[name]
        told = _stand_ins.get()
        return found if told is None or name not in told else replace(found, function=told[name])
    except KeyError:
        prefix = name.partition(".")[0] + "."
        near = [known for known in sorted(_catalog) if known.startswith(prefix)] or sorted(_catalog)
        raise UnknownOperation(name=name, known=", ".join(near[:12])) from None


_stand_ins: ContextVar[Mapping[str, Callable[..., Any]] | None] = ContextVar("stand_ins", default=None)


@contextmanager
def standing_in(functions: Mapping[str, Callable[..., Any]]) -> Iterator[None]:
    """Let `functions` answer for operations by name, in this thread and this block only: scenarios and dry runs."""
    before = _stand_ins.set(functions)
    try:
        yield
    finally:
        _stand_ins.reset(before)


def subject_reader(type: str) -> Subject | None:
    """The reader of documents in table `type`, if a module declared one."""
    return _subjects.get(type)


# ---------------------------------------------------------------- from annotations to types

_TYPES: dict[Any, str] = {
    str: "string", int: "number", bool: "boolean", Decimal: "number", date: "date", datetime: "date and time",
    time: "time", timedelta: "days and time duration", YearsMonths: "years and months duration", UUID: "id",
    dict: "context", list: "list", Any: "any",
}  # fmt: skip


def _register(function: Callable[..., Any], name: str, zh: str, en: str, outputs: dict[str, str],
              errors: tuple[str, ...], effect: Any, **options: Any) -> None:  # fmt: skip
    if name in _catalog and _catalog[name].function.__module__ != function.__module__:
        raise WrongDeclaration(f"operation {name} is offered twice")
    if options.get("guarded_by") and options.get("subject") is None:
        raise WrongDeclaration(f"operation {name} is guarded by {options['guarded_by']} but names no subject")
    hints = get_type_hints(function)
    parameters = []
    takes_call = False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        if parameter.name == "call":
            takes_call = True
            continue
        annotation = hints.get(parameter.name, Any)
        required = parameter.default is inspect.Parameter.empty
        parameters.append(
            Parameter(
                parameter.name, annotation, type_name(annotation), required, None if required else parameter.default
            )
        )
    _catalog[name] = Operation(
        name=name, function=function, parameters=tuple(parameters), doc=inspect.getdoc(function) or "",
        labels={"zh": zh or name, "en": en or name}, outputs=outputs, errors=errors, effect=effect,
        takes_call=takes_call, **options,
    )  # fmt: skip


def _subject_of(name: str, function: Callable[..., Facts] | None, guarded_by: str | None) -> Subject | None:
    if function is None:
        return None
    found = getattr(function, "subject", None)
    if not isinstance(found, Subject):
        raise WrongDeclaration(f"operation {name}: {function.__name__} is not marked with @subject")
    return found


def type_name(annotation: Any) -> str:
    """The FEEL-like name of a Python annotation. Raises WrongDeclaration for one that no drawing can supply."""
    if annotation in _TYPES:
        return _TYPES[annotation]
    if is_typeddict(annotation):
        return "context"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        inner = [argument for argument in arguments if argument is not NoneType]
        if len(inner) == 1:
            return type_name(inner[0])
    if origin is list:
        return f"list<{type_name(arguments[0])}>"
    if origin is dict:
        return "context"
    if origin is Literal:
        return "string"
    raise WrongDeclaration(f"{annotation!r} is not a type that a drawing can supply")


def _convert(value: Any, annotation: Any) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        if value is None and NoneType in arguments:
            return None
        return _convert(value, next(argument for argument in arguments if argument is not NoneType))
    if annotation is Any:
        return value
    if value is None:
        raise TypeError
    if origin is list or annotation is list:
        if not isinstance(value, list):
            raise TypeError
        return [_convert(item, arguments[0]) for item in value] if arguments else value
    if is_typeddict(annotation):
        return _convert_fields(value, annotation)
    if origin is dict or annotation is dict:
        if not isinstance(value, dict):
            raise TypeError
        return value
    if origin is Literal:
        if value not in arguments:
            raise ValueError
        return value
    return _convert_simple(value, annotation)


def _convert_fields(value: Any, annotation: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    hints = get_type_hints(annotation)
    missing = annotation.__required_keys__ - value.keys()
    if missing:
        raise ValueError(f"{sorted(missing)} missing")
    return {name: _convert(item, hints[name]) for name, item in value.items() if name in hints}


def _convert_simple(value: Any, annotation: Any) -> Any:
    if annotation is Decimal:
        return to_decimal(value)
    if annotation is bool:
        if not isinstance(value, bool):
            raise TypeError
        return value
    if annotation is int:
        number = to_decimal(value)
        if number != number.to_integral_value():
            raise ValueError
        return int(number)
    if annotation is str:
        if not isinstance(value, str):
            raise TypeError
        return value
    if annotation is UUID:
        return value if isinstance(value, UUID) else UUID(value)
    if annotation is datetime:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(moment, datetime) or moment.tzinfo is None:
            raise TypeError
        return moment
    if annotation is date:
        day = date.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(day, date) or isinstance(day, datetime):
            raise TypeError
        return day
    if annotation in (time, timedelta, YearsMonths):
        if not isinstance(value, annotation):
            raise TypeError
        return value
    raise TypeError


def _shown(value: Any) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {value!r}"[:120]
