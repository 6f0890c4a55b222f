"""What the check of a file found, as the pages before its publishing list it."""

from dataclasses import dataclass
from urllib.parse import quote

from engine import repository
from engine.findings import Finding, Level
from webui import errors
from webui.designer.addresses import editor_of
from webui.designer.filing import File
from webui.designer.things import named


@dataclass(frozen=True)
class Shown:
    """A finding on the page. `where`: the element's name, or the file; `address`: of the element on the canvas."""

    level: str
    where: str
    message: str
    hint: str
    address: str


def findings_of(file: File, content: bytes, told: list[Finding]) -> list[Shown]:
    """Errors first, as the check gives them; notes are for the canvas. Parts of forms and tables go by their names,
    those of a process that follows the file by their ids."""
    names = {} if file.kind == "process" else named(file.path, content)
    shown = []
    for one in told:
        if one.level is not Level.INFO:
            element, follows = one.element_id or "", repository.follower(one)
            where = element if follows else names.get(element, element)
            editor = editor_of("process", follows) if follows else file.editor
            shown.append(
                Shown(
                    one.level.value, where or one.resource, errors.words(one.message, one.facts),
                    errors.words(one.hint, one.facts), f"{editor}#{quote(element)}" if element else editor,
                )
            )  # fmt: skip
    return shown
