"""Anchors: every hour a signed checkpoint over the tips of all chains that moved, sent outside."""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from engine import history
from engine.audit import sending, signing, verifier
from engine.audit.checking import anchor_of, read_anchors, restored
from engine.audit.signing import Key
from engine.audit.sinks import Sink, SinkConflict, SinkUnreachable, sinks
from engine.audit.verifier import ACTS, ANCHOR_SCOPE, RESTORED, Anchor, canonical, leaf_hash, merkle_path, merkle_root
from engine.db.audit import audit, audit_anchor, audit_leaf, audit_tip
from engine.db.connections import MEMORY
from engine.db.instance import instance
from engine.errors import N_, EngineError, Phrase
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.statements import in_parts
from engine.unit_of_work import Actor, UnitOfWork
from engine.values import readable

log = logging.getLogger("troika.audit")
ANCHORER = Actor(None, source="job")
_SHELL = Actor(None, source="cli")
ASKED = "anchor.asked"
_OPEN = timedelta(minutes=15)
"""longer than any transaction lasts: what was written before a checkpoint and committed after it is in the next one"""
_last = select(audit_anchor).order_by(audit_anchor.c.number.desc()).limit(1)
_insert_anchor = insert(audit_anchor)
_may_add = select(func.has_table_privilege(audit_anchor.name, "INSERT"))
_insert_leaf = insert(audit_leaf)
_sent = (
    update(audit_anchor)
    .where(audit_anchor.c.number == bindparam("of"))
    .values(sent_to=bindparam("to"), sent_at=bindparam("told"))
)
_reached = update(audit_anchor).where(audit_anchor.c.number == bindparam("of")).values(sent_to=bindparam("to"))


class CheckpointsElsewhere(EngineError):
    """Nothing can be read where they went."""

    message = N_("Expected the checkpoints as they were kept: they went by mail alone, and none was given.")
    hint = N_("Save the attachments: troika audit reseal --anchors FOLDER, or `anchors` of /api/v1/audit/reseal.")
    status = 409


class ForeignCheckpoints(EngineError):
    """What was given as kept is not what was sent from here."""

    message = N_("Expected the checkpoints after number {newest} as they were sent, found something else: {found}")
    hint = N_("Give every file as it was sent, none changed and none left out.")
    status = 422


class NothingToReseal(EngineError):
    """No older state was put back."""

    message = N_("Nothing outside is newer than this database: no older state was put back.")
    status = 409


class ReasonRequired(EngineError):
    """Putting an older state back must be explained."""

    message = N_("Expected a reason of at least {length} characters, found '{found}'.")
    status = 422


class CheckpointUnreadable(EngineError):
    """A file outside that should be a checkpoint."""

    message = N_("Expected checkpoint {number} in {sink}, found something else.")
    hint = N_("Fetch the file from another copy; what lies outside is never changed by the engine.")
    status = 500


SHORTEST_REASON = 10
_FOREIGN = ("anchor-key", "anchor-signature", "anchor-leaves", "anchor-missing")
"""of checkpoints that are given: not signed here, changed, or not all of them"""
_FAILURES = 3
"""after so many in one round a sink is left until the next: one mail may be too large, three are a sink that is away.
One in which another checkpoint lies is left at once, lest two records mix in it."""
BY_MAIL = N_("they went by mail alone; save the attachments in a folder and name it: troika audit verify --anchors")
"""why checkpoints cannot be compared with what lies outside"""


# ---------------------------------------------------------------- anchor


def anchor(engine: ProcessEngine, *, rotate: bool = False) -> Anchor:
    """Make a checkpoint now and send it. `rotate`: a new key signs beside the old one, and from the next one on.

    Raises AnchorKeyMissing, AnchorKeyUnsafe, SinkUnreachable, SinkConflict; what could not be sent stays to be sent.
    """
    key = _key(engine)
    following = None
    if rotate:
        waiting = signing.next_of(key.file)
        following = signing.read(waiting) if waiting.exists() else signing.make(waiting)
    with engine.unit_of_work(ANCHORER) as uow:
        uow.alone("audit anchor")
        made = _make(uow, key, following)
    if following is not None:
        signing.take_over(key.file, key.public)
    send(engine)
    return made


def anchor_when_due(engine: ProcessEngine) -> Anchor | None:
    """The duty that comes round in every worker: `anchor_if_due`, but nothing in one that may not read the key, and for
    a database in memory. One that reads the key and may not add checkpoints says so once.
    """
    if engine.settings.database_url == MEMORY or not signing.readable(engine.settings.key_file):
        return None
    if not _may_store(engine):
        _leave_to_another()
        return None
    return anchor_if_due(engine)


def may_anchor(engine: ProcessEngine) -> bool:
    """Whether this process can read the key and its login may add checkpoints."""
    return signing.readable(engine.settings.key_file) and _may_store(engine)


def _may_store(engine: ProcessEngine) -> bool:
    with engine.unit_of_work(ANCHORER, read_only=True) as uow:
        return uow.dialect == "sqlite" or bool(uow.execute(_may_add).scalar())


@cache
def _leave_to_another() -> None:
    log.warning(
        "this worker can read the key and may not add checkpoints: grant its login troika_anchor beside troika_app, "
        "or run `troika audit anchor --due` from cron"
    )


def anchor_if_due(engine: ProcessEngine) -> Anchor | None:
    """Anchor when it is time or somebody has asked, and send what was not sent. Raises as `anchor` does."""
    with engine.unit_of_work(ANCHORER, read_only=True) as uow:
        now_due, unsent = due(uow), bool(_unsent(uow))
    made = None
    if now_due:
        key = _key(engine)
        with engine.unit_of_work(ANCHORER) as uow:
            uow.alone("audit anchor")
            made = _make(uow, key, None) if due(uow) else None  # another process may have been faster
    if made is not None or unsent:
        send(engine)
    return made


def due(uow: UnitOfWork) -> bool:
    """Whether the period has passed since the last checkpoint, or somebody asked for one after it."""
    last = uow.execute(_last).one_or_none()
    if last is None or uow.now >= last.at + every(uow.settings):
        return True
    asked = select(func.max(audit.c.seq)).where(audit.c.scope == ANCHOR_SCOPE, audit.c.kind == ASKED)
    held = select(func.max(audit_leaf.c.seq)).where(audit_leaf.c.stream == f"{ACTS}{ANCHOR_SCOPE}")
    return (uow.execute(asked).scalar() or 0) > (uow.execute(held).scalar() or 0)


def ask(uow: UnitOfWork) -> None:
    """Have a checkpoint made by whoever holds the key, within a minute."""
    history.act(uow, ANCHOR_SCOPE, ASKED, {})


def every(settings: Settings) -> timedelta:
    """The period."""
    return timedelta(minutes=settings.anchor_every_minutes)


def send(engine: ProcessEngine) -> None:
    """Bring every checkpoint that was not sent yet to all sinks, in their order; one that fails stops no other, and a
    mail that has left is not sent again.

    Raises what went wrong first, SinkUnreachable or SinkConflict, when all that can be brought is.
    """
    targets = sinks(engine.settings)
    with engine.unit_of_work(ANCHORER, read_only=True) as uow:
        waiting = [(_whole(uow, row), (row.sent_to or "").split(", ")) for row in _unsent(uow)]
    troubles: list[EngineError] = []
    failures: Counter[str] = Counter()
    for made, mailed in waiting:
        arrived: dict[str, datetime | None] = {
            sink.name: None for sink in targets if not sink.readable and sink.name in mailed
        }
        for sink in targets:
            if sink.name in arrived or failures[sink.name] >= _FAILURES:
                continue
            try:
                arrived[sink.name] = sink.put(made.number, exported(made))
            except (SinkUnreachable, SinkConflict) as error:
                failures[sink.name] += _FAILURES if isinstance(error, SinkConflict) else 1
                troubles.append(error)
                with engine.unit_of_work(ANCHORER) as uow:
                    sending.failed(uow, sink.name, error)
                continue
            with engine.unit_of_work(ANCHORER) as uow:
                sending.reached(uow, sink.name, made.number)
            if not sink.readable:
                with engine.unit_of_work(ANCHORER) as uow:
                    mails = [one.name for one in targets if one.name in arrived and not one.readable]
                    uow.execute(_reached, {"of": made.number, "to": ", ".join(mails)})
        if all(sink.name in arrived for sink in targets):
            with engine.unit_of_work(ANCHORER) as uow:
                at = min((one for one in arrived.values() if one is not None), default=uow.now)
                uow.execute(_sent, {"of": made.number, "to": ", ".join(sink.name for sink in targets), "told": at})
    for further in troubles[1:]:
        log.warning("%s", further)
    if troubles:
        raise troubles[0]


def exported(made: Anchor) -> bytes:
    """The file of a checkpoint."""
    return canonical(made.document()) + b"\n"


def outside(settings: Settings) -> list[Anchor] | None:
    """The checkpoints as they lie in the first sink that has any; None where no sink can be read, as with mail alone.

    Raises SinkUnreachable, CheckpointUnreadable.
    """
    readable = [sink for sink in sinks(settings) if sink.readable]
    for sink in readable:
        found = _read(sink)
        if found:
            return found
    return [] if readable else None


def _read(sink: Sink) -> list[Anchor]:
    found = []
    for number, content in sink.read().items():
        try:
            found.append(Anchor.read(json.loads(content)))
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointUnreadable(number=number, sink=sink.name) from error
    return sorted(found, key=lambda one: one.number)


def _key(engine: ProcessEngine) -> Key:
    """The key that signs now: made for the first checkpoint, never after it."""
    file = engine.settings.key_file
    with engine.unit_of_work(ANCHORER, read_only=True) as uow:
        last = uow.execute(_last).one_or_none()
    if last is None and not file.exists():
        return signing.make(file)
    if last is not None and last.next_key is not None and signing.next_of(file).exists():
        key = signing.read(signing.next_of(file))  # a rotation that was interrupted after its checkpoint
        if key.public == last.next_key:
            signing.take_over(file, last.key)
    return signing.read(file)


def _make(uow: UnitOfWork, key: Key, following: Key | None) -> Anchor:
    last = uow.execute(_last).one_or_none()
    leaves = sorted(_moved(uow))
    root = merkle_root([leaf_hash(stream, seq, tip) for stream, seq, tip in leaves])
    made = Anchor(
        1 if last is None else last.number + 1, verifier.instant(uow.now),
        verifier.GENESIS.hex() if last is None else anchor_of(last, ()).digest, len(leaves), root.hex(), key.public, "",
        following.public if following else None, None,
        tuple((stream, seq, tip.hex()) for stream, seq, tip in leaves),
    )  # fmt: skip
    signature = key.sign(made.text)
    next_signature = following.sign(made.text) if following else None
    _store(uow, made, signature, next_signature)
    return Anchor(
        made.number, made.at, made.previous, made.count, made.root, made.key, signature.hex(), made.next_key,
        next_signature.hex() if next_signature else None, made.leaves,
    )  # fmt: skip


def _store(uow: UnitOfWork, made: Anchor, signature: bytes, next_signature: bytes | None) -> None:
    uow.execute(
        _insert_anchor,
        {
            "number": made.number, "at": verifier.parsed(made.at), "previous": bytes.fromhex(made.previous),
            "leaves": made.count, "root": bytes.fromhex(made.root), "key": made.key, "signature": signature,
            "next_key": made.next_key, "next_signature": next_signature,
        },
    )  # fmt: skip
    rows = [
        {"number": made.number, "stream": stream, "seq": seq, "tip": bytes.fromhex(tip)}
        for stream, seq, tip in made.leaves
    ]
    for part in in_parts(rows):
        uow.execute(_insert_leaf, part)


def _moved(uow: UnitOfWork) -> Iterator[tuple[str, int, bytes]]:
    """(stream, seq, tip) of every chain that is not as the last checkpoint that holds it says."""
    void = {number for told in restored(uow) for number, _ in told.get("lost", ())}
    standing = select(func.max(audit_anchor.c.at)).where(audit_anchor.c.number.not_in(sorted(void)))
    since = uow.execute(standing).scalar()
    query = select(instance.c.id, instance.c.history_seq, instance.c.history_hash).where(instance.c.history_seq > 0)
    if since is not None:
        query = query.where(instance.c.updated_at > since - _OPEN)
    found = [(str(row.id), row.history_seq, row.history_hash) for row in uow.execute(query)]
    found += [(f"{ACTS}{row.scope}", row.seq, row.hash) for row in uow.execute(select(audit_tip)) if row.seq]
    for part in in_parts(found):
        held: dict[str, tuple[int, bytes]] = {}
        of = select(audit_leaf).where(audit_leaf.c.stream.in_([stream for stream, _, _ in part]))
        for leaf in uow.execute(of.order_by(audit_leaf.c.stream, audit_leaf.c.number)):
            if leaf.number not in void:
                held[leaf.stream] = (leaf.seq, leaf.tip)
        yield from (one for one in part if held.get(one[0]) != one[1:])


def _unsent(uow: UnitOfWork) -> list[Any]:
    query = select(audit_anchor).where(audit_anchor.c.sent_at.is_(None)).order_by(audit_anchor.c.number)
    return list(uow.execute(query))


def _whole(uow: UnitOfWork, row: Any) -> Anchor:
    leaves = uow.execute(
        select(audit_leaf.c.stream, audit_leaf.c.seq, audit_leaf.c.tip).where(audit_leaf.c.number == row.number)
    )
    return anchor_of(row, [(leaf.stream, leaf.seq, leaf.tip.hex()) for leaf in leaves])


# ---------------------------------------------------------------- what is known of them


@dataclass(frozen=True, slots=True)
class Standing:
    """How anchoring stands. `late`: two periods without a checkpoint, or without one that reached the outside."""

    last: Anchor | None
    sent_at: datetime | None
    unsent: int
    late: bool
    keys: tuple[str, ...]
    """public keys in the order in which they signed"""

    @property
    def last_at(self) -> datetime | None:
        """When the last checkpoint was made."""
        return None if self.last is None else verifier.parsed(self.last.at)


def standing(uow: UnitOfWork) -> Standing:
    """For pages and checks."""
    last = uow.execute(_last).one_or_none()
    first_unsent = uow.execute(select(func.min(audit_anchor.c.at)).where(audit_anchor.c.sent_at.is_(None))).scalar()
    unsent = uow.execute(select(func.count()).where(audit_anchor.c.sent_at.is_(None))).scalar() or 0
    sent_at = uow.execute(select(func.max(audit_anchor.c.sent_at))).scalar()
    keys = uow.execute(
        select(audit_anchor.c.key, func.min(audit_anchor.c.number))
        .group_by(audit_anchor.c.key)
        .order_by(func.min(audit_anchor.c.number))
    )
    known = [row.key for row in keys]
    if last is not None and last.next_key is not None and last.next_key not in known:
        known.append(last.next_key)
    patience = 2 * every(uow.settings)
    late = last is not None and (
        uow.now > last.at + patience or (first_unsent is not None and uow.now > first_unsent + patience)
    )
    return Standing(None if last is None else anchor_of(last, ()), sent_at, unsent, late, tuple(known))


@dataclass(frozen=True, slots=True)
class Proof:
    """That a checkpoint holds a link of a stream: leaf (stream, seq, tip), and the way from it to the root."""

    anchor: Anchor
    leaf: tuple[str, int, str]
    path: tuple[tuple[str, str], ...]


def checkpoints(uow: UnitOfWork, *, before: int | None = None, limit: int) -> list[tuple[Anchor, datetime | None]]:
    """Newest first, without their leaves, each with when it reached the outside."""
    query = select(audit_anchor).order_by(audit_anchor.c.number.desc()).limit(limit)
    rows = uow.execute(query if before is None else query.where(audit_anchor.c.number < before))
    return [(anchor_of(row, ()), row.sent_at) for row in rows]


def proof(uow: UnitOfWork, stream: str, seq: int | None = None) -> Proof | None:
    """The first checkpoint that holds link `seq` of a stream, the newest that holds any; None: not anchored yet."""
    newest = seq is None
    void = sorted({number for told in restored(uow) for number, _ in told.get("lost", ())})
    query = (
        select(audit_leaf.c.number)
        .where(audit_leaf.c.stream == stream, audit_leaf.c.seq >= (seq or 1), audit_leaf.c.number.not_in(void))
        .order_by(audit_leaf.c.number.desc() if newest else audit_leaf.c.number)
        .limit(1)
    )
    number = uow.execute(query).scalar()
    if number is None:
        return None
    made = _whole(uow, uow.execute(select(audit_anchor).where(audit_anchor.c.number == number)).one())
    place = next(at for at, leaf in enumerate(made.leaves) if leaf[0] == stream)
    hashes = [leaf_hash(name, at, bytes.fromhex(tip)) for name, at, tip in made.leaves]
    return Proof(made, made.leaves[place], tuple(merkle_path(hashes, place)))


def rotations(uow: UnitOfWork) -> list[Anchor]:
    """The checkpoints that hand over to a next key."""
    query = select(audit_anchor).where(audit_anchor.c.next_key.is_not(None)).order_by(audit_anchor.c.number)
    return [anchor_of(row, ()) for row in uow.execute(query)]


# ---------------------------------------------------------------- after a restore


def reseal(
    engine: ProcessEngine, reason: str, actor: Actor = _SHELL, kept: Sequence[Anchor] | None = None
) -> list[int]:
    """Say, signed and in the chain, that an older state was put back; the numbers of the checkpoints that are void.

    `kept`: the checkpoints as somebody has kept them, in place of those in the sinks.

    They come back into the table as they lie outside, so that the sequence goes on; nothing is rewritten. Raises
    NothingToReseal, CheckpointsElsewhere, ForeignCheckpoints, ReasonRequired, AnchorKeyMissing.
    """
    if len(readable(reason)) < SHORTEST_REASON:
        raise ReasonRequired(length=SHORTEST_REASON, found=reason.strip())
    key = signing.read(engine.settings.key_file)
    known = outside(engine.settings) if kept is None else kept
    if known is None:
        raise CheckpointsElsewhere
    with engine.unit_of_work(actor) as uow:
        uow.alone("audit anchor")
        inside, _ = read_anchors(uow, with_leaves=False)
        newest = inside[-1].number if inside else 0
        lost = [one for one in known if one.number > newest]
        if not lost:
            raise NothingToReseal
        if kept is not None:
            _check_kept(inside, lost, key.public)
        for one in lost:
            _store(uow, one, bytes.fromhex(one.signature),
                   bytes.fromhex(one.next_signature) if one.next_signature else None)  # fmt: skip
            uow.execute(_sent, {"of": one.number, "to": ", ".join(engine.settings.sinks), "told": uow.now})
        told: dict[str, Any] = {"restored_to": newest, "lost": [[one.number, one.digest] for one in lost]}
        sealed = {"reason": history.seal(reason.strip())}
        signed = {**told, verifier.TEXTS: {"reason": sealed["reason"][0]}}
        signature = key.sign(verifier.reseal_text(signed)).hex()
        history.act(
            uow, ANCHOR_SCOPE, RESTORED, {**told, "key": key.public, "signature": signature},
            texts={"reason": reason.strip()}, sealed=sealed,
        )  # fmt: skip
    anchor(engine)
    return [one.number for one in lost]


def _check_kept(inside: list[Anchor], lost: list[Anchor], key: str) -> None:
    """What somebody has kept was signed here and has no gap: what is stored once can never be taken out again."""
    report = verifier.Report()
    newest, places = (inside[-1].number if inside else 0), {f"#{one.number}" for one in lost}
    try:
        verifier.check_anchors(report, [*inside, *lost], frozenset((inside[0].key,)) if inside else None)
    except (TypeError, ValueError) as error:
        raise ForeignCheckpoints(newest=newest, found=error) from error
    told = [one for one in report.found if one.place in places and one.code in _FOREIGN]
    if told:
        raise ForeignCheckpoints(newest=newest, found=Phrase(told[0].message, **told[0].facts))
    if not inside and key not in (lost[-1].key, lost[-1].next_key):
        raise ForeignCheckpoints(newest=newest, found=Phrase(N_("another key signed them")))
