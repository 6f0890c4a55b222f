"""What a policy names and the organisation has not: groups, decision tables, properties of a person.

A condition over them is not refused, since they may be made afterwards, but it is never true, and with `not` always.
"""

from collections.abc import Iterator
from typing import Any

from engine import feel, identity
from engine.errors import N_, Term
from engine.feel import nodes as n
from engine.feel import trees
from engine.findings import Finding, Level
from engine.policy import judging
from engine.policy.statement import Policy
from engine.unit_of_work import UnitOfWork

RULE = "policy-name-unknown"
_GROUP = N_("{policy} names the group '{key}', which there is not: nobody counts as a member of it.")
_SIGNING = N_("{policy} lets the group '{key}' answer in an emergency, but there is no such group: nobody can.")
_TOLD = N_("{policy} tells '{key}' of an emergency, which is neither a group nor a permission: nobody is told.")
_TABLE = N_("{policy} asks the decision table '{key}', which is not deployed: it entitles nobody.")
_PROPERTY = N_("{policy} asks for '{key}' of a person, which nobody has: it is never known.")
_HINT = N_("Name one that exists, or make it.")


def unknown_names(uow: UnitOfWork, policy: Policy) -> list[Finding]:
    """A warning for each name in `policy` that leads to nothing today."""
    return [
        Finding(RULE, Level.WARN, None, message, {"policy": Term("policy", policy.id), "key": key}, _HINT)
        for message, key in dict.fromkeys(_absent(uow, policy))
    ]


def _absent(uow: UnitOfWork, policy: Policy) -> Iterator[tuple[str, str]]:
    groups = identity.groups(uow)
    keys = {group.key for group in groups}
    for need in policy.asked:
        tree = feel.compile(need.eligible, names=judging.NAMES).tree if need.eligible else None
        yield from ((_GROUP, key) for key in _groups_in(tree) if key not in keys)
        for node in trees.every(tree):
            match node:
                case n.Path(source=n.Name(name="actor"), name=name) if name not in judging.OF_ACTOR:
                    yield _PROPERTY, name
                case n.Call(function=n.Name(name="authority"), arguments=[n.Literal(value=str(key)), *_]):
                    if not judging.is_deployed(uow, key):
                        yield _TABLE, key
    if policy.break_glass is not None:
        permissions = frozenset[str]().union(*(group.capabilities for group in groups))
        yield from ((_SIGNING, key) for key in policy.break_glass.roles if key not in keys)
        yield from ((_TOLD, key) for key in policy.break_glass.notify if key not in keys | permissions)


def _groups_in(node: Any) -> Iterator[str]:
    """The texts with which a condition compares the groups of the approver: those beside them in the smallest part."""
    if not _reads_groups(node):
        return
    smaller = [part for part in trees.parts(node) if _reads_groups(part) and any(_texts(part))]
    if smaller:
        for part in smaller:
            yield from _groups_in(part)
    else:
        yield from _texts(node)


def _reads_groups(node: Any) -> bool:
    return any(_is_groups(one) for one in trees.every(node))


def _is_groups(node: n.Node) -> bool:
    match node:
        case n.Path(source=n.Name(name="actor"), name="roles"):
            return True
    return False


def _texts(node: Any) -> Iterator[str]:
    return (one.value for one in trees.every(node) if isinstance(one, n.Literal) and isinstance(one.value, str))
