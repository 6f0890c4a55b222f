"""What closures do when they run: members, filters, iteration, calls."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.feel import builtins
from engine.feel import nodes as n
from engine.feel.diagnostics import NoValue
from engine.feel.evaluation import ITEMS_A_STEP, Frame, Run, spend
from engine.feel.temporal import MEMBERS
from engine.feel.values import NUMBER, Function, Range, as_index, describe, kind_of

Closure = Callable[[Frame], Any]


def member(value: Any, name: str) -> Any:
    """`value.name`; of a list, that of each item. Raises NoValue."""
    if isinstance(value, list):
        spend(1 + len(value) // ITEMS_A_STEP)
        return [_member_or_null(item, name) for item in value]
    if isinstance(value, Mapping):
        if name in value:
            return value[name]
        raise NoValue("no-member", name=name, found="context")
    if type(value) is Range:
        match name:
            case "start":
                return value.low
            case "end":
                return value.high
            case "start included":
                return value.low_closed
            case "end included":
                return value.high_closed
    reader = MEMBERS.get(kind_of(value), {}).get(name)
    if reader is None:
        raise NoValue("no-member", name=name, found=describe(value))
    return reader(value)


def _member_or_null(value: Any, name: str) -> Any:
    try:
        return member(value, name)
    except NoValue:
        return None


def item_at(node: n.Node, run: Run, value: Any, index: Any) -> Any:
    """The item at a 1-based index, from the end when negative; null with a diagnostic outside."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    position = as_index(index)
    if position is not None and 1 <= position <= len(items):
        return items[position - 1]
    if position is not None and -len(items) <= position <= -1:
        return items[position]
    run.diagnose(node, "index-out-of-range", index=describe(index), count=len(items))
    return None


def select(node: n.Filter, frame: Frame, value: Any, condition: Closure) -> Any:
    """The items for which the condition is true; where it is a number, the item at that index."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    run = frame.run
    if not items:
        before = len(run.diagnostics)
        index = condition(Frame({"item": None}, frame, run))
        del run.diagnostics[before:]  # only asked whether it is a number
        return None if kind_of(index) == NUMBER else []
    selected = []
    for number, item in enumerate(items):
        run.spend()
        inner = Frame({"item": item}, frame, run)
        if type(item) is dict:
            inner = Frame(item, inner, run)
        keep = condition(inner)
        if keep is True:
            selected.append(item)
        elif number == 0 and keep is not False and kind_of(keep) == NUMBER:
            return item_at(node, run, items, keep)
        elif keep is not False and keep is not None:
            run.diagnose(node.condition, "not-a-boolean", operator="[]", found=describe(keep))
            return None
    return selected


def each(
    iterators: list[tuple[str, Callable[[Frame], list[Any]]]],
    index: int,
    frame: Frame,
    visit: Callable[[Frame], None],
) -> None:
    """Call `visit` with a frame for each combination of the items, the leftmost iterator outermost."""
    name, items = iterators[index]
    last = index + 1 == len(iterators)
    run = frame.run
    for item in items(frame):
        run.spend()
        inner = Frame({name: item}, frame, run)
        if last:
            visit(inner)
        else:
            each(iterators, index + 1, inner, visit)


def invoke(node: n.Call, frame: Frame, function: Any, arguments: list[Any], names: list[str] | None) -> Any:
    """Call what stands at `node`; null with a diagnostic when it is no function or takes other arguments."""
    run = frame.run
    if type(function) is not Function:
        if not (function is None and isinstance(node.function, n.Name)):
            run.diagnose(node, "not-callable", found=describe(function))
        return None
    run.enter()
    try:
        return call_function(function, arguments, names, run)
    except NoValue as reason:
        run.note(node, reason)
        return None
    finally:
        run.depth -= 1


def call_function(function: Function, arguments: list[Any], names: list[str] | None, run: Run) -> Any:
    """Call with positional arguments, or with those of `names`. Raises NoValue."""
    if isinstance(function.call, builtins.BuiltIn):
        return function.call.invoke(arguments, names, run)
    if names is not None:
        given = dict(zip(names, arguments, strict=True))
        if len(given) != len(names) or set(given) != set(function.parameters):
            raise NoValue("wrong-arguments", function=function.name, found=", ".join(names))
        arguments = [given[name] for name in function.parameters]
    if len(arguments) != len(function.parameters):
        raise NoValue("wrong-arguments", function=function.name, found=str(len(arguments)))
    return function.call(arguments, run)
