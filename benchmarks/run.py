"""`make bench`: every figure of benchmarks/README.md, on SQLite and PostgreSQL; prints Markdown, keeps JSON."""

import argparse
import json
import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import declarations, inbox, loop, machine, mini, tables
from benchmarks.databases import DATABASES, size
from benchmarks.measure import machine as facts
from benchmarks.measure import rounds, table
from engine import scenarios
from engine.clock import FrozenClock, SystemClock
from engine.process_engine import ProcessEngine
from engine.scenarios import worlds
from engine.settings import Settings
from engine.unit_of_work import Actor

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Options: `--rounds`, `--instances`, `--inbox-rows`, `--cases`."""
    parser = argparse.ArgumentParser(prog="benchmarks.run")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--instances", type=int, default=200, help="instances a round")
    parser.add_argument("--inbox-rows", type=int, default=1_000_000)
    parser.add_argument("--cases", type=int, default=200, help="cases of the replayed log")
    options = parser.parse_args()
    results: dict[str, Any] = {"machine": facts(), "at": SystemClock().now().isoformat(timespec="minutes")}
    _say(", ".join(f"{name} {value}" for name, value in results["machine"].items()) + "\n\n")
    results["engine"] = rounds(machine.contestants(), options.rounds)
    _say(machine.report(results["engine"]) + "\n")
    results["tables"] = tables.measure()
    _say(tables.report(results["tables"]) + "\n")
    for name in DATABASES:
        results[name] = _measure(name, options)
        _print(name, results[name])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps(results, indent=2) + "\n")
    return 0


def _measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    n = options.instances
    with DATABASES[name]() as engine:
        actor = mini.prepare(engine)
        contestants = {
            "troika": mini.troika(engine, actor, n),
            "floor": mini.floor(engine, actor, n),
            "spiff": mini.spiff(engine, n),
        }
        figures: dict[str, Any] = {"mini": rounds(contestants, options.rounds)}
        before = size(engine)
        contestants["troika"]()
        figures["bytes_per_instance"] = (size(engine) - before) / n
        figures["processes"] = {count: _together(engine.settings, actor, count, n) for count in (1, 2)}
        figures["loop"] = loop.growth(engine, actor)
    clock = FrozenClock(scenarios.NOW)
    with DATABASES[name](clock, library=declarations.LIBRARY, inline_ms=worlds.PATIENT) as engine:
        figures["replay"] = declarations.measure(engine, clock, options.cases)
    with DATABASES[name]() as engine:
        figures["inbox"] = inbox.measure(engine, Actor(inbox.fill(engine, options.inbox_rows)))
    return figures


def _together(settings: Settings, actor: Actor, count: int, n: int) -> float:
    """Instances per second of `count` processes at once, each on its own connection."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(count + 1)
    workers = [context.Process(target=_work, args=(settings, actor, n, barrier)) for _ in range(count)]
    for worker in workers:
        worker.start()
    barrier.wait()
    begun = time.perf_counter()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise SystemExit("a worker of the benchmark failed")
    return count * n / (time.perf_counter() - begun)


def _work(settings: Settings, actor: Actor, n: int, barrier: Any) -> None:
    engine = ProcessEngine(settings)
    mini.one_by_one(engine, actor, 5)
    barrier.wait()
    mini.one_by_one(engine, actor, n)
    engine.dispose()


def _print(name: str, figures: dict[str, Any]) -> None:
    lines = [
        [who, row["cpu_ms"], row["statements"], row["commits"], row["wall_ms"], row["instances_per_second"]]
        for who, row in figures["mini"].items()
    ]
    _say(
        table(
            f"{name}: one instance of mini",
            ["who", "CPU ms", "statements", "commits", "wall ms", "instances/s"],
            lines,
        )
    )
    ratio = figures["mini"]["troika"]["instances_per_second"] / figures["mini"]["floor"]["instances_per_second"]
    _say(f"\nOf the floor: {ratio:.0%} · bytes per instance: {figures['bytes_per_instance']:,.0f}\n")
    together = ", ".join(f"{count}: {rate:,.0f}/s" for count, rate in figures["processes"].items())
    _say(f"Processes at once: {together}\n")
    for what in ("loop", "replay", "inbox"):
        lines = [[key, value] for key, value in figures[what].items()]
        _say("\n" + table(f"{name}: {what}", ["what", "figure"], lines))
    _say("\n")


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
