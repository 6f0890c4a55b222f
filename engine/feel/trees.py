"""Going over the tree of a FEEL text."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from engine.feel.nodes import Node


def parts(tree: Any) -> list[Any]:
    """What stands directly in a node, or in a list or pair of them; nothing in a name or a number."""
    if isinstance(tree, Node):
        return [getattr(tree, one.name) for one in fields(tree)]
    return list(tree) if isinstance(tree, list | tuple) else []


def every(tree: Any) -> Iterator[Node]:
    """A node and all that stand in it, the outer ones first."""
    if isinstance(tree, Node):
        yield tree
    for part in parts(tree):
        yield from every(part)
