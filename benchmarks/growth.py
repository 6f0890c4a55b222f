"""How the machine's cost grows, and that of others: `python -m benchmarks.growth [--alone]`.

Best of some runs, CPU, in memory, without storage. `--alone`: without SpiffWorkflow and npm's bpmn-engine beside it.
"""

import argparse
import gc
import itertools
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from benchmarks.measure import table
from benchmarks.peers import bpmn_engine, spiff
from engine import bpmn

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
RUNS = 5
RUNS_OF_OTHERS = 2
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="urn:bench" id="d">'
    '<process id="p" isExecutable="true"><startEvent id="start"/><endEvent id="end"/>'
)


class NotTried(Exception):
    """It would take too long; says why."""


class Dialect(NamedTuple):
    """How one engine wants a script that counts in `n`, a condition that is true while `n` < `count`, and `count`."""

    script: str
    condition: str
    count: str

    def expression(self, tag: str, text: str) -> str:
        """A formal expression."""
        return f'<{tag} xsi:type="tFormalExpression"{self.language}>{text}</{tag}>'

    @property
    def language(self) -> str:
        """For conditions in JavaScript."""
        return ' language="javascript"' if self.condition.startswith("next") else ""

    def task(self, key: str, marker: str = "", kind: str = "scriptTask") -> str:
        """A task that counts, or one for people."""
        if kind != "scriptTask":
            return f'<{kind} id="{key}">{marker}</{kind}>'
        extension, inner = (self.script, "") if self.script.startswith("<extension") else ("", self.script)
        return f'<scriptTask id="{key}" scriptFormat="javascript">{extension}{marker}{inner}</scriptTask>'


OURS = Dialect(
    '<extensionElements><zeebe:script expression="= n + 1" resultVariable="n"/></extensionElements>', "= n &lt; count",
    "= count",
)  # fmt: skip
SPIFF = Dialect("<script>n = n + 1</script>", "n &lt; count", "count")
NODE = Dialect(
    "<script>environment.variables.kept.n += 1; next();</script>",
    "next(null, environment.variables.kept.n &lt; environment.variables.kept.count)",
    "${environment.variables.kept.count}",
)
UNDO = (
    '<boundaryEvent id="b" attachedToRef="t"><compensateEventDefinition/></boundaryEvent>'
    + OURS.task("u").replace('id="u"', 'id="u" isForCompensation="true"')
    + '<intermediateThrowEvent id="throw"><compensateEventDefinition/></intermediateThrowEvent>'
)
Draw = Callable[[Dialect, int], str]


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="benchmarks.growth", description=__doc__)
    parser.add_argument("--alone", action="store_true")
    options = parser.parse_args()
    gc.collect()
    gc.freeze()  # what is loaded is not looked through again while facts pile up: that is Python's cost, not growth
    rows = []
    for name, draw, small, large in ROWS:
        few, many = _best(draw, small), _best(draw, large)
        rows.append([name, large, many, many / few * small / large])
    sys.stdout.write(table("The machine alone: growth", ["what", "size", "CPU ms", "per item, against few"], rows))
    if not options.alone:
        _beside()
    return 0


def _beside() -> None:
    remarks: dict[str, None] = {}
    rows = []
    for name, draw, size in BESIDE:
        cells = [name, size, _best(draw, size)]
        for who, run in (("SpiffWorkflow", _spiff), ("bpmn-engine", _node)):
            try:
                cells.append(run(draw, size))
            except bpmn_engine.NotThere as missing:
                cells.append("–")
                remarks[f"{who} is left out: {missing}"] = None
            except NotTried as reason:
                cells.append("–")
                remarks[f"{who}, {name}, {size}: {reason}"] = None
            except (RuntimeError, RecursionError) as failed:
                cells.append("fails")
                remarks[f"{who}, {name}, {size}: {failed}"] = None
        rows.append(cells)
    head = ["what", "size", "Troika, CPU ms", "SpiffWorkflow 3.2", f"bpmn-engine {bpmn_engine.VERSION}"]
    sys.stdout.write("\n" + table("Beside others, in the same run", head, rows))
    sys.stdout.write("".join(f"\n{remark}\n" for remark in remarks))


def _spiff(draw: Draw, size: int) -> float:
    if size > SPIFF_AT_MOST:
        raise NotTried(f"not tried: its cost per round grows with the rounds, {SPIFF_AT_MOST} are the most here")
    xml = f"{HEAD}{draw(SPIFF, size)}</process></definitions>"
    return min(spiff.milliseconds(xml, {"n": 0, "count": size}) for _ in range(RUNS_OF_OTHERS))


def _node(draw: Draw, size: int) -> float:
    xml = f"{HEAD}{draw(NODE, size)}</process></definitions>"
    found, reached = bpmn_engine.milliseconds(xml, {"n": 0, "count": size}, RUNS_OF_OTHERS)
    if reached < size:
        raise RuntimeError(f"it ends after {reached} of {size}")
    return found


def _looped(kind: str, sequential: str) -> Draw:
    return lambda dialect, _: dialect.task("t", _each(dialect, sequential), kind) + _flows("start t end")


def _each(dialect: Dialect, sequential: str) -> str:
    cardinality = f'<loopCardinality xsi:type="tFormalExpression">{dialect.count}</loopCardinality>'
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{sequential}">{cardinality}'
        "</multiInstanceLoopCharacteristics>"
    )


def _standard(dialect: Dialect, _: int) -> str:
    condition = f"<loopCondition>{dialect.condition}</loopCondition>"
    marker = f"<standardLoopCharacteristics>{condition}</standardLoopCharacteristics>"
    return dialect.task("t", marker) + _flows("start t end")


def _back(dialect: Dialect, _: int) -> str:
    """A loop that is drawn: an exclusive gateway leads back."""
    gateways = '<exclusiveGateway id="merge"/><exclusiveGateway id="again" default="again_end"/>'
    condition = dialect.expression("conditionExpression", dialect.condition)
    again = f'<sequenceFlow id="again_merge" sourceRef="again" targetRef="merge">{condition}</sequenceFlow>'
    return gateways + dialect.task("t") + _flows("start merge t again end") + again


def _undone(dialect: Dialect, _: int) -> str:
    link = '<association id="a" sourceRef="b" targetRef="u"/>'
    return dialect.task("t", _each(dialect, "true")) + UNDO + _flows("start t throw end") + link


def _branches(dialect: Dialect, count: int) -> str:
    tasks = "".join(dialect.task(f"t{n}") for n in range(count))
    flows = "".join(_flows(f"fork t{n} join") for n in range(count))
    gateways = '<parallelGateway id="fork"/><parallelGateway id="join"/>'
    return gateways + tasks + flows + _flows("start fork") + _flows("join end")


def _flows(path: str) -> str:
    nodes = path.split()
    return "".join(
        f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'
        for source, target in itertools.pairwise(nodes)
    )


ROWS: list[tuple[str, Draw, int, int]] = [
    ("exclusive gateway that leads back, scripts", _back, 100, 10_000),
    ("standard loop, scripts", _standard, 100, 10_000),
    ("multi-instance in parallel, scripts", _looped("scriptTask", "false"), 10, 1_000),
    ("multi-instance in sequence, scripts", _looped("scriptTask", "true"), 10, 1_000),
    ("multi-instance in parallel, user tasks opened", _looped("userTask", "false"), 10, 1_000),
    ("completions undone, their making included", _undone, 10, 1_000),
    ("parallel branches, scripts", _branches, 10, 100),
]
BESIDE: list[tuple[str, Draw, int]] = [
    ("exclusive gateway that leads back, scripts", _back, 100),
    ("exclusive gateway that leads back, scripts", _back, 300),
    ("exclusive gateway that leads back, scripts", _back, 10_000),
    ("multi-instance in parallel, scripts", _looped("scriptTask", "false"), 10),
    ("multi-instance in parallel, scripts", _looped("scriptTask", "false"), 300),
    ("multi-instance in sequence, scripts", _looped("scriptTask", "true"), 10),
    ("multi-instance in sequence, scripts", _looped("scriptTask", "true"), 300),
    ("parallel branches, scripts", _branches, 10),
    ("parallel branches, scripts", _branches, 100),
]
SPIFF_AT_MOST = 300


def _best(draw: Draw, count: int) -> float:
    definition = bpmn.read(f"{HEAD}{draw(OURS, count)}</process></definitions>".encode()).definition
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
