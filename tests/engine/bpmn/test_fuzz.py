"""Damaged drawings: a finding with a place, or a process that runs. `benchmarks/fuzz_bpmn.py` tries many more.

How many seconds each takes is looked at there.
"""

from types import SimpleNamespace

import pytest

from engine.bpmn.machine import core
from tests.counting import lines
from tests.engine.bpmn import mutation

MUTANTS = 200


@pytest.fixture(scope="module")
def sources():
    return mutation.seeds()


def test_mutants_are_refused_with_a_place_or_run(sources, monkeypatch):
    monkeypatch.setattr(core, "STEP_BUDGET", mutation.small_budget())

    verdicts = {number: mutation.trial(mutation.mutant(sources, number), number) for number in range(MUTANTS)}

    assert {number: found for number, found in verdicts.items() if found.problem} == {}
    assert {"unreadable", "refused", "completed", "waits"} <= {found.outcome for found in verdicts.values()}


@pytest.mark.parametrize("damage", [mutation._many_nodes, mutation._long_chain])
def test_what_is_large_is_read_checked_and_played_with_work_that_grows_with_its_size(sources, damage):
    def cost(count: int) -> int:
        data = damage(SimpleNamespace(choice=lambda _: count), sources.playable[0])
        mutation.trial(data, 0)  # what is made once
        return lines(lambda: mutation.trial(data, 0))

    none, few, many = cost(1), cost(50), cost(200)

    assert few > none + 1_000
    assert many - none < 4.5 * (few - none)


def test_a_mutant_is_the_same_again(sources):
    assert mutation.mutant(sources, 7) == mutation.mutant(sources, 7)


def test_a_crash_and_a_finding_without_a_place_are_noticed(sources, monkeypatch):
    def raise_it(*_):
        raise RecursionError("deep")

    monkeypatch.setattr(mutation.bpmn, "read", raise_it)
    crashed = mutation.trial(sources.playable[0], 0)
    monkeypatch.undo()
    monkeypatch.setattr(mutation.lint, "check", lambda *_: [mutation.Finding("x", mutation.Level.WARN, None, "Lost.")])
    placeless = mutation.trial(sources.playable[0], 0)

    assert (crashed.outcome, placeless.outcome) == ("crashed", "broken")
    assert "RecursionError" in crashed.problem
    assert "neither element nor line" in placeless.problem
