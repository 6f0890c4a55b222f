"""All tables of the engine in one place, and how a new database is filled."""

from sqlalchemy import Connection, insert

from engine.db import (
    audit,
    calendar,
    counter,
    definition,
    dictionary,
    document,
    draft,
    effect,
    guards,
    guards_policy,
    history,
    identity,
    instance,
    job,
    notice,
    policy,
    printing,
    scenario,
    signature,
    subscription,
    task,
    view,
    webhook,
)
from engine.db.base import metadata
from engine.db.subscription import CORRELATION_BUCKETS, correlation_lock

__all__ = ["NOUNS", "create", "metadata", "seed"]

NOUNS = (
    audit, calendar, counter, definition, dictionary, document, draft, effect, guards_policy, history, identity,
    instance, job, notice, policy, printing, scenario, signature, subscription, task, view, webhook,
)  # fmt: skip


def create(connection: Connection) -> None:
    """Tables of the engine and of every loaded data module, guards, and the rows that must be there."""
    metadata.create_all(connection, checkfirst=False)
    guards.create(connection)
    seed(connection)


def seed(connection: Connection) -> None:
    """Rows without which nothing works."""
    connection.execute(insert(correlation_lock), [{"bucket": number} for number in range(CORRELATION_BUCKETS)])
