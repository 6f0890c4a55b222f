"""What the FEEL fields of the panel show: names with their types, functions, and what is wrong with a text."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from flask_babel import gettext

from engine import feel, identity, workdays
from engine.errors import N_
from engine.feel import nodes, trees
from engine.feel.analysis import analyse, long_names
from engine.feel.diagnostics import Diagnostic
from engine.feel.reference import FunctionInfo
from engine.feel.reference import functions as all_functions
from engine.feel.types import ANY, Type, conforms, members_of, resolved
from engine.lint import Variables
from engine.unit_of_work import UnitOfWork
from webui import errors

_DEPTH = 4
_MOMENTS = {
    "date": "date({})", "time": "time({})", "date and time": "date and time({})",
    "days and time duration": "duration({})", "years and months duration": "duration({})",
}  # fmt: skip
_NOTHING_KNOWN = Variables(closed=False)


def names(found: Variables) -> list[dict[str, Any]]:
    """Every name with its type; `entries`: what can follow its dot, `origin`: the element that writes it."""
    return [{**_name(name, of, _DEPTH), "origin": found.origins.get(name)} for name, of in sorted(found.types.items())]


def functions() -> list[dict[str, Any]]:
    """Every built-in function, with its sentence in the reader's language."""
    return [_function(info) for info in all_functions()]


def findings(text: str, kind: str, known: Variables | None) -> list[dict[str, Any]]:
    """What is wrong with `text`, with places counted as a browser counts characters (UTF-16)."""
    scope = known or _NOTHING_KNOWN
    mode: Literal["expression", "unary_tests"] = "unary_tests" if kind == "unary_tests" else "expression"
    found = analyse(text, scope.types, closed=scope.closed, mode=mode, input=ANY, condition=kind == "condition")
    return [_finding(text, diagnostic) for diagnostic in found.diagnostics]


def tried(text: str, kind: str, known: Variables | None, given: Mapping[str, str], uow: UnitOfWork) -> dict[str, Any]:
    """The value of `text` for values that a person typed, with the people and the work calendar of this installation.

    `names`: what it reads, with what is wrong with each value.

    `value`: as FEEL, null while a value is wrong or the text is not FEEL; `findings`: why a value is null.
    """
    try:
        asked, result = worth(text, kind, known, given, uow)
    except feel.FeelSyntaxError:
        return {"names": [], "value": None, "findings": findings(text, kind, known)}
    if result is None:
        return {"names": asked, "value": None, "findings": []}
    return {
        "names": asked, "value": feel.literal(result.value),
        "findings": [_finding(text, diagnostic) for diagnostic in result.diagnostics],
    }  # fmt: skip


def worth(
    text: str, kind: str, known: Variables | None, given: Mapping[str, str], uow: UnitOfWork
) -> tuple[list[dict[str, Any]], feel.Result | None]:
    """What `text` reads, with what is wrong with each value, and what it gives; None while a value is wrong.

    Raises FeelSyntaxError.
    """
    scope = (known or _NOTHING_KNOWN).types
    mode: Literal["expression", "unary_tests"] = "unary_tests" if kind == "unary_tests" else "expression"
    compiled = feel.compile(text, names=long_names(scope), mode=mode)
    context: dict[str, Any] = {}
    asked = []
    now, zone = uow.now, uow.settings.timezone
    for path, of in asked_of(compiled, scope):
        name = ".".join(path)
        value, problem = _typed(given.get(name, ""), of, now, zone)
        asked.append({"name": name, "type": str(of), "problem": problem, "options": _options(of)})
        _put(context, path, value)
    if any(one["problem"] for one in asked):
        return asked, None
    calendar = workdays.calendar(uow) if workdays.calendars(uow) else None
    return asked, compiled.evaluate(context, now=now, zone=zone, calendar=calendar, people=identity.Directory(uow))


def asked_of(compiled: feel.Compiled, scope: Mapping[str, Type]) -> list[tuple[tuple[str, ...], Type]]:
    """The values that a text reads: paths into contexts, each with its type; a path stops at what is no context."""
    found: dict[tuple[str, ...], Type] = {}
    for path in sorted(_paths(compiled.tree, compiled.names)):
        of, taken = resolved(scope.get(path[0], ANY)), [path[0]]
        for part in path[1:]:
            members = members_of(of) if of.kind == "context" else {}
            if of.kind not in ("context", ANY.kind):
                break
            of = resolved(members.get(part, ANY))
            taken.append(part)
        if not any(tuple(taken[:length]) in found for length in range(1, len(taken))):
            found[tuple(taken)] = of
    return list(found.items())


def _paths(node: Any, names: frozenset[str]) -> set[tuple[str, ...]]:
    """Every chain of names in a tree that begins with a free one."""
    chain: list[str] = []
    inner = node
    while isinstance(inner, nodes.Path):
        chain.insert(0, inner.name)
        inner = inner.source
    if isinstance(inner, nodes.Name):
        return {(inner.name, *chain)} if inner.name in names else set()
    return set().union(*(_paths(part, names) for part in trees.parts(inner)))


def _put(context: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *outer, last = path
    for part in outer:
        context = context.setdefault(part, {})
    context[last] = value


def _typed(said: str, of: Type, now: datetime, zone: str) -> tuple[Any, str]:
    """A value as people type it, and what is wrong with it. Nothing typed is null."""
    text = said.strip()
    if not text:
        return None, ""
    if of.kind == "string":
        return said, ""
    form = _MOMENTS.get(of.kind)
    try:
        known = feel.compile(form.format(feel.quoted(text)) if form and not text.startswith(("date", "@")) else text)
    except feel.FeelSyntaxError:
        known = None
    value = known.evaluate({}, now=now, zone=zone).value if known is not None and not known.names else None
    if value is None and of.kind == ANY.kind:
        return said, ""
    if value is None or not conforms(value, of):
        return None, errors.words(N_("Expected {expected}, found '{found}'."), {"expected": str(of), "found": said})
    return value, ""


def _finding(text: str, diagnostic: Diagnostic) -> dict[str, Any]:
    near = diagnostic.facts.get("near")
    return {
        "from": _units(text, diagnostic.start),
        "to": _units(text, diagnostic.end),
        "level": "error" if diagnostic.code == "invalid-text" else "warn",
        "message": errors.words(diagnostic.message, diagnostic.facts),
        "hint": gettext("Did you mean '%(near)s'?", near=near) if near else "",
        "near": near or "",
    }


def _units(text: str, position: int) -> int:
    return len(text[:position].encode("utf-16-le", "surrogatepass")) // 2


def _name(name: str, of: Type, depth: int) -> dict[str, Any]:
    of = resolved(of)
    entries = members_of(of) if depth else {}
    return {
        "name": name,
        "type": str(of),
        "options": _options(of),
        "entries": [_name(inner, member, depth - 1) for inner, member in entries.items()],
    }


def _options(of: Type) -> list[str] | None:
    return None if of.options is None else [str(option) for option in of.options]


def _function(info: FunctionInfo) -> dict[str, Any]:
    return {
        "name": info.name, "forms": [", ".join(form) for form in info.forms], "result": info.result,
        "doc": gettext(info.doc), "example": f"{info.example} = {info.value}", "standard": info.standard,
    }  # fmt: skip
