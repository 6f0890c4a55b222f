"""What is said beside a request, on its page and on those of its tasks: comments, mentions, private threads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import g, request

from engine import identity, tasks
from webui import rendering


@dataclass(frozen=True)
class Talks:
    """`earlier`: the comment before which there are more, None when all are shown. Threads are those of the reader."""

    comments: Sequence[tasks.Comment]
    earlier: UUID | None
    threads: Sequence[tasks.Consultation]
    people: Mapping[UUID, identity.User]
    """who wrote, who is named and who reads"""

    def members(self, thread: tasks.Consultation) -> str:
        """Names, in the reader's language."""
        return ", ".join(rendering.person(self.people[key]) for key in thread.members)


PAGE = 50
"""comments that are shown at once"""


def of(instance_id: UUID) -> Talks:
    """The last comments, or those before `?before=`, and the threads. Raises Forbidden."""
    before = request.args.get("before", type=UUID)
    found = tasks.comments(g.uow, instance_id, before=before, limit=PAGE + 1)
    shown = found[-PAGE:]
    threads = tasks.consultations(g.uow, instance_id)
    concerned = {one.author_id for one in shown} | {named.user_id for one in shown for named in one.mentions}
    concerned |= {member for thread in threads for member in thread.members}
    people = {user.id: user for user in identity.find(g.uow, concerned)}
    return Talks(shown, shown[0].id if len(found) > PAGE else None, threads, people)


def named() -> list[UUID]:
    """Who was chosen beside a comment: ids of a picker, or logins with commas between. Raises NotFound."""
    texts = [part.strip() for text in request.form.getlist("mentions") for part in text.split(",") if part.strip()]
    return [identity.user(g.uow, text).id for text in texts]
