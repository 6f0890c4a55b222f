"""How figures are taken: CPU of this process, interleaved rounds, medians; nothing is quoted from a single run."""

import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Sample:
    """One timed stretch: CPU and wall seconds, and what was counted meanwhile."""

    cpu: float = 0.0
    wall: float = 0.0
    counts: dict[str, float] = field(default_factory=dict)


@contextmanager
def timed() -> Iterator[Sample]:
    """CPU (user + system) and wall seconds of the block, in this process."""
    sample = Sample()
    cpu, wall = _cpu(), time.perf_counter()
    yield sample
    sample.cpu, sample.wall = _cpu() - cpu, time.perf_counter() - wall


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def rounds(contestants: dict[str, Callable[[], dict[str, float]]], times: int) -> dict[str, dict[str, float]]:
    """Run all contestants in turn, `times` rounds after one warm-up, in rotating order; medians of each figure."""
    names = list(contestants)
    collected: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for turn in range(times + 1):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            figures = contestants[name]()
            if turn:
                collected[name].append(figures)
    return {
        name: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for name, rows in collected.items()
    }


def machine() -> dict[str, Any]:
    """Facts without which a figure means nothing."""
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "system": platform.system(),
    }


def table(title: str, columns: list[str], lines: list[list[Any]]) -> str:
    """A Markdown table."""
    rows = [f"### {title}", "", "| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    rows += ["| " + " | ".join(_shown(cell) for cell in line) + " |" for line in lines]
    return "\n".join([*rows, ""])


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if value < 100 else f"{value:,.0f}"
    return str(value)
