"""A statement against the one before: each thing that it asks less is said, and nothing else is."""

import pytest

from engine import policy
from engine.policy import weakening

BEFORE = """
- id: P-1
  title: T
  on: payment.execute
  when: "= facts.amount_base >= 100"
  require:
    - {approval: finance_approval, people: 2, eligible: '= list contains(actor.roles, "finance")', recheck: both}
    - {approval: cfo_approval, when: "= facts.amount_base >= 200000", valid_for: P10D}
    - evidence: '= facts.match = "matched"'
      or: {approval: match_exception, people: 2}
    - state: "= facts.period_open"
  distinct: [requester, approver, executor]
  binds: [amount, payee]
  aggregate: {by: [entity, payee], window: P7D, sum: amount_base, as: amount_7d}
  elsewhere: forbidden
"""
BREAK_GLASS = """\
  break_glass: {people: 2, roles: [cfo, internal_audit], expires: PT24H, reason: required, notify: [audit]}
"""
BEFORE += BREAK_GLASS


def differences(*change: str) -> list[str]:
    (before,), (after,) = policy.read(BEFORE), policy.read(BEFORE.replace(*change))
    return [text.format(**facts) for text, facts in weakening(before, after)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("people: 2, eligible", "people: 1, eligible", "1 people instead of 2"),
        (", eligible: '= list contains(actor.roles, \"finance\")'", "", "who is eligible"),
        ("recheck: both", "recheck: decision", "whether somebody is entitled is asked"),
        ("recheck: both", "recheck: both, effective_actor: actor", "both be eligible"),
        ("recheck: both", "recheck: both, uses: up_to_amount", "several payments"),
        ("valid_for: P10D", "valid_for: P11D", "counts for 11 days"),
        ("facts.amount_base >= 200000", "facts.amount_base > 200000", "applies only when"),
        ('facts.amount_base >= 100"', 'facts.amount >= 100"', "applies only when"),
        ('facts.amount_base >= 100"', 'facts.amount_base >= 100.5"', "applies only when"),
        ("approval: cfo_approval", "approval: other", "cfo_approval is no longer asked for"),
        ("match_exception, people: 2", "match_exception, people: 1", "1 people instead of 2"),
        ('    - state: "= facts.period_open"\n', "", "No longer asked for: facts.period_open"),
        ("distinct: [requester, ", "distinct: [", "An approver may be requester now"),
        ("binds: [amount, payee]", "binds: [amount]", "does not end any more when this changes: payee"),
        ("window: P7D", "window: P6D", "added up over 6 days"),
        ("by: [entity, payee]", "by: [entity, payee, kind]", "no longer added up"),
        ("elsewhere: forbidden", "elsewhere: allowed", "another process"),
        ("elsewhere: forbidden", "elsewhere: forbidden\n  batch: allowed", "from a list"),
        ("roles: [cfo, internal_audit]", "roles: [cfo, boss]", "boss"),
        ("expires: PT24H", "expires: PT25H", "An emergency counts"),
        ("on: payment.execute", "on: refund.execute", "no longer about payment.execute"),
    ],
)
def test_what_is_asked_less_is_said(old, new, told):
    before = BEFORE
    if "refund" in new:  # has no match and no invoices
        before = before.replace('facts.match = "matched"', "facts.period_open")
    (first,), (second,) = policy.read(before), policy.read(before.replace(old, new))

    (said,) = [text.format(**facts) for text, facts in weakening(first, second)]

    assert told in said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: T", "title: Other"),
        ("people: 2, eligible", "people: 3, eligible"),
        ("valid_for: P10D", "valid_for: P9D"),
        ("facts.amount_base >= 200000", "facts.amount_base >= 100000"),
        ('  when: "= facts.amount_base >= 100"\n', ""),
        ("distinct: [requester", "distinct: [beneficiary, requester"),
        ("window: P7D", "window: P8D"),
        ("by: [entity, payee]", "by: [payee]"),
        ("      or: {approval: match_exception, people: 2}\n", ""),
        ("expires: PT24H", "expires: PT12H"),
        (BREAK_GLASS, ""),
    ],
)
def test_what_is_as_strict_or_stricter_is_let_pass(old, new):
    assert old in BEFORE
    assert differences(old, new) == []


def test_a_new_policy_weakens_nothing_and_one_that_leaves_does():
    (one,) = policy.read(BEFORE)

    assert weakening(None, one) == []
    assert len(weakening(one, None)) == 1
