"""What `processes/lint.yml` of the library says counts when files are checked and deployed."""

import pytest

from engine import repository
from engine.errors import DeploymentRefused
from engine.lint.levels import WrongLevels
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE
from tests.engine.dmn import written as w

GAP = w.xml(w.decision("limit", w.table("UNIQUE", [("n", "number", "")], [("o", "", "", None)], [["> 5", "1"]])))


def deploy(tmp_path, levels, area="oa"):
    (tmp_path / "processes").mkdir(exist_ok=True)
    (tmp_path / "processes" / "lint.yml").write_text(levels, encoding="utf-8")
    engine = ProcessEngine.in_memory(library=tmp_path)
    with engine.unit_of_work(ENGINE) as uow:
        return repository.deploy(uow, {f"processes/{area}/limit.dmn": GAP})


def test_a_gap_is_a_warning_unless_the_library_says_that_it_stops_the_deployment(tmp_path):
    (warning,) = deploy(tmp_path, "").findings
    assert warning.rule == "decision-gap"

    with pytest.raises(DeploymentRefused) as refused:
        deploy(tmp_path, "rules: {decision-gap: error}")

    assert [finding.rule for finding in refused.value.findings] == ["decision-gap"]


def test_the_level_of_an_area_counts_in_that_area_only(tmp_path):
    levels = "rules: {decision-gap: error}\nareas: {oa: {decision-gap: 'off'}}"

    assert deploy(tmp_path, levels).findings == ()
    with pytest.raises(DeploymentRefused):
        deploy(tmp_path, levels, area="crm")


def test_levels_that_nobody_can_mean_stop_everything(tmp_path):
    with pytest.raises(WrongLevels):
        deploy(tmp_path, "rules: {decision-gap: loud}")
