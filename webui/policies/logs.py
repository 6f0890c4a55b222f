"""Recorded logs of any system held against a policy: a form says what their columns mean; the file is not kept."""

from collections import Counter
from typing import Any

import yaml
from flask import g, request
from flask.typing import ResponseReturnValue

from engine import policy
from engine.errors import N_, EngineError, InvalidPolicy
from engine.policy import recorded, replay
from engine.policy.recorded import Log
from webui.access import needs
from webui.policies import WATCH, blueprint
from webui.rendering import page
from webui.transaction import reads_only, shows_again

SHOWN = 200
USUAL = {
    "case": ("case:concept:name", "case", "case_id"), "time": ("time:timestamp", "timestamp", "time"),
    "activity": ("concept:name", "activity"), "person": ("org:resource", "resource"),
}  # fmt: skip
"""names that columns mostly have"""
NEEDED = ("case", "time", "activity", "approvals", "operation")


@blueprint.get("/logs")
@needs(WATCH)
def logs() -> ResponseReturnValue:
    """What a log is held against, and what its columns mean."""
    return _logs()


def _logs(error: EngineError | None = None, log: Log | None = None, **found: Any) -> ResponseReturnValue:
    sent = {key: request.form.get(key, "").strip() for key in (*USUAL, "approvals", "rejections", "operation", "facts")}
    columns = () if log is None else log.columns
    for key, names in USUAL.items():
        sent[key] = sent[key] or next((name for name in names if name in columns), "")
    activities = Counter(row.get(sent["activity"]) or "" for _, row in log.rows) if log and sent["activity"] else {}
    return page(
        "policies/logs.html", policies=policy.in_force(g.uow), sent=sent, error=error, columns=columns,
        activities=sorted(activities.items()), chosen=request.form.get("policy", ""), shown=SHOWN, **found,
    )  # fmt: skip


@blueprint.post("/logs")
@needs(WATCH)
@reads_only
@shows_again(_logs)
def audit_log() -> ResponseReturnValue:
    """Which operations of the log had no live approval; as long as it is not said what is what, what there is."""
    file = request.files.get("log")
    if file is None or not file.filename:
        raise InvalidPolicy(policy=request.form.get("policy", ""), expected=N_("a file"), found="-")
    held = next((one for one in policy.in_force(g.uow) if one.id == request.form.get("policy")), None)
    if held is None:
        asked = request.form.get("policy", "")
        raise InvalidPolicy(policy=asked, expected=N_("a policy that is in force"), found=asked)
    log = recorded.read(file.filename, file.read(), recorded.SENT)
    if not all(request.form.get(key, "").strip() for key in NEEDED):
        return _logs(log=log)
    reading = replay.read_mapping(yaml.safe_dump(_mapping()))
    return _logs(log=log, done=replay.replay(held, reading, log), held=held)


def _mapping() -> dict[str, Any]:
    """As `replay.read_mapping` reads it."""
    approvals: dict[str, list[str]] = {}
    for capability, activity in _pairs("approvals"):
        approvals.setdefault(capability, []).append(activity)
    return {
        **{key: request.form.get(key, "").strip() for key in USUAL}, "approvals": approvals,
        "rejections": _lines("rejections"), "operation": _lines("operation"), "facts": dict(_pairs("facts")),
    }  # fmt: skip


def _lines(name: str) -> list[str]:
    return [line.strip() for line in request.form.get(name, "").splitlines() if line.strip()]


def _pairs(name: str) -> list[tuple[str, str]]:
    """`name: text` in each line. Raises InvalidPolicy."""
    pairs = []
    for line in _lines(name):
        key, _, text = (part.strip() for part in line.partition(":"))
        if not key or not text:
            wanted = N_("a name, a colon and a text in each line")
            raise InvalidPolicy(policy=request.form.get("policy", ""), expected=wanted, found=line)
        pairs.append((key, text))
    return pairs
