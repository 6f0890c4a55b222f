"""FEEL and DMN for the conformance suites: neutral values to ours and back, one expression, one decision."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from engine import dmn, feel
from engine.feel.temporal import read_date, read_date_time, read_duration, read_time
from engine.feel.values import FarDate, FarDateTime, Function, Range, moment_text
from engine.values import YearsMonths, duration_text

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
READERS = {"date": read_date, "time": read_time, "dateTime": read_date_time, "duration": read_duration}


def to_native(value: Any) -> Any:
    """A value of the neutral encoding as one of ours."""
    if isinstance(value, list):
        return [to_native(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "@" in value:
        return READERS[value["@"]](value["v"])
    return {key: to_native(item) for key, item in value.items()}


def to_neutral(value: Any) -> Any:
    """One of ours in the neutral encoding; functions and ranges equal nothing."""
    match value:
        case None | bool() | str() | int() | Decimal():
            return value
        case datetime() | FarDateTime():
            return {"@": "dateTime", "v": moment_text(value)}
        case date() | FarDate():
            return {"@": "date", "v": moment_text(value)}
        case time():
            return {"@": "time", "v": moment_text(value)}
        case timedelta():
            return {"@": "duration", "v": duration_text(value)}
        case YearsMonths():
            return {"@": "duration", "v": str(value)}
        case list():
            return [to_neutral(item) for item in value]
        case dict():
            return {key: to_neutral(item) for key, item in value.items()}
        case Function() | Range():
            return {"@": "none", "v": f"{value!r}"}
    raise TypeError(type(value).__name__)


def evaluate(expression: str, context: dict[str, Any]) -> Any:
    """A text that is not FEEL is null, as any other error of FEEL."""
    try:
        return feel.evaluate(expression, context, now=NOW, zone="UTC").value
    except feel.FeelSyntaxError:
        return None


def evaluate_dmn(path: str, name: str, inputs: dict[str, Any], *, kind: str, invocable: str | None) -> Any:
    """One decision, business knowledge model or decision service of a model; null when it cannot be decided."""
    model = _model(str(path))
    try:
        if kind == "bkm":
            return dmn.call(model, invocable or name, inputs, now=NOW, zone="UTC").value
        wanted = invocable if kind == "decisionService" and invocable else name
        value = dmn.decide(model, wanted, inputs, now=NOW, zone="UTC").value
    except dmn.DecisionFailed:
        return None
    if kind == "decisionService" and isinstance(value, dict) and set(value) > {name}:
        return value[name]
    return value


@cache
def _model(path: str) -> dmn.Model:
    """Imported models lie beside it."""
    source = Path(path).read_bytes()
    imports: dict[str, dmn.Model] = {}
    for namespace in re.findall(rb'<(?:\w+:)?import\s[^>]*?namespace="([^"]+)"', source):
        for other in sorted(Path(path).parent.glob("*.dmn")):
            if str(other) != path and b'namespace="' + namespace + b'"' in re.sub(
                rb"<(?:\w+:)?import\s[^>]*>", b"", other.read_bytes()
            ):
                imports[namespace.decode()] = _model(str(other))
    model = dmn.read(source, path, imports).model
    if model is None:
        raise ValueError(path)
    return model
