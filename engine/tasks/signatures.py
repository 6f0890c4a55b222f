"""Signatures by hand: drawn, typed or the stored one; each is sealed to one decision and what was seen of its form."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape

from sqlalchemy import bindparam, delete, exists, insert, or_, select

from engine import audit, documents, identity, ids
from engine.db.document import blob
from engine.db.signature import SignatureKind, signature, stored_signature
from engine.db.task import ItemDecision, work_item
from engine.errors import N_, InvalidValue, NotFound, Phrase, SignatureRequired, WrongSignature
from engine.tasks.opening import Act
from engine.unit_of_work import UnitOfWork
from engine.values import digest, sha256

WIDTH, HEIGHT = 600, 200
"""the sheet that people sign on; strokes are whole numbers on it"""
MOST_POINTS = 5_000
_LEAST_POINTS, _LEAST_INK = 5, 60
_KINDS = {kind.name.lower(): kind for kind in SignatureKind}
_SVG = "image/svg+xml"
_PATH = re.compile(r'<path d="([^"]*)"')
_POINT = re.compile(r"(\d+) (\d+)")

_insert = insert(signature)
_insert_stored = insert(stored_signature)
_stored = select(stored_signature.c.content, blob.c.content.label("picture"), stored_signature.c.at).join(
    blob, blob.c.digest == stored_signature.c.content
)
_used = select(
    or_(
        exists(select(signature.c.id).where(signature.c.content == bindparam("of"))),
        exists(select(stored_signature.c.user_id).where(stored_signature.c.content == bindparam("of"))),
    ).label("used")
)
_of_instance = (
    select(
        *signature.columns, blob.c.content.label("picture"), work_item.c.decision,
        work_item.c.decided_at, work_item.c.form_digest.label("seen_digest"), work_item.c.decided_by,
        work_item.c.signature_id, work_item.c.subject_digest,
    )
    .join(blob, blob.c.digest == signature.c.content)
    .join(work_item, work_item.c.id == signature.c.work_item_id)
    .where(signature.c.instance_id == bindparam("of"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """What somebody signs with: `drawn` strokes, a list of (x, y) each; `typed` his name; or the one that he `stored`.

    `keep`: a drawn one is stored for the next time.
    """

    kind: str
    name: str = ""
    strokes: Sequence[Sequence[Sequence[int]]] = ()
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature as it is shown. `picture`: SVG. `intact`: decision, form and picture are still what was sealed."""

    work_item_id: UUID
    kind: str
    name: str
    at: datetime
    picture: bytes
    intact: bool

    @property
    def strokes(self) -> list[list[tuple[int, int]]]:
        """The lines of the picture; none of a typed name."""
        return [
            [(int(x), int(y)) for x, y in _POINT.findall(path)]
            for path in _PATH.findall(self.picture.decode())
        ]  # fmt: skip


def sign(act: Act, sent: Sent | None, decision: ItemDecision, form_digest: bytes, subject_digest: str | None
         ) -> dict[str, str]:  # fmt: skip
    """Seal a signature to the decision that is just being made; what the fact of it says. Queues the row.

    Raises SignatureRequired, WrongSignature.
    """
    rule = act.work.signature
    if sent is None:
        if rule == "required":
            raise SignatureRequired(task=act.round.name)
        return {}
    if rule == "never":
        raise WrongSignature(expected=N_("no signature on this task"), found=sent.kind)
    uow, signer = act.uow, identity.user(act.uow, act.actor_id)
    kind, content = _content(uow, sent, signer)
    key = ids.uuid7()
    seal = _seal(key, act.item.id, content, form_digest, subject_digest, act.actor_id, decision, uow.now)
    row = {
        "id": key, "work_item_id": act.item.id, "instance_id": act.instance.id, "kind": int(kind),
        "signer_id": act.actor_id, "signer_name": signer.name, "content": content, "form_digest": form_digest,
        "seal": seal, "at": uow.now,
    }  # fmt: skip
    uow.queue(_insert, row)
    return {"signature": str(key), "signature_digest": content.hex(), "signature_seal": seal.hex(),
            "signature_row": audit.sealed_signature(row)}  # fmt: skip


def of_instance(uow: UnitOfWork, instance_id: UUID) -> dict[UUID, Signed]:
    """The signatures of an instance by work item. Who may see them, the caller says."""
    return {row.work_item_id: _signed(row) for row in uow.execute(_of_instance, {"of": instance_id})}


def of_item(uow: UnitOfWork, work_item_id: UUID) -> tuple[UUID, Signed]:
    """(instance, signature) of one decision. Raises NotFound."""
    place = uow.read_one(_place, {"of": work_item_id})
    if place is None:
        raise NotFound(kind="signature", key=work_item_id)
    return place.instance_id, of_instance(uow, place.instance_id)[work_item_id]


_place = select(signature.c.instance_id).where(signature.c.work_item_id == bindparam("of"))


# ---------------------------------------------------------------- the one that a person keeps


def stored(uow: UnitOfWork) -> bytes | None:
    """The picture that the actor signs with without drawing it again."""
    row = uow.execute(_stored.where(stored_signature.c.user_id == uow.actor.user_id)).first()
    return None if row is None else bytes(row.picture)


def store(uow: UnitOfWork, strokes: Sequence[Sequence[Sequence[int]]]) -> None:
    """Keep these lines as the actor's signature. Raises WrongSignature."""
    _store(uow, _fresh(uow, strokes))


def forget(uow: UnitOfWork) -> None:
    """The actor has no stored signature any more; what he signed with it stays signed."""
    uow.execute(delete(stored_signature).where(stored_signature.c.user_id == uow.actor.user_id))


def _store(uow: UnitOfWork, content: bytes) -> None:
    forget(uow)
    uow.queue(_insert_stored, {"user_id": uow.actor.user_id, "content": content, "at": uow.now})


# ---------------------------------------------------------------- private


def _content(uow: UnitOfWork, sent: Sent, signer: identity.User) -> tuple[SignatureKind, bytes]:
    match _KINDS.get(sent.kind):
        case SignatureKind.DRAWN as kind:
            content = _fresh(uow, sent.strokes)
            if sent.keep:
                _store(uow, content)
            return kind, content
        case SignatureKind.TYPED as kind:
            typed = _plain(sent.name)
            if typed not in (_plain(signer.name), _plain(signer.name_en)) or not typed:
                raise WrongSignature(expected=N_("your own name as your account has it"), found=sent.name[:80] or "–")
            return kind, documents.keep(uow, _typed(sent.name.strip()), _SVG)
        case SignatureKind.STORED as kind:
            row = uow.execute(_stored.where(stored_signature.c.user_id == signer.id)).first()
            if row is None:
                raise WrongSignature(expected=N_("a stored signature"), found=N_("none"))
            return kind, bytes(row.content)
    raise WrongSignature(expected=", ".join(_KINDS), found=sent.kind[:80])


def _fresh(uow: UnitOfWork, strokes: Sequence[Sequence[Sequence[int]]]) -> bytes:
    """Lines that nobody has drawn before: a hand never draws the same twice, whoever sends them has copied them."""
    picture = drawn(strokes)
    if uow.execute(_used, {"of": sha256(picture)}).scalar_one():
        raise WrongSignature(expected=N_("a signature that was drawn now"), found=N_("one that was used before"))
    return documents.keep(uow, picture, _SVG)


def drawn(strokes: Sequence[Sequence[Sequence[int]]]) -> bytes:
    """The picture of these lines. Raises WrongSignature for what is none, or a dot."""
    points = 0
    ink = 0
    paths = []
    try:
        for stroke in strokes:
            line = [(_on(x, WIDTH), _on(y, HEIGHT)) for x, y in stroke]
            points += len(line)
            if points > MOST_POINTS:
                raise InvalidValue(expected=Phrase(N_("at most {limit} points"), limit=MOST_POINTS), found=str(points))
            ink += sum(abs(a - c) + abs(b - d) for (a, b), (c, d) in pairwise(line))
            if line:
                paths.append('<path d="M' + "L".join(f"{x} {y}" for x, y in line) + '"/>')
    except (TypeError, ValueError, InvalidValue):
        expected = f"lines of points, whole numbers on {WIDTH} × {HEIGHT}, at most {MOST_POINTS}"
        raise WrongSignature(expected=expected, found=N_("something else")) from None
    if points < _LEAST_POINTS or ink < _LEAST_INK:
        raise WrongSignature(expected=N_("a drawn signature"), found=N_("hardly a line"))
    return _sheet("".join(paths))


def _on(number: Any, most: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= most:
        raise ValueError
    return number


def _typed(name: str) -> bytes:
    return _sheet(
        f'<text x="{WIDTH // 2}" y="{HEIGHT // 2}" text-anchor="middle" dominant-baseline="central" '
        f'font-size="72" font-family="cursive, serif" stroke="none" fill="#1f2937">{escape(name)}</text>'
    )


def _sheet(inside: str) -> bytes:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" fill="none" stroke="#1f2937" '
        f'stroke-width="4" stroke-linecap="round" stroke-linejoin="round">{inside}</svg>'
    ).encode()


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


def _seal(
    key: UUID, item: UUID, content: bytes, form_digest: bytes, subject_digest: str | None, signer: UUID,
    decision: int, at: datetime,
) -> bytes:  # fmt: skip
    return digest(
        [
            "troika-signature-v1", str(key), str(item), content.hex(), form_digest.hex(), subject_digest,
            str(signer), int(decision), at,
        ]
    )  # fmt: skip


def _signed(row: Any) -> Signed:
    """Whether everything is as it was sealed is asked of the rows themselves, each time."""
    picture = bytes(row.picture)
    intact = (
        row.signature_id == row.id
        and row.decision is not None
        and sha256(picture) == row.content
        and row.seen_digest == row.form_digest
        and row.seal == _seal(
            row.id, row.work_item_id, row.content, row.form_digest, row.subject_digest, row.decided_by, row.decision,
            row.at,
        )
    )  # fmt: skip
    return Signed(row.work_item_id, SignatureKind(row.kind).name.lower(), row.signer_name, row.at, picture, intact)
