"""The file of scenarios beside a drawing."""

from flask import g

from engine import drafts
from engine.scenarios import lasting
from webui.designer.library import Opened


def path_of(opened: Opened) -> str:
    """Where the file stands in the library."""
    return lasting.beside(opened.path)


def told_in(opened: Opened) -> str:
    """The file: its draft, else as it was deployed, else as it lies in the library; empty when there is none."""
    for content in drafts.scenarios_of(g.uow, opened.key).values():
        return content.decode("utf-8")
    return lasting.deployed(g.uow, opened.path)
