"""Who may act on an open task is on record: whoever makes it his own by SQL is named."""

import pytest
from sqlalchemy import text

from engine import audit, tasks
from engine.audit import verifier
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import Office, approval, task
from tests.engine.approvals.test_substitution import stand_in
from tests.engine.approvals.test_timeouts import limit
from tests.redteam.rows import RECORD
from tests.redteam.walls import attacked

pytestmark = [pytest.mark.redteam, pytest.mark.row(22, RECORD)]
OPEN = "decision IS NULL AND status < 4"
IVY = "(SELECT id FROM user_account WHERE login = 'ivy')"
TAKEN = f"UPDATE work_item SET assignee_id = {IVY}, group_id = NULL WHERE {OPEN}"


def each_taken(office: Office) -> list[tuple[int, list[str]]]:
    """What the record says when Ivy takes one open item, and then another one instead."""
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        number = uow.execute(text(f"SELECT count(*) FROM work_item WHERE {OPEN}")).scalar_one()
    assert number, "somebody is asked"
    one = f"{TAKEN} AND id = (SELECT id FROM work_item WHERE {OPEN} ORDER BY id LIMIT 1 OFFSET "
    return [attacked(office.engine, f"{one}{place})") for place in range(number)]


@pytest.fixture
def office(engine, clock) -> Office:
    return Office(engine, clock)


def handed_over(office: Office) -> None:
    office.begin(approval(users="bob"))
    tasks.hand_over(office.engine, office.who["dan"], "bob", "gus", "离职")


def recalled(office: Office, *nodes: str) -> None:
    office.begin(*(nodes or (approval(users="bob,eve"),)))
    item = office.item("bob")
    office.do("bob", tasks.agree, item)
    office.do("bob", tasks.recall, item)


def timed_out(office: Office) -> None:
    office.begin(approval("check", limit('after="P1D" do="transfer" to="manager"'), users="bob"))
    office.later(days=2)
    assert office.asked() == {"cyd"}


def released(office: Office) -> None:
    office.begin(task(who='candidateGroups="finance"'))
    office.act("bob", tasks.claim)
    office.act("bob", tasks.unclaim)


def claimed(office: Office) -> None:
    office.begin(task(who='candidateGroups="finance"'))
    office.act("bob", tasks.claim)


def acted(verb, *arguments, users: str = "bob", **options):
    def act(office: Office) -> None:
        office.begin(approval(users=users))
        office.act("bob", verb, *arguments, **options)

    return act


ACTS = {
    "opened": lambda office: office.begin(approval()),
    "in turn": lambda office: office.begin(approval(mode="sequential")),
    "for a group": lambda office: office.begin(task(who='candidateGroups="finance"')),
    "claimed": claimed,
    "released": released,
    "transferred": acted(tasks.transfer, "gus", "mine no more"),
    "timed out": timed_out,
    "delegated": acted(tasks.delegate, "gus", "what do you think?"),
    "added before": acted(tasks.add_before, ["gus", "hal"], reason="look"),
    "added beside": acted(tasks.add_beside, ["gus"], "look"),
    "added after": acted(tasks.add_after, ["gus"], opinion="look"),
    "recalled": recalled,
    "recalled later": lambda office: recalled(office, approval(users="bob"), approval("next", users="eve")),
    "handed over": handed_over,
}


@pytest.mark.parametrize("act", ACTS)
def test_an_open_task_belongs_to_whom_the_record_says(office, act):
    ACTS[act](office)

    assert attacked(office.engine) == (0, []), "each act tells whom it asks"
    assert {(exit_, *codes) for exit_, codes in each_taken(office)} == {(1, "asked-changed")}


def test_who_refused_what_a_substitute_decided_is_asked_again(office):
    stand_in(office, "bob", "gus", confirm=True)
    office.begin(approval(users="bob"))
    office.act("gus", tasks.agree)
    office.act("bob", tasks.refuse, "no")

    assert attacked(office.engine) == (0, [])
    assert attacked(office.engine, TAKEN) == (1, ["asked-changed"])


def test_a_decision_in_a_task_that_was_made_ones_own_stays_named(office):
    office.begin(approval(users="bob"))
    with office.engine.unit_of_work(ENGINE) as uow:
        uow.connection.execute(text(TAKEN))
        uow.connection.execute(text(f"UPDATE inbox SET principal_id = {IVY}"))
    office.act("ivy", tasks.agree)

    assert attacked(office.engine) == (1, ["asked-changed"])


def test_an_export_says_the_same(office, tmp_path):
    office.begin(approval(users="bob"))
    with office.engine.unit_of_work(ENGINE) as uow:
        uow.connection.execute(text(TAKEN))

    audit.export(office.engine, tmp_path / "export", ENGINE)
    found = verifier.verify_export(tmp_path / "export", None, None)
    assert {one.code for one in found.found if one.exit == verifier.BROKEN} == {"asked-changed"}


def test_a_task_nobody_was_given_is_named_and_one_of_before_is_taken_as_it_is(office, monkeypatch):
    told = "engine.approvals.rounds.asks"
    with monkeypatch.context() as silent:
        silent.setattr(told, lambda rows: {})
        office.begin(approval(users="bob"))
    assert attacked(office.engine) == (1, ["asked-unrecorded"])

    with monkeypatch.context() as before:
        before.setattr(told, lambda rows: {})
        before.setattr(audit, "SHAPE", 3)
        office.start()
    assert attacked(office.engine)[1] == ["asked-unrecorded"], "of the first one only"


@pytest.mark.parametrize("act", ACTS)
def test_whoever_was_asked_does_not_vanish(office, act):
    """Without the open task of the second one a round of all of them passes on the word of the first."""
    ACTS[act](office)

    gone = attacked(office.engine, "DELETE FROM inbox", f"DELETE FROM work_item WHERE {OPEN}")

    assert gone == (2, ["asked-missing"])
