"""Recorded declarations of a university, both that were paid without an approval among them, on both databases.

Of the 500 of the sample one of each of the 90 ways that declarations took; `benchmarks.replay` plays the whole log.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from engine import replay
from engine.clock import FrozenClock
from engine.process_engine import ProcessEngine
from engine.replay import Deviation, WrongLog, books
from engine.scenarios import worlds

LIBRARY = Path(__file__).parents[2]
SAMPLE = LIBRARY / "tests" / "data" / "bpi2020_domestic_500.csv.gz"
BAD = {"declaration95149", "declaration90815"}
COMMONEST = 5
DIFFERENT = ("declaration86809", "declaration87660", "declaration124535", "declaration98073")
"""turned down by finance; after the payment was requested; paid without a request; too large for the log's approvers"""
SMALL = 25
"""cases for the second database: both bad ones and as many variants as fit into a few seconds"""


@pytest.mark.main_job
@pytest.mark.slow
def test_recorded_declarations_end_as_in_reality_except_those_that_nobody_approved(
    engine: ProcessEngine, clock: FrozenClock
) -> None:
    acts = replay.read_acts(LIBRARY, "travel_declaration")
    worlds.furnish(engine, clock, LIBRARY, policies=replay.policies(LIBRARY, acts))
    cases = list({case.id if case.id in BAD else case.variant: case for case in replay.read_log(SAMPLE)}.values())
    if engine.dialect == "postgresql":
        cases = [case for case in cases if case.id in BAD] + [case for case in cases if case.id not in BAD][:SMALL]
    assert {case.id for case in cases} >= BAD

    played = list(replay.play(engine, clock, acts, cases))

    assert {one.case.id for one in played if not one.same} == BAD
    for one in played:
        if one.case.id in BAD:
            assert one.held is not None
            assert "PAY-001" in one.held
            assert not one.paid
    found = books.check(engine, acts, played)
    assert found.broken == ()
    assert found.payments == sum(one.paid for one in played) > 0


def test_the_commonest_ways_replay_on_the_expense_claim_and_what_nobody_approved_is_held(
    engine: ProcessEngine, clock: FrozenClock
) -> None:
    acts = replay.read_acts(LIBRARY, "expense_claim")
    worlds.furnish(engine, clock, LIBRARY, policies=replay.policies(LIBRARY, acts))
    log = replay.read_log(SAMPLE)
    ways = [variant for variant, _ in Counter(case.variant for case in log).most_common(COMMONEST)]
    cases = [next(case for case in log if case.variant == way) for way in ways]
    cases += [case for key in (*DIFFERENT, *sorted(BAD)) for case in log if case.id == key]

    played = list(replay.play(engine, clock, acts, cases))

    assert [(one.case.id, one.deviation) for one in played if one.deviation is not None] == [
        (DIFFERENT[-1], Deviation(13, "Payment Handled", "the process waits at: director"))
    ]
    assert [(one.case.id, one.paid) for one in played if not one.same] == [(case.id, False) for case in cases[-3:]]
    for one in played[-2:]:
        assert one.held is not None
        assert "PAY-001: expected a live approval: finance_approval" in one.held
    found = books.check(engine, acts, played)
    assert (found.broken, found.payments) == ((), COMMONEST + 2)


def test_a_payment_that_the_log_does_not_know_is_told(engine: ProcessEngine, clock: FrozenClock) -> None:
    acts = replay.read_acts(LIBRARY, "travel_declaration")
    worlds.furnish(engine, clock, LIBRARY, policies=replay.policies(LIBRARY, acts))
    cases = [case for case in replay.read_log(SAMPLE) if acts.paid in case.variant and acts.approved in case.variant]
    (played,) = replay.play(engine, clock, acts, cases[:1])
    unpaid = replace(played, case=replace(played.case, events=played.case.events[:-1]), recorded_paid=False)

    found = books.check(engine, acts, [unpaid])
    without = books.check(engine, acts, [])

    assert played.same
    assert any("expected 0 payments, found 1" in text for text in found.broken)
    assert [text.endswith("of no case") for text in without.broken] == [True]


def test_a_log_with_a_missing_column_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("case,activity\n1,Request Payment\n")

    with pytest.raises(WrongLog, match="columns"):
        replay.read_log(log)


def test_a_log_with_a_wrong_amount_is_refused_with_its_line(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("case,seq,timestamp,activity,role,amount,budget\n1,1,2017-01-09T09:49:50+01:00,X,EMPLOYEE,much,b\n")

    with pytest.raises(WrongLog, match=r"log\.csv:2"):
        replay.read_log(log)


def test_an_act_that_cannot_be_performed_is_reported_with_its_step(clock: FrozenClock, tmp_path: Path) -> None:
    engine = ProcessEngine.in_memory(clock, inline_ms=worlds.PATIENT)
    acts = replay.read_acts(LIBRARY, "travel_declaration")
    worlds.furnish(engine, clock, LIBRARY, policies=replay.policies(LIBRARY, acts))
    log = tmp_path / "log.csv"
    log.write_text(
        "case,seq,timestamp,activity,role,amount,budget\n"
        "1,1,2017-01-09T09:49:50+01:00,Declaration SUBMITTED by EMPLOYEE,EMPLOYEE,5.00,b\n"
        "1,2,2017-01-10T09:49:50+01:00,Declaration APPROVED by BUDGET OWNER,BUDGET OWNER,5.00,b\n"
        "2,1,2017-01-10T09:49:50+01:00,Declaration LOST,EMPLOYEE,5.00,b\n"
    )

    first, second = replay.play(engine, clock, acts, replay.read_log(log))

    assert first.deviation is not None
    assert (first.deviation.number, first.deviation.activity) == (2, "Declaration APPROVED by BUDGET OWNER")
    assert "administration" in first.deviation.reason
    assert second.deviation is not None
    assert "no such act" in second.deviation.reason
