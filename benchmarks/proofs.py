"""`python -m benchmarks.proofs [--count N] [--first N] [--mutants] [--speed]`: the proof of approve before pay, tried.

Drawings made by chance are judged by the proof and by everything that the machine can do; faults are put one by one
into the shipped processes; and the time that a proof takes is measured. Without an option, all of it.
"""

import argparse
import time
from collections import Counter

from benchmarks.measure import machine
from tests.engine.policy import mutants, sizes
from tests.engine.policy.against_machine import MAKERS, drawn, judged, unseen

WRONG = ("missed", "cried wolf", "confirmed wrongly", "unseen")


def main() -> int:
    """Print the figures; 1 when proof and machine disagree, a fault is overlooked, or a proof takes too long."""
    parser = argparse.ArgumentParser(prog="benchmarks.proofs", description=__doc__)
    parser.add_argument("--count", type=int, default=2_500, help="drawings of each kind")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--drawings", action="store_true")
    parser.add_argument("--mutants", action="store_true")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    everything = not (options.drawings or options.mutants or options.speed)
    print(machine())
    wrong = 0
    if options.speed or everything:
        wrong += _speed()
    if options.mutants or everything:
        wrong += _mutants()
    if options.drawings or everything:
        wrong += _drawings(options.first, options.count)
    return int(wrong > 0)


def _drawings(first: int, count: int) -> int:
    began = time.process_time()
    outcomes: Counter[str] = Counter()
    situations = compared = 0
    for seed in range(first, first + count):
        for kind in MAKERS:
            xml = drawn(kind, seed)
            verdict = judged(xml, states=250)
            outcome = "refused" if verdict is None else verdict.outcome
            outcomes[f"{kind}: {outcome}"] += 1
            situations += 0 if verdict is None else verdict.machine.situations
            if outcome in WRONG:
                print(f"{kind} {seed}: {outcome}", flush=True)
            if verdict is not None and seed % 5 == 0:
                looked_at, path = unseen(xml)
                compared += looked_at
                if path is not None:
                    outcomes[f"{kind}: unseen"] += 1
                    print(f"{kind} {seed}: the proof does not know the state after {path}", flush=True)
    print(f"{len(MAKERS) * count} drawings, {situations} situations of the machine, {compared} of them looked for in "
          f"the states of the proof, {time.process_time() - began:.0f} CPU s")  # fmt: skip
    for outcome, number in sorted(outcomes.items()):
        print(f"  {number:6} {outcome}")
    return sum(number for outcome, number in outcomes.items() if outcome.partition(": ")[2] in WRONG)


def _mutants() -> int:
    counts: Counter[str] = Counter()
    wrong = 0
    for mutant in mutants.all_of_them():
        found = mutant.verdict()
        counts[f"{mutant.process}: {mutant.fault}: {found}"] += 1
        if found not in mutant.expected:
            wrong += 1
            print(f"{mutant.name}: expected {' or '.join(mutant.expected)}, found {found}")
    print(f"{sum(counts.values())} mutants, {wrong} judged wrongly")
    for text, number in sorted(counts.items()):
        print(f"  {number:6} {text}")
    return wrong


def _speed() -> int:
    wrong = 0
    print("| drawing | nodes | states | CPU ms | at most |")
    print("| --- | --- | --- | --- | --- |")
    for row in sizes.measured():
        print(f"| {row.name} | {row.nodes} | {row.states} | {row.ms:.1f} | {row.limit} |")
        wrong += row.ms > row.limit
    return wrong


if __name__ == "__main__":
    raise SystemExit(main())
