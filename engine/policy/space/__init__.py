"""All that can happen to a process, as states and steps. Each file is a floor of one class that uses those below it:

`stepping` what can happen next > `ordering` which branch goes first > `moving` tokens that leave, are caught, sent
back > `resting` what is passed at once or forgotten | `choosing` gateways > `recalling` decisions taken back >
`voiding` what going back makes void > `undoing` compensation > `monitor` approvals and their documents > `tokens` where
they are > `layout` what the drawing leads to > `states`.
"""

from engine.policy.space.states import (
    DECIDED,
    DIGIT,
    GIVES_NOTHING,
    LEAVES,
    MANY,
    PASSED,
    STALE,
    WORDS,
    YIELDS,
    Move,
    Need,
    Slots,
    State,
    Way,
)
from engine.policy.space.stepping import Space

__all__ = [
    "DECIDED", "DIGIT", "GIVES_NOTHING", "LEAVES", "MANY", "PASSED", "STALE", "WORDS", "YIELDS", "Move", "Need",
    "Slots", "Space", "State", "Way",
]  # fmt: skip
