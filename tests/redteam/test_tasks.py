"""The gate asks a task who named whoever approved: what it says is held by the database, and by the record."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from engine import audit, policy, tasks
from engine.audit import verifier
from engine.db.task import user_task
from engine.unit_of_work import ENGINE
from tests.engine.approvals.going import Case, line, step
from tests.engine.approvals.office import Office, approval, task
from tests.engine.bpmn.drawing import user
from tests.engine.policy.test_acts_and_grants import COUNTS, ELIGIBLE
from tests.engine.policy.test_gate import POLICY, a_bill, held, pay, state_of
from tests.engine.test_migration import migrate
from tests.factories import begun, deploy, straight
from tests.redteam.rows import DATABASE, RECORD
from tests.redteam.walls import attacked, only_the_record_notices, without

pytestmark = pytest.mark.redteam
SPEC = "UPDATE user_task SET spec = replace(spec, '\"test_bill\",{}', '\"test_bill\",{}') WHERE node = 'fin'"
BY_NOBODY = SPEC.format("true]", "false]")
"""as if no data of the request had named its people"""
FORGED = {
    "nothing": ("SELECT 1",),
    "chosen by nobody": (BY_NOBODY,),
    "asked by a rule": ("UPDATE user_task SET spec = replace(spec, '\"users\"', '\"other\"') WHERE node = 'fin'",),
    "of another element": ("UPDATE user_task SET node = 'other' WHERE node = 'fin'",),
    "void": ("UPDATE user_task SET voided_at = created_at WHERE node = 'fin'",),
    "gone": ("DELETE FROM user_task WHERE node = 'fin'",),
    "of another request": ("UPDATE user_task SET instance_id = {other} WHERE node = 'fin'",),
}


@pytest.fixture
def office(engine, clock) -> Office:
    return Office(engine, clock)


def approved(office: Office):
    """Eve, whom the request has named, has approved a bill while the policy said who may; it says so no more."""
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, ELIGIBLE)
    office.deploy(approval("fin", COUNTS, users="= [boss]"), task("keep"))
    bill_id = a_bill(office.engine)
    instance = office.start(bill_id=str(bill_id), boss="eve")
    office.act("eve", tasks.agree)
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
    return instance, bill_id


def said(engine, statement: str) -> None:
    with engine.unit_of_work(ENGINE) as uow:
        assert uow.connection.execute(text(statement)).rowcount == 1


def codes(engine, **forged: tuple[str, ...]) -> dict[str, list[str]]:
    lite = engine.dialect == "sqlite"
    other = f"X'{7:032x}'" if lite else "'00000000-0000-0000-0000-000000000007'"
    return {name: attacked(engine, *statements, other=other)[1] for name, statements in forged.items()}


@pytest.mark.row(22, DATABASE, RECORD)
def test_22_a_task_is_rewritten_so_that_nobody_has_chosen_whoever_approved(office, monkeypatch, tmp_path):
    instance, bill_id = approved(office)
    held(office.engine, instance, bill_id)

    for statement in (BY_NOBODY, "DELETE FROM user_task WHERE node = 'fin'"):
        with pytest.raises(IntegrityError, match="APPEND_ONLY"):
            said(office.engine, statement)
    held(office.engine, instance, bill_id)

    with without(office.engine, user_task, "user_task_frozen"):
        said(office.engine, BY_NOBODY)
    pay(office.engine, instance, bill_id)
    assert state_of(office.engine, bill_id) == "paid", "the gate believes what the task says"
    only_the_record_notices(office.engine, monkeypatch, "task-changed")
    audit.export(office.engine, tmp_path / "export", ENGINE)
    found = verifier.verify_export(tmp_path / "export", None, None)
    assert {one.code for one in found.found if one.exit == verifier.BROKEN} == {"task-changed"}


@pytest.mark.row(22, RECORD)
def test_a_task_that_is_forged_removed_or_moved_is_named(office):
    approved(office)

    assert codes(office.engine, **FORGED) == {
        **{name: ["task-changed"] for name in FORGED}, "nothing": [], "gone": ["task-missing"],
    }  # fmt: skip


@pytest.mark.row(22, RECORD)
def test_a_task_that_was_sent_back_is_void_and_stays_so(engine):
    case = Case(engine, line(step("a"), step("b"), step("c")))
    for node in "ab":
        case.act(tasks.agree, node)
    case.back("c", "a")
    alive = "UPDATE user_task SET voided_at = NULL WHERE node = 'b'"

    with pytest.raises(IntegrityError, match="APPEND_ONLY"):
        said(engine, alive)
    later = alive.replace("NULL", "created_at")
    assert codes(engine, nothing=("SELECT 1",), alive=(alive,), later=(later,)) == {
        "nothing": [], "alive": ["task-changed"], "later": [],
    }  # fmt: skip


@pytest.mark.row(22, RECORD)
def test_a_task_follows_its_element_to_its_new_name_and_to_no_other(engine):
    deploy(engine, straight(user("a")))
    instance = begun(engine)
    deploy(engine, straight(user("a1")))
    migrate(engine, instance, choices={"a": "a1"})

    renamed = "UPDATE user_task SET node = 'other'"
    assert codes(engine, nothing=("SELECT 1",), renamed=(renamed,)) == {"nothing": [], "renamed": ["task-changed"]}


@pytest.mark.row(22, RECORD)
def test_tasks_of_before_chains_told_of_them_are_held_since_they_were_sealed(office, monkeypatch, tmp_path):
    """Until then what they say is taken as it is found; that one is gone was told before, too."""
    with monkeypatch.context() as before:
        before.setattr(audit, "SHAPE", 2)
        before.setattr(audit, "sealed_task", lambda *_: None)
        approved(office)
    told = {"of another element": ["task-changed"], "gone": ["task-missing"], "of another request": ["task-unrecorded"]}
    engine = office.engine

    assert codes(engine, **FORGED) == {name: [] for name in FORGED} | told
    with engine.unit_of_work(ENGINE) as uow:
        assert audit.seal_former(uow)
    sealed = ["task-changed"]
    assert codes(engine, **FORGED) == {
        **dict.fromkeys(FORGED, sealed), **told, "nothing": [], "void": [], "gone": ["row-missing", "task-missing"],
    }  # fmt: skip
    audit.export(engine, tmp_path / "export", ENGINE)
    manifest, rows = tmp_path / "export/manifest.json", tmp_path / "export/rows.jsonl"
    manifest.write_text(manifest.read_text().replace(f'"rows": {verifier.ROWS},', ""))
    rows.write_text("".join(line for line in rows.read_text().splitlines(True) if not line.startswith('["tasks"')))
    found = {one.code for one in verifier.verify_export(tmp_path / "export", None, None).found}
    assert "task-missing" in found, "an export does not become an older one because its manifest says so"


def test_who_chose_those_asked_is_written_once_into_an_open_task_of_before_and_on_record(office, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(audit, "SHAPE", 2)
        before.setattr(audit, "sealed_task", lambda *_: None)
        with office.engine.unit_of_work(ENGINE) as uow:
            policy.ship(uow, ELIGIBLE)
        instance = office.begin(approval("fin", COUNTS, users="eve"), task("keep"), bill_id=str(a_bill(office.engine)))
    with without(office.engine, user_task, "user_task_frozen"):
        said(office.engine, SPEC.replace(",{}", "{}").format(",false]", "]"))
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        audit.seal_former(uow)

    office.act("eve", tasks.agree)

    (told,) = office.facts(instance, "chooser.")
    assert (told.data["by_requester"], attacked(office.engine)) == (False, (0, []))
    again = SPEC.format("false]", "true]")
    assert attacked(office.engine, again) == (1, ["task-changed"])


def test_of_an_open_task_whose_version_was_exchanged_the_record_says_that_data_choose_now(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, ELIGIBLE)
    bill_id = a_bill(office.engine)
    instance = office.begin(approval("fin", COUNTS, users="eve"), task("keep"), bill_id=str(bill_id), boss="eve")
    office.deploy(approval("fin", COUNTS, users="= [boss]"), task("keep"))
    migrate(office.engine, instance)
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)

    office.act("eve", tasks.agree)

    (told,) = office.facts(instance, "chooser.")
    assert (told.data["by_requester"], attacked(office.engine)) == (True, (0, []))
    held(office.engine, instance, bill_id)
