"""The command line: accounts, lists, the doctor, and what production refuses."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from engine import identity
from engine.db.task import RoundStatus, user_task
from engine.errors import UnsafeForProduction
from engine.process_engine import ProcessEngine
from engine.settings import DEMO_SECRET_KEY, Settings
from engine.unit_of_work import ENGINE
from webui.cli import main, opening

LIBRARY = str(Path(__file__).parents[2])


@pytest.fixture
def troika(tmp_path):
    """troika("db", "upgrade") -> exit code and what was printed, on a database of its own."""
    url = f"sqlite:///{tmp_path}/troika.db"

    def run(*arguments, input=None, **environment):
        settings = {"TROIKA_DATABASE_URL": url, "TROIKA_LIBRARY": str(tmp_path)} | environment
        result = CliRunner().invoke(main, list(arguments), env=settings, input=input)
        return result.exit_code, result.output

    return run


def test_a_new_database_gets_schema_and_first_administrator(troika):
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
    listed = {noun: troika(noun, "list")[1] for noun in ("process", "instance", "job", "incident", "user")}
    assert "order_to_cash" in listed["process"]
    assert "jiangyi" in listed["user"]
    running = next(line.split()[0] for line in listed["instance"].splitlines() if "running" in line)
    assert "instance.started" in troika("instance", "show", running)[1]
    assert troika("job", "run-due")[0] == 0
    assert troika("instance", "suspend", running, "--reason", "look")[0] == 0
    assert troika("instance", "activate", running)[0] == 0
    assert troika("instance", "cancel", running, "--reason", "not needed")[0] == 0
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
    assert "broken.bpmn: Expected well-formed XML, found at line 2" in said
    folder = tmp_path / "out"
    assert troika("process", "export", str(folder), "--drafts") == (0, "2 files\n")
    assert 'candidateGroups="hr"' in (folder / "processes/hr/leave.bpmn").read_text(encoding="utf-8")


def test_a_dry_run_stores_nothing_and_speaks_chinese(troika, tmp_path):
    troika("db", "upgrade")
    (tmp_path / "leave.bpmn").write_text(LEAVE, encoding="utf-8")

    code, said = troika("process", "import", str(tmp_path / "leave.bpmn"), "--dry-run", "--language", "zh")

    assert code == 0
    assert "第 3 行: 需要决定" in said
    assert said.endswith("0 drafts\n")
    assert troika("process", "export", str(tmp_path / "out"), "--drafts") == (0, "0 files\n")
