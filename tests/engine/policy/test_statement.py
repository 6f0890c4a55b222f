"""Policies as text: what is read, and what is refused because nobody would enforce it."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import yaml

from engine import policy
from engine.errors import InvalidPolicy
from engine.policy import grants, statement

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


def test_title_and_approvals_are_called_in_two_languages_and_one_more_name_is_another_statement():
    text = GOOD.replace("title: T", "title: {en: Refunds, zh: 退款}").replace(
        "{approval: finance_approval,", "{approval: finance_approval, name: {zh: 财务审批, en: Finance approval},"
    )
    (found,) = policy.read(text)

    assert (found.title, found.title.labels) == ("退款", {"zh": "退款", "en": "Refunds"})
    assert found.approvals[0].names == (("zh", "财务审批"), ("en", "Finance approval"))
    assert policy.read(text.replace("Refunds", "Repayments")) != [found]
    assert policy.weakening(policy.read(GOOD)[0], found) == []


@pytest.mark.parametrize("title", ["{}", "{de: Erstattung}", "{en: ''}", "[T]", "7", "''"])
def test_a_name_that_nobody_could_read_is_refused(title):
    with pytest.raises(InvalidPolicy, match="a text, or a text for each of zh, en"):
        policy.read(GOOD.replace("title: T", f"title: {title}"))


WHOLE = """
- id: PAY-002
  title: 大额付款
  owner: controller
  on: payment.execute
  when: "= facts.amount_base > 0"
  require:
    - approval: finance_approval
      people: 2
      eligible: '= list contains(actor.roles, "finance_approver") and authority("payment_authority", actor, facts)'
      effective_actor: principal
      recheck: both
      valid_for: P30D
      uses: up_to_amount
      respond_within: P2D
    - {approval: cfo_approval, when: "= facts.amount_7d >= 200000"}
    - evidence: '= facts.match in ("matched", "within_tolerance")'
      or: {approval: match_exception, people: 1}
    - state: "= facts.payee_bank_confirmed and facts.period_open"
  distinct: [requester, editors, payee_bank_editor, approver, executor]
  same: [beneficiary]
  binds: [amount, currency, entity, payee, payee_bank_version, invoices]
  aggregate: {by: [entity, payee], window: P7D, sum: amount_base, as: amount_7d}
  batch: not_allowed
  elsewhere: allowed
  break_glass: {people: 2, roles: [cfo, internal_audit], expires: PT24H, reason: required, notify: [audit]}
"""


def test_every_part_of_a_policy_is_read_and_written_again():
    (found,) = policy.read(WHOLE)

    finance, cfo, exception = found.asked
    assert (finance.people, finance.effective_actor, finance.recheck, finance.uses, finance.respond_within) == (
        2, "principal", "both", "up_to_amount", timedelta(days=2),
    )  # fmt: skip
    assert (cfo.when, exception.approval, found.min_people) == ("facts.amount_7d >= 200000", "match_exception", 0)
    assert found.aggregate == statement.Aggregate(("entity", "payee"), timedelta(days=7), "amount_base", "amount_7d")
    assert found.break_glass == statement.BreakGlass(("cfo", "internal_audit"), timedelta(hours=24))
    assert (found.batch, found.elsewhere, found.same) == (False, True, {"beneficiary"})
    assert policy.read(statement.write([found])) == [found]
    assert statement.write([found]).startswith("- id: PAY-002\n  title: 大额付款\n  owner: controller\n  'on': ")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("recheck: both", "recheck: never", "recheck: decision | payment | both"),
        ("effective_actor: principal", "effective_actor: nobody", "effective_actor: both | actor | principal"),
        ("uses: up_to_amount", "uses: twice", "uses: once | up_to_amount"),
        ("on: payment.execute", "on: period.close", "facts"),
        ("on: payment.execute", "on: payment.exceute", "on: one of credit.release"),
        ("batch: not_allowed", "batch: maybe", "batch: allowed | not_allowed"),
        ("binds: [amount, ", "binds: [amount, colour, ", "binds: some of amount"),
        ("binds: [amount, ", "binds: amount  # [", "binds: a list"),
        ("same: [beneficiary]", "same: [requester]", "no role under 'distinct' and 'same'"),
        ("window: P7D", "window: P7X", "window: a duration"),
        ("window: P7D", "window: PT0M", "window: a duration longer than nothing"),
        ("sum: amount_base", "sum: payee", "sum over a number"),
        ("by: [entity, payee]", "by: [colour]", "aggregate by facts of the class"),
        ("as: amount_7d", "as: amount", "a name that is no fact yet"),
        (", as: amount_7d}", "}", "aggregate: by, window, sum and as"),
        ("people: 2, roles", "people: 1, roles", "break_glass people: 2"),
        ("reason: required", "reason: optional", "break_glass reason: required"),
        ("roles: [cfo, internal_audit]", "roles: []", "break_glass roles"),
        ("expires: PT24H", "expires: soon", "expires: a duration"),
        ("notify: [audit]", "notify: audit", "break_glass notify"),
        ("match in", "mach in", "facts of payment.execute"),
        ("facts.amount_base > 0", "amount > 0", "when: FEEL over facts"),
        ("facts.amount_base > 0", "actor.roles = 1", "when: FEEL over facts"),
        ("or: {approval: match_exception, people: 1}", "or: {people: 1}", "or: an approval"),
        ('- state: "=', '- when: "= true"\n      state: "=', "one of state"),
        ("- approval: finance_approval", "- approval: [finance]", "the name of a capability"),
        ("id: PAY-002", "id: PAY 002", "an id of up to 60"),
        ("owner: controller", "owner: [controller]", "owner: a text"),
        ("respond_within: P2D", "respond_within: 2", "respond_within: a duration"),
    ],
)
def test_each_wrong_entry_says_what_was_expected(old, new, expected):
    assert old in WHOLE

    with pytest.raises(InvalidPolicy) as refused:
        policy.read(WHOLE.replace(old, new))

    assert expected in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("facts.payee_bank_confirmed > true", "payee_bank_confirmed alone"), ("facts.payee_bank_confirmed = 1", "alone"),
     ("facts.invoices = 7", "what invoices contains"), ('facts.currency < 5', "currency compared with a text"),
     ('facts.amount = "5"', "amount compared with a number"), ("5 >= facts.currency", "compared with a text"),
     ('facts.amount in (1, "2")', "compared with a number"), ("facts.kind in [1..2]", "compared with a text"),
     ('facts.amount between "a" and 3', "compared with a number"), ("facts.amount > null", "compared with a number"),
     ('facts.amount_7d = "x"', "amount_7d compared with a number"), ("facts.amount > facts.currency", "a number"),
     ('not(facts.match in < 5)', "match compared with a text"), ("if facts.period_open >= 1 then true else false", "")],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_when_it_is_stated_and_read_where_it_is_stored(text, expected):
    wrong = WHOLE.replace("facts.payee_bank_confirmed and facts.period_open", text.replace('"', '\\"'))

    with pytest.raises(InvalidPolicy) as refused:
        policy.read(wrong)

    assert "state: " in str(refused.value)
    assert expected in str(refused.value)
    assert statement.parse(yaml.safe_load(wrong)[0]).id == "PAY-002"


@pytest.mark.parametrize(
    "text",
    ["facts.payee_bank_confirmed = true", "not(facts.period_open)", "facts.amount != null", "facts.amount > -1",
     'facts.currency in ("CNY", "USD")', "facts.amount in [1..2]", 'list contains(facts.invoices, "a")',
     "facts.amount between 1 and facts.amount_base", 'facts.invoices = ["a"]', "facts.amount > abs(2)",
     "facts.payee_bank_version in (> 3)"],
)  # fmt: skip
def test_what_can_be_compared_is_read(text):
    (found,) = policy.read(WHOLE.replace("facts.payee_bank_confirmed and facts.period_open", text.replace('"', '\\"')))

    assert found.conditions[-1].expression == text


def test_amounts_are_numbers_where_they_are_compared_and_texts_where_they_are_bound():
    facts = {"amount": "1680.32", "payee": "12.00", "payee_bank_version": 3}

    assert statement.numbers("payment.execute", facts) == {
        "amount": Decimal("1680.32"), "payee": "12.00", "payee_bank_version": 3,
    }  # fmt: skip


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


@pytest.mark.parametrize("role", ["requester", "executor", "payee_bank_editor"])
def test_who_never_approves_a_payment_needs_no_policy_that_says_so(role):
    """The database refuses him, so the gate and the page of the approver say it in words first."""
    person = UUID(int=7)
    stated = "- {{id: P-1, title: T, on: {}, require: [{{approval: finance_approval}}]}}"

    def barring(on):
        (found,) = policy.read(stated.format(on))
        return grants.barring({role: frozenset((person,))}, found, (person,))

    assert (barring("payment.execute"), barring("refund.execute")) == (role, None)


@pytest.mark.parametrize("text", ["", "a: b", "- 1", "- {id: X", GOOD + GOOD])
def test_a_text_that_is_no_list_of_policies_is_refused(text):
    with pytest.raises(InvalidPolicy):
        policy.read(text)
