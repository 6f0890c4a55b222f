"""Whether the requester, or data that he or another program may have written, say who is asked at a task.

What only chooses among constants does not: in `if amount > 100 then ["bob"] else ["eve"]` nobody is named by data.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from engine import dmn, feel
from engine.bpmn.program import MappingLine, Node, Slot
from engine.bpmn.steps import BY_REQUESTER, BY_VALUE
from engine.dmn import model as tables
from engine.feel import nodes as syntax
from engine.feel import trees

Path = tuple[str, ...]
Decisions = Callable[[str], dmn.Model | None]

_DECIDES_ONLY = (syntax.Compare, syntax.Logic, syntax.Between, syntax.In, syntax.InstanceOf, syntax.Quantified)
"""true, false or null: no person"""


def by_requester(node: Node, program: Mapping[str, Node], decisions: Decisions) -> bool:
    """Whether the requester, or data of the request, name the people of a compiled user task.

    `program`: the nodes around it, by id; `decisions`: the model that has a decision. What cannot be followed counts.
    """
    return _named(node, program, decisions, ())


def inner(node: Node) -> Node:
    """The task itself, without the marker of a loop."""
    return node if node.turn is None else node.turn.starts[0]


def constants(code: feel.Compiled) -> list[Any] | None:
    """Values of which one, or some, come out of an expression whatever the data are; None: data may come out."""
    if not code.names and not code.asks:
        value = code.evaluate({}).value
        return value if isinstance(value, list) else [value]
    match code.tree:
        case syntax.If(yes=yes, no=no):
            parts = [yes, no]
        case syntax.List(items=items):
            parts = items
        case syntax.Filter(source=source):
            parts = [source]
        case _:
            return None
    found = [constants(feel.compile(code.excerpt(part))) for part in parts]
    return None if None in found else [value for one in found for value in one or ()]


def read(tree: Any) -> Iterator[Path]:
    """What is read anywhere in an expression, each as far as it is named; functions too."""
    if isinstance(tree, syntax.Name | syntax.Path) and (path := _path(tree)):
        yield path
        return
    for part in trees.parts(tree):
        yield from read(part)


def by_engine(path: Path) -> bool:
    """Whether the engine alone writes it, and it names a person: who began the request, or who decided a step."""
    return path[:2] == ("process", "initiator") or (path[0] == "approval" and path[2:] == ("by",))


def _named(node: Node, program: Mapping[str, Node], decisions: Decisions, asking: tuple[str, ...]) -> bool:
    human = inner(node).human
    if human is None or node.id in asking:
        return False
    asking = (*asking, node.id)
    slots = dict(human.parameters)

    def of(element: str) -> bool:
        return element in program and _named(program[element], program, decisions, asking)

    if human.strategy in BY_REQUESTER:
        return True
    if human.strategy == "nodeApprover":
        return "element" not in slots or slots["element"].expression is not None or of(slots["element"].text)
    if human.strategy == "decision":
        return "decisionId" not in slots or _decided(slots["decisionId"], decisions)
    if human.strategy not in BY_VALUE:
        return False
    return any(_by_data(slot, inner(node).inputs, of) for slot in slots.values())


def _by_data(slot: Slot, inputs: Sequence[MappingLine], of: Callable[[str], bool]) -> bool:
    """`inputs`: what stands before it, each line seeing those before; `of`: whether data name the people of a task."""
    if slot.expression is None:
        return False
    for path in _results(slot.expression.code):
        given = [place for place, line in enumerate(inputs) if line.target[0] == path[0]]
        if given:
            if any(_by_data(inputs[place].source, inputs[:place], of) for place in given):
                return True
        elif not by_engine(path) or (path[0] == "approval" and of(path[1])):
            return True
    return False


def _decided(slot: Slot, decisions: Decisions) -> bool:
    """Whether anything but constants comes out of a decision table."""
    model = None if slot.expression is not None else decisions(slot.text)
    decision = None if model is None else model.elements.get(slot.text)
    logic = decision.logic if isinstance(decision, tables.Decision) else None
    if isinstance(logic, tables.Literal):
        return _varies(logic.text)
    if not isinstance(logic, tables.DecisionTable):
        return True
    entries = [text for rule in logic.rules for text in rule.outputs]
    return any(_varies(text) for text in (*entries, *(one.default or "" for one in logic.outputs)))


def _varies(text: str) -> bool:
    if not text.strip():
        return False
    try:
        return any(not by_engine(path) or path[0] == "approval" for path in _results(feel.compile(text)))
    except feel.FeelSyntaxError:
        return True


def _results(code: feel.Compiled) -> Iterator[Path]:
    """What may come out of an expression, or go into what does; conditions only choose."""
    yield from _flowing(code.tree, code.names)


def _flowing(tree: Any, names: frozenset[str]) -> Iterator[Path]:
    match tree:
        case syntax.Literal():
            return
        case syntax.Name() | syntax.Path() if path := _path(tree):
            yield path
        case syntax.If():
            yield from _flowing(tree.yes, names)
            yield from _flowing(tree.no, names)
        case syntax.Filter() | syntax.Path():
            yield from _flowing(tree.source, names)
        case syntax.List():
            for item in tree.items:
                yield from _flowing(item, names)
        case syntax.Context():
            for _, value in tree.entries:
                yield from _flowing(value, names)
        case syntax.Call(function=syntax.Name() as function) if function.name not in names:
            for argument in tree.arguments:
                yield from _flowing(argument, names)
        case _ if not isinstance(tree, _DECIDES_ONLY):
            yield from read(tree)


def _path(tree: Any) -> Path:
    """`a.b.c`; empty where it does not begin with a name."""
    if isinstance(tree, syntax.Name):
        return (tree.name,)
    begun = _path(tree.source) if isinstance(tree, syntax.Path) else ()
    return (*begun, tree.name) if begun else ()
