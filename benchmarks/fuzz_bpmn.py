"""`python -m benchmarks.fuzz_bpmn [--count N] [--first N] [FOLDER …]`: damaged drawings, and what became of each.

Every mutant is read, compiled, linted and played. A crash, a finding without a place, more than two CPU seconds for
one of these or more than 200 MB is a failure: its number is printed, `--first N --keep FILE` writes that mutant.
"""

import argparse
import resource
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

from engine.bpmn.machine import core
from tests.engine.bpmn import mutation

SHARED = Path(__file__).parents[2] / "shared" / "conformance" / "data"
SECONDS = 2.0
MEGABYTES = 200


class Hangs(BaseException):
    """Not an Exception: nothing that is tried may swallow it."""


def main() -> int:
    """Print the figures; 1 when a mutant broke a promise."""
    parser = argparse.ArgumentParser(prog="benchmarks.fuzz_bpmn", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="more drawings to begin with; ../shared/conformance/data")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--keep", type=Path, help="write the first mutant to this file, and try only that one")
    options = parser.parse_args()
    sources = mutation.seeds(*(options.folders or [folder for folder in [SHARED] if folder.is_dir()]))
    if options.keep:
        options.keep.write_bytes(mutation.mutant(sources, options.first))
    core.STEP_BUDGET = mutation.small_budget()
    signal.signal(signal.SIGVTALRM, _stop)
    begin = megabytes()
    outcomes: Counter[str] = Counter()
    slowest = (0.0, -1)
    failed = 0
    for number in range(options.first, options.first + (1 if options.keep else options.count)):
        data = mutation.mutant(sources, number)
        before = megabytes()
        signal.setitimer(signal.ITIMER_VIRTUAL, 5 * SECONDS)
        try:
            verdict = mutation.trial(data, number)
        except Hangs:
            verdict = mutation.Verdict("hangs", 5 * SECONDS, "stopped")
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        problem = verdict.problem
        if not problem and verdict.seconds > SECONDS:
            problem = f"took {verdict.seconds:.1f} s"
        if not problem and megabytes() - before > MEGABYTES:
            problem = f"took {megabytes() - before:.0f} MB"
        if problem:
            failed += 1
            print(f"mutant {number} ({len(data)} bytes): {verdict.outcome}: {problem}", flush=True)
        outcomes[verdict.outcome] += 1
        slowest = max(slowest, (verdict.seconds, number))
    print(f"{sum(outcomes.values())} mutants of {len(sources.drawings)} drawings, {failed} failed")
    for outcome, count in outcomes.most_common():
        print(f"  {count:6} {outcome}")
    print(f"slowest: {slowest[0]:.2f} CPU s (mutant {slowest[1]})")
    print(f"memory: {begin:.0f} MB at first, {megabytes():.0f} MB at most")
    return 1 if failed else 0


def megabytes() -> float:
    """The most that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _stop(signum: int, frame: FrameType | None) -> None:
    raise Hangs


if __name__ == "__main__":
    raise SystemExit(main())
