"""Asking a customer: an invitation by token, one answer, or none in time."""

import secrets
from datetime import timedelta
from typing import Any, NotRequired, TypedDict
from uuid import UUID

from sqlalchemy import select

from engine.errors import N_, BusinessError, Phrase
from engine.modules.crm.models.order import order
from engine.modules.crm.models.party import party
from engine.modules.crm.models.survey import survey, survey_answer, survey_invite, survey_question
from engine.modules.crm.rows import rows
from engine.operations import OperationCall, operation
from engine.unit_of_work import UnitOfWork

RANGES = {"csat": (1, 5), "nps": (0, 10)}
"""What people may answer; by definition of the two measures."""


class Answer(TypedDict):
    """To the question with this number."""

    question: int
    value: NotRequired[int | None]
    text: NotRequired[str | None]


@operation(
    "crm.invite_survey", zh="邀请满意度调查", en="Invite to survey", compensated_by="crm.expire_invite",
    outputs={"invite_id": "id", "token": "string", "expires_at": "date and time", "existing": "boolean"},
    errors=("DATA.NOT_FOUND", "CRM.UNKNOWN_ORDER"),
)  # fmt: skip
def invite_survey(
    uow: UnitOfWork, *, party_id: UUID, survey: str, order_no: str | None = None, valid_days: int = 30,
    call: OperationCall,
) -> dict[str, Any]:  # fmt: skip
    """Ask a customer, once per survey and order. `token` opens the form without a login."""
    asked = rows.by(uow, _surveys, "code", survey)
    rows.get(uow, party, party_id)
    order_id = None
    if order_no is not None:
        found = rows.find(uow, select(order.c.id).where(order.c.order_no == order_no))
        if found is None:
            raise BusinessError("CRM.UNKNOWN_ORDER", order_no=order_no)
        order_id = found.id
        known = rows.find(
            uow,
            select(survey_invite).where(
                survey_invite.c.survey_id == asked.id, survey_invite.c.order_id == order_id
            ),
        )  # fmt: skip
        if known is not None:
            return {"invite_id": known.id, "token": known.token, "expires_at": known.expires_at, "existing": True}
    token, expires_at = secrets.token_urlsafe(24), uow.now + timedelta(days=valid_days)
    invite_id = rows.add(
        uow, survey_invite, survey_id=asked.id, party_id=party_id, order_id=order_id, token=token, sent_at=uow.now,
        expires_at=expires_at, instance_id=call.instance_id,
    )  # fmt: skip
    return {"invite_id": invite_id, "token": token, "expires_at": expires_at, "existing": False}


@operation(
    "crm.record_answers", zh="登记问卷答复", en="Record answers",
    outputs={"csat": "number", "nps": "number", "party_id": "id"},
    errors=("DATA.NOT_FOUND", "DATA.INVALID", "CRM.SURVEY_EXPIRED", "CRM.ALREADY_ANSWERED"),
)  # fmt: skip
def record_answers(
    uow: UnitOfWork, *, token: str, answers: list[Answer] | None = None, csat: int | None = None,
    nps: int | None = None, text: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the customer said: `answers` by number of the question, or one answer per kind of question. Only once."""
    invite = rows.by(uow, survey_invite, "token", token, lock=True)
    if invite.answered_at is not None:
        raise BusinessError("CRM.ALREADY_ANSWERED", answered_at=invite.answered_at)
    if invite.expired_at is not None or uow.now > invite.expires_at:
        raise BusinessError("CRM.SURVEY_EXPIRED", expires_at=invite.expires_at)
    questions = uow.execute(
        select(survey_question)
        .where(survey_question.c.survey_id == invite.survey_id)
        .order_by(survey_question.c.seq)
    ).all()  # fmt: skip
    said = {answer["question"]: answer for answer in answers or []}
    unknown = sorted(said.keys() - {question.seq for question in questions})
    if unknown:
        raise BusinessError("DATA.INVALID", expected=N_("questions of the survey"), found=unknown)
    by_kind: dict[str, Any] = {"csat": csat, "nps": nps, "text": text}
    result: dict[str, Any] = {"csat": None, "nps": None}
    given = []
    for question in questions:
        answer = said.get(question.seq, {"question": question.seq})
        if question.kind == "text":
            words = answer.get("text") or by_kind.pop("text", None)
            if words:
                given.append({"question_id": question.id, "value": None, "text": words})
            continue
        value = answer.get("value")
        value = by_kind.pop(question.kind, None) if value is None else value
        if value is None:
            continue
        low, high = RANGES[question.kind]
        if not low <= value <= high:
            raise BusinessError("DATA.INVALID", expected=Phrase(N_("{low} to {high}"), low=low, high=high), found=value)
        result[question.kind] = value
        given.append({"question_id": question.id, "value": value, "text": None})
    rows.add_all(uow, survey_answer, [{"invite_id": invite.id, **answer} for answer in given])
    rows.change(uow, survey_invite, invite.id, answered_at=uow.now)
    return {**result, "party_id": invite.party_id}


@operation(
    "crm.expire_invite", zh="问卷邀请过期", en="Expire invitation", outputs={"expired": "boolean"},
    errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def expire_invite(uow: UnitOfWork, *, token: str) -> dict[str, Any]:
    """No answer is taken any more; an answer that came first stands (`expired` is false)."""
    invite = rows.by(uow, survey_invite, "token", token, lock=True)
    if invite.answered_at is None and invite.expired_at is None:
        rows.change(uow, survey_invite, invite.id, expired_at=uow.now)
    return {"expired": invite.answered_at is None}


_surveys = survey  # `survey` is also the name of an input
