"""The predicted way 流程预测 as people read it, and the people whom they select for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import g, request
from flask_babel import format_timedelta, gettext

from engine import forms, identity, pickers, reasons, runtime
from engine.approvals.choices import Selection
from engine.errors import N_, InvalidForm, NobodyCanBeAsked
from engine.forms import Form
from engine.forms.model import leaves
from engine.runtime import PreviewStep, Route
from engine.values import Values
from webui import errors, policy_names, rendering

FIELD = "approvers."
"""before the element id: the name of a picker of people for it"""


@dataclass(frozen=True)
class Person:
    """Somebody, or a group, who is asked or reads along, and why."""

    name: str
    why: str = ""
    group: bool = False


@dataclass(frozen=True)
class Stop:
    """A task on the way. `skipped`: why nobody is asked."""

    element: str
    name: str
    mode: str
    people: tuple[Person, ...]
    status: str
    known: bool
    selects: bool
    skipped: str
    within: str
    """how much time there is, as a duration"""
    copies: tuple[Person, ...]
    depends: tuple[str, ...] = ()
    """fields that are still empty, on which it depends whether it is reached or who is asked"""
    stuck: bool = False
    """nobody can be asked, and no rule answers"""


@dataclass(frozen=True)
class Choice:
    """A picker of people. `chosen`: accounts that were sent."""

    node: str
    name: str
    least: int
    most: int
    chosen: tuple[Any, ...]
    needed: bool


@dataclass(frozen=True)
class Way:
    """`complete` False: more may follow. `choices`: tasks whose people the reader selects."""

    stops: tuple[Stop, ...]
    complete: bool
    choices: tuple[Choice, ...] = ()
    department: str = ""

    @property
    def sure(self) -> tuple[Stop, ...]:
        """As far as it is certain; all of it where nothing is."""
        last = max((number for number, stop in enumerate(self.stops) if stop.status == "certain"), default=None)
        return self.stops if last is None else self.stops[: last + 1]

    @property
    def perhaps(self) -> tuple[Stop, ...]:
        """What may come after that, or come back."""
        return self.stops[len(self.sure) :]

    @property
    def choosing(self) -> str:
        """Which pickers there are, to see whether they have changed."""
        return " ".join([*(choice.node for choice in self.choices), self.department])


def of_start(key: str, form: Form | None, data: dict[str, Any]) -> Way:
    """The way of a request that is being filled in: with what was typed, for whom, and who was selected so far."""
    values: Values = {}
    missing = frozenset[str]()
    if form is not None:
        values, missing = forms.so_far(form, data, now=g.uow.now, zone=g.uow.settings.timezone,
                                       known=pickers.judge(g.uow, beside=draft(), brought_by=g.reader.id))  # fmt: skip
    sent = approvers()
    found = runtime.preview(
        g.uow, key, values, department=department(), approvers={node: sent[node] for node in sent if sent[node]},
        missing=missing,
    )  # fmt: skip
    asked = [
        choice(step.selection, name=_name(step), needed=step.status == "certain") for step in found.steps
        if step.selection is not None and step.selection.strategy == "initiatorSelect"
    ]  # fmt: skip
    return replace(
        shown(found, form), choices=tuple({one.node: one for one in asked}.values()), department=department() or ""
    )


def draft() -> UUID | None:
    """The draft of a request that the page is about. Raises InvalidForm."""
    text = request.form.get("draft", "")
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidForm(errors={"draft": ["unknown"]}) from None


def shown(found: Route, form: Form | None = None) -> Way:
    """A predicted way with names in the reader's language. `form`: that is being filled in."""
    fields: dict[str, str] = {}
    for one in () if form is None else leaves(form.components):
        fields.setdefault(one.keys[0], rendering.label(one.labels, one.label))
    people = [who for step in found.steps for who in (*step.people, *step.copies)]
    users = {user.id: user for user in identity.find(g.uow, {who.id for who in people if not who.group})}
    groups = {group.id: group for group in identity.find_groups(g.uow, {who.id for who in people if who.group})}
    known: dict[UUID, Any] = {**users, **groups}

    def named(who: Any) -> Person:
        return Person(rendering.person(known[who.id]) if who.id in known else who.name, reason(who.reason), who.group)

    stops = tuple(
        Stop(
            step.element, _name(step), mode(step), tuple(named(who) for who in step.people), step.status,
            step.people_known, step.needs_selection, _why(step), within(step.due),
            tuple(named(who) for who in step.copies),
            tuple(word for name, word in fields.items() if name in step.depends),
            step.refused is not None or step.blocks_start,
        )
        for step in found.steps
    )  # fmt: skip
    return Way(stops, found.complete)


def choice(selection: Selection, *, name: str, needed: bool) -> Choice:
    """The picker of a task, with who was sent for it."""
    sent = identity.find(g.uow, approvers().get(selection.node, []))
    return Choice(selection.node, name, selection.least, selection.most, tuple(sent), needed)


def approvers() -> dict[str, list[str]]:
    """Whom the reader has selected, by element: ids of a picker, or logins with commas between."""
    return {
        name.removeprefix(FIELD): [part.strip() for text in texts for part in text.split(",") if part.strip()]
        for name, texts in request.form.lists() if name.startswith(FIELD)
    }  # fmt: skip


def selected() -> dict[str, list[str]]:
    """The same without pickers that were left empty."""
    return {node: people for node, people in approvers().items() if people}


def department() -> str | None:
    """For which of his departments the reader asks; None for his own."""
    return request.form.get("department") or None


def _why(step: PreviewStep) -> str:
    if step.blocks_start:
        return str(errors.explain(NobodyCanBeAsked(task=_name(step))))
    return str(errors.explain(step.refused)) if step.refused is not None else reason(step.skipped_because or "")


def _name(step: PreviewStep) -> str:
    return rendering.label(step.labels, step.name)


def within(due: datetime | None) -> str:
    """The time that a task leaves: the clock of a prediction stands still."""
    return "" if due is None or due <= g.now else str(format_timedelta(due - g.now))


def mode(step: PreviewStep) -> str:
    """How a task with several people is decided; "" where there is nothing to say."""
    several = len(step.people) > 1 or step.needs_selection or not step.people_known
    word = MODES.get(step.mode, "") if several and step.mode != "inform" else ""
    return gettext(word) if word else ""


MODES = {
    "any": N_("any one agrees"), "all": N_("all agree"), "sequential": N_("one after the other"),
    "claim": N_("whoever takes it first"), "ratio": N_("a share of them agrees"), "weight": N_("by weight"),
    "random": N_("one of them, drawn by lot"),
}  # fmt: skip


def reason(text: str, say: Callable[[str], str] = gettext) -> str:
    """What the engine wrote as its reason, in the reader's language or that of `say`: its words, or the groups of which
    somebody is asked. What else people wrote stays as it is.
    """
    found = reasons.read(text)
    return policy_names.of_groups(text) if found is None else because(found, say)


def because(found: reasons.Reason, say: Callable[[str], str] = gettext) -> str:
    """A reason of the engine in words."""
    return say(WORDS[found.code]) % found.values if found.values else say(WORDS[found.code])


def wrote(text: str) -> bool:
    """Whether these are words of the engine and not a person's."""
    return reasons.read(text) is not None


WORDS: Mapping[str, str] = {
    reasons.code_of(text): text for text in (
        N_("named"), N_("requester"), N_("management line of the requester"), N_("department line of the requester"),
        N_("leader of the department"), N_("member of the department"), N_("computed"),
        N_("in place of the requester"), N_("nobody to ask"), N_("nobody else to ask"),
        N_("the requester is the approver"), N_("has agreed before"), N_("chosen beforehand"), N_("returned it"),
        N_("acted here before"), N_("decided before, and nothing has changed"), N_("group"), N_("copy"),
        N_("the time limit has passed"),
        # why a decision counts no more, or waits
        N_("sent back"), N_("sent back again"), N_("recalled"), N_("carried"), N_("not passed on the way back"),
        N_("another way was taken"), N_("what they decided on has changed"), N_("somebody who decided has left"),
        N_("another version asks otherwise"), N_("an approval is not valid any more"),
        N_("the document is another one"), N_("the document has changed"),
        N_("somebody who decided may no longer do so"), N_("rejected before it was woken"), N_("account disabled"),
        N_("policy retired"), N_("refused"), N_("unanswered"), N_("rejected"), N_("withdrawn"), N_("voided"),
        N_("terminated"), N_("failed"),
    )
} | {
    "rejected-at": N_("%(task)s: rejected"),
    "manager": N_("manager %(n)s of the requester"),
    "department-leader": N_("leader %(n)s of the requester's department"),
    "in-field": N_("named in field %(field)s"),
    "manager-of-field": N_("manager of the person in field %(field)s"),
    "department-leader-of-field": N_("department leader of the person in field %(field)s"),
    "leader-of-department-in-field": N_("leader of the department in field %(field)s"),
    "asked-later": N_("is asked later: %(task)s"),
    "by-decision": N_("by decision %(name)s"),
    "decided-at": N_("decided %(element)s"),
}  # fmt: skip
