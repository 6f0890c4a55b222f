"""Policies as text: what is read, and what is refused because nobody would enforce it."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine import policy
from engine.errors import InvalidPolicy

GOOD = """
- id: P-1
  title: T
  on: payment.execute
  when: "= facts.amount_base != null"
  require:
    - {approval: finance_approval, people: 2, eligible: '= list contains(actor.roles, "finance")', valid_for: PT36H}
    - evidence: '= facts.match = "matched"'
  distinct: [requester, executor]
  binds: [amount]
  elsewhere: forbidden
"""


def test_a_policy_is_read_as_it_is_written():
    (found,) = policy.read(GOOD)

    assert (found.id, found.on, found.when, found.elsewhere) == (
        "P-1", "payment.execute", "facts.amount_base != null", False,
    )  # fmt: skip
    (need,) = found.approvals
    assert (need.approval, need.people, need.valid_for) == ("finance_approval", 2, timedelta(hours=36))
    assert [condition.kind for condition in found.conditions] == ["evidence"]
    assert found.distinct == {"requester", "executor"}


def test_the_shipped_policies_can_be_read():
    shipped = policy.read(Path("processes/policies.yml").read_text(encoding="utf-8"))

    (pay,) = [found for found in shipped if found.id == "PAY-001"]
    assert pay.on == "payment.execute"
    assert [(need.approval, need.people, need.when) for need in pay.approvals] == [("finance_approval", 1, None)]
    assert "requester" in pay.distinct


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("elsewhere: forbidden", "elsewhere: perhaps"), "elsewhere"),
        (("distinct: [requester", "distinct: [boss"), "distinct"),
        (("people: 2", "people: 0"), "people"),
        (("people: 2", "people: two"), "people"),
        (("valid_for: PT36H", "valid_for: soon"), "duration"),
        (("on: payment.execute", "on: [1]"), "on"),
        (("title: T", "titel: T"), "titel"),
        (("evidence:", "sources:"), "approval, evidence or state"),
        (("= facts.match =", "= facts.match (="), "FEEL"),
        (('"= facts.amount_base != null"', '"facts.amount_base"'), "FEEL"),
        (("- id: P-1", "- id: P-1\n  break_glass: {people: 2}"), "break_glass"),
    ],
)
def test_what_would_not_be_enforced_is_refused_by_name(change, expected):
    with pytest.raises(InvalidPolicy) as refused:
        policy.read(GOOD.replace(*change))

    assert expected in str(refused.value)


@pytest.mark.parametrize("text", ["", "a: b", "- 1", "- {id: X", GOOD + GOOD])
def test_a_text_that_is_no_list_of_policies_is_refused(text):
    with pytest.raises(InvalidPolicy):
        policy.read(text)
