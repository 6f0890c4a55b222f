"""upgrade(), current(), head(): alembic run from code on an open connection."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

HERE = Path(__file__).parent


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the schema to `to`, in one transaction; commits."""
    command.upgrade(_config(connection), to)
    connection.commit()


def current(connection: Connection) -> str | None:
    """The revision of the database; None for a new one."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The newest revision that this program knows."""
    return ScriptDirectory(str(HERE)).get_current_head()


def read_sql(name: str, dialect: str) -> list[str]:
    """The statements of `versions/<name>.<dialect>.sql`: paragraphs, comments left out."""
    text = (HERE / "versions" / f"{name}.{dialect}.sql").read_text(encoding="utf-8")
    return [paragraph for paragraph in text.split("\n\n") if paragraph.strip() and not paragraph.startswith("--")]


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
