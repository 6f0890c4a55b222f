"""Somebody leaves: his open tasks are foreseen with their conflicts and go over to somebody else, each for itself.

python -m benchmarks.leaving [TASKS]      1,000 tasks on SQLite and PostgreSQL
"""

import sys
import time
from datetime import UTC, datetime

from benchmarks import databases
from engine.clock import FrozenClock
from tests.engine.approvals.office import Office
from tests.engine.approvals.test_leaving import many_go_over

TASKS = 1000
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def main(wanted: int) -> None:
    """Fails when a task is lost or a conflict is not foreseen."""
    for name, database in (("sqlite", databases.sqlite), ("postgresql", databases.postgresql)):
        clock = FrozenClock(MONDAY)
        with database(clock) as engine:
            office = Office(engine, clock)
            began = time.perf_counter()
            many_go_over(office, wanted)
            office.clean()
            seconds = time.perf_counter() - began
            print(f"{name}: {wanted} tasks started, foreseen and handed over, none lost, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TASKS)
