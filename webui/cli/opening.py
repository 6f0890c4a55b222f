"""What commands stand on: the settings of the environment and the engine of the application at hand."""

import os
from pathlib import Path
from uuid import UUID

import click
from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from engine import audit, identity
from engine.db.identity import user_account
from engine.errors import UnsafeForProduction
from engine.process_engine import ProcessEngine
from engine.settings import DEMO_SECRET_KEY, Settings
from engine.unit_of_work import Actor, UnitOfWork
from webui import create_app

CLI = Actor(None, source="cli")
INSUFFICIENT_PRIVILEGE = "42501"
"""SQLSTATE of PostgreSQL"""


def settings() -> Settings:
    """Of this process; makes the folder of an SQLite database."""
    found = Settings.from_env(os.environ)  # noqa: TID251 - the entry that hands the environment to Settings
    if found.sqlite and ":memory:" not in found.database_url:
        Path(found.database_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return found


def app() -> Flask:
    """For FlaskGroup: commands of a noun run in its context; its connections are closed behind them."""
    made = create_app(settings())
    click.get_current_context().find_root().call_on_close(made.extensions["troika"].dispose)
    return made


def engine() -> ProcessEngine:
    """Of the application at hand."""
    found: ProcessEngine = current_app.extensions["troika"]
    return found


def upgrade(engine: ProcessEngine) -> None:
    """The schema of now, and on record once what chains of before do not tell of rows."""
    engine.upgrade()
    with engine.unit_of_work(CLI) as uow:
        audit.seal_former(uow)


def is_refusal(error: SQLAlchemyError) -> bool:
    """Whether the database does not let this login do it."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) == INSUFFICIENT_PRIVILEGE


def said(error: SQLAlchemyError) -> str:
    """What the database says, in a sentence."""
    told = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    if is_refusal(error):
        return (
            f"Expected a login that may do this, but the database says: {told}. "
            "`troika db roles` prints what each role may do."
        )
    return f"Expected an answer of the database, but it says: {told}"


def acting(uow: UnitOfWork, login: str | None) -> UUID | None:
    """The id of `--as LOGIN`, None for the command line itself."""
    return identity.user(uow, login).id if login else None


def refuse_trial_in_production(found: ProcessEngine) -> None:
    """Raise UnsafeForProduction for a default secret key or usable demo accounts."""
    if found.settings.mode != "production":
        return
    if found.settings.secret_key == DEMO_SECRET_KEY or len(found.settings.secret_key) < 32:
        raise UnsafeForProduction(
            found="the default secret key or one shorter than 32 characters",
            remedy="Set TROIKA_SECRET_KEY to a long random text, e.g. from: openssl rand -hex 32",
        )
    with found.unit_of_work(CLI, read_only=True) as uow:
        account = user_account.c
        usable = select(account.login).where(
            account.demo, account.disabled_at.is_(None), account.password_hash.is_not(None)
        )
        logins = [row.login for row in uow.execute(usable.order_by(account.login))]
    if logins:
        raise UnsafeForProduction(
            found=f"{len(logins)} demo accounts with a known password ({', '.join(logins[:3])}, …)",
            remedy="Use another database, or disable each with: troika user disable LOGIN",
        )


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Print columns as wide as their content."""
    texts = [tuple("" if cell is None else str(cell) for cell in row) for row in [head, *rows]]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    for row in texts:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
