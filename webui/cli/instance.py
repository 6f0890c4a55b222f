"""troika instance list · show · cancel · suspend · activate."""

from uuid import UUID

import click
from flask.cli import AppGroup

from engine import history, runtime
from engine.db import rows
from engine.db.instance import Status
from webui.cli import opening
from webui.cockpit import queries

group = AppGroup("instance", help="Process instances.")


@group.command("list")
@click.option("--process", default="", help="Only of this process.")
@click.option("--status", default="", type=click.Choice(["", *Status.__members__], case_sensitive=False))
@click.option("--trouble", is_flag=True, help="Only with open incidents.")
def list_(process: str, status: str, trouble: bool) -> None:
    """The newest instances."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        found, _ = queries.instances(uow, process=process, status=status.upper(), trouble=trouble)
    opening.table(
        ("id", "process", "number", "status", "incidents", "title"),
        [(row.id, f"{row.process_key} v{row.version}", row.number, Status(row.status).name.lower(), row.incidents,
          row.title) for row in found],
    )  # fmt: skip


@group.command()
@click.argument("instance_id", type=UUID)
def show(instance_id: UUID) -> None:
    """One instance: head, variables, every fact."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        instance = rows.read(uow, instance_id)
        variables = runtime.instance_view(uow, instance_id).variables
        facts = history.timeline(uow, instance_id)
    click.echo(f"{instance.process_key} {instance.number or ''} {instance.status.name.lower()} {instance.title}")
    opening.table(("variable", "value"), sorted(variables.items()))
    opening.table(
        ("#", "at", "fact", "element", "data"),
        [(fact.seq, fact.at.isoformat(timespec="seconds"), fact.kind, fact.node, fact.data or "") for fact in facts],
    )


@group.command()
@click.argument("instance_id", type=UUID)
@click.option("--reason", required=True)
def cancel(instance_id: UUID, reason: str) -> None:
    """End it; what waits is withdrawn."""
    with opening.engine().unit_of_work(opening.CLI) as uow:
        runtime.cancel(uow, instance_id, reason)


@group.command()
@click.argument("instance_id", type=UUID)
@click.option("--reason", required=True)
def suspend(instance_id: UUID, reason: str) -> None:
    """Let nothing happen until it is activated."""
    with opening.engine().unit_of_work(opening.CLI) as uow:
        runtime.suspend(uow, instance_id, reason)


@group.command()
@click.argument("instance_id", type=UUID)
def activate(instance_id: UUID) -> None:
    """Undo suspend."""
    with opening.engine().unit_of_work(opening.CLI) as uow:
        runtime.activate(uow, instance_id)
