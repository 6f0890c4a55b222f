"""A recorded log played on the travel declaration: every act of real people, with records, bookings and history."""

import time
from pathlib import Path

from engine import replay
from engine.clock import FrozenClock
from engine.process_engine import ProcessEngine
from engine.scenarios import worlds

LIBRARY = Path(__file__).parent.parent
SAMPLE = LIBRARY / "tests" / "data" / "bpi2020_domestic_500.csv.gz"
PROCESS = "travel_declaration"


def measure(engine: ProcessEngine, clock: FrozenClock, cases: int) -> dict[str, float]:
    """The first `cases` of the sample: cases per second, how many, and how many ended as recorded."""
    acts = replay.read_acts(LIBRARY, PROCESS)
    worlds.furnish(engine, clock, LIBRARY, policies=replay.policies(LIBRARY, acts))
    log = replay.read_log(SAMPLE)[:cases]
    began = time.perf_counter()
    played = list(replay.play(engine, clock, acts, log))
    took = time.perf_counter() - began
    return {
        "cases_per_second": len(played) / took,
        "cases": float(len(played)),
        "as_recorded": float(sum(one.same for one in played)),
    }
