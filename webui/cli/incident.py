"""troika incident list · resolve."""

from uuid import UUID

import click
from flask.cli import AppGroup

from engine import runtime
from engine.db.job import IncidentKind
from engine.values import from_json
from webui.cli import opening
from webui.cockpit import queries

group = AppGroup("incident", help="What a person must decide.")


@group.command("list")
def list_() -> None:
    """Open ones, newest first."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        found, _ = queries.incidents(uow)
    opening.table(
        ("id", "kind", "code", "instance", "element", "message"),
        [(row.id, IncidentKind(row.kind).name.lower(), row.code, row.instance_id, row.node, row.message)
         for row in found],
    )  # fmt: skip


@group.command()
@click.argument("incident_id", type=UUID)
@click.option("--set", "corrections", multiple=True, metavar="NAME=JSON", help="Correct a variable first.")
@click.option("--happened/--not-happened", default=None, help="Answer for a call whose outcome is unknown.")
def resolve(incident_id: UUID, corrections: tuple[str, ...], happened: bool | None) -> None:
    """Set what is stuck going again."""
    variables = {name: from_json(text) for name, _, text in (line.partition("=") for line in corrections)}
    with opening.engine().unit_of_work(opening.CLI) as uow:
        runtime.resolve(uow, incident_id, variables or None, happened=happened)
