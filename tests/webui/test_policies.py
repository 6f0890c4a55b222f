"""Policies on pages: two controllers state them, everybody bound by them reads them, and held payments find a way."""

import html
import io
import json
import re
from pathlib import Path

import pytest
from lxml import html as markup
from sqlalchemy import update

from engine import audit, dictionaries, drafts, identity, jobs, operations, policy, repository, workdays
from engine.db.policy import policy_version
from engine.policy import statement
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, element, flows
from tests.engine.policy.test_deploying import APPROVE, PAYS
from tests.engine.policy.test_emergency import POLICY, WHY
from tests.engine.policy.test_gate import PAYING, a_bill, agree, changed, started, state_of
from tests.factories import deploy
from tests.redteam.walls import without
from tests.webui.test_inbox import items
from webui import node, policies
from webui.designer.blank import blank_drawing
from webui.policies import editing

LOG = Path(__file__).parents[1] / "data" / "bpi2020_domestic_500.csv.gz"
GROUPS = {
    "controllers": ("policy", "cora cyril"), "audit_office": ("audit read_only", "aud"),
    "analysts": ("process.design", "ana"),
    "cfo": ("", "clara"), "internal_audit": ("", "ida"),
}  # fmt: skip


@pytest.fixture
def known(engine, people, app, sign_in):
    """Browsers of two controllers, an auditor, an analyst, two who may sign and one employee, by login."""
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        people["fay"] = identity.create_user(uow, "fay", "Fay")
        identity.create_user(uow, "cfo", "Chief")
        for key, (capabilities, logins) in GROUPS.items():
            identity.create_group(uow, key, key, capabilities=capabilities)
            for login in logins.split():
                people[login] = identity.create_user(uow, login, login.title())
                identity.add_member(uow, key, login)
    return {login: sign_in(login) for login in ("cora", "cyril", "aud", "ana", "clara", "ida", "ann")}


def form(policy_text=POLICY, **changes):
    """What a browser sends of the form of a statement."""
    (stated,) = statement.read(policy_text)
    return dict(editing.fields_of(stated).lists()) | changes


def text_of(page):
    return html.unescape(re.search(r"<textarea name=\"text\" hidden>(.*?)</textarea>", page.text, re.DOTALL)[1])


def text_in(page):
    return html.unescape(re.sub(r"<[^>]+>", "", page.text))


def versions(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [(one.number, one.state, one.confirmed) for one in policy.all_versions(uow, "REF-001")]


def newest(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return policy.all_versions(uow, "REF-001")[0].id


def test_a_policy_is_read_in_sentences_by_those_it_binds_and_by_nobody_else(known):
    for login in ("cora", "aud", "ana"):
        page = known[login].get("/policies/").text
        assert "It holds whenever a refund is paid." in page
        assert "An approver is never the requester, the other approvers." in page
        assert "In an emergency two people of cfo, internal_audit may answer for one document, for 1 day." in page
        assert "shipped, not confirmed" in page
    assert known["ann"].get("/policies/").status_code == 403
    assert known["ana"].get("/policies/REF-001/change").status_code == 403
    assert known["cora"].get("/policies/NO-1").status_code == 404
    assert "I have read it" not in known["ana"].get("/policies/").text


def test_a_controller_confirms_what_was_shipped(engine, known):
    version_id = newest(engine)
    assert known["ana"].post(f"/policies/versions/{version_id}/confirm").status_code == 403

    assert known["cora"].post(f"/policies/versions/{version_id}/confirm").status_code == 303

    assert versions(engine) == [(1, "active", True)]
    assert "not confirmed" not in known["cora"].get("/policies/").text


def test_a_policy_leaves_by_the_forms_of_two_controllers(engine, known):
    cora, cyril = known["cora"], known["cyril"]
    asked = "/policies/REF-001/propose-retirement"
    assert f'action="{asked}"' in cora.get("/policies/REF-001").text
    assert cora.post(asked, data={"reason": "No refunds."}).status_code == 303
    page = cyril.get("/policies/REF-001").text
    assert ('action="/policies/REF-001/retire"' in page, f'action="{asked}"' in page) == (True, False)
    assert cyril.post(asked, data={"reason": "yes"}).status_code == 409
    back = "/policies/REF-001/withdraw-retirement"
    for browser, word in ((cora, "Withdraw"), (cyril, "Turn down")):
        form_ = browser.get("/policies/REF-001").text.partition(f'action="{back}"')[2].partition("</form>")[0]
        assert f">{word}</button>" in form_
    with engine.unit_of_work(ENGINE) as uow:
        identity.change_user(uow, identity.user(uow, "cora").id, name="柯拉", name_en="Cora")
    for language, name, others in (("zh", "柯拉", "Cora"), ("en", "Cora", "柯拉")):
        cyril.post("/language", data={"language": language})
        alert = text_in(cyril.get("/policies/REF-001")).partition("No refunds.")[0][-60:]
        assert (name in alert, others in alert) == (True, False)
    assert cora.post(back).status_code == 303
    assert f'action="{asked}"' in cyril.get("/policies/REF-001").text
    assert cyril.post("/policies/REF-001/retire", data={}).status_code == 409
    assert cora.post(asked, data={"reason": "No refunds."}).status_code == 303
    assert cyril.post("/policies/REF-001/retire", data={}).status_code == 303
    assert versions(engine) == [(1, "retired", False)]


def test_the_form_shows_what_a_change_would_do_before_it_is_proposed_and_another_puts_it_in_force(engine, known):
    page = known["cora"].post("/policies/REF-001/change", data=form(people=["2"]))
    assert "<ins>2 different people have approved it (finance_approval), at most 30 days ago.</ins>" in page.text
    assert versions(engine) == [(1, "active", False)]

    done = known["cora"].post("/policies/REF-001/change", data={"view": "yaml", "sure": "yes", "text": text_of(page)})
    assert done.status_code == 303
    assert versions(engine) == [(2, "proposed", True), (1, "active", False)]

    address = f"/policies/versions/{newest(engine)}/activate"
    assert known["cora"].post(address).status_code == 409
    assert "Another controller puts it in force." in known["cora"].get("/policies/REF-001").text
    assert "Put in force" in known["cyril"].get("/policies/REF-001").text
    foreseen = known["cyril"].get(address.replace("activate", "impact")).text
    assert "<ins>2 different people have approved it (finance_approval), at most 30 days ago.</ins>" in foreseen
    assert f'action="{address}"' in foreseen
    assert f'action="{address}"' not in known["cora"].get(address.replace("activate", "impact")).text
    assert known["aud"].get(address.replace("activate", "impact")).status_code == 200
    assert known["ana"].get(address.replace("activate", "impact")).status_code == 403
    assert known["cyril"].post(address).status_code == 303
    assert versions(engine) == [(2, "active", True), (1, "retired", False)]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (stated,) = policy.in_force(uow)
        assert (stated.approvals[0].people, stated.break_glass.roles) == (2, ("cfo", "internal_audit"))


def test_a_change_is_compared_with_what_is_in_force_not_with_what_is_only_proposed(known):
    stated = POLICY.replace("REF-001", "REF-002")
    sent = {"view": "yaml", "on": "refund.execute", "text": stated}
    known["cora"].post("/policies/REF-002/change", data=sent | {"sure": "yes"})

    page = known["cora"].post(
        "/policies/REF-002/change", data=sent | {"text": stated.replace("people: 1", "people: 2")}
    )

    assert "No policy of this number." in page.text
    assert "<del>" not in page.text


def test_a_group_that_there_is_not_is_said_before_a_policy_names_it_and_as_long_as_it_does(engine, known):
    page = known["cora"].post(
        "/policies/REF-001/change", data=form(eligible=['= list contains(actor.roles, "finanse")'])
    )
    said = "先审批，后退款 names the group 'finanse', which there is not: nobody counts as a member of it."
    assert said in text_in(page)
    assert "no such group" not in text_in(page), "those of the emergency are there"
    known["cora"].post("/policies/REF-001/change", data={"view": "yaml", "sure": "yes", "text": text_of(page)})
    assert said in text_in(known["cyril"].get(f"/policies/versions/{newest(engine)}/impact"))
    assert said not in text_in(known["ana"].get("/policies/"))
    known["cyril"].post(f"/policies/versions/{newest(engine)}/activate")

    for address in ("/policies/", "/policies/REF-001"):
        shown = text_in(known["ana"].get(address, headers={"Accept-Language": "zh-CN"}))
        assert "先审批，后退款 提到用户组“finanse”，但没有这个组：任何人都不算其成员。" in shown
    (stated,) = known["ana"].get("/api/v1/policies/").json
    assert stated["unknown_names"] == [said]


def test_what_asks_less_needs_a_reason_and_is_shown_to_audit(engine, known):
    page = known["cora"].post("/policies/REF-001/change", data=form(distinct=["approver"]))
    assert "It asks less than now:" in page.text
    text = text_of(page)

    refused = known["cora"].post("/policies/REF-001/change", data={"view": "yaml", "sure": "yes", "text": text})
    assert refused.status_code == 422
    assert "binds:" in refused.text
    known["cora"].post(
        "/policies/REF-001/change", data={"view": "yaml", "sure": "yes", "text": text, "reason": "We are only two."}
    )
    known["cyril"].post(f"/policies/versions/{newest(engine)}/activate")

    shown = known["aud"].get("/policies/").text
    assert "We are only two." in shown
    assert known["cora"].post(f"/policies/versions/{newest(engine)}/review").status_code == 403
    assert known["aud"].post(f"/policies/versions/{newest(engine)}/review").status_code == 303
    assert "We are only two." not in known["aud"].get("/policies/").text


def test_requester_and_controllers_are_told_why_it_is_held_and_have_it_approved_again(engine, known, people, sign_in):
    """Others who read the request are not told what was approved; whoever only approves does not send it back."""
    bill_id = a_bill(engine)
    instance_id = started(engine, Actor(people["ann"].id), bill_id)
    agree(engine, Actor(people["fay"].id))
    changed(engine, bill_id, version=20000)
    jobs.run_due(engine)

    fay = sign_in("fay")
    pages = {
        login: visitor.get(f"/requests/{instance_id}").text for login, visitor in (("ann", known["ann"]), ("fay", fay))
    }
    (job,) = re.findall(r"/holds/([0-9a-f-]{36})/approve", pages["ann"])
    assert "for amount 100.00, now it is amount 200.00" in pages["ann"]
    assert "now it is" not in pages["fay"]
    assert fay.post(f"/requests/{instance_id}/holds/{job}/approve").status_code == 403
    holds = {login: known[login].get("/policies/holds").text for login in ("cora", "aud")}
    assert f"/policies/holds/{job}/approve" in holds["cora"]
    assert "财务审批: Chief, Fay can give it" in holds["cora"]
    assert [f'href="/requests/{instance_id}"' in holds[login] for login in ("cora", "aud")] == [False, True]
    with engine.unit_of_work(ENGINE) as uow:
        for login in ("fay", "cfo"):
            identity.disable(uow, identity.user(uow, login).id)
    assert "nobody of today can give it" in known["cora"].get("/policies/holds").text
    with engine.unit_of_work(ENGINE) as uow:
        for login in ("fay", "cfo"):
            identity.enable(uow, identity.user(uow, login).id)
    assert "/cancel" not in holds["cora"], "who may not operate requests does not cancel one"
    assert known["ann"].post(f"/requests/{instance_id}/holds/{job}/approve").status_code == 303
    assert known["cora"].post(f"/policies/holds/{job}/approve").status_code == 404
    agree(engine, Actor(people["fay"].id))
    jobs.run_due(engine)

    assert state_of(engine, bill_id) == "paid"


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"people": ["many"]}, "people: a whole number from 1"), ({"when": ["facts.amount"]}, "a FEEL expression after"),
     ({"glass_for": [""]}, "expires"), ({"condition": ["= facts.colour"]}, "facts of refund.execute")],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_words_and_kept(engine, known, changes, said):
    page = known["cora"].post("/policies/REF-001/change", data=form(**changes))

    assert page.status_code == 422
    assert said in page.text
    assert "finance_approval" in page.text
    assert versions(engine) == [(1, "active", False)]


def test_a_held_payment_is_answered_for_by_two_and_reviewed_by_a_third(engine, known, people):
    bill_id = a_bill(engine)
    fay = Actor(people["fay"].id)
    started(engine, Actor(people["ann"].id), bill_id)
    agree(engine, fay)
    changed(engine, bill_id, version=20000)
    jobs.run_due(engine)

    page = known["cora"].get("/policies/holds").text
    assert "test.pay_bill" in page
    assert "200.00" in page
    job = re.search(r"/policies/holds/([0-9a-f-]{36})/again", page)[1]
    assert "Held operations" in known["cora"].get("/policies/").text
    analyst = known["ana"].get("/policies/").text
    assert "Held operations" not in analyst
    assert "/policies/holds" not in analyst
    assert known["aud"].get("/policies/holds").status_code == 200
    assert {known["ana"].get(f"/policies/{page}").status_code for page in ("holds", "grants", "payments")} == {403}
    (held,) = known["aud"].get("/api/v1/policies/holds").json
    assert (held["operation"], held["subject_id"], held["times"]) == ("test.pay_bill", str(bill_id), 1)
    assert held["reasons"]
    assert {known["ana"].get(f"/api/v1/policies/{path}").status_code for path in ("holds", "staffing")} == {403}
    short = known["cora"].post(f"/policies/holds/{job}/emergency", data={"policy": "REF-001", "reason": "hurry"})
    assert short.status_code in (409, 422)
    assert "hurry" in short.text
    asked = known["cora"].post(f"/policies/holds/{job}/emergency", data={"policy": "REF-001", "reason": WHY})
    assert asked.status_code == 303
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (emergency,) = policy.emergencies(uow)
    address = f"/policies/emergencies/{emergency.id}"

    assert WHY not in known["ann"].get("/policies/emergencies").text
    assert "I answer for it" not in known["cora"].get("/policies/emergencies").text
    assert "I answer for it" in known["clara"].get("/policies/emergencies").text
    assert known["ann"].post(f"{address}/sign").status_code == 403
    assert known["clara"].post(f"{address}/sign").status_code == 303
    assert known["clara"].post(f"{address}/sign").status_code in (403, 409)
    assert known["ida"].post(f"{address}/sign").status_code == 303
    jobs.run_due(engine)

    assert state_of(engine, bill_id) == "paid"
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow, emergency.instance_id).findings == [], (
            "nobody's decision stands behind these approvals"
        )
    assert "Nothing is held" in known["cora"].get("/policies/holds").text
    assert "signed, not yet reviewed" in known["aud"].get("/policies/emergencies").text
    assert known["aud"].post(f"{address}/review", data={"review": " "}).status_code == 422
    assert known["aud"].post(f"{address}/review", data={"review": "The invoice is right."}).status_code == 303
    assert "The invoice is right." in known["cora"].get("/policies/emergencies").text
    paid = known["cora"].get("/policies/payments").text
    assert "Clara" in paid
    assert "Ida" in paid
    assert known["ana"].get("/policies/payments").status_code == 403
    alive = known["cora"].get("/policies/grants?state=consumed").text
    assert "200.00 CNY" in alive
    assert "200.00 CNY" in known["cora"].get("/policies/emergencies").text
    assert "emergency" in alive
    assert "Fay" in known["cora"].get("/policies/grants?state=active&text=Fay").text

    api = {login: known[login].get for login in ("cora", "aud", "ana", "clara", "ann")}
    (grant,) = api["aud"]("/api/v1/policies/grants?text=Fay").json["grants"]
    assert (grant["name"], grant["state"], grant["facts"]["amount"]) == ("Fay", "active", "100.00")
    (cleared,) = api["cora"]("/api/v1/policies/payments").json["payments"]
    assert (cleared["amount"], cleared["subject_id"]) == ("200.00", str(bill_id))
    assert sorted(one["name"] for one in cleared["approved_by"]) == ["Clara", "Ida"]
    told = {login: [one["state"] for one in api[login]("/api/v1/policies/emergencies").json] for login in api}
    assert told == {"cora": ["reviewed"], "aud": ["reviewed"], "clara": ["reviewed"], "ana": [], "ann": []}
    assert {api["ana"](f"/api/v1/policies/{path}").status_code for path in ("grants", "payments")} == {403}
    assert api["aud"]("/api/v1/policies/grants?state=guessed").status_code == 422
    for asked, found in (("document=nothing", 0), (f"document={grant['subject_id']}", 1), ("person=fay", 1),
                         (f"person={grant['account_id']}", 1), ("person=clara", 0)):  # fmt: skip
        assert len(api["aud"](f"/api/v1/policies/grants?{asked}").json["grants"]) == found


def test_yaml_with_one_key_twice_is_refused_in_the_readers_language(engine, known):
    text = POLICY.replace("  on: refund.execute\n", "  on: refund.execute\n  on: refund.execute\n", 1)
    known["cora"].environ_base["HTTP_ACCEPT_LANGUAGE"] = "zh"
    refused = known["cora"].post("/policies/REF-001/change", data={"view": "yaml", "text": text})

    assert refused.status_code == 422
    assert "每个键只出现一次" in refused.text
    assert "“on”出现两次" in refused.text


def test_a_policy_that_is_called_in_english_only_is_edited_and_listed(engine, known):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, re.sub(r"title: .*", "title: {en: Approve first}", POLICY))
    page = known["cora"].get("/policies/REF-001/change").text
    assert re.search(r'name="title_zh" maxlength', page)
    sent = form(re.sub(r"title: .*", "title: {en: Approve first}", POLICY))
    assert known["cora"].post("/policies/REF-001/change", data=sent).status_code == 200
    nameless = known["cora"].post("/policies/REF-001/change", data=sent | {"title_en": [""]})
    assert (nameless.status_code, "a text" in nameless.text) == (422, True)
    (stated,) = known["cora"].get("/api/v1/policies/").json
    assert stated["title"] == "Approve first"


def test_every_operation_stands_in_the_catalogue_with_its_class_and_policies(engine, known):
    page = known["ana"].get("/policies/operations").text
    for name, one in operations.catalog().items():
        assert f">{name}</code>" in page
        assert one.guarded_by is None or f">{one.guarded_by}</code>" in page
    assert "no policy: every call is held" in page, "payment.execute has none here"
    assert known["ann"].get("/policies/operations").status_code == 403
    assert known["cora"].get("/policies/new?policy=operations&on=payment.execute").status_code == 422

    assert "Gives: <span" in page
    assert '<span class="text-nowrap" title="party_id">Customer</span>' in page

    called = element("serviceTask", "look", '<zeebe:taskDefinition type="erp.check_stock"/>')
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"stock.bpmn": drawing(START + called + END + flows("start look end"), "", "stock")})
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        info = repository.latest(uow, "stock")
    page = known["ana"].get("/policies/operations").text
    assert "1 steps call it" in page
    assert f'<a href="/designer/view/{info.id}#look">P · look</a>' in page

    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY.replace("finance_approval,", "finance_approval, respond_within: PT2H,"))
    for address in ("/policies/", "/policies/REF-001"):
        assert "nothing was decided yet, within 2 hours" in known["ana"].get(address).text


def test_the_page_of_duties_and_the_api_say_what_was_not_looked_at_and_the_page_folds_what_is_long(
    engine, known, monkeypatch
):
    steps = " or ".join(f"facts.amount = {10 * step}" for step in range(1, 51))
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY.replace("finance_approval,", f"finance_approval, eligible: '= {steps}',"))
    monkeypatch.setattr(policies, "SHOWN", 1)

    cut = "of 101 combinations of amount, 96 were looked at; the others may differ."
    said = known["cora"].get("/api/v1/policies/staffing").json
    assert [one["sentence"].partition(": ")[2] for one in said if one["kind"] == "cut"] == [cut]
    shown, _, folded = known["cora"].get("/policies/duties").text.partition('<details class="border-top">')
    assert "1 people must give " in shown
    assert cut in folded
    assert f"{len(said) - 1} more" in folded


def test_who_is_missing_is_named_in_the_readers_language(engine, known, people):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        repository.deploy(uow, {"processes/oa/p.bpmn": PAYING.replace(b'mode="any"', b'mode="all"')})
        unit = identity.create_org_unit(uow, "fin", "财务部", name_en="Finance").id
        for login, name, name_en in (("fay", "方怡", "Fay Fang"), ("cfo", "陈总", "Chief Chen")):
            key = identity.user(uow, login).id
            identity.change_user(uow, key, name=name, name_en=name_en, org_unit=unit, email="fin@example.org")
    by_language = {}
    for language in ("en", "zh"):
        known["cora"].post("/language", data={"language": language})
        said = known["cora"].get("/api/v1/policies/staffing").json
        page = text_in(known["cora"].get("/policies/duties"))
        assert all(one["sentence"] in page for one in said)
        by_language[language] = " ".join(one["sentence"] for one in said)

    named = {"方怡": "Fay Fang", "陈总": "Chief Chen", "财务部": "Finance", "方怡（fay）": "Fay Fang (fay)"}
    for name, name_en in named.items():
        assert (name in by_language["zh"], name_en in by_language["zh"]) == (True, False)
        assert (name in by_language["en"], name_en in by_language["en"]) == (False, True)


def test_proofs_name_the_way_round_and_what_a_stricter_policy_would_break(engine, known, people):
    started(engine, Actor(people["ann"].id), a_bill(engine))
    found = known["ana"].get("/policies/proofs").text
    assert "proved" in found
    assert "there is a way round" not in found
    (proof,) = known["ana"].get("/api/v1/policies/proofs").json
    assert (proof["verdicts"], proof["findings"]) == ({"REF-001": "proved"}, [])
    assert proof["situations"] > 0
    (stated,) = known["ana"].get("/api/v1/policies/").json
    assert (stated["policy"], stated["state"], stated["confirmed"]) == ("REF-001", "active", False)
    assert "It holds whenever a refund is paid." in stated["sentences"]
    assert known["ann"].get("/api/v1/policies/").status_code == 403
    with engine.unit_of_work(ENGINE) as uow:
        repository.watch_staffing(uow)
    said = known["cora"].get("/api/v1/policies/staffing").json
    assert {one["policy"] for one in said} <= {"REF-001"}
    assert all(one["since"] for one in said)
    assert known["cora"].get("/policies/duties").text.count("text-break") >= len(said)

    page = known["cora"].post(
        "/policies/REF-001/change",
        data=form(approval=["finance_approval", "cfo_approval"]),
    )  # fmt: skip

    assert "there is a way round" in page.text
    assert "cfo_approval" in page.text


def test_a_proof_tells_its_way_round_step_by_step_in_the_readers_language(engine, known, people):
    started(engine, Actor(people["ann"].id), a_bill(engine))
    text = POLICY.replace("finance_approval", "cfo_approval")
    with engine.unit_of_work(Actor(people["cora"].id)) as uow:
        (made,) = policy.propose(uow, text, "The chief himself.")
    known["cyril"].post(f"/policies/versions/{made.id}/activate")

    matrix = known["ana"].get("/policies/proofs").text
    assert "there is a way round" in matrix
    address = re.search(r"/policies/proofs/[0-9a-f-]{36}", matrix)[0]
    page = known["ana"].get(address, headers={"Accept-Language": "zh-CN"}).text

    (walk,) = [json.loads(data)["walk"] for data in re.findall(r'<script type="application/json">(.*?)</script>', page)]
    assert walk[-1]["element"] == "pay"
    assert "未经" in walk[-1]["text"]
    assert walk[0]["flows"]
    assert known["ann"].get(address).status_code == 403
    assert known["ana"].get(f"/policies/proofs/{made.id}").status_code == 404


def test_a_way_that_the_machine_has_not_gone_is_called_possible_and_the_figure_stands_beside_it(engine, known, people):
    never = "small pay ? amount < limit and amount > limit"
    approving = APPROVE.replace('onReject="flow"', 'onReject="end"')
    xml = drawing(
        START + approving.format(provides="finance_approval")
        + approving.format(provides="cfo_approval").replace('id="fin"', 'id="chief"')
        + element("exclusiveGateway", "small", default="small_chief") + PAYS + END
        + flows("start fin small chief pay end", never),
        process_id="refund",
    )  # fmt: skip
    deploy(engine, xml)
    with engine.unit_of_work(Actor(people["cora"].id)) as uow:
        (made,) = policy.propose(uow, POLICY.replace("finance_approval", "cfo_approval"), "The chief himself.")
    known["cyril"].post(f"/policies/versions/{made.id}/activate")
    proof = re.search(r"/policies/proofs/[0-9a-f-]{36}", known["ana"].get("/policies/proofs").text)[0]

    for address in ("/policies/", "/policies/REF-001", "/policies/proofs", proof, "/designer/versions/refund"):
        text = text_in(known["ana"].get(address))
        assert ("there may be a way round" in text, "there is a way round" in text) == (True, False), address
    for address in ("/policies/REF-001", "/policies/proofs", proof):
        text = text_in(known["ana"].get(address))
        assert "that does not prove that it cannot be gone" in text, address
        assert "in 5,000 drawings made by chance it missed no payment" in text, address
    assert "Possible way round 1" in text_in(known["ana"].get(proof))


def test_whoever_is_asked_reads_in_his_language_why_his_yes_would_not_count(engine, known, people, sign_in):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY.replace("people: 1", "people: 1, eligible: '= actor.position = \"CFO\"'"))
    started(engine, Actor(people["ann"].id), a_bill(engine))
    fay = sign_in("fay")
    (item,) = items(fay)

    english = text_in(fay.get(f"/inbox/{item}"))
    chinese = text_in(fay.get(f"/inbox/{item}", headers={"Accept-Language": "zh-CN"}))

    assert "Your approval would not count. 先审批，后退款: who approves has to fulfil: " in english
    assert "the position of the approver = “CFO”" in english
    assert "您的同意不会计入。先审批，后退款：审批人须满足：审批人的职位 = “CFO”" in chinese


def test_the_audit_page_calls_a_policy_that_somebody_changed_by_its_title(engine, known):
    with without(engine, policy_version, "policy_version_frozen"), engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(policy_version).values(min_people=2))
    with engine.unit_of_work(ENGINE) as uow:
        audit.ask_check(uow)
    jobs.run_due(engine)

    page = text_in(known["aud"].get("/audit/", headers={"Accept-Language": "zh-CN"}))

    assert "策略 先审批，后退款 的第 1 版与操作记录不符" in page
    assert "REF-001" not in page


def test_a_change_is_tried_on_the_past_and_the_people_of_today_are_named(engine, known, people):
    page = known["cora"].get("/policies/duties").text
    assert "Who an approver must not be" in page
    assert "REF-001" in page
    assert known["ana"].get("/policies/duties").status_code == 403

    page = known["cora"].post("/policies/REF-001/change", data=form(people=["2"])).text
    assert "What ran in the last 90 days" in page
    assert "Nothing was let through yet" in page


SAID = {
    "case": "case", "time": "timestamp", "activity": "activity", "person": "", "operation": "Payment Handled",
    "approves.finance_approval": "Declaration FINAL_APPROVED by SUPERVISOR", "fact.amount": "amount",
    "rejects": [f"Declaration REJECTED by {who}" for who in
                ("EMPLOYEE", "ADMINISTRATION", "SUPERVISOR", "MISSING", "BUDGET OWNER", "PRE_APPROVER")],
}  # fmt: skip
"""what the columns and activities of the log mean"""


def test_a_log_of_another_system_is_held_against_a_policy(known, engine):
    with engine.unit_of_work(ENGINE) as uow:
        asked = "[{approval: finance_approval, valid_for: P365D, when: '= facts.amount > 0'}]"
        policy.ship(uow, f"- {{id: PAY-001, title: T, on: payment.execute, require: {asked}}}")
    assert known["ana"].get("/policies/logs").status_code == 403

    def sent(login="aud", do="judge", file=LOG, headers=None, **fields):
        data = {"log": (io.BytesIO(file.read_bytes()), file.name), "policy": "PAY-001", "do": do} | fields
        return known[login].post("/policies/logs", data=data, headers=headers or {})

    offered = markup.fromstring(sent(do="read").text).get_element_by_id("log-audit")
    guessed = {one.name: one.value for one in offered.xpath(".//div[@id='pane']//select")}
    assert guessed == {
        "case": "case",
        "time": "timestamp",
        "activity": "activity",
        "person": "",
        "fact.amount": "amount",
    }
    ticks = offered.xpath(".//input[@type='checkbox'][not(@checked)]")
    assert {one.get("name") for one in ticks} == {"approves.finance_approval", "operation", "rejects"}
    assert len({one.get("value") for one in ticks}) == 14, "every activity of the log"

    page = sent("cora", **SAID)
    assert re.findall(r"declaration\d+", page.text) == ["declaration95149", "declaration90815"]
    assert "2 of 456 operations" in page.text
    again = markup.fromstring(page.text).get_element_by_id("log-audit")
    assert len(again.xpath(".//input[@checked]")) == 8, "as it was ticked"
    sheet = sent(do="sheet", **SAID)
    assert (sheet.mimetype, "PAY-001" in sheet.headers["Content-Disposition"]) == ("text/csv", True)
    lines = sheet.data.decode("utf-8-sig").splitlines()
    assert (lines[0], len(lines), lines[1].split(",")[2]) == ("Case,Time,Result,Reasons", 457, "as the policy asks")
    flagged = [line.split(",")[:3:2] for line in lines if "not as" in line]
    assert [case for case, _ in flagged] == ["declaration95149", "declaration90815"]

    for wrong, said in (
        ({"case": "number"}, "the column of the case"),
        ({"operation": "Paymnt"}, "is the operation"),
        ({"time": "case"}, "a time with its zone"),
        ({"policy": "PAY-9"}, "a policy that is in force"),
    ):
        page = sent(**SAID | wrong)
        assert (page.status_code, said in page.text) == (422, True)
        kept = markup.fromstring(page.text).xpath("//input[@name='rejects'][@checked]")
        assert len(kept) == (0 if "policy" in wrong else 6), "what was ticked is not lost"
    assert known["aud"].post("/policies/logs", data=SAID | {"policy": "PAY-001", "do": "judge"}).status_code == 422
    part = sent(headers={"HX-Request": "true"}, **SAID)
    assert (part.status_code, "2 of 456 operations" in part.text, "<form" in part.text) == (200, True, False)
    part = known["aud"].post("/policies/logs", data={"policy": "PAY-001"}, headers={"HX-Request": "true"})
    assert (part.status_code, "alert" in part.text, "<form" in part.text) == (200, False, False), (
        "nothing is chosen yet"
    )
    known["aud"].post("/language", data={"language": "zh"})
    assert "第 2 行：带时区的时间" in sent(**SAID | {"time": "case"}).text
    known["cora"].post("/language", data={"language": "zh"})
    page = known["cora"].post("/policies/REF-001/change", data=form(people=["many"]))
    assert "people：从 1 开始的整数" in page.text


def test_activities_are_taken_as_they_are_written_and_only_so_many_are_offered(known, engine):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, "- {id: PAY-001, title: T, on: payment.execute, require: [{approval: finance_approval}]}")
    head, at = "case,time,activity\n", "2026-01-01T00:00:00Z"
    log = head + f"1,{at},ok [a]\n1,{at},pay*\n2,{at},ok a\n2,{at},pay*\n" + "".join(
        f"{n},{at},other {n}\n" for n in range(3, 303)
    )  # fmt: skip

    def sent(**fields):
        return known["aud"].post("/policies/logs", data={
            "log": (io.BytesIO(log.encode()), "log.csv"), "policy": "PAY-001", "do": "judge", "case": "case",
            "time": "time", "activity": "activity", **fields,
        })  # fmt: skip

    page = sent(operation="pay*", **{"approves.finance_approval": "ok [a]"})

    assert "1 of 2 operations" in page.text
    assert "The 200 most frequent are shown, 103 others are not" in page.text


def test_what_activities_are_is_not_forgotten_while_other_columns_or_policies_are_looked_at(known, engine):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, """
- {id: PAY-001, title: T, on: payment.execute, require: [{approval: finance_approval, when: "= facts.amount > 1"}]}
- {id: PAYEE-001, title: P, on: payee.confirm, require: [{approval: second_look}]}
""")  # fmt: skip
    log = b"case,time,activity,step,sum\n1,2026-01-01T00:00:00Z,look,no,2\n1,2026-01-02T00:00:00Z,pay,1,2\n"
    fields = {
        "policy": "PAY-001", "do": "read", "case": "case", "time": "time", "activity": "activity", "fact.amount": "sum",
        "approves.finance_approval": ["look"], "operation": ["pay"], "rejects": [],
    }  # fmt: skip

    def sent(**changed):
        page = known["aud"].post(
            "/policies/logs",
            data={"log": (io.BytesIO(log), "log.csv")} | fields | changed,
            headers={"HX-Request": "true"},
        )
        inputs = markup.fromstring(page.text).xpath("//input[@type='hidden' or @checked]")
        found = [(one.get("type"), one.get("name"), one.get("value")) for one in inputs]
        said = [one for one in found if one[1] != "csrf_token"]
        fields.update({name: [value for _, of, value in said if of == name] for _, name, _ in said})
        return sorted(said)

    at_first = [("checkbox", "approves.finance_approval", "look"), ("checkbox", "operation", "pay")]
    assert sent() == at_first
    elsewhere = [("hidden", "approves.finance_approval", "look"), ("hidden", "operation", "pay")]
    assert sent(activity="step") == elsewhere
    assert sent(activity="") == elsewhere
    assert sent(policy="PAYEE-001") == [
        ("checkbox", "operation", "pay"), ("hidden", "approves.finance_approval", "look"),
        ("hidden", "fact.amount", "sum"),
    ]  # fmt: skip
    assert sent() == at_first


def test_a_policy_says_who_owns_it_and_is_called_one_thing(known, engine):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, (Path(__file__).parents[2] / "processes" / "policies.yml").read_text(encoding="utf-8"))
    cora = known["cora"]

    for address in ("/policies/", "/policies/PAY-001"):
        assert "Owner: controllers" in text_in(cora.get(address))
    catalogue = (node.WEBUI / "translations/zh/LC_MESSAGES/messages.po").read_text(encoding="utf-8")
    assert "政策" not in catalogue, "a policy is 策略 everywhere"


def test_a_held_request_is_cancelled_from_the_page_of_what_is_held(engine, known, people, sign_in):
    instance_id = started(engine, Actor(people["ann"].id), a_bill(engine))
    agree(engine, Actor(people["fay"].id))
    with engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, people["fay"].id)
        policy.ship(uow, POLICY.replace("people: 1", "people: 2"))
        identity.add_member(uow, "controllers", "olga")
    jobs.run_due(engine)
    olga = sign_in("olga")
    address = f"/cockpit/instances/{instance_id}/cancel"
    assert f'action="{address}"' in olga.get("/policies/holds").text
    assert olga.post(address, data={"reason": "not needed"}).status_code == 303
    assert str(instance_id) not in olga.get("/policies/holds").text


def test_operators_read_in_their_language_what_failed_where_and_who_did_what(engine, known, people, sign_in):
    with engine.unit_of_work(ENGINE) as uow:
        identity.change_user(uow, people["cora"].id, name="柯拉", name_en="Cora")
    started(engine, Actor(people["ann"].id), a_bill(engine))
    agree(engine, Actor(people["fay"].id))
    with engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, people["fay"].id)
        policy.ship(uow, POLICY.replace("people: 1", "people: 2"))
    with engine.unit_of_work(Actor(people["cora"].id)) as uow:
        policy.propose(uow, POLICY, "One is enough.")
    jobs.run_due(engine)
    root = sign_in("root")

    for language, held, name, others in (
        ("en", "a live approval", "Cora", "柯拉"),
        ("zh", "缺少有效审批", "柯拉", "Cora"),
    ):
        root.post("/language", data={"language": language})
        page = text_in(root.get("/cockpit/jobs"))
        assert (held in page, "PolicyHold" in page) == (True, False)
        acts = text_in(root.get("/cockpit/audit"))
        assert (name in acts, others in acts) == (True, False)
    assert "pay" in text_in(root.get("/cockpit/incidents"))


def test_what_a_policy_holds_outside_processes_says_so_and_a_class_without_operation_is_not_offered(
    engine, known, people, sign_in
):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(
            uow,
            """
- {id: ROLE-001, title: t, on: identity.grant_role, elsewhere: allowed, require: [{approval: finance_approval}]}
""",
        )
        identity.create_group(uow, "bosses", "Bosses", capabilities="admin")
        adam = people["adam"] = identity.create_user(uow, "adam", "Adam")
        identity.add_member(uow, "bosses", "adam")
    page = sign_in("adam").post(f"/people/{adam.id}/join", data={"group": "controllers"})
    assert page.status_code == 409
    assert "Operation adding to a group is held: " in text_in(page)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [group.key for group in identity.groups_of(uow, adam.id)] == ["bosses"]

    offered = known["cora"].get("/policies/new").text
    assert '<option value="seal.apply" disabled>' in offered
    assert '<option value="instance.modify">' in offered
    asked = (
        "What is asked for: release beyond credit, granting of a role, change of a running request, release of a"
        " supplier's invoice, confirmation of bank details, payment, change of a policy, purchase order, refund"
    )
    assert asked in text_in(known["cora"].get("/policies/new"))
    for address in ("new?policy=SEAL-001&on=seal.apply", "SEAL-001/change?on=seal.apply"):
        page = known["cora"].get(f"/policies/{address}")
        said = text_in(page)
        assert (page.status_code, "speaks about: use of a seal. Nothing asks" in said, asked in said) == (
            422,
            True,
            True,
        )
    sealed = "- {id: SEAL-001, title: t, on: seal.apply, require: [{approval: finance_approval}]}"
    stated = known["cora"].post("/policies/SEAL-001/change", data={"view": "yaml", "on": "seal.apply", "text": sealed})
    assert (stated.status_code, asked in text_in(stated)) == (422, True), "not only when it is proposed"
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, sealed)
    for address in ("", "SEAL-001", "SEAL-001/change"):
        said = text_in(known["cora"].get(f"/policies/{address}"))
        assert f"Nothing asks for this policy before it acts: it holds nothing back. {asked}" in said
    assert "holds nothing back" not in text_in(known["cora"].get("/policies/REF-001"))
    assert [one["enforced"] for one in known["ana"].get("/api/v1/policies/").json] == [True, True, False]


def test_home_shows_controllers_auditors_operators_and_analysts_what_waits_for_them(engine, known, people, sign_in):
    bill_id = a_bill(engine)
    started(engine, Actor(people["ann"].id), bill_id)
    agree(engine, Actor(people["fay"].id))
    changed(engine, bill_id, version=20000)
    jobs.run_due(engine)
    with engine.unit_of_work(Actor(people["cora"].id)) as uow:
        policy.propose(uow, POLICY.replace("finance_approval", "cfo_approval"), "The chief himself.")
    with engine.unit_of_work(Actor(people["ana"].id)) as uow:
        drafts.save(uow, "processes/oa/mine.bpmn", blank_drawing("mine", "Mine", "oa"), name="Mine")
    home = {login: text_in(visitor.get("/")) for login, visitor in (known | {"root": sign_in("root")}).items()}

    holds, waits = "Held operations1", "Changes of policies that wait for a second controller: you1"
    seen = {login: [words for words in (holds, waits, "Mine draft") if words in text] for login, text in home.items()}
    assert seen == {
        "cora": [holds], "cyril": [holds, waits], "aud": [holds], "ana": ["Mine draft"], "clara": [], "ida": [],
        "ann": [], "root": [holds, waits],
    }  # fmt: skip
    assert ("All incidents" in home["root"], "policy-hold" in home["root"]) == (True, False), "said in words"


def test_an_auditor_is_offered_nothing_that_he_may_not_do(known, engine):
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
        dictionaries.create(uow, "kinds", "类别", "Kinds", [("a", "专票", "Special")])
    aud = known["aud"]

    for address in ("/dictionaries/", "/dictionaries/kinds", "/workdays/cn?year=2026", "/people/", "/people/groups"):
        main = markup.fromstring(aud.get(address).text).get_element_by_id("content")
        assert (address, main.xpath(".//form[@method='post']/@action")) == (address, [])
        refused = [link for link in main.xpath(".//a/@href") if aud.get(link).status_code >= 400]
        assert (address, refused) == (address, [])


def test_whoever_is_told_of_an_emergency_is_called_by_his_right_or_group(known):
    stated = "- {id: PAY-078, title: T, on: refund.execute, require: [{approval: a}], break_glass: {roles: [clerks]}}"
    page = known["cora"].post(
        "/policies/PAY-078/change", data={"view": "yaml", "on": "refund.execute", "text": stated}
    )  # fmt: skip

    assert "At once this is told to: everybody with the right “audit”." in text_in(page)
