"""Customers, chances, surveys."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from engine import identifiers
from engine.clock import FrozenClock
from engine.errors import BusinessError
from engine.ids import uuid7
from engine.modules.crm.models.opportunity import activity, stage_change
from engine.modules.crm.models.party import party, price
from engine.modules.crm.operations import opportunities, parties, profiles, surveys
from tests.engine.modules.company import Company, a_call
from tests.engine.modules.test_order_to_cash import an_order

OURS = "91330100MADEM0011P"


@pytest.mark.parametrize(
    ("code", "valid"),
    [
        (OURS, True), ("91350100M000100Y43", True), ("91330100MADEM0011Q", False), ("91330100MADEM0021P", False),
        ("", False), ("9133010OMADEM0011P", False), (OURS[:17], False), ("１" * 18, False),
    ],
)  # fmt: skip
def test_check_characters_of_a_credit_code(code: str, valid: bool) -> None:
    assert identifiers.is_credit_code(code) is valid


def test_a_customer_is_known_once_by_number_then_by_name(firm: Company) -> None:
    with firm.acting() as uow:
        same = parties.upsert_party(uow, name="云水连锁", uscc=OURS.lower(), credit_limit=Decimal(9))
        person = parties.upsert_party(uow, name="王芳", kind="person", mobile="190", contact={"name": "王芳"})
        other = parties.upsert_party(uow, name="王芳", kind="person", mobile="191")
        again = parties.upsert_party(
            uow, name="王芳", kind="person", mobile="190", address={"line": "文一路1号", "region": "杭州"}
        )
        found = parties.find_party(uow, party_id=person["party_id"])

    assert same == {"party_id": firm.customer, "created": False}
    assert [answer["created"] for answer in (person, other, again)] == [True, True, False]
    assert again["party_id"] == person["party_id"]
    assert (found["address"], found["contact"]["name"]) == ({"region": "杭州", "line": "文一路1号"}, "王芳")


def test_a_wrong_number_or_an_ambiguous_name_is_refused(firm: Company) -> None:
    def add(**given: Any) -> None:
        with firm.acting() as uow:
            parties.upsert_party(uow, **given)

    refusals = []
    for given in (
        {"name": "X", "uscc": "91330100MADEM0011Q"}, {"name": "X", "kind": "person", "uscc": OURS},
        {"name": "云水超市有限公司", "uscc": "91350100M000100Y43"},
    ):  # fmt: skip
        with pytest.raises(BusinessError) as refusal:
            add(**given)
        refusals.append(refusal.value)

    assert [refusal.code for refusal in refusals] == ["CRM.BAD_USCC", "CRM.BAD_USCC", "CRM.DUPLICATE"]
    assert refusals[2].facts["candidates"][0]["party_id"] == str(firm.customer)
    assert len(firm.rows(party)) == 1


def test_an_opportunity_moves_until_it_is_closed(firm: Company, clock: FrozenClock) -> None:
    with firm.acting() as uow:
        made = opportunities.create_opportunity(
            uow, party_id=firm.customer, name="团购", next_action_at=clock.now() + timedelta(days=3), call=a_call()
        )
        key = made["opportunity_id"]
        moved = opportunities.move_stage(uow, opportunity_id=key, stage=2)
        opportunities.log_activity(
            uow, party_id=firm.customer, kind="call", text="wants samples", opportunity_id=key, call=a_call()
        )
    with pytest.raises(BusinessError) as no_reason, firm.acting() as uow:
        opportunities.move_stage(uow, opportunity_id=key, stage=4)
    with firm.acting() as uow:
        lost = opportunities.move_stage(uow, opportunity_id=key, stage=4, reason="price")
    with pytest.raises(BusinessError) as closed, firm.acting() as uow:
        opportunities.move_stage(uow, opportunity_id=key, stage=1)

    assert moved == {"probability": Decimal("0.5"), "stage": 2, "previous_stage": 1, "closed": False}
    assert lost["closed"]
    assert [no_reason.value.code, closed.value.code] == ["CRM.REASON_REQUIRED", "CRM.CLOSED"]
    assert len(firm.rows(stage_change)) == 3


@pytest.mark.parametrize("table", [stage_change, activity])
def test_what_was_said_stays_as_it_was_written(firm: Company, clock: FrozenClock, table: Any) -> None:
    with firm.acting() as uow:
        opportunities.create_opportunity(
            uow, party_id=firm.customer, name="x", next_action_at=clock.now(), call=a_call()
        )  # fmt: skip
        opportunities.log_activity(uow, party_id=firm.customer, kind="note", text="x", call=a_call())

    for statement in (update(table).values(by=None), delete(table)):
        with pytest.raises(IntegrityError, match="append_only"), firm.acting() as uow:
            uow.execute(statement)


def test_prices_of_an_item_do_not_overlap(firm: Company) -> None:
    known = firm.rows(price)[0]

    with pytest.raises(IntegrityError, match="crm_price_overlap"), firm.acting() as uow:
        uow.execute(insert(price), {**known, "id": uuid7()})
    with firm.acting() as uow:
        uow.execute(insert(price), {**known, "id": uuid7(), "min_quantity": Decimal(10)})


def test_a_survey_is_asked_once_and_answered_once(firm: Company, clock: FrozenClock) -> None:
    order_no = an_order(firm, ("TEA", "1"))["order_no"]

    def ask() -> dict[str, Any]:
        with firm.acting() as uow:
            return surveys.invite_survey(uow, party_id=firm.customer, survey="order", order_no=order_no, call=a_call())

    def answer(token: str, **said: Any) -> dict[str, Any]:
        with firm.acting() as uow:
            return surveys.record_answers(uow, token=token, **said)

    first, again = ask(), ask()
    refusals = []
    for said in ({"csat": 6}, {"answers": [{"question": 9, "value": 1}]}, {"nps": -1}):
        with pytest.raises(BusinessError) as refusal:
            answer(first["token"], **said)
        refusals.append(refusal.value.code)
    told = answer(first["token"], answers=[{"question": 1, "value": 4}, {"question": 3, "text": "好"}], nps=9)
    with pytest.raises(BusinessError) as twice:
        answer(first["token"], csat=1)
    with firm.acting() as uow:
        late = surveys.expire_invite(uow, token=first["token"])
        figures = profiles.refresh_profile(uow, party_id=firm.customer, segment="重要价值")
        kept = profiles.refresh_profile(uow, party_id=firm.customer)

    assert (first["token"], again["existing"]) == (again["token"], True)
    assert refusals == ["DATA.INVALID"] * 3
    assert told == {"csat": 4, "nps": 9, "party_id": firm.customer}
    assert (twice.value.code, late) == ("CRM.ALREADY_ANSWERED", {"expired": False})
    assert figures == kept == {
        "orders_n": 1, "revenue_12m": Decimal("20.00"), "days_since_last": 0, "average_interval_days": None,
        "csat_avg": Decimal(4), "nps_last": 9, "segment": "重要价值",
    }  # fmt: skip


def test_nobody_answers_after_the_end(firm: Company, clock: FrozenClock) -> None:
    codes = []
    for spoil in (lambda token: None, lambda token: surveys.expire_invite):
        with firm.acting() as uow:
            token = surveys.invite_survey(
                uow, party_id=firm.customer, survey="order", valid_days=7, call=a_call()
            )["token"]  # fmt: skip
            verb = spoil(token)
            if verb is not None:
                verb(uow, token=token)
        clock.advance(timedelta(days=8 if verb is None else 0))
        with pytest.raises(BusinessError) as refusal, firm.acting() as uow:
            surveys.record_answers(uow, token=token, csat=5)
        codes.append(refusal.value.code)
    with pytest.raises(BusinessError) as unknown, firm.acting() as uow:
        surveys.record_answers(uow, token="guessed", csat=5)

    assert codes == ["CRM.SURVEY_EXPIRED"] * 2
    assert unknown.value.code == "DATA.NOT_FOUND"
