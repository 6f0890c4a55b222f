"""What people do: one `user_task` per visit of a human node, one `work_item` per person in it, and the inbox."""

from enum import IntEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from engine.db.base import Digest, Id, JsonText, Scaled, UtcDateTime, metadata


class RoundStatus(IntEnum):
    """Of a `user_task`."""

    OPEN = 0
    PASSED = 1
    FAILED = 2
    RETURNED = 3
    CANCELLED = 4
    SKIPPED = 5


class Cause(IntEnum):
    """Why a `user_task` was opened."""

    FLOW = 0
    RETURN = 1
    WITHDRAW = 2
    MIGRATE = 3
    MODIFY = 4


class Ticket(IntEnum):
    """Of a returned round that wants the resubmission straight back."""

    OPEN = 0
    USED = 1
    BROKEN = 2


class ItemKind(IntEnum):
    """Why a person is in a round."""

    NORMAL = 0
    SIGN_BEFORE = 1
    SIGN_AFTER = 2
    SIGN_PARALLEL = 3
    ADVICE = 4
    COPY = 5


class ItemStatus(IntEnum):
    """Of a `work_item`."""

    WAIT = 0
    TODO = 1
    ADVISING = 2
    COUNTERSIGNING = 3
    DECIDED = 4
    SUPERSEDED = 5
    REMOVED = 6
    CANCELLED = 7
    READ = 8


class ItemDecision(IntEnum):
    """What was decided."""

    AGREED = 0
    REJECTED = 1
    ABSTAINED = 2
    HANDLED = 3
    RETURNED = 4
    ADVISED = 5


class Source(IntEnum):
    """How a decision came about; only HUMAN and CARRIED ever count for a policy."""

    HUMAN = 0
    CARRIED = 1
    AUTO_EMPTY = 2
    AUTO_SELF = 3
    AUTO_DEDUPE = 4
    AUTO_TIMEOUT = 5
    AUTO_RULE = 6
    ADMIN = 7


class Box(IntEnum):
    """Of an inbox row."""

    TODO = 1
    CLAIMABLE = 2
    COPIED = 3


NO_DUE = 2**62

user_task = Table(
    "user_task",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", Id, ForeignKey("instance.id"), nullable=False),
    Column("node", String(200), nullable=False),
    Column("token", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("form", String(200)),
    Column("priority", SmallInteger, nullable=False, default=50),
    Column("due_at", UtcDateTime),
    Column("follow_up_at", UtcDateTime),
    Column("mode", String(20), nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("spec", JsonText, nullable=False),  # the Work record of the version that opened it, frozen
    Column("cause", SmallInteger, nullable=False, default=0),  # Cause
    Column("opened_seq", Integer, nullable=False),
    Column("passed_seq", Integer),
    Column("outcome", String(20)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("voided_at", UtcDateTime),
    Column("version", Integer, nullable=False, default=1),
    Column("scope_path", Text),  # "0/12@ship": scopes from the process inwards, each with the activity that opened it
    Column("parked_by", Id),  # the returned round that keeps this one for carrying
    Column("ticket", SmallInteger),  # of a returned round
    Column("guarded", JsonText),  # names of the fields that a parked round was decided on
    Column("guarded_digest", Digest),
    Column("calendar", String(60)),  # by which `due_at` and `follow_up_at` were counted: they move when it changes
    UniqueConstraint("instance_id", "token", name="user_task_wait_once"),
)
Index(
    "user_task_calendar",
    user_task.c.calendar,
    user_task.c.instance_id,
    sqlite_where=text("status = 0 AND calendar IS NOT NULL"),
    postgresql_where=text("status = 0 AND calendar IS NOT NULL"),
)
Index("user_task_open", user_task.c.instance_id, sqlite_where=text("status = 0"), postgresql_where=text("status = 0"))

work_item = Table(
    "work_item",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_task_id", Id, ForeignKey("user_task.id")),
    Column("instance_id", Id, nullable=False),
    Column("parent_id", Id),
    Column("supersedes_id", Id),
    Column("kind", SmallInteger, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("weight", Scaled(9, 4), nullable=False, default=1),
    Column("assignee_id", Id),
    Column("group_id", Id),
    Column("owner_id", Id),
    Column("on_behalf_of_id", Id),
    Column("status", SmallInteger, nullable=False),
    Column("decision", SmallInteger),
    Column("decision_source", SmallInteger),
    Column("decided_by", Id),
    Column("decided_person_id", Id),
    Column("decided_at", UtcDateTime),
    Column("opinion", Text),
    Column("draft", JsonText),
    Column("form_digest", Digest),
    Column("subject_type", String(60)),
    Column("subject_id", String(200)),
    Column("subject_digest", String(80)),
    Column("evidence_id", Id),
    Column("reason", Text),  # why this person is asked, or why the engine decided
    Column("added_by", Id),
    Column("voided_at", UtcDateTime),
    Column("void_reason", Text),
    Column("due_at", UtcDateTime),
    Column("first_seen_at", UtcDateTime),
    Column("urged_at", UtcDateTime),
    Column("idempotency_key", String(80)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("group_mode", String(20)),  # of an added signer: how the people added with him are counted
    Column("urges", Integer),  # how often somebody has urged
    Column("signature_id", Id),  # with which the decision was signed
    # a substitute's decision that counts when the principal has confirmed it
    Column("confirm_until", UtcDateTime),
    Column("confirm_else", String(10)),  # stands | falls: without an answer until then
    Column("answered_at", UtcDateTime),
    Column("answered_by", Id),  # none: the time was over
    Column("answer_key", String(80)),  # the same answer twice is given once
    Column("opinion_salt", LargeBinary(16)),  # of its digest in the chain; none: made before there were salts
    Column("shown_form", Digest),  # SHA-256 of the form's file as it was shown; none: from before it was kept
    # an automatic result has neither: nobody was asked
    CheckConstraint("assignee_id IS NULL OR group_id IS NULL", name="one_owner"),
    CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided_at"),
    CheckConstraint("decision_source <> 0 OR decided_by IS NOT NULL", name="human_has_a_name"),
    CheckConstraint("decision IS NULL OR decision_source IS NOT NULL", name="decision_has_a_source"),
)
Index("work_item_ledger", work_item.c.user_task_id, work_item.c.seq)
Index(
    "work_item_done",
    work_item.c.decided_by,
    work_item.c.decided_at.desc(),
    work_item.c.id,
    sqlite_where=text("decided_at IS NOT NULL"),
    postgresql_where=text("decided_at IS NOT NULL"),
)
Index(
    "work_item_once_open",
    work_item.c.user_task_id,
    work_item.c.assignee_id,
    unique=True,
    sqlite_where=text("status IN (0, 1, 2, 3) AND kind NOT IN (4, 5) AND assignee_id IS NOT NULL"),
    postgresql_where=text("status IN (0, 1, 2, 3) AND kind NOT IN (4, 5) AND assignee_id IS NOT NULL"),
)
Index("work_item_instance", work_item.c.instance_id)
Index(
    "work_item_copy_once",
    work_item.c.instance_id,
    work_item.c.assignee_id,
    unique=True,
    sqlite_where=text("kind = 5"),
    postgresql_where=text("kind = 5"),
)
Index(
    "work_item_copies",
    work_item.c.assignee_id,
    work_item.c.id.desc(),
    sqlite_where=text("kind = 5"),
    postgresql_where=text("kind = 5"),
)

# who will be asked at a node that has not opened yet, chosen by a person
future_approver = Table(
    "future_approver",
    metadata,
    Column("instance_id", Id, primary_key=True),
    Column("node", String(200), primary_key=True),
    Column("user_ids", JsonText, nullable=False),
    Column("adds", Boolean, nullable=False),  # beside those whom the drawing asks, else in their place
    Column("set_by", Id),
    Column("at", UtcDateTime, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("principal_id", Id, primary_key=True),
    Column("box", SmallInteger, primary_key=True),
    Column("due_key", BigInteger, primary_key=True),  # epoch milliseconds; NO_DUE without a due date
    Column("work_item_id", Id, primary_key=True),
    Column("priority_key", SmallInteger, nullable=False, server_default=text("50")),  # 100 - priority: read upwards
    sqlite_with_rowid=False,
)
Index("inbox_newest", inbox.c.principal_id, inbox.c.box, inbox.c.work_item_id.desc())
Index("inbox_priority", inbox.c.principal_id, inbox.c.box, inbox.c.priority_key, inbox.c.due_key, inbox.c.work_item_id)
Index("inbox_item", inbox.c.work_item_id)

task_comment = Table(
    "task_comment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", Id, nullable=False),
    Column("user_task_id", Id),
    Column("author_id", Id, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("mentions", JsonText),  # ids of the people who are named in it
    Column("thread_id", Id),  # the message that opened the private thread it belongs to
    Column("visible_to", JsonText),  # of an opening message: ids of the members
)
Index("task_comment_instance", task_comment.c.instance_id, task_comment.c.id)
Index(
    "task_comment_threads",
    task_comment.c.instance_id,
    task_comment.c.id,
    sqlite_where=text("thread_id IS NOT NULL"),
    postgresql_where=text("thread_id IS NOT NULL"),
)
