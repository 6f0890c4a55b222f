"""troika serve (web and runners in one process) · web · worker."""

import signal
import threading
import time
from dataclasses import replace
from typing import Any

import click
from waitress import create_server

from engine import audit
from engine.dispatch import Runners
from engine.errors import N_, EngineError
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from webui import create_app, demo
from webui.cli import opening, setting_up


class AddressInUse(EngineError):
    """Another program listens there."""

    message = N_("Expected to listen on {address}, but another program does.")
    hint = N_("Stop it, or choose another port: TROIKA_PORT=8081.")
    status = 500


PORT = click.option("--port", type=click.IntRange(1, 65535), help="In place of TROIKA_PORT.")


@click.command()
@click.option("--setup", is_flag=True, help="First bring front end, database and demo data up to date.")
@PORT
def serve(setup: bool, port: int | None) -> None:
    """Web server and job runners in one process."""
    started = time.monotonic()
    settings = _settings(port=port)
    if setup:
        setting_up.prepare(settings)
    engine = _open(settings)
    runners = Runners(engine)
    runners.start()
    try:
        _listen(engine, settings, started)
    finally:
        runners.stop()
        engine.dispose()


@click.command()
@PORT
def web(port: int | None) -> None:
    """Web server only; `troika worker` processes run the jobs."""
    settings = _settings(port=port)
    engine = _open(settings)
    try:
        _listen(engine, settings, time.monotonic())
    finally:
        engine.dispose()


@click.command()
@click.option("--threads", type=click.IntRange(1), help="In place of TROIKA_RUNNER_THREADS.")
def worker(threads: int | None) -> None:
    """Job runners only; as many processes as wanted, on as many machines."""
    settings = _settings(runner_threads=threads)
    engine = _open(settings)
    runners = Runners(engine)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    runners.start()
    click.echo(f"{settings.runner_threads} runner threads work. Ctrl C stops them after the jobs at hand.")
    stop.wait()
    runners.stop()
    engine.dispose()


def _settings(**told: Any) -> Settings:
    """Those of the environment, and what the command line says instead."""
    return replace(opening.settings(), **{name: value for name, value in told.items() if value is not None})


def _open(settings: Settings) -> ProcessEngine:
    engine = ProcessEngine(settings)
    try:
        opening.upgrade(engine)
        opening.refuse_trial_in_production(engine)
        with engine.unit_of_work(opening.CLI) as uow:
            audit.note_settings(uow)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _listen(engine: ProcessEngine, settings: Settings, started: float) -> None:
    app = create_app(settings, engine)
    address = f"http://{settings.host}:{settings.port}/"
    try:
        server: Any = create_server(app, host=settings.host, port=settings.port, threads=8)
    except OSError as error:
        raise AddressInUse(address=address) from error
    signal.signal(signal.SIGTERM, _interrupt)
    click.echo(f"\nTroika is ready after {time.monotonic() - started:.1f} s:  {address}")
    with engine.unit_of_work(opening.CLI, read_only=True) as uow:
        for account in demo.accounts(uow)[: len(demo.MAIN_ACCOUNTS)]:
            click.echo(f"  {account.login:<12} {account.password:<10} {account.name} · {account.role}")
    click.echo("Ctrl C stops it.")
    try:
        server.run()  # waitress ends its requests and returns at Ctrl C and SIGTERM
    finally:
        server.close()
    click.echo("Stopped.")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
