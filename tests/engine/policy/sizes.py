"""How long a proof takes: the shipped processes, a large drawing and a wide one; and drawings to check while they are
worked on."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

from engine import bpmn, lint, operations, policy
from engine.bpmn.model import Process
from engine.policy.checker import space_of
from engine.policy.search import search
from tests.engine.bpmn.drawing import END, START, drawing, element, flows, script, service, user
from tests.engine.policy.mutants import LIBRARY, SHIPPED
from tests.engine.policy.random_payments import MARK, PAY

RULE = '<troika:approval mode="any" onReject="flow"/>'
CATALOG = {PAY: SimpleNamespace(guarded_by="payment.execute", outputs={})}
REPEATED = 5


@dataclass(frozen=True)
class Row:
    """`ms`: CPU time, the least of some; `limit`: at most; `most`: so many states at most, on any machine."""

    name: str
    nodes: int
    states: int
    ms: float
    limit: int
    most: int


@dataclass(frozen=True)
class Drawn:
    """A drawing that somebody is working on. `elements`: nodes and flows."""

    path: str
    source: bytes

    @property
    def nodes(self) -> int:
        return len(list(self._process().all_nodes()))

    @property
    def elements(self) -> int:
        return self.nodes + sum(len(scope.flows) for scope in self._process().all_scopes())

    def _process(self) -> Process:
        definition = bpmn.read(self.source, self.path).definition
        assert definition is not None
        return definition.executable[0]


def drawn_live() -> Iterator[Drawn]:
    """A shipped process with a way round an approval, and one of more than a hundred elements whose every task has a
    form, or reads and writes variables."""
    path = "processes/procure_to_pay/procure_to_pay.bpmn"
    source = (LIBRARY / path).read_bytes()
    broken = source.replace(b'approval.finance.outcome = "agree"', b'approval.finance.outcome != "agree"')
    assert broken != source
    yield Drawn(path, broken)
    yield Drawn("processes/oa/furnished.bpmn", furnished(60))


def furnished(nodes: int) -> bytes:
    """Stretches of a form, an approval that is asked for, a computation and a notice, one after the other, then the
    payment."""
    start = element("startEvent", "start", '<zeebe:formDefinition formId="oa/expense_claim"/>')
    correct, show = (f'<zeebe:formDefinition formId="oa/expense_{word}"/>' for word in ("correction", "claim"))
    body, lines, last, count = [start, END], [], "start", 5
    while count + 6 <= nodes:
        asks, level, tells, ends = (f"{word}{count}" for word in ("asks", "level", "tells", "ends"))
        title = f'= "amount " + string(amount) + of{count}'
        body += [
            user(f"fill{count}", correct), user(f"fin{count}", show, RULE, out_checked="= amount > 100"),
            element("exclusiveGateway", asks, default=f"{asks}_{ends}"), element("endEvent", ends),
            script(level, 'if amount > 5000 and category = "travel" then "high" else "low"', f"of{count}"),
            service(tells, "notification.notify", in_user_ids="= [process.initiator.id]", in_title=title),
        ]  # fmt: skip
        lines += [
            f"{last} fill{count} fin{count} {asks}", f"{asks} {ends}", f"{level} {tells}",
            f'{asks} {level} ? approval.fin{count}.outcome = "agree" and amount < {count}000',
        ]  # fmt: skip
        last, count = tells, count + 6
    return _paying(body, lines, last, in_request_id="= request_id").replace(b'"staff"', b'"finance"')


def measured() -> Iterator[Row]:
    """Every row of the table."""
    policies = policy.read((LIBRARY / "processes" / "policies.yml").read_text(encoding="utf-8"))
    operations.load()
    for path in SHIPPED:
        source = (LIBRARY / "processes" / f"{path}.bpmn").read_bytes()
        yield _row(f"{path}, with soundness", source, operations.catalog(), policies, 50, 150, sound=True)
    yield _row("300 nodes: blocks of 3 branches in a row", in_a_row(300), CATALOG, policies, 1_000, 1_000)
    yield _row("7 branches of 3 tasks", wide(7, 3), CATALOG, policies, 20, 30)
    yield _row("6 branches reviewed twice by amount", reviewed(6), CATALOG, policies, 200, 100)


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


def reviewed(branches: int) -> bytes:
    """In each branch of a block somebody reviews, and from some amount on somebody else."""
    body, lines = [START, END, element("parallelGateway", "f"), element("parallelGateway", "j")], ["start f"]
    for branch in range(branches):
        one, asks, other, merge = (f"{key}{branch}" for key in ("a", "g", "b", "m"))
        body += [user(one, RULE), user(other, RULE), element("exclusiveGateway", merge)]
        body.append(element("exclusiveGateway", asks, default=f"{asks}_{merge}"))
        lines += [
            f"f {one} {asks}",
            f"{asks} {other} ? amount > {branch + 1}00",
            f"{other} {merge}",
            f"{asks} {merge} j",
        ]
    return _paying(body, lines, "j")


def _paying(body: list[str], lines: list[str], last: str, **inputs: str) -> bytes:
    body += [
        user("fin", RULE, MARK),
        element("exclusiveGateway", "ok", default="ok_end"),
        service("pay", PAY, **inputs),
    ]
    lines += [f"{last} fin ok", 'ok pay ? approval.fin.outcome = "agree"', "ok end", "pay end"]
    return drawing("".join(body) + flows(*lines))


def _row(
    name: str, source: bytes, catalog: dict, policies: list[policy.Policy], limit: int, most: int,
    *, sound: bool = False,
) -> Row:  # fmt: skip
    definition = bpmn.read(source, "size.bpmn").definition
    assert definition is not None
    (process,) = definition.executable
    best, states = min(_once(process, definition, catalog, policies, sound) for _ in range(REPEATED))
    return Row(name, sum(1 for _ in process.all_nodes()), states, best * 1000, limit, most)


def _once(
    process: Process, definition: bpmn.Definition, catalog: dict, policies: list[policy.Policy], sound: bool
) -> tuple[float, int]:
    program = bpmn.compile(definition, process.id)
    began = time.process_time()
    found = search(space_of(process, catalog, policies, lambda caller, node: None))
    if sound:
        drawn = lint.library.Drawn(process, program, "size.bpmn")
        list(lint.discovered()["sound"].check(drawn, lint.library.Library(catalog, lint.KnownThings())))
    spent = time.process_time() - began
    assert not found.violations
    assert not found.spent
    return spent, len(found.seen)
