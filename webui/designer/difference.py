"""The difference between two versions of a file, or a version and the draft, in the words of the panel."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flask import g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup

from engine import bpmn, drafts, identity, repository
from engine.bpmn.comparing import Changed, Changes, Part, compare_drawings
from engine.bpmn.parser.xml import Unreadable
from engine.errors import N_, NotFound, Phrase
from engine.repository import DefinitionInfo
from webui import operation_names
from webui.designer import conditions, elements, results, used_files, vocabulary
from webui.designer.asking import memberships, people
from webui.designer.blueprint import designer
from webui.designer.cards import due_words, duration_words
from webui.designer.changes import Line, NotComparable, Row, rows_between
from webui.designer.elements import KINDS
from webui.designer.filing import KINDS as KINDS_BESIDE
from webui.designer.filing import File, file_of
from webui.designer.things import things
from webui.designer.thumbnail import thumbnail
from webui.designer.used_files import DRAFT, State, Used
from webui.designer.vocabulary import Choice
from webui.rendering import label, moment, page, person

LONGEST = 400
"""characters of a value that are shown at once"""
_SEGMENT = re.compile(r"([^\[]+)((?:\[[^\]]*\])*)")
_DURATION = re.compile(r"P(?:\d+D|T\d+[HM])")
_CONDITION, _FLOW = "conditionExpression", "sequenceFlow"
_REFERENCES = frozenset(("default", "attachedToRef", "sourceRef", "targetRef", "parent", "outgoing", "flowNodeRef"))
"""properties whose values are ids of elements"""

_WORDS = {
    "kind": N_("Kind of element"), "parent": N_("Lies in"), "name": N_("Name"), "text": N_("Text"),
    "outgoing": N_("Order of the ways out"), "flowNodeRef": N_("Elements in the lane"), "default": N_("Default flow"),
    "sourceRef": N_("Comes from"), "targetRef": N_("Leads to"), "attachedToRef": N_("Attached to"),
    "conditionExpression": N_("Condition"), "documentation": N_("Documentation"),
    "cancelActivity": N_("Interrupting"), "isInterrupting": N_("Interrupting"), "isExecutable": N_("Executable"),
    "messageRef": N_("Message"), "signalRef": N_("Signal"), "errorRef": N_("Error of the process"),
    "escalationRef": N_("Escalation"), "errorCode": N_("Code"), "escalationCode": N_("Code"),
    "timerEventDefinition": N_("Timer"), "timeDuration": N_("Duration"), "timeDate": N_("Date"),
    "timeCycle": N_("Cycle"), "multiInstanceLoopCharacteristics": N_("For each"),
    "standardLoopCharacteristics": N_("Loop"), "isSequential": N_("One after the other"),
    "loopCardinality": N_("How often"), "completionCondition": N_("Enough when"),
    "script": N_("Expression"), "triggeredByEvent": N_("Started by an event"),
    "zeebe:formDefinition": N_("Form"), "zeebe:assignmentDefinition": N_("Assignment"),
    "assignee": N_("Assignee"), "candidateUsers": N_("Candidates"), "candidateGroups": N_("Candidate groups"),
    "zeebe:taskSchedule": N_("Schedule"), "dueDate": N_("Due"), "followUpDate": N_("Follow-up date"),
    "zeebe:taskDefinition": N_("Operation"), "retries": N_("Retries"), "zeebe:script": N_("Expression"),
    "zeebe:calledElement": N_("Called process"), "zeebe:calledDecision": N_("Decision table"),
    "bindingType": N_("Which version"), "versionTag": N_("Version tag"),
    "zeebe:input": N_("Input"), "zeebe:output": N_("Output"),
    "zeebe:ioMapping": N_("Data"), "zeebe:subscription": N_("Message"), "correlationKey": N_("Correlation key"),
    "zeebe:priorityDefinition": N_("Priority"), "zeebe:loopCharacteristics": N_("For each"),
    "inputCollection": N_("List"), "inputElement": N_("Name of one"), "outputCollection": N_("List of results"),
    "resultVariable": N_("Result"), "troika:label": N_("Name in other languages"),
    "of": N_("Written for the name"), "troika:approval": N_("Approval"),
    "troika:assignment": N_("Assignment"), "troika:fields": N_("Field permissions"), "troika:field": N_("Field"),
    "perm": N_("Permission"), "required": N_("Required"), "troika:timeout": N_("Time limits"),
    "troika:step": N_("Step"), "after": N_("After that time"), "do": N_("Then"), "troika:cc": N_("Copies"),
    "troika:policy": N_("Policy"), "provides": N_("Capability"), "subject": N_("Document"),
    "onReject": N_("When it is rejected"), "strategy": N_("Who is asked"), "groups": N_("Group"),
    "users": N_("Certain people"), "level": N_("Level"), "troika:hook": N_("Webhook"),
    "troika:category": N_("Area"), "troika:skipWhen": N_("Skipped when"), "troika:starters": N_("Who may start it"),
    "troika:retention": N_("Ended requests are kept"), "legal": N_("What is over is released by"),
    "troika:print": N_("Printed by the layout of"), "template": N_("Form"),
    "troika:managers": N_("Groups that look after its requests"),
}  # fmt: skip
"""What each word of a file is called, where the cards do not say it already."""
_QUIET = frozenset(("value", "formId", "type", "processId", "decisionId", "source", "expression", "troika:timeouts"))
"""words that say nothing beside the one before them"""
_CHOICES: dict[tuple[str, str], Choice] = {
    (one.element, one.attribute): one for one in (*vocabulary.PROCESS, *vocabulary.of_step())
}
_VALUES = {
    ("do",): dict(vocabulary.TIMEOUTS), ("perm",): dict(vocabulary.PERMISSIONS),
    ("bindingType",): {
        "latest": N_("the newest one"), "deployment": N_("the one deployed with it"),
        "versionTag": N_("the one with a tag"),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Side:
    """What can be compared. `value`: in the address. `path`: of the draft, which has no `info`; `revision`: of what the
    draft was."""

    value: str
    title: str
    info: DefinitionInfo | None
    path: str = ""
    revision: UUID | None = None
    saved_at: datetime | None = None

    def content(self) -> bytes:
        """The drawing."""
        if self.revision is not None:
            return drafts.revisions.open_(g.uow, self.revision)[1]
        return drafts.open_(g.uow, self.path).content if self.info is None else repository.source(g.uow, self.info.id)

    def state(self, content: bytes) -> State:
        """For the files that it uses."""
        return State(content, self.info, self.saved_at)


@dataclass(frozen=True)
class Difference:
    """Two states of a file beside each other. `moved`: only in the picture of a drawing; `pictures`: of nothing else.

    `used`: forms, tables and called processes that a drawing went with, where they are not the same.
    """

    before: Side
    after: Side
    rows: list[Row]
    moved: list[Row]
    pictures: tuple[Markup, Markup] | None = None
    used: list[Used] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many elements are in each state."""
        found = {"added": 0, "removed": 0, "changed": 0, "moved": len(self.moved)}
        for row in self.rows:
            found[row.state] += 1
        return found


@designer.get("/difference/<key>", defaults={"kind": "process"})
@designer.get(f"/difference/{KINDS_BESIDE}")
def difference(kind: str, key: str) -> ResponseReturnValue:
    """Two versions, or a version and the draft; unless told, what changed last."""
    file = file_of(kind, key)
    found = sides(file)
    newest = next(iter(found.values()))
    after = _chosen(found, file, request.args.get("after")) or newest
    before = _chosen(found, file, request.args.get("before")) or _before(list(found.values()), after)
    return page(
        "designer/difference.html", block="content", file=file, longest=LONGEST,
        sides=[*found.values(), *(one for one in (before, after) if one.revision)], before=before, after=after,
        found=between(file, before, after),
    )  # fmt: skip


def sides(file: File) -> dict[str, Side]:
    """All that can be compared, newest first, the draft before every version. Raises NotFound."""
    found: dict[str, Side] = {}
    if file.draft is not None:
        found[DRAFT] = Side(DRAFT, gettext("Draft"), None, file.draft.path)
    for info in file.versions:
        title = gettext("Version %(n)s", n=info.version)
        found[str(info.id)] = Side(str(info.id), title, info)
    if not found:
        raise NotFound(kind=file.kind, key=file.key)
    return found


def between(file: File, before: Side, after: Side) -> Difference:
    """What differs, in the reader's language. Raises NotComparable."""
    old, new = before.content(), after.content()
    if file.kind == "process":
        return _of_drawings(file, before, after, old, new)
    rows = rows_between(things(file.path, old), things(file.path, new))
    return Difference(before, after, rows, [])


# ---------------------------------------------------------------- private


def _of_drawings(file: File, before: Side, after: Side, old: bytes, new: bytes) -> Difference:
    try:
        found = compare_drawings(old, new)
        said = _Words(
            elements.names(old) | elements.names(new), _asked(new), elements.operations(old) | elements.operations(new)
        )
    except Unreadable as error:
        raise NotComparable(reason=Phrase(error.finding.message, **error.finding.facts)) from None
    order = {"removed": 0, "added": 1, "changed": 2}
    rows = [
        *(_row(part, "removed", said) for part in found.removed.values()),
        *(_row(part, "added", said) for part in found.added.values()),
        *(_row(one.after, "changed", said, _lines(one, said)) for one in found.changed.values()),
    ]
    return Difference(
        before, after, sorted(rows, key=lambda row: order[row.state]),
        [_row(part, "moved", said) for part in found.moved.values()],
        (
            thumbnail(old, labelled=True, marks=_marks(found, "removed"), prefix="before-"),
            thumbnail(new, labelled=True, marks=_marks(found, "added"), prefix="after-"),
        ),
        used_files.changed(file.path, before.state(old), after.state(new)),
    )  # fmt: skip


def _chosen(found: dict[str, Side], file: File, text: str | None) -> Side | None:
    """The one that was named, None when none was: a wrong one must not become another one."""
    if not text:
        return None
    return found[text] if text in found else _revision(file, text)


def _revision(file: File, text: str) -> Side:
    try:
        info, _ = drafts.revisions.open_(g.uow, UUID(text))
    except ValueError:
        raise NotFound(kind="version", key=f"{file.key} {text[:80]}") from None
    if drafts.place(info.path) != drafts.place(file.path):
        raise NotFound(kind="version", key=f"{file.key} {text}")
    who = next(iter(identity.find(g.uow, [info.saved_by])), None) if info.saved_by is not None else None
    at = moment(info.saved_at)
    said = gettext("Put aside, %(at)s", at=at) if info.aside else gettext("Draft of %(at)s", at=at)
    return Side(
        text, f"{said} · {person(who)}" if who is not None else said, None, revision=info.id, saved_at=info.saved_at
    )


def _before(found: list[Side], after: Side) -> Side:
    """The next older one; of the oldest, itself; of what a draft was, the draft or the newest."""
    if after.revision is not None:
        return found[0]
    place = found.index(after)
    return found[place + 1] if place + 1 < len(found) else after


def _marks(found: Changes, only_here: str) -> dict[str, str]:
    alone = found.removed if only_here == "removed" else found.added
    return {
        **dict.fromkeys(found.moved, "moved"), **dict.fromkeys(found.changed, "changed"),
        **dict.fromkeys(alone, only_here),
    }  # fmt: skip


@dataclass(frozen=True)
class _Words:
    """What elements are called and which operation they call, by id; what conditions of the newer side ask about."""

    names: dict[str, str]
    asked: dict[str, conditions.Field]
    operations: dict[str, str]


def _asked(drawing: bytes) -> dict[str, conditions.Field]:
    definition = bpmn.read(drawing).definition
    found: dict[str, conditions.Field] = {}
    named, departments = people(), memberships()["in-department"]
    for process in definition.processes if definition is not None else ():
        found |= results.asked_of(process, named, departments)
    return found


def _row(part: Part, state: str, said: _Words, lines: tuple[Line, ...] = ()) -> Row:
    kind = gettext(KINDS[part.kind]) if part.kind in KINDS else part.kind
    name = label(part.labels, part.name) or (said.names.get(part.id, "") if part.kind == _FLOW else "")
    return Row(part.id, state, kind, name, lines)


def _lines(changed: Changed, said: _Words) -> tuple[Line, ...]:
    operation = said.operations.get(changed.after.id, "")
    return tuple(
        Line(_path(one.path, operation), _value(one.path, one.before, said), _value(one.path, one.after, said))
        for one in changed.properties
    )


def _path(path: tuple[str, ...], operation: str) -> str:
    """A property in words of the panel; a word that nobody has named stands as in the file."""
    choice = _CHOICES.get((path[-2], path[-1])) if len(path) > 1 else None
    if choice is not None:
        return gettext(choice.label)
    if path[-1] in ("zeebe:input", "zeebe:output"):
        order = gettext("Order")
        return f"{_segment(path[-1], operation)} · {order}"
    said = [_segment(one, operation) for one in path if len(path) == 1 or one not in _QUIET]
    return " · ".join(one for place, one in enumerate(said) if place == 0 or one != said[place - 1])


def _segment(text: str, operation: str) -> str:
    match = _SEGMENT.fullmatch(text)
    word, rest = (match[1], match[2]) if match is not None else (text, "")
    known = gettext(_WORDS[word]) if word in _WORDS else word
    which = rest[1:-1].split("][")
    if word in ("zeebe:input", "zeebe:output"):
        which[0] = operation_names.item(operation, which[0])
    return " ".join((known, *which)) if rest else known


def _value(path: tuple[str, ...], text: str | None, said: _Words) -> str | None:
    if text is None:
        return None
    last = path[-1]
    choice = _CHOICES.get((path[-2], last)) if len(path) > 1 else None
    options: dict[str, str] = dict(choice.options) if choice is not None else _VALUES.get((last,), {})
    meant = "" if choice is not None and choice.written == text and "" in options else text
    if meant in options:
        return gettext(options[meant])
    if last == "kind":
        return gettext(KINDS[text]) if text in KINDS else text
    if last == _CONDITION and text.startswith("="):
        return conditions.words_of(text, said.asked, said.names, memberships())
    if last == "dueDate":
        return due_words(text)
    if last in _REFERENCES:
        return ", ".join(said.names.get(one, one) for one in text.split(", "))
    if text in ("true", "false"):
        return gettext("yes") if text == "true" else gettext("no")
    if not text:
        return gettext("is there")
    return duration_words(text) if _DURATION.fullmatch(text) else text
