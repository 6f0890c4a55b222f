"""Policies as they stand, what they prove and hold, and the people of today: for reading only."""

from typing import Any

from flask import g

from engine import policy, repository
from webui import findings, policy_names, policy_rows, policy_words
from webui.access import needs
from webui.api.blueprint import Blueprint
from webui.api.schemas import (
    ClearedPageOut,
    EmergencyOut,
    GrantPageOut,
    GrantsIn,
    HoldOut,
    PaymentsIn,
    PolicyOut,
    ProofOut,
    StaffingOut,
)
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
            "id": one.id, "policy": one.policy.id, "title": policy_names.titled(one.policy.title), "on": one.policy.on,
            "version": one.number, "state": one.state, "source": one.source, "confirmed": one.confirmed,
            "weakens": one.weakens,
            "weaker": [words(text, facts) for text, facts in one.differences], "valid_from": one.valid_from,
            "sentences": policy_words.sentences(one.policy),
            "unknown_names": [words(found.message, found.facts) for found in policy.unknown_names(g.uow, one.policy)],
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
            "ways": [findings.steps(found) for found in one.findings],
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
         "since": one.since(since)}
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


@blueprint.route("/grants", methods=["GET"])
@needs("policy|audit")
@blueprint.arguments(GrantsIn, location="query")
@blueprint.response(200, GrantPageOut)
def grants(asked: dict[str, Any]) -> Any:
    """Approvals, newest first: whose, for which document, and what became of them."""
    found, following = policy_rows.grants(g.uow, **asked)
    listed = [
        {
            "id": one.id, "instance_id": one.instance_id, "number": one.number, "element": one.node,
            "capability": one.capability, "account_id": one.account_id, "name": one.who,
            "on_behalf_of": one.on_behalf_of_id, "source": one.source, "subject_type": one.subject_type,
            "subject_id": one.subject_id, "facts": one.facts, "state": one.state, "state_reason": one.state_reason,
            "uses": one.uses, "granted_at": one.granted_at, "expires_at": one.expires_at,
        }
        for one in found
    ]  # fmt: skip
    return {"grants": listed, "next": following}


@blueprint.route("/payments", methods=["GET"])
@needs("policy|audit")
@blueprint.arguments(PaymentsIn, location="query")
@blueprint.response(200, ClearedPageOut)
def payments(asked: dict[str, Any]) -> Any:
    """Guarded operations that were let through, newest first, with the approvals that each has used."""
    found, following = policy_rows.cleared(g.uow, **asked)
    listed = []
    for one in found:
        row = one["row"]
        approved = [
            {"name": by.name, "requirement": by.requirement, "source": by.source, "granted_at": by.granted_at}
            for by in one["approved"]
        ]
        listed.append({
            "id": row.id, "instance_id": row.instance_id, "number": row.number, "operation": row.operation,
            "subject_type": row.subject_type, "subject_id": row.subject_id, "amount": str(row.amount),
            "currency": row.currency, "payee": row.payee_id, "policies": row.policy_versions or row.policies,
            "cleared_at": row.cleared_at, "payment_id": one["payment"], "approved_by": approved,
        })  # fmt: skip
    return {"payments": listed, "next": following}


@blueprint.route("/emergencies", methods=["GET"])
@needs("")
@blueprint.response(200, EmergencyOut(many=True))
def emergencies() -> Any:
    """Broken glass, newest first: all of it for controllers and auditors, for others what they may sign."""
    return policy_rows.emergencies(g.uow, g.reader)[0]
