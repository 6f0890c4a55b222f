"""troika policy list · proofs · holds · grants · export · impact · propose · activate · withdraw · confirm ·
propose-retirement · withdraw-retirement · retire · replay.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import click
from flask.cli import AppGroup

from engine import identity, policy, repository
from engine.errors import N_, EngineError
from engine.policy import Version, recorded, replay, statement
from engine.policy.hindsight import DAYS
from engine.unit_of_work import Actor, UnitOfWork
from webui import policy_rows
from webui.cli import opening

group = AppGroup("policy", help="What must hold before money moves: state, propose, put in force.")
AS = click.option("--as", "login", required=True, help="Whose act it is; asks for the password.")


class NotSignedIn(EngineError):
    """Two people decide about a policy, and each shows that he is one of them."""

    message = N_("Expected the password of {login}.")
    status = 401


@group.command("list")
@click.option("--all", "of_all", is_flag=True, help="Retired versions too.")
def list_(of_all: bool) -> None:
    """Policies in force and proposals."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        found = [one for one in policy.all_versions(uow) if of_all or one.state != "retired"]
        people = [key for one in found for key in (one.proposed_by, one.approved_by)]
        names = {str(key): name for key, name in identity.names(uow, people).items()}
    opening.table(
        ("policy", "version", "class", "state", "source", "title", "weaker", "proposed by", "decided by", "id"),
        [(one.policy.id, one.number, one.policy.on, one.state, one.source if one.confirmed else "shipped, unconfirmed",
          one.policy.title, "weaker" if one.weakens else "", names.get(str(one.proposed_by), ""),
          names.get(str(one.approved_by), ""), one.id) for one in found],
    )  # fmt: skip


@group.command()
def proofs() -> None:
    """Every process that can reach a guarded operation against the policies in force; exit 1: one does not prove."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        held, found = policy.in_force(uow), repository.proofs(uow)
    opening.table(
        ("process", "version", *(one.id for one in held), "situations", "ms"),
        [(one.definition.key, one.definition.version, *(one.verdict(of) for of in held), one.states,
          f"{one.milliseconds:.1f}") for one in found],
    )  # fmt: skip
    for one in found:
        for finding in one.findings:
            click.echo(f"{one.definition.key} v{one.definition.version}: {finding}")
    if any(one.verdict(of) in (policy.VIOLATED, policy.UNKNOWN) for one in found for of in held):
        sys.exit(1)


@group.command()
def holds() -> None:
    """What is held now, the oldest first, with its reasons."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        found = policy.open_holds(uow)
    for one in found:
        times = f"{one.times} times" if one.times > 1 else "once"
        about = f"{one.operation} {one.subject_type} {one.subject_id}"
        click.echo(f"{one.job_id} {about}, since {one.held_at}, looked at {times}")
        for text, facts in one.reasons:
            click.echo(f"    {text.format(**facts)}")
    click.echo(f"{len(found)} held")


@group.command()
@click.option("--document", default="", help="Of exactly this document (its id).")
@click.option("--person", default="", help="Of exactly this person: login, or id of the account.")
@click.option("--state", type=click.Choice(["active", "parked", "void", "consumed", "all"]), default="active",
              show_default=True)  # fmt: skip
def grants(document: str, person: str, state: str) -> None:
    """Approvals, newest first: whose, for which document, and what became of them."""
    rows: list[tuple[object, ...]] = []
    before = None
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        while True:
            found, before = policy_rows.grants(
                uow, document=document, person=person, state="" if state == "all" else state, before=before
            )
            rows += [(one.who, one.capability, one.subject_type, one.subject_id, one.number, one.facts.get("amount"),
                      one.granted_at, one.expires_at, one.state, one.state_reason) for one in found]  # fmt: skip
            if before is None:
                break
    opening.table(
        ("who", "approval", "kind", "document", "request", "amount", "given", "good until", "state", "why"), rows
    )


@group.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path | None) -> None:
    """Write the policies in force as YAML to FILE, or print them."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        text = policy.export(uow)
    if file is None:
        click.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")


@group.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--days", type=click.IntRange(1, 3650), default=DAYS, show_default=True, help="How far back to look.")
def impact(file: Path, days: int) -> None:
    """What the policies of FILE would change, put in force now; exit 1 when something would not prove or be held."""
    with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
        found = repository.what_if(uow, statement.read(file.read_text(encoding="utf-8")), days)
    for one in found:
        click.echo(f"{one.wanted.id}: {'as it is in force' if one.same else 'differs from what is in force'}")
        for text, facts in one.weaker:
            click.echo(f"    weaker: {text.format(**facts)}")
        for unknown in one.unknown:
            click.echo(f"    {unknown.message.format(**unknown.facts)}")
        for proof, now, then in one.turned:
            click.echo(f"    {proof.definition.key} v{proof.definition.version}: {now}, then {then}")
        for broken in one.broken:
            for finding in broken.findings:
                click.echo(f"        {finding}")
        click.echo(f"    {len(one.held)} of {len(one.past)} that ran in the last {days} days would be held")
        for past in one.held:
            click.echo(
                f"    {past.cleared_at:%Y-%m-%d} {past.operation} {past.subject_id} {past.amount} {past.currency}"
            )
            for text, facts in past.reasons:
                click.echo(f"        {text.format(**facts)}")
    if any(one.broken or one.held for one in found):
        sys.exit(1)


@group.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", default="", help="Why; needed for what asks less than now.")
@AS
def propose(file: Path, reason: str, login: str) -> None:
    """Propose the policies of FILE that differ from those in force; another controller activates them."""
    text = file.read_text(encoding="utf-8")
    for one in statement.read(text):
        repository.check_enforced(one.id, one.on)
    with _signed_in(login) as uow:
        made = policy.propose(uow, text, reason)
        unknown = [found for version in made for found in policy.unknown_names(uow, version.policy)]
    for version in made:
        _say(version)
    for found in unknown:
        click.echo(found.message.format(**found.facts), err=True)
    click.echo(f"{len(made)} proposed")


@group.command()
@click.argument("version_id", type=click.UUID)
@AS
def activate(version_id: UUID, login: str) -> None:
    """Put a proposal in force; exit 1 when definitions do not prove any more."""
    with _signed_in(login) as uow:
        done = repository.activate_policy(uow, version_id)
        wanting = repository.wanting(uow, [done.version.policy])
        short = repository.short_staffed(uow, [done.version.policy.id])
    _say(done.version)
    for found in short:
        click.echo(found.sentence[0].format(**found.sentence[1]), err=True)
    for one in wanting:
        click.echo(
            f"{one.policy}: no task of a deployed process provides {one.capability}: what needs it is held", err=True
        )
    _say_unproved(done.unproved)


@group.command()
@click.argument("version_id", type=click.UUID)
@click.option("--reason", default="")
@AS
def withdraw(version_id: UUID, reason: str, login: str) -> None:
    """Take a proposal back, or turn it down."""
    with _signed_in(login) as uow:
        policy.withdraw(uow, version_id, reason)


@group.command()
@click.argument("version_id", type=click.UUID)
@AS
def confirm(version_id: UUID, login: str) -> None:
    """Stand behind a shipped policy: from then on the file in the library does not change it any more."""
    with _signed_in(login) as uow:
        _say(policy.confirm(uow, version_id))


@group.command("propose-retirement")
@click.argument("policy_id")
@click.option("--reason", required=True, help="Why it should leave; stays on record.")
@AS
def propose_retirement(policy_id: str, reason: str, login: str) -> None:
    """Ask that a policy leaves; another controller takes it out of force."""
    with _signed_in(login) as uow:
        _say(policy.propose_retirement(uow, policy_id, reason))


@group.command("withdraw-retirement")
@click.argument("policy_id")
@click.option("--reason", default="")
@AS
def withdraw_retirement(policy_id: str, reason: str, login: str) -> None:
    """Take back that a policy should leave, or turn it down."""
    with _signed_in(login) as uow:
        _say(policy.withdraw_retirement(uow, policy_id, reason))


@group.command()
@click.argument("policy_id")
@AS
def retire(policy_id: str, login: str) -> None:
    """Take a policy out of force, as another controller has proposed."""
    with _signed_in(login) as uow:
        _say(policy.retire(uow, policy_id))


@group.command("replay")
@click.argument("log", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("columns", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--policies",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML to hold the log against, in place of the policies in force.",
)
@click.option("--class", "on", default="payment.execute", help="What the operation of the log is.")
def replay_(log: Path, columns: Path, policies: Path | None, on: str) -> None:  # fmt: skip
    """Hold a recorded LOG (CSV or .xes, also .gz) of any system against the policies.

    Exit 1 when something is flagged, 2 when nothing was judged.

    COLUMNS says in YAML what its columns and activities mean: case, time, activity, approvals, rejections, operation.
    Columns of XES are the keys of its attributes, those of a case after `case:`, such as case:concept:name.
    """
    events = recorded.read(log.name, log.read_bytes())
    reading = replay.read_mapping(columns.read_text(encoding="utf-8"))
    if policies is not None:
        held = statement.read(policies.read_text(encoding="utf-8"))
    else:
        with opening.engine().unit_of_work(opening.CLI, read_only=True) as uow:
            held = policy.in_force(uow)
    flagged = operations = 0
    for one in (found for found in held if found.on == on):
        audit = replay.replay(one, reading, events)
        operations += audit.operations
        click.echo(f"{one.id}: {audit.cases} cases, {audit.events} events, {audit.operations} operations, "
                   f"{len(audit.flagged)} flagged")  # fmt: skip
        for pattern in audit.unmatched:
            click.echo(f"  no event is '{pattern}'", err=True)
        for line in audit.flagged:
            flagged += 1
            said = " ".join(template.format(**facts) for template, facts in line.reasons)
            click.echo(f"  {line.case} {line.at.isoformat()}: {said}")
    if flagged:
        sys.exit(1)
    if not operations:
        click.echo(f"Nothing was judged: no event is an operation under a policy about {on}.", err=True)
        sys.exit(2)


@contextmanager
def _signed_in(login: str) -> Iterator[UnitOfWork]:
    """A unit of work of whoever knows the password: a shell alone is nobody's second person."""
    password = (
        str(click.prompt("Password", hide_input=True))
        if sys.stdin.isatty()
        else sys.stdin.readline().rstrip("\r\n")
    )  # fmt: skip
    engine = opening.engine()
    checked = identity.check_password(engine, login, password)
    with engine.unit_of_work(opening.CLI) as uow:
        user = identity.authenticate(uow, login, password, checked)
    if user is None:
        raise NotSignedIn(login=login)
    with engine.unit_of_work(Actor(user.id, source="cli")) as uow:
        yield uow


def _say(version: Version) -> None:
    click.echo(f"{version.policy.id} version {version.number} {version.state} {version.id}")
    for text, facts in version.differences:
        click.echo(f"    weaker: {text.format(**facts)}")


def _say_unproved(found: tuple[repository.Unproved, ...]) -> None:
    for one in found:
        for finding in one.findings:
            click.echo(f"{one.definition.key} v{one.definition.version}: {finding}")
    if found:
        sys.exit(1)
