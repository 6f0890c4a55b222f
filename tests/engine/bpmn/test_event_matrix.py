"""Every kind of event in every place: it runs where the standard has it and is refused elsewhere (table 10.93)."""

import re

import pytest

from engine.bpmn import steps
from engine.bpmn.parser.refusals import POSITIONS, STANDARD
from tests.engine.bpmn.drawing import (
    END,
    START,
    Play,
    boundary,
    condition,
    drawing,
    error,
    error_event,
    errors,
    escalation,
    escalation_event,
    flows,
    link,
    message,
    message_event,
    signal,
    signal_event,
    throw,
    timer,
    user,
)

ROOTS = message("m", None) + signal("s") + error("E") + escalation("X")
DEFINITIONS = {
    "none": "", "message": message_event("m"), "timer": timer("PT1H"), "conditional": condition("go"),
    "signal": signal_event("s"), "escalation": escalation_event("X"), "error": error_event("E"),
    "compensate": "<compensateEventDefinition/>", "cancel": "<cancelEventDefinition/>", "link": link("L"),
    "terminate": "<terminateEventDefinition/>",
}  # fmt: skip
WAITED = ("message", "timer", "conditional", "signal")
THROWN = ("escalation", "error")


def event(tag: str, definition: str, attributes: str = "") -> str:
    return f'<{tag} id="x" name="x" {attributes}>{definition}</{tag}>'


def placed(place: str, definition: str, interrupting: bool = True) -> bytes:
    """The event `x` at `place`; what follows it is task `after`. Task `t` throws whatever is thrown."""
    inner = f'<startEvent id="s0"/>{user("t")}<endEvent id="e0"/>{flows("s0 t e0")}'
    isolated = f'isInterrupting="{str(interrupting).lower()}"'
    match place:
        case "startEvent":
            body = event("startEvent", definition) + user("after") + END + flows("x after end")
        case "startEvent in subProcess":
            inside = event("startEvent", definition) + user("after") + '<endEvent id="e0"/>' + flows("x after e0")
            body = START + f'<subProcess id="p0">{inside}</subProcess>' + END + flows("start p0 end")
        case "startEvent in event subProcess":
            inside = (
                event("startEvent", definition, isolated) + user("after") + '<endEvent id="e1"/>' + flows("x after e1")
            )
            inner += f'<subProcess id="h" triggeredByEvent="true">{inside}</subProcess>'
            body = START + f'<subProcess id="p0">{inner}</subProcess>' + END + flows("start p0 end")
        case "boundaryEvent":
            attached = boundary("x", "p0", definition, interrupting)
            body = START + f'<subProcess id="p0">{inner}</subProcess>' + attached + user("after") + END
            body += flows("start p0 end", "x after end")
        case "endEvent":
            body = START + event("endEvent", definition) + flows("start x")
        case "intermediateThrowEvent" if definition == DEFINITIONS["link"]:
            other = '<intermediateCatchEvent id="y">' + definition + "</intermediateCatchEvent>"
            body = START + event(place, definition) + other + user("after") + END + flows("start x", "y after end")
        case "intermediateCatchEvent" if definition == DEFINITIONS["link"]:
            body = START + throw("y", definition) + event(place, definition) + user("after") + END
            body += flows("start y", "x after end")
        case _:
            body = START + event(place, definition) + user("after") + END + flows("start x after end")
    return drawing(body, ROOTS)


def happen(play: Play, kind: str) -> None:
    match kind:
        case "message" | "signal":
            play.deliver("x", n=1)
        case "timer":
            play.elapse("x")
        case "conditional":
            play.write(go=True)
        case "error":
            play.throw("t", "E")
        case "escalation":
            play.escalate("t", "X")


CAUGHT = [
    (place, kind, interrupting)
    for place in ("startEvent in event subProcess", "boundaryEvent")
    for kind in (*WAITED, *THROWN)
    for interrupting in (True, False)
    if interrupting or kind != "error"
]


@pytest.mark.parametrize(("place", "kind", "interrupting"), CAUGHT)
def test_event_takes_the_place_of_what_it_guards_or_runs_beside_it(place, kind, interrupting):
    play = Play(placed(place, DEFINITIONS[kind], interrupting))

    happen(play, kind)

    waits = [node for node in play.waits if node != "x"]
    assert waits == (["after"] if interrupting else ["after", "t"])


@pytest.mark.parametrize("kind", WAITED)
def test_intermediate_event_waits_for_what_is_to_come(kind):
    play = Play(placed("intermediateCatchEvent", DEFINITIONS[kind]))
    assert play.waits == ["x"]

    happen(play, kind)

    assert play.waits == ["after"]


@pytest.mark.parametrize("kind", ["none", *WAITED])
def test_process_begins_with_its_event(kind):
    play = Play(placed("startEvent", DEFINITIONS[kind]), start="x", trigger={})

    assert (play.path, play.waits) == (["x"], ["after"])


FACTS = {
    "message": steps.MessageThrown, "signal": steps.SignalThrown, "escalation": steps.EscalationThrown,
    "error": steps.ErrorThrown,
}  # fmt: skip


@pytest.mark.parametrize("kind", ["none", "message", "signal", "escalation", "link"])
def test_intermediate_event_throws_and_goes_on(kind):
    play = Play(placed("intermediateThrowEvent", DEFINITIONS[kind]))

    assert play.waits == ["after"]
    assert kind not in FACTS or [fact.node for fact in play.all(FACTS[kind])] == ["x"]


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("none", "completed"), ("message", "completed"), ("signal", "completed"), ("escalation", "completed"),
        ("error", "failed"), ("terminate", "terminated"),
    ],
)  # fmt: skip
def test_end_event_throws_and_ends(kind, how):
    play = Play(placed("endEvent", DEFINITIONS[kind]))

    assert play.step.ended == how
    assert kind not in FACTS or [fact.node for fact in play.all(FACTS[kind])] == ["x"]


@pytest.mark.parametrize(
    ("place", "kind"), [(place, kind) for place in STANDARD for kind in DEFINITIONS if kind not in STANDARD[place]]
)
def test_event_where_the_standard_has_none_is_refused(place, kind):
    found = errors(placed(place, DEFINITIONS[kind]))

    assert found.get("event-position") == "x"


@pytest.mark.parametrize("place", ["startEvent in event subProcess", "boundaryEvent"])
def test_error_that_does_not_interrupt_is_refused(place):
    assert errors(placed(place, DEFINITIONS["error"], interrupting=False)) == {"error-not-interrupting": "x"}


@pytest.mark.parametrize("kind", [*WAITED, *THROWN])
def test_definition_at_the_root_means_the_same_by_reference(kind):
    """eventDefinitionRef, 8.3.4."""
    xml = placed("boundaryEvent", DEFINITIONS[kind]).decode()
    root = re.sub(r"^<(\w+)", r'<\1 id="shared"', DEFINITIONS[kind])
    referring = xml.replace(DEFINITIONS[kind], "<eventDefinitionRef>shared</eventDefinitionRef>")
    play = Play(referring.replace("<process", f"{root}<process", 1).encode())

    happen(play, kind)

    assert play.waits == ["after"]
    lost = errors(referring.encode())
    assert lost["reference-unresolved"] == "x"


def test_the_table_of_places_is_whole():
    assert set(POSITIONS) == set(STANDARD)
    kinds = {kind for allowed in STANDARD.values() for kind in allowed}
    assert kinds == set(DEFINITIONS)
