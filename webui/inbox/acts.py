"""The acts on a task in the order of their buttons: those that decide are sent with its form, the others ask first."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import N_

VISIBLE = 2
"""buttons beside "more"; claim and release always are"""


@dataclass(frozen=True)
class Button:
    """`act` as `TaskView.actions` names it. `endpoint`: of the page that asks for what the act needs, "" where it needs
    nothing. `judged`: the form must be right. `key`: on the keyboard.
    """

    act: str
    label: str
    icon: str
    look: str = ""
    endpoint: str = ""
    judged: bool = False
    key: str = ""


@dataclass(frozen=True)
class Bar:
    """Buttons that are seen at once, and those behind "more"."""

    first: Sequence[Button]
    more: Sequence[Button]


BUTTONS = (
    Button("agree", N_("Agree"), icon="check", look="btn-primary", judged=True, key="a"),
    Button("complete", N_("Complete"), icon="check", look="btn-primary", judged=True, key="a"),
    Button("reject", N_("Reject"), icon="x", look="btn-outline-danger"),
    Button("claim", N_("Claim"), icon="hand-grab", key="c"),
    Button("unclaim", N_("Release"), icon="arrow-back-up"),
    Button("transfer", N_("Transfer"), icon="user-share", endpoint="inbox.transfer", key="t"),
)


def bar(actions: Sequence[str]) -> Bar:
    """The buttons of a task that offers `actions`."""
    offered = [button for button in BUTTONS if button.act in actions]
    first = [*offered[:VISIBLE], *(button for button in offered[VISIBLE:] if button.act in ("claim", "unclaim"))]
    return Bar(first, [button for button in offered if button not in first])
