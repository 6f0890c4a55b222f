"""What is known of a customer: facts counted from orders and answers, not opinions."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from engine.modules.crm.amounts import ZERO
from engine.modules.crm.models.order import order
from engine.modules.crm.models.party import party
from engine.modules.crm.models.survey import profile, survey_answer, survey_invite, survey_question
from engine.modules.crm.rows import rows
from engine.operations import operation
from engine.unit_of_work import UnitOfWork


@operation(
    "crm.refresh_profile", zh="刷新客户画像", en="Refresh customer profile",
    outputs={"orders_n": "number", "revenue_12m": "number", "days_since_last": "number",
             "average_interval_days": "number", "csat_avg": "number", "nps_last": "number", "segment": "string"},
    errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def refresh_profile(uow: UnitOfWork, *, party_id: UUID, segment: str | None = None) -> dict[str, Any]:
    """Count the last 365 days again. `segment`: what a decision made of the figures; without one the old one stays."""
    rows.get(uow, party, party_id, lock=True)
    today = uow.now.astimezone(uow.settings.zone).date()
    orders = uow.execute(
        select(order.c.business_date, order.c.net)
        .where(
            order.c.party_id == party_id, order.c.status.in_(("confirmed", "closed")),
            order.c.business_date > today - timedelta(days=365),
        )
        .order_by(order.c.business_date)
    ).all()  # fmt: skip
    days = [row.business_date for row in orders]
    answers = uow.execute(
        select(survey_question.c.kind, survey_answer.c.value)
        .join(survey_question, survey_question.c.id == survey_answer.c.question_id)
        .join(survey_invite, survey_invite.c.id == survey_answer.c.invite_id)
        .where(survey_invite.c.party_id == party_id, survey_answer.c.value.is_not(None))
        .order_by(survey_invite.c.answered_at, survey_answer.c.id)
    ).all()
    csat = [row.value for row in answers if row.kind == "csat"]
    nps = [row.value for row in answers if row.kind == "nps"]
    known = rows.find(uow, select(profile.c.segment).where(profile.c.party_id == party_id))
    figures = {
        "orders_n": len(orders),
        "revenue_12m": sum((row.net for row in orders), ZERO),
        "days_since_last": (today - days[-1]).days if days else None,
        "average_interval_days": round((days[-1] - days[0]).days / (len(days) - 1)) if len(days) > 1 else None,
        "csat_avg": (Decimal(sum(csat)) / len(csat)).quantize(Decimal("0.000001")) if csat else None,
        "nps_last": nps[-1] if nps else None,
        "segment": segment if segment is not None else known.segment if known is not None else "",
    }
    values = {**figures, "csat_n": len(csat), "computed_at": uow.now}
    if known is None:
        rows.write(uow, insert(profile), {"party_id": party_id, **values})
    else:
        rows.write(uow, update(profile).where(profile.c.party_id == party_id).values(**values))
    return figures
