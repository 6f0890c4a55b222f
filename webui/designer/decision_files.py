"""The files of decisions that there are, deployed or drawn: each name stands for one of them."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from flask import g

from engine import dmn, drafts, repository
from engine.dmn.model import Model
from engine.drafts import DraftInfo
from engine.repository import DefinitionInfo
from webui.rendering import label


@dataclass(frozen=True)
class DecisionFile:
    """A file of decisions: what of it is deployed, its draft, or both. `path`: in the library."""

    key: str
    path: str
    area: str
    name: str
    deployed: tuple[DefinitionInfo, ...]
    draft: DraftInfo | None

    @property
    def version(self) -> int:
        """The highest of its decisions, 0 when none is deployed."""
        return max((info.version for info in self.deployed), default=0)


def files() -> list[DecisionFile]:
    """Every file of decisions, by area and name."""
    deployed: dict[str, list[DefinitionInfo]] = {}
    for info in repository.latest_all(g.uow, "decision"):
        deployed.setdefault(repository.file(g.uow, info.id)[0], []).append(info)
    drawn = {draft.path: draft for draft in drafts.list_(g.uow) if draft.kind == "decision"}
    return [_as_file(path, deployed.get(path, []), drawn.get(path)) for path in sorted({*deployed, *drawn})]


def _as_file(path: str, deployed: list[DefinitionInfo], draft: DraftInfo | None) -> DecisionFile:
    parts = PurePosixPath(path)
    names = [label(info.labels, info.name) for info in deployed]
    name = ", ".join(names) or (draft.name if draft else parts.stem)
    return DecisionFile(parts.stem, path, parts.parent.name, name, tuple(deployed), draft)


def file_of_decisions(key: str) -> DecisionFile | None:
    """The one with this name: of two, the first by area."""
    return next((found for found in files() if found.key == key), None)


def drawn_models() -> dict[str, Model]:
    """What drawings may ask that is in a draft: the model of each decision and service by its id."""
    models = [dmn.read(content_of(file), file.path).model for file in files() if file.draft is not None]
    return {one.id: model for model in models if model is not None for one in (*model.decisions, *model.services)}


def content_of(file: DecisionFile) -> bytes:
    """As it is edited now: the draft, else what is deployed."""
    if file.draft is not None:
        return drafts.open_(g.uow, file.path).content
    return repository.source(g.uow, file.deployed[0].id)


def ids_of(file: DecisionFile) -> set[str]:
    """What drawings may ask of it: decisions and services, as it is edited now."""
    model = dmn.read(content_of(file), file.path).model
    return set() if model is None else {one.id for one in (*model.decisions, *model.services)}
