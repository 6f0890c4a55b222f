"""What a job does, in words: by the name of what carries it out."""

from flask_babel import gettext

from engine.errors import N_
from webui import policy_names
from webui.rendering import label, processes

HANDLERS = {
    "audit.verify": N_("verify the whole record"),
    "scenarios.play": N_("play all scenarios"),
    "calendar.recount": N_("recount due dates by the changed calendar"),
    "deliver": N_("deliver a message to who waits for it"),
    "digest": N_("send a summary of messages by mail"),
    "mail": N_("send a message by mail"),
    "migrate": N_("move an instance to another version"),
    "policy.escalate": N_("tell who can help that an operation is still held"),
    "policy.recheck": N_("look again at a held operation"),
    "policy.used": N_("tell of an emergency permission that was used"),
    "publish": N_("publish a message"),
    "receiver off": N_("tell that a receiver was switched off"),
    "reject": N_("end a request that was rejected"),
    "retention.due": N_("ask for the release of a request whose time of keeping is over"),
    "robot": N_("send a message to a robot of a chat"),
    "round": N_("go on after a decision"),
    "signal": N_("send a signal"),
    "start": N_("start a process by a message or signal"),
    "policy": N_("tell of a change of a policy"),
    "substitution": N_("tell of a substitution"),
    "tell": N_("tell those whom an event concerns"),
    "timer": N_("go on when the time has come"),
}
_STARTS, _TIME_LIMIT = "start:", "timeout/"


def said(handler: str) -> str:
    """In the reader's language; a name without words, as of a receiver, is said as it is."""
    if handler in HANDLERS:
        return gettext(HANDLERS[handler])
    if handler.startswith(_TIME_LIMIT):
        return gettext("what a task says of its time limit")
    if handler.startswith(_STARTS):
        key = handler.removeprefix(_STARTS)
        found = processes().get(key)
        return gettext("start %(process)s at its time", process=label(found.labels, found.name) if found else key)
    return policy_names.operation(handler)
