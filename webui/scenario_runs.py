"""How scenarios went last, as lists say it: on what is drawn, on each version."""

from dataclasses import dataclass
from datetime import datetime

from flask import g

from engine import drafts, identity, repository
from engine.drafts import DraftInfo
from engine.scenarios import lasting
from engine.scenarios.lasting import DRAFT, Run
from webui.rendering import label, person


@dataclass(frozen=True)
class Told:
    """One run. `failed`: place in the file and name of each; `flows`: that a scenario takes, of all that are drawn.

    `changed`: what was tried is not what is drawn now. `who`: empty when the installation played it.
    """

    process: str
    name: str
    version: int
    ran_at: datetime
    who: str
    changed: bool
    number: int
    failed: list[tuple[int, str]]
    flows: tuple[int, int]

    @property
    def at(self) -> int | None:
        """Which version its page is asked for; None: what is drawn."""
        return self.version or None

    @property
    def drawn(self) -> bool:
        """Whether the draft was tried."""
        return self.version == DRAFT


def told(run: Run, changed: bool = False, name: str = "") -> Told:
    """As the reader is told of it; `name`: of the process."""
    who = person(identity.user(g.uow, run.ran_by)) if run.ran_by is not None else ""
    flows = run.covered.flows
    return Told(
        run.process, name, run.version, run.ran_at, who, changed, len(run.results),
        [(place, label(one.name.labels, one.name)) for place, one in enumerate(run.results) if not one.passed],
        (len(flows.covered), flows.total),
    )  # fmt: skip


def newest() -> dict[str, Told]:
    """Of each process: of what is drawn, if that was tried, else of its newest version."""
    drawn: dict[str, DraftInfo] = {}
    for saved in drafts.waiting(g.uow):
        if saved.kind in ("process", "scenarios"):
            drawn[saved.key] = max(saved, drawn.get(saved.key, saved), key=lambda one: one.saved_at)
    deployed = {info.key: info for info in repository.latest_all(g.uow)}
    runs = lasting.last(g.uow)
    found: dict[str, Told] = {}
    for key in {*drawn, *deployed}:
        draft, info = drawn.get(key), deployed.get(key)
        run = runs.get((key, DRAFT)) if draft is not None else None
        changed = run is not None and draft is not None and run.ran_at < draft.saved_at
        run = run or (runs.get((key, info.version)) if info is not None else None)
        if run is not None:
            name = label(info.labels, info.name) if info is not None else draft.name if draft is not None else key
            found[key] = told(run, changed, name)
    return found


def of_versions(key: str, digest: str) -> dict[int, Told]:
    """By version, that of the draft under DRAFT. `digest`: of what would be tried now."""
    return {
        version: told(run, version == DRAFT and run.digest != digest)
        for version, run in lasting.of(g.uow, key).items()
    }  # fmt: skip
