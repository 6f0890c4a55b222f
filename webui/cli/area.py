"""troika area export · import: an area of the library as one zip file, as the designer's page gives and takes it."""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from engine import repository
from engine.repository.areas import CHANGED, IN_FORCE, NEW, SAME
from webui.cli import opening

group = AppGroup("area", help="Areas of the library as zip files: export, import as drafts.")


@group.command("export")
@click.argument("area")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--drafts", is_flag=True, help="As it is drawn now; as it is deployed unless told.")
def export(area: str, file: Path, drafts: bool) -> None:
    """Write AREA to FILE: drawings, decision tables, forms, scenarios, step templates, in the folders of a library."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        content = repository.areas.pack(uow, area, with_drafts=drafts)
        left = [path for path in repository.areas.overtaken(uow) if path.split("/")[1] == area] if drafts else []
    file.write_bytes(content)
    for path in left:
        click.echo(f"left out, a version was deployed later: {path}")
    click.echo(f"{len(content)} bytes")


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Over drafts that differ; what they were stays in their history.")
def import_(file: Path, replace: bool) -> None:
    """Make drafts of what FILE has and this installation has not so; exit 1 when a file is not taken.

    Step templates run nothing and are in force at once.
    """
    with opening.engine().unit_of_work(opening.CLI) as uow:
        taken = repository.areas.unpack(uow, file.read_bytes(), replace=replace)
    for one in taken:
        if one.outcome != SAME:
            click.echo(f"{one.outcome} {one.path}")
    click.echo(f"{sum(one.outcome in (NEW, CHANGED) for one in taken)} drafts of {len(taken)} files")
    if in_force := sum(one.outcome == IN_FORCE for one in taken):
        click.echo(f"{in_force} step templates in force")
    if any(one.outcome not in (NEW, CHANGED, SAME, IN_FORCE) for one in taken):
        sys.exit(1)
