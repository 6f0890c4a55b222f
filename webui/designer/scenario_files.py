"""The file of scenarios beside a drawing."""

from flask import g

from engine import drafts, repository, scenarios
from webui.designer.library import Opened


def path_of(opened: Opened) -> str:
    """Where the file stands in the library."""
    return opened.path.removesuffix(".bpmn") + scenarios.SUFFIX


def told_in(opened: Opened) -> str:
    """The file: its draft, else as it was deployed, else as it lies in the library; empty when there is none."""
    for content in drafts.scenarios_of(g.uow, opened.key).values():
        return content.decode("utf-8")
    stored = repository.scenarios_at(g.uow, path_of(opened))
    if stored is not None:
        return stored.decode("utf-8")
    file = g.uow.settings.library / path_of(opened)
    return file.read_text(encoding="utf-8") if file.is_file() else ""
