"""upgrade(), current(), head(): the chain of migrations, run from code on an open connection.

Alembic is loaded when there is something to migrate: with its template engine it costs as much as the rest of a start.
"""

import importlib
import re
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

HERE = Path(__file__).parent
_FOLLOWS = re.compile(r'^down_revision = "(\d+)"$', re.MULTILINE)
LOCK = 0x7401CA
"""Any number that nothing else in the database locks."""


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the schema to `to`, in one transaction; commits. Free when it is there already.

    Processes that start together do it one after the other.
    """
    if to != "head" or current(connection) != head():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        command: Any = importlib.import_module("alembic.command")
        command.upgrade(_config(connection), to)
    connection.commit()


def current(connection: Connection) -> str | None:
    """The revision of the database; None for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def head() -> str:
    """The newest revision that this program knows: the one that no other follows. Numbers may be out of order."""
    files = {path.name.partition("_")[0]: path for path in (HERE / "versions").glob("[0-9]*_*.py")}
    followed = {_FOLLOWS.search(path.read_text(encoding="utf-8")) for path in files.values()}
    (newest,) = files.keys() - {found[1] for found in followed if found is not None}
    return newest


def read_sql(name: str, dialect: str) -> list[str]:
    """The statements of `versions/<name>.<dialect>.sql`: paragraphs, comments left out."""
    content = (HERE / "versions" / f"{name}.{dialect}.sql").read_text(encoding="utf-8")
    return [paragraph for paragraph in content.split("\n\n") if paragraph.strip() and not paragraph.startswith("--")]


def _config(connection: Connection) -> Any:
    config = importlib.import_module("alembic.config").Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
