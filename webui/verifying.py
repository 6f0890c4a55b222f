"""What the code on a printed paper proves, to anybody who holds it: no login, a few questions a minute."""

import threading
from collections import deque
from datetime import datetime, timedelta

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from engine import prints
from engine.errors import N_, EngineError
from webui.access import public
from webui.rendering import page

blueprint = Blueprint("verifying", __name__, url_prefix="/verify")

_MINUTE = timedelta(minutes=1)
_VISITORS = 10_000
_asked: dict[str, deque[datetime]] = {}
_lock = threading.Lock()


class AskedTooOften(EngineError):
    """Somebody tries codes."""

    message = N_("Expected at most {limit} codes a minute.")
    hint = N_("Wait a minute, then try again.")
    status = 429


@blueprint.get("/<code>")
@public
def verify(code: str) -> ResponseReturnValue:
    """Number, title, status, when it was decided, whether anything has changed since, and the hash of the document."""
    _slow_down(request.remote_addr or "", g.now, g.uow.settings.verify_per_minute)
    response = page("requests/verify.html", block="content", found=prints.verify(g.uow, code))
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _slow_down(visitor: str, now: datetime, most: int) -> None:
    with _lock:
        if visitor not in _asked and len(_asked) >= _VISITORS:
            _asked.clear()
        recent = _asked.setdefault(visitor, deque())
        while recent and not recent[0] <= now < recent[0] + _MINUTE:
            recent.popleft()
        if len(recent) >= most:
            raise AskedTooOften(limit=most)
        recent.append(now)
