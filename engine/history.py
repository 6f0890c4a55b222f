"""Facts of an instance and acts outside it: written in the transaction that made them, chained by hash."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine import outbox, values
from engine.db.audit import audit, audit_text, audit_tip
from engine.db.history import history, history_text
from engine.db.instance import Instance
from engine.unit_of_work import Actor, UnitOfWork

GENESIS = bytes(32)
_SOURCE = "source"
TEXTS = "texts"
"""what people have written, by name; in the chain its digests"""
ERASED = "erased"
VISIT, SHAPE = "visit", "record"
"""of a fact that ends a visit: a digest of its columns; of the first fact: how much the chain tells, see `verifier`"""
CHANGES = "changes"
"""among the texts: what was written into a form, JSON of {field: [before, after]}"""
VALUES = "values"
"""among the texts: values of forms that the engine read, JSON of a part of what the fact says"""
_SALT_BYTES = 16
_HEAD = ("history", "head")

_insert_fact = insert(history).values(data=bindparam("data_text", type_=Text))
_insert_text = insert(history_text)
_texts = select(history_text.c.seq, history_text.c.name, history_text.c.text).where(
    history_text.c.instance_id == bindparam("of"), history_text.c.seq >= bindparam("first"),
    history_text.c.seq <= bindparam("last"),
)  # fmt: skip
_insert_act_text = insert(audit_text)
_act_texts = select(audit_text.c.seq, audit_text.c.name, audit_text.c.text).where(
    audit_text.c.scope == bindparam("of"), audit_text.c.seq >= bindparam("first"),
    audit_text.c.seq <= bindparam("last"),
)  # fmt: skip
_insert_act = insert(audit).values(data=bindparam("data_text", type_=Text))
_lock_tip = select(audit_tip.c.seq, audit_tip.c.hash).where(audit_tip.c.scope == bindparam("of")).with_for_update()
_newest = select(audit.c.at).where(audit.c.scope == bindparam("of"), audit.c.seq == bindparam("at_seq"))
_move_tip = update(audit_tip).where(audit_tip.c.scope == bindparam("of"))
_last_person = (
    select(history.c.actor_id)
    .where(history.c.instance_id == bindparam("of"), history.c.actor_id.is_not(None))
    .order_by(history.c.seq.desc())
    .limit(1)
)
_timeline = (
    select(
        history.c.seq, history.c.at, history.c.kind, history.c.node, history.c.actor_id, history.c.on_behalf_of_id,
        history.c.data, history.c.token, history.c.started_at,
    )
    .where(history.c.instance_id == bindparam("of"), history.c.seq > bindparam("after"))
    .order_by(history.c.seq)
    .limit(bindparam("most"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline. `data` without the source of the act, which stands in `source`; with what people have
    written, `erased` names what of it is gone.
    """

    seq: int
    at: datetime
    kind: str
    node: str | None
    actor_id: UUID | None
    on_behalf_of_id: UUID | None
    source: str
    data: dict[str, Any]
    token: int | None
    started_at: datetime | None


def record(
    uow: UnitOfWork,
    instance: Instance,
    kind: str,
    *,
    node: str | None = None,
    data: dict[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
    token: int | None = None,
    started_at: datetime | None = None,
) -> int:
    """Add a fact to the chain of the locked `instance`; returns its number in it.

    `kind`: noun and past participle, e.g. `task.completed`. `token`, `started_at`: only where the fact ends the visit
    of an activity or event. `texts`: what people have written, by name; only a salted digest of it is chained, so that
    it may be erased. Raises ValueError for a key `source` in `data`: where an act came from is not for callers.
    """
    head = _head(uow, instance)
    seq = instance.history_seq + 1
    if texts and (written := {name: text for name, text in texts.items() if text}):
        data = {**(data or {}), TEXTS: _keep(uow, instance.id, seq, written)}
    if started_at is not None:
        data = {**(data or {}), VISIT: visit_digest(token, instance.definition_id, started_at)}
    content = head.empty if data is None else _content(uow, data)
    link = f"{head.opening}{seq}{head.at_text}{_word(kind)},{_word(node)}{head.actors}{content}]"
    digest = values.sha256(instance.history_hash + link.encode())
    uow.queue(
        _insert_fact,
        {
            "instance_id": instance.id, "seq": seq, "at": head.at, "kind": kind, "node": node,
            "actor_id": head.actor.user_id, "on_behalf_of_id": head.actor.on_behalf_of, "data_text": content,
            "hash": digest, "token": token, "definition_id": None if started_at is None else instance.definition_id,
            "started_at": started_at,
        },
    )  # fmt: skip
    instance.history_seq, instance.history_hash, instance.dirty = seq, digest, True
    outbox.publish(uow, instance, kind, seq)
    return seq


def last_person(uow: UnitOfWork, instance: Instance | None) -> UUID | None:
    """Whose act this is: of whoever acts, or where the engine does, of the last person who acted in `instance`."""
    if uow.actor.user_id is not None or instance is None:
        return uow.actor.user_id
    last = uow.read_one(_last_person, {"of": instance.id})
    return None if last is None else last.actor_id


def timeline(
    uow: UnitOfWork, instance_id: UUID, *, after: int = 0, limit: int = 1000, kind: str | None = None
) -> list[Entry]:
    """Facts of an instance in their order, from number `after` on; of one kind only if it is given."""
    query = _timeline if kind is None else _timeline.where(history.c.kind == kind)
    rows = uow.execute(query, {"of": instance_id, "after": after, "most": limit}).all()
    written = _written(uow, _texts, instance_id, [row.seq for row in rows if row.data and TEXTS in row.data])
    entries = []
    for row in rows:
        data = dict(row.data or {})
        source = str(data.pop(_SOURCE, ""))
        for name in (VISIT, SHAPE):
            data.pop(name, None)
        tell(data, row.seq, written)
        entries.append(
            Entry(
                row.seq, row.at, row.kind, row.node, row.actor_id, row.on_behalf_of_id, source, data, row.token,
                row.started_at,
            )
        )  # fmt: skip
    return entries


def seal(text: str) -> tuple[str, bytes]:
    """The digest under which a text is chained, in hex, and the salt that is kept with the text and erased with it."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return text_digest(text, salt), salt


def text_digest(text: str, salt: bytes | None) -> str:
    """SHA-256 over salt and text in hex; texts of before there were salts have none."""
    return values.sha256((salt or b"") + text.encode()).hex()


def tell(data: dict[str, Any], seq: int, written: Mapping[tuple[int, str], str | None]) -> None:
    """Put into `data` of link `seq`, in place of digests, what people have written, and what of it is gone."""
    names = data.pop(TEXTS, {})
    told = {name: text for name in names if (text := written.get((seq, name))) is not None}
    if gone := names.keys() - told.keys():
        data[ERASED] = sorted(gone)
    if CHANGES in told:
        data[CHANGES] = values.load_json(told.pop(CHANGES))
    if VALUES in told:
        data |= values.load_json(told.pop(VALUES))
    data |= told


def _keep(uow: UnitOfWork, instance_id: UUID, seq: int, written: Mapping[str, str]) -> dict[str, str]:
    digests = {}
    for name, text in written.items():
        digests[name], salt = seal(text)
        row = {"instance_id": instance_id, "seq": seq, "name": name, "text": text, "salt": salt}
        uow.queue(_insert_text, row)
    return digests


def _written(
    uow: UnitOfWork, query: Select[Any], of: UUID | str, numbers: Sequence[int]
) -> dict[tuple[int, str], str | None]:
    if not numbers:
        return {}
    rows = uow.execute(query, {"of": of, "first": min(numbers), "last": max(numbers)})
    return {(row.seq, row.name): row.text for row in rows}


def act(
    uow: UnitOfWork, scope: str, kind: str, data: dict[str, Any], *, texts: Mapping[str, str] | None = None,
    sealed: Mapping[str, tuple[str, bytes]] | None = None,
) -> int:  # fmt: skip
    """Record something outside instances, e.g. scope `deployment`, kind `process.deployed`; chained per scope.

    `texts`: as of `record`; `sealed`: what `seal` has made of some of them, where something else hangs on the digest.

    Returns its number in the scope. Raises ValueError for a key `source` in `data`.
    """
    if uow.dialect == "postgresql":
        uow.execute(postgresql.insert(audit_tip).values(scope=scope, seq=0, hash=GENESIS).on_conflict_do_nothing())
    else:
        uow.execute(sqlite.insert(audit_tip).values(scope=scope, seq=0, hash=GENESIS).on_conflict_do_nothing())
    tip = uow.execute(_lock_tip, {"of": scope}).one()
    seq = tip.seq + 1
    kept = {name: (text, *((sealed or {}).get(name) or seal(text))) for name, text in (texts or {}).items() if text}
    if kept:
        data = {**data, TEXTS: {name: digest for name, (_, digest, _) in kept.items()}}
        rows = [{"scope": scope, "seq": seq, "name": name, "text": text, "salt": salt}
                for name, (text, _, salt) in kept.items()]  # fmt: skip
        uow.execute(_insert_act_text, rows)
    content = _content(uow, data)
    last = uow.execute(_newest, {"of": scope, "at_seq": tip.seq}).scalar()
    at = uow.now if last is None else max(uow.now, last)  # a clock that steps back cannot reorder a scope
    digest = values.sha256(tip.hash + act_text(scope, seq, at, kind, uow.actor.user_id, content))
    uow.execute(
        _insert_act,
        {
            "scope": scope, "seq": seq, "at": at, "kind": kind, "actor_id": uow.actor.user_id,
            "data_text": content, "hash": digest,
        },
    )  # fmt: skip
    uow.execute(_move_tip, {"of": scope, "seq": seq, "hash": digest})
    return int(seq)


@dataclass(frozen=True, slots=True)
class Act:
    """One act outside instances. `data` as that of an `Entry`, with the source of the act in it."""

    seq: int
    at: datetime
    kind: str
    actor_id: UUID | None
    data: dict[str, Any]


def acts(uow: UnitOfWork, scope: str, *, limit: int = 200) -> list[Act]:
    """The newest acts of a scope."""
    columns = (audit.c.seq, audit.c.at, audit.c.kind, audit.c.actor_id, audit.c.data)
    query = select(*columns).where(audit.c.scope == scope).order_by(audit.c.seq.desc()).limit(limit)
    found = [Act(row.seq, row.at, row.kind, row.actor_id, dict(row.data)) for row in uow.execute(query)]
    written = _written(uow, _act_texts, scope, [one.seq for one in found if TEXTS in one.data])
    for one in found:
        tell(one.data, one.seq, written)
    return found


def _content(uow: UnitOfWork, data: dict[str, Any] | None) -> str:
    if data and _SOURCE in data:
        raise ValueError(f"expected data without the key {_SOURCE!r}, found {data[_SOURCE]!r} in it")
    return values.stored_json({_SOURCE: uow.actor.source, **(data or {})})


# ---------------------------------------------------------------- what a link of a chain covers


@dataclass(frozen=True, slots=True)
class _Head:
    """What the facts of one actor in one transaction have in common, as text: a step writes a dozen of them."""

    actor: Actor
    at: datetime
    opening: str
    at_text: str
    actors: str
    empty: str


def _head(uow: UnitOfWork, instance: Instance) -> _Head:
    found: _Head | None = uow.cache.get(_HEAD)
    if found is None or found.actor is not uow.actor:
        actor = uow.actor
        at = max(uow.now, instance.updated_at)  # a clock that steps back cannot reorder an instance
        found = uow.cache[_HEAD] = _Head(
            actor, at, f'["{instance.id}",', f',"{_instant(at)}",',
            f",{_id(actor.user_id)},{_id(actor.on_behalf_of)},", _content(uow, None),
        )  # fmt: skip
    return found


def visit_digest(token: int | None, definition: UUID | None, started_at: datetime | None) -> str:
    """What a fact says of the columns that tell of the visit which it ends."""
    at = None if started_at is None else _instant(started_at)
    return values.sha256(f"{token} {definition} {at}".encode())[:16].hex()


def fact_text(
    instance_id: UUID, seq: int, at: datetime, kind: str, node: str | None, actor: UUID | None, behalf: UUID | None,
    data: str,
) -> bytes:  # fmt: skip
    """Canonical JSON of [instance, seq, at, kind, node, actor, on_behalf_of, data]; `data` comes as canonical JSON."""
    return (
        f'["{instance_id}",{seq},"{_instant(at)}",{_word(kind)},{_word(node)},{_id(actor)},{_id(behalf)},{data}]'
    ).encode()


def act_text(scope: str, seq: int, at: datetime, kind: str, actor: UUID | None, data: str) -> bytes:
    """Canonical JSON of [scope, seq, at, kind, actor, data]."""
    return (
        f'[{json.dumps(scope, ensure_ascii=False)},{seq},"{_instant(at)}",{json.dumps(kind)},{_id(actor)},{data}]'
    ).encode()


@lru_cache(maxsize=4096)
def _word(text: str | None) -> str:
    """A kind, or the id of a node: few, and written again and again."""
    return json.dumps(text, ensure_ascii=False)


def _instant(at: datetime) -> str:
    """UTC with six decimals and `Z`."""
    return f"{at.isoformat(timespec='microseconds')[:-6]}Z"


def _id(key: UUID | None) -> str:
    return "null" if key is None else f'"{key}"'
