"""`python -m benchmarks.fuzz_dmn [--count N] [--seed N]`: damaged decision files, by the thousand; a crash stops it."""

import argparse
import sys
import time
from collections import Counter

from tests.engine.dmn import mutation


def main() -> int:
    """Prints a line for each kind of damage: files, those with a finding, the slowest in ms."""
    parser = argparse.ArgumentParser(prog="benchmarks.fuzz_dmn")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    files: Counter[str] = Counter()
    found: Counter[str] = Counter()
    slowest: dict[str, float] = {}
    started = time.process_time()
    for damaged in mutation.many(options.count, options.seed):
        before = time.process_time()
        try:
            said = mutation.judge(damaged)
        except Exception:
            sys.stderr.write(f"{damaged.kind}\n{damaged.xml.decode('utf-8', 'replace')}\n")
            raise
        files[damaged.kind] += 1
        found[damaged.kind] += bool(said)
        slowest[damaged.kind] = max(slowest.get(damaged.kind, 0), (time.process_time() - before) * 1000)
    print("| damage | files | with a finding | slowest, CPU ms |\n| --- | --- | --- | --- |")
    for kind, count in sorted(files.items()):
        print(f"| {kind} | {count} | {found[kind]} | {slowest[kind]:.0f} |")
    total = f"{sum(files.values())} files, {sum(found.values())} with a finding, no crash"
    print(f"\n{total}, {time.process_time() - started:.0f} CPU s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
