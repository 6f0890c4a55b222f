"""Where a policy begins to decide otherwise: what its conditions and the tables that they ask compare facts with."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from engine import dmn, feel
from engine.feel import nodes as n
from engine.feel import trees
from engine.policy import judging
from engine.policy.statement import CLASSES, STATE, Policy
from engine.unit_of_work import UnitOfWork

Limits = dict[str, set[Decimal | str]]
"""fact -> the amounts, or the texts, that it is compared with"""


def limits(uow: UnitOfWork, policy: Policy) -> Limits:
    """Of all facts that decide whether a policy applies, what it asks for, and who may give it."""
    types = CLASSES.get(policy.on, {}) | STATE.get(policy.on, {})
    if policy.aggregate is not None:
        types |= {policy.aggregate.name: "number"}
    kinds = {"number": Decimal, "string": str}
    texts = [policy.when, *(text for need in policy.asked for text in (need.when, need.eligible))]
    found: Limits = {}
    for fact, value in _compared(uow, texts, set()):
        if fact in types and isinstance(value, kinds.get(types[fact], ())):
            found.setdefault(fact, set()).add(value)
    return found


def _compared(
    uow: UnitOfWork, texts: Iterable[str | None], asked: set[str]
) -> Iterator[tuple[str, Decimal | str]]:  # fmt: skip
    """Each fact with each constant that it is compared with. `asked`: decisions that were looked at."""
    for node in (node for text in texts if text for node in trees.every(_tree(text))):
        match node:
            case n.Compare() | n.Between() | n.In():
                constants = list(_constants(uow, node))
                for one in trees.every(node):
                    match one:
                        case n.Path(source=n.Name(name="facts"), name=fact):
                            yield from ((fact, value) for value in constants)
            case n.Call(function=n.Name(name="authority"), arguments=[n.Literal(value=str(key)), *_]) if (
                key not in asked
            ):
                model = judging.model_of(uow, key)
                if model is not None:
                    yield from _compared(uow, dmn.conditions(model, key), asked | {key})


def _constants(uow: UnitOfWork, node: Any) -> Iterator[Decimal | str]:
    match node:
        case n.Literal(value=bool() | None):
            return
        case n.Literal(value=str() | Decimal() | int() as value):
            yield value if isinstance(value, str) else Decimal(value)
        case n.Negate(operand=n.Literal(value=Decimal() | int() as value), count=1):
            yield -Decimal(value)
        case n.Call(function=n.Name(name="authority"), arguments=[n.Literal(value=str(key)), *_]):
            model = judging.model_of(uow, key)
            for text in dmn.results(model, key) if model is not None else ():
                yield from _constants(uow, _tree(text))
        case _:
            for part in trees.parts(node):
                yield from _constants(uow, part)


def _tree(text: str) -> n.Node | None:
    try:
        return feel.compile(text, names=judging.NAMES).tree
    except feel.FeelSyntaxError:
        return None
