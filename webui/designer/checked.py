"""What the check of a file found, as the pages before its publishing list it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from engine import repository
from engine.findings import Finding, Level
from webui import errors
from webui.designer import elements, explaining
from webui.designer.addresses import editor_of
from webui.designer.filing import File, file_at
from webui.designer.things import named


@dataclass(frozen=True)
class Shown:
    """A finding on the page. `where`: the element's name, or the file; `address`: of the element on the canvas;
    `why`: where it is explained, "" where it is not.
    """

    level: str
    where: str
    message: str
    hint: str
    address: str
    why: str


def findings_of(file: File, files: Mapping[str, bytes], told: list[Finding]) -> list[Shown]:
    """Errors first, as the check gives them; notes are for the canvas. Parts go by their names; those of another file
    than `file` say of which. `files`: what was checked, by path.
    """
    others = {one.resource for one in told if one.resource in files} - {file.path}
    known = {file.path: file} | {path: file_at(path) for path in others}
    names = {path: named(path, files[path]) for path in known if path in files}
    shown = []
    for one in told:
        if one.level is not Level.INFO:
            element, follows = one.element_id or "", repository.follower(one)
            of = known.get(one.resource, file)
            editor = editor_of("process", follows) if follows else of.editor
            called = names.get(of.path, {})
            where = element if follows else called.get(element, element)
            facts = one.facts if follows else elements.facts(one, called)
            if of is not file:
                where = " · ".join(filter(None, (of.name, where)))
            shown.append(
                Shown(
                    one.level.value, where or one.resource, errors.words(one.message, facts),
                    errors.words(one.hint, facts), f"{editor}#{quote(element)}" if element else editor,
                    explaining.address_of(one),
                )
            )  # fmt: skip
    return shown
