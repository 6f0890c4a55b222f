"""How long a proof takes: the shipped processes, a large drawing and a wide one."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

from engine import bpmn, lint, operations, policy
from engine.bpmn.model import Process
from engine.policy.checker import space_of
from tests.engine.bpmn.drawing import END, START, drawing, element, flows, service, user
from tests.engine.policy.mutants import LIBRARY, SHIPPED
from tests.engine.policy.random_payments import MARK, PAY

RULE = '<troika:approval mode="any" onReject="flow"/>'
CATALOG = {PAY: SimpleNamespace(guarded_by="payment.execute", outputs={})}
REPEATED = 5


@dataclass(frozen=True)
class Row:
    """`ms`: CPU time, the least of some; `limit`: at most."""

    name: str
    nodes: int
    states: int
    ms: float
    limit: int


def measured() -> Iterator[Row]:
    """Every row of the table."""
    policies = policy.read((LIBRARY / "processes" / "policies.yml").read_text(encoding="utf-8"))
    operations.load()
    for path in SHIPPED:
        source = (LIBRARY / "processes" / f"{path}.bpmn").read_bytes()
        yield _row(f"{path}, with soundness", source, operations.catalog(), policies, 50, sound=True)
    yield _row("300 nodes: blocks of 3 branches in a row", in_a_row(300), CATALOG, policies, 1_000)
    yield _row("7 branches of 3 tasks", wide(7, 3), CATALOG, policies, 20)


def in_a_row(nodes: int) -> bytes:
    """Parallel blocks one after the other, approvals in some of them, then the payment."""
    body, lines, last, count = [START, END], [], "start", 0
    while count + 12 <= nodes:
        number = count
        fork, join = f"f{number}", f"j{number}"
        body += [element("parallelGateway", fork), element("parallelGateway", join)]
        lines.append(f"{last} {fork}")
        for branch in range(3):
            names = [f"t{number}_{branch}_{step}" for step in range(3)]
            body += [
                user(name, RULE) if step == 1 and branch == 0 else service(name) for step, name in enumerate(names)
            ]
            lines.append(" ".join([fork, *names, join]))
        last, count = join, count + 11
    return _paying(body, lines, last)


def wide(branches: int, length: int) -> bytes:
    """One parallel block."""
    body, lines = [START, END, element("parallelGateway", "f"), element("parallelGateway", "j")], ["start f"]
    for branch in range(branches):
        names = [f"t{branch}_{step}" for step in range(length)]
        body += [service(name) for name in names]
        lines.append(" ".join(["f", *names, "j"]))
    return _paying(body, lines, "j")


def _paying(body: list[str], lines: list[str], last: str) -> bytes:
    body += [user("fin", RULE, MARK), element("exclusiveGateway", "ok", default="ok_end"), service("pay", PAY)]
    lines += [f"{last} fin ok", 'ok pay ? approval.fin.outcome = "agree"', "ok end", "pay end"]
    return drawing("".join(body) + flows(*lines))


def _row(
    name: str, source: bytes, catalog: dict, policies: list[policy.Policy], limit: int, *, sound: bool = False
) -> Row:  # fmt: skip
    definition = bpmn.read(source, "size.bpmn").definition
    assert definition is not None
    (process,) = definition.executable
    best, states = min(_once(process, definition, catalog, policies, sound) for _ in range(REPEATED))
    return Row(name, sum(1 for _ in process.all_nodes()), states, best * 1000, limit)


def _once(
    process: Process, definition: bpmn.Definition, catalog: dict, policies: list[policy.Policy], sound: bool
) -> tuple[float, int]:
    program = bpmn.compile(definition, process.id)
    began = time.process_time()
    found = space_of(process, catalog, policies, lambda caller, node: None).search()
    if sound:
        drawn = lint.library.Drawn(process, program, "size.bpmn")
        list(lint.discovered()["sound"].check(drawn, lint.library.Library(catalog, lint.KnownThings())))
    spent = time.process_time() - began
    assert not found.violations
    assert not found.spent
    return spent, len(found.seen)
