"""`python -m benchmarks.replay [sqlite|postgresql] [FILE]`: the whole recorded log, its figures and its facts."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.databases import DATABASES, size
from benchmarks.measure import machine, timed
from engine import replay, scenarios
from engine.clock import FrozenClock, SystemClock
from engine.replay import books
from engine.scenarios import worlds
from engine.unit_of_work import UnitOfWork

LIBRARY = Path(__file__).parents[1]
FILE = LIBRARY.parent / "shared" / "data" / "bpi2020_domestic_declarations.csv.gz"
RESULTS = Path(__file__).parent / "results" / "replay.json"
PROCESS = "travel_declaration"


def main() -> int:
    """Play the log on each database in a file, durable as in production; 1 when a fact does not hold."""
    parser = argparse.ArgumentParser(prog="benchmarks.replay", description=__doc__)
    parser.add_argument("database", nargs="?", choices=sorted(DATABASES), help="both unless given")
    parser.add_argument("file", nargs="?", type=Path, default=FILE, help="the log; ../shared/data/… unless given")
    parser.add_argument("--limit", type=int, help="only the first cases")
    options = parser.parse_args()
    if not options.file.is_file():
        print(f"The log is not there: {options.file}. Name the file of BPI Challenge 2020, Domestic Declarations, "
              "as CSV with the columns case, seq, timestamp, activity, role, amount, budget.")  # fmt: skip
        return 1
    cases = replay.read_log(options.file)[: options.limit]
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    broken = False
    for name in [options.database] if options.database else sorted(DATABASES):
        figures = _measure(name, cases)
        broken = broken or bool(figures["broken"] or figures["other_deviations"])
        print(json.dumps({name: figures}, indent=2, ensure_ascii=False))
        results[name] = figures
        if options.limit is None:
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    return int(broken)


def _measure(database: str, cases: list[replay.Case]) -> dict[str, Any]:
    clock = FrozenClock(scenarios.NOW)
    acts = replay.read_acts(LIBRARY, PROCESS)
    with DATABASES[database](clock, library=LIBRARY, inline_ms=worlds.PATIENT) as engine:
        worlds.furnish(engine, clock, LIBRARY, policies=replay.policies(LIBRARY, acts))
        before = size(engine)
        with timed() as sample, _counted() as counts, click.progressbar(length=len(cases), label=database) as bar:
            played = list(replay.play(engine, clock, acts, cases, lambda done, total: bar.update(1)))
        found = books.check(engine, acts, played)
        grown = size(engine) - before
    return {
        "at": SystemClock().now().isoformat(timespec="minutes"), "machine": machine(), "cases": len(played),
        "as_recorded": sum(one.same for one in played),
        "held": sorted(one.case.id for one in played if one.held is not None),
        "other_deviations": sum(not one.same and one.held is None for one in played),
        "payments": found.payments, "amount": str(found.amount), "vouchers": found.vouchers,
        "broken": list(found.broken), "variants": len({one.case.variant for one in played}),
        "acts": sum(len(one.case.events) for one in played), "seconds": round(sample.wall, 1),
        "cases_per_second": round(len(played) / sample.wall, 1),
        "cpu_ms_per_case": round(sample.cpu * 1000 / len(played), 2),
        "cases_per_cpu_second": round(len(played) / sample.cpu, 1),
        "statements_per_case": round(counts.statements / len(played), 1),
        "transactions_per_case": round(counts.units / len(played), 2),
        "bytes_per_case": round(grown / len(played)),
    }  # fmt: skip


@dataclass
class _Counts:
    """What the units of work of a stretch sent."""

    statements: int = 0
    units: int = 0


@contextmanager
def _counted() -> Iterator[_Counts]:
    """Statements and transactions while the block runs."""
    counts, close = _Counts(), UnitOfWork.close

    def count(uow: UnitOfWork) -> None:
        counts.statements += uow.statements
        counts.units += 1
        close(uow)

    UnitOfWork.close = count  # type: ignore[method-assign,assignment]
    try:
        yield counts
    finally:
        UnitOfWork.close = close  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main())
