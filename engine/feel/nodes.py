"""The tree of a FEEL text. Every node knows its characters (`start`, `end`) and how deep it is."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Node:
    """Base: `start` and `end` are positions in the text, `depth` counts nested nodes, chains count once."""

    start: int
    end: int
    depth: int = 1


@dataclass(slots=True)
class Literal(Node):
    """A number, string, boolean, null or `@"..."`; `unreadable`: the text of one that has no value."""

    value: Any
    unreadable: str = ""


@dataclass(slots=True)
class Name(Node):
    """A variable or a function."""

    name: str


@dataclass(slots=True)
class Input(Node):
    """`?`: the value under test."""


@dataclass(slots=True)
class Logic(Node):
    """`and` or `or` over two operands or more."""

    operator: str
    operands: list[Node]


@dataclass(slots=True)
class Chain(Node):
    """Operands joined from left to right by operators of one precedence: `a + b - c`."""

    first: Node
    rest: list[tuple[str, Node]]


@dataclass(slots=True)
class Negate(Node):
    """Unary minus, `count` times."""

    operand: Node
    count: int


@dataclass(slots=True)
class Compare(Node):
    """One comparison."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class OperatorTest(Node):
    """`< 5` without a left side: a test of the input, a range as a value."""

    operator: str
    operand: Node


@dataclass(slots=True)
class Between(Node):
    """`value between low and high`."""

    value: Node
    low: Node
    high: Node


@dataclass(slots=True)
class In(Node):
    """`value in test` or `value in (test, test)`."""

    value: Node
    tests: list[Node]


@dataclass(slots=True)
class InstanceOf(Node):
    """`value instance of type`."""

    value: Node
    type: "TypeNode"


@dataclass(slots=True)
class Path(Node):
    """`source.name`."""

    source: Node
    name: str


@dataclass(slots=True)
class Filter(Node):
    """`source[condition]`."""

    source: Node
    condition: Node


@dataclass(slots=True)
class Call(Node):
    """`function(arguments)`; `names` is None for positional arguments."""

    function: Node
    arguments: list[Node]
    names: list[str] | None = None


@dataclass(slots=True)
class Range(Node):
    """`[low..high]`."""

    low: Node
    high: Node
    low_closed: bool
    high_closed: bool


@dataclass(slots=True)
class List(Node):
    """`[a, b]`."""

    items: list[Node]


@dataclass(slots=True)
class Context(Node):
    """`{name: value}`."""

    entries: list[tuple[str, Node]]


@dataclass(slots=True)
class If(Node):
    """`if condition then yes else no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(slots=True)
class Iterator(Node):
    """`name in source`, or `name in source..end`."""

    name: str
    source: Node
    last: Node | None = None


@dataclass(slots=True)
class For(Node):
    """`for ... return body`."""

    iterators: list[Iterator]
    body: Node


@dataclass(slots=True)
class Quantified(Node):
    """`some` or `every`."""

    every: bool
    iterators: list[Iterator]
    body: Node


@dataclass(slots=True)
class FunctionDefinition(Node):
    """`function(a: number, b) body`; an external one has a mapping instead of a body and cannot be called."""

    parameters: list[tuple[str, "TypeNode | None"]]
    body: Node
    external: bool = False


@dataclass(slots=True)
class TypeNode(Node):
    """A type: a name, `list<T>`, `range<T>`, `context<a: T>`, `function<A> -> R`."""

    name: str
    arguments: list["TypeNode"] = field(default_factory=list)
    members: list[tuple[str, "TypeNode"]] = field(default_factory=list)
    result: "TypeNode | None" = None


@dataclass(slots=True)
class Tests(Node):
    """Unary tests: any of `tests`; `-` has none; `not(...)` is negated."""

    tests: list[Node]
    negated: bool = False
    any_input: bool = False
