"""The workload with a mistake, which a sweep has to find: every call outside has another key."""

from uuid import uuid4

from tests.faults import orders
from tests.faults.orders import act, broken, finished, prepare, start, states

__all__ = ["act", "broken", "finished", "prepare", "start", "states"]
orders.OUTSIDE.key_of = lambda http: str(uuid4())
