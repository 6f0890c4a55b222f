"""Many decisions in one go: agree_many 批量审批. Each is a decision of its own, in a transaction of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from engine import policy
from engine.approvals import rounds
from engine.errors import N_, BatchNotAllowed, ContentChanged, EngineError, InvalidValue, NotFound, Phrase
from engine.process_engine import ProcessEngine
from engine.tasks import choosing, opening, seeing, working
from engine.tasks.deciding import agree
from engine.tasks.opening import Act
from engine.unit_of_work import Actor, UnitOfWork

MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Chosen:
    """One line of the list as it was shown: the item, and the digest of what was seen of it."""

    work_item_id: UUID
    seen_digest: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one line. `error`: why it was left as it was, None when it is decided."""

    work_item_id: UUID
    outcome: str | None
    error: EngineError | None = None


def agree_many(
    engine: ProcessEngine, actor: Actor, chosen: Sequence[Chosen], opinion: str = "", *,
    idempotency_key: str | None = None,
) -> list[Result]:  # fmt: skip
    """批量审批: agree to (or complete) every line for itself; a refused one leaves the others as they are.

    Opens its units of work itself: no two instances share one. Raises InvalidValue for more than MOST_AT_ONCE lines.
    """
    if not 0 < len(chosen) <= MOST_AT_ONCE:
        raise InvalidValue(expected=Phrase(N_("1 to {limit} tasks"), limit=MOST_AT_ONCE), found=str(len(chosen)))
    return [_one(engine, actor, line, opinion, idempotency_key) for line in chosen]


def seen(uow: UnitOfWork, work_item_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What a list shows of those items that may be agreed to in a batch, as digests; the others are left out, and so is
    one whose document cannot be found."""
    found = {}
    for key in work_item_ids:
        act = opening.look(uow, key)
        if _hindrance(act) is None and opening.entitled(act):
            try:
                document = working.document_of(act)
            except NotFound:
                continue
            found[key] = seeing.seen(act, opening.form_of(act), opening.values_of(act), document)
    return found


def _one(engine: ProcessEngine, actor: Actor, line: Chosen, opinion: str, key: str | None) -> Result:
    once = None if key is None else f"{key}/{line.work_item_id}"[:80]
    try:
        with engine.unit_of_work(actor) as uow:
            act = opening.begin(uow, line.work_item_id, key=once, proposable=True)
            if not act.repeated:
                reason = _hindrance(act)
                if reason is not None:
                    raise BatchNotAllowed(task=act.round.name, reason=reason)
                if not line.seen_digest:
                    raise ContentChanged(changes=act.instance.title)
            verb = working.complete if rounds.mode_of(act.work) == "inform" else agree
            done = verb(
                uow, line.work_item_id, None, opinion, seen_digest=line.seen_digest, idempotency_key=once
            )  # fmt: skip
            return Result(line.work_item_id, done.outcome)
    except EngineError as error:
        if error.status >= 500:
            raise
        return Result(line.work_item_id, None, error)


def _hindrance(act: Act) -> str | None:
    """Why the node is not decided from a list, None when it may be."""
    if act.work.buttons.get("batch") != "true":
        return N_("the drawing does not allow it here")
    if act.work.capability is not None and not policy.batch_allowed(act.uow, act.work.capability.provides):
        return N_("this approval counts towards a payment")
    if act.work.opinion == "always":
        return N_("an opinion is required")
    if act.work.signature == "required":
        return N_("a signature is required")
    if any(rule.required for rule in act.work.fields):
        return N_("a field is required")
    if choosing.to_select(act):
        return N_("people for a later task have to be chosen")
    return None
