"""What policies speak of has a name in both languages, and a condition is said in words."""

import pytest
from flask import g

from engine import operations, policy
from engine.errors import Phrase, Term, Title, joined, restored, stored
from engine.policy import statement
from engine.unit_of_work import ENGINE
from webui import errors, languages, policy_names

CALLED = """
- id: PAY-7
  title: {zh: 大额付款, en: Large payments}
  on: payment.execute
  require:
    - {approval: cfo_approval, name: {zh: 财务总监审批, en: CFO approval}}
    - {approval: nameless, people: 2}
"""


@pytest.fixture
def said(app, engine):
    """said(language, template, facts): on a page of a site with PAY-7."""
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, CALLED)

    def say(language, template, facts):
        with (app.test_request_context(), engine.unit_of_work(ENGINE, read_only=True) as uow,
              languages.speaking(language)):  # fmt: skip
            g.uow = uow
            return errors.words(template, facts)

    return say


def test_every_class_fact_and_role_that_a_policy_may_name_has_a_name():
    facts = {name for table in (*statement.CLASSES.values(), *statement.STATE.values()) for name in table}
    classes = {*statement.CLASSES, *(one.guarded_by for one in operations.catalog().values() if one.guarded_by
                                     and not one.name.startswith("test."))}  # fmt: skip

    assert facts - policy_names.FACTS.keys() == set()
    assert classes - policy_names.CLASSES.keys() == classes - policy_names.EVENTS.keys() == set()
    assert policy_names.ROLES.keys() == statement.ROLES


def test_a_reason_is_said_in_the_readers_words_also_after_it_was_stored(said):
    wanted = joined(", ", (statement.approval_by("cfo_approval", 1), statement.approval_by("nameless", 2)))
    facts = {"policy": Term("policy", "PAY-7"), "wanted": wanted}
    text = "{policy}: expected a live approval: {wanted}."
    kept = {name: restored(stored(fact)) for name, fact in facts.items()}

    for told in (facts, kept):
        assert said("en", text, told) == "Large payments: expected a live approval: CFO approval, nameless by 2 people."
        assert said("zh", text, told) == "大额付款：缺少有效审批：财务总监审批、nameless（2 人）。"
    assert text.format(**kept) == "PAY-7: expected a live approval: cfo_approval, nameless by 2 people."
    assert said("en", "{name}", {"name": Term("policy", "PAY-7@3")}) == "Large payments (version 3)"
    assert said("en", "{name}", {"name": Term("policy", "GONE-1")}) == "GONE-1"


@pytest.mark.parametrize(
    "fact",
    [Phrase("{a} is {b}", a=Term("fact", "amount"), b=[1, None]), Title("x", {"en": "y"}), ["a", Term("role", "r")],
     None, True, 3, "text", {"phrase": "not one"}],
)  # fmt: skip
def test_a_stored_fact_comes_back_as_it_was(fact):
    again = restored(stored(fact))

    assert (type(again), stored(again)) == (type(fact) if not isinstance(fact, dict) else str, stored(fact))


@pytest.mark.parametrize(
    ("expression", "zh", "en"),
    [
        ("facts.payee_bank_confirmed and facts.period_open", "收款账户已确认，且会计期间未结账",
         "bank details are confirmed and the accounting period is open"),
        ("facts.amount_base >= 200000", "本位币金额 ≥ 200000", "amount in the home currency ≥ 200000"),
        ("facts.amount != null and (facts.currency = \"CNY\" or facts.period_open = false)",
         "金额已知，且(币种 = “CNY”，或并非：会计期间未结账)",
         "amount is known and (currency = “CNY” or not: the accounting period is open)"),
        ("facts.match in (\"matched\", \"within_tolerance\")", "与订单、收货的匹配为以下之一：已匹配、在容差内",
         "match with order and receipt is one of: matched, within tolerance"),
        ("list contains(actor.roles, \"finance\") and authority(\"limits\", actor, facts)",
         "属于“finance”组，且决策表“limits”授予其权限",
         "he is of the group finance and the table limits entitles him"),
        ("not(facts.period_open)", "并非：会计期间未结账", "not: the accounting period is open"),
        ("count(facts.invoices) > 2", "count(发票) > 2", "count(invoices) > 2"),
        ("facts.amount between 1 and 2", "金额在 1 至 2 之间", "amount from 1 to 2"),
        ("facts.", "facts.", "facts."),
    ],
)  # fmt: skip
def test_a_condition_is_said_in_words_and_what_has_none_keeps_its_names(said, expression, zh, en):
    assert said("zh", "{it}", {"it": Term("condition", expression)}) == zh
    assert said("en", "{it}", {"it": Term("condition", expression)}) == en
