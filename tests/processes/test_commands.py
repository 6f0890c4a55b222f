"""troika process …: what an analyst or an operator types."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.clock import SystemClock
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from webui.cli import main

LIBRARY = Path(__file__).parents[2]
GIVEN = "    given: {leave_type: annual, starts: 2026-03-09, ends: 2026-03-10, reason: x}\n"
LEAVE = LIBRARY / "processes" / "oa"


@pytest.fixture
def troika(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The command on an empty SQLite database with the shipped library."""
    url = f"sqlite:///{tmp_path}/troika.db"
    engine = ProcessEngine(Settings(database_url=url), clock=SystemClock())
    engine.create_schema()
    engine.dispose()
    monkeypatch.setenv("TROIKA_DATABASE_URL", url)
    monkeypatch.setenv("TROIKA_LIBRARY", str(LIBRARY))

    def call(*words: str) -> Result:
        return CliRunner().invoke(main, ["process", *words])

    return call


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A library with one process that decides and asks nobody else."""
    library = tmp_path / "library"
    for name in ("leave_request.bpmn", "leave_rule.dmn"):
        target = library / "processes" / "oa" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((LEAVE / name).read_bytes())
    for name in ("leave_request.json", "leave_correction.json"):
        target = library / "forms" / "oa" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((LIBRARY / "forms" / "oa" / name).read_bytes())
    return library


def test_lint_of_the_shipped_library_finds_no_error(troika) -> None:
    result = troika("lint")

    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith("0 errors")


def test_lint_names_the_element_that_is_wrong(troika, small: Path) -> None:
    (small / "forms" / "oa" / "leave_correction.json").unlink()

    result = troika("lint", "--library", str(small))

    assert result.exit_code == 1
    assert "correct" in result.output
    assert "leave_correction" in result.output


def test_test_closes_with_the_count_and_fails_when_a_story_fails(troika, small: Path) -> None:
    stories = small / "processes" / "oa" / "leave_request.scenarios.yml"
    stories.write_text(
        f"as: ann\nscenarios:\n  - name: good\n{GIVEN}    tasks: [manager]\n  - name: bad\n{GIVEN}    ends in: booked\n"
    )

    result = troika("test", "--library", str(small))

    assert result.exit_code == 1, result.output
    assert "FAILED leave_request: bad" in result.output
    assert "still running" in result.output
    assert result.output.splitlines()[-1] == "1 passed, 1 failed"


def test_deployed_files_come_back_as_they_were_and_go_into_drafts(troika, small: Path, tmp_path: Path) -> None:
    assert troika("deploy", "--library", str(small)).output.splitlines()[-1] == "4 new versions"
    assert troika("deploy", "--library", str(small)).output.splitlines()[-1] == "0 new versions"
    assert "leave_request" in troika("list").output

    assert troika("export", str(tmp_path / "out")).output == "4 files\n"
    assert troika("import", str(small)).output == "4 drafts\n"
    assert troika("export", "--drafts", str(tmp_path / "drafts")).output == "4 files\n"

    for path in ("processes/oa/leave_request.bpmn", "forms/oa/leave_request.json"):
        assert (tmp_path / "out" / path).read_bytes() == (small / path).read_bytes()
        assert (tmp_path / "drafts" / path).read_bytes() == (small / path).read_bytes()


def test_a_deployment_with_errors_lists_them_and_deploys_nothing(troika, small: Path) -> None:
    (small / "processes" / "oa" / "leave_rule.dmn").unlink()

    result = troika("deploy", "--library", str(small))

    assert result.exit_code == 1
    assert "leave_rule" in result.output
    assert "leave_request" not in troika("list").output


def test_replay_reports_each_deviation_and_the_totals(troika, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(
        "case,seq,timestamp,activity,role,amount,budget\n"
        "1,1,2017-01-09T09:49:50+01:00,Declaration SUBMITTED by EMPLOYEE,EMPLOYEE,5.00,b\n"
        "1,2,2017-01-10T09:49:50+01:00,Declaration APPROVED by BUDGET OWNER,BUDGET OWNER,5.00,b\n"
        "2,1,2017-01-10T09:49:50+01:00,Declaration SAVED by EMPLOYEE,EMPLOYEE,0.00,b\n"
    )

    result = troika("replay", "travel_declaration", str(log))

    assert result.exit_code == 1
    assert "1: 2 Declaration APPROVED by BUDGET OWNER: the process waits at: administration" in result.output
    assert "1 as recorded, 0 held by the payment gate (none), 1 other deviations" in result.output


def test_replay_of_a_process_without_a_description_says_which_file_is_missing(troika, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("case,seq,timestamp,activity,role,amount,budget\n")

    result = troika("replay", "leave_request", str(log))

    assert result.exit_code == 1
    assert "leave_request.replay.yml" in result.output


def test_prove_says_of_each_drawing_whether_it_pays_without_an_approval(troika, tmp_path):
    broken = tmp_path / "broken.bpmn"
    source = (LEAVE / "direct_payment.bpmn").read_text(encoding="utf-8")
    broken.write_text(source.replace('provides="finance_approval"', 'provides="stock_approval"'), encoding="utf-8")

    right = troika("prove", str(LEAVE / "direct_payment.bpmn"), str(LEAVE / "leave_request.bpmn"))
    wrong = troika("prove", str(broken))

    assert (right.exit_code, [line.split(" (")[0] for line in right.output.splitlines()]) == (
        0, ["proved direct_payment", "nothing guarded leave_request"],
    )  # fmt: skip
    assert wrong.exit_code == 1
    assert wrong.output.startswith("violated direct_payment")
    assert "policy-approval-missing" in wrong.output
