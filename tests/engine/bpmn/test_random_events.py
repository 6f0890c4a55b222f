"""Whatever happens in whatever order: states stay sound, waits are closed, stored states go on alike."""

import pytest

from tests.engine.bpmn.random_events import played

ENDED = ("completed", "failed", "terminated")


@pytest.mark.parametrize("seed", range(0, 60, 6))
def test_random_events_keep_every_promise_of_a_state(seed):
    ends = {number: played(number).step.ended for number in range(seed, seed + 6)}

    assert set(ends.values()) <= {None, *ENDED}


def test_random_events_are_not_all_alike():
    assert {played(number).step.ended for number in range(30)} >= set(ENDED)
