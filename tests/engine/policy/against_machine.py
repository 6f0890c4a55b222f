"""One drawing made by chance, judged twice: by the proof, and by everything that the machine can do."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

from engine import bpmn, dmn, forms, policy
from engine.bpmn.model import CalledDecision, Process
from engine.errors import CannotCompile
from engine.policy.abstraction import NOT_TOLD
from engine.policy.checker import space_of
from engine.policy.search import Effort, search
from engine.policy.space import DECIDED, DIGIT, MANY, WORDS, Space, State
from tests.engine.policy.exhaustive import DOCUMENT, Explored, Explorer, Yes
from tests.engine.policy.random_payments import AMOUNTS, DECISION, LEVELS, OTHERS, PAY, WRITES, structured, tangled

SUBJECT = SimpleNamespace(type="erp_payment_request", argument="request_id")


class Catalog(dict):
    """The payment, what does nothing, and a job for each question: it answers the variables that its name lists."""

    def __missing__(self, name: str) -> Any:
        answered = name.partition(".")[2].split(".") if name.startswith(("ask.", "fill.")) else []
        return SimpleNamespace(guarded_by=None, outputs=dict.fromkeys(filter(None, answered), "boolean"))

    def get(self, name: str, default: Any = None) -> Any:
        return self[name]


CATALOG = Catalog({PAY: SimpleNamespace(guarded_by="payment.execute", outputs={}, subject=SUBJECT)})
FORM = forms.read(
    b'{"type": "default", "id": "writes", "components": [{"type": "textfield", "key": "request_id", "id": "f"}]}',
    "writes.json",
).form
PAY_001 = policy.read("""
- {id: PAY-001, title: 先审批, on: payment.execute, require: [{approval: finance_approval}], distinct: [requester]}
""")
MAKERS: dict[str, Callable[..., bytes]] = {
    "in blocks": structured, "tangled": tangled, "in blocks, with data": partial(structured, data=True),
    "tangled, with data": partial(tangled, data=True),
}  # fmt: skip
UNDOING: dict[str, Callable[..., bytes]] = {
    "full of compensation": partial(structured, undoing_pays=True),
    "full of compensation, with data": partial(structured, data=True, undoing_pays=True),
}  # fmt: skip
ASKING: dict[str, Callable[..., bytes]] = {
    "in blocks, steps ask": partial(structured, data=True, steps_ask=True),
    "tangled, steps ask": partial(tangled, data=True, steps_ask=True),
}  # fmt: skip
"""judged with `gaps`: steps get stuck where a value is missing"""
RECALLING: dict[str, Callable[..., bytes]] = {
    "decisions taken back": partial(structured, data=True, thinks_again=True),
    "taken back across branches": partial(structured, data=True, thinks_again=True, across=True),
}  # fmt: skip
BESIDE: dict[str, Callable[..., bytes]] = {
    "branches beside each other": partial(structured, data=True, beside=True),
}  # fmt: skip
THIRD, GAPS = "C", (None, True, [50], [900])
"""a document that no drawing names; what is neither an amount nor a level, though some take a list of one for it"""
VARIABLES = tuple(f"d{number}" for number in range(3))
LEVEL_OF = dmn.read(DECISION, "level_of.dmn").model
SAMPLES = {
    "amount": AMOUNTS, "other": OTHERS, "level": (*LEVELS, "none of them"), "clerk": ("fay",), "since": ("2026-11-01",),
}  # fmt: skip


@dataclass
class Verdict:
    """`proof`: elements that may pay without approval by the proof; `unread`: what it did not understand, with the
    reason; `machine`: what the machine did; `confirmed`: elements that paid when the way of the proof was tried."""

    proof: frozenset[str]
    unread: dict[str, str]
    machine: Explored
    confirmed: frozenset[str] = frozenset()

    @property
    def outcome(self) -> str:
        paid = frozenset(self.machine.paid)
        if paid - self.proof and not self.unread:
            return "missed"
        if self.confirmed - paid and self.machine.complete:
            return "confirmed wrongly"
        if self.unread:
            return "unread"
        if self.proof - paid and self.machine.complete:
            return "cried wolf"
        if self.proof - paid - self.confirmed:  # what was tried step by step lies deeper than everything was looked at
            return "not reached in the bound"
        return "violated, both" if self.proof else "proved, both" if self.machine.complete else "proved, bounded"


def drawn(kind: str, seed: int, *, entangled: bool = False) -> bytes:
    """Drawing number `seed`."""
    return (MAKERS | UNDOING | ASKING | RECALLING | BESIDE)[kind](seed, 2 + seed % 8, entangled=entangled)


def judged(
    xml: bytes, *, entangled: bool = False, states: int = 400, depth: int = 12, gaps: bool = False
) -> Verdict | None:  # fmt: skip
    """None for a drawing that is refused when it is read or compiled. `gaps`: an instance may begin without a value,
    or one of another kind, and a job answer so; it may be about a document that nothing in the drawing names."""
    definition = bpmn.read(xml, "chance.bpmn").definition
    assert definition is not None
    try:
        programs = {process.id: bpmn.compile(definition, process.id) for process in definition.processes}
    except CannotCompile:
        return None
    findings = policy.prove(definition, CATALOG, policies=PAY_001, process_id="p", forms=_form, decisions=_asked)
    start = {
        name: [*values, *GAPS] if gaps and name in SAMPLES else values for name, values in _start(xml).items()
    }  # fmt: skip
    if gaps:
        start["request_id"] = [DOCUMENT, THIRD]
    if entangled:
        start |= {name: [True, False] for name in VARIABLES if name.encode() in xml}
    return Verdict(
        frozenset(str(one.element_id) for one in findings if one.rule == "policy-approval-missing"),
        {
            one.element_id or f"branches {one.facts['branches']}": str(one.facts.get("why", one.message))
            for one in findings
            if one.rule != "policy-approval-missing"
        },
        Explorer(
            programs,
            states=states,
            depth=depth,
            start=start,
            decisions=_decision,
            samples={name: (*values, *GAPS) for name, values in SAMPLES.items()} if gaps else SAMPLES,
            fleeting=frozenset() if entangled else _fleeting(xml),
            brought=[name for name in SAMPLES if name in start] if gaps else (),
        ).explore(),
        frozenset(str(one.element_id) for one in findings if one.facts.get("confirmed")),
    )


def unseen(xml: bytes, *, states: int = 120, depth: int = 10) -> tuple[int, list[str] | None]:
    """(states at rest that were looked for, the way to the first whose abstraction the proof does not know)."""
    definition = bpmn.read(xml, "chance.bpmn").definition
    assert definition is not None
    try:
        programs = {process.id: bpmn.compile(definition, process.id) for process in definition.processes}
    except CannotCompile:
        return 0, None
    own = {process.id: process for process in definition.processes}
    space = space_of(
        own["p"], CATALOG, PAY_001, lambda _, node: own.get(node.call.process_id) if node.call else None,
        _form, decisions=_asked, whole=True,
    )  # fmt: skip
    if space.system.unread or any(space.matters(place) for place in space.system.places.values()
                                  if place.node.for_compensation):  # fmt: skip
        return 0, None
    found = search(space, effort=Effort(20_000, 30_000))
    if found.spent:
        return 0, None
    known: dict[tuple[int, ...], list[State]] = {}
    for state in found.seen:
        known.setdefault(_plain(space, state), []).append(state)
    looked_at, missing = 0, None

    def look(running: bpmn.State, live: frozenset[Yes], path: list[str]) -> None:
        nonlocal looked_at, missing
        if missing is not None or running.incidents or running.status != "active" or _undoing(running):
            return
        looked_at += 1
        granted = [(node, capability, document) for capability, document, node in live]
        now = policy.states(space, running, granted)
        if not any(_covers(space, one, state) for state in now for one in known.get(_plain(space, state), ())):
            missing = path

    Explorer(
        programs, states=states, depth=depth, start=_start(xml), each=look, decisions=_decision, samples=SAMPLES,
        fleeting=_fleeting(xml),
    ).explore()  # fmt: skip
    return looked_at, missing


def _start(xml: bytes) -> dict[str, list[Any]]:
    """What an instance may begin with."""
    start: dict[str, list[Any]] = {"times": [0, 1, 2]} if b"times" in xml else {}
    xml = xml.replace(b"level_of", b"amount").replace(b"erp.other", b"")  # the decision reads the one, no job the other
    return start | {
        name: list(values) for name, values in SAMPLES.items() if re.search(rb"\b%s\b" % name.encode(), xml)
    }


def _fleeting(xml: bytes) -> frozenset[str]:
    """The variables that questions answer."""
    return frozenset(name.decode() for name in re.findall(rb"\bd\d+\b", xml))


def _form(process: Process, key: str) -> forms.Form | None:
    return FORM if key == WRITES else None


def _asked(process: Process, called: CalledDecision) -> dmn.Model | None:
    return _decision(called.decision_id)


def _decision(key: str) -> dmn.Model | None:
    return LEVEL_OF if key == "level_of" else None


def _plain(space: Space, state: State) -> tuple[int, ...]:
    """Tokens without the timers beside them that have run out, and without marks; no decisions."""
    plain = Counter(
        space.slot(place.id, "!") if stage.startswith("!") else space.slot(place.id, "") if stage[:1] in ("~", "=", ">")
        else slot for slot in state.tokens for place, stage in [space.slots[slot]] if not stage.startswith(DECIDED)
    )  # fmt: skip
    return tuple(sorted(slot for slot, tokens in plain.items() for _ in range(min(tokens, MANY))))


def _covers(space: Space, seen: State, state: State) -> bool:
    """No more approvals live, and each outcome is the same, or not told: in the proof, or by the marking, which does
    not tell what a round of a loop says otherwise than the rounds before it."""
    told = all(
        NOT_TOLD in (WORDS[one], WORDS[other]) or one == other
        for index in space.asked.values()
        for one, other in [(seen.outcomes >> DIGIT * index & 7, state.outcomes >> DIGIT * index & 7)]
    )
    lies = all(not one & ~other for one, other in zip(state.data, seen.data, strict=True))
    return told and lies and not seen.live & ~state.live


def _undoing(state: bpmn.State) -> bool:
    """Handlers of compensation are no places of the proof."""
    return any(scope.kind in ("compensation", "restored", "restored call") for scope in state.scopes.values()) or any(
        token.undo is not None for token in state.tokens.values()
    )
