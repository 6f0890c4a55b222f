"""One drawing made by chance, judged twice: by the proof, and by everything that the machine can do."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from engine import bpmn, forms, policy
from engine.errors import CannotCompile
from tests.engine.policy.exhaustive import Explored, Explorer
from tests.engine.policy.random_payments import PAY, WRITES, structured, tangled

SUBJECT = SimpleNamespace(type="erp_payment_request", argument="request_id")
CATALOG = {PAY: SimpleNamespace(guarded_by="payment.execute", outputs={}, subject=SUBJECT)}
FORM = forms.read(
    b'{"type": "default", "id": "writes", "components": [{"type": "textfield", "key": "request_id", "id": "f"}]}',
    "writes.json",
).form
PAY_001 = policy.read("""
- {id: PAY-001, title: 先审批, on: payment.execute, require: [{approval: finance_approval}], distinct: [requester]}
""")
MAKERS: dict[str, Callable[..., bytes]] = {"in blocks": structured, "tangled": tangled}
VARIABLES = tuple(f"d{number}" for number in range(3))


@dataclass
class Verdict:
    """`proof`: elements that may pay without approval by the proof; `unread`: what it did not understand; `machine`:
    what the machine did."""

    proof: frozenset[str]
    unread: frozenset[str]
    machine: Explored

    @property
    def outcome(self) -> str:
        paid = frozenset(self.machine.paid)
        if paid - self.proof and not self.unread:
            return "missed"
        if self.unread:
            return "unread"
        if self.proof - paid:
            return "cried wolf" if self.machine.complete else "not reached in the bound"
        return "violated, both" if paid else "proved, both" if self.machine.complete else "proved, bounded"


def drawn(kind: str, seed: int, *, entangled: bool = False) -> bytes:
    """Drawing number `seed`."""
    return MAKERS[kind](seed, 2 + seed % 8, entangled=entangled)


def judged(xml: bytes, *, entangled: bool = False, states: int = 400, depth: int = 12) -> Verdict | None:
    """None for a drawing that is refused when it is read or compiled."""
    definition = bpmn.read(xml, "chance.bpmn").definition
    assert definition is not None
    try:
        programs = {process.id: bpmn.compile(definition, process.id) for process in definition.processes}
    except CannotCompile:
        return None
    findings = policy.prove(definition, CATALOG, policies=PAY_001, process_id="p", forms={WRITES: FORM}.get)
    start: dict[str, list[Any]] = {"times": [0, 1, 2]} if b"times" in xml else {}
    if entangled:
        start |= {name: [True, False] for name in VARIABLES if name.encode() in xml}
    return Verdict(
        frozenset(str(one.element_id) for one in findings if one.rule == "policy-approval-missing"),
        frozenset(str(one.element_id) for one in findings if one.rule != "policy-approval-missing"),
        Explorer(programs, states=states, depth=depth, start=start).explore(),
    )
