"""troika doctor: is everything there, and do the rows agree with what the instances wait for?"""

from collections.abc import Iterator
from urllib.parse import urlsplit

import click
from sqlalchemy import select

from engine import audit, repository, runtime
from engine.audit.sinks import sinks
from engine.db.instance import Status, instance
from engine.db.job import JobState, job
from engine.db.migrations import upgrading
from engine.db.subscription import WAITING_TOKEN, subscription
from engine.db.task import RoundStatus, user_task
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import UnitOfWork
from webui.cli import opening
from webui.cockpit import queries
from webui.node import BUILD

_KEPT_IN_ROWS = ("work", "message", "signal", "timer", "job")


@click.command()
def doctor() -> None:
    """Check settings, schema, front end, jobs, waits against rows and the audit chain; exit 1 if something is wrong."""
    settings = opening.settings()
    engine = ProcessEngine(settings)
    try:
        wrong = 0
        for name, good, told in _examine(engine, settings):
            wrong += not good
            click.echo(f"{'ok   ' if good else 'WRONG'}  {name}: {told}")
    finally:
        engine.dispose()
    if wrong:
        raise SystemExit(1)


def _examine(engine: ProcessEngine, settings: Settings) -> Iterator[tuple[str, bool, str]]:
    yield "library", (settings.library / "processes").is_dir(), f"{settings.library.resolve()} holds processes/"
    yield "site address", settings.mode != "production" or not _here(settings.site_url), _reached(settings.site_url)
    yield "front end", (BUILD / "manifest.json").is_file(), f"{BUILD} is built (troika assets)"
    with engine.unit_of_work(opening.CLI, read_only=True) as uow:
        at, head = upgrading.current(uow.connection), upgrading.head()
        yield "schema", at == head, f"at {at or 'nothing'}, newest {head} (troika db upgrade)"
        if at != head:
            return
        yield "processes", True, f"{len(repository.latest_all(uow))} deployed"
        held = [f"{info.key} v{info.version} {finding.element_id}" for info, finding in repository.outlived(uow)]
        yield "approvers", not held, ", ".join(held) or "nobody who asks for money chooses who approves it"
        backlog = queries.backlog(uow)
        yield "jobs", not backlog["dead"], f"{backlog['due']} due, {backlog['later']} later, {backlog['dead']} dead"
        found = list(_differences(uow))
        yield "waits", not found, "; ".join(found[:5]) or "every wait has its row, every row its wait"
        report = audit.verify(uow)
        told = "; ".join(finding.message.format(**finding.facts) for finding in report.findings[:5])
        yield "audit chain", report.ok, told or f"{report.facts} facts"
        anchored = audit.standing(uow)
        last = f"checkpoint {anchored.last.number} of {anchored.last.at}" if anchored.last else "none yet"
        yield "anchors", not anchored.late, f"{last}, {anchored.unsent} not sent outside (troika audit anchor)"
    for sink in sinks(settings):
        trouble = sink.trouble()
        yield "anchor sink", not trouble, f"{sink.name}: {trouble}" if trouble else f"{sink.name}{_beside(settings)}"


def _beside(settings: Settings) -> str:
    return "" if settings.anchor_sink else ", beside the database: within reach of whoever owns it (TROIKA_ANCHOR_SINK)"


def _here(address: str) -> bool:
    """Whether it leads to this machine only."""
    host = urlsplit(address).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _reached(address: str) -> str:
    if not _here(address):
        return f"{address} (TROIKA_SITE_URL)"
    return (
        f"{address} is reached on this machine only. Set TROIKA_SITE_URL to how people reach the site: links in mails"
        " lead there, and behind a proxy that drops the port from the header Host everybody is locked out without it"
    )


def _differences(uow: UnitOfWork) -> Iterator[str]:
    """Open waits of every live instance against user tasks, jobs and subscriptions."""
    live = select(instance.c.id).where(instance.c.status.in_((Status.RUNNING, Status.SUSPENDED)))
    for (instance_id,) in uow.execute(live).all():
        waits = {token for token, _, kind in runtime.instance_view(uow, instance_id).waits if kind in _KEPT_IN_ROWS}
        rows = set(
            uow.execute(
                select(user_task.c.token).where(
                    user_task.c.instance_id == instance_id, user_task.c.status == RoundStatus.OPEN
                )
            ).scalars()
        )
        rows |= set(
            uow.execute(
                select(job.c.token).where(
                    job.c.instance_id == instance_id, job.c.token.is_not(None), job.c.state != JobState.DEAD
                )
            ).scalars()
        )
        rows |= set(
            uow.execute(
                select(subscription.c.token).where(
                    subscription.c.instance_id == instance_id, subscription.c.kind.in_(WAITING_TOKEN)
                )
            ).scalars()
        )
        if waits != rows:
            yield f"{instance_id}: waits {sorted(waits - rows)} have no row, rows {sorted(rows - waits)} no wait"
