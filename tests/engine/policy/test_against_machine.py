"""The proof and the machine agree on drawings made by chance: what can pay without an approval, and what cannot."""

import pytest

from tests.engine.policy.against_machine import drawn, judged

COUNT = 75
"""of each kind; `benchmarks.proofs` takes thousands"""


@pytest.mark.parametrize("kind", ["in blocks", "tangled"])
def test_the_proof_finds_what_the_machine_can_do_and_nothing_else(kind):
    outcomes = {}
    for seed in range(COUNT):
        verdict = judged(drawn(kind, seed), states=250)
        if verdict is not None:
            outcomes[seed] = verdict.outcome

    wrong = {seed: outcome for seed, outcome in outcomes.items() if outcome in ("missed", "cried wolf")}
    assert wrong == {}
    assert {"violated, both", "proved, both"} <= set(outcomes.values())


@pytest.mark.parametrize("kind", ["in blocks", "tangled"])
def test_nothing_is_missed_where_variables_hang_together(kind):
    for seed in range(COUNT // 3):
        verdict = judged(drawn(kind, seed, entangled=True), entangled=True, states=200)
        assert verdict is None or verdict.outcome != "missed", seed
