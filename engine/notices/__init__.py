"""Who is told what happened, once, where he wants it: the door to the verbs of this room."""

from engine.notices.delivering import NotYet, Parcel, prepare, send, sent
from engine.notices.events import EVENTS, MAIL, PERSONAL_CHANNELS, ROBOT
from engine.notices.preferences import choose, chosen, quiet_hours, set_quiet_hours
from engine.notices.substitutes import of_substitution
from engine.notices.telling import tell

SENT_OUTSIDE = (MAIL, ROBOT)
"""channels that need the network"""

__all__ = [
    "EVENTS",
    "PERSONAL_CHANNELS",
    "SENT_OUTSIDE",
    "NotYet",
    "Parcel",
    "choose",
    "chosen",
    "of_substitution",
    "prepare",
    "quiet_hours",
    "send",
    "sent",
    "set_quiet_hours",
    "tell",
]
