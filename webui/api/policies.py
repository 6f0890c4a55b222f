"""Policies as they stand, what they prove and hold, and the people of today: for reading only."""

from typing import Any

from flask import g

from engine import policy, repository
from webui import policy_words
from webui.access import needs
from webui.api.blueprint import Blueprint
from webui.api.schemas import HoldOut, PolicyOut, ProofOut, StaffingOut
from webui.errors import words

blueprint = Blueprint(
    "api_policies", __name__, url_prefix="/api/v1/policies", description="Policies, proofs and what is held"
)  # fmt: skip


@blueprint.route("/", methods=["GET"])
@needs("policy|audit|process.design")
@blueprint.response(200, PolicyOut(many=True))
def index() -> Any:
    """Every version in force or proposed, in sentences."""
    return [
        {
            "id": one.id, "policy": one.policy.id, "title": one.policy.title, "on": one.policy.on,
            "version": one.number, "state": one.state, "source": one.source, "confirmed": one.confirmed,
            "weakens": one.weakens,
            "weaker": [words(text, facts) for text, facts in one.differences], "valid_from": one.valid_from,
            "sentences": policy_words.sentences(one.policy),
        }
        for one in policy.all_versions(g.uow) if one.state != "retired"
    ]  # fmt: skip


@blueprint.route("/proofs", methods=["GET"])
@needs("policy|audit|process.design")
@blueprint.response(200, ProofOut(many=True))
def proofs() -> Any:
    """Every process that can reach a guarded operation against every policy in force."""
    held = policy.in_force(g.uow)
    return [
        {
            "definition": one.definition, "classes": sorted(one.classes), "situations": one.states,
            "milliseconds": round(one.milliseconds, 1), "verdicts": {of.id: one.verdict(of) for of in held},
            "findings": [words(found.message, found.facts) for found in one.findings],
        }
        for one in repository.proofs(g.uow)
    ]  # fmt: skip


@blueprint.route("/staffing", methods=["GET"])
@needs("policy|audit")
@blueprint.response(200, StaffingOut(many=True))
def staffing() -> Any:
    """Who of today's people is indispensable, or could approve for himself."""
    since = repository.staffed_since(g.uow)
    return [
        {"policy": one.policy, "kind": one.kind, "sentence": words(*one.sentence), "people": one.people,
         "since": since.get(one.mark)}
        for one in repository.staffing(g.uow)
    ]  # fmt: skip


@blueprint.route("/holds", methods=["GET"])
@needs("policy|audit")
@blueprint.response(200, HoldOut(many=True))
def holds() -> Any:
    """What is held now, the oldest first, with its reasons."""
    return [
        {
            "job_id": one.job_id, "instance_id": one.instance_id, "element": one.node, "operation": one.operation,
            "operation_class": one.operation_class, "subject_type": one.subject_type, "subject_id": one.subject_id,
            "reasons": [words(text, facts) for text, facts in one.reasons], "times": one.times, "held_at": one.held_at,
            "escalated_at": one.escalated_at,
        }
        for one in policy.open_holds(g.uow)
    ]  # fmt: skip
