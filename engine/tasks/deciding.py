"""What a person does with an approval: agree, reject. And the closing lines that every decision shares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update

from engine import audit, bpmn, forms, history, pickers, policy, reasons, runtime, uploads
from engine.approvals import copies, rounds, timeouts
from engine.approvals.carrying import click_of
from engine.approvals.ledger import Outcome, progress
from engine.approvals.ledger import decide as count
from engine.approvals.rounds import Closing, RoundOutcome
from engine.db.task import ItemDecision, ItemKind, ItemStatus, RoundStatus, Source, work_item
from engine.errors import ActNotOffered, OpinionRequired, SeparationOfDuties, UnknownField
from engine.identity import names
from engine.policy import Document, Yes
from engine.runtime import returning as back
from engine.tasks import choosing, opening, returning, seeing, signatures
from engine.tasks.opening import Act
from engine.tasks.signatures import Sent
from engine.unit_of_work import UnitOfWork
from engine.values import Value, Values, blank, stored_json

CONFIRMED_WITHIN = timedelta(days=1)
"""in which the principal confirms what his substitute has decided, where the substitution says that he does"""
LARGEST_CHANGE = 4000
"""characters of an old and a new value together, beyond which the record only says that the field was written"""

_set_status = update(work_item).where(work_item.c.id == bindparam("item_id"))
_decide = update(work_item).where(work_item.c.id == bindparam("item_id"), work_item.c.status == int(ItemStatus.TODO))


@dataclass(frozen=True, slots=True)
class Acted:
    """What a decision did. `outcome`: agree | reject | handled when it closed the round, None while others vote."""

    instance_id: UUID
    work_item_id: UUID
    outcome: str | None
    repeated: bool = False
    incident_id: UUID | None = None
    """a rejection should have gone back, but what must be true afterwards was not: nothing was done"""


def agree(
    uow: UnitOfWork,
    work_item_id: UUID,
    fields: Mapping[str, Any] | None = None,
    opinion: str = "",
    *,
    approvers: Mapping[str, Sequence[Any]] | None = None,
    seen_digest: str | None = None,
    version: int | None = None,
    idempotency_key: str | None = None,
    signature: Sent | None = None,
) -> Acted:
    """同意. `seen_digest`: what the page showed; differs by now: ContentChanged. "": nothing was shown, which does
    not do for a document that the yes binds; None: nobody could be shown anything. `approvers`: people by element id,
    for later nodes that ask whom the approver before them chooses.

    Raises AlreadyDecided, NotYourTask, Stale, ActNotOffered, InvalidForm, OpinionRequired, SignatureRequired,
    WrongSignature, SeparationOfDuties, CannotChoose.
    """
    return decide(
        uow, work_item_id, ItemDecision.AGREED, fields, opinion, seen_digest, version, idempotency_key,
        signature=signature, approvers=approvers or {},
    )  # fmt: skip


def reject(
    uow: UnitOfWork,
    work_item_id: UUID,
    opinion: str,
    fields: Mapping[str, Any] | None = None,
    *,
    seen_digest: str | None = None,
    version: int | None = None,
    idempotency_key: str | None = None,
    signature: Sent | None = None,
) -> Acted:
    """不同意: the opinion says why, unless the drawing never asks for one. Raises what `agree` raises."""
    return decide(
        uow, work_item_id, ItemDecision.REJECTED, fields, opinion, seen_digest, version, idempotency_key,
        signature=signature,
    )  # fmt: skip


def abstain(
    uow: UnitOfWork,
    work_item_id: UUID,
    opinion: str = "",
    *,
    seen_digest: str | None = None,
    version: int | None = None,
    idempotency_key: str | None = None,
    signature: Sent | None = None,
) -> Acted:
    """弃权: offered where agreeing votes are counted against a threshold. Raises what `agree` raises."""
    return decide(
        uow, work_item_id, ItemDecision.ABSTAINED, None, opinion, seen_digest, version, idempotency_key,
        signature=signature,
    )  # fmt: skip


def decide(
    uow: UnitOfWork, work_item_id: UUID, decision: ItemDecision, fields: Mapping[str, Any] | None, opinion: str,
    seen_digest: str | None, version: int | None, idempotency_key: str | None,
    before: Callable[[Act], Callable[[], None] | None] | None = None, signature: Sent | None = None,
    approvers: Mapping[str, Sequence[Any]] | None = None,
) -> Acted:  # fmt: skip
    """The decision of one item, and what follows for its round; see `approvals.md` 6.1. `signature`: what the person
    signed with, where the drawing asks for it. `approvers`: whom he selects for later nodes, None where none are asked.

    `before`: what else the person has said. It may return what asks those who sign after him; his own decision counts
    when they have.
    """
    act = opening.begin(uow, work_item_id, version=version, key=idempotency_key, proposable=True)
    if act.repeated:
        return Acted(act.instance.id, act.item.id, act.round.outcome, repeated=True)
    _check_offered(act, decision)
    ask = before(act) if before is not None else None
    selected = _select(act, approvers) if approvers is not None else {}
    opinion = opinion.strip()
    _check_opinion(act, decision, opinion)
    stored = opening.values_of(act)
    form = opening.form_of(act)
    document = _check_seen(act, form, stored, seen_digest, decision)
    changed = validated(act, form, fields, stored)
    opening.check_written(act, changed)
    form_digest = opening.form_digest(uow, form, stored | changed)
    signed = signatures.sign(act, signature, decision, form_digest, document.digest if document else None)
    digest, salt = history.seal(opinion) if opinion else (None, None)
    row = {
        "item_id": act.item.id, "status": int(ItemStatus.COUNTERSIGNING if ask else ItemStatus.DECIDED),
        "decision": int(decision), "decision_source": int(Source.HUMAN), "decided_by": act.actor_id,
        "decided_person_id": act.person_id, "decided_at": uow.now, "opinion": opinion or None,
        "opinion_salt": salt, "on_behalf_of_id": act.behalf, "draft": None, "form_digest": form_digest,
        "shown_form": form.digest if form else None,
        "signature_id": UUID(signed["signature"]) if signed else None,
        "subject_type": document.type if document else None, "subject_id": document.id if document else None,
        "subject_digest": document.digest if document else None, "idempotency_key": idempotency_key,
        "version": act.item.version + 1,
    }  # fmt: skip
    if act.proposes:
        row |= _proposal(act, fields, selected)

    def write() -> Acted:
        uow.queue(_decide, row, expect=1)
        for name, value in row.items():
            if name != "item_id":
                setattr(act.item, name, value)
        _record(act, decision, digest, changed, stored, document, signed)
        if form is not None:
            pickers.freeze(uow, act.instance.id, form, changed, stored)
            uploads.claim(uow, act.instance, form, changed, act.round.node)
        opening.copy_for_principal(act)
        if act.proposes:
            _ask_to_confirm(act, decision)
            return Acted(act.instance.id, act.item.id, None)
        if ask is not None:
            ask()
        return follow(act, changed, document)

    return undivided(act, write)


# ---------------------------------------------------------------- checks


def _check_offered(act: Act, decision: ItemDecision) -> None:
    word = _VERBS[decision]
    offered = decisions(act)
    if word not in offered:
        raise ActNotOffered(act=word, task=act.round.name, offered=", ".join(offered))


def decisions(act: Act) -> list[str]:
    """The verbs that decide the item."""
    mode = rounds.mode_of(act.work)
    if act.item.kind == ItemKind.ADVICE:
        return []
    known = ["complete"] if mode == "inform" else ["agree", "reject"]
    if mode in ("ratio", "weight") and act.item.kind in (ItemKind.NORMAL, ItemKind.SIGN_PARALLEL):
        known.append("abstain")
    return [name for name in known if act.work.buttons.get(name) != "false"]


_VERBS = {
    ItemDecision.AGREED: "agree",
    ItemDecision.REJECTED: "reject",
    ItemDecision.ABSTAINED: "abstain",
    ItemDecision.HANDLED: "complete",
}


def _check_opinion(act: Act, decision: ItemDecision, opinion: str) -> None:
    rule = act.work.opinion
    if blank(opinion) and (rule == "always" or (rule == "onReject" and decision is ItemDecision.REJECTED)):
        raise OpinionRequired(task=act.round.name)


def _check_seen(
    act: Act, form: forms.Form | None, stored: Values, seen: str | None, decision: ItemDecision
) -> Document | None:
    """The document that the decision is about, locked and as it is now. Raises ContentChanged, SeparationOfDuties."""
    capability = act.work.capability
    document = None
    if capability is not None:
        document = policy.document(act.uow, capability.subject_type, capability.subject)
    else:
        seen = seen or None  # a form that was not shown binds nobody
    if seen is not None and (seen or decision is ItemDecision.AGREED):
        seeing.check(act, form, stored, document, seen)
    if capability is not None and document is not None and decision is ItemDecision.AGREED:
        reason = policy.conflict(act.uow, act.instance, capability, document, act.actor_id, act.behalf)
        if reason is not None:
            actor = names(act.uow, [act.actor_id]).get(act.actor_id, "")
            raise SeparationOfDuties(actor=actor, task=act.round.name, reason=reason)
    return document


def validated(act: Act, form: forms.Form | None, fields: Mapping[str, Any] | None, stored: Values) -> Values:
    """The typed values that the person wrote. Unknown and read-only keys are refused, never merged."""
    if form is None:
        if fields:
            raise UnknownField(errors={name: [] for name in fields})
        return {}
    if fields is None and act.item.decision is None and not _writes(act, form):
        return {}
    return forms.validate(
        form, dict(fields or {}), stored=stored, permissions=forms.permissions.of(act.work), now=act.uow.now,
        zone=act.uow.settings.timezone, known=opening.judge(act),
    )  # fmt: skip


def _writes(act: Act, form: forms.Form) -> bool:
    """Whether the node has anything to fill in."""
    allowed = forms.permissions.of(act.work)
    return any(allowed.on(field.path) == "write" for field in form.fields)


# ---------------------------------------------------------------- a substitute's decision that has to be confirmed


def _select(act: Act, approvers: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    """Whom the actor has selected; it is kept at once unless it has to be confirmed."""
    if act.proposes:
        return choosing.check_next(act, approvers)
    choosing.select_next(act, approvers)
    return {}


def _proposal(act: Act, fields: Mapping[str, Any] | None, selected: dict[str, list[str]]) -> dict[str, Any]:
    """What the row says until the principal has answered; what the substitute wrote is kept, and written then."""
    kept: dict[str, Any] = {"approvers": selected} if selected else {}
    if fields is not None:
        kept["fields"] = dict(fields)
    return {
        "status": int(ItemStatus.COUNTERSIGNING), "draft": kept or None,
        "confirm_until": act.uow.now + CONFIRMED_WITHIN, "confirm_else": act.rule.unconfirmed if act.rule else None,
    }  # fmt: skip


def _ask_to_confirm(act: Act, decision: ItemDecision) -> None:
    """The item stays in the inbox, where the principal finds it; nobody else notices that anything was decided."""
    until = act.item.confirm_until
    history.record(
        act.uow, act.instance, "task.confirm_asked", node=act.round.node,
        data={
            "task": str(act.round.id), "item": str(act.item.id), "to": str(act.behalf),
            "decision": rounds.WORDS[decision], "until": until.isoformat(), "else": act.item.confirm_else,
        },
    )  # fmt: skip
    timeouts.forget(act.uow, act.instance.id, act.round.token, act.item.id)
    timeouts.put_at(act.uow, act.instance.id, act.round.token, {"item": str(act.item.id), "confirm": True}, until)


# ---------------------------------------------------------------- what follows


def _record(
    act: Act, decision: ItemDecision, opinion: str | None, changed: Values, stored: Values, document: Document | None,
    signed: dict[str, str],
) -> None:  # fmt: skip
    data: dict[str, Any] = {
        "task": str(act.round.id),
        "item": str(act.item.id),
        "round": act.round.round,
        "decision": rounds.WORDS[decision],
        "decision_source": "human",
        **signed,
    }
    if opinion is not None:
        data["opinion_digest"] = opinion  # not the text: it may have to be erased one day
    written = {
        name: [stored.get(name), value] for name, value in changed.items()
        if not _same(stored.get(name), value)
        and len(stored_json([stored.get(name), value])) <= LARGEST_CHANGE
    }  # fmt: skip
    if changed:
        data["fields"] = sorted(changed)
    if document is not None:
        data["subject_digest"] = document.digest
    if act.work.executor:
        data["executor"] = True
    if act.proposes:
        data["unconfirmed"] = True
    data["form_digest"] = act.item.form_digest.hex()
    data["row"] = audit.sealed_item(act.item, {})
    texts = {history.CHANGES: stored_json(written)} if written else None
    history.record(act.uow, act.instance, "task.decided", node=act.round.node, data=data, texts=texts)


def undivided(act: Act, write: Callable[[], Acted]) -> Acted:
    """`write`: a change of the ledger and what follows. Where a rejection goes back, both are done or neither is."""
    if rounds.on_reject_of(act.work) in ("flow", "end"):
        return write()
    done: list[Acted] = []
    incident_id = back.undivided(act.uow, act.instance, lambda: done.append(write()))
    return done[0] if incident_id is None else Acted(act.instance.id, act.item.id, None, incident_id=incident_id)


def _same(one: Value, other: Value) -> bool:
    """Nothing filled in and nothing changed: the empty text of a form is no value."""
    return one == other or (one in (None, "") and other in (None, ""))


def follow(act: Act, changed: Values, document: Document | None) -> Acted:
    """After any change of the ledger: who is asked now, and whether the round has its result."""
    _advance(act)
    outcome = count(rounds.ledger_of(act.work, act.items))
    if outcome is None:
        _write(act, changed)
        return Acted(act.instance.id, act.item.id, None)
    word = "handled" if rounds.mode_of(act.work) == "inform" else "agree" if outcome.passed else "reject"
    _close(act, outcome, word)
    copies.drawn(act.uow, act.instance, act.work, act.round.id, *(("pass", "end") if outcome.passed else ("end",)))
    _grant(act, outcome, document)
    by = [item.decided_by for item in act.items if item.id in outcome.counted and item.decided_by is not None]
    on_reject = rounds.on_reject_of(act.work)
    result = RoundOutcome(rounds.routing(outcome, word, act.round.round, by, act.uow.now), on_reject)
    if result.ends_instance and rounds.patient(act.work) and runtime.waits(act.uow, act.instance, act.round.token):
        returning.hold(act, on_reject, changed, result.routing)
        return Acted(act.instance.id, act.item.id, word)
    if not outcome.passed and on_reject not in ("flow", "end"):
        returning.reject_to(act, on_reject, act.uow.cache["closing", act.round.token])
        return Acted(act.instance.id, act.item.id, word)
    if result.ends_instance:
        runtime.reject(act.uow, act.instance, act.round.token)
    else:
        told = result.routing if act.work.approval else None
        runtime.resume(act.uow, act.instance, act.round.token, changed, outcome=told)
    return Acted(act.instance.id, act.item.id, word)


def _advance(act: Act) -> None:
    """Groups that have their result let their people go, and whoever waited for them is asked or done."""
    step = progress(rounds.ledger_of(act.work, act.items))
    by_id = {item.id: item for item in act.items}
    for key in step.left:
        by_id[key].status = ItemStatus.CANCELLED
        act.uow.queue(_set_status, {"item_id": key, "status": int(ItemStatus.CANCELLED)})
    for key in step.settled:
        by_id[key].status = ItemStatus.DECIDED
        act.uow.queue(_set_status, {"item_id": key, "status": int(ItemStatus.DECIDED)})
    left = [item.id for item in act.items if item.id in step.left]
    if act.item.status != ItemStatus.TODO:
        left.append(act.item.id)
    rounds.leave_inbox(act.uow, left)
    if count(rounds.ledger_of(act.work, act.items)) is None:
        asked = [by_id[key] for key in step.asked if not _set_aside(act, by_id[key])]
        rounds.ask(act.uow, asked, act.work, act.round.token)
        for item in asked:
            item.status = ItemStatus.TODO
        if step.settled or step.left:
            _advance(act)


def _set_aside(act: Act, item: Any) -> bool:
    """Whether a group waits because somebody of another one has claimed the task: only his release asks it again."""
    return item.group_id is not None and item.kind in rounds.TOP and rounds.mode_of(act.work) != "sequential"


def _write(act: Act, changed: Values) -> None:
    """What the person wrote, while others have still to be heard."""
    if changed:
        state = runtime.load(act.uow, act.instance)
        step = bpmn.set_variables(
            state, act.token.scope.id, changed, now=act.uow.now, env=runtime.env(act.uow, act.instance)
        )
        runtime.settle(act.uow, act.instance, step)


def _close(act: Act, outcome: Outcome, word: str) -> None:
    """What `close_round` will write when the machine closes the wait."""
    left = tuple(item.id for item in act.items if item.status in rounds.OPEN)
    act.uow.cache["closing", act.round.token] = Closing(
        round_id=act.round.id,
        status=RoundStatus.PASSED if outcome.passed else RoundStatus.FAILED,
        outcome=word,
        open_items=left,
        inbox_items=left,
        timed=bool(act.work.timeout) or any(item.confirm_until is not None for item in act.items),
    )


def _grant(act: Act, outcome: Outcome, document: Document | None) -> None:
    """A passed round that provides a capability makes grants; a failed one takes back what there was.

    Whoever agreed before the document changed agreed to something else: his yes grants nothing. The grant of a click
    that was carried into this round waits for its result, and counts again.
    """
    capability = act.work.capability
    if capability is None or document is None:
        return
    if not outcome.passed:
        policy.revoke(
            act.uow, capability.subject_type, str(capability.subject), reasons.text("rejected-at", task=act.round.name)
        )
        return
    yes = [
        Yes(item.id, item.decided_by, item.decided_person_id, item.on_behalf_of_id)
        for item in act.items
        if item.id in outcome.counted
        and item.decision_source == Source.HUMAN
        and item.subject_digest == document.digest
    ]
    policy.grant(act.uow, act.instance, act.round.id, act.round.node, capability, yes, document)
    carried = [
        click_of(item)
        for item in act.items
        if item.id in outcome.counted
        and item.decision_source == Source.CARRIED
        and item.subject_digest == document.digest
        and item.decided_by is not None
        and policy.objection(act.uow, act.instance, capability, document, item.decided_by, item.on_behalf_of_id) is None
    ]
    policy.restore(act.uow, carried, "carried")
