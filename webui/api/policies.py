"""Policies: stated by one controller and put in force by another, proved, tried on drawings, logs and the past."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import Response, g, make_response
from werkzeug.datastructures import FileStorage

from engine import policy, repository
from engine.errors import N_, EngineError, InvalidPolicy, Listed, NotFound, Term
from engine.findings import Finding
from engine.policy import Policy, Version, recorded, replay, statement
from webui import findings, policy_names, policy_rows, policy_words
from webui.access import AUDIT, needs
from webui.api.blueprint import Blueprint
from webui.api.schemas import (
    ActivatedOut,
    ClearedPageOut,
    DrawingsIn,
    EmergencyOut,
    GrantPageOut,
    GrantsIn,
    HoldOut,
    LogAuditOut,
    LogIn,
    LogQuery,
    PaymentsIn,
    PolicyOut,
    ProofOut,
    ProposalIn,
    ProvedOut,
    ReasonIn,
    StaffingOut,
    StatedOut,
    WhatIfIn,
    WhatIfOut,
)
from webui.errors import words
from webui.transaction import reads_only

blueprint = Blueprint(
    "api_policies", __name__, url_prefix="/api/v1/policies", description="Policies, proofs and what is held"
)  # fmt: skip
READ = "policy|audit|process.design"
"""policies and their proofs, as on the pages: analysts are bound by them"""
WATCH = "policy|audit"
CONTROL = "policy"


class NoPolicyAbout(EngineError):
    """A class that no policy speaks about: nothing would be judged."""

    message = N_("Expected a policy about {on} to hold the log against, found policies about: {known}.")
    hint = N_("Name the class in `on`, or send the policies with the log.")
    status = 422


@blueprint.route("/", methods=["GET"])
@needs(READ)
@blueprint.response(200, PolicyOut(many=True))
def index() -> Any:
    """Every version in force or proposed, in sentences."""
    return [_version(one) for one in policy.all_versions(g.uow) if one.state != "retired"]


@blueprint.route("/export", methods=["GET"])
@needs(READ)
@blueprint.response(200, {"type": "string"}, content_type="application/yaml")
def export() -> Response:
    """The policies in force as YAML, which can be proposed."""
    response = make_response(policy.export(g.uow))
    response.content_type = "application/yaml; charset=utf-8"
    response.headers["Content-Disposition"] = "attachment; filename=policies.yml"
    return response


@blueprint.route("/<policy_id>/versions", methods=["GET"])
@needs(READ)
@blueprint.response(200, StatedOut(many=True))
def versions(policy_id: str) -> Any:
    """All versions of one policy with their statements, newest first."""
    found = policy.all_versions(g.uow, policy_id)
    if not found:
        raise NotFound(kind="policy", key=policy_id)
    return [_version(one) | {"statement": statement.write([one.policy])} for one in found]


# ---------------------------------------------------------------- the acts of two people


@blueprint.route("/what-if", methods=["POST"])
@needs(WATCH)
@reads_only
@blueprint.arguments(WhatIfIn)
@blueprint.response(200, WhatIfOut(many=True))
def foresee(asked: dict[str, Any]) -> Any:
    """What these policies would change: what they ask less, every process proved again, what ran judged again."""
    return [_what_if(one) for one in repository.what_if(g.uow, statement.read(asked["text"]), asked["days"])]


@blueprint.route("/", methods=["POST"])
@needs(CONTROL)
@blueprint.arguments(ProposalIn)
@blueprint.response(201, StatedOut(many=True))
def propose(sent: dict[str, Any]) -> Any:
    """Propose those that differ from what is in force; empty: none does. Another controller activates them."""
    for one in statement.read(sent["text"]):
        repository.check_enforced(one.id, one.on)
    made = policy.propose(g.uow, sent["text"], sent["reason"])
    return [_version(one) | {"statement": statement.write([one.policy])} for one in made]


@blueprint.route("/versions/<uuid:version_id>/what-if", methods=["GET"])
@needs(WATCH)
@blueprint.response(200, WhatIfOut)
def foresee_proposal(version_id: UUID) -> Any:
    """What a proposal would change today."""
    (found,) = repository.what_if(g.uow, [policy.version(g.uow, version_id).policy])
    return _what_if(found)


@blueprint.route("/versions/<uuid:version_id>/activate", methods=["POST"])
@needs(CONTROL)
@blueprint.response(200, ActivatedOut)
def activate(version_id: UUID) -> Any:
    """Put a proposal in force, as another person than its proposer; what does not prove any more is named."""
    done = repository.activate_policy(g.uow, version_id)
    return {
        "policy": _version(done.version),
        "unproved": [{"definition": one.definition, "findings": _said(one.findings)} for one in done.unproved],
        "not_provided": [one.capability for one in repository.wanting(g.uow, [done.version.policy])],
        "staffing": [words(*one.sentence) for one in repository.short_staffed(g.uow, [done.version.policy.id])],
    }  # fmt: skip


@blueprint.route("/versions/<uuid:version_id>/withdraw", methods=["POST"])
@needs(CONTROL)
@blueprint.arguments(ReasonIn)
@blueprint.response(204)
def withdraw(sent: dict[str, Any], version_id: UUID) -> None:
    """Take a proposal back, or turn down somebody else's."""
    policy.withdraw(g.uow, version_id, sent["reason"])


@blueprint.route("/versions/<uuid:version_id>/confirm", methods=["POST"])
@needs(CONTROL)
@blueprint.response(200, PolicyOut)
def confirm(version_id: UUID) -> Any:
    """Stand behind a policy that was shipped."""
    return _version(policy.confirm(g.uow, version_id))


@blueprint.route("/versions/<uuid:version_id>/review", methods=["POST"])
@needs(AUDIT)
@blueprint.response(200, PolicyOut)
def review(version_id: UUID) -> Any:
    """An auditor has seen that it became weaker."""
    return _version(policy.review(g.uow, version_id))


@blueprint.route("/<policy_id>/propose-retirement", methods=["POST"])
@needs(CONTROL)
@blueprint.arguments(ReasonIn)
@blueprint.response(200, PolicyOut)
def propose_retirement(sent: dict[str, Any], policy_id: str) -> Any:
    """Ask that it leaves, and say why. Another controller takes it out of force."""
    return _version(policy.propose_retirement(g.uow, policy_id, sent["reason"]))


@blueprint.route("/<policy_id>/withdraw-retirement", methods=["POST"])
@needs(CONTROL)
@blueprint.arguments(ReasonIn)
@blueprint.response(200, PolicyOut)
def withdraw_retirement(sent: dict[str, Any], policy_id: str) -> Any:
    """Take back that it should leave, or turn it down."""
    return _version(policy.withdraw_retirement(g.uow, policy_id, sent["reason"]))


@blueprint.route("/<policy_id>/retire", methods=["POST"])
@needs(CONTROL)
@blueprint.response(200, PolicyOut)
def retire(policy_id: str) -> Any:
    """Take out of force what somebody else has asked to."""
    return _version(policy.retire(g.uow, policy_id))


# ---------------------------------------------------------------- drawings and logs


@blueprint.route("/proofs", methods=["GET"])
@needs(READ)
@blueprint.response(200, ProofOut(many=True))
def proofs() -> Any:
    """Every process that can reach a guarded operation against every policy in force."""
    held = policy.in_force(g.uow)
    return [
        {
            "definition": one.definition, "classes": sorted(one.classes), "situations": one.states,
            "milliseconds": round(one.milliseconds, 1), "verdicts": {of.id: one.verdict(of) for of in held},
            "findings": _said(one.findings), "ways": [findings.steps(found) for found in one.findings],
        }
        for one in repository.proofs(g.uow)
    ]  # fmt: skip


@blueprint.route("/prove", methods=["POST"])
@needs(READ)
@reads_only
@blueprint.arguments(DrawingsIn, location="files")
@blueprint.response(200, ProvedOut(many=True))
def prove_files(sent: dict[str, Any]) -> Any:
    """Every process of these drawings against the policies in force, as if they were deployed now; nothing is."""
    held = policy.in_force(g.uow)
    return [
        {
            "file": one.file, "process": one.verdict.process, "word": one.verdict.word,
            "classes": sorted(one.verdict.classes), "verdicts": {of.id: one.verdict.about(of) for of in held},
            "findings": _said(one.verdict.findings), "ways": [findings.steps(found) for found in one.verdict.findings],
            "situations": one.verdict.states, "milliseconds": round(one.verdict.seconds * 1000, 1),
        }
        for one in repository.prove_files(g.uow, [(file.filename or "", file.read()) for file in sent["files"]])
    ]  # fmt: skip


@blueprint.route("/replay", methods=["POST"])
@needs(WATCH)
@reads_only
@blueprint.arguments(LogQuery, location="query")
@blueprint.arguments(LogIn, location="files")
@blueprint.response(200, LogAuditOut(many=True))
def replay_log(asked: dict[str, Any], sent: dict[str, Any]) -> Any:
    """A recorded log of any system against the policies about a class: operations that had no live approval."""
    log = recorded.read(sent["log"].filename or "", sent["log"].read(), recorded.SENT)
    reading = replay.read_mapping(_text(sent["columns"]))
    stated = policy.in_force(g.uow) if sent["policies"] is None else statement.read(_text(sent["policies"]))
    held = [one for one in stated if one.on == asked["on"]]
    if not held:
        raise NoPolicyAbout(on=Term("class", asked["on"]), known=Listed(Term("class", one.on) for one in stated))
    return [_log_audit(one, replay.replay(one, reading, log)) for one in held]


# ---------------------------------------------------------------- what is held, alive and done


@blueprint.route("/staffing", methods=["GET"])
@needs(WATCH)
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
@needs(WATCH)
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
@needs(WATCH)
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
@needs(WATCH)
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


# ---------------------------------------------------------------- private


def _version(one: Version) -> dict[str, Any]:
    return {
        "id": one.id, "policy": one.policy.id, "title": policy_names.titled(one.policy.title), "on": one.policy.on,
        "enforced": one.policy.on in policy.enforced(), "version": one.number, "state": one.state,
        "source": one.source, "confirmed": one.confirmed, "weakens": one.weakens,
        "weaker": [words(*said) for said in one.differences], "reason": one.reason, "valid_from": one.valid_from,
        "valid_to": one.valid_to, "proposed_by": one.proposed_by, "approved_by": one.approved_by,
        "confirmed_by": one.confirmed_by, "reviewed_by": one.reviewed_by, "retired_by": one.retired_by,
        "retire_reason": one.retire_reason, "sentences": policy_words.sentences(one.policy),
        "unknown_names": _said(policy.unknown_names(g.uow, one.policy)),
    }  # fmt: skip


def _what_if(found: repository.WhatIf) -> dict[str, Any]:
    return {
        "policy": found.wanted.id, "same": found.same, "weaker": [words(*said) for said in found.weaker],
        "before": [] if found.before is None else policy_words.sentences(found.before),
        "after": policy_words.sentences(found.wanted), "unknown_names": _said(found.unknown), "days": found.days,
        "processes": [
            {
                "definition": proof.definition, "now": now, "then": then, "findings": _said(proof.findings),
                "ways": [findings.steps(one) for one in proof.findings],
            }
            for proof, now, then in found.turned
        ],
        "ran": len(found.past),
        "held": [
            {
                "clearance_id": one.clearance_id, "instance_id": one.instance_id, "operation": one.operation,
                "subject_type": one.subject_type, "subject_id": one.subject_id, "amount": str(one.amount),
                "currency": one.currency, "cleared_at": one.cleared_at,
                "reasons": [words(*said) for said in one.reasons],
            }
            for one in found.held
        ],
    }  # fmt: skip


def _log_audit(of: Policy, done: replay.Audit) -> dict[str, Any]:
    return {
        "policy": of.id, "title": policy_names.titled(of.title), "cases": done.cases, "events": done.events,
        "operations": done.operations, "unmatched": done.unmatched,
        "flagged": [
            {"case": one.case, "at": one.at, "reasons": [words(*said) for said in one.reasons]} for one in done.flagged
        ],
    }  # fmt: skip


def _said(found: Iterable[Finding]) -> list[str]:
    return [words(one.message, one.facts) for one in found]


def _text(sent: FileStorage) -> str:
    try:
        return sent.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidPolicy(policy="?", expected=N_("YAML in UTF-8"), found=sent.filename or "-") from None
