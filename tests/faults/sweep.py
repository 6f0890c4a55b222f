"""Kill a process at one named point after the other while it works off orders; then let it finish, and check.

    python -m tests.faults.sweep WORKLOAD URL OUTSIDE COUNT POINT:HIT…      writes a JSON report

Children are forked from this process, which has imported everything and opened nothing.
"""

import gc
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from engine import audit, crash, jobs, operations
from engine.dispatch import Runners
from engine.jobs.running import is_trouble
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE

PATIENCE = 90.0
"""Seconds until a child that neither ends nor dies is given up."""


def sweep(workload: str, url: str, outside: str, count: int, points: list[str]) -> dict[str, Any]:
    """`died`: the points where a child was killed; `under_way`: what each left, as the workload's `states` calls it;
    `broken`: invariants that do not hold in the end."""
    operations.load()
    work = importlib.import_module(workload)
    gc.freeze()  # no child looks through what is loaded
    made = _in_child(lambda: _make(work, url, outside))
    if made != "ended":
        return {"died": [], "under_way": {}, "broken": [f"the preparation {made}"], "facts": 0}
    died, under_way = [], {}
    for point in points:
        if _in_child(lambda at=point: _work(work, url, outside, count, at)) == "killed":
            died.append(point)
            under_way[point] = _under_way(work, url)
    ended = _in_child(lambda: _work(work, url, outside, count, ""))
    engine = _engine(url)
    work.prepare(engine, url, outside)
    broken = [] if ended == "ended" else [f"the last child {ended}"]
    broken += work.broken(engine, count)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        report = audit.verify(uow)
    broken += [str(finding) for finding in report.findings]
    engine.dispose()
    return {"died": died, "under_way": under_way, "broken": broken, "facts": report.facts}


def _make(work: Any, url: str, outside: str) -> None:
    engine = _engine(url)
    work.prepare(engine, url, outside)
    engine.dispose()


def _work(work: Any, url: str, outside: str, count: int, crash_at: str) -> None:
    """Everything has ended when this returns."""
    engine = _engine(url)
    crash.arm(crash_at)
    work.prepare(engine, url, outside)
    runners = Runners(engine, 2)
    runners.start()
    for number in range(count):
        _patiently(work.start, engine, number)
        if number % 5 == 4:
            _patiently(work.act, engine)
            _patiently(_come_and_go, engine)
    while not work.finished(engine, count):
        _patiently(work.act, engine)
        time.sleep(0.02)
    runners.stop()
    engine.dispose()


def _under_way(work: Any, url: str) -> list[str]:
    """What a killed child has left, told by another one through a pipe."""
    reading, writing = os.pipe()

    def tell() -> None:
        engine = _engine(url)
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            os.write(writing, json.dumps(sorted(work.states(uow))).encode())
        engine.dispose()

    _in_child(tell)
    os.close(writing)
    with os.fdopen(reading) as told:
        found: list[str] = json.load(told)
    return found


def _come_and_go(engine: ProcessEngine) -> None:
    """A runner that is told to stop just after it has claimed."""
    jobs.release(engine, jobs.claim(engine, "visitor", 1))


def _patiently(act: Callable[..., None], *arguments: Any) -> None:
    """A lost race for a lock is tried again, as a person would click again."""
    for _ in range(20):
        try:
            act(*arguments)
        except Exception as error:
            if not is_trouble(error):
                raise
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("locked for ever")


def _engine(url: str) -> ProcessEngine:
    return ProcessEngine(
        Settings(database_url=url, testing=True, job_lease_seconds=1, job_retry="R20/PT0.2S", shutdown_grace_seconds=2)
    )


def _in_child(act: Callable[[], None]) -> str:
    """Ended | killed | failed | hung"""
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException as error:
            sys.stderr.write(f"{error!r}\n")
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if os.WIFSIGNALED(status):
                return "killed" if os.WTERMSIG(status) == signal.SIGKILL else "failed"
            return "ended" if status == 0 else "failed"
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(sweep(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])))
