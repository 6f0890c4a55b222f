"""Documents that earlier versions have stored: they load, mean the same and go on."""

import json
from datetime import UTC, datetime
from pathlib import Path

from engine import bpmn
from engine.bpmn import steps
from tests.engine.bpmn.drawing import program

HERE = Path(__file__).parent / "stored"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_the_first_format_is_loaded_and_goes_on():
    compiled = program((HERE / "format_1.bpmn").read_bytes())
    document = json.loads((HERE / "format_1.json").read_text(encoding="utf-8"))

    state = bpmn.load(document, lambda _: compiled)

    assert bpmn.check(state) == []
    assert bpmn.dump(state) == document
    waits = {node: token for token, node, _ in bpmn.waits(state)}
    assert sorted(waits) == ["approve", "came", "count", "late", "off", "overdue", "pick"]
    env = bpmn.Env()
    step = bpmn.elapse(state, waits["late"], now=NOW, env=env)
    for node in ("approve", "pick", "came"):
        act = bpmn.deliver if node == "came" else bpmn.complete
        step = act(step.state, waits[node], now=NOW, env=env)
    (incident,) = step.state.incidents
    step = bpmn.resume(step.state, incident, {"missing": 1}, now=NOW, env=env)
    (remind,) = [token for token, node, _ in bpmn.waits(step.state) if node == "remind"]
    step = bpmn.complete(step.state, remind, now=NOW, env=env)
    (starved,) = step.state.incidents.values()
    assert (starved.code, starved.detail) == ("join-starved", {"missing": ["overdue_join"]})
    step = bpmn.resume(step.state, starved.id, now=NOW, env=env)

    assert step.ended == "completed"
    assert isinstance(step.facts[-1], steps.InstanceEnded)
