"""The work-item ledger of human nodes: who is asked, and when a round is decided.

`open_round` and `close_round` are called by `runtime.settle`; `decide` is pure; the acts of people are `engine.tasks`.
"""

from engine.approvals.choices import select_people
from engine.approvals.ledger import Ledger, Outcome, decide
from engine.approvals.rounds import RoundOutcome, close_round, open_round, outcome_of

__all__ = ["Ledger", "Outcome", "RoundOutcome", "close_round", "decide", "open_round", "outcome_of", "select_people"]
