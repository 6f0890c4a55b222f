"""What the FEEL fields of the panel show: names with their types, functions, and what is wrong with a text."""

from typing import Any, Literal

from flask_babel import gettext

from engine.feel.analysis import analyse
from engine.feel.diagnostics import Diagnostic
from engine.feel.reference import FunctionInfo
from engine.feel.reference import functions as all_functions
from engine.feel.types import ANY, Type, members_of, resolved
from engine.lint import Variables
from webui import errors

_DEPTH = 4
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
        "options": None if of.options is None else [str(option) for option in of.options],
        "entries": [_name(inner, member, depth - 1) for inner, member in entries.items()],
    }


def _function(info: FunctionInfo) -> dict[str, Any]:
    return {
        "name": info.name, "forms": [", ".join(form) for form in info.forms], "result": info.result,
        "doc": gettext(info.doc), "example": f"{info.example} = {info.value}", "standard": info.standard,
    }  # fmt: skip
