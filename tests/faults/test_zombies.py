"""A runner that wakes up after its lease: it changes nothing, and it is the fence that keeps it out."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import func, select

from engine import jobs, runtime, tasks
from engine.jobs import running
from engine.modules.erp.models.treasury import payment
from engine.scenarios import World
from tests.consistency import consistent


def approved(world: World) -> UUID:
    """A claim whose payment is a job that nobody has run."""
    with world.acting("ann") as uow:
        given = {"category": "meal", "amount": Decimal(120), "cost_center": "销售一部", "reason": "客户午餐"}
        made = runtime.start(uow, "expense_claim", given).id
    for login in ("bob", "jiangyi"):
        with world.acting(login) as uow:
            (item,) = tasks.inbox(uow).items
            mine = tasks.claim(uow, item.work_item_id) if item.claimable else item.work_item_id
            tasks.agree(uow, mine, opinion="同意")
    return made


def payments(world: World) -> int:
    with world.acting(None) as uow:
        return uow.execute(select(func.count()).select_from(payment)).scalar_one()


def two_owners(world: World) -> tuple[jobs.Claimed, jobs.Claimed]:
    """The same job, claimed by a runner that fell asleep and, after the lease, by another one."""
    (zombie,) = jobs.claim(world.engine, "asleep")
    world.clock.advance(timedelta(seconds=world.engine.settings.job_lease_seconds + 1))
    (owner,) = jobs.claim(world.engine, "awake")
    assert zombie.id == owner.id
    return zombie, owner


@pytest.mark.faults
@pytest.mark.main_job
def test_a_zombie_pays_neither_before_nor_after_the_owner(company):
    approved(company)
    zombie, owner = two_owners(company)

    assert jobs.execute(company.engine, zombie) is jobs.Result.FENCED
    assert payments(company) == 0
    assert jobs.execute(company.engine, owner) is jobs.Result.DONE
    assert jobs.execute(company.engine, zombie) is jobs.Result.FENCED
    assert payments(company) == 1
    assert consistent(company.engine)


@pytest.mark.faults
def test_without_the_fence_the_zombie_would_pay_in_the_place_of_the_owner(company, monkeypatch):
    """The negative control of the test above."""
    approved(company)
    zombie, _ = two_owners(company)
    monkeypatch.setattr(running, "fence", lambda uow, claimed: None)

    assert jobs.execute(company.engine, zombie) is jobs.Result.DONE
    assert payments(company) == 1
