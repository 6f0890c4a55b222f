"""Ten people act in the same moment on one task of all of them, round after round: no vote is lost, one outcome each.

python -m benchmarks.at_once [ROUNDS]      200 rounds on SQLite and PostgreSQL
"""

import sys
import time
from datetime import UTC, datetime

from benchmarks import databases
from engine.clock import FrozenClock
from tests.engine.approvals.office import Office
from tests.engine.approvals.test_at_once import crowd, one_round

ROUNDS = 200
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def main(rounds: int) -> None:
    """Fails at the first round in which something is wrong."""
    for name, database in (("sqlite", databases.sqlite), ("postgresql", databases.postgresql)):
        clock = FrozenClock(MONDAY)
        with database(clock) as engine:
            office = Office(engine, clock)
            actors = crowd(office, "all")
            began = time.perf_counter()
            for number in range(rounds):
                one_round(office, actors, "all", number)
            office.clean()
            seconds = time.perf_counter() - began
            print(f"{name}: {rounds} rounds of {len(actors)} people, nothing lost, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
