"""The work-item ledger of human nodes: who is asked, and when a round is decided.

`open_round` and `close_round` are called by `runtime.settle`; `decide` is pure; the acts of people are `engine.tasks`.
"""

from engine.approvals.carrying import carry, reopen_for
from engine.approvals.choices import select_people
from engine.approvals.ledger import Ledger, Outcome, decide
from engine.approvals.rounds import Again, Later, RoundOutcome, close_round, open_round, outcome_of, path_of

__all__ = [
    "Again",
    "Later",
    "Ledger",
    "Outcome",
    "RoundOutcome",
    "carry",
    "close_round",
    "decide",
    "open_round",
    "outcome_of",
    "path_of",
    "reopen_for",
    "select_people",
]
