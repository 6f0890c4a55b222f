"""troika db upgrade · current · roles."""

import click
from flask.cli import AppGroup

from engine import operations
from engine.db import roles
from engine.db.migrations import upgrading
from webui.cli import opening

group = AppGroup("db", help="The schema of the database.")


@group.command()
def upgrade() -> None:
    """Bring the schema to the newest migration."""
    opening.upgrade(opening.engine())
    click.echo(f"schema is at {upgrading.head()}")


@group.command()
def current() -> None:
    """Print where the schema is; exit 1 unless it is the newest."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        found = upgrading.current(uow.connection)
    click.echo(f"database: {found or 'empty'}, program: {upgrading.head()}")
    if found != upgrading.head():
        raise SystemExit(1)


@group.command("roles")
def roles_() -> None:
    """Print the SQL that gives a PostgreSQL database its roles of least privilege; run it as its administrator."""
    operations.load()
    for statement in roles.statements():
        click.echo(f"{statement};")
