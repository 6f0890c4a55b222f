"""The table of built-in functions; one file per family, each declares its functions with `@builtin`."""

from engine.feel.builtins import (
    booleans,
    chinese,
    contexts,
    conversion,
    dates,
    extras,
    lists,
    numbers,
    people,
    ranges,
    strings,
    workdays,
)
from engine.feel.builtins.registry import ASKS, EXTRAS, TABLE, BuiltIn

FAMILIES = (booleans, chinese, contexts, conversion, dates, extras, lists, numbers, people, ranges, strings, workdays)

__all__ = ["ASKS", "EXTRAS", "FAMILIES", "TABLE", "BuiltIn"]
