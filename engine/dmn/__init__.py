"""Decisions (DMN 1.1 to 1.5): read a model, decide with it; what matched is part of the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.dmn import checks, reader
from engine.dmn.analysis import CODES as ANALYSIS
from engine.dmn.analysis import analyse
from engine.dmn.evaluation import Decided, DecisionFailed, call, decide
from engine.dmn.explanation import explain
from engine.dmn.model import Decision, Model
from engine.dmn.table import Hit
from engine.findings import Finding

__all__ = [
    "ANALYSIS", "Decided", "Decision", "DecisionFailed", "Hit", "Model", "Reading", "analyse", "call", "decide",
    "explain", "read",
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
