"""Policies: what must hold before money moves, stated by two people, proved on the drawings, and what it has held."""

from uuid import UUID

from flask import Blueprint, current_app, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import identity, operations, policy, repository
from engine.errors import N_, EngineError, InvalidPolicy, NotFound
from engine.policy import Policy, Version, statement
from engine.repository import DefinitionInfo
from webui import findings, operation_names, policy_names, policy_rows
from webui import policy_words as words
from webui.access import guard, may_read, needs
from webui.errors import words as say
from webui.policies import editing, shapes
from webui.rendering import as_script_data, label, page
from webui.transaction import shows_again

blueprint = Blueprint("policies", __name__, url_prefix="/policies")
guard(blueprint, "policy")
READ = "policy|audit|process.design"
"""policies and their proofs: controllers, auditors, and analysts, who are bound by them"""
WATCH = "policy|audit"
"""documents, people and amounts: what is held, whose approvals are alive, what was let through, who is alone"""
SHOWN = 20
"""of what would be held, on the page that asks what if"""


@blueprint.get("/")
@needs(READ)
def index() -> ResponseReturnValue:
    """Those in force with how far they are proved, the proposals, and what waits for somebody."""
    versions = policy.all_versions(g.uow)
    found = repository.proofs(g.uow)
    active = [one for one in versions if one.state == "active"]
    coverage = {one.id: _coverage(found, one.policy) for one in active}
    return page(
        "policies/index.html", active=active, proposed=[one for one in versions if one.state == "proposed"],
        coverage=coverage, people=_people(versions), said=words, to_review=policy.to_review(g.uow),
        waiting=_waiting() if may_read(WATCH) else None, embedded=g.uow.dialect == "sqlite",
        unpoliced=_unpoliced(active), responses=policy.responses(g.uow),
        unknown={one.id: policy.unknown_names(g.uow, one.policy) for one in active},
    )  # fmt: skip


@blueprint.get("/<policy_id>")
@needs(READ)
def one(policy_id: str) -> ResponseReturnValue:
    """A policy in sentences and as YAML, its versions, and every process it speaks about."""
    versions = _versions(policy_id)
    shown = next((one for one in versions if one.state == "active"), versions[0])
    proofs = [one for one in repository.proofs(g.uow) if shown.policy.on in one.classes]
    return page(
        "policies/one.html", shown=shown, versions=versions, people=_people(versions), said=words, proofs=proofs,
        text=editing.text_of(shown.policy), wanting=g.reader.id, responses=policy.responses(g.uow, [shown.policy]),
        unknown=policy.unknown_names(g.uow, shown.policy),
        unprovided=[policy_names.capability(one.capability) for one in repository.wanting(g.uow, [shown.policy])],
    )  # fmt: skip


def _new(error: EngineError | None = None) -> ResponseReturnValue:
    return page(
        "policies/new.html", classes=_classes(), enforced=policy.enforced(), error=error, sent=request.args,
        stated=[one.on for one in policy.in_force(g.uow)],
    )  # fmt: skip


@blueprint.get("/new")
@shows_again(_new)
def new() -> ResponseReturnValue:
    """The number of a policy and what it speaks about; its form comes next."""
    policy_id, on = (request.args.get(key, "").strip() for key in ("policy", "on"))
    if not policy_id or not on:
        return _new()
    _check_number(policy_id)
    repository.check_enforced(policy_id, on)
    if policy.all_versions(g.uow, policy_id):
        raise InvalidPolicy(policy=policy_id, expected=N_("a number that no policy has"), found=policy_id)
    return redirect(url_for(".change", policy_id=policy_id, on=on), 303)


@blueprint.get("/<policy_id>/change")
def change(policy_id: str) -> ResponseReturnValue:
    """The form, or the YAML, of a new version."""
    now, _ = _now(policy_id)
    if now is None:
        return _editor(policy_id, sent=editing.empty())
    if request.args.get("view") == "yaml":
        return _editor(policy_id, text=editing.text_of(now.policy))
    return _edited(policy_id, now.policy)


def _edited(policy_id: str, stated: Policy) -> ResponseReturnValue:
    """The form of a statement; its YAML where the form cannot say all of it."""
    if editing.shows_all(stated):
        return _editor(policy_id, sent=editing.fields_of(stated), on=stated.on)
    return _editor(policy_id, text=editing.text_of(stated), beyond=True, on=stated.on)


def _editor(
    policy_id: str, error: EngineError | None = None, *, sent: editing.Fields | None = None, text: str | None = None,
    beyond: bool = False, on: str = "",
) -> ResponseReturnValue:  # fmt: skip
    """What was refused is shown again as it was typed. `beyond`: the form cannot say all of it."""
    now, asked = _now(policy_id)
    on = on or asked
    if error is not None:
        text = request.form.get("text") if request.form.get("view") == "yaml" else None
        sent = request.form if text is None else None
    return page(
        "policies/change.html", policy_id=policy_id, now=now, on=on, sent=sent, text=text, error=error, beyond=beyond,
        said=words, edit=editing, facts=editing.facts_of(on, sent or editing.Fields()),
        reason=request.form.get("reason", ""), capabilities=policy_names.capabilities(), shapes=shapes,
        values=policy_names.choice_of_values(),
    )  # fmt: skip


@blueprint.post("/<policy_id>/change")
@shows_again(lambda error, policy_id: _editor(policy_id, error))
def propose(policy_id: str) -> ResponseReturnValue:
    """First what the change would do is shown; the second time it is proposed. Form and YAML turn into each other."""
    now, on = _now(policy_id)
    text = request.form.get("text") if request.form.get("view") == "yaml" else None
    sent = editing.folded(policy_id, on, editing.Fields(request.form)) if text is None else request.form
    if text is None and request.form.get("more"):
        return _editor(policy_id, sent=editing.with_line(editing.Fields(sent), request.form["more"]))
    if text is None and request.form.get("less"):
        return _editor(policy_id, sent=editing.without_line(policy_id, editing.Fields(sent), request.form["less"]))
    text = editing.from_form(policy_id, on, sent) if text is None else text
    if request.form.get("to") == "yaml":
        return _editor(policy_id, text=text)
    read = statement.read(text)
    if len(read) != 1 or read[0].id != policy_id:
        raise InvalidPolicy(policy=policy_id, expected=N_("this policy alone"), found=", ".join(one.id for one in read))
    policy.check_class(now.policy if now else None, read[0])
    if request.form.get("to") == "form":
        return _edited(policy_id, read[0])
    if request.form.get("sure") != "yes":
        return _impact(read[0], text)
    made = policy.propose(g.uow, text, request.form.get("reason", ""))
    if made:
        flash(gettext("The version is proposed. Somebody else puts it in force."), "success")
    else:
        flash(gettext("Nothing differs from what is in force."), "info")
    return redirect(url_for(".one", policy_id=policy_id), 303)


@blueprint.get("/versions/<uuid:version_id>/impact")
@needs(WATCH)
def foresee(version_id: UUID) -> ResponseReturnValue:
    """What a proposal would do today, for whoever decides about it: time has passed since it was proposed."""
    found = policy.version(g.uow, version_id)
    return _impact(found.policy, editing.text_of(found.policy), found)


def _impact(wanted: Policy, text: str, proposal: Version | None = None) -> ResponseReturnValue:
    """`proposal`: the version that says so already; None: it is about to be proposed."""
    (found,) = repository.what_if(g.uow, [wanted])
    return page(
        "policies/impact.html", found=found, text=text, reason=request.form.get("reason", ""), proposal=proposal,
        before=[] if found.before is None else words.sentences(found.before), after=words.sentences(wanted),
        known=bool(policy.all_versions(g.uow, wanted.id)), wanting=g.reader.id, shown=SHOWN,
        requests=policy_rows.requests(g.uow, [one.instance_id for one in found.held[:SHOWN]]),
    )  # fmt: skip


@blueprint.post("/versions/<uuid:version_id>/activate")
def activate(version_id: UUID) -> ResponseReturnValue:
    """The second person puts a proposal in force; what does not prove any more is named."""
    done = repository.activate_policy(g.uow, version_id)
    flash(gettext("%(policy)s is in force.", policy=policy_names.policy_(done.version.name)), "success")
    for lost in done.unproved:
        process = label(lost.definition.meta.get("labels"), lost.definition.name)
        flash(gettext("%(process)s does not prove any more.", process=process), "warning")
    for one in repository.wanting(g.uow, [done.version.policy]):
        flash(gettext("No task of a deployed process provides '%(capability)s': what needs it is held.",
                      capability=policy_names.capability(one.capability)), "warning")  # fmt: skip
    for found in repository.short_staffed(g.uow, [done.version.policy.id]):
        flash(say(*found.sentence), "warning")
    return redirect(url_for(".one", policy_id=done.version.policy.id), 303)


@blueprint.post("/versions/<uuid:version_id>/withdraw")
def withdraw(version_id: UUID) -> ResponseReturnValue:
    """A proposal is taken back, or turned down."""
    found = policy.version(g.uow, version_id)
    policy.withdraw(g.uow, version_id, request.form.get("reason", ""))
    flash(gettext("The proposal is withdrawn."), "success")
    return redirect(url_for(".one", policy_id=found.policy.id), 303)


@blueprint.post("/versions/<uuid:version_id>/confirm")
def confirm(version_id: UUID) -> ResponseReturnValue:
    """Somebody stands behind a policy that was shipped."""
    found = policy.confirm(g.uow, version_id)
    flash(gettext("%(policy)s is confirmed.", policy=policy_names.policy_(found.name)), "success")
    return redirect(url_for(".one", policy_id=found.policy.id), 303)


@blueprint.post("/versions/<uuid:version_id>/review")
@needs("audit")
def review(version_id: UUID) -> ResponseReturnValue:
    """An auditor has seen that it became weaker."""
    found = policy.review(g.uow, version_id)
    flash(gettext("You have seen that %(policy)s became weaker.", policy=policy_names.policy_(found.name)), "success")
    return redirect(url_for(".one", policy_id=found.policy.id), 303)


@blueprint.post("/<policy_id>/propose-retirement")
def propose_retirement(policy_id: str) -> ResponseReturnValue:
    """The first person asks that it leaves, with a reason."""
    policy.propose_retirement(g.uow, policy_id, request.form.get("reason", ""))
    flash(gettext("Somebody else takes it out of force."), "success")
    return redirect(url_for(".one", policy_id=policy_id), 303)


@blueprint.post("/<policy_id>/withdraw-retirement")
def withdraw_retirement(policy_id: str) -> ResponseReturnValue:
    """That it leaves is taken back, or turned down."""
    policy.withdraw_retirement(g.uow, policy_id)
    flash(gettext("%(policy)s stays in force.", policy=policy_names.policy_(policy_id)), "success")
    return redirect(url_for(".one", policy_id=policy_id), 303)


@blueprint.post("/<policy_id>/retire")
def retire(policy_id: str) -> ResponseReturnValue:
    """The second one takes it out of force."""
    policy.retire(g.uow, policy_id)
    flash(gettext("%(policy)s is out of force.", policy=policy_names.policy_(policy_id)), "success")
    return redirect(url_for(".one", policy_id=policy_id), 303)


@blueprint.get("/proofs")
@needs(READ)
def proofs() -> ResponseReturnValue:
    """Every process that can reach a guarded operation against every policy, with the way round where there is one."""
    held = policy.in_force(g.uow)
    return page("policies/proofs.html", policies=held, found=repository.proofs(g.uow), said=words)


@blueprint.get("/proofs/<uuid:definition_id>")
@needs(READ)
def proof(definition_id: UUID) -> ResponseReturnValue:
    """One process: each way round, played on its drawing step by step."""
    found = repository.proof(g.uow, definition_id)
    source = repository.source(g.uow, definition_id).decode()
    walks = [as_script_data({"xml": source, "walk": findings.steps(one)}) for one in found.findings]
    return page(
        "policies/proof.html", policies=policy.in_force(g.uow), proof=found, said=words,
        walked=list(zip(found.findings, walks, strict=True)),
    )  # fmt: skip


@blueprint.get("/operations")
@needs(READ)
def catalogue() -> ResponseReturnValue:
    """Every operation with its class, the guarded ones first, policies about it and steps that call it."""
    stated: dict[str, list[str]] = {}
    for one in policy.in_force(g.uow):
        stated.setdefault(one.on, []).append(one.id)
    found = sorted(operations.catalog().values(), key=lambda one: (one.guarded_by is None, one.name))
    return page(
        "policies/operations.html",
        found=found,
        stated=stated,
        must=policy.MUST_BE_POLICED,
        steps=_steps(),
        item=operation_names.item,
    )


def _steps() -> dict[str, list[tuple[DefinitionInfo, str, str]]]:
    """Operation -> (process, element, its name) of the newest versions that call it."""
    found: dict[str, list[tuple[DefinitionInfo, str, str]]] = {}
    for info in repository.latest_all(g.uow):
        program = repository.program(g.uow, info.id)
        for use in program.operations():
            node = program.nodes[use.element]
            found.setdefault(use.type, []).append((info, node.id, label(node.labels, node.name) or node.id))
    return found


@blueprint.get("/duties")
@needs(WATCH)
def duties() -> ResponseReturnValue:
    """Who may not be whom, policy by policy, and who of today's people is indispensable or his own judge."""
    held = policy.in_force(g.uow)
    found = sorted(repository.staffing(g.uow), key=lambda one: policy.STAFFING.index(one.kind))
    return page(
        "policies/duties.html", policies=held, roles=policy_names.ROLES,
        staffing={one.id: [said for said in found if said.policy == one.id] for one in held},
        since=repository.staffed_since(g.uow), unknown=policy.NOT_KNOWN, shown=SHOWN,
    )  # fmt: skip


def _waiting() -> dict[str, int]:
    """How much is held, and answered for in an emergency that is not closed."""
    opened = [one for one in policy.emergencies(g.uow) if one.state in ("asked", "signed")]
    return {"holds": len(policy.open_holds(g.uow)), "emergencies": len(opened)}


def _versions(policy_id: str) -> list[Version]:
    found = policy.all_versions(g.uow, policy_id)
    if not found:
        raise NotFound(kind="policy", key=policy_id)
    return found


def _now(policy_id: str) -> tuple[Version | None, str]:
    """What a new version is compared with, the one in force, else the newest, else none; and its class."""
    versions = policy.all_versions(g.uow, policy_id)
    if versions:
        found = next((one for one in versions if one.state == "active"), versions[0])
        return found, found.policy.on
    _check_number(policy_id)
    if (on := request.values.get("on", "")) not in _classes():
        raise NotFound(kind="policy", key=policy_id)
    repository.check_enforced(policy_id, on)
    return None, on


def _check_number(policy_id: str) -> None:
    """Raise InvalidPolicy for one under which no policy could be found."""
    statement.check_id(policy_id)
    if any(rule.rule == f"{blueprint.url_prefix}/{policy_id}" for rule in current_app.url_map.iter_rules()):
        wanted = N_("a number that is no page of its own already, such as PAY-002")
        raise InvalidPolicy(policy=policy_id, expected=wanted, found=policy_id)


def _classes() -> list[str]:
    return [*statement.CLASSES, *sorted(policy.enforced() - statement.CLASSES.keys())]


def _people(versions: list[Version]) -> dict[UUID, str]:
    keys = {
        key for one in versions
        for key in (one.proposed_by, one.approved_by, one.confirmed_by, one.reviewed_by, one.retired_by)
    }  # fmt: skip
    return {key: policy_names.titled(name) for key, name in identity.names(g.uow, keys).items()}


def _coverage(found: list[repository.Proof], of: Policy) -> list[tuple[str, int]]:
    """How many processes have which verdict, the worst first."""
    verdicts = [policy_names.verdict(one, of) for one in found]
    return [(name, verdicts.count(name)) for name in policy_names.VERDICTS if name != "none" and name in verdicts]


def _unpoliced(active: list[Version]) -> list[str]:
    """Classes that must be policed and are not: every such call is held."""
    offered = {one.guarded_by for one in operations.catalog().values()}
    return [
        policy_names.event(one)
        for one in sorted((policy.MUST_BE_POLICED & offered) - {one.policy.on for one in active})
    ]
