"""复核: another person looks at a draft before it is published, where the area demands it."""

from dataclasses import dataclass
from uuid import UUID

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine import drafts, identity, notices, repository
from engine.drafts import DraftInfo
from engine.drafts.reviewing import Review
from engine.errors import EngineError, NotFound, SecondPersonNeeded
from engine.findings import Level
from webui.access import needs
from webui.designer import impact
from webui.designer.blueprint import designer
from webui.designer.checked import findings_of
from webui.designer.drawing import with_forms
from webui.designer.filing import File, content_of, file_at
from webui.designer.thumbnail import thumbnail
from webui.rendering import page, person
from webui.transaction import shows_again


@dataclass(frozen=True)
class Edited:
    """What is published with a file, by path; the file itself has the bytes of its draft, else of its newest version.

    `saved`: the draft among them that was saved last; None: nothing is edited.
    """

    path: str
    files: dict[str, bytes]
    saved: DraftInfo | None

    @property
    def content(self) -> bytes:
        """Of the file itself."""
        return self.files[self.path]


@dataclass(frozen=True)
class Shown:
    """A review on the page. `fresh`: it is about the draft as it stands."""

    review: Review
    asked: str
    decided: str
    fresh: bool


@designer.get("/review/<path:path>")
def review(path: str) -> ResponseReturnValue:
    """What is published with a draft, what was said of it, and what may be done about it."""
    return _shown(path)


def _again(error: EngineError, path: str) -> ResponseReturnValue:
    return _shown(path, error)


@designer.post("/review/<path:path>")
@shows_again(_again)
def do_review(path: str) -> ResponseReturnValue:
    """Ask, withdraw, approve or send back: `act`. `digest`: of what the page has shown; `people`: whom to ask."""
    act, text, file = request.form.get("act", ""), request.form.get("text", ""), _at(path)
    files = edited(file).files
    if request.form.get("digest") != drafts.reviewing.digest_of(files):
        raise drafts.reviewing.NothingToReview(path=path)
    asked = drafts.reviewing.standing(g.uow, path)
    able = notices.reviewers(g.uow, files, asked.asked_by if asked is not None and act != "ask" else g.reader.id)
    if act == "withdraw":
        drafts.reviewing.withdraw(g.uow, path)
        told = [] if asked is None else notices.asked_reviewers(g.uow, path, asked.asked_at, able)
        state = notices.REVIEW_WITHDRAWN
    elif act == "ask":
        told, state = notices.chosen_reviewers(able, _people()), drafts.reviewing.ASKED
        drafts.reviewing.ask(g.uow, path, files, text)
    else:
        told = [asked.asked_by] if asked is not None else []
        state = drafts.reviewing.APPROVED if act == "approve" else drafts.reviewing.SENT_BACK
        try:
            drafts.reviewing.decide(g.uow, path, files, approved=act == "approve", opinion=text)
        except SecondPersonNeeded:
            raise SecondPersonNeeded(actor=person(g.reader), what=path) from None
    notices.of_review(g.uow, path, file.title, told, text, state)
    return redirect(url_for(".review", path=path), 303)


@designer.post("/areas/<area>")
@needs("admin")
def demand_review(area: str) -> ResponseReturnValue:
    """Let an area demand a second person, or no longer."""
    drafts.reviewing.demand(g.uow, area, demanded=request.form.get("second") == "yes")
    return redirect(url_for(".library" if request.form.get("back") == "library" else ".exchange"), 303)


def edited(file: File) -> Edited:
    """A file with everything that is published with it: of a drawing also forms, decisions and scenarios."""
    files = {file.path: content_of(file)}
    if file.kind == "process":
        files = with_forms(file.path, files[file.path]) | drafts.scenarios_of(g.uow, file.key)
    saved = [info for info in drafts.waiting(g.uow) if info.path in files]
    return Edited(file.path, files, max(saved, key=lambda info: info.saved_at, default=None))


def standing(path: str, files: dict[str, bytes]) -> Shown | None:
    """The last review of a draft, for its pages."""
    found = drafts.reviewing.standing(g.uow, path)
    if found is None:
        return None
    people = {one.id: one for one in identity.find(g.uow, {found.asked_by, *filter(None, [found.decided_by])})}
    named = [person(people[one]) if one in people else "" for one in (found.asked_by, found.decided_by)]
    return Shown(found, named[0], named[1], found.digest == drafts.reviewing.digest_of(files))


def _at(path: str) -> File:
    file = file_at(path)
    if file.path != path:
        raise NotFound(kind="draft", key=path)
    return file


def _people() -> list[UUID]:
    """Who was chosen. Raises NotFound."""
    return [identity.user(g.uow, text).id for text in request.form.getlist("people")]


def _shown(path: str, error: EngineError | None = None) -> ResponseReturnValue:
    file = _at(path)
    found = edited(file)
    told = repository.check(g.uow, found.files)
    last = standing(path, found.files)
    waits = last is not None and last.fresh and last.review.state == drafts.reviewing.ASKED
    able = notices.reviewers(g.uow, found.files, last.review.asked_by if last is not None and waits else g.reader.id)
    return page(
        "designer/review.html", block="content", file=file, files=sorted(found.files), error=error, waits=waits,
        digest=drafts.reviewing.digest_of(found.files), shown=last, able=able,
        mine=last is not None and last.review.state == drafts.reviewing.ASKED and last.review.asked_by == g.reader.id,
        decides=waits and g.reader.id in {user.id for user in able},
        demanded=drafts.reviewing.demanded(g.uow, found.files), text=request.form.get("text", ""),
        findings=findings_of(file, found.files, told), broken=any(one.level is Level.ERROR for one in told),
        along=impact.along(file, found.files),
        picture=thumbnail(found.content, labelled=True) if file.kind == "process" and file.latest is None else "",
    )  # fmt: skip
