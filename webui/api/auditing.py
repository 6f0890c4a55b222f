"""The record for auditors: where it stands, its checkpoints, verification, a chain and the evidence of a payment."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from flask import Response, current_app, g, send_file

from engine import audit, evidence
from engine.errors import N_, EngineError, InvalidValue
from engine.unit_of_work import Actor
from webui import evidence_words
from webui.access import AUDIT, needs
from webui.api.blueprint import Blueprint
from webui.api.schemas import (
    ChainOut,
    CheckpointPageOut,
    CheckpointsIn,
    EvidenceOut,
    ResealedOut,
    ResealIn,
    StandingOut,
    VerificationOut,
    VerifyingOut,
)
from webui.errors import words
from webui.transaction import own_transactions

blueprint = Blueprint("api_audit", __name__, url_prefix="/api/v1/audit", description="The record, for auditors")
EXITS = ("intact", "broken", "missing", "signature", "overdue")
PAGE = 50


class KeyElsewhere(EngineError):
    """This process does not sign."""

    message = N_("Expected the key that signs checkpoints, and a login that may store them: this process has not both.")
    hint = N_("Run troika audit reseal where the key can be read.")
    status = 503


@blueprint.route("/", methods=["GET"])
@needs(AUDIT)
@blueprint.response(200, StandingOut)
def standing() -> Any:
    """The last checkpoint, what was not sent outside yet, the keys that sign, and the last verification."""
    found, last = audit.standing(g.uow), audit.last_check(g.uow)
    newest = audit.last_check(g.uow, ended=False)
    return {
        "last": None if found.last is None else _checkpoint(found.last) | {"sent_at": found.sent_at},
        "unsent": found.unsent, "late": found.late, "keys": found.keys, "sinks": g.uow.settings.sinks,
        "places": [_place(one) for one in audit.places(g.uow)],
        "every_minutes": g.uow.settings.anchor_every_minutes,
        "verification": None if last is None else _verification(last),
        "verifying": newest is not None and newest.exit is None,
    }  # fmt: skip


@blueprint.route("/checkpoints", methods=["GET"])
@needs(AUDIT)
@blueprint.arguments(CheckpointsIn, location="query")
@blueprint.response(200, CheckpointPageOut)
def checkpoints(asked: dict[str, Any]) -> Any:
    """Signed checkpoints, newest first."""
    found = audit.checkpoints(g.uow, before=asked["before"], limit=PAGE + 1)
    listed = [_checkpoint(made) | {"sent_at": sent_at} for made, sent_at in found[:PAGE]]
    return {"checkpoints": listed, "next": listed[-1]["number"] if len(found) > PAGE else None}


@blueprint.route("/anchor", methods=["POST"])
@needs(AUDIT)
@blueprint.response(202)
def anchor() -> None:
    """Ask for a checkpoint: whoever holds the key makes it, within a minute."""
    audit.ask(g.uow)


@blueprint.route("/reseal", methods=["POST"])
@needs(AUDIT)
@own_transactions
@blueprint.arguments(ResealIn)
@blueprint.response(200, ResealedOut)
def reseal(sent: dict[str, Any]) -> Any:
    """After a restore: put on record, signed, that the checkpoints made since the backup are void.

    Only where the process that answers holds the key; 503 elsewhere. Where they went by mail alone, `anchors` holds
    what auditors have saved.
    """
    engine = current_app.extensions["troika"]
    if not (engine.settings.key_file.exists() and audit.may_anchor(engine)):
        raise KeyElsewhere
    kept = [_read(document) for document in sent["anchors"]] if "anchors" in sent else None
    if kept is not None:
        kept = sorted({one.number: one for one in kept}.values(), key=lambda one: one.number)
    return {"void": audit.reseal(engine, sent["reason"], _reader(), kept)}


@blueprint.route("/export", methods=["POST"])
@needs(AUDIT)
@own_transactions
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/zip")
def export() -> Response:
    """The whole record with the program that verifies it without this product, as a ZIP; on record."""
    packed = TemporaryFile()  # noqa: SIM115 - the answer closes it
    with TemporaryDirectory() as folder, ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        audit.export(current_app.extensions["troika"], Path(folder), _reader())
        for file in sorted(Path(folder).rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    packed.seek(0)
    name = f"troika-audit-{g.now:%Y-%m-%d}.zip"
    return send_file(packed, mimetype="application/zip", as_attachment=True, download_name=name)


@blueprint.route("/verify", methods=["POST"])
@needs(AUDIT)
@blueprint.response(202, VerifyingOut)
def verify() -> Any:
    """Have the whole record verified by a job; `GET /` tells what came out."""
    return {"id": audit.ask_check(g.uow)}


@blueprint.route("/verify/<uuid:instance_id>", methods=["GET"])
@needs(AUDIT)
@blueprint.response(200, VerificationOut)
def verify_one(instance_id: UUID) -> Any:
    """The chain of one request, recomputed now, with the rows that stand beside it."""
    found = audit.verify(g.uow, instance_id)
    counts = {name: getattr(found, name) for name in ("instances", "facts", "acts", "anchors", "payments")}
    return {"exit": found.exit, "result": EXITS[found.exit], "counts": counts, "findings": _said(found.findings),
            "notes": _said(found.notes), "started_at": g.uow.now, "finished_at": g.uow.now}  # fmt: skip


@blueprint.route("/chains/<stream>", methods=["POST"])
@needs(AUDIT)
@blueprint.response(200, ChainOut)
def chain(stream: str) -> Any:
    """Every link of one chain, and the way to the newest checkpoint that holds it; that it was exported is on record.

    `stream`: the id of a request, or `audit:` and a scope of acts outside requests, such as `audit:policy`.
    """
    return evidence.chain(g.uow, stream)


@blueprint.route("/evidence/<payment>", methods=["POST"])
@needs(AUDIT)
@blueprint.response(200, EvidenceOut)
def payment_evidence(payment: str) -> Any:
    """Everything that a payment (its number or id) stands on, as `verify_audit.py` reads it; on record."""
    document = evidence_words.worded(evidence.gather(g.uow, evidence.find(g.uow, payment)))
    # in the order in which it was made: rows are sealed in it
    return Response(json.dumps(document, ensure_ascii=False), mimetype="application/json")


def _reader() -> Actor:
    return Actor(g.reader.id, source="api")


def _checkpoint(made: audit.Anchor) -> dict[str, Any]:
    return {
        "number": made.number, "at": made.at, "previous": made.previous, "leaves": made.count, "root": made.root,
        "key": made.key, "signature": made.signature, "next_key": made.next_key,
    }  # fmt: skip


def _read(document: dict[str, Any]) -> audit.Anchor:
    try:
        return audit.Anchor.read(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InvalidValue(expected=N_("a checkpoint as its file holds it"), found=N_("something else")) from None


def _place(place: audit.Place) -> dict[str, Any]:
    return {
        "name": place.name, "checkpoint": place.number, "reached_at": place.reached_at,
        "failing_since": place.failing_since, "failed_at": place.failed_at,
        "trouble": words(place.trouble, place.facts or {}),
    }  # fmt: skip


def _verification(check: audit.Check) -> dict[str, Any]:
    return {
        "exit": check.exit, "result": EXITS[check.exit or 0], "started_at": check.started_at,
        "finished_at": check.finished_at, "counts": check.counts, "findings": _said(check.findings),
        "notes": _said(check.notes),
    }  # fmt: skip


def _said(findings: Any) -> list[dict[str, Any]]:
    return [{"rule": one.rule, "place": one.element_id, "message": words(one.message, one.facts)} for one in findings]
