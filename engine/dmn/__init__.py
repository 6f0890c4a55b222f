"""Decisions (DMN 1.1 to 1.5): read a model, decide with it; what matched is part of the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.dmn import checks, reader
from engine.dmn.analysis import CODES as ANALYSIS
from engine.dmn.analysis import analyse
from engine.dmn.evaluation import Decided, DecisionFailed, call, decide
from engine.dmn.explanation import explain
from engine.dmn.inputs import Field, conditions, inputs, results
from engine.dmn.model import Decision, Model
from engine.dmn.reader import namespaces, texts
from engine.dmn.simulation import Simulation, simulate
from engine.dmn.table import Hit
from engine.findings import Finding

__all__ = [
    "ANALYSIS", "Decided", "Decision", "DecisionFailed", "Field", "Hit", "Model", "Reading", "Simulation", "analyse",
    "call", "conditions", "decide", "explain", "imported", "inputs", "missing_imports", "namespaces", "read",
    "read_all", "results", "simulate", "texts",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: no model when the XML could not be used; findings with errors stop a deployment."""

    model: Model | None
    findings: list[Finding] = field(default_factory=list)


def read(xml: bytes, resource: str = "", imports: Mapping[str, Model] | None = None) -> Reading:
    """A model and its findings. Never raises for what the file holds.

    `imports`: models by namespace, for files that import others.
    """
    model, findings = reader.read(xml, resource, imports)
    if model is not None:
        findings = [*findings, *checks.check(model)]
    return Reading(model, findings)


def read_all(files: Mapping[str, bytes]) -> dict[str, Reading]:
    """Files that may import each other, by path; never raises for what they hold.

    Imports in a circle are refused like those of a model that is not there.
    """
    by_namespace: dict[str, str] = {}
    for path, xml in files.items():
        by_namespace.setdefault(namespaces(xml)[0], path)
    readings: dict[str, Reading] = {}

    def visit(path: str, above: frozenset[str]) -> Reading:
        if path not in readings:
            models: dict[str, Model] = {}
            for namespace in namespaces(files[path])[1]:
                other = by_namespace.get(namespace)
                if other is not None and other not in above:
                    found = visit(other, above | {other}).model
                    models |= {namespace: found} if found is not None else {}
            readings[path] = read(files[path], path, models)
        return readings[path]

    return {path: visit(path, frozenset((path,))) for path in files}


def imported(path: str, files: Mapping[str, bytes]) -> list[str]:
    """The paths of the files that one of them imports, those that they import included."""
    by_namespace = {namespaces(xml)[0]: other for other, xml in files.items()}
    waiting, found = [path], []
    while waiting:
        for namespace in namespaces(files[waiting.pop()])[1]:
            other = by_namespace.get(namespace)
            if other is not None and other != path and other not in found:
                found.append(other)
                waiting.append(other)
    return found


def missing_imports(files: Mapping[str, bytes]) -> set[str]:
    """Namespaces that these files import and none of them has."""
    known = [namespaces(xml) for xml in files.values()]
    return {namespace for _, wanted in known for namespace in wanted} - {own for own, _ in known}
