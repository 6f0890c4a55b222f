"""Verify the record of Troika: chains, anchors, payments. One file that needs only Python and `cryptography`.

    python verify_audit.py EXPORT_FOLDER [--anchors FOLDER] [--keys FILE]
    python verify_audit.py evidence.json [--keys FILE]

`--anchors`: the checkpoints as they lie outside the database. `--keys`: public keys, one a line, from a printed copy.
Exit: 0 intact, 1 broken (the first broken link is named), 2 rows or streams are missing, 3 signature or key, 4 overdue.
The engine verifies with the same functions; they know nothing of it.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

INTACT, BROKEN, MISSING, SIGNATURE, OVERDUE = range(5)
GENESIS = bytes(32)
ACTS = "audit:"
"""begins the name of a stream of acts; streams of facts are named like their instance"""
ANCHOR_SCOPE, RESTORED = "anchor", "state.restored"
SLACK = timedelta(minutes=5)
"""how far a transaction that was open, or a clock that is not quite right, may stand beside a checkpoint"""
PAID_BY = "payment.execute"
EXPORT, EVIDENCE = "troika-audit-v1", "troika-evidence-v1"
ROWS = 6
"""shape of the rows of an export; 1, or none stated: decisions of people only, no policies, fewer columns; 2: no files,
signatures and held operations; 3: no accounts and groups; 4: no instances and nothing that was deployed; 5: no tasks"""
STARTED, MIGRATED = b"instance.started", b"instance.migrated"
PROCESS = 1
"""kind of a version that is a process"""
SHAPE = 4
"""what the first fact of a chain says when the chain tells of visits, decisions that became void, files, holds, tasks
and who is asked; 3: not who is asked; 2: of no tasks either"""
_TASKS = 3
"""since when it tells of tasks"""
_SHAPED = re.compile(rb'"record":([2-9])')
_ENDED = re.compile(r'"visit":"[0-9a-f]{32}"')
"""of a fact that ends a visit, in chains that tell of them"""
MOST_FINDINGS = 200
DECIDED = (b"task.decided", b"task.advised")
OPEN = ("wait", "todo", "advising", "read")
"""states in which nobody has decided yet; what is decided never comes back into one"""
VOIDED, ATTACHED, ANSWERED = b"decision.voided", b"document.attached", (b"task.confirmed", b"task.refused")
OPENED, CHOOSER = b"task.opened", b"chooser.recorded"
HELD = (b"policy.held", b"policy.held_again", b"policy.escalated")
SIGNED = b"policy.emergency_signed"
DEPLOYED = b"deployed"
PEOPLE = (b"user.created", b"group.created", b"group.member_added", b"group.member_removed")
SUBSTITUTIONS = (
    b"substitution.created", b"substitution.changed", b"substitution.approved", b"substitution.refused",
    b"substitution.ended",
)  # fmt: skip
FACT = 8
"""parts of a fact of an instance; an act outside has no element and nobody on whose behalf"""

_FACT = re.compile(
    rb'\["([^"\\]+)",(\d+),"([^"]+)","([^"\\]+)",(?:null|"(?:[^"\\]|\\.)*"),(null|"[^"]*"),(null|"[^"]*"),'
)
_ACT = re.compile(rb'\["([^"\\]+)",(\d+),"([^"]+)","([^"\\]+)",(null|"[^"]*"),')
GRANTED, CLEARED, PERFORMED = b"approval.granted", b"policy.cleared", b"operation.performed"
TURNED = {b"approval.voided": "void", b"approval.parked": "parked", b"approval.restored": "active",
          b"grants.revoked": "void"}  # fmt: skip
"""what has become of approvals, by the kind that tells it"""
STATED = (
    b"policy.proposed", b"policy.activated", b"policy.withdrawn", b"policy.retirement_proposed",
    b"policy.retirement_withdrawn", b"policy.retired", b"policy.confirmed", b"policy.reviewed",
)  # fmt: skip
EMERGENCIES = (
    b"policy.emergency_asked", SIGNED, b"policy.emergency_withdrawn", b"policy.emergency_reviewed",
)  # fmt: skip
EMPTIED = b"retention.erased"
ERASED = (b"text.erased", b"opinion.erased", EMPTIED)
SEALED_LATER = b"record.sealed"
"""the act that tells of whole rows, as they were found, of which chains of before tell less"""
UNTOLD, NOBODY = "items.untold", ("carried", "auto_timeout")
"""the name by which it tells of decisions of these sources whose facts, since rows were sealed, left out their row"""
TEXTS = "texts"
"""digests of what people have written with an act, by name; the words stand beside the chain"""
_WRITTEN = b'"texts":{'
ASKS = "asks"
"""of a fact that asks somebody: item -> the account or group; it stays so until the item is another one"""
_ASKING = b'"asks":{'
_KEPT = frozenset((
    *DECIDED, *STATED, *EMERGENCIES, GRANTED, CLEARED, PERFORMED, *TURNED, *ERASED, VOIDED, ATTACHED, *ANSWERED, *HELD,
    *PEOPLE, *SUBSTITUTIONS, b"user.disabled", b"user.enabled", SEALED_LATER, DEPLOYED, STARTED,
    MIGRATED, OPENED, CHOOSER,
))  # fmt: skip
SEALED = {
    "grants": (
        "id", "stream", "task", "item", "node", "capability", "person", "account", "behalf", "principal", "source",
        "subject_type", "subject_id", "subject_digest", "granted_at", "expires_at", "uses", "limit", "currency",
        "authority", "policies", "emergency",
    ),
    "clearances": (
        "id", "stream", "operation", "key", "kind", "policies", "versions", "subject_type", "subject_id",
        "subject_digest", "facts", "amount", "currency", "payee", "bank_version", "requester", "executor",
        "min_people", "cleared_at", "reasons", "links",
    ),
    "items": (
        "id", "stream", "task", "kind", "weight", "decision", "source", "by", "person", "behalf", "at", "subject_type",
        "subject_id", "subject_digest", "form_digest", "parent", "supersedes", "seq", "assignee", "group", "owner",
        "evidence", "added_by", "created_at", "due_at", "group_mode", "signature", "confirm_until", "confirm_else",
        "shown_form",
    ),
    "tasks": (
        "id", "stream", "token", "name", "form", "priority", "mode", "spec", "cause", "opened_seq", "created_at",
        "calendar",
    ),
    "versions": (
        "id", "policy", "version", "class", "statement", "source", "min_people", "break_glass", "proposed_by",
        "proposed_person", "proposed_at",
    ),
    "emergencies": (
        "id", "policy", "version", "stream", "subject_type", "subject_id", "subject_digest", "facts", "asked_by",
        "asked_person", "asked_at", "expires_at",
    ),
    "payments": (
        "id", "number", "request", "clearance", "stream", "amount", "currency", "payee", "account", "bank_version",
        "by", "at", "voucher",
    ),
    "signatures": ("id", "item", "stream", "kind", "signer", "name", "content", "form_digest", "seal", "at"),
    "files": ("id", "stream", "name", "version", "by", "created_at", "digest", "uploaded_by", "at", "size", "media",
              "field"),
    "holds": (
        "id", "stream", "node", "operation", "class", "subject_type", "subject_id", "reasons", "times", "at",
        "looked_at",
    ),
    "deployments": ("id", "name", "by", "at", "note", "digest"),
    "resources": ("id", "deployment", "path", "kind", "digest", "content"),
    "definitions": (
        "id", "kind", "key", "version", "name", "category", "resource", "digest", "meta", "deployed_at",
    ),
}  # fmt: skip
"""of a row, what never changes; its digest is in the chain from the beginning"""
FORMER = {
    "files": (SEALED["files"][:11],),
    "items": (SEALED["items"][:29], SEALED["items"][:15]),
    "payments": (SEALED["payments"][:12],),
}  # fmt: skip
"""what chains of before have told of"""
ADDED = {"files": ("field",), "items": ("shown_form",)}
"""columns that came later, empty: rows of which a chain of before tells have nothing there"""
SETTLED = {
    "versions": (
        "id", "approved_by", "approved_person", "retired_by", "retired_person", "weakens", "differences",
        "confirmed_by", "confirmed_at", "reviewed_by", "reviewed_at",
    ),
    "emergencies": (
        "id", "first_by", "first_person", "first_at", "second_by", "second_person", "second_at", "reviewed_by",
        "reviewed_person", "reviewed_at",
    ),
}  # fmt: skip
"""of a row, what acts write into it; each act tells its digest as it is then"""


def N_(text: str) -> str:  # noqa: N802 - marks a text for translation
    """The text itself."""
    return text


# ---------------------------------------------------------------- what is found


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that is wrong. `place`: the stream or row. `message` is a template that `facts` fill."""

    code: str
    exit: int
    place: str
    message: str
    facts: dict[str, Any] = field(default_factory=dict)

    def text(self, zh: bool = False) -> str:
        """In words."""
        return (_ZH[self.message] if zh else self.message).format(**self.facts)


@dataclass(slots=True)
class Report:
    """What was looked at, and what is wrong. `notes`: what a reader should know though nothing is wrong."""

    streams: int = 0
    instances: int = 0
    facts: int = 0
    acts: int = 0
    payments: int = 0
    anchors: int = 0
    found: list[Found] = field(default_factory=list)
    notes: list[Found] = field(default_factory=list)
    left_out: int = 0
    """findings beyond those that are listed"""

    @property
    def exit(self) -> int:
        """Of the weightiest finding: a false signature, a broken link, something missing, an overdue anchor."""
        codes = {found.exit for found in self.found}
        return next((code for code in (SIGNATURE, BROKEN, MISSING, OVERDUE) if code in codes), INTACT)

    def add(self, code: str, exit: int, place: str, message: str, **facts: Any) -> None:
        """A finding; the first ones are kept, the rest are counted, those that outweigh what is kept never left out."""
        if len(self.found) >= MOST_FINDINGS and any(found.exit == exit for found in self.found):
            self.left_out += 1
            return
        self.found.append(Found(code, exit, place, message, facts))

    def note(self, code: str, place: str, message: str, **facts: Any) -> None:
        """Something to know."""
        self.notes.append(Found(code, INTACT, place, message, facts))


# ---------------------------------------------------------------- anchors


def canonical(document: Any) -> bytes:
    """Canonical JSON of what checkpoints hold: keys sorted, no spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def leaf_hash(stream: str, seq: int, tip: bytes) -> bytes:
    """SHA-256(00 ‖ stream ‖ 00 ‖ seq as 8 bytes ‖ tip)."""
    return hashlib.sha256(b"\0" + stream.encode() + b"\0" + seq.to_bytes(8, "big") + tip).digest()


def merkle_root(leaves: list[bytes]) -> bytes:
    """SHA-256(01 ‖ left ‖ right) upwards; an odd one is carried up. No leaf: 32 zero bytes."""
    level = leaves
    while len(level) > 1:
        level = [_join(*level[at : at + 2]) for at in range(0, len(level), 2)]
    return level[0] if level else GENESIS


def merkle_path(leaves: list[bytes], at: int) -> list[tuple[str, str]]:
    """What joins leaf number `at` to the root: (side on which the other stands, its hash in hex), from below."""
    path: list[tuple[str, str]] = []
    level = leaves
    while len(level) > 1:
        other = at ^ 1
        if other < len(level):
            path.append(("left" if other < at else "right", level[other].hex()))
        level = [_join(*level[place : place + 2]) for place in range(0, len(level), 2)]
        at //= 2
    return path


def follow_path(leaf: bytes, path: Iterable[tuple[str, str]]) -> bytes:
    """The root to which `path` leads."""
    for side, other in path:
        leaf = _join(bytes.fromhex(other), leaf) if side == "left" else _join(leaf, bytes.fromhex(other))
    return leaf


def _join(left: bytes, right: bytes | None = None) -> bytes:
    return left if right is None else hashlib.sha256(b"\1" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Anchor:
    """A signed checkpoint with its leaves (stream, seq, tip in hex). `next_key`: the one that signs from now on."""

    number: int
    at: str
    previous: str
    count: int
    root: str
    key: str
    signature: str
    next_key: str | None = None
    next_signature: str | None = None
    leaves: tuple[tuple[str, int, str], ...] = ()

    @property
    def text(self) -> bytes:
        """What is signed."""
        document = {
            "number": self.number, "at": self.at, "previous": self.previous, "leaves": self.count, "root": self.root,
            "key": self.key,
        }  # fmt: skip
        if self.next_key is not None:
            document["next"] = self.next_key
        return canonical(document)

    @property
    def digest(self) -> str:
        """Hex; the next checkpoint carries it."""
        return hashlib.sha256(self.text).hexdigest()

    def document(self, *, with_leaves: bool = True) -> dict[str, Any]:
        """As it is exported."""
        told: dict[str, Any] = {"checkpoint": json.loads(self.text), "signature": self.signature}
        if self.next_signature is not None:
            told["next_signature"] = self.next_signature
        return told | ({"leaves": [list(leaf) for leaf in self.leaves]} if with_leaves else {})

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Anchor":
        """What `document` wrote. Raises KeyError, TypeError, ValueError for anything else."""
        checkpoint = document["checkpoint"]
        return cls(
            int(checkpoint["number"]), str(checkpoint["at"]), str(checkpoint["previous"]), int(checkpoint["leaves"]),
            str(checkpoint["root"]), str(checkpoint["key"]), str(document["signature"]), checkpoint.get("next"),
            document.get("next_signature"),
            tuple((str(stream), int(seq), str(tip)) for stream, seq, tip in document.get("leaves", ())),
        )  # fmt: skip


def signed(key: str, signature: str | None, text: bytes) -> bool:
    """Whether the owner of the private half of `key` (hex) has signed `text`."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature or ""), text)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(slots=True)
class Anchored:
    """What the checkpoints say of a stream: which link was its last one when."""

    tips: dict[str, list[tuple[int, str, int]]] = field(default_factory=dict)
    """by stream, in order: (seq, tip in hex, number of the checkpoint)"""
    floors: dict[int, str] = field(default_factory=dict)
    """by number: no link that this checkpoint is the first to hold is older"""
    floor: str = ""
    """the same for what no checkpoint holds yet"""


def check_anchors(report: Report, anchors: list[Anchor], trusted: frozenset[str] | None) -> None:
    """The sequence of checkpoints, their roots and signatures. `trusted` None: the first key is believed."""
    before: Anchor | None = None
    believed = set(trusted) if trusted is not None else set()
    for anchor in anchors:
        place = f"#{anchor.number}"
        if before is None and trusted is None:
            believed.add(anchor.key)
        number, digest = (1, GENESIS.hex()) if before is None else (before.number + 1, before.digest)
        if anchor.number != number:
            report.add("anchor-missing", MISSING, place, _NO_ANCHOR, number=number, found=anchor.number)
        elif anchor.previous != digest:
            report.add("anchor-rewritten", SIGNATURE, place, _ANCHOR_CHANGED, number=anchor.number)
        if anchor.key not in believed:
            report.add("anchor-key", SIGNATURE, place, _UNKNOWN_KEY, number=anchor.number, key=anchor.key[:16])
        if not signed(anchor.key, anchor.signature, anchor.text):
            report.add("anchor-signature", SIGNATURE, place, _BAD_SIGNATURE, number=anchor.number)
        elif anchor.next_key is not None:
            if signed(anchor.next_key, anchor.next_signature, anchor.text) and anchor.key in believed:
                believed.add(anchor.next_key)
            else:
                report.add("anchor-signature", SIGNATURE, place, _BAD_SIGNATURE, number=anchor.number)
        hashes = [leaf_hash(stream, seq, bytes.fromhex(tip)) for stream, seq, tip in anchor.leaves]
        if len(hashes) != anchor.count or merkle_root(hashes).hex() != anchor.root:
            report.add("anchor-leaves", BROKEN, place, _BAD_LEAVES, number=anchor.number)
        if before is not None and anchor.at < _earlier(before.at):
            report.add("clock-set-back", BROKEN, place, _CLOCK_BACK, number=anchor.number, at=anchor.at,
                       before=before.at)  # fmt: skip
        before = anchor
        report.anchors += 1


def compare_anchors(report: Report, inside: list[Anchor], outside: list[Anchor], sent: frozenset[int]) -> list[Anchor]:
    """Those of the database against those that lie outside: what lies outside is believed. `sent`: numbers sent."""
    known, kept = {anchor.number: anchor for anchor in inside}, {anchor.number: anchor for anchor in outside}
    for number, anchor in kept.items():
        if number not in known:
            report.add("anchor-lost", MISSING, f"#{number}", _ANCHOR_LOST, number=number, at=anchor.at)
        elif known[number] != anchor:
            report.add("anchor-rewritten", SIGNATURE, f"#{number}", _ANCHOR_CHANGED, number=number)
    for number in sorted(known.keys() - kept.keys()):
        if number in sent:
            report.add("anchor-not-outside", MISSING, f"#{number}", _NOT_OUTSIDE, number=number)
        else:
            report.note("anchor-unsent", f"#{number}", _UNSENT, number=number)
    return [(known | kept)[number] for number in sorted(known | kept)]


def anchored(report: Report, anchors: list[Anchor], restored: Iterable[Mapping[str, Any]]) -> Anchored:
    """What the checkpoints ask of the streams. `restored`: the data of acts that put an older state back."""
    lost: set[int] = set()
    keys = {key for anchor in anchors for key in (anchor.key, anchor.next_key) if key}
    digests = {anchor.number: anchor.digest for anchor in anchors}
    for told in restored:
        place = f"{ACTS}{ANCHOR_SCOPE}"
        named = dict(told.get("lost", ()))
        if told.get("key") not in keys or not signed(str(told.get("key")), told.get("signature"), reseal_text(told)):
            report.add("reseal-signature", SIGNATURE, place, _BAD_RESEAL)
        elif any(digests.get(number) != digest for number, digest in named.items()):
            report.add("reseal-anchors", BROKEN, place, _WRONG_RESEAL)
        else:
            lost |= named.keys()
            report.note("state-restored", place, _WAS_RESTORED, number=told["restored_to"],
                        reason=told.get("reason", "–"),
                        lost=", ".join(str(number) for number in named) or "–")  # fmt: skip
    found = Anchored()
    for anchor in anchors:
        if anchor.number in lost:
            continue
        found.floors[anchor.number] = found.floor
        found.floor = max(found.floor, _earlier(anchor.at))
        for stream, seq, tip in anchor.leaves:
            found.tips.setdefault(stream, []).append((seq, tip, anchor.number))
    return found


def reseal_text(told: Mapping[str, Any]) -> bytes:
    """What is signed when an older state was put back; the reason by its digest, and as text by the first version."""
    return canonical({name: told.get(name) for name in ("restored_to", "lost", TEXTS if TEXTS in told else "reason")})


def _earlier(at: str) -> str:
    return instant(parsed(at) - SLACK)


def parsed(at: str) -> datetime:
    """An instant of a link or checkpoint."""
    return datetime.fromisoformat(at).astimezone(UTC)


def instant(at: datetime) -> str:
    """As links and checkpoints write it; texts compare like instants."""
    return f"{at.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


# ---------------------------------------------------------------- chains


@dataclass
class Seen:
    """What the cross-checks need of the chains."""

    streams: set[str] = field(default_factory=set)
    kept: dict[bytes, list[tuple[str, int, str, list[Any]]]] = field(default_factory=dict)
    """by kind: (stream, seq, at, the link)"""
    asks: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    """by item: (stream, seq, the account or group that it asks)"""
    disabled: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """by account: the spans in which nobody could sign in with it"""
    texts: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    """by link: digests of what was written with it"""
    shaped: dict[str, int] = field(default_factory=dict)
    """how much a chain tells from its first fact on, by stream; those that tell of less stand not here"""
    erased: set[tuple[str, int, str]] = field(default_factory=set)
    """(stream, seq, name) of words that were erased, as an act tells"""
    unsealed: dict[str, dict[str, str]] = field(default_factory=dict)
    """by kind and row: digests of rows as they are, of which no chain at hand tells whole"""

    def of(self, *kinds: bytes) -> Iterator[tuple[str, int, str, list[Any]]]:
        """Links of these kinds."""
        for kind in kinds:
            yield from self.kept.get(kind, ())

    @cached_property
    def sealed_at(self) -> dict[str, str]:
        """By kind: when rows of before were put on record; that is done once."""
        return {kind: at for at, data in reversed(self._sealings) for kind in data.get("kinds", ())}

    @cached_property
    def sealed_later(self) -> dict[str, dict[str, str]]:
        """By kind and row: digests of rows of before as they were found. A kind that stands here has no others."""
        found: dict[str, dict[str, str]] = {kind: {} for kind in self.sealed_at}
        for at, data in reversed(self._sealings):  # the first act that tells of a row is believed
            for kind in data.get("kinds", ()):
                if at == self.sealed_at[kind]:
                    found[kind].update(data["rows"].get(kind, {}))
        return found

    @property
    def _sealings(self) -> list[tuple[str, dict[str, Any]]]:
        """(at, data) of the acts, in their order."""
        acts = sorted(self.of(SEALED_LATER), key=lambda one: one[1])
        return [(at, link[-1]) for stream, _, at, link in acts if stream == _RECORD]

    def told_as(self, link: list[Any]) -> str:
        """Under which name an act of sealing may tell of the item of a fact: silent ones of nobody have their own."""
        data, since = link[-1], self.sealed_at.get("items")
        silent = data.get("row") is None and data.get("decision_source") in NOBODY
        return UNTOLD if silent and since is not None and link[2] > since else "items"

    def whole(self, kind: str, row: Mapping[str, Any], digest: str | None, told_as: str | None = None) -> bool:
        """Whether a row is as a chain tells by `digest`; None: it tells nothing of it.

        What a chain of before does not tell of is as it was found later, where an act at hand tells that.
        `told_as`: the name under which it does, if not the kind.
        """
        listed = told_as or kind
        names = () if digest is None else _names_told(kind, row, digest)
        if names is None:
            return False
        more = [name for name in SEALED[kind] if name not in names and name in row]
        added = ADDED.get(kind, ())
        if names and any(row[name] is not None for name in more if name in added):
            return False
        if names and all(name in added for name in more):
            return True
        key = row_key(kind, row)
        if listed not in self.sealed_later:
            if all(name in row for name in SEALED[kind]):
                self.unsealed.setdefault(listed, {})[key] = row_digest(kind, row)
            return True
        later = self.sealed_later[listed].get(key)
        return later is not None and _names_told(kind, row, later) is not None


def walk(
    report: Report, links: Iterable[tuple[bytes, bytes]], tips: dict[str, tuple[int, bytes]], marks: Anchored,
    seen: Seen, *, acts: bool = False, accounts: frozenset[str] | None = None,
) -> None:  # fmt: skip
    """Recompute chains: (canonical text, stored hash) by stream and seq. `tips`: where each must end; emptied.

    Names the first broken link of each stream, what checkpoints hold and the chain does not, times that go back, and
    accounts that could not have acted.
    """
    sha256, pattern = hashlib.sha256, _ACT if acts else _FACT
    stream, seq, tip, at, broken = "", 0, GENESIS, "", True
    name = b""
    wanted: dict[int, tuple[str, int]] = {}
    floors: list[tuple[int, str]] = []
    floor, until = "", 0
    count = 0
    reversed_at = back_dated = False
    for text, digest in links:
        count += 1
        match = pattern.match(text)
        if match is None:
            report.add("link-unreadable", BROKEN, stream, _UNREADABLE, chain=stream, seq=seq + 1)
            broken = True
            continue
        groups = match.groups()
        if groups[0] != name:
            if name:
                _end(report, stream, seq, tip, tips, marks, broken)
            name = groups[0]
            stream = (ACTS if acts else "") + name.decode()
            seen.streams.add(stream)
            seq, tip, at, broken, reversed_at, back_dated = 0, GENESIS, "", False, False, False
            held = marks.tips.get(stream, ())
            wanted = {place: (mark, number) for place, mark, number in held}
            floors = [(place, marks.floors[number]) for place, _, number in reversed(held)]
            until, floor = floors.pop() if floors else (sys.maxsize, marks.floor)
        number = int(groups[1])
        if not broken:
            right = number == seq + 1 and (
                sha256(tip + text).digest() == digest or sha256(tip + _first_form(text)).digest() == digest
            )
            if not right:
                broken = True
                report.add("chain-broken", BROKEN, stream, _BROKEN_LINK, chain=stream, seq=number)
        now = groups[2].decode()
        if not broken:
            mark = wanted.get(number)
            if mark is not None and mark[0] != digest.hex():
                broken = True
                report.add("chain-rewritten", BROKEN, stream, _NOT_AS_ANCHORED, chain=stream, seq=number,
                           number=mark[1])  # fmt: skip
            while number > until:
                until, floor = floors.pop() if floors else (sys.maxsize, marks.floor)
            if now < at and not reversed_at:
                reversed_at = True
                report.add("time-reversed", BROKEN, stream, _TIME_BACK, chain=stream, seq=number, at=now, before=at)
            if now < floor and not back_dated:
                back_dated = True
                report.add("back-dated", BROKEN, stream, _BACK_DATED, chain=stream, seq=number, at=now, floor=floor)
        kind = groups[3]
        if number == 1 and (shape := _SHAPED.search(text)):
            seen.shaped[stream] = int(shape[1])
        if kind in _KEPT or _WRITTEN in text or _ASKING in text:
            _keep(report, seen, kind, stream, number, now, text)
        actor = groups[4][1:-1]
        if actor and actor != b"ul":
            _check_actor(report, seen, accounts, stream, number, now, actor.decode(), text)
        seq, tip, at = number, digest, now
    if name:
        _end(report, stream, seq, tip, tips, marks, broken)
    for left, (links_of, _) in tips.items():
        if links_of and left.startswith(ACTS) == acts:
            report.add("stream-missing", MISSING, left, _NO_STREAM, chain=left, seq=links_of)
    report.streams = len(seen.streams)
    if acts:
        report.acts += count
    else:
        report.facts += count
        report.instances = sum(not known.startswith(ACTS) for known in seen.streams)


def missing_streams(report: Report, marks: Anchored, seen: Seen, whole: bool = True) -> None:
    """Streams that checkpoints hold and nobody has seen."""
    told = {found.place for found in report.found if found.code == "stream-missing"}
    for stream, held in marks.tips.items():
        if whole and stream not in seen.streams and stream not in told:
            report.add("stream-missing", MISSING, stream, _STREAM_GONE, chain=stream, seq=held[-1][0],
                       number=held[-1][2])  # fmt: skip


def _end(
    report: Report, stream: str, seq: int, tip: bytes, tips: dict[str, tuple[int, bytes]], marks: Anchored,
    broken: bool,
) -> None:  # fmt: skip
    expected = tips.pop(stream, None)
    held = marks.tips.get(stream)
    if held and max(place for place, _, _ in held) > seq:
        place, _, number = max(held)
        report.add("chain-short", MISSING, stream, _ENDS_BEFORE_ANCHOR, chain=stream, seq=seq, expected=place,
                   number=number)  # fmt: skip
    elif expected is None:
        report.add("chain-orphan", MISSING, stream, _ORPHAN, chain=stream)
    elif expected[0] > seq:
        report.add("chain-short", MISSING, stream, _ENDS_EARLY, chain=stream, seq=seq, expected=expected[0])
    elif expected != (seq, tip) and not broken:
        report.add("chain-broken", BROKEN, stream, _WRONG_TIP, chain=stream, seq=seq, expected=expected[0])


def _first_form(text: bytes) -> bytes:
    """As links were written before instants ended with Z."""
    return text.replace(b'Z","', b'+00:00","', 1)


def _keep(report: Report, seen: Seen, kind: bytes, stream: str, seq: int, at: str, text: bytes) -> None:
    try:
        link = json.loads(text)
    except ValueError:
        report.add("link-unreadable", BROKEN, stream, _UNREADABLE, chain=stream, seq=seq)
        return
    if kind in (b"user.disabled", b"user.enabled"):
        spans = seen.disabled.setdefault(str(link[-1].get("user")), [])
        if kind == b"user.disabled":
            spans.append((at, "9999"))
        elif spans:
            spans[-1] = (spans[-1][0], at)
        return
    data = link[-1] or {}
    if isinstance(written := data.get(TEXTS), dict):
        seen.texts[stream, seq] = written
    if isinstance(asking := data.get(ASKS), dict):
        for item, who in asking.items():
            seen.asks.setdefault(str(item), (stream, seq, str(who)))
    if kind == b"text.erased":
        seen.erased |= {(stream, int(data["seq"]), str(name)) for name in data["names"]}
    if kind == OPENED:  # the rest is not compared, and there are many
        link[-1] = {name: data[name] for name in ("task", "task_row") if name in data}
    if kind in _KEPT:
        seen.kept.setdefault(kind, []).append((stream, seq, at, link))


def _check_actor(
    report: Report, seen: Seen, accounts: frozenset[str] | None, stream: str, seq: int, at: str, actor: str,
    text: bytes,
) -> None:  # fmt: skip
    if accounts is not None and actor not in accounts:
        report.add("actor-unknown", BROKEN, stream, _NO_ACTOR, chain=stream, seq=seq, actor=actor)
        return
    for since, to in seen.disabled.get(actor, ()):
        if since < at < to and b'"source":"job"' not in text:
            report.add("actor-disabled", BROKEN, stream, _WAS_DISABLED, chain=stream, seq=seq, actor=actor,
                       since=since)  # fmt: skip


# ---------------------------------------------------------------- payments, clearances, grants, decisions


@dataclass(slots=True)
class Rows:
    """Rows as JSON documents; ids, instants and amounts are text."""

    payments: list[dict[str, Any]] = field(default_factory=list)
    clearances: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    grants: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    """decided; those of older exports only by a person"""
    asked: list[dict[str, Any]] = field(default_factory=list)
    """not decided; `open`: and somebody still may"""
    tasks: list[dict[str, Any]] = field(default_factory=list)
    """one for each visit of an element at which people are asked"""
    versions: list[dict[str, Any]] = field(default_factory=list)
    emergencies: list[dict[str, Any]] = field(default_factory=list)
    signatures: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    """one for each version of a file of an instance"""
    holds: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)
    substitutions: list[dict[str, Any]] = field(default_factory=list)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    """files as they were deployed"""
    definitions: list[dict[str, Any]] = field(default_factory=list)
    instances: list[dict[str, Any]] = field(default_factory=list)
    tasks_told: bool = True
    """False for exports of before tasks were among the rows"""
    deployed_told: bool = True
    """False for exports of before what was deployed was among the rows"""
    people_told: bool = True
    """False for exports of before accounts and groups were among the rows"""
    files_told: bool = True
    """False for exports of before files, signatures and held operations were among the rows"""
    complete: bool = True
    """False for exports of before decisions that no person makes, policies and emergencies were among the rows"""

    def add(self, kind: str, row: dict[str, Any]) -> None:
        """`kind`: the name of one of the lists. Raises AttributeError."""
        getattr(self, kind).append(row)


def binding_digest(subject_type: str, subject_id: str, facts: Any) -> str:
    """What an approval is bound to, recomputed from its facts."""
    head = b"troika-binding-v1\0" + subject_type.encode() + b"\0" + subject_id.encode() + b"\0"
    return "sha256:" + hashlib.sha256(head + canonical(facts)).hexdigest()


def row_digest(kind: str, row: Mapping[str, Any]) -> str:
    """SHA-256 in hex over what never changes of a row of this kind. Amounts are told without trailing zeros."""
    return _digest_of(row, SEALED[kind])


def row_key(kind: str, row: Mapping[str, Any]) -> str:
    """By which acts that seal rows of before name a row."""
    return f"{row['id']}@{row['version']}" if kind == "files" else str(row["id"])


def _names_told(kind: str, row: Mapping[str, Any], digest: str) -> tuple[str, ...] | None:
    """The columns of which `digest` tells: those of now, or of before there were as many; None: it is of another row.

    A row of an older export has only the columns of its time.
    """
    shapes = (SEALED[kind], *FORMER.get(kind, ()))
    return next(
        (names for names in shapes if all(name in row for name in names) and digest == _digest_of(row, names)), None
    )


def _digest_of(row: Mapping[str, Any], names: Iterable[str]) -> str:
    told = {name: row[name] for name in names}
    for name in ("amount", "limit", "weight"):
        if told.get(name) is not None:
            told[name] = format(Decimal(told[name]).normalize(), "f")
    return hashlib.sha256(canonical(told)).hexdigest()


def settled_digest(kind: str, row: Mapping[str, Any]) -> str:
    """SHA-256 in hex over what acts have written into a row of this kind."""
    return hashlib.sha256(canonical({name: row[name] for name in SETTLED[kind]})).hexdigest()


def cross_check(report: Report, rows: Rows, seen: Seen, whole: bool = True, newest: bool = True) -> None:
    """Payment → used clearance → grants → decided item → fact of the chain → digests, each with what it stands on.

    `whole`: rows and chains are all there are, so that a fact without its row is a row that is gone.
    `newest`: nothing has happened to policies and emergencies since the chains at hand end.
    """
    clearances = {row["id"]: row for row in rows.clearances}
    grants = {row["id"]: row for row in rows.grants}
    items = {row["id"]: row for row in rows.items}
    links: dict[str, list[tuple[str, str | None]]] = {}
    for link in rows.links:
        links.setdefault(link["clearance"], []).append((link["grant"], link.get("need")))
    facts = {str(link[-1].get("item")): (stream, link) for stream, _, _, link in seen.of(*DECIDED)}
    cleared = {str(link[-1].get("clearance")): (stream, link) for stream, _, _, link in seen.of(b"policy.cleared")}
    for payment in rows.payments:
        report.payments += 1
        _check_payment(report, payment, clearances.get(payment["clearance"]))
    performed = {str(link[-1].get("clearance")): (stream, link) for stream, _, _, link in seen.of(PERFORMED)}
    states: dict[str, str] = {}
    for one in sorted(seen.of(PERFORMED), key=lambda one: (one[2], one[0], one[1])):
        states.update(one[3][-1].get("states", {}))
    for payment in rows.payments:
        _check_paid(report, payment, seen, performed.get(payment["clearance"]))
        expected = states.get(payment["id"], "ordered" if payment["stream"] in seen.shaped else None)
        if newest and "status" in payment and expected not in (None, payment["status"]):
            made = performed.get(payment["clearance"])
            report.add("payment-changed", BROKEN, payment["id"], _OTHER_PAID, payment=payment["number"],
                       chain=payment["stream"], seq=0 if made is None else made[1][1])  # fmt: skip
    for clearance in rows.clearances:
        if clearance["id"] in performed and clearance["state"] != "used":
            place, told = performed[clearance["id"]]
            report.add("clearance-changed", BROKEN, clearance["id"], _OTHER_CLEARANCE, clearance=clearance["id"],
                       chain=place, seq=told[1])  # fmt: skip
    paid = {payment["clearance"] for payment in rows.payments}
    since = _since_births(seen)
    for clearance in rows.clearances:
        linked = sorted(links.get(clearance["id"], ()))
        _check_clearance(report, clearance, [grants.get(key) for key, _ in linked])
        if clearance["stream"] in seen.streams:
            at_hand = _told_at_hand(clearance, cleared, seen, since)
            _check_cleared(report, {**clearance, "links": linked}, seen, cleared.get(clearance["id"]), at_hand)
        if whole and clearance["class"] == PAID_BY and clearance["state"] == "used" and clearance["id"] not in paid:
            report.add("payment-missing", MISSING, clearance["id"], _NO_PAYMENT, clearance=clearance["id"],
                       amount=clearance["amount"])  # fmt: skip
    emergencies = {
        (stream, link[5], str(link[-1].get("emergency")))
        for stream, _, _, link in seen.of(SIGNED)
        if len(link) == FACT  # the same act stands in the chain of the policies too
    }
    if _POLICIES in seen.streams or rows.versions:
        _check_versions(report, rows, seen, whole and rows.complete, newest)
        _check_emergencies(report, rows, seen, whole and rows.complete, newest)
    if whole and newest and rows.people_told:
        _check_people(report, rows, seen)
        _check_substitutions(report, rows, seen)
    if whole and newest and rows.deployed_told:
        _check_deployed(report, rows, seen)
    if whole and newest:
        _check_sealed_later(report, rows, seen)
    _check_instances(report, rows, seen, newest, versions_told=whole and rows.deployed_told)
    _check_owners(report, rows, seen, whole)
    _check_tasks(report, rows, seen, whole, newest)
    _check_asked(report, rows, seen, whole, newest)
    _check_signatures(report, rows, seen, whole)
    _check_files(report, rows, seen, whole)
    _check_holds(report, rows, seen, whole)
    voids = _voids(seen)
    answers = {str(link[-1].get("item")): link for _, _, _, link in seen.of(*ANSWERED)}
    _check_births(report, rows, seen, whole)
    _check_states(report, rows, seen, whole)
    erased = {str(link[-1].get("item")) for _, _, _, link in seen.of(b"opinion.erased")}
    erased |= {str(click) for key in erased if key in facts and (click := facts[key][1][-1].get("evidence"))}
    for grant in rows.grants:
        _check_grant(report, grant, items.get(grant["item"]))
        if grant["source"] != "human" and grant["stream"] in seen.streams:
            _check_emergency(report, grant, emergencies)
    for item in rows.items:
        if item["stream"] in seen.streams:
            _check_item(report, item, seen, facts.get(item["id"]), erased)
            if newest:
                _check_standing(report, item, seen, facts.get(item["id"]), voids, answers.get(item["id"]))
    _tell_of_before(report, seen)
    if whole:
        for key, (stream, fact) in facts.items():
            listed = rows.complete or fact[-1].get("decision_source") in ("human", None)
            if key != "None" and key not in items and listed:
                report.add("item-missing", MISSING, stream, _NO_ITEM, chain=stream, seq=fact[1], item=key)
        for key, (stream, fact) in cleared.items():
            if key not in clearances:
                report.add("clearance-missing", MISSING, stream, _NO_CLEARANCE, chain=stream, seq=fact[1],
                           clearance=key)  # fmt: skip


def _tell_of_before(report: Report, seen: Seen) -> None:
    """Of how many rows chains do not tell whole, and since when what they do not tell is held."""
    if count := sum(map(len, seen.unsealed.values())):
        report.note("rows-unsealed", "rows", _UNSEALED, count=count)
    for at in sorted(set(seen.sealed_at.values())):
        if count := sum(len(rows) for kind, rows in seen.sealed_later.items() if seen.sealed_at[kind] == at):
            report.note("rows-sealed-later", "rows", _SEALED_LATER, count=count, at=at)


def _check_payment(report: Report, payment: Mapping[str, Any], clearance: Mapping[str, Any] | None) -> None:
    told = {"payment": payment["number"], "amount": f"{payment['amount']} {payment['currency']}"}
    if clearance is None:
        report.add("payment-uncleared", BROKEN, payment["id"], _UNCLEARED, **told, found="–")
        return
    same = all(payment[name] == clearance[name] for name in ("amount", "currency", "payee", "bank_version"))
    if clearance["state"] != "used" or not same:
        found = f"{clearance['state']} {clearance['amount']} {clearance['currency']}"
        report.add("payment-uncleared", BROKEN, payment["id"], _UNCLEARED, **told, found=found)


def _check_paid(report: Report, payment: Mapping[str, Any], seen: Seen, fact: tuple[str, list[Any]] | None) -> None:
    """Payments of before chains told of them have no digest there."""
    stream, seq, digest = (
        (payment["stream"], 0, None) if fact is None else (fact[0], fact[1][1], fact[1][-1].get("row"))
    )
    if not seen.whole("payments", payment, digest):
        report.add("payment-changed", BROKEN, payment["id"], _OTHER_PAID, payment=payment["number"], chain=stream,
                   seq=seq)  # fmt: skip


def _check_clearance(report: Report, clearance: Mapping[str, Any], grants: list[Mapping[str, Any] | None]) -> None:
    if clearance["state"] == "void":
        return
    good = [
        grant for grant in grants
        if grant is not None and grant["subject_digest"] == clearance["subject_digest"]
        and (grant["subject_type"], grant["subject_id"]) == (clearance["subject_type"], clearance["subject_id"])
        and grant["granted_at"] <= clearance["cleared_at"] <= grant["expires_at"]
        and (clearance["state"] != "used" or grant["state"] == "consumed" or grant["uses"] == "up_to_amount")
    ]  # fmt: skip
    people = len({grant["person"] for grant in good})
    if len(good) != len(grants) or people < (clearance["min_people"] if grants else 0):
        report.add("clearance-grants", BROKEN, clearance["id"], _FEW_GRANTS, clearance=clearance["id"],
                   expected=clearance["min_people"], found=people)  # fmt: skip
    if clearance["class"] == PAID_BY and not grants:
        report.add("clearance-grants", BROKEN, clearance["id"], _FEW_GRANTS, clearance=clearance["id"],
                   expected=clearance["min_people"], found=0)  # fmt: skip


def _told_at_hand(clearance: Mapping[str, Any], cleared: Mapping[str, Any], seen: Seen, since: str) -> bool:
    """Whether the chains at hand must tell of it. An act of the engine's own is told of beside those of policies."""
    if clearance["id"] in cleared or clearance["class"] is not None:
        return True
    return _POLICIES in seen.streams and clearance["cleared_at"] >= since


def _check_cleared(
    report: Report, clearance: Mapping[str, Any], seen: Seen, fact: tuple[str, list[Any]] | None, told: bool
) -> None:  # fmt: skip
    """`told`: the chains at hand must tell of it."""
    if told and (fact is None or fact[0] not in (clearance["stream"], _POLICIES)):
        report.add("clearance-unrecorded", BROKEN, clearance["id"], _UNRECORDED_CLEARANCE, clearance=clearance["id"])
        return
    stream, link = fact or (clearance["stream"], [None, 0, {}])
    data = link[-1]
    same = seen.whole("clearances", clearance, data.get("row"))
    if fact is not None:
        same = same and sorted(data.get("grants", ())) == [key for key, _ in clearance["links"]]
        same = same and data.get("digest") == clearance["subject_digest"]
    if not same:
        report.add("clearance-changed", BROKEN, clearance["id"], _OTHER_CLEARANCE, clearance=clearance["id"],
                   chain=stream, seq=link[1])  # fmt: skip


def _check_grant(report: Report, grant: Mapping[str, Any], item: Mapping[str, Any] | None) -> None:
    told = {"grant": grant["id"], "subject": f"{grant['subject_type']} {grant['subject_id']}"}
    if binding_digest(grant["subject_type"], grant["subject_id"], grant["facts"]) != grant["subject_digest"]:
        report.add("grant-digest", BROKEN, grant["id"], _WRONG_DIGEST, **told)
    if grant["source"] != "human":
        return
    made_by = item is not None and item["decision"] == "agreed" and item["source"] == "human" and (
        (item["by"], item["person"], item["behalf"], item["subject_digest"], item["stream"])
        == (grant["account"], grant["person"], grant["behalf"], grant["subject_digest"], grant["stream"])
    )  # fmt: skip
    if not made_by:
        report.add("grant-undecided", BROKEN, grant["id"], _NO_DECISION, **told)


def _check_emergency(report: Report, grant: Mapping[str, Any], signed_by: set[tuple[str, str, str]]) -> None:
    """Of two people who answer for it: each signature is a fact of the chain."""
    if (grant["stream"], grant["account"], grant["emergency"]) not in signed_by:
        told = {"grant": grant["id"], "subject": f"{grant['subject_type']} {grant['subject_id']}"}
        report.add("grant-undecided", BROKEN, grant["id"], _NO_DECISION, **told)


def _check_versions(report: Report, rows: Rows, seen: Seen, whole: bool, newest: bool) -> None:
    """Versions of policies are as they were stated, and in the state in which acts have put them; nobody alone did."""
    told: dict[tuple[str, int], dict[str, Any]] = {}
    ordered = sorted((seq, link) for stream, seq, _, link in seen.of(*STATED) if stream == _POLICIES)
    for _, link in ordered:
        kind, actor, data = link[3], link[4], link[5]
        place = (str(data["policy"]), int(data["version"]))
        one = told.setdefault(place, {})
        if "row" in data:
            one["row"] = data["row"]
        one["now"] = data.get("now")  # acts of before do not tell it
        match kind:
            case "policy.proposed":
                one |= {"state": "proposed", "proposed_by": actor}
            case "policy.activated":
                for other, before in told.items():
                    if other[0] == place[0] and before.get("state") == "active":
                        before |= {"state": "retired", "valid_to": data.get("valid_from")}
                one |= {"state": "active", "approved_by": actor if "proposed_by" in data else None,
                        "valid_from": data.get("valid_from")}  # fmt: skip
                if actor is not None and data.get("proposed_by") == actor:
                    report.add("policy-by-one", BROKEN, f"{place[0]}@{place[1]}", BY_ONE, policy=place[0],
                               version=place[1])  # fmt: skip
            case "policy.withdrawn" | "policy.retired":
                one |= {"state": "retired", "valid_to": data.get("valid_to")}
            case "policy.retirement_proposed":
                one["retired_by"] = actor
            case "policy.retirement_withdrawn":
                one["retired_by"] = None
            case "policy.confirmed":
                one["confirmed_by"] = actor
            case "policy.reviewed":
                one["reviewed_by"] = actor
    known = {(row["policy"], row["version"]): row for row in rows.versions}
    for place, row in known.items():
        one, about = told.get(place, {}), {"policy": place[0], "version": place[1]}
        if "state" not in one or (row["state"] == "active") > (one["state"] == "active"):
            report.add("policy-unrecorded", BROKEN, f"{place[0]}@{place[1]}", NOT_TOLD, **about)
            continue
        people = ("state", "approved_by", "retired_by", "confirmed_by", "reviewed_by") if newest else ("approved_by",)
        same = all(row[name] == one.get(name) for name in people)
        names = ("valid_from", "valid_to", "proposed_by") if newest else ("valid_from", "proposed_by")
        same = same and all(one.get(name) in (None, row[name]) for name in names)
        same = same and (row["state"] == "retired" or row["valid_to"] is None)
        same = same and (not newest or one["now"] is None or one["now"] == settled_digest("versions", row))
        if not same or not seen.whole("versions", row, one.get("row")):
            report.add("policy-changed", BROKEN, f"{place[0]}@{place[1]}", OTHER_VERSION, **about)
    for place in told.keys() - known.keys() if whole else ():
        report.add("policy-missing", MISSING, f"{place[0]}@{place[1]}", NO_VERSION, policy=place[0], version=place[1])


def _check_emergencies(report: Report, rows: Rows, seen: Seen, whole: bool, newest: bool) -> None:
    """Emergencies are as they were asked for, and signed and looked at by those of whom acts tell."""
    told: dict[str, list[list[Any]]] = {}
    ordered = sorted((seq, link) for stream, seq, _, link in seen.of(*EMERGENCIES) if stream == _POLICIES)
    for _, link in ordered:
        told.setdefault(str(link[5]["emergency"]), []).append(link)
    known = {row["id"]: row for row in rows.emergencies}
    for key, row in known.items():
        by_kind: dict[str, list[Any]] = {}
        for link in told.get(key, ()):
            by_kind.setdefault(link[3].removeprefix("policy.emergency_"), []).append(link)
        signed_by = [link[4] for link in by_kind.get("signed", ())]
        looked = [link[4] for link in by_kind.get("reviewed", ())]
        state = "reviewed" if looked else "withdrawn" if "withdrawn" in by_kind else "asked"
        state = "signed" if state == "asked" and len(signed_by) == 2 else state
        digest = next((link[5].get("row") for link in by_kind.get("asked", ())), None)
        same = row["signed"] == signed_by
        if newest:
            now = told[key][-1][5].get("now") if key in told else None
            same = same and (row["state"], row["reviewed_by"]) == (state, (looked or [None])[0])
            same = same and (now is None or now == settled_digest("emergencies", row))
        if not told.get(key) or not same or not seen.whole("emergencies", row, digest):
            report.add("emergency-changed", BROKEN, key, OTHER_EMERGENCY, emergency=key, policy=row["policy"])
    for key in told.keys() - known.keys() if whole else ():
        report.add("emergency-missing", MISSING, key, NO_EMERGENCY, emergency=key)


_POLICIES, _RECORD, _DEPLOYMENTS = (f"{ACTS}{scope}" for scope in ("policy", "record", "deployment"))


def _since_births(seen: Seen) -> str:
    """When chains began to tell of the making of approvals."""
    return min((at for _, _, at, _ in seen.of(GRANTED)), default="9999")


def _check_births(report: Report, rows: Rows, seen: Seen, whole: bool) -> None:
    """Each approval is as it was made, none is gone, and none was put in since chains tell of their making."""
    born = {
        key: (stream, seq, digest)
        for stream, seq, _, link in seen.of(GRANTED)
        for key, digest in link[-1].get("grants", {}).items()
    }
    since = _since_births(seen)
    decided = {row["id"]: row["at"] for row in rows.items}
    known = set()
    for grant in rows.grants:
        known.add(grant["id"])
        told = {"grant": grant["id"], "subject": f"{grant['subject_type']} {grant['subject_id']}"}
        if (birth := born.get(grant["id"])) is not None:
            if birth[0] != grant["stream"] or row_digest("grants", grant) != birth[2]:
                report.add("grant-changed", BROKEN, grant["id"], _OTHER_GRANT, **told, chain=birth[0], seq=birth[1])
        elif grant["stream"] not in seen.streams:
            continue
        elif max(grant["granted_at"], decided.get(grant["item"], "")) >= since:
            report.add("grant-unrecorded", BROKEN, grant["id"], _UNRECORDED_GRANT, **told)
        elif not seen.whole("grants", grant, None):
            report.add("grant-changed", BROKEN, grant["id"], _OTHER_GRANT, **told, chain=grant["stream"], seq=0)
    if whole:
        for key, (stream, seq, _) in born.items():
            if key not in known:
                report.add("grant-missing", MISSING, stream, _NO_GRANT, chain=stream, seq=seq, grant=key)


def _check_states(report: Report, rows: Rows, seen: Seen, whole: bool) -> None:
    """An approval counts, waits, is void or used up because something on record has made it so.

    Not `whole`: what other chains tell is not known, only that what the chain at hand tells is so.
    """
    turned: dict[str, list[tuple[str, int, str, str | None]]] = {}
    for kind, word in TURNED.items():
        for _, seq, at, link in seen.of(kind):
            for key in link[-1].get("grants", ()):
                turned.setdefault(key, []).append((at, seq, word, link[-1].get("at")))
    born = {key for _, _, _, link in seen.of(GRANTED) for key in link[-1].get("grants", {})}
    used = {row["id"]: Decimal(row["amount"]) for row in rows.clearances if row["state"] == "used"}
    taken: dict[str, list[Decimal]] = {}
    for one in rows.links:
        if one["clearance"] in used:
            taken.setdefault(one["grant"], []).append(used[one["clearance"]])
    for grant in rows.grants:
        turns = sorted(turned.get(grant["id"], ()), key=lambda one: one[:3])
        words = [word for _, _, word, _ in turns]
        parts = taken.get(grant["id"], [])
        spent = Decimal(0) if grant["uses"] == "once" else sum(parts, Decimal(0))
        full = bool(parts) and (grant["uses"] == "once" or spent == Decimal(grant.get("limit") or 0))
        expected = "void" if "void" in words else "consumed" if full else words[-1] if words else "active"
        sure = expected == "void" or (whole and grant["id"] in born)
        other = whole and "used" in grant and Decimal(grant["used"]) != spent
        if "state_at" in grant and expected != "consumed" and (not turns or turns[-1][3] is not None):
            other = other or grant["state_at"] != (turns[-1][3] if turns else None)
        if sure and (grant["state"] != expected or other):
            report.add("grant-state", BROKEN, grant["id"], _OTHER_STATE, grant=grant["id"],
                       subject=f"{grant['subject_type']} {grant['subject_id']}", found=grant["state"],
                       expected=expected)  # fmt: skip


def _check_sealed_later(report: Report, rows: Rows, seen: Seen) -> None:
    """No row of before is gone since it was put on record."""
    for listed, digests in seen.sealed_later.items():
        kind = "items" if listed == UNTOLD else listed
        known = {row_key(kind, row) for row in getattr(rows, kind)} if kind in SEALED else digests.keys()
        for key in digests.keys() - known:
            report.add("row-missing", MISSING, key, _NO_ROW, kind=kind, key=key)


def _check_instances(report: Report, rows: Rows, seen: Seen, newest: bool, versions_told: bool) -> None:
    """An instance is the one that its first fact tells of, in the version in which facts have put it, which is there.

    `versions_told`: all versions of processes are among the rows.
    """
    begun = {stream: link for stream, seq, _, link in seen.of(STARTED) if seq == 1}
    moved = {stream: link[-1]["to"] for stream, _, _, link in seen.of(MIGRATED) if link[-1]["scope"] == 0}
    emptied = {stream for stream, *_ in seen.of(EMPTIED)}
    versions = {(row["key"], row["version"]): row["id"] for row in rows.definitions if row["kind"] == PROCESS}
    there = set(versions.values())
    for row in rows.instances if newest else ():
        if (link := begun.get(row["id"])) is None:
            continue
        data = link[-1]
        first = versions.get((data.get("process"), data.get("version")))
        if versions_told and (row["definition"] not in there or (first is None and "version" in data)):
            report.add("version-missing", MISSING, row["id"], _NO_PROCESS, instance=row["number"] or row["id"],
                       process=row["process"])  # fmt: skip
        told = {
            "created_at": link[2], "starter": link[5],
            "definition": moved.get(row["id"], first or row["definition"]),
            "erased": row["id"] in emptied, "submission": data.get("submission", 1), "resubmits": data.get("resubmits"),
            **{name: data[name] for name in ("process", "number", "business_key") if name in data},
        }  # fmt: skip
        if any(row[name] != value for name, value in told.items()):
            report.add("instance-changed", BROKEN, row["id"], _OTHER_INSTANCE, instance=row["number"] or row["id"])


def _check_owners(report: Report, rows: Rows, seen: Seen, whole: bool) -> None:
    """Each row belongs to a chain that is there."""
    if not whole:
        return
    for item in rows.items:
        if item["stream"] not in seen.streams:
            report.add("decision-unrecorded", BROKEN, item["id"], _UNRECORDED, item=item["id"], chain=item["stream"])
    for clearance in rows.clearances:
        if clearance["stream"] not in seen.streams:
            report.add("clearance-unrecorded", BROKEN, clearance["id"], _UNRECORDED_CLEARANCE,
                       clearance=clearance["id"])  # fmt: skip
    for grant in rows.grants:
        if grant["stream"] not in seen.streams:
            report.add("grant-unrecorded", BROKEN, grant["id"], _UNRECORDED_GRANT, grant=grant["id"],
                       subject=f"{grant['subject_type']} {grant['subject_id']}")  # fmt: skip


def _voids(seen: Seen) -> dict[str, tuple[str, int, Mapping[str, Any]]]:
    """(chain, number, data) of what has made a decision void, by item."""
    voids: dict[str, tuple[str, int, Mapping[str, Any]]] = {}
    for stream, seq, _, link in seen.of(VOIDED):
        for key in link[-1].get("items", ()):
            voids.setdefault(key, (stream, seq, link[-1]))  # what is void already stays as it is
    return voids


def _check_standing(
    report: Report, item: Mapping[str, Any], seen: Seen, fact: tuple[str, list[Any]] | None,
    voids: Mapping[str, tuple[str, int, Mapping[str, Any]]], answer: list[Any] | None,
) -> None:  # fmt: skip
    """A decision is void, and a substitute's is answered, where a fact says so; older exports do not tell."""
    if "void_at" not in item or item["stream"] not in seen.shaped:
        return
    void = voids.get(item["id"])
    expected = void[2].get("at") if void is not None else None
    answered = (answer[2], answer[5]) if answer is not None else (None, None)
    wrong = item["void_at"] != expected or (item["answered_at"], item["answered_by"]) != answered
    wrong = wrong or item["status"] in OPEN or (expected is None and item["void_reason"])
    if wrong:
        number = fact[1][1] if fact is not None else void[1] if void is not None else 0
        report.add("decision-changed", BROKEN, item["id"], _OTHER_DECISION, item=item["id"], chain=item["stream"],
                   seq=number)  # fmt: skip


def _check_tasks(report: Report, rows: Rows, seen: Seen, whole: bool, newest: bool) -> None:
    """A task asks what it was opened with, at its element or what that is called now, and is void where a fact says so:
    by it the gate knows who named those who approved."""
    told, voids, moves = _tasks_told(seen)
    known = set()
    for row in rows.tasks:
        known.add(row["id"])
        made, there = told.get(row["id"]), row["stream"] in seen.streams
        all_told = seen.shaped.get(row["stream"], 0) >= _TASKS
        about = {"task": row["id"], "node": row["node"], "chain": row["stream"], "seq": made["seq"] if made else 0}
        if not there and not whole:
            continue
        if (made is None or made["row"] is None) and (all_told or not there):
            report.add("task-unrecorded", BROKEN, row["id"], _UNRECORDED_TASK, **about)
            continue
        same = seen.whole("tasks", row, made["row"] if made else None)
        if made is not None and newest:
            after = (data for seq, data in moves.get(row["stream"], ()) if seq > made["seq"])
            same = same and made["stream"] == row["stream"] and _is_at(row, made["node"], after)
        void = voids.get(row["id"])
        if newest and (all_told or void is not None):
            same = same and row["void_at"] == void
        if not same:
            report.add("task-changed", BROKEN, row["id"], _OTHER_TASK, **about)
    for key, one in told.items() if whole and rows.tasks_told else ():
        if key not in known:
            report.add("task-missing", MISSING, one["stream"], _NO_TASK, chain=one["stream"], seq=one["seq"], task=key)


def _check_asked(report: Report, rows: Rows, seen: Seen, whole: bool, newest: bool) -> None:
    """Whoever may act on a task, and whoever might have when it was decided, is whom a fact has asked. Nobody who was
    is gone: a round of all of them would pass without him.

    Chains of before do not tell of all of them.
    """
    known = {row["id"] for row in (*rows.asked, *rows.items)}
    known |= {str(link[-1].get("item")) for _, _, _, link in seen.of(*DECIDED)}  # those are looked for as decisions
    for key, (stream, seq, _) in seen.asks.items() if whole and rows.tasks_told else ():
        if key not in known:
            report.add("asked-missing", MISSING, stream, _NOT_ASKED, chain=stream, seq=seq, item=key)
    for row, open_ in [*((one, one.get("open", True)) for one in rows.asked), *((one, False) for one in rows.items)]:
        stream, seq, who = seen.asks.get(row["id"], (row["stream"], 0, ""))
        about = {"item": row["id"], "task": row.get("task", "?"), "chain": stream, "seq": seq}
        if row["id"] not in seen.asks:
            if open_ and newest and seen.shaped.get(row["stream"], 0) >= SHAPE:
                report.add("asked-unrecorded", BROKEN, row["id"], _UNRECORDED_ASKED, **about)
        elif "assignee" in row and ((row["assignee"] or row["group"]) != who or row["stream"] != stream):
            report.add("asked-changed", BROKEN, row["id"], _OTHER_ASKED, **about)


def _tasks_told(
    seen: Seen,
) -> tuple[dict[str, dict[str, Any]], dict[str, str], dict[str, list[tuple[int, Mapping[str, Any]]]]]:
    """Of each task where it was opened and the newest digest of its row; since when it is void; by stream, in their
    order, what was renamed (its number, the data)."""
    told: dict[str, dict[str, Any]] = {}
    for stream, seq, _, link in sorted(seen.of(OPENED, *DECIDED, CHOOSER), key=lambda one: one[:2]):
        if (key := link[-1].get("task")) is not None:
            one = told.setdefault(str(key), {"stream": stream, "seq": seq, "node": link[4], "row": None})
            one["row"] = link[-1].get("task_row", one["row"])
    voids: dict[str, str] = {}
    for _, _, _, link in sorted(seen.of(VOIDED), key=lambda one: one[:2]):
        for key in link[-1].get("tasks", ()):
            voids.setdefault(key, link[-1]["at"])  # what is void already stays as it is
    moves: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for stream, seq, _, link in sorted(seen.of(MIGRATED), key=lambda one: one[:2]):
        moves.setdefault(stream, []).append((seq, link[-1]))
    return told, voids, moves


def _is_at(row: Mapping[str, Any], node: str, moves: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a task may stand at its element: it was opened at `node`, and versions to which it followed rename some.

    Facts of before do not tell of all that was renamed.
    """
    names = {node}
    for data in moves:
        if "renamed" not in data:
            return True
        here = {after for token, _, after in data["tokens"] if token == row["token"]}
        names |= here | {after for before, after in data["renamed"] if before in names}
    return row["node"] in names


def _check_signatures(report: Report, rows: Rows, seen: Seen, whole: bool) -> None:
    """Each signature is the one that the fact of its decision names."""
    told = {
        str(link[-1]["signature"]): (stream, seq, link[-1])
        for stream, seq, _, link in seen.of(*DECIDED)
        if "signature" in link[-1]
    }
    known = set()
    for row in rows.signatures:
        known.add(row["id"])
        place = told.get(row["id"])
        if place is None and row["stream"] not in seen.streams and not whole:
            continue
        about = {"signature": row["id"], "chain": row["stream"], "seq": place[1] if place is not None else 0}
        data: Mapping[str, Any] = place[2] if place is not None else {}
        same = place is not None and place[0] == row["stream"] and str(data.get("item")) == row["item"]
        same = same and (data.get("signature_digest"), data.get("signature_seal")) == (row["content"], row["seal"])
        if not same or not seen.whole("signatures", row, data.get("signature_row")):
            report.add("signature-changed", BROKEN, row["id"], OTHER_SIGNATURE, **about)
    for key, (stream, seq, _) in told.items() if whole and rows.files_told else ():
        if key not in known:
            report.add("signature-missing", MISSING, stream, _NO_SIGNATURE, signature=key, chain=stream, seq=seq)


def _check_files(report: Report, rows: Rows, seen: Seen, whole: bool) -> None:
    """Each version of a file of a request is as it was when it was attached, and none is gone."""
    told = {
        (str(link[-1]["document"]), int(link[-1]["version"])): (stream, seq, link[-1]["row"])
        for stream, seq, _, link in seen.of(ATTACHED)
        if "row" in link[-1]
    }
    known = set()
    newest: dict[str, int] = {}
    for row in rows.files:
        known.add((row["id"], row["version"]))
        newest[row["id"]] = max(newest.get(row["id"], 0), row["version"])
    for row in rows.files:
        place = told.get((row["id"], row["version"]))
        stream = row["stream"]
        about = {"file": row["name"], "chain": stream, "seq": place[1] if place is not None else 0}
        if place is None:
            if stream in seen.shaped or (whole and stream not in seen.streams):
                report.add("attachment-unrecorded", BROKEN, row["id"], _UNRECORDED_FILE, **about)
            elif not seen.whole("files", row, None):
                report.add("attachment-changed", BROKEN, row["id"], OTHER_FILE, **about)
            continue
        same = place[0] == stream == row["owner"] and row["owner_type"] == "instance"
        same = same and seen.whole("files", row, place[2]) and row["current"] == newest[row["id"]]
        if not same:
            report.add("attachment-changed", BROKEN, row["id"], OTHER_FILE, **about)
    for (key, _), (stream, seq, _) in told.items() if whole and rows.files_told else ():
        if key not in newest:
            report.add("attachment-missing", MISSING, stream, _NO_FILE, file=key, chain=stream, seq=seq)
    for (key, version), (stream, seq, _) in told.items() if whole and rows.files_told else ():
        if key in newest and (key, version) not in known:
            report.add("attachment-missing", MISSING, stream, _NO_FILE, file=key, chain=stream, seq=seq)


def _check_holds(report: Report, rows: Rows, seen: Seen, whole: bool) -> None:
    """What was held is as facts tell: what and why, how often, who above was told, and when it was let through."""
    told: dict[str, dict[str, Any]] = {}
    ordered = sorted(
        ((at, stream, seq, link) for stream, seq, at, link in seen.of(*HELD) if "job" in link[-1]),
        key=lambda one: one[:3],
    )
    for _, stream, seq, link in ordered:
        one = told.setdefault(str(link[-1]["job"]), {"escalated": None})
        one |= {"stream": stream, "seq": seq}
        if link[3] == "policy.escalated":
            one["escalated"] = link[-1].get("at")
        else:
            one["row"] = link[-1]["row"]
    cleared = {row.get("key"): row["cleared_at"] for row in rows.clearances}
    known = set()
    for row in rows.holds:
        known.add(row["id"])
        hold = told.get(row["id"])
        about = {"operation": row["operation"], "chain": row["stream"] or _POLICIES, "seq": hold["seq"] if hold else 0}
        if hold is None:
            lost = whole and row["stream"] is not None and row["stream"] not in seen.streams
            if lost or row["stream"] in seen.shaped:
                report.add("hold-unrecorded", BROKEN, row["id"], _UNRECORDED_HOLD, **about)
            elif not seen.whole("holds", row, None):
                report.add("hold-changed", BROKEN, row["id"], _OTHER_HOLD, **about)
            continue
        same = hold["stream"] == (row["stream"] or _POLICIES) and seen.whole("holds", row, hold.get("row"))
        same = same and row["escalated_at"] == hold["escalated"] and row["ended_at"] == cleared.get(row["id"])
        if not same:
            report.add("hold-changed", BROKEN, row["id"], _OTHER_HOLD, **about)
    for key, hold in told.items() if whole and rows.files_told else ():
        if key not in known:
            report.add("hold-missing", MISSING, hold["stream"], _NO_HOLD, chain=hold["stream"], seq=hold["seq"])


def _check_people(report: Report, rows: Rows, seen: Seen) -> None:
    """Accounts, who is behind them, groups and their members are as acts tell: such people are counted and entitled."""
    made = {str(link[-1].get("user")): link for _, _, _, link in seen.of(b"user.created")}
    for row in rows.accounts:
        link = made.pop(row["id"], None)
        if link is None:
            report.add("account-unrecorded", BROKEN, row["id"], _UNRECORDED_ACCOUNT, account=row["id"])
            continue
        told, spans = link[-1], seen.disabled.get(row["id"], [])
        same = told.get("login_digest") in (None, row["login"]) and told.get("person", row["person"]) == row["person"]
        if not same or row["disabled"] != (bool(spans) and spans[-1][1] == "9999"):
            report.add("account-changed", BROKEN, row["id"], _OTHER_ACCOUNT, account=row["id"], seq=link[1])
    for key, link in made.items():
        report.add("account-missing", MISSING, key, _NO_ACCOUNT, account=key, seq=link[1])
    stated = {str(link[-1].get("group")): link for _, _, _, link in seen.of(b"group.created")}
    for row in rows.groups:
        link = stated.pop(row["key"], None)
        if link is None:
            report.add("group-unrecorded", BROKEN, row["key"], _UNRECORDED_GROUP, group=row["key"])
        elif link[-1].get("capabilities") != row["capabilities"]:
            report.add("group-changed", BROKEN, row["key"], _OTHER_GROUP, group=row["key"], seq=link[1])
    for key, link in stated.items():
        report.add("group-missing", MISSING, key, _NO_GROUP, group=key, seq=link[1])
    members: dict[tuple[str, str], list[Any]] = {}
    for _, _, _, link in sorted(seen.of(*PEOPLE[2:]), key=lambda one: one[1]):
        member = str(link[-1]["group"]), str(link[-1]["user"])
        if link[3] == "group.member_added":
            members[member] = link
        else:
            members.pop(member, None)
    for row in rows.members:
        if members.pop((row["group"], row["user"]), None) is None:
            place = f"{row['group']} {row['user']}"
            report.add("member-unrecorded", BROKEN, place, _UNRECORDED_MEMBER, group=row["group"], account=row["user"])
    for (group, user), link in members.items():
        report.add("member-missing", MISSING, f"{group} {user}", _NO_MEMBER, group=group, account=user, seq=link[1])


def _check_deployed(report: Report, rows: Rows, seen: Seen) -> None:
    """What was deployed is as acts tell: drawings, decisions and forms, with the bytes of their files."""
    told: dict[str, dict[str, tuple[int, str]]] = {}
    acts = [(seq, link[-1].get("rows")) for stream, seq, _, link in seen.of(DEPLOYED) if stream == _DEPLOYMENTS]
    older = any(digests is None for _, digests in acts)
    for seq, by_kind in acts:
        for kind, digests in (by_kind or {}).items():
            told.setdefault(kind, {}).update({key: (seq, digest) for key, digest in digests.items()})
    for kind in ("deployments", "resources", "definitions"):
        made = told.get(kind, {})
        for row in getattr(rows, kind):
            _, digest = made.pop(row["id"], (0, None))
            name = row.get("path") or row.get("key") or row["name"]
            if (older or digest is not None) and seen.whole(kind, row, digest):
                continue
            if digest is None and row["id"] not in seen.sealed_later.get(kind, {}):
                report.add("deployed-unrecorded", BROKEN, row["id"], _UNRECORDED_DEPLOYED, name=name)
            else:
                report.add("deployed-changed", BROKEN, row["id"], _OTHER_DEPLOYED, name=name)
        for key, (seq, _) in made.items():
            report.add("deployed-missing", MISSING, key, _NO_DEPLOYED, key=key, seq=seq)
    files = {row["content"] for row in rows.resources}
    for item in rows.items:
        if (shown := item.get("shown_form")) is not None and shown not in files:
            report.add("form-missing", MISSING, item["id"], _NO_FORM, item=item["id"], digest=shown)


def _check_substitutions(report: Report, rows: Rows, seen: Seen) -> None:
    """Who may act for whom is as acts tell. Acts of before told less: what they did tell is compared."""
    ordered = [link for _, _, _, link in sorted(seen.of(*SUBSTITUTIONS), key=lambda one: one[1])]
    told = {str(link[-1]["id"]): link for link in ordered if "row" in link[-1]}
    older = [link for link in ordered if "row" not in link[-1]]
    made = [link for link in older if link[3] == "substitution.created"]
    ended = [link for link in older if link[3] == "substitution.ended"]
    only_older = 0
    since = next((link[1] for link in made if "state" in link[-1]), sys.maxsize)  # before it what ended was deleted
    for row in sorted(rows.substitutions, key=lambda one: (one["state"] != "revoked", one["made_at"] or 0)):
        link, birth = told.pop(row["id"], None), _taken(made, row, row["made_at"])
        facts = {"substitution": row["id"], "seq": 0 if link is None else link[1]}
        if link is None and birth is None:
            report.add("substitution-unrecorded", BROKEN, row["id"], _UNRECORDED_SUBSTITUTION, substitution=row["id"])
        elif link is not None and link[-1]["row"] != hashlib.sha256(canonical(row)).hexdigest():
            report.add("substitution-changed", BROKEN, row["id"], _OTHER_SUBSTITUTION, **facts)
        elif link is None and birth is not None:
            only_older += 1
            last = [birth, *(one for one in older if one[-1].get("id") == row["id"])][-1]
            end = _taken(ended, row, row["ended_at"] or row["made_at"]) if row["state"] == "revoked" else None
            if (row["state"] == "revoked" and end is None) or not _as_told(row, birth, older):
                report.add("substitution-changed", BROKEN, row["id"], _OTHER_SUBSTITUTION, **facts | {"seq": last[1]})
    for key, link in told.items():
        report.add("substitution-missing", MISSING, key, _NO_SUBSTITUTION, substitution=key, seq=link[1])
    for link in (*made, *ended):
        if link[1] >= since:
            whose = "{principal} – {substitute}".format(**{"substitute": "…"} | link[-1])
            report.add("substitution-missing", MISSING, whose, _NO_SUBSTITUTION, substitution=whose, seq=link[1])
    if only_older:
        report.note("substitutions-older", "substitutions", _OLDER_SUBSTITUTIONS, count=only_older)


def _taken(links: list[list[Any]], row: Mapping[str, Any], since: int | None) -> list[Any] | None:
    """The first of these acts, from an instant on, that may be about this row; no other row gets it."""
    for link in links:
        people = (link[-1]["principal"], link[-1].get("substitute", row["substitute_id"]))
        if people == (row["principal_id"], row["substitute_id"]) and _micros(link[2]) >= (since or 0):
            links.remove(link)
            return link
    return None


def _as_told(row: Mapping[str, Any], birth: list[Any], older: Iterable[list[Any]]) -> bool:
    """Whether a row is as acts of before tell that it was made, changed and judged; that it ended, others tell."""
    expected = {name: birth[-1][name] for name in ("scope", "state") if name in birth[-1]}
    for link in older:
        if link[-1].get("id") == row["id"]:
            judged = {"substitution.approved": "active", "substitution.refused": "refused"}.get(link[3])
            expected |= link[-1].get("after", {}) | ({} if judged is None else {"state": judged})
    if "valid_to" in expected:
        expected["valid_to"] = _micros(expected["valid_to"])
    if expected.get("max_amount") is not None:
        expected["max_amount"] = format(Decimal(expected["max_amount"]).normalize(), "f")
    if row["state"] == "revoked":
        expected.pop("state", None)
    dated = row["made_at"] is not None or "state" not in birth[-1]
    return dated and all(row[name] == value for name, value in expected.items())


def _micros(at: str) -> int:
    return (parsed(at) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _check_item(
    report: Report, item: Mapping[str, Any], seen: Seen, fact: tuple[str, list[Any]] | None, erased: set[str]
) -> None:  # fmt: skip
    told = {"item": item["id"], "chain": item["stream"]}
    if fact is None and item["source"] != "human":  # older facts of what no person has decided do not name it
        if not seen.whole("items", item, None):
            report.add("decision-changed", BROKEN, item["id"], _OTHER_DECISION, **told, seq=0)
        return
    if fact is None or fact[0] != item["stream"]:
        report.add("decision-unrecorded", BROKEN, item["id"], _UNRECORDED, **told)
        return
    link = fact[1]
    data = link[-1]
    same = seen.whole("items", item, data.get("row"), seen.told_as(link))
    if item["source"] != "human":
        same = same and (data.get("decision_source"), data.get("task")) == (item["source"], item["task"])
        same = same and (item["source"] == "carried" or data.get("decision") == item["word"])
        if not same:
            report.add("decision-changed", BROKEN, item["id"], _OTHER_DECISION, **told, seq=link[1])
        return
    same = same and link[5] == item["by"] and link[6] == item["behalf"]
    if link[3] == "task.decided":
        same = same and data.get("decision") == item["word"] and data.get("subject_digest") == item["subject_digest"]
        same = same and data.get("form_digest") in (None, item["form_digest"])
        same = same and data.get("decision_source") in (None, item["source"])
        same = same and ("task" not in item or data.get("task") in (None, item["task"]))
        same = same and (item["opinion_digest"] is None or data.get("opinion_digest") == item["opinion_digest"])
    elif "opinion_digest" in data:  # advice; older chains hold its text
        same = same and item["opinion_digest"] in (None, data["opinion_digest"])
    if data.get("opinion_digest") is not None and item["opinion_digest"] is None and item["id"] not in erased:
        report.add("opinion-missing", MISSING, item["id"], _NO_OPINION, **told, seq=link[1])
    if not same:
        report.add("decision-changed", BROKEN, item["id"], _OTHER_DECISION, **told, seq=link[1])


# ---------------------------------------------------------------- an export, read without the product


class Unreadable(Exception):
    """The export or evidence is not as it was written."""


def verify_export(folder: Path, anchors: Path | None, trusted: frozenset[str] | None) -> Report:
    """Everything in a folder that `troika audit export` has written. Raises Unreadable."""
    report = Report()
    manifest = _document(folder / "manifest.json")
    if manifest.get("format") != EXPORT:
        raise Unreadable(f"expected an export of format {EXPORT}, found {manifest.get('format')!r} in {folder}")
    for name, digest in manifest["files"].items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            report.add("file-changed", BROKEN, name, _FILE_CHANGED, file=name)
    inside = read_anchors(folder / "anchors")
    outside = inside if anchors is None else read_anchors(anchors)
    listed = compare_anchors(report, inside, outside, frozenset(anchor.number for anchor in inside))
    check_anchors(report, listed, trusted)
    if trusted is None:
        report.note("keys-not-compared", "keys", KEYS_ASSUMED)
    links = list(_links(folder / "acts.txt"))
    marks = anchored(report, listed, restored_in(links))
    tips = {stream: (seq, bytes.fromhex(tip)) for stream, seq, tip in _lines(folder / "tips.jsonl")}
    whole, seen, accounts = bool(manifest["whole"]), Seen(), frozenset(manifest["accounts"])
    walk(report, links, tips, marks, seen, acts=True, accounts=accounts)
    walk(report, _links(folder / "facts.txt"), tips, marks, seen, accounts=accounts)
    missing_streams(report, marks, seen, whole)
    rows = Rows(
        complete=manifest.get("rows", 1) > 1 or _tells_rows(seen),
        files_told=manifest.get("rows", 1) >= 3 or bool(seen.shaped),
        deployed_told=(
            manifest.get("rows", 1) >= 5 or "deployments" in seen.sealed_later
            or any(one[3][-1].get("rows") for one in seen.of(DEPLOYED))
        ),
        tasks_told=(
            manifest.get("rows", 1) >= ROWS or "tasks" in seen.sealed_later
            or max(seen.shaped.values(), default=0) >= _TASKS
        ),
        people_told=manifest.get("rows", 1) >= 4 or any("person" in one[3][-1] for one in seen.of(PEOPLE[0])),
    )  # fmt: skip
    for kind, row in _lines(folder / "rows.jsonl"):
        rows.add(kind, row)
    cross_check(report, rows, seen, whole)
    newest = listed[-1].at if listed else None
    check_overdue(report, newest, parsed(manifest["exported_at"]), timedelta(seconds=manifest["anchor_every_seconds"]))
    return report


def _tells_rows(seen: Seen) -> bool:
    """Whether chains are of since they tell of rows: no manifest, which nobody has signed, makes an export older."""
    return any(
        "row" in link[-1] or link[3] == GRANTED.decode() for _, _, _, link in seen.of(*STATED, *DECIDED, GRANTED)
    )


def check_overdue(report: Report, newest: str | None, now: datetime, every: timedelta) -> None:
    """Anchors are overdue after two periods without one."""
    if newest is None:
        report.add("anchors-overdue", OVERDUE, "anchors", _NEVER_ANCHORED)
    elif now - parsed(newest) > 2 * every + SLACK:
        report.add("anchors-overdue", OVERDUE, "anchors", _OVERDUE_SINCE, at=newest)


def restored_in(acts: Iterable[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
    """The data of acts by which an older state was put back."""
    head, kind = f'["{ANCHOR_SCOPE}",'.encode(), f'"{RESTORED}"'.encode()
    return [json.loads(text)[-1] for text, _ in acts if text.startswith(head) and kind in text]


def read_anchors(folder: Path) -> list[Anchor]:
    """The checkpoints in a folder, in their order. Raises Unreadable."""
    found = []
    for file in sorted(folder.glob("[0-9]*.json")):
        try:
            found.append(Anchor.read(_document(file)))
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable(f"expected a checkpoint in {file}, found something else: {error!r}") from error
    return sorted(found, key=lambda anchor: anchor.number)


def read_keys(file: Path) -> frozenset[str]:
    """Public keys in hex, one at the beginning of each line; # begins a comment. Raises Unreadable."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise Unreadable(f"expected public keys in {file}, which cannot be read: {error}") from error
    keys = {line.split()[0].lower() for line in lines if line.strip() and not line.lstrip().startswith("#")}
    if not keys or any(not re.fullmatch("[0-9a-f]{64}", key) for key in keys):
        raise Unreadable(f"expected public keys of 64 hex digits, one a line, in {file}")
    return frozenset(keys)


def _document(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unreadable(f"expected a JSON file at {file}: {error}") from error


def _lines(file: Path) -> Iterator[Any]:
    with file.open(encoding="utf-8") as opened:
        for line in opened:
            yield json.loads(line)


def _links(file: Path) -> Iterator[tuple[bytes, bytes]]:
    """Lines of 64 hex digits, a space and the text of the link."""
    with file.open("rb") as opened:
        for line in opened:
            yield line[65:].rstrip(b"\n"), bytes.fromhex(line[:64].decode())


# ---------------------------------------------------------------- evidence of one payment


def verify_evidence(document: Mapping[str, Any], trusted: frozenset[str] | None) -> Report:
    """Chains, signatures and rows of one payment stand by themselves."""
    report, seen = Report(), Seen()
    if document.get("format") != EVIDENCE:
        raise Unreadable(f"expected evidence of format {EVIDENCE}, found {document.get('format')!r}")
    believed = set(trusted) if trusted is not None else set(document["keys"])
    if trusted is None:
        report.note("keys-not-compared", "keys", KEYS_ASSUMED)
    for told in document["rotations"]:
        anchor = Anchor.read(told)
        if (
            anchor.next_key and anchor.key in believed and signed(anchor.key, anchor.signature, anchor.text)
            and signed(anchor.next_key, anchor.next_signature, anchor.text)
        ):  # fmt: skip
            believed.add(anchor.next_key)
    for chain in document["chains"]:
        _check_segment(report, seen, chain, believed)
    rows = Rows()
    for kind in ("payments", "clearances", "links", "grants", "items", "tasks", "versions", "emergencies"):
        for row in document["rows"].get(kind, ()):
            rows.add(kind, row)
    cross_check(report, rows, seen, whole=False, newest=False)
    _check_stated(report, document["rows"], told=_tells_settled(document["chains"], seen))
    there = {row["id"] for row in rows.tasks}
    for grant in rows.grants:
        if seen.shaped.get(grant["stream"], 0) >= _TASKS and grant["task"] not in (None, *there):
            report.add("task-missing", MISSING, grant["id"], _NO_TASK, chain=grant["stream"], seq=0, task=grant["task"])
    paid = rows.payments[0] if rows.payments else None
    if paid is None or paid["id"] != document["payment"]["id"]:
        report.add("payment-missing", MISSING, "payment", _OTHER_PAYMENT)
    return report


def _tells_settled(chains: Iterable[Mapping[str, Any]], seen: Seen) -> bool:
    """Whether chains are of since evidence holds versions and emergencies: leaving these out makes none older."""
    acts = any("now" in link[-1] for _, _, _, link in seen.of(*STATED, *EMERGENCIES))
    return acts or bool(seen.shaped) or any(_ENDED.search(str(text)) for chain in chains for _, text in chain["links"])


def _check_stated(report: Report, rows: Mapping[str, Any], *, told: bool) -> None:
    """Versions under which it was cleared and emergencies that it stands on are there; older evidence has none.

    `told`: that it is not older is known from its chains.
    """
    if not told and "versions" not in rows:
        return
    stated = {(row["policy"], row["version"]) for row in rows.get("versions", ())}
    for clearance in rows["clearances"]:
        for name in json.loads(clearance["versions"] or "[]"):
            policy, _, version = name.rpartition("@")
            if (policy, int(version)) not in stated:
                report.add("policy-missing", MISSING, name, NO_VERSION, policy=policy, version=version)
    answered = {row["id"] for row in rows.get("emergencies", ())}
    for grant in rows["grants"]:
        if grant["emergency"] is not None and grant["emergency"] not in answered:
            report.add("emergency-missing", MISSING, grant["emergency"], NO_EMERGENCY, emergency=grant["emergency"])


def _check_segment(report: Report, seen: Seen, chain: Mapping[str, Any], believed: set[str]) -> None:
    stream, links = str(chain["stream"]), [(str(text).encode(), bytes.fromhex(tip)) for tip, text in chain["links"]]
    marks, acts = Anchored(), stream.startswith(ACTS)
    if chain.get("anchor") is None:
        report.add("not-anchored", OVERDUE, stream, _NOT_ANCHORED, chain=stream)
    else:
        anchor, (name, seq, tip) = Anchor.read(chain["anchor"]), chain["leaf"]
        if anchor.key not in believed:
            report.add("anchor-key", SIGNATURE, stream, _UNKNOWN_KEY, number=anchor.number, key=anchor.key[:16])
        if not signed(anchor.key, anchor.signature, anchor.text):
            report.add("anchor-signature", SIGNATURE, stream, _BAD_SIGNATURE, number=anchor.number)
        root = follow_path(leaf_hash(name, seq, bytes.fromhex(tip)), [(side, other) for side, other in chain["path"]])
        if name != stream or root.hex() != anchor.root:
            report.add("anchor-leaves", BROKEN, stream, _BAD_LEAVES, number=anchor.number)
        marks.tips[stream] = [(seq, tip, anchor.number)]
        marks.floors[anchor.number] = ""
        report.anchors += 1
    if links:
        number = json.loads(links[-1][0])[1]
        walk(report, links, {stream: (number, links[-1][1])}, marks, seen, acts=acts)


# ---------------------------------------------------------------- the command


def main(arguments: list[str] | None = None, say: Callable[[str], None] = print) -> int:
    """Verify what the command line names and tell what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("target", type=Path, help="folder of an export, or evidence.json")
    parser.add_argument("--anchors", type=Path, help="folder outside the database that holds the checkpoints")
    parser.add_argument("--keys", type=Path, help="public keys from a printed copy")
    told = parser.parse_args(arguments)
    try:
        trusted = read_keys(told.keys) if told.keys else None
        if told.target.is_dir():
            report = verify_export(told.target, told.anchors, trusted)
        else:
            report = verify_evidence(_document(told.target), trusted)
    except (OSError, Unreadable) as error:
        say(f"broken: {error}")
        return BROKEN
    except (KeyError, TypeError, ValueError) as error:
        say(f"broken: the file is not as it was written: {error!r}")
        return BROKEN
    for line in lines_of(report):
        say(line)
    return report.exit


def lines_of(report: Report) -> Iterator[str]:
    """The result in words, English and Chinese."""
    yield (
        f"{report.streams} streams, {report.facts} facts, {report.acts} acts, {report.anchors} checkpoints, "
        f"{report.payments} payments"
    )
    for note in report.notes:
        yield f"note {note.code}: {note.text()} {note.text(zh=True)}"
    for found in sorted(report.found, key=lambda found: _ORDER.index(found.exit)):
        yield f"{_WORDS[found.exit]} {found.code}: {found.text()} {found.text(zh=True)}"
    if report.left_out:
        yield f"… and {report.left_out} more."
    yield f"{_WORDS[report.exit]} ({report.exit})"


_ORDER = (SIGNATURE, BROKEN, MISSING, OVERDUE)
_WORDS = {
    INTACT: "intact 完好", BROKEN: "BROKEN 断链", MISSING: "MISSING 缺失", SIGNATURE: "SIGNATURE 签名",
    OVERDUE: "OVERDUE 锚定逾期",
}  # fmt: skip

_BROKEN_LINK = N_("Chain {chain} is broken at link {seq}: something was changed, left out, put in or moved.")
_WRONG_TIP = N_("Chain {chain} ends at link {seq}, but it must end at {expected}: something was put in or rewritten.")
_ENDS_EARLY = N_("Chain {chain} ends at link {seq}, but it must end at {expected}: its end was taken away.")
_ENDS_BEFORE_ANCHOR = N_(
    "Chain {chain} ends at link {seq}, but checkpoint {number} holds link {expected}: its end was taken away."
)
_ORPHAN = N_("Chain {chain} has no owner any more: the row of its instance is gone.")
_NO_STREAM = N_("Chain {chain} must have {seq} links, but it has none.")
_STREAM_GONE = N_("Chain {chain} is gone; checkpoint {number} holds its link {seq}.")
_NOT_AS_ANCHORED = N_("Link {seq} of chain {chain} is not the one that checkpoint {number} holds: it was rewritten.")
_TIME_BACK = N_("Link {seq} of chain {chain} is of {at}, before the link that it follows ({before}).")
_BACK_DATED = N_(
    "Link {seq} of chain {chain} claims to be of {at}, but a checkpoint of {floor} or later did not hold it yet: "
    "the clock was set back."
)
_UNREADABLE = N_("Link {seq} of chain {chain} cannot be read.")
_NO_ACTOR = N_("Link {seq} of chain {chain} names the account {actor}, which does not exist.")
_WAS_DISABLED = N_("Link {seq} of chain {chain}: account {actor} acted although it was disabled since {since}.")
_NO_ANCHOR = N_("Expected checkpoint {number}, found {found}: one is missing.")
_ANCHOR_LOST = N_(
    "Checkpoint {number} of {at} lies outside, but the database does not know it: an older state was put back."
)
_NOT_OUTSIDE = N_("Checkpoint {number} was sent outside, but does not lie there any more.")
_UNSENT = N_("Checkpoint {number} has not been sent outside yet.")
_ANCHOR_CHANGED = N_("Checkpoint {number} was rewritten.")
_UNKNOWN_KEY = N_("Checkpoint {number} is signed by a key that is not known: {key}…")
_BAD_SIGNATURE = N_("The signature of checkpoint {number} is false.")
_BAD_LEAVES = N_("The root of checkpoint {number} is not that of its leaves.")
_CLOCK_BACK = N_("Checkpoint {number} is of {at}, before the one that it follows ({before}): the clock was set back.")
CLOCK_AHEAD = N_("Checkpoint {number} claims to be of {at}, but reached the outside at {sent}: the clock was ahead.")
SENT_LATE = N_(
    "Checkpoint {number} of {at} reached the outside at {sent}: it was sent late, or the clock was set back."
)
SINK_UNREACHABLE = N_("The checkpoints outside could not be read: {found}")
_BAD_RESEAL = N_("An act says that an older state was put back, but its signature is false.")
_WRONG_RESEAL = N_("An act says that an older state was put back, but names other checkpoints.")
_WAS_RESTORED = N_("An older state was put back to checkpoint {number}: {reason}. Lost checkpoints: {lost}.")
KEYS_ASSUMED = N_("The public keys were not compared with a printed copy.")
_NEVER_ANCHORED = N_("No checkpoint has been made yet.")
_OVERDUE_SINCE = N_("The last checkpoint is of {at}: two periods have passed.")
_NOT_ANCHORED = N_("Chain {chain} is not held by a checkpoint yet.")
_FILE_CHANGED = N_("File {file} is not as it was exported.")
_UNCLEARED = N_("Expected payment {payment} to stand on a used clearance of {amount}, found {found}.")
_NO_PAYMENT = N_("Clearance {clearance} of {amount} was used, but its payment is gone.")
_FEW_GRANTS = N_("Clearance {clearance} must stand on live approvals of {expected} people, found {found}.")
_NO_CLEARANCE = N_("Link {seq} of chain {chain} names clearance {clearance}, which is gone.")
_UNRECORDED_CLEARANCE = N_("Clearance {clearance} is in no chain: it was put in past the engine.")
_OTHER_PAID = N_("Payment {payment} is not as link {seq} of chain {chain} tells.")
_OTHER_GRANT = N_("Approval {grant} ({subject}) is not as link {seq} of chain {chain} tells.")
_UNRECORDED_GRANT = N_("Approval {grant} ({subject}) is in no chain: it was put in past the engine.")
_NO_GRANT = N_("Link {seq} of chain {chain} tells of approval {grant}, which is gone.")
_OTHER_STATE = N_("Approval {grant} ({subject}) is {found}, but by what is on record it must be {expected}.")
_NO_OPINION = N_("What was written beside decision {item} (link {seq} of chain {chain}) is gone, and no act erased it.")
NO_TEXT = N_("The text '{name}' beside link {seq} of chain {chain} is gone, and no act erased it.")
_OTHER_CLEARANCE = N_("Clearance {clearance} is not as link {seq} of chain {chain} tells.")
_WRONG_DIGEST = N_("The facts of approval {grant} ({subject}) are not those of its digest.")
_NO_DECISION = N_("Approval {grant} ({subject}) stands on no decision of its person.")
_UNRECORDED = N_("Decision {item} is not in chain {chain}: it was put in past the engine.")
_OTHER_DECISION = N_("Decision {item} is not as link {seq} of chain {chain} tells.")
_NO_ITEM = N_("Link {seq} of chain {chain} tells of decision {item}, which is gone.")
_OTHER_PAYMENT = N_("The evidence holds another payment than it says.")
OTHER_SIGNATURE = N_("Signature {signature} is not the one of which link {seq} of chain {chain} tells.")
_NO_SIGNATURE = N_("Link {seq} of chain {chain} tells of signature {signature}, which is gone.")
OTHER_FILE = N_("File '{file}' is not as link {seq} of chain {chain} tells.")
_UNRECORDED_FILE = N_("File '{file}' is not in chain {chain}: it was put in past the engine.")
_NO_FILE = N_("Link {seq} of chain {chain} tells of file {file}, which is gone.")
_OTHER_HOLD = N_("What was held ({operation}) is not as link {seq} of chain {chain} tells.")
_UNRECORDED_HOLD = N_("What was held ({operation}) is not in chain {chain}: it was put in past the engine.")
_NO_HOLD = N_("Link {seq} of chain {chain} tells of an operation that was held; its row is gone.")
_OTHER_TASK = N_("Task {task} at '{node}' is not as link {seq} of chain {chain} tells that it was opened.")
_UNRECORDED_TASK = N_("Task {task} at '{node}' is not in chain {chain}: it was put in past the engine.")
_OTHER_ASKED = N_("Item {item} of task {task} asks somebody else than link {seq} of chain {chain} tells.")
_UNRECORDED_ASKED = N_("Item {item} of task {task} asks somebody, but chain {chain} does not tell of it.")
_NOT_ASKED = N_("Link {seq} of chain {chain} tells that item {item} asks somebody; the item is gone.")
_NO_TASK = N_("Link {seq} of chain {chain} tells of task {task}, which is gone.")
_UNRECORDED_ACCOUNT = N_("Account {account} is there, but no act has made it.")
_OTHER_ACCOUNT = N_(
    "Account {account} is not as acts tell: its login, the person behind it, or whether it is disabled."
)
_NO_ACCOUNT = N_("Act {seq} tells of account {account}, which is gone.")
_UNRECORDED_GROUP = N_("Group '{group}' is there, but no act has made it.")
_OTHER_GROUP = N_("What members of group '{group}' may do is not what act {seq} tells.")
_NO_GROUP = N_("Act {seq} tells of group '{group}', which is gone.")
_UNRECORDED_MEMBER = N_("Account {account} is of group '{group}', but no act has put it there.")
_NO_MEMBER = N_("Act {seq} has put account {account} into group '{group}'; it is there no more.")
_UNRECORDED_SUBSTITUTION = N_("Substitution {substitution} is there, but no act has made it.")
_OTHER_INSTANCE = N_(
    "Request {instance} is not as its chain tells: number, process and version, requester, since when, or whether it "
    "was erased."
)
_UNRECORDED_DEPLOYED = N_("'{name}' is there as if it was deployed, but no act has deployed it.")
_OTHER_DEPLOYED = N_("'{name}' is not as it was deployed: its file, or what was read of it.")
_NO_ROW = N_("Row {key} of '{kind}' was put on record after an upgrade, but is gone.")
_NO_PROCESS = N_("Request {instance} was started or runs in a version of process '{process}' that is gone.")
_NO_DEPLOYED = N_("Act {seq} has deployed {key}, which is gone.")
_NO_FORM = N_("The form that was shown for decision {item} (SHA-256 {digest}) is gone.")
_OTHER_SUBSTITUTION = N_(
    "Substitution {substitution} is not as act {seq} tells: for whom, by whom, how long or how far."
)
_NO_SUBSTITUTION = N_("Act {seq} tells of substitution {substitution}, which is gone.")
_OLDER_SUBSTITUTIONS = N_(
    "Substitutions that were made before acts told all of them: {count}. Of these is compared that they were made, "
    "changed, judged and ended as acts tell; not from when they hold, nor up to when and which amount where nobody has "
    "changed it."
)
OTHER_REASON = N_("Why {item} is as it is stands in no link of chain {chain}, nor beside one.")
OTHER_VISIT = N_("What stands beside link {seq} of chain {chain}, of the visit that it ends, is not as the link tells.")
BY_ONE = N_("Version {version} of policy {policy} was put in force by whoever had proposed it.")
NOT_TOLD = N_("Version {version} of policy {policy} is in force, but no act has put it there.")
OTHER_VERSION = N_("Version {version} of policy {policy} is not as acts tell: its statement, state or people.")
NO_VERSION = N_("Acts tell of version {version} of policy {policy}, which is gone.")
OTHER_EMERGENCY = N_("Emergency {emergency} under policy {policy} is not as acts tell: its document, state or people.")
NO_EMERGENCY = N_("Acts tell of emergency {emergency}, which is gone.")
OTHER_TEXT = N_("The text '{name}' beside link {seq} of chain {chain} is not the one that was written.")
_UNSEALED = N_(
    "Rows of which chains of before tell only in part: {count}. What they do not tell is taken as it is found; "
    "`troika db upgrade` puts it on record."
)
_SEALED_LATER = N_(
    "Rows of which chains of before tell only in part: {count}. What they do not tell is as it was when it was put on "
    "record, {at}; what it was before then, and whether there were others, is not proved."
)
_ZH = {
    _BROKEN_LINK: "链 {chain} 在第 {seq} 环断开：有内容被改动、删除、插入或调换。",
    _WRONG_TIP: "链 {chain} 止于第 {seq} 环，应止于第 {expected} 环：有内容被插入或改写。",
    _ENDS_EARLY: "链 {chain} 止于第 {seq} 环，应止于第 {expected} 环：末尾被删除。",
    _ENDS_BEFORE_ANCHOR: "链 {chain} 止于第 {seq} 环，但检查点 {number} 记有第 {expected} 环：末尾被删除。",
    _ORPHAN: "链 {chain} 已无归属：其实例记录不存在。",
    _NO_STREAM: "链 {chain} 应有 {seq} 环，现一环也没有。",
    _STREAM_GONE: "链 {chain} 已消失；检查点 {number} 记有其第 {seq} 环。",
    _NOT_AS_ANCHORED: "链 {chain} 第 {seq} 环与检查点 {number} 所记不同：已被改写。",
    _TIME_BACK: "链 {chain} 第 {seq} 环的时间为 {at}，早于其前一环（{before}）。",
    _BACK_DATED: "链 {chain} 第 {seq} 环自称时间为 {at}，但 {floor} 或之后的检查点中尚无此环：时钟曾被回拨。",
    _UNREADABLE: "链 {chain} 第 {seq} 环无法读取。",
    _NO_ACTOR: "链 {chain} 第 {seq} 环所记账号 {actor} 不存在。",
    _WAS_DISABLED: "链 {chain} 第 {seq} 环：账号 {actor} 自 {since} 起已停用，却仍有操作。",
    _NO_ANCHOR: "应为检查点 {number}，实为 {found}：有检查点缺失。",
    _ANCHOR_LOST: "外部存有检查点 {number}（{at}），数据库中却没有：曾恢复为更早的状态。",
    _NOT_OUTSIDE: "检查点 {number} 曾送往外部，现已不在。",
    _UNSENT: "检查点 {number} 尚未送往外部。",
    _ANCHOR_CHANGED: "检查点 {number} 被改写。",
    _UNKNOWN_KEY: "检查点 {number} 的签名密钥未知：{key}…",
    _BAD_SIGNATURE: "检查点 {number} 的签名不真实。",
    _BAD_LEAVES: "检查点 {number} 的根与其叶不符。",
    _CLOCK_BACK: "检查点 {number} 的时间为 {at}，早于其前一个（{before}）：时钟曾被回拨。",
    CLOCK_AHEAD: "检查点 {number} 自称时间为 {at}，却在 {sent} 已到达外部：时钟曾超前。",
    SENT_LATE: "检查点 {number}（{at}）于 {sent} 才到达外部：发送延迟，或时钟曾被回拨。",
    SINK_UNREACHABLE: "无法读取外部的检查点：{found}",
    _BAD_RESEAL: "有记录称曾恢复更早的状态，但其签名不真实。",
    _WRONG_RESEAL: "有记录称曾恢复更早的状态，但所列检查点不符。",
    _WAS_RESTORED: "曾恢复到检查点 {number} 的状态：{reason}。作废的检查点：{lost}。",
    KEYS_ASSUMED: "公钥未与印刷件核对。",
    _NEVER_ANCHORED: "尚无任何检查点。",
    _OVERDUE_SINCE: "最近的检查点为 {at}：已过两个周期。",
    _NOT_ANCHORED: "链 {chain} 尚未被检查点覆盖。",
    _FILE_CHANGED: "文件 {file} 与导出时不同。",
    _UNCLEARED: "付款 {payment} 应以 {amount} 的已用放行为依据，现为 {found}。",
    _NO_PAYMENT: "放行 {clearance}（{amount}）已使用，但其付款不存在。",
    _FEW_GRANTS: "放行 {clearance} 应有 {expected} 人的有效同意，现为 {found} 人。",
    _NO_CLEARANCE: "链 {chain} 第 {seq} 环所记放行 {clearance} 不存在。",
    _UNRECORDED_CLEARANCE: "放行 {clearance} 不在任何链中：系绕过引擎写入。",
    _OTHER_PAID: "付款 {payment} 与链 {chain} 第 {seq} 环所记不同。",
    _OTHER_GRANT: "同意 {grant}（{subject}）与链 {chain} 第 {seq} 环所记不同。",
    _UNRECORDED_GRANT: "同意 {grant}（{subject}）不在任何链中：系绕过引擎写入。",
    _NO_GRANT: "链 {chain} 第 {seq} 环所记同意 {grant} 不存在。",
    _OTHER_STATE: "同意 {grant}（{subject}）的状态为 {found}，但按记录应为 {expected}。",
    _NO_OPINION: "决定 {item}（链 {chain} 第 {seq} 环）旁所写的意见已不存在，且没有删除它的操作记录。",
    NO_TEXT: "链 {chain} 第 {seq} 环旁的文字“{name}”已不存在，且没有删除它的操作记录。",
    _OTHER_CLEARANCE: "放行 {clearance} 与链 {chain} 第 {seq} 环所记不同。",
    _WRONG_DIGEST: "同意 {grant}（{subject}）的事实与其摘要不符。",
    _NO_DECISION: "同意 {grant}（{subject}）没有本人的决定作依据。",
    _UNRECORDED: "决定 {item} 不在链 {chain} 中：系绕过引擎写入。",
    _OTHER_DECISION: "决定 {item} 与链 {chain} 第 {seq} 环所记不同。",
    _NO_ITEM: "链 {chain} 第 {seq} 环所记决定 {item} 不存在。",
    _OTHER_PAYMENT: "证据所含付款与其自述不符。",
    OTHER_SIGNATURE: "签名 {signature} 与链 {chain} 第 {seq} 环所记不同。",
    _NO_SIGNATURE: "链 {chain} 第 {seq} 环所记签名 {signature} 不存在。",
    OTHER_FILE: "文件“{file}”与链 {chain} 第 {seq} 环所记不同。",
    _UNRECORDED_FILE: "文件“{file}”不在链 {chain} 中：系绕过引擎写入。",
    _NO_FILE: "链 {chain} 第 {seq} 环所记文件 {file} 不存在。",
    _OTHER_HOLD: "被拦操作（{operation}）与链 {chain} 第 {seq} 环所记不同。",
    _UNRECORDED_HOLD: "被拦操作（{operation}）不在链 {chain} 中：系绕过引擎写入。",
    _OTHER_TASK: "环节“{node}”的任务 {task} 与链 {chain} 第 {seq} 环所记的打开时内容不同。",
    _UNRECORDED_TASK: "环节“{node}”的任务 {task} 不在链 {chain} 中：系绕过引擎写入。",
    _OTHER_ASKED: "任务 {task} 的待办 {item} 的处理人与链 {chain} 第 {seq} 环所记不同。",
    _UNRECORDED_ASKED: "任务 {task} 的待办 {item} 有处理人，但链 {chain} 中没有记录。",
    _NOT_ASKED: "链 {chain} 第 {seq} 环记有待办 {item}，其记录已不存在。",
    _NO_TASK: "链 {chain} 第 {seq} 环记有任务 {task}，其记录已不存在。",
    _UNRECORDED_ACCOUNT: "账号 {account} 存在，但没有操作记录其创建。",
    _OTHER_ACCOUNT: "账号 {account} 与操作记录不同：登录名、所属自然人或停用状态。",
    _NO_ACCOUNT: "第 {seq} 项操作记有账号 {account}，其记录已不存在。",
    _UNRECORDED_GROUP: "用户组“{group}”存在，但没有操作记录其创建。",
    _OTHER_GROUP: "用户组“{group}”成员的权限与第 {seq} 项操作所记不同。",
    _NO_GROUP: "第 {seq} 项操作记有用户组“{group}”，其记录已不存在。",
    _UNRECORDED_MEMBER: "账号 {account} 在用户组“{group}”中，但没有操作将其加入。",
    _NO_MEMBER: "第 {seq} 项操作将账号 {account} 加入用户组“{group}”，现已不在其中。",
    _UNRECORDED_SUBSTITUTION: "代理 {substitution} 存在，但没有操作记录其设立。",
    _OTHER_SUBSTITUTION: "代理 {substitution} 与第 {seq} 项操作所记不同：被代理人、代理人、期限或范围。",
    _OTHER_INSTANCE: "申请 {instance} 与其链所记不同：单号、流程与版本、发起人、发起时间，或是否已清除。",
    _UNRECORDED_DEPLOYED: "“{name}”在库中如同已部署，但没有操作记录其部署。",
    _OTHER_DEPLOYED: "“{name}”与部署时不同：文件，或由其读出的内容。",
    _NO_ROW: "“{kind}”的记录 {key} 曾在升级后补记入链，现已不存在。",
    _NO_PROCESS: "申请 {instance} 发起或运行所用的流程“{process}”版本已不存在。",
    _NO_DEPLOYED: "第 {seq} 项操作部署的 {key} 已不存在。",
    _NO_FORM: "决定 {item} 当时显示的表单（SHA-256 {digest}）已不存在。",
    _NO_SUBSTITUTION: "第 {seq} 项操作记有代理 {substitution}，其记录已不存在。",
    _OLDER_SUBSTITUTIONS: "在操作记录全部内容之前设立的代理：{count} 项。只核对其设立、变更、审批与结束是否如操作所记；"
    "生效时间，以及未经变更的截止时间与金额上限，未核对。",
    _NO_HOLD: "链 {chain} 第 {seq} 环记有被拦操作，其记录已不存在。",
    OTHER_REASON: "{item} 之所以如此的理由，不在链 {chain} 的任何一环中，也不在其旁。",
    OTHER_VISIT: "链 {chain} 第 {seq} 环旁所记的经过（所结束的一次进入）与该环所记不同。",
    BY_ONE: "策略 {policy} 的第 {version} 版由提出者本人启用。",
    NOT_TOLD: "策略 {policy} 的第 {version} 版正在生效，但没有任何操作记录使其生效。",
    OTHER_VERSION: "策略 {policy} 的第 {version} 版与操作记录不符：内容、状态或人员有变。",
    NO_VERSION: "操作记录中有策略 {policy} 的第 {version} 版，但该版已不存在。",
    OTHER_EMERGENCY: "策略 {policy} 下的应急放行 {emergency} 与操作记录不符：单据、状态或人员有变。",
    NO_EMERGENCY: "操作记录中有应急放行 {emergency}，但它已不存在。",
    OTHER_TEXT: "链 {chain} 第 {seq} 环旁的文字“{name}”并非当初所写。",
    _UNSEALED: "早期的链只记载了部分内容的行：{count} 行。未记载的内容以现状为准；"
    "运行 `troika db upgrade` 可将其补记入链。",
    _SEALED_LATER: "早期的链只记载了部分内容的行：{count} 行。未记载的内容与 {at} 补记时一致；"
    "此前如何、是否另有其他行，无从证明。",
}


if __name__ == "__main__":
    sys.exit(main())
