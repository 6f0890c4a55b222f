"""FEEL beside feelin in Node and `eval` of the same formula in Python, in one run; prints Markdown.

`python -m benchmarks.feel [--rounds 7]`. CPU of one evaluation, warm, rounds interleaved, the least of each is shown;
feelin measures itself inside of Node. `eval` works on binary floats, checks nothing and is no contestant for anything
that a file supplies: it is the floor of the language.
"""

import argparse
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from benchmarks.measure import machine, table
from benchmarks.peers import feelin
from engine import feel

LINES = [{"qty": n % 7, "price": 1.25 * (n % 11)} for n in range(1_000)]
CONTEXT: dict[str, Any] = {
    "x": 120, "y": "a", "amount": 52_000, "level": "B", "order": {"total": 1_250.5}, "lines": LINES[:100],
    "rows": LINES, "due": "2026-03-01",
}  # fmt: skip
CASES = [
    ("condition", 'x > 100 and y = "a"', 'x > 100 and y == "a"'),
    ("path and arithmetic", "order.total * 0.13", 'order["total"] * 0.13'),
    ("three-way if", 'if amount > 50000 then "A" else if amount > 5000 then "B" else "C"',
     '"A" if amount > 50000 else "B" if amount > 5000 else "C"'),
    ("membership", 'level in ("A", "B", "C")', 'level in ("A", "B", "C")'),
    ("sum over 100 lines", "sum(for l in lines return l.qty * l.price)", 'sum([l["qty"] * l["price"] for l in lines])'),
    ("filter of 1,000 rows", "rows[qty > 3].price", '[r["price"] for r in rows if r["qty"] > 3]'),
    ("date", 'date(due) + duration("P1M")', None),
]  # fmt: skip
BATCH_S = 0.05


def main() -> int:
    """One table."""
    parser = argparse.ArgumentParser(prog="benchmarks.feel")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    exact = _exact(CONTEXT)
    contestants: list[tuple[Callable[[], Any], Callable[[], Any] | None]] = []
    for _, text, formula in CASES:
        compiled = feel.compile(text)
        code = None if formula is None else compile(formula, "formula", "eval")
        contestants.append(
            (lambda compiled=compiled: compiled.evaluate(exact),
             None if code is None else lambda code=code: eval(code, {"__builtins__": {"sum": sum}}, CONTEXT))
        )  # fmt: skip
    best = [[float("inf")] * 3 for _ in CASES]
    for _ in range(options.rounds):
        theirs = feelin.microseconds([text for _, text, _ in CASES], CONTEXT, BATCH_S)
        for row, (ours, python), other in zip(best, contestants, theirs, strict=True):
            row[0] = min(row[0], _microseconds(ours))
            row[1] = min(row[1], other)
            row[2] = min(row[2], _microseconds(python)) if python is not None else row[2]
    lines = [
        [name, f"`{text}`", row[0], row[1], row[2] if formula else "", row[1] / row[0]]
        for (name, text, formula), row in zip(CASES, best, strict=True)
    ]
    head = ["what", "expression", "Troika µs", "feelin µs", "Python eval µs", "feelin / Troika"]
    sys.stdout.write(", ".join(f"{key} {value}" for key, value in machine().items()) + "\n\n")
    sys.stdout.write(table("FEEL, one evaluation", head, lines) + "\n")
    cold = _cold()
    sys.stdout.write(f"\nCompiling a new text of 60 characters: {cold:,.0f} µs; a known one: {_cached():.1f} µs.\n")
    return 0


def _exact(value: Any) -> Any:
    """As the engine holds it: no floats."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return {key: _exact(item) for key, item in value.items()} if isinstance(value, dict) else value


def _microseconds(call: Callable[[], Any]) -> float:
    """CPU of one call, by as many as fit into BATCH_S."""
    call()
    count, begun = 0, time.process_time()
    while (spent := time.process_time() - begun) < BATCH_S:
        for _ in range(20):
            call()
        count += 20
    return spent / count * 1e6


def _cold() -> float:
    begun = time.process_time()
    for number in range(200):
        feel.compile(f'amount{number} > 5000 and category = "travel" or total / 3 < {number}')
    return (time.process_time() - begun) / 200 * 1e6


def _cached() -> float:
    return _microseconds(lambda: feel.compile(CASES[0][1]))


if __name__ == "__main__":
    sys.exit(main())
