"""Values written as FEEL that reads them back: wherever a text of a person or a file becomes part of an expression."""

from typing import Any

from engine.feel.values import kind_of, text_of

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_MOMENTS = frozenset(
    ("date", "time", "date and time", "days and time duration", "years and months duration")
)  # fmt: skip


def quoted(text: str) -> str:
    """A string literal; `lexer.unescape` reads what stands between its quotes."""
    return f'"{text.translate(_ESCAPES)}"'


def literal(value: Any) -> str:
    """A string, number, boolean, moment, duration, null, or a list or context of them. DMN 1.5, 10.3.1.2 rule 33."""
    match kind_of(value):
        case "string":
            return quoted(str(value))
        case "list":
            return f"[{', '.join(map(literal, value))}]"
        case "context":
            return "{" + ", ".join(f"{quoted(name)}: {literal(item)}" for name, item in value.items()) + "}"
        case kind:
            text = text_of([value])[1:-1]
            return f'@"{text}"' if kind in _MOMENTS else text
