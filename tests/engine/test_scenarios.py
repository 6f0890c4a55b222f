"""Scenarios: their words, what they run, and how plainly they fail."""

from pathlib import Path

import pytest

from engine import operations, scenarios
from engine.errors import NotFound
from engine.scenarios import World, WrongScenario
from engine.scenarios.writing import ScenarioStandsIn, removed
from tests.engine.bpmn.drawing import END, catch, condition, drawing, flows, signal, signal_event
from tests.engine.bpmn.drawing import START as BEGIN

LIBRARY = Path(__file__).parents[2]
START = """
as: ann
scenarios:
  - name: story
    given: {category: meal, amount: 120.00, reason: lunch}
"""


@pytest.fixture
def world(stage: World) -> World:
    """The demo company with the whole library."""
    return stage


def failure(world: World, text: str, process: str = "expense_claim") -> str:
    (result,) = scenarios.play(scenarios.read(text, "story.yml", process), world)
    return result.failure


def story(*lines: str, given: str = START) -> str:
    return given + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ["steps:", "  - {task: finance, as: fin, agree: true}"],
            "Expected 'fin' to find task 'finance' in the inbox, but it holds: nothing."
            " The process waits at: manager (work).",
        ),
        (
            ["steps:", "  - {task: finance, group: managers, agree: true}"],
            "Expected group 'managers' to find task 'finance' in the inbox, but it holds: 'manager'."
            " The process waits at: manager (work).",
        ),
        (
            ["ends in: paid"],
            "Expected the process to end in 'paid', but it is still running. The process waits at: manager (work).",
        ),
        (
            ["steps:", "  - {cancel: done, as: adam}", "ends in: paid"],
            "Expected the process to end in 'paid', but it ended in",
        ),
        (["variables: {amount: 121.00}"], "Expected variable 'amount' = '121.00', found '120.00'."),
        (
            ["called: [erp.book_expense_claim]"],
            "Expected these operations: erp.book_expense_claim; performed were: none.",
        ),
        (["incidents: {pay: policy-hold}"], "Expected incidents {'pay': 'policy-hold'}, found {}."),
        (["tasks: [finance]"], "Expected open tasks finance, found manager."),
        (["records: {erp_payment: 1}"], "Expected 1 new rows in 'erp_payment', found 0."),
        (["records: {no_such_table: 1}"], "Expected a table 'no_such_table', but there is none."),
        (
            ["steps:", "  - {task: manager, as: bob, recall: mistake}"],
            "Expected 'bob' to have decided 'manager', but there is no such decision.",
        ),
        (
            ["steps:", "  - {submit again: {amount: 1}}"],
            "Expected the requester to have a draft of the request, but there is none.",
        ),
        (["refused: invalid_form"], "Expected it to be refused as 'invalid_form', but it was accepted."),
        (
            ["steps:", "  - {task: manager, as: bob, agree: true}", "  - {operation: oa.book_leave, returns: {}}"],
            "Expected operation 'oa.book_leave' to be called, but it was not.",
        ),
        (
            [
                "steps:",
                "  - {task: manager, as: bob, agree: true}",
                "  - {operation: erp.book_expense_claim, called with: {title: dinner}}",
            ],
            "Expected 'erp.book_expense_claim' to be called with title = 'dinner', found 'lunch'.",
        ),
        (
            ["steps:", "  - {task: manager, as: bob, agree: {amount: 5}}"],
            "Expected it to be accepted, but: You may not change these fields here: amount.",
        ),
    ],
)
def test_a_failure_says_what_was_expected_and_what_was_found(world: World, lines: list[str], said: str) -> None:
    assert said in failure(world, story(*lines))


def test_a_story_that_holds_passes_and_each_begins_anew(world: World) -> None:
    text = story(
        "steps:",
        "  - {task: manager, as: bob, agree: true}",
        "  - {task: finance, as: jiangyi, agree: true}",
        "ends in: paid",
        "records: {erp_payment: 1}",
    )

    assert [failure(world, text), failure(world, text)] == ["", ""]


def test_what_an_operation_is_told_to_answer_stays_inside_the_scenario(world: World) -> None:
    real = operations.get("erp.book_expense_claim").function

    failure(world, story("steps:", "  - {task: manager, as: bob, agree: true}",
                         "  - {operation: erp.book_expense_claim, returns: {claim_id: x}}"))  # fmt: skip

    assert operations.get("erp.book_expense_claim").function is real


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenarios: [", "expected YAML"),
        ("- a list", "expected a dict"),
        ("scenarios: {}", "expected a list"),
        ("storys: []", "found 'storys'"),
        ("scenarios: [{name: a, gives: {}}]", "found 'gives'"),
        ("scenarios: [{name: {zh: 甲, fr: a}}]", "found 'fr'"),
        ("scenarios: [{name: {zh: 1}}]", "a str"),
        ("scenarios: [{name: {}}]", "a name"),
        ("scenarios: [{given: {}}]", "expected a str"),
        ("scenarios: [{name: a, steps: [{task: b, return: {where: c}}]}]", "expected one of opinion, resubmit, to"),
        ("scenarios: [{name: a, steps: [{submit again: b}]}]", "expected a dict"),
        ("scenarios: [{name: a, steps: [{task: x, as: y}]}]", "one of complete, agree, reject"),
        ("scenarios: [{name: a, steps: [{task: x, agree: true, reject: no}]}]", "one of complete, agree, reject"),
        ("scenarios: [{name: a, steps: [{as: y}]}]", "a step with one of task"),
        ("scenarios: [{name: a, steps: [{tusk: x}]}]", "found 'tusk'"),
        ("scenarios: [!!python/object/apply:os.system [ls]]", "expected YAML"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_place(text: str, said: str) -> None:
    with pytest.raises(WrongScenario) as caught:
        scenarios.read(text, "story.yml", "x")

    assert said in str(caught.value)


def test_a_drawing_on_trial_is_played_in_place_of_the_stored_one() -> None:
    drawing = (LIBRARY / "processes" / "oa" / "leave_request.bpmn").read_bytes()
    changed = drawing.replace(b'<bpmn:endEvent id="booked"', b'<bpmn:endEvent id="granted"')
    for place in (b"<bpmn:targetRef", b'targetRef="booked"', b'bpmnElement="booked"', b'id="booked_di"'):
        changed = changed.replace(place, place.replace(b"booked", b"granted"))
    text = """
as: ann
scenarios:
  - name: story
    given: {leave_type: annual, starts: 2026-03-09, ends: 2026-03-10, reason: x}
    steps:
      - {task: manager, as: bob, agree: true}
    ends in: granted
"""

    (result,) = scenarios.run(
        text, LIBRARY, resources={"processes/oa/leave_request.bpmn": changed}, process="leave_request"
    )

    assert result.failure == ""


def test_signals_and_written_variables_move_a_story() -> None:
    watch = drawing(
        BEGIN + f'<startEvent id="called" name="called">{signal_event("go")}</startEvent>'
        + catch("stop", signal_event("halt")) + catch("low", condition("stock < 5")) + END
        + flows("start stop low end", "called stop"),
        signal("go") + signal("halt"), "watch",
    )  # fmt: skip
    text = """
scenarios:
  - name: begun by hand
    given: {stock: 9}
    steps:
      - {signal: halt, with: {why: drill}}
      - {set: {stock: 4}}
    ends in: end
    variables: {why: drill}
  - name: begun by a signal
    start: {signal: go, with: {stock: 4}}
    steps:
      - {signal: halt}
    ends in: end
  - name: waits
    given: {stock: 9}
    steps:
      - {signal: other}
    ends in: end
"""

    results = scenarios.run(text, LIBRARY, resources={"processes/oa/watch.bpmn": watch}, process="watch")

    assert [result.failure for result in results] == [
        "", "", "Expected the process to end in 'end', but it is still running. The process waits at: stop (signal).",
    ]  # fmt: skip


def test_a_scenario_is_taken_out_and_everything_else_stays_as_it_is():
    text = (
        "# all of them\nas: ann\nscenarios:\n"
        "  - name: small  # paid at once\n    given: &small {amount: 1}\n\n"
        "  # asked by the auditors\n  - {name: again, given: *small}\n"
        "  - name: large\n    given: {amount: 9}\n# the end\n"
    )

    assert removed(text, "again", "claim") == text.replace(
        "  # asked by the auditors\n  - {name: again, given: *small}\n", ""
    )
    assert removed(text, "large", "claim") == text.replace("  - name: large\n    given: {amount: 9}\n", "")
    with pytest.raises(ScenarioStandsIn, match="others stand on it"):
        removed(text, "small", "claim")
    with pytest.raises(ScenarioStandsIn):
        removed("scenarios: [{name: a, given: {}}, {name: b, given: {}}]", "a", "claim")
    with pytest.raises(NotFound):
        removed(text, "none", "claim")
