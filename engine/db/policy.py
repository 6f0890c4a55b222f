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

ERASED = "erased: an act on record says why"
"""in the place of the reason of an emergency that a law has deleted; no other word is ever put there"""

break_glass = Table(
    "break_glass",
    metadata,
    Column("id", Id, primary_key=True),
    Column("policy_id", String(60), nullable=False),
    Column("policy_version_id", Id, ForeignKey("policy_version.id"), nullable=False),
    Column("instance_id", Id, nullable=False),
    Column("subject_type", String(60), nullable=False),
    Column("subject_id", String(200), nullable=False),
    Column("subject_digest", String(80), nullable=False),
    Column("facts", JsonText, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_by", Id, nullable=False),
    Column("asked_person_id", Id, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("first_by", Id),
    Column("first_person_id", Id),
    Column("first_at", UtcDateTime),
    Column("second_by", Id),
    Column("second_person_id", Id),
    Column("second_at", UtcDateTime),
    Column("reviewed_by", Id),
    Column("reviewed_person_id", Id),
    Column("reviewed_at", UtcDateTime),
    Column("review", Text),
    Column("state", String(12), nullable=False),
    CheckConstraint("state IN ('asked', 'signed', 'withdrawn', 'reviewed')", name="state"),
    CheckConstraint("length(trim(reason)) >= 20", name="reason"),
    CheckConstraint("first_person_id <> second_person_id", name="two_people"),
    CheckConstraint(
        "reviewed_person_id <> first_person_id AND reviewed_person_id <> second_person_id "
        "AND reviewed_person_id <> asked_person_id",
        name="third_person",
    ),
)
Index("break_glass_subject", break_glass.c.subject_type, break_glass.c.subject_id)
Index("break_glass_instance", break_glass.c.instance_id)

policy_grant = Table(
    "policy_grant",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", Id, nullable=False),
    Column("user_task_id", Id, ForeignKey("user_task.id")),
    Column("work_item_id", Id, ForeignKey("work_item.id")),
    Column("node", String(200), nullable=False),
    Column("capability", String(60), nullable=False),
    Column("person_id", Id, nullable=False),
    Column("account_id", Id, nullable=False),
    Column("on_behalf_of_id", Id),
    Column("principal_person_id", Id),
    Column("source", String(12), nullable=False),
    Column("break_glass_id", Id, ForeignKey("break_glass.id")),
    Column("subject_type", String(60), nullable=False),
    Column("subject_id", String(200), nullable=False),
    Column("subject_digest", String(80), nullable=False),
    Column("facts", JsonText, nullable=False),
    Column("currency", String(3)),
    Column("limit_amount", Money()),
    Column("used_amount", Money(), nullable=False, server_default="0"),
    Column("uses", String(12), nullable=False, server_default="once"),
    # by which rule of which decision the person was entitled: [{decision, definition, rules, inputs, result}]
    Column("authority", JsonText),
    Column("policy_versions", JsonText),
    Column("granted_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("state", String(12), nullable=False, default="active"),
    Column("state_reason", Text),
    Column("state_at", UtcDateTime),
    UniqueConstraint("work_item_id", "capability"),
    UniqueConstraint("break_glass_id", "person_id"),
    CheckConstraint("source IN ('human', 'break_glass')", name="source"),
    CheckConstraint("state IN ('active', 'parked', 'void', 'consumed')", name="state"),
    CheckConstraint("uses IN ('once', 'up_to_amount')", name="uses"),
    CheckConstraint("used_amount >= 0 AND (limit_amount IS NULL OR used_amount <= limit_amount)", name="used"),
    CheckConstraint(
        "(source = 'human' AND work_item_id IS NOT NULL AND user_task_id IS NOT NULL AND break_glass_id IS NULL) "
        "OR (source = 'break_glass' AND break_glass_id IS NOT NULL AND work_item_id IS NULL)",
        name="origin",
    ),
)
Index("policy_grant_subject", policy_grant.c.subject_type, policy_grant.c.subject_id, policy_grant.c.state)
Index("policy_grant_instance", policy_grant.c.instance_id)
Index("policy_grant_person", policy_grant.c.person_id, policy_grant.c.state)

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
    Column("class", String(60), nullable=False, key="operation_class", server_default=""),
    Column("facts", JsonText),
    Column("policy_versions", JsonText),
    # what was found: requirement by requirement, sums of split payments, decisions about authority
    Column("reasons", JsonText),
    CheckConstraint("min_people >= 1", name="people"),
    CheckConstraint("state IN ('open', 'used', 'void')", name="state"),
)
Index("clearance_sums", clearance.c.operation_class, clearance.c.cleared_at)
Index("clearance_subject", clearance.c.subject_type, clearance.c.subject_id)

clearance_grant = Table(
    "clearance_grant",
    metadata,
    Column("clearance_id", Id, ForeignKey("clearance.id"), primary_key=True),
    Column("grant_id", Id, ForeignKey("policy_grant.id"), primary_key=True),
    Column("requirement", String(60), nullable=False),
)
Index("clearance_grant_grant", clearance_grant.c.grant_id)

policy_hold = Table(
    "policy_hold",
    metadata,
    Column("job_id", Id, primary_key=True),
    Column("instance_id", Id),
    Column("node", String(200)),
    Column("operation", String(120), nullable=False),
    Column("class", String(60), nullable=False, key="operation_class"),
    Column("subject_type", String(60), nullable=False),
    Column("subject_id", String(200), nullable=False),
    Column("reasons", JsonText, nullable=False),
    Column("times", Integer, nullable=False),
    Column("held_at", UtcDateTime, nullable=False),
    Column("looked_at", UtcDateTime, nullable=False),
    Column("escalated_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
)
Index("policy_hold_subject", policy_hold.c.subject_type, policy_hold.c.subject_id)
Index(
    "policy_hold_open",
    policy_hold.c.held_at,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
Index("policy_hold_instance", policy_hold.c.instance_id)

# what there is to be said of the people of each policy, since when; a row that ended stays
policy_staffing = Table(
    "policy_staffing",
    metadata,
    Column("id", Id, primary_key=True),
    Column("policy_id", String(60), nullable=False),
    Column("mark", String(400), nullable=False),  # what makes two findings the same
    Column("kind", String(12), nullable=False),
    Column("sentence", JsonText, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)
Index("policy_staffing_policy", policy_staffing.c.policy_id, policy_staffing.c.ended_at)

policy_look = Table(
    "policy_look",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1: there is one
    Column("looked_at", UtcDateTime, nullable=False),
    Column("tips", JsonText, nullable=False),  # up to which acts about people, policies and drawings
)
