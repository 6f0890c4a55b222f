"""Ten people click at once on one task: one outcome, no vote lost, no fault of ours."""

import threading

import pytest
from sqlalchemy import text

from engine import identity, tasks
from engine.errors import AlreadyDecided, EngineError, NoLongerAsked
from engine.unit_of_work import ENGINE, Actor
from tests.engine.approvals.office import approval

pytestmark = pytest.mark.approvals

PEOPLE = [f"p{number}" for number in range(10)]


def crowd(office, mode: str, extra: str = "") -> dict[str, Actor]:
    with office.engine.unit_of_work(ENGINE) as uow:
        actors = {login: Actor(identity.create_user(uow, login, login.title()).id) for login in PEOPLE}
    office.who |= actors
    office.deploy(approval(users=",".join(PEOPLE), mode=mode, extra=extra))
    return actors


def all_at_once(office, actors, verbs) -> list[Exception]:
    """Everybody clicks on his item in the same moment; what was refused."""
    refused: list[Exception] = []
    gate = threading.Barrier(len(actors))
    items = {login: office.item(login) for login in actors}

    def click(login: str) -> None:
        gate.wait()
        try:
            with office.engine.unit_of_work(actors[login]) as uow:
                verbs[login](uow, items[login])
        except Exception as error:
            refused.append(error)

    threads = [threading.Thread(target=click, args=(login,)) for login in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def agree(uow, item):
    tasks.agree(uow, item)


def reject(uow, item):
    tasks.reject(uow, item, "no")


def one_round(office, actors, mode: str, number: int) -> None:
    instance = office.start()
    rejecting = PEOPLE[number % 10] if number % 3 == 0 else None
    refused = all_at_once(office, actors, {login: reject if login == rejecting else agree for login in PEOPLE})

    assert all(isinstance(error, AlreadyDecided | NoLongerAsked) for error in refused), refused
    assert all(isinstance(error, EngineError) and error.status == 409 for error in refused)
    decided = [row for row in office.rows(instance) if row.decision is not None]
    assert len(decided) == len(actors) - len(refused), "a vote was lost"
    assert len({row.decided_by for row in decided}) == len(decided)
    ends = office.facts(instance, "instance.ended")
    assert len(ends) == 1
    if mode == "all":
        assert office.status(instance) == ("completed" if rejecting is None else "rejected")
        assert rejecting is not None or not refused
    else:
        assert len(decided) >= 1


@pytest.mark.parametrize(("mode", "extra"), [("all", ""), ("any", ""), ("ratio", 'threshold="2/3"')])
def test_ten_people_at_once_make_one_outcome(office, mode, extra):
    actors = crowd(office, mode, extra)

    for number in range(3):
        one_round(office, actors, mode, number)

    assert office.asked() == set()


ROUNDS = 20
"""200 of them: `python -m benchmarks.at_once`."""


def test_many_rounds_of_ten_people_lose_no_vote(office):
    actors = crowd(office, "all")

    for number in range(ROUNDS):
        one_round(office, actors, "all", number)

    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.connection.execute(text("SELECT count(*) FROM inbox")).scalar_one() == 0
