"""Signatures in what a page sends, for every act that decides: drawn on its sheet, typed, or the stored one."""

from typing import Any

from flask import g, request

from engine import tasks, values
from engine.errors import N_, EngineError, WrongSignature
from engine.tasks import signatures

LONGEST = 200_000
"""characters of the lines that are sent"""


def sent() -> tasks.Sent | None:
    """What was signed with; None: nothing. Raises WrongSignature for lines that cannot be read."""
    kind, name = request.form.get("signature", ""), request.form.get("signature_name", "").strip()
    drawn = strokes()
    if not kind or (kind == "drawn" and not drawn) or (kind == "typed" and not name):
        return None
    return tasks.Sent(kind, name, drawn if kind == "drawn" else (), bool(request.form.get("signature_keep")))


def strokes() -> Any:
    """The lines that were drawn."""
    text = request.form.get("signature_strokes", "")
    if not text:
        return ()
    try:
        return values.from_json(text[:LONGEST])
    except (ValueError, EngineError, RecursionError):
        raise WrongSignature(expected=N_("a drawn signature"), found=N_("something else")) from None


def stored() -> bool:
    """Whether the reader can sign with one that he keeps; nobody on an error page, whose unit of work is gone."""
    return "uow" in g and g.get("reader") is not None and signatures.stored(g.uow) is not None
