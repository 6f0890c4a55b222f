"""Which rules of a file of decisions the scenarios of its askers go through."""

from typing import Any

from flask import jsonify, url_for
from flask.typing import ResponseReturnValue

from engine import dmn
from engine.dmn.model import DecisionTable
from engine.errors import DeploymentRefused, NotFound
from engine.scenarios.lasting import Played
from webui import errors
from webui.designer import decision_uses
from webui.designer.blueprint import designer
from webui.designer.decision_files import content_of, file_of_decisions, ids_of
from webui.designer.play import installation, reading
from webui.designer.scenarios import played
from webui.transaction import own_transactions


@designer.post("/decisions/scenarios/<key>")
@own_transactions
def cover_decision(key: str) -> ResponseReturnValue:
    """Run all scenarios of every process that asks the file, with the saved drafts. `rules`: id -> whether one of them
    fires it, of tables that a process asks; `processes`: what came of its scenarios.
    """
    with reading(installation()):
        askers, tables = _asked(key)
    fired: dict[str, set[int]] = {}
    told = []
    for process, name in askers.items():
        ran, problem = _run(process)
        told.append(_told(process, name, ran, problem))
        for decision, part in (ran.covered.rules if ran is not None else {}).items():
            fired.setdefault(decision, set()).update(int(number) for number in part.covered)
    rules = {
        rule: number in fired[decision]
        for decision, ids in tables.items() if decision in fired for number, rule in enumerate(ids, 1)
    }  # fmt: skip
    return jsonify(rules=rules, processes=told)


def _asked(key: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Processes by key, and the rules of each table."""
    file = file_of_decisions(key)
    if file is None:
        raise NotFound(kind="decision", key=key)
    askers = {one.process.key: one.process.name for one in decision_uses.asking(ids_of(file))}
    model = dmn.read(content_of(file), file.path).model
    tables = {
        decision.id: [rule.id or "" for rule in decision.logic.rules]
        for decision in (model.decisions if model is not None else ()) if isinstance(decision.logic, DecisionTable)
    }  # fmt: skip
    return askers, tables


def _run(process: str) -> tuple[Played | None, str]:
    try:
        return played(process), ""
    except DeploymentRefused as refused:
        with reading(installation()):
            first = refused.findings[0]
            return None, errors.words(first.message, first.facts)


def _told(process: str, name: str, ran: Played | None, problem: str) -> dict[str, Any]:
    number, failed = (len(ran.results), len(ran.failed)) if ran is not None else (0, 0)
    return {
        "name": name, "address": url_for(".scenario_list", key=process), "problem": problem, "number": number,
        "failed": failed,
    }  # fmt: skip
