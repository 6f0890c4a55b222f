"""How the machine's cost grows: `python -m benchmarks.growth`. Best of some runs, CPU, in memory, without storage."""

import itertools
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks.measure import table
from engine import bpmn

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
RUNS = 5
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' targetNamespace="urn:bench"><process id="p" isExecutable="true"><startEvent id="start"/><endEvent id="end"/>'
)
SCRIPT = '<zeebe:script expression="= n + 1" resultVariable="n"/>'
EACH = (
    '<multiInstanceLoopCharacteristics isSequential="{}"><loopCardinality>= count</loopCardinality>'
    "</multiInstanceLoopCharacteristics>"
)
ROUNDS = "<standardLoopCharacteristics><loopCondition>= n &lt; count</loopCondition></standardLoopCharacteristics>"
UNDO = (
    '<boundaryEvent id="b" attachedToRef="t"><compensateEventDefinition/></boundaryEvent>'
    f'<scriptTask id="u" isForCompensation="true"><extensionElements>{SCRIPT}</extensionElements></scriptTask>'
    '<intermediateThrowEvent id="throw"><compensateEventDefinition/></intermediateThrowEvent>'
)


def main() -> int:
    """Print the table."""
    rows = []
    for name, drawing, small, large in ROWS:
        few, many = _best(drawing, small), _best(drawing, large)
        rows.append([name, large, many, many / few * small / large])
    sys.stdout.write(table("The machine alone: growth", ["what", "size", "CPU ms", "per item, against few"], rows))
    return 0


def _task(kind: str, marker: str) -> str:
    inner = f"<extensionElements>{SCRIPT}</extensionElements>" if kind == "scriptTask" else ""
    return f'<{kind} id="t">{inner}{marker}</{kind}>'


def _looped(kind: str, marker: str) -> Callable[[int], str]:
    return lambda count: _task(kind, marker) + _flows("start t end")


def _undone(count: int) -> str:
    link = '<association id="a" sourceRef="b" targetRef="u"/>'
    return _task("scriptTask", EACH.format("true")) + UNDO + _flows("start t throw end") + link


def _branches(count: int) -> str:
    tasks = "".join(
        f'<scriptTask id="t{n}"><extensionElements>{SCRIPT}</extensionElements></scriptTask>' for n in range(count)
    )
    flows = "".join(_flows(f"fork t{n} join") for n in range(count))
    gateways = '<parallelGateway id="fork"/><parallelGateway id="join"/>'
    return gateways + tasks + flows + _flows("start fork") + _flows("join end")


def _flows(path: str) -> str:
    nodes = path.split()
    return "".join(
        f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'
        for source, target in itertools.pairwise(nodes)
    )


ROWS: list[tuple[str, Callable[[int], str], int, int]] = [
    ("standard loop, scripts", _looped("scriptTask", ROUNDS), 100, 10_000),
    ("multi-instance in parallel, scripts", _looped("scriptTask", EACH.format("false")), 10, 1_000),
    ("multi-instance in sequence, scripts", _looped("scriptTask", EACH.format("true")), 10, 1_000),
    ("multi-instance in parallel, user tasks opened", _looped("userTask", EACH.format("false")), 10, 1_000),
    ("completions undone, their making included", _undone, 10, 1_000),
    ("parallel branches, scripts", _branches, 10, 100),
]


def _best(drawing: Callable[[int], str], count: int) -> float:
    definition = bpmn.read(f"{HEAD}{drawing(count)}</process></definitions>".encode()).definition
    assert definition is not None
    program = bpmn.compile(definition)
    best = float("inf")
    for _ in range(RUNS):
        began = time.process_time()
        bpmn.begin(program, "bench", {"n": 0, "count": count}, now=NOW, env=bpmn.Env())
        best = min(best, time.process_time() - began)
    return best * 1000


if __name__ == "__main__":
    raise SystemExit(main())
