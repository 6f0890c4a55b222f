"""What a test has done to the company is gone for the next one, whichever way rows come back."""

import pytest
from sqlalchemy import select, text

from engine import identity, runtime
from engine.db.base import metadata
from engine.process_engine import ProcessEngine
from engine.scenarios import World
from engine.unit_of_work import ENGINE
from tests import lending

GIVEN = {"category": "meal", "amount": 120, "cost_center": "销售一部", "reason": "客户午餐"}


def everything(engine: ProcessEngine) -> dict[str, list[str]]:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return {
            name: sorted(map(repr, uow.execute(select(table)).all())) for name, table in sorted(metadata.tables.items())
        }


def change(company: World) -> None:
    with company.acting("ann") as uow:
        runtime.start(uow, "expense_claim", GIVEN)
    with company.acting(None) as uow:
        identity.change_user(uow, company.people["bob"], name="Robert")
        uow.execute(text("DELETE FROM crm_survey_question"))


@pytest.mark.postgres
@pytest.mark.parametrize("rounds", [lending.ROUNDS, 1], ids=["deleted", "truncated"])
def test_rows_that_were_added_changed_and_deleted_are_as_before(request, clock, monkeypatch, rounds):
    monkeypatch.setattr(lending, "ROUNDS", rounds)
    lender, people = request.getfixturevalue("_company_postgresql")
    seen = []

    for _ in range(2):
        for engine in lender.lend(clock):
            seen.append(everything(engine))
            change(World(engine, clock, people, request.getfixturevalue("whole_company").beginning))
            seen.append(everything(engine))

    assert seen[0] == seen[2] != seen[1]
    assert seen[0]["crm_survey_question"]
    assert not seen[1]["crm_survey_question"]
