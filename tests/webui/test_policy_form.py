"""The form of a policy says everything that a statement can say, and what it says is that statement again."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import html

from engine.policy import Policy, statement
from engine.policy.statement import CLASSES, ROLES, STATE
from tests.webui.test_policies import known, text_of, versions  # noqa: F401 - the first is a fixture
from webui.policies import editing, shapes

SHIPPED = statement.read((Path(__file__).parents[2] / "processes" / "policies.yml").read_text())
EVERYTHING = """
- id: PAY-009
  title: 先审批，后付款 "<all>" & more
  owner: controller
  on: payment.execute
  when: |-
    = facts.amount_base > 0
      and facts.currency = "CNY"
  require:
    - {approval: finance_approval, people: 2, when: "= facts.amount >= 1", eligible: '= authority("a", actor, facts)',
       effective_actor: principal, recheck: both, valid_for: P1DT12H, uses: up_to_amount, respond_within: PT90M}
    - {approval: finance_approval, when: "= facts.sum_7d > 9", effective_actor: actor, recheck: payment}
    - evidence: '= facts.match in ("matched", "within_tolerance")'
      or: {approval: match_exception, people: 3, when: "= facts.amount > 2", eligible: '= actor.login = "x"',
           recheck: both, valid_for: PT1M, uses: up_to_amount, respond_within: P2D}
    - evidence: "= facts.payee_bank_confirmed"
    - state: "= facts.period_open"
  distinct: [requester, editors, payee_bank_editor, approver]
  same: [beneficiary]
  binds: [payee, amount, invoices]
  aggregate: {by: [payee, entity], window: P7D, sum: amount_base, as: sum_7d}
  batch: allowed
  elsewhere: forbidden
  break_glass: {people: 2, roles: [cfo, internal_audit], expires: PT36H, reason: required, notify: [audit, board]}
"""
SPACED = EVERYTHING.replace("owner: controller", "owner: ' controller '")

_lengths = st.integers(1, 9999 * 1440).map(lambda minutes: _iso(timedelta(minutes=minutes)))
_text = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12)
_titles = _text.map(str.strip).filter(bool)
_in_languages = st.fixed_dictionaries({"en": _titles}, optional={"zh": _titles})
_names = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,9}", fullmatch=True)


def _iso(length: timedelta) -> str:
    hours, minutes = divmod(length.seconds // 60, 60)
    return f"P{length.days}DT{hours}H{minutes}M"


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any statement: of any class, with every part or without."""
    on = draw(st.sampled_from(sorted(CLASSES)))
    facts = sorted({*CLASSES[on], *STATE.get(on, {})})
    fact = st.sampled_from(facts)
    numbers = sorted(name for name, of in CLASSES[on].items() if of == "number")
    tested = st.builds("= facts.{}\n  != null".format, fact)
    if numbers:
        tested |= st.builds("= facts.{} = {}".format, st.sampled_from(numbers), st.integers(0, 9))
    needs = st.fixed_dictionaries(
        {"approval": _names},
        optional={
            "people": st.integers(1, 9), "when": tested, "eligible": st.just('= actor.login = "x"'),
            "effective_actor": st.sampled_from(("both", "actor", "principal")), "valid_for": _lengths,
            "recheck": st.sampled_from(("decision", "payment", "both")), "respond_within": _lengths,
            "uses": st.sampled_from(("once", "up_to_amount") if "amount" in CLASSES[on] else ("once",)),
            "name": _titles | _in_languages,
        },
    )  # fmt: skip
    evidence = st.fixed_dictionaries({"evidence": tested}, optional={"or": needs})
    conditions = evidence | st.fixed_dictionaries({"state": tested})
    roles = draw(st.permutations(sorted(ROLES)))
    first, second = draw(st.integers(0, 3)), draw(st.integers(3, 6))
    some_facts = st.lists(st.sampled_from(sorted(CLASSES[on])), unique=True)
    words = st.lists(_names, min_size=1, max_size=3)
    require = st.lists(needs | conditions, min_size=1, max_size=5)
    plain = draw(st.fixed_dictionaries(
        {"id": _names, "title": _titles | _in_languages, "on": st.just(on), "require": require},
        optional={
            "owner": _titles, "when": tested, "distinct": st.just(roles[:first]), "same": st.just(roles[second:]),
            "binds": some_facts, "batch": st.sampled_from(("allowed", "not_allowed")),
            "elsewhere": st.sampled_from(("allowed", "forbidden")),
            "break_glass": st.fixed_dictionaries({"roles": words}, optional={"expires": _lengths, "notify": words}),
            **({"aggregate": st.fixed_dictionaries({
                "by": some_facts.filter(bool), "window": _lengths, "sum": st.sampled_from(numbers),
                "as": st.just("sum_x"),
            })} if numbers else {}),
        },
    ))  # fmt: skip
    return statement.parse(plain)


@given(policies())
@settings(max_examples=60)
@example(statement.read(EVERYTHING)[0])
def test_what_the_form_shows_of_a_statement_is_that_statement_again(stated):
    (again,) = statement.read(editing.from_form(stated.id, stated.on, editing.fields_of(stated)))

    assert again == stated
    assert editing.shows_all(stated)
    (read,) = statement.read(editing.text_of(again))
    assert read == stated


def test_every_shipped_policy_and_one_with_everything_goes_through_a_browser_and_back(known):  # noqa: F811
    for stated in (*SHIPPED, *statement.read(EVERYTHING)):
        where = f"/policies/{stated.id}/change"
        page = known["cora"].post(
            where, data={"view": "yaml", "to": "form", "on": stated.on, "text": editing.text_of(stated)}
        )
        assert page.status_code == 200

        yaml = known["cora"].post(where, data=sent_by(page) | {"to": "yaml"})

        assert statement.read(typed(yaml)) == [stated]


def test_the_form_holds_what_a_policy_asks_and_no_line_more_and_names_the_groups(known):  # noqa: F811
    cora, where = known["cora"], "/policies/REF-001/change"
    page = cora.get(where)
    sent = sent_by(page)

    assert (len(sent["approval"]), len(sent.get("condition", []))) == (1, 1), "the policy has one of each"
    assert "empty: does not count" not in page.text
    assert "empty: does not count" in cora.post(where, data=sent | {"more": "approval"}).text
    words = dict(words_of(page, "glass_notify"))
    assert words["managers"] == "Managers"
    unticked = {name: values for name, values in sent.items() if name != "glass_notify"}
    nobody = cora.post(where, data=unticked | {"more": "approval"})
    assert dict(words_of(nobody, "glass_notify")) == words, "whoever unticks it may tick it again"
    assert "audit" in words
    assert "audit" not in dict(words_of(page, "glass_roles"))
    assert "Managers" in [one.text for one in html.fromstring(page.text).xpath("//select[@name='owner']/option")]


def test_what_the_form_has_no_field_for_is_said_and_stays_in_the_yaml(known):  # noqa: F811
    (spaced,) = statement.read(SPACED)
    where = "/policies/PAY-009/change"

    page = known["cora"].post(where, data={"view": "yaml", "to": "form", "on": spaced.on, "text": SPACED})

    assert "The form has no field for something that this statement says." in page.text
    assert statement.read(typed(page)) == [spaced]


def test_a_policy_is_stated_from_nothing_line_by_line(engine, known):  # noqa: F811
    assert known["ana"].get("/policies/new").status_code == 403
    asked = known["cora"].get("/policies/new?policy=PAY-001&on=payment.execute")
    page = known["cora"].get(asked.headers["Location"])
    sent = sent_by(page)
    sent["title_zh"] = ["先审批，后付款"]
    sent["approval"] = ["finance_approval"]
    page = known["cora"].post("/policies/PAY-001/change", data=sent | {"more": "approval"})
    sent = sent_by(page)
    assert sent["approval"] == ["finance_approval", ""]
    sent["approval"] = ["finance_approval", "cfo_approval"]
    sent["binds"] = ["amount", "payee"]
    page = known["cora"].post("/policies/PAY-001/change", data=sent | {"more": "condition"})
    sent = sent_by(page)
    sent["condition"] = ["= facts.period_open", "= facts.colour"]
    refused = known["cora"].post("/policies/PAY-001/change", data=sent)
    assert refused.status_code == 422
    assert "facts of payment.execute" in refused.text
    assert sent_by(refused)["condition"] == ["= facts.period_open", "= facts.colour"], "in the form, as typed"
    sent["condition"] = ["= facts.period_open", ""]

    page = known["cora"].post("/policies/PAY-001/change", data=sent)
    assert "No policy of this number." in page.text
    done = {"view": "yaml", "sure": "yes", "on": "payment.execute", "text": text_of(page)}
    assert known["cora"].post("/policies/PAY-001/change", data=done).status_code == 303

    (stated,) = statement.read(text_of(page))
    assert [need.approval for need in stated.approvals] == ["finance_approval", "cfo_approval"]
    assert [one.expression for one in stated.conditions] == ["facts.period_open"]
    assert "PAY-001" in known["cyril"].get("/policies/").text
    assert known["cora"].get("/policies/PAY-002/change?on=pay.cash").status_code == 404


def test_a_line_without_a_name_is_refused_and_taken_out_only_by_hand(known):  # noqa: F811
    cora, where = known["cora"], "/policies/REF-001/change"
    first = sent_by(cora.post(where, data=sent_by(cora.get(where)) | {"more": "approval"}))
    two = first | {"people": [*first["people"][:-1], "2"]}
    evidence = first | {"condition_kind": ["evidence"]}
    instead = evidence | {"or_approval": ["match_exception"], "condition": [""]}
    nameless = evidence | {"or_eligible": ['= actor.login = "x"'], "condition": ["= facts.period_open"]}

    for sent, said in ((two, "the name of a capability"), (instead, "a FEEL expression"), (nameless, "a capability")):
        refused = cora.post(where, data=sent)
        assert (refused.status_code, said in refused.text) == (422, True)
        assert sent_by(refused)["people"] == sent["people"], "in the form, as typed"

    line = len(two["approval"]) - 1
    taken_out = sent_by(cora.post(where, data=two | {"less": f"approval {line}"}))
    assert taken_out["approval"] == two["approval"][:-1]
    no_condition = sent_by(cora.post(where, data=instead | {"less": "condition 0"}))
    assert "or_approval" not in no_condition
    assert cora.post(where, data=two | {"less": "approval x"}).status_code == 422


def test_what_a_policy_speaks_about_is_chosen_once(known):  # noqa: F811
    cora = known["cora"]
    text = "- {id: PAY-078, title: T, on: refund.execute, require: [{approval: a}]}"
    shown = cora.post(
        "/policies/PAY-078/change", data={"view": "yaml", "to": "form", "on": "payment.execute", "text": text}
    )

    again = cora.post("/policies/PAY-078/change", data=sent_by(shown) | {"to": "yaml"})

    assert statement.read(typed(again))[0].on == "refund.execute"
    other = text.replace("PAY-078", "REF-001").replace("refund.execute", "payment.execute")
    for sure in ({}, {"sure": "yes", "reason": "x"}, {"to": "form"}):
        refused = cora.post("/policies/REF-001/change", data={"view": "yaml", "text": other} | sure)
        assert (refused.status_code, "on: refund.execute" in refused.text) == (422, True)


SAID = [
    ("facts.amount_base >= 200000", [("amount_base", ">=", "200000")]),
    ("facts.currency != \"a \\\"b\\\"\"", [("currency", "!=", 'a "b"')]),
    ("facts.payee_bank_confirmed and facts.period_open = false",
     [("payee_bank_confirmed", "=", "true"), ("period_open", "=", "false")]),
    ('list contains(actor.roles, "finance") and not(belongs to(actor, "sales"))',
     [("group", "=", "finance"), ("department", "!=", "sales")]),
    ('authority("payment_authority", actor, facts)', [("table", "=", "payment_authority")]),
    ('actor.position = "CFO"', [("position", "=", "CFO")]),
    ("", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "lines"), SAID)
def test_common_conditions_are_chosen_from_lists_which_write_the_same_text(text, lines):
    clauses = [shapes.Clause(*line) for line in lines]

    assert shapes.clauses("payment.execute", text) == clauses
    assert shapes.expression("payment.execute", clauses) == text


@pytest.mark.parametrize("said", ["true", "yes", "是"])
def test_what_is_so_or_not_is_typed_as_people_say_it(said):
    line = shapes.Clause("period_open", "=", said)

    assert shapes.expression("payment.execute", [line]) == "facts.period_open"
    other = shapes.Clause("kind", "=", said)
    assert [shapes.yes_or_no("payment.execute", one) for one in (line, other)] == ["yes", ""]


@pytest.mark.parametrize(
    "text",
    ["facts.amount  > 1", "facts.amount > 1 or facts.amount < 0", 'facts.match in ("a", "b")', "facts.amount > facts.x",
     "1 = facts.amount", 'actor.login = "x"', "facts.amount >", 'facts.amount = "1"', "facts.amount = null"],
)  # fmt: skip
def test_what_the_lists_would_write_otherwise_stays_feel(text):
    assert shapes.clauses("payment.execute", text) is None


def test_who_may_approve_is_changed_in_lists_or_as_feel_and_what_is_wrong_is_kept_as_typed(known):  # noqa: F811
    cora = known["cora"]
    sent = sent_by(cora.get("/policies/REF-001/change"))

    def eligible(**changes: object) -> str | None:
        page = cora.post("/policies/REF-001/change", data=sent | changes | {"to": "yaml"})
        (stated,) = statement.read(typed(page))
        return stated.approvals[0].eligible

    group = {"eligible.0.what": ["group", ""], "eligible.0.how": ["=", "="], "eligible.0.value": ["finance", ""]}
    assert eligible() is None
    assert eligible(**group) == 'list contains(actor.roles, "finance")'
    assert eligible(**group, eligible=['= actor.login = "fay"']) == 'actor.login = "fay"'
    shown = cora.post("/policies/REF-001/change", data=sent | group | {"more": "approval"})
    assert sent_by(shown)["eligible.0.value"][0] == "finance"
    for wrong in ({"eligible.0.value": ["", ""]}, {"eligible.0.what": ["amount", ""]}, {"eligible.0.how": [">", "="]},
                  {"eligible.0.what": ["", ""]}):  # fmt: skip
        refused = cora.post("/policies/REF-001/change", data=sent | group | wrong)
        assert refused.status_code == 422
        assert sent_by(refused)["eligible.0.what"][0] == (group | wrong)["eligible.0.what"][0]


UNCLEAR = {
    ("payee_bank_confirmed", ">", "yes"): "“is” or “is not” of: bank details are confirmed",
    ("currency", "<", "CNY"): "“is” or “is not” of: currency", ("amount", ">", "many"): "a number",
    ("period_open", "=", "maybe"): "yes or no", ("payee", "=", ""): "a value in each line",
    ("", "=", "5"): "a fact in each line", ("amount", "~", "5"): "a comparison of the list",
    ("group", ">", "finance"): "“is” or “is not” of: the group",
}  # fmt: skip


def test_a_line_that_says_nothing_is_refused_with_the_policy_and_the_condition(known):  # noqa: F811
    cora, where = known["cora"], "/policies/REF-001/change"
    sent = sent_by(cora.post(where, data=sent_by(cora.get(where)) | {"more": "approval"}))
    sent["approval"] = ["finance_approval", "cfo_approval"]
    for (what, how, value), said in UNCLEAR.items():
        field, words = ("eligible", "who may") if what == "group" else ("need_when", "only if")
        lines = {f"{field}.1.what": [what, ""], f"{field}.1.how": [how, "="], f"{field}.1.value": [value, ""]}

        page = cora.post(where, data=sent | lines)

        (alert,) = html.fromstring(page.text).xpath("//*[@role='alert']")
        assert page.status_code == 422
        assert f"'REF-001': expected Approval 2, {words}: {said}" in alert.text_content()


def test_lists_offer_comparisons_that_mean_something_and_take_digits_of_full_width(known):  # noqa: F811
    text = ('- {id: REF-001, title: t, on: refund.execute, when: "= facts.payee_bank_confirmed and facts.amount > 1", '
            'require: [{approval: a}]}')  # fmt: skip
    page = known["cora"].post(
        "/policies/REF-001/change", data={"view": "yaml", "to": "form", "on": "refund.execute", "text": text}
    )
    tree = html.fromstring(page.text)
    offered = [[one.get("value") for one in of] for of in tree.xpath("//select[@name='when.0.how']")]
    assert [len(one) for one in offered] == [2, 6, 6], "of what is so or not, of a number, of nothing yet"
    assert "invoices" not in {one.get("value") for one in tree.xpath("//select[@name='when.0.what']/option")}

    wide = sent_by(page) | {"when.0.value": ["yes", "２００", ""]}
    again = known["cora"].post("/policies/REF-001/change", data=wide | {"to": "yaml"})
    assert statement.read(typed(again))[0].when == "facts.payee_bank_confirmed and facts.amount > 200"
    known["cora"].environ_base["HTTP_ACCEPT_LANGUAGE"] = "zh"
    refused = known["cora"].post(
        "/policies/REF-001/change", data={"view": "yaml", "text": text.replace("> 1", "> ２")}
    )  # fmt: skip
    (alert,) = html.fromstring(refused.text).xpath("//*[@role='alert']")
    assert (refused.status_code, "Expected" in alert.text_content()) == (422, False), alert.text_content()


@pytest.mark.parametrize(
    ("number", "said"),
    [("1x", "an id of up to 60"), ("a/b", "an id of up to 60"), ("new", "page of its own"),
     ("proofs", "page of its own"), ("REF-001", "a number that no policy has")],
)  # fmt: skip
def test_a_number_is_judged_before_its_form_is_filled_in(known, number, said):  # noqa: F811
    page = known["cora"].get("/policies/new", query_string={"policy": number, "on": "payment.execute"})

    assert (page.status_code, said in page.text, f'value="{number}"' in page.text) == (422, True, True)
    if number == "new":
        assert known["cora"].get("/policies/new/change?on=payment.execute").status_code == 422


@pytest.mark.parametrize(("number", "unit", "found"), [("0", "D", "P0D"), ("1.5", "H", "1.5"), ("-1", "M", "-1")])
def test_what_is_no_duration_reaches_the_reader_of_statements(number, unit, found):
    sent = editing.empty()
    sent.setlist("approval", ["a"])
    sent.setlist("valid", [number])
    sent.setlist("valid_unit", [unit])

    assert f"valid_for: {found}" in editing.from_form("X-1", "payment.execute", sent).replace("'", "")


def words_of(page, name: str) -> list[tuple[str, str]]:
    """What may be ticked under a name: (value, words)."""
    ticks = html.fromstring(page.text).xpath(f"//input[@name='{name}']")
    return [(one.get("value"), one.getparent().text_content().strip()) for one in ticks]


def sent_by(page) -> dict[str, list[str]]:
    """What a browser sends of the form on a page when nothing is typed."""
    (found,) = html.fromstring(page.text).xpath("//form[@id='statement']")
    sent: dict[str, list[str]] = {}
    for field in found.xpath(".//input | .//select | .//textarea"):
        name, kind = field.get("name"), field.get("type")
        if name and (kind != "checkbox" or field.get("checked") is not None):
            value = field.text.removeprefix("\n") if field.tag == "textarea" and field.text else field.value
            sent.setdefault(name, []).append((value or "").replace("\n", "\r\n"))
    return sent


def typed(page) -> str:
    (found,) = html.fromstring(page.text).xpath("//textarea[@name='text']")
    return found.text
