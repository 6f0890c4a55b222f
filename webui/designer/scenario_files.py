"""The file of scenarios beside a drawing."""

from flask import g
from sqlalchemy import select

from engine import drafts, scenarios
from engine.db.definition import Kind, deployment, resource
from webui.designer.library import Opened

_deployed = (
    select(resource.c.content)
    .join(deployment, deployment.c.id == resource.c.deployment_id)
    .order_by(deployment.c.deployed_at.desc())
    .limit(1)
)


def path_of(opened: Opened) -> str:
    """Where the file stands in the library."""
    return opened.path.removesuffix(".bpmn") + scenarios.SUFFIX


def told_in(opened: Opened) -> str:
    """The file: its draft, else as it was deployed, else as it lies in the library; empty when there is none."""
    for content in drafts.scenarios_of(g.uow, opened.key).values():
        return content.decode("utf-8")
    stored = deployed_file(path_of(opened))
    if stored is not None:
        return stored.decode("utf-8")
    file = g.uow.settings.library / path_of(opened)
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def deployed_file(path: str) -> bytes | None:
    """The scenarios at `path` as they were deployed last."""
    query = _deployed.where(resource.c.path == path, resource.c.kind == int(Kind.SCENARIOS))
    stored = g.uow.execute(query).scalar()
    return None if stored is None else bytes(stored)
