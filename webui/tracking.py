"""Where a request has been, stands and will go: each element with its rounds, people and times, and the drawing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import bindparam, select

from engine import history, repository, runtime
from engine.bpmn.program import Program
from engine.db.task import RoundStatus, user_task
from engine.unit_of_work import UnitOfWork
from webui import progress, rendering, route
from webui.progress import FACTS, Card, Line

PREDICTED = "predicted"


@dataclass(frozen=True)
class Round:
    """One visit of a task: how it ended, and what everybody did in it."""

    number: int
    status: str
    opened_at: datetime
    closed_at: datetime | None
    void: bool
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Place:
    """An element that was passed, where the request stands, or that it will pass. `mark`: what the drawing shows of it:
    passed, active, incident, cancelled, rejected, returned, skipped or predicted. `foreseen`: who will be asked.
    """

    element: str
    name: str
    mark: str
    since: datetime | None = None
    until: datetime | None = None
    rounds: tuple[Round, ...] = ()
    foreseen: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """Who acted when, in short sentences."""
        said = [
            " · ".join(part for part in (_number(one, self.rounds), _act(line)) if part)
            for one in self.rounds for line in one.lines
        ]  # fmt: skip
        if not said and self.until is not None and self.mark != PREDICTED:
            said.append(rendering.moment(self.until))
        if self.foreseen:
            said.append(gettext("expected: %(names)s", names=", ".join(self.foreseen)))
        return said


@dataclass(frozen=True)
class Tracking:
    """`taken`, `ahead`: sequence flows that were taken, and that will be."""

    places: tuple[Place, ...]
    taken: tuple[str, ...]
    ahead: tuple[str, ...]


def of(uow: UnitOfWork, at: Card) -> Tracking:
    """Of the version that runs, in the order in which elements were passed and will be."""
    view = runtime.instance_view(uow, at.id)
    program: Program = view.state.program
    left: dict[str, list[int]] = {}
    times: dict[str, tuple[datetime | None, datetime]] = {}
    marks: dict[str, str] = {}
    for fact in history.timeline(uow, at.id, limit=FACTS, kind="node.left"):
        if fact.node:
            left.setdefault(fact.node, []).append(fact.seq)
            times[fact.node] = (fact.started_at, fact.at)
            marks[fact.node] = "cancelled" if fact.data.get("outcome") in ("cancelled", "moved") else "passed"
    rounds = _rounds_of(uow, at)
    for node, found in rounds.items():
        marks[node] = _ROUND_MARKS.get(found[-1].status, marks.get(node, "passed"))
    marks |= view.markers
    foreseen: dict[str, tuple[str, ...]] = {}
    ahead: tuple[str, ...] = ()
    if at.open:
        way = runtime.preview_instance(uow, at.id)
        ahead = way.flows
        for stop in route.shown(way).stops:
            if stop.status != "certain" and stop.element not in way.passes:
                continue  # it is reached on another way than the one that is expected
            foreseen[stop.element] = tuple(who.name for who in stop.people) or ((stop.skipped,) if stop.skipped else ())
        for node in (*way.passes, *foreseen):
            undone = node in rounds and rounds[node][-1].void
            if node not in marks or (undone and marks[node] == "passed"):
                marks[node] = PREDICTED
    places = []
    for node, mark in marks.items():
        since, until = times.get(node, (None, None))
        expected = foreseen.get(node, ()) if mark != "active" else ()
        places.append(Place(node, _name(program, node), mark, since, until, tuple(rounds.get(node, ())), expected))
    return Tracking(tuple(places), tuple(_taken(program, left, view.markers)), ahead)


def diagram(uow: UnitOfWork, at: Card) -> dict[str, Any]:
    """Data of a `<tk-diagram>`: the XML of the version that runs, marks, flows, who did what."""
    found = of(uow, at)
    return {
        "xml": repository.source(uow, at.definition_id).decode(),
        "markers": {place.element: place.mark for place in found.places},
        "order": [place.element for place in found.places], "flows": found.taken, "ahead": found.ahead,
        "details": {
            place.element: {"title": place.name or place.element, "lines": place.lines}
            for place in found.places if place.lines and (place.name or place.rounds)
        },
    }  # fmt: skip


def _rounds_of(uow: UnitOfWork, at: Card) -> dict[str, list[Round]]:
    said: dict[tuple[str, int], list[Line]] = {}
    for line in progress.ledger(uow, at):
        said.setdefault((line.node, line.round), []).append(line)
    found: dict[str, list[Round]] = {}
    for row in uow.read(_rounds, {"of": at.id}):
        status = RoundStatus(row.status).name.lower()
        lines = tuple(said.get((row.node, row.round), ()))
        one = Round(row.round, status, row.created_at, row.closed_at, row.voided_at is not None, lines)
        found.setdefault(row.node, []).append(one)
    return found


def _taken(program: Program, left: dict[str, list[int]], standing: dict[str, str]) -> list[str]:
    """Flows between a visit that ended and a later one: facts name the visits only."""
    return [
        flow.id for flow in program.flows.values()
        if flow.drawn and flow.source.id in left
        and (flow.target.id in standing or left.get(flow.target.id, [0])[-1] > left[flow.source.id][0])
    ]  # fmt: skip


def _name(program: Program, element: str) -> str:
    node = program.nodes.get(element)
    return "" if node is None else rendering.label(node.labels, node.name)


def _number(one: Round, rounds: tuple[Round, ...]) -> str:
    return gettext("round %(n)s", n=one.number) if len(rounds) > 1 else ""


def _act(line: Line) -> str:
    return " ".join(part for part in (line.who, line.badge, rendering.moment(line.at)) if part)


_ROUND_MARKS = {"returned": "returned", "skipped": "skipped", "failed": "rejected"}
_rounds = (
    select(
        user_task.c.node, user_task.c.status, user_task.c.round, user_task.c.created_at, user_task.c.closed_at,
        user_task.c.voided_at,
    )
    .where(user_task.c.instance_id == bindparam("of"))
    .order_by(user_task.c.opened_seq, user_task.c.round)
)  # fmt: skip
