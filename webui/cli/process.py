"""troika process lint · prove · test · deploy · list · export · import · replay."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import select

from engine import bpmn, dmn, drafts, forms, operations, policy, replay, repository, scenarios
from engine.clock import FrozenClock
from engine.db.definition import definition, resource
from engine.db.identity import user_account
from engine.errors import N_, DeploymentRefused, EngineError, NotFound
from engine.findings import Level
from engine.process_engine import ProcessEngine
from engine.replay import books
from engine.scenarios import worlds
from engine.unit_of_work import UnitOfWork
from webui.cli import importing, opening

group = AppGroup("process", help="Drawings, decisions and forms: check, prove, test, deploy, list, move, replay a log.")
group.add_command(importing.import_)

LIBRARY = click.option(
    "--library", type=click.Path(exists=True, file_okay=False, path_type=Path), default=None,
    help="Folder that holds processes/ and forms/; TROIKA_LIBRARY unless given.",
)  # fmt: skip
KINDS = ("process", "decision", "form", "template")
_resource = select(resource.c.path, resource.c.content).join(definition, definition.c.resource_id == resource.c.id)
SHOWN = 12
"""activities of a variant that are shown"""


class DatabaseNotEmpty(EngineError):
    """A replay makes its own people and records; it does not mix with those of an installation."""

    message = N_("Expected an empty database for the replay, found {users} accounts.")
    hint = N_("Leave --database out to replay in memory, or name a new database.")


@group.command()
@LIBRARY
def lint(library: Path | None) -> None:
    """Say what is wrong with the library, approve before pay included; exit 1 on errors."""
    folder = library or opening.settings().library
    engine = ProcessEngine.in_memory(library=folder)
    with engine.unit_of_work(opening.CLI) as uow:
        _ship(uow, folder)
        findings = repository.check(uow, dict(worlds.files_of(folder)))
    for finding in findings:
        click.echo(str(finding))
    errors = sum(finding.level is Level.ERROR for finding in findings)
    click.echo(f"{errors} errors, {len(findings) - errors} warnings")
    if errors:
        sys.exit(1)


@group.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@LIBRARY
def prove(files: tuple[Path, ...], library: Path | None) -> None:
    """Say of each process in FILES whether something guarded can run without its approvals; exit 1 unless all prove.

    Policies, forms and called processes are those of the library, unless FILES bring others.
    """
    folder = library or opening.settings().library
    given = {str(file): file.read_bytes() for file in files}
    known = {**dict(worlds.files_of(folder)), **given}
    drawings = {path: bpmn.read(content, path) for path, content in known.items() if path.endswith(".bpmn")}
    processes = {
        process.id: process
        for reading in drawings.values() if reading.definition is not None for process in reading.definition.processes
    }  # fmt: skip
    shown = {
        reading.form.id: reading.form
        for path, content in known.items()
        if path.endswith(".json") and (reading := forms.read(content, path)).form is not None
    }
    read_tables = dmn.read_all({path: content for path, content in known.items() if path.endswith(".dmn")})
    tables = {one.id: found.model for found in read_tables.values() if found.model for one in found.model.decisions}
    stated = folder / "processes" / "policies.yml"
    policies = policy.read(stated.read_text(encoding="utf-8")) if stated.is_file() else []
    operations.load()
    open_ = 0
    for file in given:
        definition = drawings[file].definition if file in drawings else None
        if definition is None:
            raise NotFound(kind="drawing", key=file)
        for verdict in policy.verdicts(
            definition, operations.catalog(), policies=policies, forms=lambda _, key: shown.get(key),
            decisions=lambda _, called: tables[called.decision_id],
            callees=lambda caller, node: processes.get(node.call.process_id) if node.call is not None else None,
        ):  # fmt: skip
            took = f" ({verdict.states} states, {verdict.seconds * 1000:.0f} ms)" if verdict.states else ""
            click.echo(f"{verdict.word} {verdict.process}{took}")
            for finding in verdict.findings:
                click.echo(f"    {finding}")
            open_ += verdict.word in (policy.VIOLATED, policy.UNKNOWN)
    if open_:
        sys.exit(1)


@group.command()
@click.argument("process", required=False)
@LIBRARY
def test(process: str | None, library: Path | None) -> None:
    """Play the scenarios of the library, or of one process; exit 1 when one fails."""
    folder = library or opening.settings().library
    stories = scenarios.find(folder, process)
    if not stories:
        raise NotFound(kind="scenarios of", key=process or "the library")
    failed = 0
    for result in scenarios.play(stories, worlds.build(folder, scenarios.NOW)):
        failed += not result.passed
        click.echo(f"{'ok    ' if result.passed else 'FAILED'} {result.process}: {result.name}")
        if not result.passed:
            click.echo(f"       {result.failure}")
    click.echo(f"{len(stories) - failed} passed, {failed} failed")
    if failed:
        sys.exit(1)


@group.command()
@click.option("--note", default="", help="Why; shown beside the versions.")
@LIBRARY
def deploy(note: str, library: Path | None) -> None:
    """Deploy the library, its policies first; files that did not change keep their version."""
    folder = library or opening.settings().library
    try:
        with opening.engine().unit_of_work(opening.CLI) as uow:
            policies = _ship(uow, folder)
            made = repository.deploy(uow, dict(worlds.files_of(folder)), note=note)
            differing = _differing(uow, folder)
    except DeploymentRefused as refused:
        for finding in refused.findings:
            click.echo(str(finding))
        raise
    for policy_id in policies:
        click.echo(f"policy {policy_id} is in force")
    for policy_id in differing:
        click.echo(f"policy {policy_id} is not in force as it stands in the library: troika policy propose")
    for info in made.new:
        click.echo(f"{info.kind} {info.key} version {info.version}")
    click.echo(f"{len(made.new)} new versions")


def _ship(uow: UnitOfWork, library: Path) -> list[str]:
    """Put the policies of the library in force until people do: without one, no guarded operation runs.

    Ids of those that changed.
    """
    proposal = library / "processes" / "policies.yml"
    return policy.ship(uow, proposal.read_text(encoding="utf-8")) if proposal.is_file() else []


def _differing(uow: UnitOfWork, library: Path) -> list[str]:
    """Policies that people answer for, and that the file in the library would change."""
    proposal = library / "processes" / "policies.yml"
    return policy.differs(uow, proposal.read_text(encoding="utf-8")) if proposal.is_file() else []


@group.command("list")
def list_() -> None:
    """The newest version of every process."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        found = repository.latest_all(uow)
    opening.table(
        ("process", "version", "name", "category", "deployed"),
        [(info.key, info.version, info.name, info.category, info.deployed_at.isoformat(timespec="seconds"))
         for info in found],
    )  # fmt: skip


@group.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--drafts", "of_drafts", is_flag=True, help="What the designer is editing, in place of what is deployed.")
def export(folder: Path, of_drafts: bool) -> None:
    """Write deployed files (or drafts) to FOLDER, laid out as the library is."""
    written = 0
    left: list[str] = []
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        if of_drafts:
            found = [info.path for info in drafts.list_(uow) if not info.overtaken]
            files = [(path, drafts.open_(uow, path).content) for path in found]
            left = repository.areas.overtaken(uow)
        else:
            newest = [info.id for kind in KINDS for info in repository.latest_all(uow, kind)]
            files = [
                (row.path, row.content)
                for info_id in newest for row in uow.execute(_resource.where(definition.c.id == info_id))
            ]  # fmt: skip
    for path, content in files:
        target = folder / path
        if not target.resolve().is_relative_to(folder.resolve()):
            raise NotFound(kind="a path inside the folder for", key=path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        written += 1
    for path in left:
        click.echo(f"left out, a version was deployed later: {path}")
    click.echo(f"{written} files")


@group.command("replay")
@click.argument("process")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--database", default=None, help="URL of an empty database; in memory unless given.")
@click.option("--limit", type=int, default=None, help="Only the first cases of the log.")
@LIBRARY
def replay_(process: str, file: Path, database: str | None, limit: int | None, library: Path | None) -> None:
    """Perform every recorded act of the log FILE on PROCESS and say where it went another way; exit 1 if it did."""
    folder = library or opening.settings().library
    acts = replay.read_acts(folder, process)
    cases = replay.read_log(file)[:limit]
    with _own_world(folder, database, replay.policies(folder, acts)) as (engine, clock):
        began = time.perf_counter()
        with click.progressbar(length=len(cases), label=process, show_pos=True) as bar:
            played = list(replay.play(engine, clock, acts, cases, lambda done, total: bar.update(1)))
        took = time.perf_counter() - began
        found = books.check(engine, acts, played)
    _report(played, took)
    _report_books(found)
    if found.broken or any(not one.same and one.held is None for one in played):
        sys.exit(1)


def _report(played: list[replay.Played], took: float) -> None:
    for variant, count, same, difference in replay.summary(played):
        shown = " > ".join(variant[:SHOWN]) + (" > …" if len(variant) > SHOWN else "")
        click.echo(f"{same} of {count} as recorded: {shown}" + (f"\n    {difference}" if difference else ""))
    same = sum(one.same for one in played)
    held = [one.case.id for one in played if one.held is not None]
    variants = len({one.case.variant for one in played})
    click.echo(f"{len(played)} cases of {variants} variants in {took:.1f} s ({len(played) / took:.1f} cases/s)")
    click.echo(f"{same} as recorded, {len(held)} held by the payment gate ({', '.join(held) or 'none'}), "
               f"{len(played) - same - len(held)} other deviations")  # fmt: skip
    click.echo(f"{sum(one.paid for one in played)} paid, {sum(one.recorded_paid for one in played)} paid in the log")


def _report_books(found: books.Books) -> None:
    click.echo(f"{found.payments} payments of {found.amount:,.2f} in all, {found.vouchers} vouchers")
    if found.broken:
        click.echo(f"{len(found.broken)} facts do not hold:")
        for text in found.broken[:SHOWN]:
            click.echo(f"    {text}")
    else:
        click.echo("Every paid case was paid once, as approved, with a balanced voucher; every other one was not paid.")


@contextmanager
def _own_world(library: Path, database: str | None, policies: str) -> Iterator[tuple[ProcessEngine, FrozenClock]]:
    clock = FrozenClock(scenarios.NOW)
    if database is None:
        engine = ProcessEngine.in_memory(clock, library=library, inline_ms=worlds.PATIENT)
    else:
        settings = replace(opening.settings(), database_url=database, library=library, inline_ms=worlds.PATIENT)
        engine = ProcessEngine(settings, clock=clock)
    try:
        if database is not None:
            engine.upgrade()
            with engine.unit_of_work(opening.CLI, read_only=True) as uow:
                users = len(uow.execute(select(user_account.c.id)).all())
            if users:
                raise DatabaseNotEmpty(users=users)
        worlds.furnish(engine, clock, library, policies=policies)
        yield engine, clock
    finally:
        engine.dispose()
