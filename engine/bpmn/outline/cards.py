"""The cards of the simple view: what they are called, how they hang together. Ids are those of the drawing."""

from dataclasses import dataclass

from engine.bpmn.model import Process
from engine.findings import Finding

ON, END, BACK, HOST, BELOW, OPEN = "on", "end", "back", "host", "below", "open"
"""Where a path leads: on to the join of its block, to an end, back to the requester, back to the card that it left by
an event, on below the card that checks, or into a block whose branches all end."""


@dataclass(frozen=True, slots=True)
class Path:
    """Cards from top to bottom. `flow`: the sequence flow at its beginning; for a branch it carries the condition."""

    flow: str
    cards: "tuple[Card, ...]" = ()
    leads: str = END


@dataclass(frozen=True, slots=True)
class Side:
    """What happens when an event at the edge of a card comes."""

    event: str
    path: Path


@dataclass(frozen=True, slots=True)
class Card:
    """One card. `kind`: start, approval, task, request, copy, service, decision, script, message, call, sub, timer,
    event, gateway, condition, inclusive, parallel, check, end.

    `after`: the flow behind it, where another card may come; None when nothing follows. `branches`: of a block in the
    order of evaluation; a `check` lets one of them, which leads `below`, go on and ends the others. `join`: the gateway
    where its branches meet. `gateway`: what reads the outcome of an approval, or asks the requester; `rejected`: the
    way out there.
    """

    id: str
    kind: str
    after: str | None = None
    branches: tuple[Path, ...] = ()
    join: str | None = None
    gateway: str | None = None
    rejected: Path | None = None
    sides: tuple[Side, ...] = ()
    inner: Path | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """`path` is None when the process is not block-structured; `obstacles` then says why, element by element.

    `requests`: where a rejected request is corrected and sent again; paths that lead back end there.
    """

    process: Process
    path: Path | None
    requests: tuple[Card, ...] = ()
    obstacles: tuple[Finding, ...] = ()

    def card(self, element_id: str) -> Card | None:
        """The card of an element, at any depth; that of a gateway or event which a card has taken in as well."""
        for card in self.cards():
            sides = (side.event for side in card.sides)
            if element_id in (card.id, card.gateway, card.join, *sides):
                return card
        return None

    def cards(self) -> "list[Card]":
        """Every card, parents before their children; an end that several paths share comes several times."""
        found: list[Card] = []
        todo = list(reversed(self.requests)) + ([*reversed(self.path.cards)] if self.path else [])
        while todo:
            card = todo.pop()
            found.append(card)
            todo.extend(inner for path in reversed(paths_of(card)) for inner in reversed(path.cards))
        return found

    def paths(self) -> "list[Path]":
        """Every path at every depth, the main one first."""
        return ([self.path] if self.path else []) + [path for card in self.cards() for path in paths_of(card)]


def paths_of(card: Card) -> list[Path]:
    """Paths that begin inside `card`."""
    found = [*card.branches, *(side.path for side in card.sides)]
    return found + [path for path in (card.rejected, card.inner) if path is not None]
