"""Running it for real: what production refuses, web and worker as processes of their own, how they stop."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, select, text

from engine import identity, repository, runtime
from engine.db.instance import Status, instance
from engine.db.job import JobKind, job
from engine.db.migrations import upgrading
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows, service
from tests.webui import resting
from webui.cli import main

LIBRARY = Path(__file__).parents[2]
KEY = "0123456789abcdef" * 4
PASSWORD = "correct horse battery"


def later(process: str, operation: str, **inputs: str) -> bytes:
    """A process whose one service task is a job."""
    task = service("work", operation, **inputs).replace("<serviceTask ", '<serviceTask troika:async="true" ')
    return drawing(START + task + END + flows("start work end"), process_id=process)


SLOW = later("slow", "test.rest", in_sign="= sign")
GREET = later("greet", "notification.notify", in_user_ids="= [process.initiator.id]", in_title="= process.key")
MAIN = "from webui.cli import main; main()"
PATIENCE = 40.0
"""Seconds until a process that does not answer is given up; the machine may be busy."""


@pytest.fixture
def installation(postgres_server, tmp_path) -> Iterator["Installation"]:
    """An empty PostgreSQL database and the environment of production; what was started is ended."""
    admin = create_engine(postgres_server.url("template1"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS production WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE production"))
    made = Installation(postgres_server.url("production"), tmp_path)
    yield made
    made.end()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE production WITH (FORCE)"))
    admin.dispose()


class Installation:
    """`troika …` in this process, or as a process of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.settings = {
            "TROIKA_MODE": "production", "TROIKA_SECRET_KEY": KEY, "TROIKA_DATABASE_URL": url,
            "TROIKA_LIBRARY": str(folder), "TROIKA_SHUTDOWN_GRACE_SECONDS": "10",
        }  # fmt: skip
        self.started: list[subprocess.Popen[str]] = []

    def troika(self, *words: str, input: str | None = None, **settings: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, list(words), env=self.settings | settings, input=input)
        return result.exit_code, result.output

    def begin(self, *words: str, program: str = MAIN) -> subprocess.Popen[str]:
        """`program`: Python in place of the command."""
        child = subprocess.Popen(
            [sys.executable, "-c", program, *words],
            cwd=LIBRARY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=os.environ | self.settings,  # noqa: TID251 - the child gets ours and its settings
        )  # fmt: skip
        self.started.append(child)
        return child

    def stop(self, child: subprocess.Popen[str]) -> str:
        """SIGTERM; what it printed. Fails when it does not end well."""
        child.send_signal(signal.SIGTERM)
        said, _ = child.communicate(timeout=PATIENCE)
        assert child.returncode == 0, said
        return said

    @contextmanager
    def engine_of(self) -> Iterator[ProcessEngine]:
        engine = ProcessEngine(Settings(database_url=self.url))
        yield engine
        engine.dispose()

    def end(self) -> None:
        for child in self.started:
            if child.poll() is None:
                child.kill()
                child.communicate()


def until(found: Callable[[], Any]) -> Any:
    """What `found` returns as soon as it is something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.1)
    raise TimeoutError("nothing happened")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Browser:
    """Behind a proxy with TLS: it sends the secure cookie along."""

    def __init__(self, port: int) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)
        self.cookies: dict[str, str] = {}

    def ready(self) -> bool:
        try:
            return self.client.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def send(self, method: str, path: str, **content: Any) -> httpx.Response:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        answer = self.client.request(method, path, headers=headers | content.pop("headers", {}), **content)
        for line in answer.headers.get_list("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
            assert "Secure" in line
        return answer

    def token(self, path: str) -> str:
        page = self.send("GET", path)
        found = re.search(r'name="csrf-token" content="([^"]+)"', page.text)
        assert found, page.text[:500]
        return found[1]


@pytest.mark.postgres
@pytest.mark.main_job
@pytest.mark.slow
def test_web_and_worker_are_processes_of_their_own_and_stop_gracefully(installation, request):
    (installation.folder / "processes").mkdir()
    (installation.folder / "processes" / "greet.bpmn").write_bytes(GREET)
    assert installation.troika("db", "upgrade") == (0, f"schema is at {upgrading.head()}\n")
    assert installation.troika("db", "upgrade")[0] == 0
    assert installation.troika("process", "deploy")[1].splitlines()[-1] == "1 new versions"
    assert installation.troika("user", "create", "boss", "老板", "--admin", input=f"{PASSWORD}\n") == (0, "")
    port = free_port()
    web = installation.begin("web", "--port", str(port))
    browser = Browser(port)
    request.addfinalizer(browser.client.close)
    until(browser.ready)

    form = {"login": "boss", "password": PASSWORD, "csrf_token": browser.token("/login")}
    assert browser.send("POST", "/login", data=form).status_code == 303
    started = browser.send(
        "POST", "/api/v1/instances/", json={"key": "greet"}, headers={"X-CSRFToken": browser.token("/menu")}
    )
    assert started.status_code == 201, started.text
    where = f"/api/v1/instances/{started.json()['id']}"
    assert browser.send("GET", where).json()["status"] == "running"  # nobody runs jobs yet
    worker = installation.begin("worker", "--threads", "2")
    until(lambda: browser.send("GET", where).json()["status"] == "completed")

    assert "2 runner threads" in installation.stop(worker)
    assert "Stopped." in installation.stop(web)


@pytest.mark.postgres
@pytest.mark.main_job
@pytest.mark.slow
def test_a_worker_that_is_stopped_ends_its_job_and_gives_the_others_back(installation):
    sign = installation.folder / "begun"
    with installation.engine_of() as engine:
        engine.upgrade()
        with engine.unit_of_work(ENGINE) as uow:
            boss = identity.create_user(uow, "boss", "Boss")
        with engine.unit_of_work(ENGINE) as uow:
            repository.deploy(uow, {"processes/slow.bpmn": SLOW})
        for _ in range(4):
            with engine.unit_of_work(Actor(boss.id)) as uow:
                runtime.start(uow, "slow", {"sign": str(sign)})
    worker = installation.begin("worker", "--threads", "1", program=f"import {resting.__name__}; {MAIN}")
    until(sign.exists)

    installation.stop(worker)

    with installation.engine_of() as engine, engine.unit_of_work(ENGINE, read_only=True) as uow:
        ended = uow.execute(select(instance.c.status).where(instance.c.status == int(Status.COMPLETED))).all()
        left = uow.execute(select(job.c.lock_token, job.c.attempts).where(job.c.kind == int(JobKind.SERVICE))).all()
    assert len(ended) == 1
    assert [tuple(row) for row in left] == [(None, 0)] * 3


@pytest.mark.postgres
@pytest.mark.main_job
def test_production_says_what_is_wrong_and_what_to_do(installation):
    troika = installation.troika
    assert troika("db", "upgrade")[0] == 0

    for key in ("", "short", "only for trials: not secret"):
        for command in ("web", "worker", "serve"):
            code, said = troika(command, TROIKA_SECRET_KEY=key)
            assert (code, "TROIKA_SECRET_KEY" in said, "openssl rand -hex 32" in said) == (1, True, True), said
    with installation.engine_of() as engine, engine.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "ann", "Ann", password=PASSWORD, demo=True)
    for command in ("web", "worker", "serve"):
        code, said = troika(command)
        assert (code, "1 demo accounts" in said, "troika user disable" in said) == (1, True, True), said
    refused = installation.begin("web", program="import webui.wsgi")
    said, _ = refused.communicate(timeout=PATIENCE)
    assert refused.returncode == 1
    assert "demo accounts" in said

    assert troika("user", "disable", "ann")[0] == 0
    accepted = installation.begin("web", program="import webui.wsgi")
    said, _ = accepted.communicate(timeout=PATIENCE)
    assert accepted.returncode == 0, said


@pytest.mark.postgres
def test_processes_that_start_together_bring_the_schema_up_to_date_once(installation):
    together = [installation.begin("db", "upgrade") for _ in range(2)]

    said = [child.communicate(timeout=PATIENCE)[0] for child in together]

    assert [child.returncode for child in together] == [0, 0], said
    assert installation.troika("db", "current")[0] == 0


@pytest.mark.postgres
def test_a_password_is_no_argument(installation):
    assert installation.troika("db", "upgrade")[0] == 0

    code, said = installation.troika("user", "create", "boss", "Boss", "--password", PASSWORD)

    assert (code, "No such option" in said) == (2, True)
    assert installation.troika("user", "create", "boss", "Boss", input="short\n")[0] == 1
    assert installation.troika("user", "create", "boss", "Boss", input=f"{PASSWORD}\n")[0] == 0
    assert installation.troika("user", "password", "boss", input="battery staple\n")[0] == 0
    with installation.engine_of() as engine, engine.unit_of_work(ENGINE) as uow:
        assert identity.authenticate(uow, "boss", "battery staple") is not None
