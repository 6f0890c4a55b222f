"""Leave, and notices."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from engine.errors import BusinessError
from engine.ids import uuid7
from engine.modules.notification.models.notice import notice
from engine.modules.notification.operations import notices
from engine.modules.oa.models.leave import leave, leave_balance
from engine.modules.oa.operations import leave as verbs
from tests.engine.modules.company import Company, a_call

FRIDAY, MONDAY, TUESDAY = date(2026, 11, 27), date(2026, 11, 30), date(2026, 12, 1)


def book(firm: Company, starts: date, ends: date, kind: str = "annual", **options: Any) -> dict[str, Any]:
    """For ann."""
    with firm.acting("bob") as uow:
        return verbs.book_leave(
            uow, user_id=firm.people["ann"], leave_type=kind, starts=starts, ends=ends, call=a_call(), **options
        )


def entitle(firm: Company, days: str = "5") -> None:
    """In 2026."""
    with firm.acting("bob") as uow:
        verbs.grant_leave(uow, user_id=firm.people["ann"], leave_type="annual", year=2026, days=Decimal(days))


@pytest.mark.parametrize(
    ("starts", "ends", "halves", "days"),
    [
        (FRIDAY, FRIDAY, {}, "1"), (FRIDAY, MONDAY, {}, "2"), (FRIDAY, MONDAY, {"start_half": True}, "1.5"),
        (FRIDAY, MONDAY, {"start_half": True, "end_half": True}, "1"), (FRIDAY, FRIDAY, {"end_half": True}, "0.5"),
        (date(2026, 11, 28), date(2026, 11, 29), {}, "0"), (date(2026, 9, 30), date(2026, 10, 10), {}, "4"),
    ],
)  # fmt: skip
def test_working_days_of_a_leave(firm: Company, starts: date, ends: date, halves: Any, days: str) -> None:
    with firm.acting() as uow:
        seen = verbs.check_leave(uow, user_id=firm.people["ann"], leave_type="sick", starts=starts, ends=ends, **halves)

    assert seen == {"days": Decimal(days), "balance": None, "limited": False, "enough": True, "overlaps": False}


def test_leave_uses_the_balance_and_gives_it_back(firm: Company) -> None:
    entitle(firm)
    booked = book(firm, FRIDAY, MONDAY, reference="L-1")
    again = book(firm, FRIDAY, MONDAY, reference="L-1")
    with pytest.raises(BusinessError) as short:
        book(firm, date(2026, 12, 7), date(2026, 12, 10))
    with firm.acting() as uow:
        for _ in range(2):
            verbs.cancel_leave(uow, leave_id=booked["leave_id"])

    assert (booked["days"], booked["balance"]) == (Decimal(2), Decimal(3))
    assert (again["leave_id"], again["existing"]) == (booked["leave_id"], True)
    assert (short.value.code, short.value.facts) == ("OA.BALANCE_SHORT", {"balance": Decimal(3), "days": Decimal(4)})
    assert [row["used"] for row in firm.rows(leave_balance)] == [Decimal(0)]


def test_nobody_is_on_leave_twice_at_once(firm: Company) -> None:
    book(firm, FRIDAY, MONDAY, "sick", end_half=True)

    with pytest.raises(BusinessError) as overlap:
        book(firm, MONDAY, TUESDAY, "sick")
    with firm.acting() as uow:
        seen = verbs.check_leave(
            uow, user_id=firm.people["ann"], leave_type="sick", starts=MONDAY, ends=TUESDAY
        )  # fmt: skip
        meets = verbs.check_leave(
            uow, user_id=firm.people["ann"], leave_type="sick", starts=MONDAY, ends=TUESDAY, start_half=True
        )
    book(firm, MONDAY, TUESDAY, "sick", start_half=True)  # from noon, where the first one ends
    [first, _] = firm.rows(leave)
    with pytest.raises(IntegrityError, match="oa_leave_overlap"), firm.acting() as uow:
        uow.execute(insert(leave), {**first, "id": uuid7(), "leave_no": "past the operations"})

    assert overlap.value.code == "OA.LEAVE_OVERLAP"
    assert (seen["overlaps"], meets["overlaps"]) == (True, False)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"leave_type": "holiday"}, "OA.LEAVE_TYPE"), ({"ends": date(2026, 11, 1)}, "DATA.INVALID"),
        ({"ends": date(2028, 11, 1)}, "DATA.INVALID"), ({"start_half": True, "end_half": True}, "DATA.INVALID"),
        ({"who": "cid"}, "OA.NOT_EMPLOYED"),
    ],
)  # fmt: skip
def test_leave_that_makes_no_sense_is_refused(firm: Company, options: dict[str, Any], code: str) -> None:
    asked: dict[str, Any] = {"leave_type": "sick", "starts": FRIDAY, "ends": FRIDAY, **options}
    who = asked.pop("who", "ann")

    with pytest.raises(BusinessError) as refusal, firm.acting() as uow:
        verbs.check_leave(uow, user_id=firm.people[who], **asked)

    assert refusal.value.code == code


def test_everybody_gets_one_notice(firm: Company) -> None:
    ann, bob = firm.people["ann"], firm.people["bob"]
    with firm.acting() as uow:
        told = notices.notify(uow, user_ids=[ann, bob, ann], title="已批准", link="/requests/1", call=a_call())
        nobody = notices.notify(uow, user_ids=[], title="x", call=a_call())
    refusals = []
    for given in ({"title": " "}, {"title": "x" * 201}, {"title": "x", "link": "https://evil.example"},
                  {"title": "x", "link": "//evil.example"}):  # fmt: skip
        with pytest.raises(BusinessError) as refusal, firm.acting() as uow:
            notices.notify(uow, user_ids=[ann], call=a_call(), **given)
        refusals.append(refusal.value.code)

    assert (told, nobody) == ({"notified": 2}, {"notified": 0})
    assert refusals == ["DATA.INVALID"] * 4
    with firm.acting() as uow:
        assert {row.user_id for row in uow.execute(select(notice.c.user_id))} == {ann, bob}
