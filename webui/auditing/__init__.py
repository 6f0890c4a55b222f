"""The auditors' page: where the record stands, its keys, what the last verification found, evidence of payments."""

from uuid import UUID

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.engine import Row

from engine import audit, evidence
from engine.db.base import metadata
from webui import serving
from webui.access import AUDIT, guard
from webui.auditing import pack
from webui.rendering import page

blueprint = Blueprint("auditing", __name__, url_prefix="/audit")
guard(blueprint, AUDIT)
_PAYMENTS = 10


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Anchors, verification, keys, evidence."""
    search = request.args.get("payment", "").strip()
    newest = audit.last_check(g.uow, ended=False)
    return page(
        "auditing/index.html", standing=audit.standing(g.uow), check=audit.last_check(g.uow),
        running=newest is not None and newest.exit is None, every=audit.every(g.uow.settings),
        places=audit.places(g.uow), beside=not g.uow.settings.anchor_sink, payments=_payments(search), search=search,
    )  # fmt: skip


@blueprint.post("/anchor")
def anchor() -> ResponseReturnValue:
    """Ask for a checkpoint: whoever holds the key makes it."""
    audit.ask(g.uow)
    flash(gettext("The checkpoint is made within a minute."), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/verify")
def verify() -> ResponseReturnValue:
    """Have everything verified now, by a job."""
    audit.ask_check(g.uow)
    flash(gettext("The record is being verified."), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/evidence/<uuid:payment_id>")
def payment_evidence(payment_id: UUID) -> ResponseReturnValue:
    """Everything that one payment stands on, as PDF and JSON with the program that verifies it."""
    found = evidence.gather(g.uow, payment_id)
    return serving.file(pack.packed(found), f"evidence-{found['payment']['title']}.zip", "application/zip")


def _payments(search: str) -> list[Row[tuple[object, ...]]]:
    table = metadata.tables.get(evidence.PAYMENT)
    if table is None:
        return []
    query = select(table.c.id, table.c.payment_no, table.c.amount, table.c.currency, table.c.executed_at)
    if search:
        query = query.where(table.c.payment_no.contains(search, autoescape=True))
    return list(g.uow.execute(query.order_by(table.c.executed_at.desc(), table.c.id.desc()).limit(_PAYMENTS)))
