"""流程预测 on the pages: who will be asked, whom somebody selects for it, and for which department."""

import re
from pathlib import Path

import pytest
from flask_babel import force_locale
from lxml import html

from engine import identity, repository, runtime
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, element, flows
from webui.route import reason, wrote

pytestmark = pytest.mark.approvals

FORM = (
    b'{"schemaVersion": 18, "type": "default", "id": "picked", "components": [{"type": "number", "key": "amount", '
    b'"id": "f1", "label": "Amount", "validate": {"required": true, "min": 1}}]}'
)


def picked(key: str, strategy: str, more: str = "") -> str:
    return (
        f'<userTask id="{key}" name="Task {key}"><extensionElements><troika:assignment strategy="{strategy}" {more}/>'
        '<troika:approval mode="all" onReject="end"/></extensionElements></userTask>'
    )


@pytest.fixture
def pages(engine, app, sign_in):
    """Ann, who works in two departments: first those whom she selects, over 100 those whom they select in turn."""
    start = START.replace(
        "/>", '><extensionElements><zeebe:formDefinition formId="picked"/></extensionElements></startEvent>', 1
    )
    xml = drawing(
        start + picked("one", "initiatorSelect", 'range="managers" max="1"')
        + element("exclusiveGateway", "g", default="g_end") + picked("two", "previousApproverSelect")
        + picked("dept", "initiatorSelect", 'range="dept"') + END
        + flows("start one g end", "g two ? amount > 100", "two dept end"), process_id="picked",
    )  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/picked.bpmn": xml, "forms/picked.json": FORM})
        for key in ("sales", "logistics"):
            identity.create_org_unit(uow, key, key.title())
            identity.join_department(uow, "ann", key)
        identity.create_user(uow, "eli", "Eli", org_unit="logistics")
    return sign_in("ann")


def route(visitor, amount: int | str, **more: str):
    data = {"data": f'{{"amount": {amount}}}', **more}
    return visitor.post("/requests/start/picked/route", data=data, headers={"HX-Request": "true"})


def test_the_start_form_follows_what_is_typed_and_asks_for_people_where_they_are_needed(pages):
    start = pages.get("/requests/start/picked").text
    assert 'name="department"' in start
    assert "Sales" in start
    assert "Logistics" in start

    little, much = route(pages, 50), route(pages, 500)
    again = route(pages, 500, choosing="one dept ")

    assert "Task one" in little.text
    assert "Task two" not in little.text
    assert 'name="approvers.one"' in little.text
    assert 'name="approvers.dept"' not in little.text
    assert "Task two" in much.text
    assert 'name="approvers.dept"' in much.text
    assert 'name="approvers.two"' not in much.text
    assert "approvers." not in again.text, "somebody may be typing in a picker: only other ones are sent"
    assert "perhaps" in route(pages, "null").text
    assert "<!doctype" not in much.text


def test_an_empty_start_form_shows_who_is_known_and_what_depends_on_which_field(engine, app, sign_in):
    table = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        '<decision id="level" name="Level"><decisionTable id="t" hitPolicy="UNIQUE"><input id="i" label="Amount">'
        '<inputExpression id="ie" typeRef="number"><text>amount</text></inputExpression></input>'
        '<output id="o" name="level" typeRef="string"/>'
        '<rule id="r1"><inputEntry id="a"><text>&lt; 100</text></inputEntry><outputEntry id="b"><text>"low"</text>'
        '</outputEntry></rule><rule id="r2"><inputEntry id="c"><text>&gt;= 100</text></inputEntry>'
        '<outputEntry id="e"><text>"high"</text></outputEntry></rule></decisionTable></decision></definitions>'
    )
    start = START.replace(
        "/>", '><extensionElements><zeebe:formDefinition formId="picked"/></extensionElements></startEvent>', 1
    )
    xml = drawing(
        start + '<businessRuleTask id="find"><extensionElements><zeebe:calledDecision decisionId="level" '
        'resultVariable="found"/></extensionElements></businessRuleTask>'
        + picked("always", "user", 'users="bob"') + element("exclusiveGateway", "g", default="g_end")
        + picked("large", "user", 'users="carl"') + END
        + flows("start find always g end", 'g large ? found = "high"', "large end"), process_id="picked",
    )  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        files = {"processes/picked.bpmn": xml, "forms/picked.json": FORM, "processes/level.dmn": table.encode()}
        repository.deploy(uow, files)
    ann = sign_in("ann")

    empty, little, much = (html.fromstring(route(ann, amount).text) for amount in ("null", 50, 500))

    steps = [" ".join(one.text_content().split()) for one in empty.xpath("//li[starts-with(@class, 'tk-route')]")]
    assert steps == ["Task always Bob named", "Task large perhaps Carl namedDepends on: Amount"]
    assert "Task large" not in little.text_content()
    assert [one.get("class") for one in much.xpath("//li[strong or div/strong]")] == ["tk-route-certain"] * 2
    assert "Depends on" not in much.text_content()


def test_without_scripts_a_button_shows_the_page_again_with_the_route(pages):
    pages.get("/requests/start/picked")

    page = pages.post("/requests/start/picked/route", data={"data": '{"amount": 50}', "approvers.one": "bob"})

    assert page.status_code == 200
    assert "<!doctype" in page.text
    assert "Bob" in page.text
    assert "Task one" in page.text
    assert '"amount": 50' in page.text
    made = pages.post("/requests/start/picked/draft", data={"data": '{"amount": 60}'})
    draft_id = made.headers["Location"].rpartition("/")[2]
    page = pages.post("/requests/start/picked/route", data={"data": '{"amount": 70}', "draft": draft_id})
    assert '"amount": 70' in page.text
    assert f"/requests/drafts/{draft_id}" in page.text


def test_the_server_judges_who_was_selected_and_for_which_department(pages, sign_in):
    def begin(**more: str):
        return pages.post("/requests/start/picked", data={"data": '{"amount": 50}', **more})

    assert [one["name"] for one in pages.get("/requests/start/picked/people?node=one&q=b").json] == ["Bob"]
    there = pages.get("/requests/start/picked/people?node=dept&department=logistics").json
    assert [one["name"] for one in there] == ["Eli"]
    assert pages.get("/requests/start/picked/people?node=two").status_code == 422
    for refused, why in (
        ({}, "nobody is named"), ({"approvers.one": "dora"}, "managers"), ({"approvers.one": "bob, carl"}, "1"),
        ({"approvers.one": "bob", "department": "board"}, "one of the departments"),
    ):  # fmt: skip
        answer = begin(**refused)
        assert (answer.status_code, why in answer.text) == (422, True), (refused, answer.text)

    done = begin(**{"approvers.one": "bob", "department": "logistics"})

    assert done.status_code == 303, done.text
    assert "Task one" in sign_in("bob").get("/inbox/").text


def test_whoever_decides_selects_the_next_ones_and_sees_what_follows(pages, sign_in):
    started = pages.post(
        "/requests/start/picked",
        data={"data": '{"amount": 500}', "approvers.one": "bob", "approvers.dept": "eli", "department": "logistics"},
    )
    assert started.status_code == 303, started.text
    bob = sign_in("bob")
    item = bob.get("/api/v1/tasks/").json["items"][0]["id"]
    page = bob.get(f"/inbox/{item}").text
    assert 'name="approvers.two"' in page

    ahead = bob.get(f"/inbox/{item}/route").text
    assert "Task two" in ahead
    assert "Task dept" in ahead
    assert "Eli" in ahead
    assert "Task dept" in pages.get(started.headers["Location"] + "/route").text
    assert sign_in("carl").get(started.headers["Location"] + "/route").status_code == 404
    assert [one["name"] for one in bob.get(f"/inbox/{item}/people?node=two&q=carl").json] == ["Carl"]
    assert bob.post(f"/inbox/{item}", data={"action": "agree"}).status_code == 422
    assert bob.post(f"/inbox/{item}", data={"action": "agree", "approvers.two": "carl"}).status_code == 303
    assert "Task two" in sign_in("carl").get("/inbox/").text


def test_a_start_over_the_wire_needs_the_same_selection(pages):
    body = {"key": "picked", "variables": {"amount": 50}}

    refused = pages.post("/api/v1/instances/", json=body)
    steps = pages.post("/api/v1/previews/", json={**body, "approvers": {"one": ["bob"]}}).json["steps"]
    started = pages.post("/api/v1/instances/", json={**body, "approvers": {"one": ["bob"]}})

    assert (refused.status_code, refused.json["code"]) == (422, "cannot_choose")
    assert [(one["element"], one["needs_selection"], one["selection"]["most"]) for one in steps] == [("one", False, 1)]
    assert started.status_code == 201


def test_the_page_of_a_task_follows_what_is_typed_and_who_is_selected(engine, app, sign_in):
    fields = '<troika:fields default="read"><troika:field id="amount" perm="write"/></troika:fields>'
    check = (
        '<userTask id="check" name="Check"><extensionElements><zeebe:assignmentDefinition candidateUsers="{}"/>'
        f'<zeebe:formDefinition formId="filled"/><troika:approval mode="all" onReject="end"/>{fields}'
        '</extensionElements></userTask>'
    )  # fmt: skip
    big = '<userTask id="big" name="Task big"><extensionElements><zeebe:assignmentDefinition candidateUsers="dora"/>'
    big += "</extensionElements></userTask>"
    drawn = (
        START + check + element("exclusiveGateway", "g", default="g_two") + big
        + picked("two", "previousApproverSelect") + END
        + flows("start check g two end", "g big ? amount > 100", "big two")
    )  # fmt: skip
    address, items = {}, {}
    with engine.unit_of_work(ENGINE) as uow:
        for key, who in (("alone", "bob"), ("both", "bob,carl")):
            xml = drawing(drawn.format(who), process_id=key)
            repository.deploy(
                uow, {f"processes/{key}.bpmn": xml, "forms/filled.json": FORM.replace(b"picked", b"filled")}
            )
    bob = sign_in("bob")
    for key in ("alone", "both"):
        with engine.unit_of_work(Actor(identity_of(engine, "ann"))) as uow:
            runtime.start(uow, key, {"amount": 1})
        [items[key]] = [one["id"] for one in bob.get(f"/api/v1/tasks/?process={key}").json["items"]]
        address[key] = f"/inbox/{items[key]}/route"

    def ahead(key: str, amount: str, visitor=bob, **more: str) -> str:
        data = {"data": f'{{"amount": {amount}}}', **more}
        return visitor.post(address[key], data=data, headers={"HX-Request": "true"}).text

    page = bob.get(f"/inbox/{items['alone']}").text
    assert f'hx-post="{address["alone"]}" hx-include="#task-form"' in page
    assert "perhaps" in bob.get(address["alone"]).text, "before anything is typed nobody knows"
    little, much = ahead("alone", "50"), ahead("alone", "500", **{"approvers.two": "carl"})
    assert ("Task big" in little, "Task big" in much, "perhaps" in much) == (False, True, False)
    assert ("Somebody has to be selected." in little, "Somebody has to be selected." in much) == (True, False)
    assert ("Carl" in little, "Carl" in much) == (False, True)
    assert "perhaps" in ahead("alone", "null"), "what is missing may be anything"
    assert "perhaps" in ahead("both", "500"), "somebody else may still write it"
    assert "perhaps" in ahead("alone", "500", sign_in("ann")), "who is not asked types nothing"
    assert bob.post(f"/inbox/{items['alone']}", data={"action": "agree", "data": '{"amount": 50}',
                                                      "approvers.two": "carl"}).status_code == 303  # fmt: skip
    assert "Task two" in sign_in("carl").get("/inbox/").text


def identity_of(engine, login):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return identity.user(uow, login).id


def test_every_reason_that_the_engine_writes_beside_a_decision_has_words_for_people(app):
    """Of the calls that make a decision void, parked or restored; in both languages, and a person's words stay."""
    written: set[str] = set()
    calls = re.compile(r"(?:undo|undo_all|break_ticket|park|restore|hand_on|_end|_lapse)\([^\n]*?\"([a-z][^\"]+)\"")
    for room in ("runtime", "tasks", "policy"):
        for file in (Path(__file__).parents[2] / "engine" / room).glob("*.py"):
            written.update(calls.findall(file.read_text(encoding="utf-8")))
    source = (Path(__file__).parents[2] / "engine" / "runtime" / "reopening.py").read_text(encoding="utf-8")
    written.update(re.findall(r'        return "([^"]+)"\n', source))

    assert len(written) > 12
    assert sorted(text for text in written if not wrote(text)) == []
    with app.test_request_context(), force_locale("zh"):
        assert [text for text in written if reason(text) == text] == []
        assert reason("财务审批: rejected") == "财务审批：不同意"
        assert reason("he is ill") == "he is ill"
