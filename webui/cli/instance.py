"""troika instance list · show · cancel · suspend · activate · migrate · modify · over · erase."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import click
from flask.cli import AppGroup

from engine import batches, bpmn, history, migration, modification, repository, runtime, tasks
from engine.bpmn.state import Token
from engine.db import rows
from engine.db.instance import Status
from engine.errors import EngineError
from engine.findings import Finding
from engine.migration import Plan
from engine.unit_of_work import UnitOfWork
from engine.values import from_json
from webui.cli import opening
from webui.cockpit import queries

PAGE = 500

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


@group.command()
def over() -> None:
    """Ended requests that are kept no longer (troika:retention), and what keeps them still."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        found = [*every(uow), *every(uow, kept=True)]
    opening.table(
        ("id", "process", "number", "ended", "kept until", "still kept by"),
        [(one.instance_id, one.process_key, one.number, one.ended_at, one.until, kept_by(one)) for one in found],
    )


def every(uow: UnitOfWork, *, kept: bool = False) -> Iterator[tasks.Keeping]:
    """All pages of what is over."""
    found = tasks.over(uow, kept=kept, limit=PAGE)
    yield from found.items
    while found.next is not None:
        found = tasks.over(uow, kept=kept, after=found.next, limit=PAGE)
        yield from found.items


def kept_by(one: tasks.Keeping) -> str:
    """What keeps a request whose time is over: a group that has not released it, a payment, or nothing."""
    return f"group {one.keeper} ({one.legal})" if one.held else "payment" if one.needed else ""


@group.command()
@click.argument("instance_ids", type=UUID, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that nothing keeps any more.")
@click.option("--reason", required=True, help="Stays on record.")
def erase(instance_ids: tuple[UUID, ...], everything: bool, reason: str) -> None:
    """Erase form, opinions, reasons and comments of ended requests whose time is over; each by itself."""
    engine, wanted, refused = opening.engine(), list(instance_ids), 0
    if everything:
        with engine.unit_of_work(opening.CLI, read_only=True) as uow:
            wanted += [one.instance_id for one in every(uow)]
    for one in dict.fromkeys(wanted):
        try:
            with engine.unit_of_work(opening.CLI) as uow:
                tasks.erase_request(uow, one, reason)
            click.echo(f"{one} erased")
        except EngineError as error:
            refused += 1
            click.echo(f"{one} {error}")
    if refused:
        raise SystemExit(1)


@group.command()
@click.argument("which")
@click.option("--to", "target", type=int, required=True, help="Version that they follow from now on.")
@click.option("--from", "source", type=int, help="Of a process: version that they follow now; else the one before.")
@click.option("--map", "pairs", multiple=True, metavar="OLD=NEW", help="Element that becomes another; OLD= for none.")
@click.option("--reassign", is_flag=True, help="Ask open tasks again.")
@click.option("--recompute", is_flag=True, help="Count timers anew.")
@click.option("--reason", required=True)
@click.option("--dry-run", is_flag=True, help="Only say who can follow, and why others cannot.")
def migrate(
    which: str, target: int, source: int | None, pairs: tuple[str, ...], reassign: bool, recompute: bool, reason: str,
    dry_run: bool,
) -> None:  # fmt: skip
    """Carry instance WHICH, or all instances of process WHICH, over to another version."""
    engine = opening.engine()
    choices = {old: new or None for old, _, new in (pair.partition("=") for pair in pairs)}
    with engine.unit_of_work(opening.CLI, read_only=True) as uow:
        one = _instance_id(which)
        instance = rows.read(uow, one) if one is not None else None
        key = instance.process_key if instance is not None else which
        known = {info.version: info.id for info in repository.versions(uow, key)}
        older = max((version for version in known if version < target), default=0)
        came = instance.definition_id if instance is not None else known.get(source or older)
        if came is None or target not in known:
            raise click.ClickException(f"expected versions of {key}, found: {sorted(known) or 'none'}")
        plan = Plan(came, known[target], choices, reassign, recompute)
        chosen = batches.running(uow, came) if one is None else [one]
        blocked = {found: findings for found in chosen if (findings := migration.rehearse(uow, found, plan))}
    for found, findings in blocked.items():
        for finding in findings:
            click.echo(f"{found}  {_words(finding)}")
    if dry_run:
        click.echo(f"{len(chosen) - len(blocked)} can follow, {len(blocked)} cannot.")
        return
    if one is not None and blocked:
        raise click.ClickException(f"instance {one} cannot follow")
    with engine.unit_of_work(opening.CLI) as uow:
        if one is not None:
            migration.migrate(uow, one, plan, reason=reason)
            click.echo(f"instance {one} follows version {target}")
        else:
            batch = batches.create(uow, plan, reason=reason)
            click.echo(f"batch {batch}: {len(chosen)} instances follow one by one; the runners do it")


@group.command()
@click.argument("instance_id", type=UUID)
@click.option(
    "--cancel", "cancelled", multiple=True, metavar="ELEMENT",
    help="Cancel what waits there; or a number, or ELEMENT#2: one instance of a multi-instance.",
)  # fmt: skip
@click.option("--start", "starts", multiple=True, metavar="before:ELEMENT", help="Or after:ELEMENT.")
@click.option(
    "--set", "written", multiple=True, metavar="NAME=JSON", help="Write a variable where the first one starts."
)
@click.option("--reason", required=True)
@click.option("--compensate", is_flag=True, help="Undo first what has completed behind the start, newest first.")
@click.option("--accept-warnings", is_flag=True)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
def modify(
    instance_id: UUID, cancelled: tuple[str, ...], starts: tuple[str, ...], written: tuple[str, ...], reason: str,
    compensate: bool, accept_warnings: bool, dry_run: bool,
) -> None:  # fmt: skip
    """Move tokens by hand."""
    engine = opening.engine()
    with engine.unit_of_work(opening.CLI, read_only=True) as uow:
        plan = _modification(uow, instance_id, cancelled, starts, written, compensate)
        found = modification.preview(uow, instance_id, plan)
    for node in found.undone:
        click.echo(f"undone  {node}")
    for word, facts in (("closed", found.closed), ("opened", found.opened)):
        for fact in facts:
            click.echo(f"{word}  {getattr(fact, 'node', '')}")
    for finding in (*found.refused, *found.warnings):
        click.echo(f"{finding.level}  {_words(finding)}")
    if dry_run:
        return
    try:
        with engine.unit_of_work(opening.CLI) as uow:
            modification.modify(uow, instance_id, plan, reason=reason, accept_warnings=accept_warnings)
    except EngineError as error:
        raise click.ClickException(str(error)) from None


def _instance_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _modification(
    uow: UnitOfWork, instance_id: UUID, cancelled: tuple[str, ...], starts: tuple[str, ...], written: tuple[str, ...],
    compensate: bool,
) -> bpmn.Modification:  # fmt: skip
    tokens = runtime.instance_view(uow, instance_id).state.tokens.values()
    words = {token.id: _called(token) for token in tokens if not token.host}
    numbers = tuple(number for number, known in words.items() if not known.isdisjoint(cancelled))
    waiting = {word for known in words.values() for word in known}
    for word in cancelled:
        if word not in waiting:
            raise click.BadParameter(
                f"expected one of {', '.join(sorted(waiting))}, found {word}", param_hint="--cancel"
            )
    if written and not starts:
        raise click.BadParameter(
            "expected --start beside it: variables are written where it starts", param_hint="--set"
        )
    variables = dict(map(_variable, written))
    placings: list[bpmn.Placing] = []
    for start in starts:
        where, _, node = start.rpartition(":")
        placings.append(bpmn.Placing(node, where or "before", None, {} if placings else variables))
    if compensate and not starts:
        raise click.BadParameter("expected --start beside it: undone is what lies behind", param_hint="--compensate")
    return bpmn.Modification(numbers, tuple(placings), compensate)


def _called(token: Token) -> set[str]:
    """How a token is named: by its element, its number, or the instance of a loop (`approve#2`)."""
    turn = bpmn.turn_of(token)
    return {token.node.id, str(token.id)} | ({f"{token.node.id}#{turn}"} if turn else set())


def _variable(line: str) -> tuple[str, Any]:
    name, _, text = line.partition("=")
    try:
        return name, from_json(text)
    except ValueError:
        raise click.BadParameter(f"expected NAME=JSON, found {line}", param_hint="--set") from None


def _words(finding: Finding) -> str:
    return finding.message.format(**finding.facts)
