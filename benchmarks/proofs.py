"""`python -m benchmarks.proofs [--random|--undoing|--recalling|--beside N] [--seed N] [--mutants|--speed]`: proofs.

Drawings made by chance are judged by the proof and by everything that the machine can do; faults are put one by one
into the shipped processes; and the time that a proof, and a check while somebody draws, takes is measured. Without an
option, all of it.
"""

import argparse
import time
from collections import Counter
from pathlib import Path

from benchmarks.measure import machine
from engine import identity, repository, scenarios
from engine.scenarios import world as worlds
from engine.unit_of_work import ENGINE
from tests.engine.policy import mutants, sizes
from tests.engine.policy.against_machine import ASKING, BESIDE, MAKERS, RECALLING, UNDOING, drawn, judged, unseen

LIBRARY = Path(__file__).parent.parent
COLUMNS = {
    "agree": ("violated, both", "proved, both"),
    "missed": ("missed",),
    "false alarm": ("confirmed wrongly", "unseen"),
    "only possible": ("cried wolf",),
    "not reached": ("not reached in the bound",),
    "bounded": ("proved, bounded",),
    "not understood": ("unread",),
    "refused": ("refused",),
}
"""what is printed -> what `judged` calls it"""
MEANINGS = {
    "agree": "both say that it can pay without an approval, or both that it cannot and the machine has no way left",
    "missed": "the machine paid, and the proof knew nothing of it",
    "false alarm": "the proof showed a way that the machine has taken step by step, and among all that it can do there "
                   "is none; or the machine stands where the proof knows no state",
    "only possible": "the proof warned of a possible way and said that the machine did not repeat it; among all that "
                     "the machine can do there is none",
    "not reached": "the proof warned; the machine has more situations than were looked at, none of them there",
    "bounded": "proved, and the machine has more situations than were looked at, none of which pays: it starts "
               "activities or receives messages without end, or is wide",
    "not understood": "the proof says 'unknown', with the element: it blocks a deployment as a warning does",
    "refused": "no drawing that can be deployed: the compiler refuses it before the proof",
}  # fmt: skip
WRONG = (*COLUMNS["missed"], *COLUMNS["false alarm"])
SITUATIONS, DEPTH = 600, 20
FURTHER, DEEPER = 1_800, 40
"""what is looked at where the machine has situations left, or a warning seems wrong"""
LOOKED_FOR = 10
"""of every so many drawings each state of the machine is looked for among those of the proof"""
PROGRESS = 100
DRAWING_MS = 100
REPEATED = 9
PEOPLE = 2_000


def main() -> int:
    """Print the figures; 1 when proof and machine disagree, a fault is overlooked, or something takes too long."""
    parser = argparse.ArgumentParser(prog="benchmarks.proofs", description=__doc__)
    parser.add_argument("--random", type=int, metavar="N", help="so many drawings, the kinds in turn")
    parser.add_argument("--seed", type=int, default=0, help="the first one of each kind")
    parser.add_argument("--undoing", type=int, metavar="N", help="so many drawings full of compensation that pays")
    parser.add_argument("--recalling", type=int, metavar="N", help="so many in which decisions are taken back")
    parser.add_argument("--beside", type=int, metavar="N", help="so many in which branches stand beside each other")
    parser.add_argument("--mutants", action="store_true")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    chosen = (options.random, options.undoing, options.recalling, options.beside, options.mutants, options.speed)
    everything = not any(chosen)
    print(machine())
    wrong = 0
    if options.speed or everything:
        wrong += _speed() + _while_drawing()
    if options.mutants or everything:
        wrong += _mutants()
    if options.random or everything:
        wrong += _random([*MAKERS, *ASKING], options.random or 6_000, options.seed)
    if options.undoing or everything:
        wrong += _random(list(UNDOING), options.undoing or 2_000, options.seed)
    if options.recalling or everything:
        wrong += _random(list(RECALLING), options.recalling or 1_000, options.seed)
    if options.beside or everything:
        wrong += _random(list(BESIDE), options.beside or 1_000, options.seed)
    return int(wrong > 0)


def _random(kinds: list[str], count: int, seed: int) -> int:
    began = time.process_time()
    outcomes: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
    causes: Counter[str] = Counter()
    situations = compared = 0
    for number in range(count):
        kind, key = kinds[number % len(kinds)], seed + number // len(kinds)
        xml = drawn(kind, key)
        verdict = judged(xml, states=SITUATIONS, depth=DEPTH, gaps=kind in ASKING)
        if verdict is not None and verdict.outcome in (*COLUMNS["not reached"], *COLUMNS["bounded"]):
            verdict = judged(xml, states=FURTHER, depth=DEEPER, gaps=kind in ASKING)
        if verdict is not None and verdict.outcome in ("cried wolf", "confirmed wrongly"):  # it may ask for nothing
            verdict = judged(xml, states=FURTHER, depth=DEEPER, gaps=True)
        outcome = "refused" if verdict is None else verdict.outcome
        situations += 0 if verdict is None else verdict.machine.situations
        if verdict is not None and key % LOOKED_FOR == 0:
            looked_at, path = unseen(xml)
            compared += looked_at
            if path is not None:
                outcome = "unseen"
                print(f"{kind} {key}: the proof does not know the state after {path}", flush=True)
        outcomes[kind][outcome] += 1
        if outcome in (*WRONG, *COLUMNS["only possible"]):
            print(f"{kind} {key}: {outcome}", flush=True)
        elif verdict is not None and outcome in COLUMNS["not understood"]:
            causes.update(set(verdict.unread.values()))
            print(f"{kind} {key}: {outcome}: {', '.join(sorted(verdict.unread))}", flush=True)
        if number % PROGRESS == PROGRESS - 1:
            _print(number + 1, *_row(sum(outcomes.values(), Counter())))
    print(f"{count} drawings from seed {seed}, {situations} situations of the machine, {compared} of them looked for "
          f"in the states of the proof, {time.process_time() - began:.0f} CPU s")  # fmt: skip
    _print("kind", *COLUMNS)
    _print(*["---"] * (len(COLUMNS) + 1))
    for kind, found in outcomes.items():
        _print(kind, *_row(found))
    together = sum(outcomes.values(), Counter())
    _print("together", *_row(together))
    for cause, drawings in causes.most_common():
        print(f"not understood, {drawings} drawings: {cause}")
    for column, meaning in MEANINGS.items():
        print(f"{column}: {meaning}")
    return sum(together[one] for one in WRONG)


def _row(found: Counter[str]) -> list[int]:
    return [sum(found[one] for one in of) for of in COLUMNS.values()]


def _print(*cells: object) -> None:
    print("|", " | ".join(map(str, cells)), "|", flush=True)


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


def _while_drawing() -> int:
    """What somebody waits for at each change: lint and proof of a drawing, with all that is deployed beside it, and who
    can approve it."""
    world = worlds.build(LIBRARY, scenarios.NOW)
    print("| a check while drawing | people | nodes | elements | CPU ms | at most |")
    print("| --- | --- | --- | --- | --- | --- |")
    wrong = _checked(world)
    with world.engine.unit_of_work(ENGINE) as uow:
        groups, units = identity.groups(uow), identity.org_units(uow)
        for number in range(PEOPLE - len(identity.everybody(uow).people)):
            person = identity.create_user(uow, f"p{number}", "P", org_unit=units[number % len(units)].key)
            identity.add_member(uow, groups[number % len(groups)].key, person.id)
    return wrong + _checked(world)


def _checked(world: worlds.World) -> int:
    wrong = 0
    with world.engine.unit_of_work(ENGINE, read_only=True) as uow:
        people = len(identity.everybody(uow).people)
    for row in sizes.drawn_live():
        spent = []
        for number in range(REPEATED):
            change = b"<!-- %d %d --></" % (people, number)  # so that nothing is known of it
            source = row.source.replace(b"</", change, 1)
            with world.engine.unit_of_work(ENGINE, read_only=True) as uow:
                began = time.process_time()
                repository.check(uow, {row.path: source}, drawing=True)
                spent.append((time.process_time() - began) * 1000)
        ms = sorted(spent)[REPEATED // 2]
        _print(row.path, people, row.nodes, row.elements, f"{ms:.0f}", DRAWING_MS)
        wrong += ms > DRAWING_MS
    return wrong


if __name__ == "__main__":
    raise SystemExit(main())
