"""One evaluation: its environment, its scopes, its diagnostics and its budget."""

import threading
from collections.abc import Mapping
from datetime import datetime
from time import thread_time
from typing import Any

from engine.errors import N_
from engine.feel.diagnostics import DIAGNOSTICS_LIMIT, Diagnostic, NoValue, OverBudget

STEPS_LIMIT = 1_000_000
CALL_DEPTH_LIMIT = 200
LENGTH_LIMIT = 1_000_000
TEXT_LENGTH_LIMIT = 1 << 20
SECONDS_LIMIT = 1.0
"""CPU seconds of the thread, so that a busy machine does not change results."""
CHECK_EACH = 1_024
ITEMS_A_STEP, CHARACTERS_A_STEP = 16, 256
"""What a built-in may read or make for one step: time and memory then end within the same budget."""


class _Current(threading.local):
    run: "Run | None" = None


_current = _Current()


class Run:
    """What one call of `evaluate` shares among its closures."""

    __slots__ = (
        "calendar", "depth", "diagnostics", "input", "now", "people", "started", "steps", "trace", "unchecked", "zone",
    )  # fmt: skip

    def __init__(
        self,
        now: datetime | None = None,
        zone: str = "Asia/Shanghai",
        calendar: Any = None,
        input: Any = None,
        people: Any = None,
    ) -> None:
        self.now = now
        self.zone = zone
        self.calendar = calendar
        self.input = input
        self.people = people
        self.diagnostics: list[Diagnostic] = []
        self.trace: list[Any] = []
        """What the host wants to know afterwards: decision tables put their hits here."""
        self.steps = 0
        self.unchecked = 0
        self.depth = 0
        self.started: float | None = None
        _current.run = self

    def spend(self, steps: int = 1) -> None:
        """Count work. Raises OverBudget."""
        self.steps += steps
        self.unchecked += steps
        if self.unchecked >= CHECK_EACH:
            self.unchecked = 0
            self._check()

    def _check(self) -> None:
        if self.steps > STEPS_LIMIT:
            raise OverBudget(N_("steps"), STEPS_LIMIT)
        now = thread_time()
        if self.started is None:
            self.started = now
        elif now - self.started > SECONDS_LIMIT:
            raise OverBudget(N_("milliseconds"), int(SECONDS_LIMIT * 1000))

    def charge(self, value: Any) -> None:
        """Count the reading or making of a list, context or text."""
        kind = type(value)
        if kind is list or kind is dict:
            if len(value) >= ITEMS_A_STEP:
                self.spend(len(value) // ITEMS_A_STEP)
        elif kind is str and len(value) >= CHARACTERS_A_STEP:
            self.spend(len(value) // CHARACTERS_A_STEP)

    def enter(self) -> None:
        """One call deeper; whoever enters takes one off `depth` again. Raises OverBudget."""
        self.spend()
        self.depth += 1
        if self.depth > CALL_DEPTH_LIMIT:
            raise OverBudget(N_("nested calls"), CALL_DEPTH_LIMIT)

    def note(self, node: Any, reason: NoValue) -> None:
        """Remember why the value at `node` is null."""
        self.diagnose(node, reason.code, **reason.facts)

    def diagnose(self, node: Any, code: str, **facts: Any) -> None:
        """Remember a diagnostic; beyond the limit they are dropped, the first ones tell the cause."""
        if len(self.diagnostics) < DIAGNOSTICS_LIMIT:
            self.diagnostics.append(Diagnostic(code, node.start, node.end, facts))

    def stopped(self, node: Any, what: str, limit: int) -> None:
        """The evaluation went over a limit: said first, however many diagnostics there are."""
        self.diagnostics.insert(0, Diagnostic("budget", node.start, node.end, {"what": what, "limit": limit}))


class Frame:
    """One scope: its names, the scope around it, the run."""

    __slots__ = ("names", "parent", "run")

    def __init__(self, names: Mapping[str, Any], parent: "Frame | None", run: Run) -> None:
        self.names = names
        self.parent = parent
        self.run = run


def spend(steps: int) -> None:
    """Count work where no run is at hand: in the one that this thread began last. Raises OverBudget."""
    if _current.run is not None:
        _current.run.spend(steps)


def check_size(value: Any) -> None:
    """Raises OverBudget for a value of too many parts: one list that stands in many places counts in each."""
    waiting, parts = [value], 0
    while waiting:
        found = waiting.pop()
        if isinstance(found, list | dict):
            parts += len(found)
            check_length(parts)
            waiting.extend(found if isinstance(found, list) else found.values())


def check_length(length: int) -> None:
    """Raises OverBudget for a list that is too long."""
    if length > LENGTH_LIMIT:
        raise OverBudget(N_("items"), LENGTH_LIMIT)


def check_text(length: int) -> None:
    """Raises OverBudget for a text that is too long."""
    if length > TEXT_LENGTH_LIMIT:
        raise OverBudget(N_("characters"), TEXT_LENGTH_LIMIT)
