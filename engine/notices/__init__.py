"""Who is told what happened, once, where he wants it: the door to the verbs of this room."""

from engine.notices.comments import naming, of_comment
from engine.notices.delivering import NotYet, Parcel, prepare, send, sent
from engine.notices.events import DIGEST, EVENTS, MAIL, PERSONAL_CHANNELS, ROBOT
from engine.notices.policies import of_policy
from engine.notices.preferences import choose, chosen, digest, quiet_hours, set_digest, set_quiet_hours
from engine.notices.receivers import of_receiver
from engine.notices.reviews import WITHDRAWN as REVIEW_WITHDRAWN
from engine.notices.reviews import asked as asked_reviewers
from engine.notices.reviews import chosen as chosen_reviewers
from engine.notices.reviews import of_review, reviewers
from engine.notices.staffing import of_staffing
from engine.notices.substitutes import of_substitution
from engine.notices.telling import tell

SENT_OUTSIDE = (MAIL, DIGEST, ROBOT)
"""channels that need the network"""

__all__ = [
    "EVENTS",
    "PERSONAL_CHANNELS",
    "REVIEW_WITHDRAWN",
    "SENT_OUTSIDE",
    "NotYet",
    "Parcel",
    "asked_reviewers",
    "choose",
    "chosen",
    "chosen_reviewers",
    "digest",
    "naming",
    "of_comment",
    "of_policy",
    "of_receiver",
    "of_review",
    "of_staffing",
    "of_substitution",
    "prepare",
    "quiet_hours",
    "reviewers",
    "send",
    "sent",
    "set_digest",
    "set_quiet_hours",
    "tell",
]
