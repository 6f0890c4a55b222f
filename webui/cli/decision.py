"""troika decision simulate."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from flask.cli import AppGroup

from engine import dmn
from engine.clock import SystemClock
from engine.errors import N_, DeploymentRefused, EngineError
from engine.findings import errors_of
from webui import datafile
from webui.cli import opening

group = AppGroup("decision", help="Decision tables: try one on a file of data.")
SHOWN = 20
"""problems that are printed; --out has all of them"""


class WhichDecision(EngineError):
    """The file holds several decisions."""

    message = N_("Expected --decision, one of {found}.")
    status = 422


@group.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("data", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--decision", default=None, help="Id or name; needed when the file holds several.")
@click.option("--at", type=click.DateTime(), default=None, help="What now() and today() say, in UTC.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), default=None, help=".csv or .xlsx with a line a row."
)
def simulate(file: Path, data: Path, decision: str | None, at: datetime | None, out: Path | None) -> None:
    """Decide for each row of DATA (.xlsx, .csv) with FILE (.dmn); say what it hits and which rules nothing hits.

    The first row of DATA names the inputs; a column `expected` is compared with the result. Exit 1 when a row has a
    problem.
    """
    model = _model(file)
    now = at.replace(tzinfo=UTC) if at is not None else SystemClock().now()
    lines = datafile.rows(data.name, data.read_bytes())
    done = dmn.simulate(model, decision or _only(model), lines, now=now)
    if out is not None:
        made = datafile.with_results(lines, done, str)
        out.write_bytes(datafile.as_xlsx(made) if out.suffix == ".xlsx" else datafile.as_csv(made))
    opening.table(
        ("decision", "rule", "id", "rows"), [(of.owner, of.number, of.rule, of.hits or "never") for of in done.coverage]
    )
    for name in done.missing:
        click.echo(f"no column for the input {name}: it is null in every row")
    for name in done.ignored:
        click.echo(f"the column {name} is no input")
    problems = [(row.number, problem) for row in done.rows for problem in row.problems]
    for number, problem in problems[:SHOWN]:
        click.echo(f"row {number}: {problem}")
    if len(problems) > SHOWN:
        click.echo(f"… and {len(problems) - SHOWN} more problems")
    click.echo(
        f"{len(done.rows)} rows, {done.failed} with problems, {len(done.unhit)} of {len(done.coverage)} rules never hit"
    )
    if done.failed:
        sys.exit(1)


def _model(file: Path) -> dmn.Model:
    """The model of a file; what it imports lies in the same folder. Raises DeploymentRefused."""
    files = {str(other): other.read_bytes() for other in (file, *sorted(file.parent.glob("*.dmn")))}
    reading = dmn.read_all(files)[str(file)]
    if reading.model is None or errors_of(reading.findings):
        raise DeploymentRefused(errors_of(reading.findings))
    return reading.model


def _only(model: dmn.Model) -> str:
    if len(model.decisions) != 1:
        raise WhichDecision(found=", ".join(decision.id for decision in model.decisions) or "–")
    return model.decisions[0].id
