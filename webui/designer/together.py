"""What is published in one step: a file, and the other drawings that were chosen to go with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import g

from engine import batches, drafts, forms, repository
from engine.db.definition import Kind
from engine.errors import N_, EngineError
from engine.repository import Candidate, DefinitionInfo, Foreseen
from webui.designer import reviewing
from webui.designer.filing import File, file_of
from webui.designer.reviewing import Edited


class NotTogether(EngineError):
    """A form or decision table that would take drawings along."""

    message = N_("Expected a drawing to publish others with, found '{found}'.")
    hint = N_("Publish from the page of one of the drawings: their forms and decision tables go with them.")
    status = 422


@dataclass(frozen=True)
class Member:
    """One file of what is published. `waits`: it needs a review that it does not have.

    Of a drawing, `running`: requests by any version; `callers`: processes that call the newest one; `forms`: those that
    change, with other processes that show them, for a form is not bound to a version.
    """

    file: File
    edited: Edited
    review: reviewing.Shown | None
    demanded: bool
    candidate: Candidate | None
    running: int
    callers: list[DefinitionInfo]
    forms: list[tuple[str, list[DefinitionInfo]]]

    @property
    def waits(self) -> bool:
        """Whether somebody must approve it first."""
        return self.demanded and not (self.review and self.review.fresh and self.review.review.state == "approved")


def chosen(file: File, along: Sequence[str]) -> list[tuple[File, Edited]]:
    """The file first, then the drawings with the keys `along`, each with what is published with it.

    Raises NotTogether, NotFound.
    """
    if along and file.kind != "process":
        raise NotTogether(found=file.path)
    others = [file_of("process", key) for key in dict.fromkeys(along) if key != file.key]
    return [(one, reviewing.edited(one)) for one in (file, *others)]


def files_of(found: Sequence[tuple[File, Edited]]) -> dict[str, bytes]:
    """Everything that is published, by path."""
    return {path: content for _, edited in found for path, content in edited.files.items()}


def members(found: Sequence[tuple[File, Edited]], foreseen: Foreseen | None) -> list[Member]:
    """What is to be said of each. `foreseen`: None when nothing can be published."""
    return [_member(file, edited, foreseen) for file, edited in found]


def _member(file: File, edited: Edited, foreseen: Foreseen | None) -> Member:
    drawn = file.kind == "process"
    candidate = foreseen.candidates.get(file.key) if foreseen is not None and drawn else None
    return Member(
        file, edited, reviewing.standing(file.path, edited.files), drafts.reviewing.demanded(g.uow, edited.files),
        candidate, sum(batches.running_by_version(g.uow, file.key).values()) if drawn else 0,
        repository.following(g.uow, [file.key]) if candidate is not None else [],
        _forms(file.key, edited, foreseen) if foreseen is not None and drawn else [],
    )  # fmt: skip


def _forms(key: str, edited: Edited, foreseen: Foreseen) -> list[tuple[str, list[DefinitionInfo]]]:
    own = {_form_id(content, path) for path, content in edited.files.items() if path.startswith("forms/")}
    changed = [form for kind, form, _ in foreseen.new if kind is Kind.FORM and form in own]
    return [(form, [info for info in repository.showing(g.uow, form) if info.key != key]) for form in changed]


def _form_id(content: bytes, path: str) -> str:
    form = forms.read(content, path).form
    return form.id if form is not None else ""
