"""The command line: accounts, lists, the doctor, and what production refuses."""

import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import Workbook
from sqlalchemy import select, update

from engine import identity
from engine.db.task import RoundStatus, user_task
from engine.errors import UnsafeForProduction
from engine.ids import uuid7
from engine.process_engine import ProcessEngine
from engine.settings import DEMO_SECRET_KEY, Settings
from engine.unit_of_work import ENGINE
from tests.engine.dmn import written as w
from webui.cli import main, opening

LIBRARY = str(Path(__file__).parents[2])


@pytest.fixture(scope="session")
def upgraded(tmp_path_factory):
    """An empty database with the newest schema; `troika db upgrade` finds nothing to do in a copy."""
    file = tmp_path_factory.mktemp("upgraded") / "troika.db"
    engine = ProcessEngine(Settings(database_url=f"sqlite:///{file}"))
    engine.upgrade()
    engine.dispose()
    return file


@pytest.fixture
def troika(tmp_path, upgraded):
    """troika("db", "upgrade") -> exit code and what was printed, on a database of its own."""
    shutil.copy(upgraded, tmp_path)
    return commands(tmp_path)


def commands(tmp_path):
    """What `troika` gives, in this folder."""
    url = f"sqlite:///{tmp_path}/troika.db"

    def run(*arguments, input=None, **environment):
        settings = {"TROIKA_DATABASE_URL": url, "TROIKA_LIBRARY": str(tmp_path)} | environment
        result = CliRunner().invoke(main, list(arguments), env=settings, input=input)
        return result.exit_code, result.output

    return run


def test_a_new_database_gets_schema_and_first_administrator(tmp_path):
    troika = commands(tmp_path)
    assert troika("db", "current")[0] == 1
    assert troika("db", "upgrade")[0] == 0

    code, said = troika("user", "create", "root", "管理员", "--admin", input="correct horse\n")

    assert (code, said) == (0, "")
    assert "root" in troika("user", "list")[1]
    assert troika("db", "current")[0] == 0
    assert troika("instance", "list")[0] == troika("job", "list")[0] == troika("incident", "list")[0] == 0


def test_an_error_is_a_sentence_with_what_to_do(troika):
    troika("db", "upgrade")

    code, said = troika("user", "disable", "nobody")

    assert code == 1
    assert "Expected user 'nobody', but there is none." in said
    assert "Traceback" not in said


@pytest.mark.main_job
def test_production_refuses_the_default_key_and_demo_accounts(tmp_path):
    def start(key):
        settings = Settings(database_url=f"sqlite:///{tmp_path}/p.db", mode="production", secret_key=key)
        engine = ProcessEngine(settings)
        try:
            engine.upgrade()
            opening.refuse_trial_in_production(engine)
            with engine.unit_of_work(ENGINE) as uow:
                identity.create_user(uow, "ann", "Ann", password="troika-demo", demo=True)
            opening.refuse_trial_in_production(engine)
        finally:
            engine.dispose()

    with pytest.raises(UnsafeForProduction, match="secret key"):
        start(DEMO_SECRET_KEY)
    with pytest.raises(UnsafeForProduction, match="1 demo accounts"):
        start("0123456789abcdef" * 4)


@pytest.mark.main_job
def test_every_noun_answers_and_the_doctor_misses_a_row_that_is_gone(troika, tmp_path):
    assert troika("demo", "--size", "tiny", TROIKA_LIBRARY=LIBRARY)[0] == 0
    healthy, said = troika("doctor", TROIKA_LIBRARY=LIBRARY)
    assert [line for line in said.splitlines() if not line.startswith("ok ")] == []
    assert healthy == 0
    assert "Set TROIKA_SITE_URL to how people reach the site" in said, "also while it is only tried"
    assert "beside the database: within reach of whoever owns it" in said
    mailed = {"TROIKA_ANCHOR_SINK": "mail:audit@firm.example", "TROIKA_SMTP_URL": "smtp://127.0.0.1:1"}
    assert "WRONG  anchor sink: mail:audit@firm.example: 127.0.0.1: " in troika("doctor", **mailed)[1]
    live = {"TROIKA_LIBRARY": LIBRARY, "TROIKA_MODE": "production", "TROIKA_SECRET_KEY": "0123456789abcdef" * 4}
    assert "WRONG  site address: http://127.0.0.1:8080" in troika("doctor", **live)[1]
    assert "ok     site address: https://oa.example.com" in troika(
        "doctor", TROIKA_SITE_URL="https://oa.example.com", **live
    )[1]  # fmt: skip
    listed = {noun: troika(noun, "list")[1] for noun in ("process", "instance", "job", "incident", "user")}
    assert "order_to_cash" in listed["process"]
    assert "jiangyi" in listed["user"]
    code, told = troika("policy", "proofs")
    assert (code, "expense_claim" in told, "violated" in told) == (0, True, False), told
    assert troika("policy", "holds") == (0, "0 held\n")
    stated = tmp_path / "policies.yml"
    troika("policy", "export", str(stated))
    code, told = troika("policy", "impact", str(stated))
    assert (code, "PAY-001: as it is in force" in told, "expense_claim v1: proved, then proved" in told) == (0, 1, 1)
    stated.write_text(stated.read_text(encoding="utf-8").replace("approval: finance_approval", "approval: board"))
    code, told = troika("policy", "impact", str(stated))
    assert (code, "expense_claim v1: proved, then violated" in told) == (1, True), told
    assert re.search(r"([1-9]\d*) of \1 that ran in the last 90 days would be held", told), told
    whole = troika("policy", "grants", "--state", "all")[1].splitlines()
    assert len(whole) > 1
    names = {line.split()[0] for line in whole[1:]}
    of_bob = troika("policy", "grants", "--state", "all", "--person", "bob")[1].splitlines()
    assert {line.split()[0] for line in of_bob[1:]} <= {"包博"} <= names | {"包博"}
    assert len(of_bob) < len(whole)
    document = next(word for word in whole[1].split() if word.count("-") == 4)
    assert len(troika("policy", "grants", "--state", "all", "--document", document)[1].splitlines()) == 2
    running = next(line.split()[0] for line in listed["instance"].splitlines() if "running" in line)
    assert "instance.started" in troika("instance", "show", running)[1]
    assert troika("job", "run-due")[0] == 0
    assert troika("instance", "suspend", running, "--reason", "look")[0] == 0
    assert troika("instance", "activate", running)[0] == 0
    assert troika("instance", "cancel", running, "--reason", "not needed")[0] == 0
    assert troika("instance", "over")[0] == troika("instance", "erase", "--all", "--reason", "time is over")[0] == 0
    code, said = troika("instance", "erase", running, "--reason", "time is over")
    assert (code, "does not say how long" in said) == (1, True)
    assert troika("incident", "resolve", running)[0] == troika("job", "retry", running)[0] == 1  # neither is one

    engine = ProcessEngine(Settings(database_url=f"sqlite:///{tmp_path}/troika.db"))
    with engine.unit_of_work(ENGINE) as uow:
        open_task = uow.execute(select(user_task.c.id, user_task.c.instance_id).where(user_task.c.status == 0)).first()
        uow.execute(update(user_task).where(user_task.c.id == open_task.id).values(status=int(RoundStatus.CANCELLED)))
    engine.dispose()

    code, said = troika("doctor", TROIKA_LIBRARY=LIBRARY)
    assert code == 1
    wrong = [line for line in said.splitlines() if line.startswith("WRONG")]
    assert len(wrong) == 1
    assert str(open_task.instance_id) in wrong[0]


LEAVE = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:flowable="http://flowable.org/bpmn"><process id="leave" isExecutable="true">
<userTask id="approve" name="审批" flowable:candidateGroups="hr" flowable:assignee="${who.boss()}"/>
</process></definitions>"""


def test_drawings_of_other_products_become_drafts_with_a_printed_report(troika, tmp_path):
    troika("db", "upgrade")
    (tmp_path / "请假.bpmn20.xml").write_text(LEAVE, encoding="utf-8")
    (tmp_path / "broken.bpmn").write_text("<definitions>\n<process", encoding="utf-8")
    (tmp_path / "limit.dmn").write_bytes((Path(LIBRARY) / "processes/oa/leave_rule.dmn").read_bytes())
    files = [str(tmp_path / name) for name in ("请假.bpmn20.xml", "broken.bpmn", "limit.dmn")]

    code, said = troika("process", "import", *files, "--area", "hr")

    assert code == 1
    assert [line.split(":")[0] for line in said.splitlines() if not line.startswith(" ")] == [
        "请假.bpmn20.xml", "broken.bpmn", "2 drafts",
    ]  # fmt: skip
    assert "请假.bpmn20.xml: Flowable → processes/hr/leave.bpmn" in said
    assert "审批 (approve), line 3: Needs a decision: The expression flowable:assignee=" in said
    assert "broken.bpmn: Expected well-formed XML, but at line 2" in said
    folder = tmp_path / "out"
    assert troika("process", "export", str(folder), "--drafts") == (0, "2 files\n")
    assert 'candidateGroups="hr"' in (folder / "processes/hr/leave.bpmn").read_text(encoding="utf-8")


def test_a_form_that_stands_in_a_drawing_is_a_file_beside_it(troika, tmp_path):
    troika("db", "upgrade")
    field = '<flowable:formProperty id="days" name="Days" type="long"/>'
    asking = LEAVE.replace(
        ' flowable:assignee="${who.boss()}"/>', f"><extensionElements>{field}</extensionElements></userTask>"
    )
    (tmp_path / "leave.bpmn").write_text(asking, encoding="utf-8")

    code, said = troika("process", "import", str(tmp_path / "leave.bpmn"), "--area", "hr")

    assert code == 0
    assert "leave.bpmn: Flowable → processes/hr/leave.bpmn, forms/hr/leave_approve.json" in said
    assert said.endswith("2 drafts\n")
    troika("process", "export", str(tmp_path / "out"), "--drafts")
    assert '"id": "hr/leave_approve"' in (tmp_path / "out/forms/hr/leave_approve.json").read_text(encoding="utf-8")


def test_a_dry_run_stores_nothing_and_speaks_chinese(troika, tmp_path):
    troika("db", "upgrade")
    (tmp_path / "leave.bpmn").write_text(LEAVE, encoding="utf-8")

    code, said = troika("process", "import", str(tmp_path / "leave.bpmn"), "--dry-run", "--language", "zh")

    assert code == 0
    assert "第 3 行: 需要决定" in said
    assert said.endswith("0 drafts\n")
    assert troika("process", "export", str(tmp_path / "out"), "--drafts") == (0, "0 files\n")


@pytest.fixture
def fee(tmp_path):
    """A decision file of two rules, the second of which a small fee never reaches."""
    rules = [["< 100", '"small"'], [">= 100", '"large"']]
    table = w.table("UNIQUE", [("amount", "number", "")], [("fee", "string", "", None)], rules)
    file = tmp_path / "fee.dmn"
    file.write_bytes(w.xml(w.decision("fee", table)))
    return str(file)


def test_a_decision_is_simulated_on_a_file_with_coverage(troika, fee, tmp_path):
    (tmp_path / "data.csv").write_bytes("amount,备注\n5,甲\n7.50,=1+1\n".encode("gb18030"))

    code, said = troika(
        "decision", "simulate", fee, str(tmp_path / "data.csv"), "--out", str(tmp_path / "out.csv")
    )  # fmt: skip

    assert code == 0
    assert [line.split() for line in said.splitlines()[1:3]] == [["fee", "1", "r1", "2"], ["fee", "2", "r2", "never"]]
    assert "the column 备注 is no input" in said
    assert said.endswith("2 rows, 0 with problems, 1 of 2 rules never hit\n")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "amount,备注,result,rules,problems", "5,甲,small,1,", "7.50,'=1+1,small,1,",
    ]  # fmt: skip


def test_a_row_with_a_problem_ends_a_simulation_with_1(troika, fee, tmp_path):
    book = Workbook()
    for line in (["amount", "expected"], [99.5, "small"], ["much", None], [100, "small"]):
        book.active.append(line)
    book.save(tmp_path / "data.xlsx")

    code, said = troika("decision", "simulate", fee, str(tmp_path / "data.xlsx"))

    assert code == 1
    assert "row 3: amount: expected number, found much." in said
    assert 'row 4: expected: expected "small", found "large".' in said
    assert "3 rows, 2 with problems, 0 of 2 rules never hit" in said


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("data.xlsx", b"PK no zip", "Expected an .xlsx or .csv file"),
        ("data.pdf", b"%PDF", "Expected an .xlsx or .csv file"),
        ("data.csv", b"\xff\xff\xff", "Expected an .xlsx or .csv file"),
        ("data.csv", b"sum\n1\n", "Expected columns named amount, found sum."),
        ("data.csv", b"", "Expected columns named amount"),
    ],
)
def test_a_file_that_holds_no_rows_is_refused_in_a_sentence(troika, fee, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)

    code, output = troika("decision", "simulate", fee, str(tmp_path / name))

    assert code == 1
    assert said in output
    assert "Traceback" not in output


def test_a_file_with_several_decisions_wants_one_named(troika, fee, tmp_path):
    (tmp_path / "two.dmn").write_bytes(
        w.xml(w.decision("a", w.literal("1")) + w.decision("b", w.literal("n + 1")), "u")
    )
    (tmp_path / "data.csv").write_text("n\n5\n")

    assert "Expected --decision, one of a, b." in troika(
        "decision", "simulate", str(tmp_path / "two.dmn"), str(tmp_path / "data.csv")
    )[1]  # fmt: skip
    assert troika(
        "decision", "simulate", str(tmp_path / "two.dmn"), str(tmp_path / "data.csv"), "--decision", "b"
    )[0] == 0  # fmt: skip


POLICY = """
- id: REF-001
  title: 先审批，后退款
  on: refund.execute
  require:
    - {approval: finance_approval, people: 1}
  distinct: [requester, approver]
"""


def test_a_policy_is_proposed_by_one_and_put_in_force_by_another_who_know_their_passwords(troika, tmp_path):
    troika("db", "upgrade")
    for login in ("kate", "karl"):
        troika("user", "create", login, login.title(), "--admin", input="correct horse\n")
    file = tmp_path / "policies.yml"
    file.write_text(POLICY, encoding="utf-8")

    assert troika("policy", "propose", str(file), "--as", "kate", input="guessed\n") == (
        1, "troika: Expected the password of kate.\n",
    )  # fmt: skip
    code, said = troika("policy", "propose", str(file), "--as", "kate", input="correct horse\n")
    key = said.split()[4]
    assert (code, said.splitlines()[1]) == (0, "1 proposed")
    code, said = troika("policy", "activate", key, "--as", "kate", input="correct horse\n")
    assert code == 1
    assert "another person" in said
    code, said = troika("policy", "activate", key, "--as", "karl", input="correct horse\n")

    warned = "REF-001: no task of a deployed process provides finance_approval: what needs it is held\n"
    assert (code, said) == (0, f"REF-001 version 1 active {key}\n{warned}")
    assert "shipped" not in troika("policy", "list")[1]
    file.write_text(POLICY.replace("REF-001", "REF-002").replace("refund.execute", "seal.apply"), encoding="utf-8")
    for command in (("impact",), ("propose", "--as", "kate")):
        code, said = troika("policy", *command, str(file), input="correct horse\n")
        assert (code, "speaks about: seal.apply" in said, "payment.execute" in said) == (1, True, True), said
    troika("policy", "export", str(tmp_path / "out.yml"))
    assert "finance_approval" in (tmp_path / "out.yml").read_text(encoding="utf-8")


def test_record_is_anchored_verified_exported_and_told_apart_by_exit_codes(troika, tmp_path):
    troika("db", "upgrade")
    troika("user", "create", "audra", "Audra", input="correct horse battery")
    assert troika("audit", "verify")[0] == 4, "no checkpoint yet"

    code, told = troika("audit", "anchor")
    assert (code, "checkpoint 1" in told) == (0, True)
    keys = tmp_path / "printed.txt"
    keys.write_text(troika("audit", "keys")[1])
    assert troika("audit", "verify", "--keys", str(keys))[0] == 0
    code, told = troika("audit", "export", str(tmp_path / "out"))
    assert (code, (tmp_path / "out" / "verify_audit.py").is_file()) == (0, True)
    assert troika("audit", "verify", "--anchors", str(tmp_path / "out" / "anchors"))[0] == 0

    keys.write_text("00" * 32)
    assert troika("audit", "verify", "--keys", str(keys))[0] == 3
    shutil.copytree(tmp_path / "out" / "anchors", tmp_path / "kept")
    code, told = troika("audit", "reseal", "--reason", "nothing was put back", "--anchors", str(tmp_path / "kept"))
    assert (code, "Nothing outside is newer" in told) == (1, True)
    code, told = troika("audit", "reseal", "--reason", "nothing was put back")
    assert (code, "Nothing outside is newer" in told) == (1, True)
    assert troika("audit", "erase-text", str(uuid7()))[0] == 0, "nobody has written anything there"
    mailed = {"TROIKA_ANCHOR_SINK": "mail:audit@firm.example", "TROIKA_SMTP_URL": "smtp://127.0.0.1:1"}
    code, told = troika("audit", "verify", **mailed)
    assert (code, "were not looked at: they went by mail alone" in told) == (0, True)
    shutil.rmtree(tmp_path / "troika.anchors")
    code, told = troika("audit", "verify")
    assert (code, "does not lie there any more" in told) == (2, True), told
    code, told = troika("audit", "erase-text", str(uuid7()), "3", "--reason", "the law")
    assert (code, "instance" in told) == (1, True)
    code, told = troika("audit", "evidence", "PAY-0")
    assert (code, "payment" in told) == (1, True)
    with sqlite3.connect(tmp_path / "troika.db") as database:
        for trigger in ("audit_no_update", "audit_no_delete"):
            database.execute(f"DROP TRIGGER {trigger}")
        database.execute("UPDATE audit SET kind = 'user.promoted' WHERE kind = 'user.created'")
    code, told = troika("audit", "verify")
    assert (code, "BROKEN 断链 chain-broken" in told) == (1, True)
    with sqlite3.connect(tmp_path / "troika.db") as database:
        database.execute("UPDATE audit SET kind = 'user.created' WHERE kind = 'user.promoted'")
        database.execute("DELETE FROM audit WHERE scope <> 'identity'")
    assert troika("audit", "verify")[0] == 2
