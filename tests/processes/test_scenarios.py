"""Every scenario of every shipped process, one test each."""

from pathlib import Path

import pytest

from engine import scenarios
from engine.scenarios import Scenario, World

LIBRARY = Path(__file__).parents[2]
STORIES = scenarios.find(LIBRARY)
PROCESSES = ("leave_request", "expense_claim", "travel_declaration", "order_to_cash", "procure_to_pay")


@pytest.fixture
def world(stage: World) -> World:
    """The demo company with the whole library."""
    return stage


@pytest.mark.main_job
@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"{story.process}: {story.name}")
def test_scenario(world: World, story: Scenario) -> None:
    result = next(scenarios.play([story], world))

    assert result.failure == ""


@pytest.mark.main_job
def test_each_process_tells_its_bad_ends_too() -> None:
    told = {process: [story.name for story in STORIES if story.process == process] for process in PROCESSES}

    assert all(len(names) >= 5 for names in told.values()), told
    assert len(STORIES) >= 30


def test_every_scenario_is_called_in_both_languages() -> None:
    assert [story.name for story in STORIES if story.name.labels.keys() != {"zh", "en"}] == []


def test_no_two_scenarios_of_a_process_have_one_name() -> None:
    names = [(story.process, story.name) for story in STORIES]

    assert len(names) == len(set(names))
