"""What policies speak of has a name in both languages, and a condition is said in words."""

import pytest
from flask import g
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import feel, operations, policy
from engine.errors import Listed, Phrase, Term, Title, restored, stored
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
    wanted = Listed((statement.approval_by("cfo_approval", 1), statement.approval_by("nameless", 2)))
    facts = {"policy": Term("policy", "PAY-7"), "wanted": wanted}
    text = "{policy}: expected a live approval: {wanted}."
    kept = {name: restored(stored(fact)) for name, fact in facts.items()}

    for told in (facts, kept):
        assert said("en", text, told) == "Large payments: expected a live approval: CFO approval, nameless by 2 people."
        assert said("zh", text, told) == "大额付款：缺少有效审批：财务总监审批、nameless（2 人）。"
    assert text.format(**kept) == "PAY-7: expected a live approval: cfo_approval, nameless by 2 people."
    barred = Phrase("{policy}: {role} may not approve", policy=Term("policy", "PAY-7"), role=Term("role", "requester"))
    assert said("zh", "{reason}", {"reason": barred}) == "大额付款：发起人不能审批"
    assert said("en", "{name}", {"name": Term("policy", "PAY-7@3")}) == "Large payments (version 3)"
    assert said("en", "{name}", {"name": Term("policy", "GONE-1")}) == "GONE-1"
    assert said("zh", "{value}", {"value": Phrase("{label} = {it}", label="x", it=True)}) == "x = 是"


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
         "金额已知，且(币种 = “CNY”，或会计期间未结账 = 否)",
         "amount is known and (currency = “CNY” or the accounting period is open = no)"),
        ("facts.match in (\"matched\", \"within_tolerance\")", "与订单、收货的匹配为（已匹配、在容差内）之一",
         "match with order and receipt is one of (matched, within tolerance)"),
        ("list contains(actor.roles, \"finance\") and authority(\"limits\", actor, facts)",
         "属于“finance”组，且决策表“limits”授予其权限",
         "he is of the group finance and the table limits entitles him"),
        ("belongs to(actor, \"sales\")", "属于“sales”部门", "he belongs to the department sales"),
        ("not(facts.period_open)", "并非（会计期间未结账）", "not (the accounting period is open)"),
        ("count(facts.invoices) > 2", "(count(发票)) > 2", "(count(invoices)) > 2"),
        ('contains(facts.payee, "facts.kind")', 'contains(收款人, "facts.kind")', 'contains(payee, "facts.kind")'),
        ("facts.amount between 1 and 2", "金额在 1 至 2 之间", "amount from 1 to 2"),
        ("facts.amount * (facts.amount_base + 1) > 2", "(金额 * (本位币金额 + 1)) > 2",
         "(amount * (amount in the home currency + 1)) > 2"),
        ("facts.", "facts.", "facts."),
    ],
)  # fmt: skip
def test_a_condition_is_said_in_words_and_what_has_none_keeps_its_names(said, expression, zh, en):
    assert said("zh", "{it}", {"it": Term("condition", expression)}) == zh
    assert said("en", "{it}", {"it": Term("condition", expression)}) == en


FACTS = ("facts.payee_bank_confirmed", "facts.period_open", "facts.amount")
KNOWN = [
    {"payee_bank_confirmed": one, "period_open": other, "amount": amount}
    for one in (True, False, None) for other in (True, False, None) for amount in (0, 1, 2, None)
]  # fmt: skip
_atoms = st.sampled_from((*FACTS[:2], "facts.amount > 1", "facts.amount in [0..1]", "facts.amount in (0, 1)",
                          "facts.amount between 0 and 1", "facts.amount = null"))  # fmt: skip
_conditions = st.recursive(
    _atoms,
    lambda inner: (
        st.builds("not({})".format, inner)
        | st.builds(
            "({}) {} {}".format, inner, st.sampled_from(("=", "!=")), st.sampled_from(("true", "false", "null"))
        )
        | st.builds("({}) {} ({})".format, inner, st.sampled_from(("and", "or", "=")), inner)
        | st.builds("{} {} {}".format, inner, st.sampled_from(("and", "or")), inner)
    ),
    max_leaves=4,
)


def test_two_conditions_that_mean_different_things_are_never_said_alike(said):
    meant = {}

    @given(_conditions)
    @settings(max_examples=400, deadline=None)
    @example("not(facts.payee_bank_confirmed and facts.period_open)")
    @example("not(facts.payee_bank_confirmed) and facts.period_open")
    @example("(facts.payee_bank_confirmed or facts.period_open) = true and facts.amount > 1")
    def look(text):
        condition = feel.compile(text, names=("facts",))
        found = tuple(condition.evaluate({"facts": facts}).value for facts in KNOWN)
        shown = said("en", "{it}", {"it": Term("condition", text)})
        assert meant.setdefault(shown, found) == found, (text, shown)

    look()


@pytest.mark.parametrize("text", [
    "'{name}' is no longer under {key}.", "{approval}: eligibility is judged at {new} instead of {old}.",
    "It applies only when {new}, before when {old}.", "{policy}: expected a live approval: {wanted}.",
])  # fmt: skip
def test_what_versions_and_holds_of_before_keep_is_still_said_in_chinese(said, text):
    facts = dict.fromkeys(("name", "key", "approval", "new", "old", "policy", "wanted"), "x")

    assert said("zh", text, facts) != text.format(**facts)
