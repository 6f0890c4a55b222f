"""What people write with their acts stands beside the chain: it may be erased, and not guessed from its digest."""

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from engine import audit, history, identity, tasks
from engine.audit.verifier import lines_of
from engine.db.audit import audit as acts
from engine.db.history import history as facts
from engine.db.history import history_text
from engine.db.identity import user_account
from engine.db.task import work_item
from engine.errors import InvalidValue, NotFound
from engine.unit_of_work import ENGINE
from tests.engine.approvals.going import Case, begin, line, step
from tests.engine.test_tasks import do

pytestmark = pytest.mark.approvals
WORDS = "她在住院"


@pytest.fixture
def case(engine):
    """Handed over and withdrawn with the same words."""
    case = Case(engine, line(step("a"), step("c")))
    case.act(tasks.transfer, "a", "eve", WORDS)
    do(engine, case.who["ann"], tasks.withdraw, case.id, WORDS)
    return case


def chained(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [row for row in uow.execute(select(facts.c.data).order_by(facts.c.seq)).scalars() if "texts" in row]


def told(case):
    with case.engine.unit_of_work(ENGINE, read_only=True) as uow:
        return {
            entry.kind: (entry.seq, entry.data.get("reason"), entry.data.get("erased"))
            for entry in history.timeline(uow, case.id) if entry.kind in ("task.transferred", "instance.cancelled")
        }  # fmt: skip


def findings(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        report = audit.verify(uow)
    assert all(lines_of(report.told)), "as `troika audit verify` prints it"
    return [(found.rule, found.facts.get("seq")) for found in report.findings]


def test_no_chain_holds_what_people_are_called(engine, case):
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(user_account).values(name=user_account.c.login.concat(" Quill")))
    case.id = begin(engine, case.who["ann"], line(step("a"), step("c")), False)
    case.act(tasks.transfer, "a", "eve", WORDS)
    case.act(tasks.agree, "a", login="eve")
    case.back("c", "a")

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        names = [row.name for row in identity.users(uow)]
        chains = [str(row) for table in (facts, acts) for row in uow.execute(select(table.c.data)).scalars()]
    assert all(name.endswith(" Quill") for name in names)
    assert [text for text in chains if "Quill" in text] == []


def test_the_chain_holds_a_salted_digest_and_the_timeline_the_words(engine, case):
    digests = [row["texts"]["reason"] for row in chained(engine)]

    assert len(set(digests)) == 2, "the same words twice look different"
    assert WORDS not in str(chained(engine))
    assert {kind: words for kind, (_, words, _) in told(case).items()} == {
        "task.transferred": WORDS, "instance.cancelled": WORDS,
    }  # fmt: skip
    assert findings(engine) == []


def test_words_are_erased_wherever_the_act_has_put_them_and_the_record_proves_itself_as_before(engine, case):
    seq = told(case)["task.transferred"][0]
    with engine.unit_of_work(ENGINE) as uow:
        tasks.erase_text(uow, case.id, seq, "she has asked for it")

    assert told(case)["task.transferred"] == (seq, None, ["reason"])
    assert told(case)["instance.cancelled"][1] == WORDS, "that was another act"
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert WORDS not in uow.execute(select(work_item.c.reason)).scalars().all()
        kept = uow.execute(select(history_text.c.text, history_text.c.salt).where(history_text.c.seq == seq)).one()
        assert tasks.written(uow, case.id)[-1][1:] == ("reason", "she has asked for it")
    assert tuple(kept) == (None, None)
    assert findings(engine) == []


def test_the_same_words_of_another_act_stay_beside_the_tasks_of_that_act(engine):
    """Handed over twice and a signer added, all with the same words; the signer's decision is asked for again."""
    case = Case(engine, line(step("a", mode="all"), step("c")))
    case.act(tasks.transfer, "a", "eve", WORDS)
    case.act(tasks.add_beside, "a", ["cyd"], WORDS, login="eve")
    case.act(tasks.transfer, "a", "dan", WORDS, login="eve")
    signed = case.item("cyd", "a")
    case.act(tasks.agree, "a", login="cyd")
    do(engine, case.who["cyd"], tasks.recall, signed, "wrong one")
    names = {actor.user_id: login for login, actor in case.who.items()}

    def beside():
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            rows = uow.execute(select(work_item.c.assignee_id, work_item.c.reason).order_by(work_item.c.id)).all()
        return [(names[row.assignee_id], row.reason == WORDS) for row in rows]

    def erase(kind, number=0):
        with engine.unit_of_work(ENGINE) as uow:
            tasks.erase_text(uow, case.id, history.timeline(uow, case.id, kind=kind)[number].seq, "the law")

    before = beside()
    erase("task.transferred")
    first = beside()
    erase("task.signers_added")
    added = beside()
    erase("task.transferred", 1)

    assert before[1:] == [("eve", True), ("cyd", True), ("dan", True), ("cyd", True)]
    assert first[1:] == [("eve", False), ("cyd", True), ("dan", True), ("cyd", True)]
    assert added[1:] == [("eve", False), ("cyd", False), ("dan", True), ("cyd", False)]
    assert beside()[1:] == [(login, False) for login, _ in before[1:]]
    assert findings(engine) == []


def test_what_is_not_there_is_not_erased_and_nothing_without_a_reason(engine, case):
    seq = told(case)["task.transferred"][0]
    for number, why, refusal in ((seq, " ", InvalidValue), (1, "why", NotFound)):
        with pytest.raises(refusal), engine.unit_of_work(ENGINE) as uow:
            tasks.erase_text(uow, case.id, number, why)


def test_words_are_not_changed_and_changed_by_hand_they_are_found(engine, case):
    seq = told(case)["task.transferred"][0]
    for change in (update(history_text).values(text="x"), history_text.delete()):
        with pytest.raises(IntegrityError, match="APPEND_ONLY"), engine.unit_of_work(ENGINE) as uow:
            uow.execute(change)

    with engine.unit_of_work(ENGINE) as uow:
        off = "SET LOCAL session_replication_role = replica"
        uow.execute(text("DROP TRIGGER history_text_frozen" if engine.dialect == "sqlite" else off))
        uow.execute(update(history_text).where(history_text.c.seq == seq).values(text="她在休假"))

    assert findings(engine) == [("text-changed", seq)]


def test_an_opinion_has_a_salt_that_goes_with_it(engine):
    case = Case(engine, line(step("a"), step("c")))
    case.act(tasks.agree, "a", opinion="同意")
    case.act(tasks.agree, "c", opinion="同意")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        first, _ = uow.execute(select(work_item.c.id).order_by(work_item.c.id)).scalars()
        digests = [entry.data["opinion_digest"] for entry in history.timeline(uow, case.id, kind="task.decided")]
    assert len(set(digests)) == 2

    with engine.unit_of_work(ENGINE) as uow:
        tasks.erase_opinion(uow, first, "he has asked for it")

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        salts = uow.execute(select(work_item.c.opinion_salt).order_by(work_item.c.id)).scalars().all()
    assert [salt is None for salt in salts] == [True, False]
    assert findings(engine) == []
