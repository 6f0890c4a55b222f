"""Recorded logs of any system held against a policy: what the file holds is offered, to say what it means."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import escape

from flask import g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import feel, policy
from engine.errors import N_, EngineError, InvalidPolicy
from engine.feel import nodes as n
from engine.feel.trees import every
from engine.policy import Policy, recorded, replay
from engine.policy.recorded import Log
from webui import datafile, policy_names, serving
from webui.access import needs
from webui.errors import words
from webui.policies import WATCH, blueprint
from webui.rendering import page
from webui.transaction import reads_only, shows_again

SHOWN = 200
"""cases, and activities, on the page"""
COLUMNS = {
    "case": ("case:concept:name", "case", "case_id", "Case ID"),
    "time": ("time:timestamp", "timestamp", "time", "Complete Timestamp"),
    "activity": ("concept:name", "activity", "Activity"),
    "person": ("org:resource", "resource", "person", "Resource"),
}  # fmt: skip
"""what a column means -> names that it mostly has"""
NEEDED = {"case": N_("the column of the case"), "time": N_("the column of the time"),
          "activity": N_("the column of the activity")}  # fmt: skip
APPROVES, OPERATION, REJECTS, FACT = "approves.", "operation", "rejects", "fact."
"""names of fields: of what an activity does, and of the column that holds a fact"""


@dataclass(frozen=True, slots=True)
class Offered:
    """What a log and a policy offer. `columns`: what is chosen, or guessed; `activities`: the most frequent, with how
    often; `more`: how many others there are; `means`: fields of what an activity may be, with their words; `facts`:
    those of which approvals depend, with the column that is chosen."""

    held: Policy
    log: Log
    columns: dict[str, str]
    activities: list[tuple[str, int]]
    more: int
    means: dict[str, str]
    facts: dict[str, str]

    def chosen(self, field: str) -> list[str]:
        """The activities that are ticked, of those that there are."""
        ticked = request.form.getlist(field)
        return [name for name, _ in self.activities if name in ticked]

    def kept(self) -> list[tuple[str, str]]:
        """What was said of activities and facts that another policy, file or column has: it counts again with that."""
        listed = {name for name, _ in self.activities}
        return [
            (field, value) for field, values in request.form.lists() for value in values
            if (field.startswith(FACT) and field not in {FACT + name for name in self.facts})
            or (field.startswith((APPROVES, OPERATION, REJECTS)) and not (field in self.means and value in listed))
        ]  # fmt: skip


@blueprint.get("/logs")
@needs(WATCH)
def logs() -> ResponseReturnValue:
    """What a log is held against."""
    return _logs()


def _logs(error: EngineError | None = None, done: replay.Audit | None = None) -> ResponseReturnValue:
    offered: Offered | None = g.get("offered")
    return page(
        "policies/logs.html", policies=policy.in_force(g.uow), error=error, offered=offered, done=done, shown=SHOWN,
        chosen=request.values.get("policy", ""), judged=done is not None, lines=done.flagged[:SHOWN] if done else (),
    )  # fmt: skip


@blueprint.post("/logs")
@needs(WATCH)
@reads_only
@shows_again(_logs)
def audit_log() -> ResponseReturnValue:
    """What a log holds, to say what it means; with `do` its operations without a live approval, or all as a file.

    The file is not kept.
    """
    held = next((one for one in policy.in_force(g.uow) if one.id == request.form.get("policy")), None)
    if held is None:
        asked = request.form.get("policy", "")
        raise InvalidPolicy(policy=asked, expected=N_("a policy that is in force"), found=asked)
    file = request.files.get("log")
    if file is None or not file.filename:
        if "do" not in request.form:  # a script asks what the file holds, and none is chosen yet
            return _logs()
        raise InvalidPolicy(policy=held.id, expected=N_("a file"), found="-")
    g.offered = offered = _offered(held, recorded.read(file.filename, file.read(), recorded.SENT))
    if request.form.get("do") not in ("judge", "sheet"):
        return _logs()
    done = replay.replay(held, _reading(offered), offered.log)
    if request.form["do"] == "sheet":
        return serving.file(datafile.as_csv(_sheet(done)), f"{held.id}-{g.now:%Y-%m-%d}.csv", "text/csv")
    return _logs(done=done)


def _offered(held: Policy, log: Log) -> Offered:
    columns = {key: _column(key, log.columns, names) for key, names in COLUMNS.items()}
    counted = Counter(row.get(columns["activity"]) or "" for _, row in log.rows) if columns["activity"] else Counter()
    counted.pop("", None)
    listed = counted.most_common(SHOWN)
    means = {APPROVES + need.approval: policy_names.approval(need) for need in held.approvals}
    means |= {OPERATION: policy_names.event(held.on), REJECTS: gettext("rejects")}
    facts = {name: _column(FACT + name, log.columns, (name,)) for name in _asked(held)}
    return Offered(held, log, columns, sorted(listed), len(counted) - len(listed), means, facts)


def _column(field: str, columns: Sequence[str], names: Sequence[str]) -> str:
    """The one that is chosen; while nothing is, one that is mostly called so."""
    if field in request.form:
        return request.form[field] if request.form[field] in columns else ""
    return next((name for name in names if name in columns), "")


def _asked(held: Policy) -> list[str]:
    """The facts on which it depends which approvals a policy asks for."""
    conditions = [held.when, *(need.when for need in held.approvals)]
    found = [
        node.name for text in conditions if text is not None
        for node in every(feel.compile(text, names=("facts",)).tree)
        if isinstance(node, n.Path) and isinstance(node.source, n.Name) and node.source.name == "facts"
    ]  # fmt: skip
    return list(dict.fromkeys(found))


def _reading(offered: Offered) -> replay.Reading:
    """Raises InvalidPolicy for what nobody has said yet."""
    for key, wanted in NEEDED.items():
        if not offered.columns[key]:
            raise InvalidPolicy(policy=offered.held.id, expected=wanted, found=N_("none"))
    if not offered.chosen(OPERATION):
        raise InvalidPolicy(policy=offered.held.id, expected=N_("an activity that is the operation"), found=N_("none"))
    does = {field: tuple(map(escape, offered.chosen(field))) for field in offered.means}
    return replay.Reading(
        **{key: offered.columns[key] for key in COLUMNS}, operation=does[OPERATION], rejections=does[REJECTS],
        approvals={field.removeprefix(APPROVES): does[field] for field in does if field.startswith(APPROVES)},
        facts={name: column for name, column in offered.facts.items() if column},
    )  # fmt: skip


def _sheet(done: replay.Audit) -> Iterator[list[str]]:
    yield [gettext("Case"), gettext("Time"), gettext("Result"), gettext("Reasons")]
    for one in done.judged:
        result = gettext("not as the policy asks") if one.reasons else gettext("as the policy asks")
        yield [one.case, one.at.isoformat(), result, " ".join(words(*said) for said in one.reasons)]
