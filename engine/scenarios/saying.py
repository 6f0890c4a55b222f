"""From what a person types to the words of a scenario: plain values stay what they are, FEEL is only what says so."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine import feel
from engine.errors import N_, InvalidValue, Phrase
from engine.scenarios.playing import Playing
from engine.scenarios.tracing import Seen
from engine.scenarios.words import ACTS
from engine.values import Values, decode, normalise

MOST_STEPS = 300
_PLAIN = ("complete", "agree", "submit again")
"""what a form sent: text that begins with = is text"""


def steps(told: Sequence[Any]) -> list[dict[str, Any]]:
    """Steps as a page sends them, in scenario words. Raises InvalidValue."""
    if len(told) > MOST_STEPS:
        raise InvalidValue(expected=Phrase(N_("at most {limit} steps"), limit=MOST_STEPS), found=str(len(told)))
    return [_step(item) for item in told]


def plain(value: Any) -> Any:
    """A value that means itself: text that begins with `=` becomes the FEEL text that gives it."""
    if isinstance(value, str) and value.startswith("="):
        return f"= {feel.quoted(value)}"
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def story_of(name: str, run: Playing, item: Mapping[str, Any]) -> dict[str, Any]:
    """What was played, as a scenario: who, what was given, the steps, and how it ended or where it waits.

    `item`: person, given and steps as they were told. What was answered by a sample is told, so that it is so again.
    """
    said: dict[str, Any] = {"name": name, "as": item["as"], "given": dict(item["given"])}
    steps: list[dict[str, Any]] = _samples(run.seen[0])
    acts = iter(run.seen[1:])
    told: list[dict[str, Any]] = []
    for step in item["steps"]:
        if "operation" not in step:
            steps += told
            told = _samples(next(acts))
        steps.append(step)
    steps += told
    if steps:
        said["steps"] = steps
    position = run.position()
    if position.view.instance.ended_at is not None:
        said["ends in"] = position.view.instance.ended_code
    else:
        said["tasks"] = sorted(node for _, node, kind in position.view.waits if kind == "work")
    return said


def _samples(seen: Seen) -> list[dict[str, Any]]:
    return [
        {"operation": call.operation, "returns": dict(call.outputs or {})}
        for call in seen.calls
        if call.how == "sample"
    ]


def lines(text: str) -> Values:
    """`name = FEEL` on each line, for payloads and answers; the values. Raises InvalidValue."""
    found: Values = {}
    for line in filter(str.strip, text.splitlines()):
        name, sign, expression = line.partition("=")
        result = feel.evaluate(expression.strip(), found) if sign and name.strip() else None
        if result is None or result.diagnostics or not name.strip().isidentifier():
            raise InvalidValue(expected=N_("a name, = and a value on each line, e.g. amount = 120"), found=line.strip())
        found[name.strip()] = normalise(result.value)
    return found


def _value(sent: Any) -> Any:
    """As the page was told it. Raises InvalidValue."""
    try:
        return decode(sent)
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise InvalidValue(expected=N_("a value as the page was told it"), found=str(sent)[:80]) from error


def _step(item: Any) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        raise InvalidValue(expected=N_("a step"), found=str(item)[:80])
    step = dict(item)
    for key in _PLAIN:
        if isinstance(step.get(key), dict):
            step[key] = plain(step[key])
    for key in ("with", "returns"):
        if isinstance(step.get(key), str):
            step[key] = lines(step[key])
    if "message" in step or "signal" in step:
        step["with"] = plain(step.get("with") or {})
        if "key" in step:
            step["key"] = plain(_value(step["key"]))
    if not any(act in step for act in ACTS) and "task" in step:
        raise InvalidValue(expected=Phrase(N_("one of {words}"), words=", ".join(ACTS)), found=str(sorted(step)))
    return step
