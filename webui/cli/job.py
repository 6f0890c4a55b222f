"""troika job list · retry · run-due."""

from uuid import UUID

import click
from flask.cli import AppGroup

from engine import jobs
from engine.db.job import JobKind, JobState
from webui.cli import opening
from webui.cockpit import queries

group = AppGroup("job", help="What must happen later: services, timers, messages.")


@group.command("list")
@click.option("--state", default="", type=click.Choice(["", *JobState.__members__], case_sensitive=False))
def list_(state: str) -> None:
    """The newest jobs."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        found, _ = queries.jobs(uow, state=state.upper())
    opening.table(
        ("id", "kind", "handler", "state", "due", "attempts", "last error"),
        [(row.id, JobKind(row.kind).name.lower(), row.handler, JobState(row.state).name.lower(),
          row.visible_at.isoformat(timespec="seconds"), row.attempts, (row.last_error or "")[:80]) for row in found],
    )  # fmt: skip


@group.command()
@click.argument("job_id", type=UUID)
def retry(job_id: UUID) -> None:
    """Run it now, with fresh attempts."""
    with opening.engine().unit_of_work(opening.CLI) as uow:
        jobs.retry(uow, job_id)


@group.command("run-due")
def run_due() -> None:
    """Work off everything that is due, in this process."""
    click.echo(f"{jobs.run_due(opening.engine())} jobs done")
