"""What is deployed: deployments, their bytes, and immutable versions of processes, decisions and forms."""

from enum import IntEnum

from sqlalchemy import (
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
)

from engine.db.base import Digest, Id, JsonText, UtcDateTime, metadata


class Kind(IntEnum):
    """What a resource or a definition is."""

    PROCESS = 1
    DECISION = 2
    FORM = 3
    SCENARIOS = 4
    TEMPLATE = 5


class DefinitionState(IntEnum):
    """Retired definitions start nothing new."""

    ACTIVE = 0
    SUSPENDED = 1
    RETIRED = 2


deployment = Table(
    "deployment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("deployed_by", Id),
    Column("deployed_at", UtcDateTime, nullable=False),
    Column("note", Text, nullable=False, default=""),
    # over the sorted digests of its resources: the same set of bytes is one deployment
    Column("digest", Digest, nullable=False, unique=True),
)

resource = Table(
    "resource",
    metadata,
    Column("id", Id, primary_key=True),
    Column("deployment_id", Id, ForeignKey("deployment.id"), nullable=False),
    Column("path", Text, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("deployment_id", "path"),
)

definition = Table(
    "definition",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("key", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("category", Text, nullable=False, default=""),
    Column("resource_id", Id, ForeignKey("resource.id"), nullable=False),
    Column("digest", Digest, nullable=False),
    Column("state", SmallInteger, nullable=False, default=0),
    # labels, start form, starters, time to live, and what it names: {"process:ship": id pinned | "latest", …}
    Column("meta", JsonText, nullable=False),
    Column("deployed_at", UtcDateTime, nullable=False),
    UniqueConstraint("kind", "key", "version"),
)
Index("definition_latest", definition.c.kind, definition.c.key, definition.c.version.desc())
