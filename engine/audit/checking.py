"""verify(): the chains, anchors and payments of an open database, judged by `verifier`."""

import itertools
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Text, literal, null, select, text, type_coerce

from engine.audit import verifier
from engine.audit.rows import each, read_rows, streamed
from engine.audit.verifier import ACTS, ANCHOR_SCOPE, RESTORED, TEXTS, Anchor, Anchored, Found, Report, Seen
from engine.db.audit import audit, audit_anchor, audit_leaf, audit_text, audit_tip
from engine.db.document import blob, document, document_version
from engine.db.history import history, history_text
from engine.db.identity import user_account
from engine.db.instance import instance
from engine.db.policy import ERASED, break_glass, policy_grant, policy_version
from engine.db.signature import signature
from engine.db.task import work_item
from engine.errors import NotFound
from engine.findings import Finding, Level
from engine.history import act_text, fact_text, text_digest, visit_digest
from engine.unit_of_work import UnitOfWork
from engine.values import sha256, stored_json

_FACTS = select(
    history.c.instance_id, history.c.seq, history.c.at, history.c.kind, history.c.node, history.c.actor_id,
    history.c.on_behalf_of_id, type_coerce(history.c.data, Text).label("content"), history.c.hash, history.c.token,
    history.c.definition_id, history.c.started_at,
).order_by(history.c.instance_id, history.c.seq)  # fmt: skip
_ACTS = select(
    audit.c.scope, audit.c.seq, audit.c.at, audit.c.kind, audit.c.actor_id,
    type_coerce(audit.c.data, Text).label("content"), audit.c.hash,
).order_by(audit.c.scope, audit.c.seq)  # fmt: skip
_TEXTS = select(
    history_text.c.instance_id.label("of"), history_text.c.seq, history_text.c.name, history_text.c.text,
    history_text.c.salt,
)  # fmt: skip
_ACT_TEXTS = select(
    literal(ACTS).concat(audit_text.c.scope).label("of"), audit_text.c.seq, audit_text.c.name, audit_text.c.text,
    audit_text.c.salt,
)  # fmt: skip
_FILES = (
    select(
        document.c.id, document.c.name, document.c.instance_id.label("of"), document_version.c.digest,
        blob.c.content.label("bytes"), document.c.field,
    )
    .join(document_version, document_version.c.document_id == document.c.id)
    .outerjoin(blob, blob.c.digest == document_version.c.digest)
    .where(document.c.instance_id.is_not(None))
)  # fmt: skip
_PICTURES = select(
    signature.c.id, signature.c.signer_name.label("name"), signature.c.instance_id.label("of"),
    signature.c.content.label("digest"), blob.c.content.label("bytes"), null().label("field"),
).outerjoin(blob, blob.c.digest == signature.c.content)  # fmt: skip
ADDED = "added"
"""why somebody was asked whom a person has added without a word; who it was is sealed with the decision"""
_REASONS = select(work_item.c.id, work_item.c.instance_id, work_item.c.reason).where(
    work_item.c.decision.is_not(None), work_item.c.reason.is_not(None), work_item.c.reason != ADDED
)
_FEW = 8
"""files that are in memory at once"""
_VISIT = re.compile(r'"visit":"([0-9a-f]{32})"')
_SHAPED = re.compile('"record":[2-9]')
_NO_VISIT = (None, None, None)
_RESTORED = (
    select(audit.c.seq, audit.c.data)
    .where(audit.c.scope == ANCHOR_SCOPE, audit.c.kind == RESTORED)
    .order_by(audit.c.seq)
)
POLICY_SCOPE = "policy"
WRITTEN = {
    "policy.proposed": "reason", "policy.retirement_proposed": "reason", "policy.emergency_asked": "reason",
    "policy.emergency_reviewed": "review",
}  # fmt: skip
"""kind of act -> the name of the text that the row of the policy or emergency holds too"""
_POLICY_TEXTS = select(audit_text.c.seq, audit_text.c.name, audit_text.c.text).where(audit_text.c.scope == POLICY_SCOPE)
_WHY = select(audit_text.c.seq, audit_text.c.text).where(audit_text.c.scope == ANCHOR_SCOPE)


@dataclass(slots=True)
class VerifyReport:
    """`instances`, `facts`, `acts`, `anchors`, `payments`: how many were looked at. `exit`: of the command.

    `findings`: empty when all is well. `notes`: what a reader should know though nothing is wrong.
    """

    instances: int = 0
    facts: int = 0
    acts: int = 0
    anchors: int = 0
    payments: int = 0
    exit: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    told: Report = field(default_factory=Report)

    @property
    def ok(self) -> bool:
        """Whether nothing was changed, left out or put in."""
        return not self.findings


def verify(
    uow: UnitOfWork, instance_id: UUID | None = None, *, since: datetime | None = None, sample: int | None = None,
    outside: Sequence[Anchor] | None = None, keys: frozenset[str] | None = None, overdue_after: timedelta | None = None,
) -> VerifyReport:  # fmt: skip
    """Recompute every chain, or that of one instance, those that moved `since`, or `sample` per cent of them.

    Names the first broken link of each. `outside`: checkpoints as they lie in a sink; `keys`: those that are believed;
    for one instance signatures are checked when either is given. `overdue_after`: the period of anchoring. Writers may
    go on meanwhile if the unit of work has just begun. Raises NotFound for an instance that no checkpoint knows either.
    """
    report = Report()
    signed = instance_id is None or outside is not None or keys is not None
    some = _chosen(uow, instance_id, since, sample)
    tips = _tips(uow, some)
    seen, accounts = Seen(), frozenset(str(key) for key in uow.execute(select(user_account.c.id)).scalars())
    anchors, sent = read_anchors(uow, with_leaves=signed, streams=some)
    if signed:
        _check_times(report, uow)
        if outside is not None:
            anchors = verifier.compare_anchors(report, anchors, list(outside), sent)
        verifier.check_anchors(report, anchors, keys)
        if keys is None and anchors:
            report.note("keys-not-compared", "keys", verifier.KEYS_ASSUMED)
    marks = verifier.anchored(report, anchors, restored(uow, words=True))
    if instance_id is None:
        verifier.walk(report, act_links(uow), tips, marks, seen, acts=True, accounts=accounts)
    asked = _asked(uow, some)
    verifier.walk(report, fact_links(uow, some, report, asked), tips, marks, seen, accounts=accounts)
    if instance_id is None:
        verifier.missing_streams(report, marks, seen, whole=some is None)
    elif (chain := str(instance_id)) not in seen.streams:
        held = {stream: places for stream, places in marks.tips.items() if stream == chain}
        if not held and chain not in tips:
            raise NotFound(kind="instance", key=instance_id)
        verifier.missing_streams(report, replace(marks, tips=held), seen)
    verifier.cross_check(report, read_rows(uow, some, acts=instance_id is None), seen, whole=some is None)
    _check_texts(report, uow, some, seen, asked, acts=instance_id is None)
    _check_contents(report, uow, seen, some)
    if instance_id is None:
        _check_copies(report, uow, seen)
    if overdue_after is not None:
        verifier.check_overdue(report, anchors[-1].at if anchors else None, uow.now, overdue_after)
    return as_report(report)


def unsealed(uow: UnitOfWork) -> dict[str, dict[str, str]]:
    """By kind and row: digests of rows as they are, of which no chain tells whole."""
    report, seen, tips = Report(), Seen(), _tips(uow, None)
    verifier.walk(report, act_links(uow), tips, Anchored(), seen, acts=True)
    verifier.walk(report, fact_links(uow), tips, Anchored(), seen)
    verifier.cross_check(report, read_rows(uow), seen)
    return seen.unsealed


def snapshot(uow: UnitOfWork) -> None:
    """All questions of this unit of work see the same moment; ask first. On SQLite they do anyway."""
    if uow.dialect == "postgresql":
        uow.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def as_report(report: Report) -> VerifyReport:
    """In the words of the engine."""
    return VerifyReport(
        report.instances, report.facts, report.acts, report.anchors,
        report.payments, report.exit, [_finding(found) for found in report.found],
        [_finding(note) for note in report.notes], report,
    )  # fmt: skip


def _finding(found: Found) -> Finding:
    return Finding(found.code, Level.ERROR if found.exit else Level.INFO, found.place, found.message, found.facts)


# ---------------------------------------------------------------- what is read


def _chosen(uow: UnitOfWork, instance_id: UUID | None, since: datetime | None, sample: int | None) -> list[UUID] | None:
    """The instances to walk; None: all."""
    if instance_id is not None:
        return [instance_id]
    if since is None and sample is None:
        return None
    query = select(instance.c.id).where(instance.c.history_seq > 0)
    found = list(uow.execute(query if since is None else query.where(instance.c.updated_at >= since)).scalars())
    if sample is not None:
        found = random.SystemRandom().sample(found, -(-len(found) * sample // 100))
    return sorted(found, key=lambda key: key.bytes)


def _tips(uow: UnitOfWork, some: list[UUID] | None) -> dict[str, tuple[int, bytes]]:
    query = select(instance.c.id, instance.c.history_seq, instance.c.history_hash)
    tips = {
        str(row.id): (row.history_seq, row.history_hash)
        for row in each(uow, query, instance.c.id, some)
        if row.history_seq or some is not None
    }
    return tips | {f"{ACTS}{row.scope}": (row.seq, row.hash) for row in uow.execute(select(audit_tip))}


def fact_links(
    uow: UnitOfWork, some: list[UUID] | None = None, report: Report | None = None,
    asked: dict[str, dict[str, list[str]]] | None = None,
) -> Iterator[tuple[bytes, bytes]]:  # fmt: skip
    """(canonical text, hash) of every fact, by instance and number.

    `report`: takes what stands beside a fact, of the visit that it ends, and is not as the fact tells.
    `asked`: what is not proved yet of why people were asked; what a fact tells is taken out.
    """
    shaped = False
    for row in each(uow, _FACTS, history.c.instance_id, some):
        key, seq, at, kind, node, actor, behalf, content, digest, token, definition, started_at = row
        if report is not None:
            shaped = _SHAPED.search(content or "") is not None if seq == 1 else shaped
            told = _VISIT.search(content or "")
            beside = (token, definition, started_at)
            found = visit_digest(*beside) if beside != _NO_VISIT else None
            if found != (told[1] if told else None) and (told or shaped):
                report.add("visit-changed", verifier.BROKEN, str(key), verifier.OTHER_VISIT, chain=str(key), seq=seq)
        if asked and content and (left := asked.get(str(key))):
            for words in [one for one in left if _quoted(one) in content]:
                del left[words]
        yield fact_text(key, seq, at, kind, node, actor, behalf, content), digest


def _quoted(words: str) -> str:
    return stored_json(words)


def _asked(uow: UnitOfWork, some: list[UUID] | None) -> dict[str, dict[str, list[str]]]:
    """Why the people were asked who have decided: by instance and words, the decisions."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in each(uow, _REASONS, work_item.c.instance_id, some):
        found.setdefault(str(row.instance_id), {}).setdefault(row.reason, []).append(str(row.id))
    return found


def act_links(uow: UnitOfWork) -> Iterator[tuple[bytes, bytes]]:
    """(canonical text, hash) of every act, by scope and number."""
    for row in streamed(uow, _ACTS):
        yield act_text(row.scope, row.seq, row.at, row.kind, row.actor_id, row.content), row.hash


def links_of(uow: UnitOfWork, stream: str) -> Iterator[tuple[bytes, bytes]]:
    """(canonical text, hash) of the links of one stream."""
    if not stream.startswith(ACTS):
        yield from fact_links(uow, [UUID(stream)])
        return
    for row in streamed(uow, _ACTS.where(audit.c.scope == stream.removeprefix(ACTS))):
        yield act_text(row.scope, row.seq, row.at, row.kind, row.actor_id, row.content), row.hash


def restored(uow: UnitOfWork, *, words: bool = False) -> list[dict[str, Any]]:
    """The data of acts by which an older state was put back. `words`: with the reasons, closed to anchorers."""
    said = {row.seq: row.text or "–" for row in uow.execute(_WHY)} if words else {}
    rows = uow.execute(_RESTORED)
    return [{**row.data, "reason": said[row.seq]} if row.seq in said else row.data for row in rows]


def read_anchors(
    uow: UnitOfWork, *, with_leaves: bool = True, streams: list[UUID] | None = None
) -> tuple[list[Anchor], frozenset[int]]:
    """The checkpoints in their order, and the numbers of those that were sent outside.

    `with_leaves` False: only the leaves of `streams`, so that roots cannot be recomputed.
    """
    leaves: dict[int, list[tuple[str, int, str]]] = {}
    query = select(audit_leaf.c.number, audit_leaf.c.stream, audit_leaf.c.seq, audit_leaf.c.tip)
    query = query.order_by(audit_leaf.c.number, audit_leaf.c.stream)
    if not with_leaves:
        query = query.where(audit_leaf.c.stream.in_([str(key) for key in streams or ()]))
    for number, stream, seq, tip in streamed(uow, query):
        leaves.setdefault(number, []).append((stream, seq, tip.hex()))
    rows = uow.execute(select(audit_anchor).order_by(audit_anchor.c.number)).all()
    anchors = [anchor_of(row, leaves.get(row.number, [])) for row in rows]
    return anchors, frozenset(row.number for row in rows if row.sent_at is not None)


def anchor_of(row: Any, leaves: Iterable[tuple[str, int, str]]) -> Anchor:
    """A row with its leaves."""
    return Anchor(
        row.number, verifier.instant(row.at), row.previous.hex(), row.leaves, row.root.hex(), row.key,
        row.signature.hex(), row.next_key, row.next_signature.hex() if row.next_signature else None,
        tuple(sorted(leaves)),
    )  # fmt: skip


def _check_texts(
    report: Report, uow: UnitOfWork, some: list[UUID] | None, seen: Seen, asked: dict[str, dict[str, list[str]]], *,
    acts: bool,
) -> None:  # fmt: skip
    """What people have written beside an act is what the act says; it is gone only where an act has erased it.

    Why somebody was asked, and why an approval does not count any more, is told by a fact, or beside one.
    """
    turned: dict[tuple[str, int], set[str]] = {}
    for stream, seq, _, link in seen.of(*verifier.TURNED):
        turned.setdefault((stream, seq), set()).update(link[-1].get("grants", ()))
    because = dict(_turned(uow, some))
    left = {(stream, seq, name): digest for (stream, seq), told in seen.texts.items() for name, digest in told.items()}
    kept_rows = each(uow, _TEXTS, history_text.c.instance_id, some)
    for row in itertools.chain(kept_rows, streamed(uow, _ACT_TEXTS) if acts else ()):
        place = (str(row.of), row.seq, row.name)
        if row.text is not None:
            asked.get(place[0], {}).pop(row.text, None)
            for grant in turned.get(place[:2], ()):
                if because.get(grant) == row.text:
                    del because[grant]
        told = left.get(place)
        kept = None if row.text is None else text_digest(row.text, row.salt)
        if told is None or kept not in (None, told) or (kept is None and row.salt is not None):
            report.add("text-changed", verifier.BROKEN, place[0], verifier.OTHER_TEXT, chain=place[0], seq=row.seq,
                       name=row.name)  # fmt: skip
        if kept is not None:
            left.pop(place, None)
    for stream, words in asked.items():
        for item in itertools.chain(*words.values()) if stream in seen.shaped else ():
            report.add("decision-changed", verifier.BROKEN, item, verifier.OTHER_REASON, item=item, chain=stream)
    _check_turned(report, seen, because, whole=some is None)
    for chain, seq, name in left.keys() - seen.erased:
        report.add("text-missing", verifier.MISSING, chain, verifier.NO_TEXT, chain=chain, seq=seq, name=name)


def _turned(uow: UnitOfWork, some: list[UUID] | None) -> Iterator[tuple[str, str]]:
    """(approval, why it is in the state in which it is)."""
    query = select(policy_grant.c.id, policy_grant.c.state_reason).where(policy_grant.c.state_reason.is_not(None))
    for row in each(uow, query, policy_grant.c.instance_id, some):
        yield str(row.id), row.state_reason


def _check_turned(report: Report, seen: Seen, because: Mapping[str, str], *, whole: bool) -> None:
    """`because`: reasons that stand beside no act that turned the approval. Not `whole`: another chain may tell it."""
    told = {}
    for stream, seq, _, link in seen.of(*verifier.TURNED):
        for grant in link[-1].get("grants", ()):
            told[grant] = (stream, seq, link[-1])
    for grant, words in because.items():
        stream, seq, data = told.get(grant, ("–", 0, {}))
        if data.get("reason") != words and ("at" in data if grant in told else whole):
            report.add("grant-state", verifier.BROKEN, grant, verifier.OTHER_REASON, item=grant, chain=stream)


def _check_contents(report: Report, uow: UnitOfWork, seen: Seen, some: list[UUID] | None) -> None:
    """The bytes of files and signatures are those of their digest; of the form's fields they may be gone where the
    chain of the request tells that it was erased."""
    erased = {stream for stream, *_ in seen.of(verifier.EMPTIED)}
    for query, of, code, message in (
        (_FILES, document.c.instance_id, "attachment-changed", verifier.OTHER_FILE),
        (_PICTURES, signature.c.instance_id, "signature-changed", verifier.OTHER_SIGNATURE),
    ):
        for row in each(uow, query.execution_options(yield_per=_FEW), of, some):
            if row.bytes == b"" and row.field is not None and str(row.of) in erased:
                continue
            if row.bytes is None or sha256(row.bytes) != row.digest:
                about = {"file": row.name, "signature": row.name, "chain": str(row.of), "seq": 0}
                report.add(code, verifier.BROKEN, str(row.id), message, **about)


def _check_copies(report: Report, uow: UnitOfWork, seen: Seen) -> None:
    """What stands in rows of policies and emergencies of what people have written is what the act says, or erased."""
    texts = {(row.seq, row.name): row.text for row in uow.execute(_POLICY_TEXTS)}
    told: dict[tuple[str, ...], tuple[int, str | None]] = {}
    for stream, seq, _, link in seen.of(*(kind.encode() for kind in WRITTEN)):
        if stream == f"{ACTS}{POLICY_SCOPE}":
            data, name = link[-1], WRITTEN[link[3]]
            words: str | None = str(data.get(name) or "")  # acts of before hold the words themselves
            if name in (data.get(TEXTS) or {}):
                words = "" if (stream, seq, name) in seen.erased else texts.get((seq, name))
            told[link[3], *copy_key(data)] = seq, words
    for _, seq, _, link in seen.of(b"policy.retirement_withdrawn"):
        place = ("policy.retirement_proposed", *copy_key(link[-1]))
        if told.get(place, (seq, ""))[0] < seq:
            told[place] = seq, ""
    for kind, name, key, found in copies(uow):
        seq, words = told.get((kind, *key), (0, ""))
        if words is not None and found != words:  # None: gone, and told of already
            report.add("text-changed", verifier.BROKEN, "@".join(key), verifier.OTHER_TEXT,
                       chain=f"{ACTS}{POLICY_SCOPE}", seq=seq, name=name)  # fmt: skip


def copy_key(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Of which row an act about policies tells."""
    return (str(data["emergency"]),) if "emergency" in data else (str(data["policy"]), str(data["version"]))


def copies(uow: UnitOfWork) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """(kind of the act, name, key, words) of what rows of policies and emergencies hold of what people have written."""
    for row in uow.execute(select(policy_version)):
        key = (row.policy_id, str(row.version))
        yield "policy.proposed", "reason", key, row.reason
        yield "policy.retirement_proposed", "reason", key, row.retire_reason or ""
    for row in uow.execute(select(break_glass)):
        yield "policy.emergency_asked", "reason", (str(row.id),), "" if row.reason == ERASED else row.reason
        yield "policy.emergency_reviewed", "review", (str(row.id),), row.review or ""


def _check_times(report: Report, uow: UnitOfWork) -> None:
    """The time of a checkpoint against that of the sink."""
    query = select(audit_anchor.c.number, audit_anchor.c.at, audit_anchor.c.sent_at)
    for row in uow.execute(query.where(audit_anchor.c.sent_at.is_not(None)).order_by(audit_anchor.c.number)):
        told: Mapping[str, Any] = {
            "number": row.number, "at": verifier.instant(row.at), "sent": verifier.instant(row.sent_at)
        }  # fmt: skip
        if row.sent_at < row.at - verifier.SLACK:
            report.add("clock-ahead", verifier.BROKEN, f"#{row.number}", verifier.CLOCK_AHEAD, **told)
        elif row.sent_at > row.at + timedelta(days=1):
            report.note("sent-late", f"#{row.number}", verifier.SENT_LATE, **told)
