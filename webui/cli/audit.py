"""troika audit: the record is looked at, verified, anchored, exported, erased from as the law asks, and resealed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from engine import audit, tasks
from engine import evidence as gathering
from engine.audit import verifier
from engine.db import roles
from engine.errors import EngineError
from webui.auditing import pack
from webui.cli import opening

group = AppGroup("audit", help="The record: verify, anchor, export, reseal.")


@group.command()
def standing() -> None:
    """Where the record stands: last checkpoint, what is not outside yet, the last verification. Exit 4: overdue."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        found, check = audit.standing(uow), audit.last_check(uow)
    if found.last is None:
        click.echo("no checkpoint yet")
    else:
        click.echo(
            f"checkpoint {found.last.number} of {found.last.at}: {found.last.count} chains, {found.unsent} unsent"
        )
    if check is None:
        click.echo("not verified yet")
    else:
        click.echo(f"verified {check.finished_at}: exit {check.exit}, {len(check.findings)} findings")
    if found.late:
        click.echo("anchors are overdue", err=True)
        raise SystemExit(verifier.OVERDUE)


@group.command()
@click.option("--before", type=int, help="Only those with a smaller number.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
def checkpoints(before: int | None, limit: int) -> None:
    """Signed checkpoints, newest first."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        found = audit.checkpoints(uow, before=before, limit=limit)
    opening.table(
        ("number", "at", "chains", "root", "key", "sent outside"),
        [(made.number, made.at, made.count, made.root, made.key, sent or "not yet") for made, sent in found],
    )


@group.command()
@click.argument("stream")
@click.option("--to", "file", type=click.Path(path_type=Path, dir_okay=False), help="The JSON file; else printed.")
def chain(stream: str, file: Path | None) -> None:
    """Every link of STREAM (a request's id, or audit:SCOPE) and the way to the newest checkpoint; on record."""
    with opening.engine().unit_of_work(opening.CLI) as uow:
        text = json.dumps(gathering.chain(uow, stream), ensure_ascii=False, indent=1)
    if file is None:
        click.echo(text)
    else:
        file.write_text(text, encoding="utf-8")


class _Verify(click.Command):
    """What could not be verified never ends like what is broken or missing."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _or_not_verified():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _or_not_verified():
            return super().invoke(ctx)


class _NotVerified(click.ClickException):
    exit_code = 5
    """beside those of the verifier"""


@contextmanager
def _or_not_verified() -> Iterator[None]:
    try:
        yield
    except click.ClickException as error:
        said = error.format_message()
    except (EngineError, verifier.Unreadable, OSError, UnicodeError) as error:
        said = str(error)
    except SQLAlchemyError as error:
        said = opening.said(error)
        if opening.is_refusal(error):
            said += f" The record is verified as {roles.REPORT}, anchored as {roles.ANCHOR}."
    else:
        return
    raise _NotVerified(f"nothing was verified: {said}")


@group.command(cls=_Verify)
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="Only chains that moved since.")
@click.option("--instance", "instance_id", type=UUID, help="Only the chain of one instance.")
@click.option("--anchors", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Folder that holds the checkpoints, in place of TROIKA_ANCHOR_SINK.")  # fmt: skip
@click.option("--keys", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="Public keys that are believed, one a line, from a printed copy.")  # fmt: skip
@click.option("--sample", type=click.IntRange(1, 100), help="Only so many of a hundred chains, by chance.")
def verify(
    since: datetime | None, instance_id: UUID | None, anchors: Path | None, keys: Path | None, sample: int | None
) -> None:
    """Recompute the record.

    Exit: 0 intact, 1 broken, 2 rows missing, 3 signature or key, 4 anchors overdue, 5 nothing was verified.
    """
    if instance_id and (since or sample):
        raise click.UsageError("Expected --instance alone, or --since and --sample.")
    engine = opening.engine()
    trusted = verifier.read_keys(keys) if keys else None
    outside = verifier.read_anchors(anchors) if anchors else None
    if outside is None and instance_id is None:
        outside = audit.outside(engine.settings)
        if outside is None:
            click.echo(f"the checkpoints outside were not looked at: {audit.BY_MAIL}", err=True)
    with engine.unit_of_work(opening.CLI, read_only=True) as uow:
        audit.snapshot(uow)
        moment = since.replace(tzinfo=engine.settings.zone) if since else None
        every = None if instance_id else audit.every(engine.settings)
        found = audit.verify(
            uow, instance_id, since=moment, sample=sample, outside=outside, keys=trusted, overdue_after=every
        )
    for line in verifier.lines_of(found.told):
        click.echo(line)
    raise SystemExit(found.exit)


@group.command()
@click.option("--rotate", is_flag=True, help="A new key signs beside the old one, and alone from the next one on.")
@click.option("--due", is_flag=True, help="For cron: only if it is time or somebody has asked.")
def anchor(rotate: bool, due: bool) -> None:
    """Make a signed checkpoint now and send it outside."""
    if rotate and due:
        raise click.UsageError("Expected --rotate or --due, not both.")
    engine = opening.engine()
    made = audit.anchor_if_due(engine) if due else audit.anchor(engine, rotate=rotate)
    if made is None:
        return
    click.echo(f"checkpoint {made.number} of {made.at}: {made.count} chains, root {made.root}, key {made.key}")
    if made.next_key:
        click.echo(f"from now on signs {made.next_key}: print it beside the other keys")


@group.command("erase-opinion")
@click.argument("item", type=click.UUID)
@click.option("--reason", required=True, help="Why the law asks for it; stays on record.")
def erase_opinion(item: UUID, reason: str) -> None:
    """Delete what somebody has written beside a decision; its digest stays, the record verifies as before."""
    with opening.engine().unit_of_work(opening.CLI) as uow:
        tasks.erase_opinion(uow, item, reason)


@group.command("erase-text")
@click.argument("instance", type=click.UUID)
@click.argument("seq", type=int, required=False)
@click.option("--reason", help="Why the law asks for it; stays on record.")
def erase_text(instance: UUID, seq: int | None, reason: str | None) -> None:
    """Delete what somebody has written with an act: why he withdrew, handed over, refused. Its digest stays.

    Without SEQ: what there is, with the numbers of the acts.
    """
    if seq is None:
        with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
            for number, name, text in tasks.written(uow, instance):
                click.echo(f"{number}\t{name}\t{text}")
        return
    if reason is None:
        raise click.UsageError("Expected --reason with the number of an act.")
    with opening.engine().unit_of_work(opening.CLI) as uow:
        tasks.erase_text(uow, instance, seq, reason)


@group.command("erase-act")
@click.argument("scope")
@click.argument("seq", type=int, required=False)
@click.option("--reason", help="Why the law asks for it; stays on record.")
def erase_act(scope: str, seq: int | None, reason: str | None) -> None:
    """Delete what somebody has written with an act outside requests: SCOPE is batch, draft, policy or anchor.

    The reason of a batch can be deleted when the batch is finished. It stands beside each request that the batch has
    carried over, too: delete it there with erase-text. The reason of a policy or an emergency that is decided goes
    everywhere at once: beside all acts that tell of it, in its row, and in the chain of the request.

    Without SEQ: what there is, with the numbers of the acts.
    """
    if seq is None:
        with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
            for number, name, text in tasks.written_with_acts(uow, scope):
                click.echo(f"{number}\t{name}\t{text}")
        return
    if reason is None:
        raise click.UsageError("Expected --reason with the number of an act.")
    with opening.engine().unit_of_work(opening.CLI) as uow:
        tasks.erase_act(uow, scope, seq, reason)


@group.command()
def keys() -> None:
    """The public keys, in the order in which they signed: print them and keep the print elsewhere."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        for key in audit.standing(uow).keys:
            click.echo(key)


@group.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def export(folder: Path) -> None:
    """Write the whole record to FOLDER, with a program that verifies it without this product."""
    counts = audit.export(opening.engine(), folder, opening.CLI)
    told = ", ".join(f"{number} {name}" for name, number in counts.items())
    click.echo(f"{told}. Verify: python {folder}/verify_audit.py {folder}")


@group.command()
@click.argument("payment")
@click.option("--to", "file", type=click.Path(path_type=Path, dir_okay=False), help="The ZIP file; else its number.")
def evidence(payment: str, file: Path | None) -> None:
    """Everything that PAYMENT (its number or id) stands on: PDF, JSON and the program that verifies them."""
    with opening.engine().unit_of_work(opening.CLI) as uow:
        found = gathering.gather(uow, gathering.find(uow, payment))
    target = file or Path(f"evidence-{found['payment']['title']}.zip")
    target.write_bytes(pack.packed(found))
    for chain in found["chains"]:
        if chain["anchor"] is None:
            click.echo(f"chain {chain['stream']} is not held by a checkpoint yet: troika audit anchor, then again")
    click.echo(target)


@group.command()
@click.option("--reason", required=True, help="Why an older state was put back.")
@click.option("--anchors", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Folder that holds the checkpoints, in place of TROIKA_ANCHOR_SINK.")  # fmt: skip
def reseal(reason: str, anchors: Path | None) -> None:
    """After a restore: put on record, signed, that the checkpoints made since the backup are void."""
    kept = verifier.read_anchors(anchors) if anchors else None
    lost = audit.reseal(opening.engine(), reason, kept=kept)
    click.echo(f"on record: void are the checkpoints {', '.join(str(number) for number in lost)}")
