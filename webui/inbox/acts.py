"""The acts on a task in the order of their buttons: those that decide are sent with its form, the others ask first."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import N_
from engine.tasks import TaskView

DECISIONS = frozenset({"agree", "reject", "complete"})
"""acts that the form of the task is sent with"""
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
    Button("advise", N_("Give advice"), icon="message-reply", look="btn-primary", key="a"),
    Button("take_back", N_("Take it back"), icon="arrow-back-up", look="btn-primary"),
    Button("reject", N_("Reject"), icon="x", look="btn-outline-danger"),
    Button("abstain", N_("Abstain"), icon="minus"),
    Button("confirm", N_("Confirm"), icon="check", look="btn-primary", key="a"),
    Button("refuse", N_("Do not confirm"), icon="x", look="btn-outline-danger"),
    Button("claim", N_("Claim"), icon="hand-grab", key="c"),
    Button("unclaim", N_("Release"), icon="arrow-back-up"),
    Button("return", N_("Send back"), icon="corner-up-left", endpoint="inbox.send_back", key="r"),
    Button("transfer", N_("Transfer"), icon="user-share", endpoint="inbox.transfer", key="t"),
    Button("delegate", N_("Ask for advice"), icon="message-question", endpoint="inbox.delegate"),
    Button("add_signers", N_("Add signers"), icon="user-plus", endpoint="inbox.add_signers"),
    Button("set_future", N_("Later approvers"), icon="route", endpoint="inbox.set_future"),
    Button("consult", N_("Talk in private"), icon="messages", endpoint="inbox.consult"),
    Button("copy", N_("Send a copy"), icon="copy", endpoint="inbox.copy"),
    Button("save", N_("Keep for later"), icon="device-floppy"),
    Button("recall", N_("Take my decision back"), icon="arrow-back-up", endpoint="inbox.recall"),
)
ADDING = ("add_before", "add_after", "add_beside")


def of(task: TaskView) -> tuple[str, ...]:
    """The acts of a task as its buttons name them: one adds signers, whatever their place; advice is given or withdrawn
    under a word of its own; whoever may write may keep what he wrote; a copy may always be sent, and others talked to.
    """
    words = {"hand_back": "take_back" if task.status == "advising" else "advise"} | dict.fromkeys(ADDING, "add_signers")
    found = [words.get(act, act) for act in task.actions]
    if DECISIONS & set(found):
        found += ["copy", "consult", "save"]
    return tuple(dict.fromkeys(found))


def bar(actions: Sequence[str]) -> Bar:
    """The buttons of a task that offers `actions`."""
    offered = [button for button in BUTTONS if button.act in actions]
    first = [*offered[:VISIBLE], *(button for button in offered[VISIBLE:] if button.act in ("claim", "unclaim"))]
    return Bar(first, [button for button in offered if button not in first])
