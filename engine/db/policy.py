"""Policies in force, the grants that human decisions make, the clearances that consume them."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from engine.db.base import Id, JsonText, Money, UtcDateTime, metadata

policy_version = Table(
    "policy_version",
    metadata,
    Column("id", Id, primary_key=True),
    Column("policy_id", String(60), nullable=False),
    Column("version", Integer, nullable=False),
    Column("class", String(60), nullable=False, key="operation_class"),
    Column("statement", JsonText, nullable=False),
    Column("state", String(12), nullable=False),
    Column("source", String(12), nullable=False),  # shipped | people
    Column("valid_from", UtcDateTime, nullable=False),  # of a proposal: when it was made
    Column("valid_to", UtcDateTime),
    Column("proposed_by", Id),
    Column("approved_by", Id),
    Column("proposed_person_id", Id),
    Column("approved_person_id", Id),
    Column("proposed_at", UtcDateTime),
    # a policy leaves without a successor when somebody proposes it and another person says yes
    Column("retired_by", Id),
    Column("retired_person_id", Id),
    Column("retire_reason", Text),
    # what it asks less than the version in force when it was proposed, and activated: sentences
    Column("weakens", Boolean, nullable=False, server_default=false()),
    Column("differences", JsonText),
    Column("reason", Text, nullable=False, server_default=""),
    Column("min_people", Integer, nullable=False, server_default="0"),
    Column("break_glass", Boolean, nullable=False, server_default=false()),
    # of a shipped one: the controller who has read it
    Column("confirmed_by", Id),
    Column("confirmed_at", UtcDateTime),
    # of a weaker one: the auditor who has seen it
    Column("reviewed_by", Id),
    Column("reviewed_at", UtcDateTime),
    UniqueConstraint("policy_id", "version"),
    CheckConstraint("state IN ('proposed', 'active', 'retired')", name="state"),
    CheckConstraint("proposed_by IS NULL OR approved_by IS NULL OR proposed_by <> approved_by", name="two_people"),
)
Index(
    "policy_version_in_force",
    policy_version.c.policy_id,
    unique=True,
    sqlite_where=text("state = 'active'"),
    postgresql_where=text("state = 'active'"),
)

policy_grant = Table(
    "policy_grant",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", Id, nullable=False),
    Column("user_task_id", Id, ForeignKey("user_task.id"), nullable=False),
    Column("work_item_id", Id, ForeignKey("work_item.id"), nullable=False),
    Column("node", String(200), nullable=False),
    Column("capability", String(60), nullable=False),
    Column("person_id", Id, nullable=False),
    Column("account_id", Id, nullable=False),
    Column("on_behalf_of_id", Id),
    Column("source", String(12), nullable=False),
    Column("subject_type", String(60), nullable=False),
    Column("subject_id", String(200), nullable=False),
    Column("subject_digest", String(80), nullable=False),
    Column("facts", JsonText, nullable=False),
    Column("granted_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("state", String(12), nullable=False, default="active"),
    Column("state_reason", Text),
    Column("state_at", UtcDateTime),
    UniqueConstraint("work_item_id", "capability"),
    CheckConstraint("source IN ('human', 'break_glass')", name="source"),
    CheckConstraint("state IN ('active', 'parked', 'void', 'consumed')", name="state"),
)
Index("policy_grant_subject", policy_grant.c.subject_type, policy_grant.c.subject_id, policy_grant.c.state)
Index("policy_grant_instance", policy_grant.c.instance_id)

clearance = Table(
    "clearance",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", Id, nullable=False),
    Column("operation", String(120), nullable=False),
    Column("idempotency_key", Id, nullable=False, unique=True),
    Column("policies", JsonText, nullable=False),
    Column("subject_type", String(60), nullable=False),
    Column("subject_id", String(200), nullable=False),
    Column("subject_digest", String(80), nullable=False),
    Column("amount", Money(), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("payee_id", String(200), nullable=False),
    Column("payee_bank_version", Integer, nullable=False),
    Column("requester_id", Id, nullable=False),
    Column("executor_id", Id),
    Column("min_people", Integer, nullable=False),
    Column("cleared_at", UtcDateTime, nullable=False),
    Column("state", String(12), nullable=False, default="open"),
    CheckConstraint("min_people >= 1", name="people"),
    CheckConstraint("state IN ('open', 'used', 'void')", name="state"),
)

clearance_grant = Table(
    "clearance_grant",
    metadata,
    Column("clearance_id", Id, ForeignKey("clearance.id"), primary_key=True),
    Column("grant_id", Id, ForeignKey("policy_grant.id"), primary_key=True),
    Column("requirement", String(60), nullable=False),
)
