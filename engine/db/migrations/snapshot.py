"""Write 0001_initial.<dialect>.sql from the metadata and the guards: `python -m engine.db.migrations.snapshot`.

For the first schema only. Every later change is a migration of its own.
"""

import re
from collections.abc import Iterator

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from engine import operations
from engine.db import guards, schema
from engine.db.migrations.upgrading import HERE

_BLANKS = re.compile(r"\s*\n")  # a blank line ends a statement
DIALECTS: dict[str, type[Dialect]] = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}


def statements(name: str) -> Iterator[str]:
    """DDL of every table, its indexes and the guards, in order of dependency."""
    dialect = DIALECTS[name]()
    for table in schema.metadata.sorted_tables:
        yield str(CreateTable(table).compile(dialect=dialect)).strip()
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield str(CreateIndex(index).compile(dialect=dialect)).strip()
    yield from guards.statements(name)
    for table in schema.metadata.sorted_tables:
        yield from (statement.strip() for statement in table.info.get("guards", {}).get(name, ()))


def write() -> None:
    """Both files."""
    operations.load()
    for name in DIALECTS:
        lines = ["-- The first schema. Written by `python -m engine.db.migrations.snapshot`; frozen."]
        lines += [_BLANKS.sub("\n", statement.replace("\t", "  ")) for statement in statements(name)]
        path = HERE / "versions" / f"0001_initial.{name}.sql"
        path.write_text("\n\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
