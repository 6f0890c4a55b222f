"""Who is there: accounts, groups, the organisation and its management line, substitution."""

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
    true,
)

from engine.db.base import Id, JsonText, Scaled, UtcDateTime, metadata, to_micros

org_unit = Table(
    "org_unit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(60), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, default=""),
    Column("parent_id", Id, ForeignKey("org_unit.id")),
    Column("leader_id", Id),  # a user_account
)

user_account = Table(
    "user_account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("login", String(60), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, default=""),
    Column("email", Text, nullable=False, default=""),
    # the natural person behind the account: separation of duties compares persons; null for service accounts
    Column("person_id", Id),
    Column("org_unit_id", Id, ForeignKey("org_unit.id")),
    Column("position", Text, nullable=False, default=""),
    Column("position_en", Text, nullable=False, default=""),
    Column("manager_id", Id, ForeignKey("user_account.id")),
    Column("password_hash", Text),
    Column("locale", String(10), nullable=False, default=""),
    Column("demo", Boolean, nullable=False, default=False),
    Column("disabled_at", UtcDateTime),
    Column("failed_logins", Integer, nullable=False, default=0),
    Column("locked_until", UtcDateTime),
    Column("session_epoch", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
)
Index("user_account_manager", user_account.c.manager_id)
Index("user_account_org_unit", user_account.c.org_unit_id)

# wrong passwords for logins that nobody can use: locked like accounts, so that a lock does not tell which ones exist
login_failure = Table(
    "login_failure",
    metadata,
    Column("login_digest", LargeBinary, primary_key=True),
    Column("failed_logins", Integer, nullable=False),
    Column("locked_until", UtcDateTime),
    Column("last_at", UtcDateTime, nullable=False),
)
Index("login_failure_last", login_failure.c.last_at)

# departments in which somebody works besides his own; he says at the start for which one he asks
user_org_unit = Table(
    "user_org_unit",
    metadata,
    Column("user_id", Id, ForeignKey("user_account.id"), primary_key=True),
    Column("org_unit_id", Id, ForeignKey("org_unit.id"), primary_key=True),
)

user_group = Table(
    "user_group",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(60), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, default=""),
    # capabilities that its members have in the product itself, separated by spaces: designer cockpit admin …
    Column("capabilities", Text, nullable=False, default=""),
)

membership = Table(
    "membership",
    metadata,
    Column("group_id", Id, ForeignKey("user_group.id"), primary_key=True),
    Column("user_id", Id, ForeignKey("user_account.id"), primary_key=True),
)
Index("membership_user", membership.c.user_id)

substitution = Table(
    "substitution",
    metadata,
    Column("id", Id, primary_key=True),
    Column("principal_id", Id, ForeignKey("user_account.id"), nullable=False),
    Column("substitute_id", Id, ForeignKey("user_account.id"), nullable=False),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("valid_to", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("scope", String(20), nullable=False, server_default="all"),  # all | processes | categories
    Column("names", JsonText),  # keys of the processes or categories
    Column("max_amount", Scaled(24, 6)),
    Column("include_open", Boolean, nullable=False, server_default=true()),  # what was open when it began, too
    Column("confirm", Boolean, nullable=False, server_default=false()),  # decisions count when the principal says so
    Column("state", String(20), nullable=False, server_default="active"),  # pending | active | refused | revoked
    Column("made_at", UtcDateTime),
    Column("approved_by", Id),  # who judged a pending one, whatever he said
    Column("unconfirmed", String(10), nullable=False, server_default="falls"),  # stands | falls, without an answer
    Column("keep_copy", Boolean, nullable=False, server_default=false()),  # of what the substitute decides
    Column("judged_at", UtcDateTime),
    Column("judged_reason", Text),
    Column("ended_at", UtcDateTime),  # before its time
    Column("told_at", UtcDateTime),  # when the principal was told what was decided for him
    CheckConstraint("principal_id <> substitute_id", name="two_people"),
    CheckConstraint("valid_from < valid_to", name="period"),
)
Index("substitution_substitute", substitution.c.substitute_id)


def substitution_told(row: Any) -> dict[str, Any]:
    """A row as the record tells of it: everything but what people have written, and who was told of its end."""
    instants = {
        name: None if getattr(row, name) is None else to_micros(getattr(row, name))
        for name in ("valid_from", "valid_to", "made_at", "judged_at", "ended_at")
    }
    people = {
        name: None if getattr(row, name) is None else str(getattr(row, name))
        for name in ("id", "principal_id", "substitute_id", "approved_by")
    }
    amount = None if row.max_amount is None else format(row.max_amount.normalize(), "f")
    names = ("scope", "include_open", "confirm", "state", "unconfirmed", "keep_copy")
    plain = {name: getattr(row, name) for name in names}
    return instants | people | plain | {"names": list(row.names or ()), "max_amount": amount}
