"""What a dry run sees: each step as it is settled, and each condition with what it found. Nobody else looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from engine.bpmn.program import Edge
from engine.bpmn.steps import Step
from engine.db.instance import Instance
from engine.values import Values


class Watcher(Protocol):
    """Told in the order in which things happen; a step after the conditions that were asked for it."""

    def stepped(self, instance: Instance, step: Step) -> None:
        """A step that is about to become rows."""

    def judged(self, edge: Edge, value: Any, context: Values) -> None:
        """The condition of a sequence flow, and all that it could read."""


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


def watcher() -> Watcher | None:
    """Who is looking in this thread."""
    return _watcher.get()


@contextmanager
def watching(by: Watcher) -> Iterator[None]:
    """Let `by` see what happens in this thread and this block."""
    before = _watcher.set(by)
    try:
        yield
    finally:
        _watcher.reset(before)
