"""Everything that happens later happens once: claimed with a lease, run, fenced, tried again or handed to a person."""

from engine.jobs.leasing import Claimed, any_due, claim, extend, release
from engine.jobs.running import UPSTAIRS, Result, execute, fail, is_trouble, run_due
from engine.jobs.views import JobView, list_, retry

__all__ = [
    "UPSTAIRS",
    "Claimed",
    "JobView",
    "Result",
    "any_due",
    "claim",
    "execute",
    "extend",
    "fail",
    "is_trouble",
    "list_",
    "release",
    "retry",
    "run_due",
]
