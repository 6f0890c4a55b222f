"""note_settings(): what the process was started with, on record whenever it is other than the last time."""

from pathlib import Path
from typing import Any

from engine import history
from engine.settings import Settings
from engine.unit_of_work import UnitOfWork
from engine.values import sha256

SCOPE, KIND = "settings", "settings.changed"
_SECRET = frozenset(("secret_key", "seal_key", "smtp_url", "database_url"))
_OF_ONE_PROCESS = frozenset(("host", "port", "runner_threads", "library", "crash_at", "testing"))


def note_settings(uow: UnitOfWork) -> bool:
    """Whether anything that all processes share has changed; secrets are on record by digest."""
    uow.alone("settings")
    now = _told(uow.settings)
    known: dict[str, Any] = next((act.data["settings"] for act in history.acts(uow, SCOPE) if act.kind == KIND), {})
    changed = sorted(name for name in now.keys() | known.keys() if now.get(name) != known.get(name))
    if changed:
        history.act(uow, SCOPE, KIND, {"changed": changed, "settings": now})
    return bool(changed)


def _told(settings: Settings) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name in Settings.__dataclass_fields__:
        if name in _OF_ONE_PROCESS:
            continue
        value = getattr(settings, name)
        if name in _SECRET:
            value = sha256(f"troika setting {name}\n{value}".encode()).hex()
        told[name] = str(value) if isinstance(value, Path) else value
    return told
