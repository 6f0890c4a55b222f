"""Runner threads in this process: woken after a commit that left work, polling otherwise; they stop gracefully."""

import logging
import os
import socket
import threading
from time import monotonic

from engine import jobs
from engine.dispatch import housekeeping
from engine.jobs import Claimed
from engine.process_engine import ProcessEngine

BATCH = 4
"""Jobs that one thread claims at a time; what it has not begun when it must stop, it gives back."""
BUSY, IDLE = 0.05, 1.0
"""Seconds between two looks: soon after work was found, longer and longer without."""
HOUSEKEEPING_EVERY = 60.0
log = logging.getLogger("troika.runner")


class Runners:
    """`threads` runners and one heartbeat on `engine`. `start` once, `stop` once."""

    def __init__(self, engine: ProcessEngine, threads: int | None = None) -> None:
        self.engine = engine
        self.owner = f"{socket.gethostname()}:{os.getpid()}"
        self._count = engine.settings.runner_threads if threads is None else threads
        self._threads: list[threading.Thread] = []
        self._work = threading.Event()
        self._stopping = threading.Event()
        self._held: dict[object, Claimed] = {}
        self._guard = threading.Lock()

    def start(self) -> None:
        """Run until `stop`; commits of this process wake a runner at once."""
        self.engine.wake = self.wake
        names = [*(f"runner-{number}" for number in range(self._count)), "heartbeat"]
        for name in names:
            target = self._beat if name == "heartbeat" else self._run
            thread = threading.Thread(target=target, name=f"troika-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """There is something to do now."""
        self._work.set()

    def stop(self) -> bool:
        """Claim nothing more, give back what was not begun, let running jobs end. False: the grace was too short."""
        self._stopping.set()
        self._work.set()
        end = monotonic() + self.engine.settings.shutdown_grace_seconds
        for thread in self._threads:
            thread.join(max(0.0, end - monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        pause = BUSY
        while not self._stopping.is_set():
            try:
                found = self._round()
            except Exception:
                log.exception("the runner goes on after trouble with the database")
                found = False
                pause = IDLE
            if found:
                pause = BUSY
                continue
            if self._work.wait(pause):
                self._work.clear()
                pause = BUSY
            else:
                pause = min(pause * 2, IDLE)

    def _round(self) -> bool:
        if not jobs.any_due(self.engine):
            return False
        claimed = jobs.claim(self.engine, self.owner, BATCH)
        with self._guard:
            self._held.update((item.lease_key, item) for item in claimed)
        for place, item in enumerate(claimed):
            if self._stopping.is_set():
                self._let_go(claimed[place:])
                jobs.release(self.engine, claimed[place:])
                break
            try:
                result = jobs.execute(self.engine, item)
            finally:
                self._let_go([item])
            if result is not jobs.Result.DONE:
                log.warning("job %s (%s): %s", item.id, item.handler, result)
        return bool(claimed)

    def _let_go(self, claimed: list[Claimed]) -> None:
        with self._guard:
            for item in claimed:
                self._held.pop(item.lease_key, None)

    def _beat(self) -> None:
        """Extend the leases of what is held; do the duties that come round."""
        every = self.engine.settings.job_lease_seconds / 3
        kept = monotonic()
        while not self._stopping.wait(min(every, HOUSEKEEPING_EVERY)):
            with self._guard:
                held = list(self._held.values())
            try:
                for lost in jobs.extend(self.engine, held) if held else ():
                    log.warning("job %s (%s): its lease is lost", lost.id, lost.handler)
                if monotonic() - kept >= HOUSEKEEPING_EVERY:
                    housekeeping.run(self.engine)
                    kept = monotonic()
            except Exception:
                log.exception("the heartbeat goes on after trouble with the database")
