"""How long the record takes to verify: `python -m benchmarks.audit [events]`, on SQLite, in one process.

Chains of ten facts with data of the usual size, anchored once; then everything is recomputed as the nightly job does,
and once more by the program that needs no product on an export.
"""

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Text, bindparam, insert

from benchmarks.mini import prepare
from engine import audit, ids, repository, values
from engine.audit import verifier
from engine.clock import SystemClock
from engine.db.history import history
from engine.db.instance import instance
from engine.history import GENESIS, fact_text
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE, Actor, UnitOfWork

EVENTS, OF_A_CHAIN, AT_ONCE = 100_000, 10, 500
_KINDS = ("instance.started", "node.left", "task.opened", "variables.changed", "node.left", "task.claimed", "node.left",
          "operation.performed", "node.left", "instance.ended")  # fmt: skip
_DATA = '{"fields":["amount","reason"],"source":"web","node":"019a0000-0000-7000-8000-000000000001","round":1}'


def fill(uow: UnitOfWork, events: int) -> None:
    """Chains that verify, written past the engine as fast as it goes."""
    defined = repository.latest(uow, "mini").id
    facts = insert(history).values(data=bindparam("data_text", type_=Text))
    for first in range(0, events // OF_A_CHAIN, AT_ONCE):
        chains, links = [], []
        for _ in range(min(AT_ONCE, events // OF_A_CHAIN - first)):
            key, tip = ids.uuid7(), GENESIS
            for seq, kind in enumerate(_KINDS, 1):
                at = uow.now + timedelta(microseconds=seq)
                tip = values.sha256(tip + fact_text(key, seq, at, kind, "approve", None, None, _DATA))
                links.append(
                    {"instance_id": key, "seq": seq, "at": at, "kind": kind, "node": "approve", "data_text": _DATA,
                     "hash": tip}
                )  # fmt: skip
            chains.append(
                {"id": key, "definition_id": defined, "process_key": "bench", "status": 2, "history_seq": len(_KINDS),
                 "history_hash": tip, "codec": 1, "state": b"{}",
                 "created_at": uow.now + timedelta(microseconds=1), "updated_at": uow.now}
            )  # fmt: skip
        uow.execute(insert(instance), chains)
        uow.execute(facts, links)


def main(events: int) -> None:
    """Fill, anchor, verify, export, verify the export; CPU seconds of each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = ProcessEngine(Settings(database_url=f"sqlite:///{folder}/t.db"), clock=SystemClock())
        engine.create_schema()
        told: dict[str, float] = {}

        def timed(what: str, began: float) -> None:
            told[what] = time.process_time() - began

        prepare(engine)
        began = time.process_time()
        with engine.unit_of_work(ENGINE) as uow:
            fill(uow, events)
        timed("fill", began)
        began = time.process_time()
        audit.anchor(engine)
        timed("anchor", began)
        began = time.process_time()
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            report = audit.verify(uow, outside=audit.outside(engine.settings), overdue_after=timedelta(hours=1))
        timed("verify", began)
        assert (report.exit, report.facts) == (0, events), report.findings[:3]
        began = time.process_time()
        audit.export(engine, folder / "export", Actor(None, source="cli"))
        timed("export", began)
        began = time.process_time()
        alone = verifier.verify_export(folder / "export", None, None)
        timed("verify the export", began)
        assert (alone.facts, {found.exit for found in alone.found} <= {verifier.OVERDUE}) == (events, True), (
            alone.found[:3]
        )
        engine.dispose()
    for what, seconds in told.items():
        sys.stdout.write(f"{what:<18} {seconds:7.1f} s CPU, {seconds * 1e6 / events:6.1f} s for a million\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
