"""What an import did: one note for each thing that was translated, approximated, kept, dropped or left to a person."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from engine.bpmn.imports.expressions import Feel, Uncertain
from engine.bpmn.model import FLOW_NODES
from engine.bpmn.parser.xml import Element, local_name
from engine.errors import N_

SHOWN = 120

IDENTIFIED = FLOW_NODES | frozenset(
    [
        "process", "sequenceFlow", "collaboration", "participant", "laneSet", "lane", "messageFlow", "association",
        "textAnnotation", "group", "dataObject", "dataObjectReference", "dataStore", "dataStoreReference", "message",
        "signal", "error", "escalation", "choreography", "conversation",
    ]
)  # fmt: skip
"""Elements that others refer to, or that are drawn: what a note can be about."""


class Kind(StrEnum):
    """What became of a part of the file; the order is that of the weight for a person who reads the report."""

    DECIDE = "decide"
    DROPPED = "dropped"
    APPROXIMATED = "approximated"
    KEPT = "kept"
    TRANSLATED = "translated"


WORDS = {
    Kind.DECIDE: N_("Needs a decision"),
    Kind.DROPPED: N_("Dropped"),
    Kind.APPROXIMATED: N_("Translated, please check"),
    Kind.KEPT: N_("Kept, not executed"),
    Kind.TRANSLATED: N_("Translated"),
}
"""What a reader calls them."""


@dataclass(frozen=True, slots=True)
class ImportNote:
    """One remark. `element_id`: in the translated file, None for the file itself; `name`: its label or its type.

    `message` and `hint` are templates filled by `facts`, translated where they are shown. `line`: 1-based, in the
    original file.
    """

    kind: Kind
    element_id: str | None
    message: str
    facts: dict[str, Any] = field(default_factory=dict)
    hint: str = ""
    name: str = ""
    line: int | None = None

    def __str__(self) -> str:
        text = self.message.format(**self.facts)
        hint = f" {self.hint.format(**self.facts)}" if self.hint else ""
        return f"{self.kind}: {text}{hint}"


@dataclass(frozen=True, slots=True)
class Line:
    """All that is said about one element. `kind`: the weightiest of its notes."""

    kind: Kind
    element_id: str | None
    name: str
    line: int | None
    notes: tuple[ImportNote, ...]


def lines(notes: Iterable[ImportNote]) -> list[Line]:
    """One line per element: first what needs a person, then by order in the file."""
    order = list(Kind)
    grouped: dict[str | None, list[ImportNote]] = {}
    for note in notes:
        grouped.setdefault(note.element_id, []).append(note)
    found = []
    for key, of_element in grouped.items():
        of_element.sort(key=lambda note: order.index(note.kind))
        first = min((note.line for note in of_element if note.line is not None), default=None)
        found.append(Line(of_element[0].kind, key, of_element[0].name, first, tuple(of_element)))
    found.sort(key=lambda line: (order.index(line.kind), line.line or 0))
    return found


def stored(notes: Iterable[ImportNote]) -> list[dict[str, Any]]:
    """As plain values that can be kept beside a draft."""
    return [{**asdict(note), "kind": note.kind.value} for note in notes]


def restored(values: Iterable[dict[str, Any]]) -> list[ImportNote]:
    """The notes that were `stored`."""
    return [ImportNote(**{**value, "kind": Kind(value["kind"])}) for value in values]


class Collector:
    """Gathers notes while a file is rewritten."""

    def __init__(self) -> None:
        self.notes: list[ImportNote] = []
        self._known: set[tuple[Any, ...]] = set()

    def translated(self, owner: Element, found: str, now: str) -> None:
        """`found` means exactly `now`."""
        self.add(Kind.TRANSLATED, owner, N_("{found} → {now}"), found=shown(found), now=shown(now))

    def approximated(self, owner: Element, found: str, now: str, hint: str, **facts: object) -> None:
        """`now` is close to `found`; `hint` says what differs."""
        self.add(Kind.APPROXIMATED, owner, N_("{found} → {now}"), hint, found=shown(found), now=shown(now), **facts)

    def kept(self, owner: Element, found: str, hint: str = "") -> None:
        """It stands in the file as before and has no effect."""
        self.add(Kind.KEPT, owner, N_("{found} is kept in the file and has no effect here."), hint, found=shown(found))

    def dropped(self, owner: Element, message: str, hint: str = "", **facts: object) -> None:
        """It is gone."""
        self.add(Kind.DROPPED, owner, message, hint, **facts)

    def decide(self, owner: Element, found: str, hint: str, **facts: object) -> None:
        """A person has to say what is meant; the original is kept."""
        self.add(Kind.DECIDE, owner, N_("{found} has no counterpart here."), hint, found=shown(found), **facts)

    def uncertain(self, owner: Element, found: str, why: Uncertain) -> None:
        """An expression that is left as it was."""
        self.add(
            Kind.DECIDE, owner, N_("The expression {text} is left as it was."), why.reason,
            text=shown(found), **why.facts,
        )  # fmt: skip

    def expression(self, owner: Element, found: str, feel: Feel) -> None:
        """An expression that is FEEL now."""
        if feel.caveats:
            for caveat in feel.caveats:
                self.approximated(owner, found, feel.slot, caveat)
        else:
            self.translated(owner, found, feel.slot)

    def add(self, kind: Kind, owner: Element | None, message: str, hint: str = "", **facts: object) -> None:
        """Any other remark about `owner`, None: the file."""
        bearer = owner
        while bearer is not None and not (bearer.get("id") and local_name(bearer) in IDENTIFIED):
            bearer = bearer.getparent()
        key = bearer.get("id") if bearer is not None else None
        name = (bearer.get("name") or key or "") if bearer is not None else ""
        line = owner.sourceline if owner is not None else None
        note = ImportNote(kind, key, message, facts, hint, " ".join(name.split())[:SHOWN], line)
        sign = (kind, key, message, hint, *facts.items())
        if sign not in self._known:
            self._known.add(sign)
            self.notes.append(note)


def shown(text: str) -> str:
    """One line, shortened."""
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN else flat[: SHOWN - 1] + "…"
