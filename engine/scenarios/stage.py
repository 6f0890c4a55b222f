"""Where drafts are tried: the company and the definitions of a running installation, copied into memory.

Nothing of what happens there reaches the installation: it has its own database, which is thrown away, and no way out.
"""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import Table, insert, select, text, update

from engine import identity, repository, sealing, values
from engine.clock import FrozenClock
from engine.db.audit import audit_tip
from engine.db.calendar import work_calendar, work_calendar_day
from engine.db.definition import Kind, definition, deployment, resource
from engine.db.dictionary import dictionary, dictionary_entry
from engine.db.identity import membership, org_unit, substitution, user_account, user_group, user_org_unit
from engine.db.policy import policy_version
from engine.db.subscription import subscription
from engine.db.webhook import webhook
from engine.errors import OutboundRefused
from engine.process_engine import ProcessEngine
from engine.scenarios import world as worlds
from engine.scenarios.words import NOW
from engine.scenarios.world import PATIENT, World
from engine.unit_of_work import ENGINE, UnitOfWork

COMPANY = (
    org_unit, user_account, user_org_unit, user_group, membership, substitution, dictionary, dictionary_entry,
    work_calendar, work_calendar_day,
)  # fmt: skip
CHANGES = ("identity", "deployment", "policy", "calendar", "settings")
"""scopes of recorded acts after which a copy is out of date"""
PREPARED = 6
"""drafts whose first moment is kept"""
LONGEST_LIFE = 200
"""drafts after which the copy is made anew: compiled versions of drafts are never used again"""

_starts = select(subscription).where(subscription.c.definition_id.is_not(None))
_tips = select(audit_tip.c.scope, audit_tip.c.seq).where(audit_tip.c.scope.in_(CHANGES)).order_by(audit_tip.c.scope)


class Stage:
    """The copy of one installation; one act at a time, whoever asks."""

    def __init__(self, engine: ProcessEngine) -> None:
        self.engine = engine
        self._lock = threading.Lock()
        self._world: World | None = None
        self._stamp: bytes = b""
        self._prepared: OrderedDict[bytes, sqlite3.Connection] = OrderedDict()
        self._drafts = 0
        self.running: Any = None
        """what was played last, with the state of the database; whoever plays something else puts his own here"""

    @contextmanager
    def trying(self, files: Mapping[str, bytes]) -> Iterator[World]:
        """The world with `files` (by library path) deployed on top of it. Raises DeploymentRefused."""
        with self._lock:
            world = self._fresh()
            digest = values.sha256(b"".join(path.encode() + b"\0" + files[path] + b"\0" for path in sorted(files)))
            if digest not in self._prepared:
                self.running = None
                world.again(NOW)
                with world.acting(None) as uow:
                    repository.deploy(uow, files, note="trial", trial=True)
                self._prepared[digest] = world.engine.snapshot()
                self._drafts += 1
                if len(self._prepared) > PREPARED:
                    self._prepared.popitem(last=False)
            self._prepared.move_to_end(digest)
            yield replace(world, beginning=self._prepared[digest])

    def forget(self) -> None:
        """What was played last is not continued. The caller is inside `trying`."""
        self.running = None

    def _fresh(self) -> World:
        """The copy, made anew when the company or what is deployed has changed. The caller holds the lock."""
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            stamp = values.digest([[row.scope, row.seq] for row in uow.execute(_tips)])
            if self._world is None or stamp != self._stamp or self._drafts >= LONGEST_LIFE:
                self.running, self._drafts = None, 0
                self._prepared.clear()
                if self._world is not None:
                    self._world.engine.dispose()
                self._world, self._stamp = copied(uow, NOW), stamp
        return self._world


class Wall(httpx.BaseTransport):
    """The outside as a trial sees it: receivers of events are content, nobody else can be called."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises OutboundRefused."""
        if "Troika-Signature" in request.headers:
            return httpx.Response(204)
        raise OutboundRefused(host=request.url.host)


def copied(uow: UnitOfWork, now: datetime) -> World:
    """People, calendars, dictionaries, policies in force and the newest definitions of an installation, in memory.

    No password, no secret, no instance, no record of its modules comes along; there is demo data where the demo
    company is there. Hosts and receivers that a drawing may name are those of the installation; behind them is a wall.
    """
    clock = FrozenClock(now)
    settings = uow.settings
    engine = ProcessEngine.in_memory(
        clock, library=settings.library, timezone=settings.timezone, inline_nodes=settings.inline_nodes,
        inline_ms=PATIENT, outbound_allow=settings.outbound_allow, bank_hosts=settings.bank_hosts,
    )  # fmt: skip
    engine.transport = Wall()
    rows = {table: _rows(uow, table) for table in COMPANY}
    for account in rows[user_account]:
        account |= {"password_hash": None, "email": "", "failed_logins": 0, "locked_until": None}
    rows[webhook] = [
        row | {"secret_sealed": sealing.seal(engine.settings, "trial"), "former_sealed": "", "former_until": None}
        for row in _rows(uow, webhook)
    ]  # fmt: skip
    rows |= _definitions(uow)
    in_force = [row for row in _rows(uow, policy_version) if row["state"] == "active"]
    # what people put in force was a proposal first: the database takes it in no other way
    rows[policy_version] = [row | {"state": "active" if row["approved_by"] is None else "proposed"} for row in in_force]
    with engine.unit_of_work(ENGINE) as copy:
        copy.execute(text("PRAGMA defer_foreign_keys=ON"))
        for table, found in rows.items():
            if found:
                copy.execute(insert(table), found)
        copy.execute(update(policy_version).where(policy_version.c.state == "proposed").values(state="active"))
    people = {row["login"]: row["id"] for row in rows[user_account] if row["disabled_at"] is None}
    if worlds.demo_logins() <= set(people):
        worlds.load_records(engine, clock, people)
        clock.move_to(now)
    return World(engine, clock, people, engine.snapshot())


def _rows(uow: UnitOfWork, table: Table) -> list[dict[str, Any]]:
    return [{column.key: row._mapping[column] for column in table.c} for row in uow.execute(select(table))]


def _definitions(uow: UnitOfWork) -> dict[Table, list[dict[str, Any]]]:
    """The newest version of everything, whatever it is pinned to, and the messages and signals that begin it."""
    known = {row["id"]: row for row in _rows(uow, definition)}
    newest: dict[tuple[int, str], dict[str, Any]] = {}
    for row in known.values():
        other = newest.get((row["kind"], row["key"]))
        if other is None or other["version"] < row["version"]:
            newest[row["kind"], row["key"]] = row
    wanted = [row["id"] for row in newest.values()]
    for key in wanted:
        pins = (known[key]["meta"] or {}).get("pins", {}).values()
        wanted += [pin for pin in (identity.as_id(str(pin)) for pin in pins) if pin in known and pin not in wanted]
    needed = [known[key] for key in wanted]
    used = {row["resource_id"] for row in needed}
    deployments = uow.execute(select(resource.c.deployment_id).where(resource.c.id.in_(used))).scalars()
    beside = set(deployments)
    files = uow.execute(
        select(resource).where(resource.c.deployment_id.in_(beside), resource.c.kind == int(Kind.DECISION))
    ).mappings()
    more = uow.execute(select(resource).where(resource.c.id.in_(used))).mappings()
    return {
        deployment: [row for row in _rows(uow, deployment) if row["id"] in beside],
        resource: list({row["id"]: dict(row) for row in (*files, *more)}.values()),
        definition: needed,
        subscription: [dict(row) for row in uow.execute(_starts).mappings()],
    }
