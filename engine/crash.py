"""Named points at which a fault test kills the process; without TROIKA_CRASH_AT they do nothing."""

import os
import signal

POINTS = (
    "commit.before", "commit.after", "start", "complete", "settle", "effect.before", "effect.after", "claim",
    "execute", "external.started", "external.answered", "timer", "message", "message.published", "release", "deploy",
)  # fmt: skip

_armed = ""
_left = 0


def arm(at: str) -> None:
    """`point` or `point:hit`: die when it is reached for the `hit`-th time; empty: never.

    Raises ValueError for an unknown point.
    """
    global _armed, _left
    point, _, hit = at.partition(":")
    if point and point not in POINTS:
        raise ValueError(f"expected one of {', '.join(POINTS)}, found {point}")
    _armed, _left = point, int(hit or 1)


def here(point: str) -> None:
    """Die like `kill -9`, if `point`, one of POINTS, is armed and its hit has come."""
    global _left
    if point != _armed:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
