"""Everything that must happen later, the outbox too; what a person must decide; verbs over many instances."""

from enum import IntEnum

from sqlalchemy import Column, ForeignKey, Index, Integer, SmallInteger, String, Table, Text, text

from engine.db.base import Id, JsonText, UtcDateTime, metadata


class JobKind(IntEnum):
    """What a job does."""

    SERVICE = 1
    TIMER = 2
    CONTINUATION = 3
    MESSAGE = 4
    NOTICE = 5
    EVENT = 6
    WEBHOOK = 7
    MAINTENANCE = 8
    BATCH_ITEM = 9
    TIMEOUT = 10


class JobState(IntEnum):
    """Live ones are ready, in the future, backing off or leased: `visible_at` says which."""

    LIVE = 0
    DEAD = 1
    SUSPENDED = 2


class ItemState(IntEnum):
    """Of one instance in a batch."""

    OPEN = 0
    DONE = 1
    REFUSED = 2


class IncidentKind(IntEnum):
    """What a person must decide."""

    RETRIES_SPENT = 1
    OUTCOME_UNKNOWN = 2
    POLICY_HOLD = 3
    EXPRESSION = 4
    POISON = 5
    PROCESS = 6


job = Table(
    "job",
    metadata,
    Column("id", Id, primary_key=True),  # the idempotency key of its effect; the same over all attempts
    Column("instance_id", Id),
    Column("token", Integer),
    Column("kind", SmallInteger, nullable=False),
    Column("handler", String(200), nullable=False),
    Column("payload", JsonText, nullable=False),
    Column("shard", SmallInteger, nullable=False),
    Column("visible_at", UtcDateTime, nullable=False),
    Column("state", SmallInteger, nullable=False, default=0),
    Column("attempts", SmallInteger, nullable=False, default=0),
    Column("retry", String(200), nullable=False),
    Column("lock_token", Id),
    Column("lock_owner", String(200)),
    Column("last_error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("calendar", String(60)),  # by which `visible_at` was counted: it moves when the calendar changes
)
Index("job_visible", job.c.visible_at, sqlite_where=text("state = 0"), postgresql_where=text("state = 0"))
Index("job_instance", job.c.instance_id)
Index(
    "job_calendar",
    job.c.calendar,
    job.c.instance_id,
    sqlite_where=text("calendar IS NOT NULL"),
    postgresql_where=text("calendar IS NOT NULL"),
)
Index(
    "job_once",
    job.c.instance_id,
    job.c.token,
    job.c.kind,
    unique=True,
    sqlite_where=text("token IS NOT NULL"),
    postgresql_where=text("token IS NOT NULL"),
)

incident = Table(
    "incident",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", Id),
    Column("job_id", Id),
    Column("number", Integer),  # of the machine's incident inside the instance
    Column("node", String(200)),
    Column("kind", SmallInteger, nullable=False),
    Column("code", String(80), nullable=False),
    Column("message", Text, nullable=False),
    Column("detail", JsonText),
    Column("created_at", UtcDateTime, nullable=False),
    Column("resolved_at", UtcDateTime),
    Column("resolved_by", Id),
    Column("resolution", Text),
)
Index(
    "incident_open",
    incident.c.id,
    sqlite_where=text("resolved_at IS NULL"),
    postgresql_where=text("resolved_at IS NULL"),
)
Index("incident_instance", incident.c.instance_id)

batch = Table(
    "batch",
    metadata,
    Column("id", Id, primary_key=True),
    Column("verb", String(40), nullable=False),
    Column("process_key", String(200), nullable=False),
    Column("plan", JsonText, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_by", Id),
    Column("created_at", UtcDateTime, nullable=False),
)
Index("batch_process", batch.c.process_key, batch.c.id)

batch_item = Table(
    "batch_item",
    metadata,
    Column("batch_id", Id, ForeignKey("batch.id"), primary_key=True),
    Column("instance_id", Id, primary_key=True),
    Column("state", SmallInteger, nullable=False, default=0),
    # why it was refused: [[rule, element, message template, facts], ...]
    Column("findings", JsonText),
    Column("finished_at", UtcDateTime),
)
Index("batch_item_state", batch_item.c.batch_id, batch_item.c.state)
