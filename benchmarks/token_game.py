"""`python -m benchmarks.token_game [--count N] [--first N]`: drawings made by chance, here and in the reference.

Each block-structured and each free-form drawing is played by the machine and by the literal reading of the standard in
`tests/engine/bpmn/reference.py`; waits, tokens before joins, visits and ends are compared after every act. Drawings
with scopes (loops, instances, boundary events, event sub-processes, links, compensation, transactions) are played
against `reference_scopes.py`; armed events and what could be undone are compared, too.
"""

import argparse
import time
from collections import Counter

from tests.engine.bpmn import test_scopes_against_reference as scopes
from tests.engine.bpmn.random_models import block_structured, free_form
from tests.engine.bpmn.random_scopes import scoped
from tests.engine.bpmn.test_against_reference import side_by_side

MAKERS = {
    "block-structured": (block_structured, side_by_side),
    "free-form": (free_form, side_by_side),
    "with scopes": (scoped, scopes.side_by_side),
}


def main() -> int:
    """Print how the instances stood at last; 1 when one differed."""
    parser = argparse.ArgumentParser(prog="benchmarks.token_game", description=__doc__)
    parser.add_argument("--count", type=int, default=5_000, help="drawings of each kind")
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    began = time.process_time()
    outcomes: Counter[str] = Counter()
    differences = 0
    for seed in range(options.first, options.first + options.count):
        size = 3 + seed % 14
        for name, (make, play) in MAKERS.items():
            try:
                outcomes[f"{name} {play(make(seed, size), seed)}"] += 1
            except (AssertionError, LookupError) as difference:
                differences += 1
                print(f"{name} {seed} of size {size} differs: {str(difference)[:300]}", flush=True)
    print(f"{len(MAKERS) * options.count} drawings in {time.process_time() - began:.0f} CPU s, {differences} differ")
    for outcome, count in sorted(outcomes.items()):
        print(f"  {count:6} {outcome}")
    return 1 if differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
