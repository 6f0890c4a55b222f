"""The simple view and the new approval through the Flask client: every edit is a new draft of the same file."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree, html
from werkzeug.datastructures import MultiDict

from engine import dmn, drafts, feel, identity, repository, runtime, tasks
from engine.bpmn import outline, read
from engine.bpmn.model import PERIODS, Copying, FieldPermission, TimeoutStep
from engine.bpmn.outline import settings
from engine.bpmn.parser import extensions
from engine.unit_of_work import ENGINE, Actor
from tests.lending import begun_once
from tests.webui.publishing import published
from webui import node
from webui.designer import card_settings, cards, form_fields, gallery, vocabulary, who
from webui.designer.blank_form import NewField, blank_form
from webui.designer.conditions import Field, Row, feel_of, rows_of

LIBRARY = Path(__file__).parents[2]
ANSWER = {
    "key": "trip", "name": "出差", "name_en": "Business trip", "category": "oa", "form": "", "required": ["0", "1"],
    "label": ["事由", "金额", "方式", ""], "type": ["long", "money", "choice", "text"],
    "options": ["", "", "火车，飞机", ""],
}  # fmt: skip
ON_SQLITE_ALONE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""where what is written into a file is judged, and no other statement comes into it than in its neighbours"""


@pytest.fixture
@begun_once
def people(engine):
    """Two analysts (ana, ben), who may design, and a clerk (cai), whom ana leads."""
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "analysts", "流程分析", capabilities="process.design")
        identity.create_group(uow, "finance", "财务部", name_en="Finance")
        identity.create_group(uow, "process_admins", "流程管理员")
        names = {"ana": "安娜", "ben": "本", "cai": "蔡"}
        made = {login: identity.create_user(uow, login, name, password=None) for login, name in names.items()}
        identity.add_member(uow, "analysts", "ana")
        identity.add_member(uow, "analysts", "ben")
        identity.change_user(uow, made["cai"].id, manager="ana")
    return made


@pytest.fixture
def ana(sign_in):
    client = sign_in("ana")
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "zh-CN"
    return client


@pytest.fixture
def trip(ana):
    """A new approval; its file, after what `act` did."""
    made = ana.post("/designer/approvals/", data=ANSWER)
    assert (made.status_code, made.location) == (303, "/designer/simple/trip")
    return ana


def etag(client, key="trip"):
    return re.search(r'name="etag" value="(\d+)"', client.get(f"/designer/simple/{key}").text)[1]


def post(client, path, key="trip", **data):
    return client.post(f"/designer/simple/{key}/{path}", data={"etag": etag(client, key), **data})


def drawing(engine, key="trip"):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return drafts.open_(uow, f"processes/oa/{key}.bpmn").content


def process(engine, key="trip"):
    return read(drawing(engine, key)).definition.process(key)


def new_id(engine, kind):
    """The id of the only new element of that kind."""
    (found,) = re.findall(rf'id="({kind}_[a-z]{{6}})"', drawing(engine).decode())
    return found


def test_a_new_approval_is_published_as_it_is_and_started_by_a_clerk(trip, engine, people):
    assert published(trip, "trip") == 1

    with engine.unit_of_work(Actor(people["cai"].id)) as uow:
        form = repository.form(uow, "oa/trip")
        instance = runtime.start(uow, "trip", {"reason": "客户拜访", "amount": 300, "field_3": "火车"})
    assert [(field.path, field.type, field.required) for field in form.fields] == [
        ("reason", "textarea", True), ("amount", "number", True), ("field_3", "select", False),
    ]  # fmt: skip
    with engine.unit_of_work(Actor(people["ana"].id), read_only=True) as uow:
        (asked,) = tasks.inbox(uow).items
    assert (asked.instance_id, asked.task_name) == (instance.id, "上级审批")


def test_cards_are_added_set_and_published(trip, engine):
    post(trip, "add", flow="manager_to_done", kind="condition")
    gate = new_id(engine, "condition")
    branch, otherwise = (flow.id for flow in process(engine).nodes[gate].outgoing)
    post(trip, f"branch/{gate}/{branch}", name="大额", name_en="Large", field=["amount", ""], operator=[">", "="],
         value=["5000", ""])  # fmt: skip
    post(trip, "add", flow=branch, kind="approval")
    card = new_id(engine, "approval")
    assert "未设置" in trip.get("/designer/simple/trip").text
    said = {"perm:amount": "read", "approval.mode": "all", "rejected": "request", "amount": "24", "unit": "H"}
    post(trip, f"card/{card}", name="财务审批", name_en="Finance approves", way="groups", groups="finance", **said)

    drawn = process(engine)
    node = drawn.nodes[card]
    assert drawn.nodes[gate].default == otherwise
    assert next(flow.condition for flow in drawn.flows if flow.id == branch) == "= amount > 5000"
    assert (node.name, node.labels, node.extensions.assignees.groups) == (
        "财务审批", {"en": "Finance approves"}, '= ["finance"]',
    )  # fmt: skip
    assert (node.extensions.approval.mode, node.extensions.approval.on_reject) == ("all", "flow")
    assert node.extensions.due == '= now() + duration("PT24H")'
    page = trip.get("/designer/simple/trip").text
    assert "财务部 · 会签（全部同意） · 24小时内" in page
    assert "金额 &gt; 5000" in page
    assert published(trip, "trip", etag(trip)) == 1


@ON_SQLITE_ALONE
def test_of_more_people_than_are_listed_anybody_is_looked_for_by_typing(trip, engine, monkeypatch):
    monkeypatch.setattr(cards, "_MANY", 2)
    post(trip, "card/manager", name="审批", way="user", person="cai")

    page = html.fromstring(trip.get("/designer/simple/trip?card=manager").text)

    pickers = {one.get("name"): (one.get("src"), one.get("value")) for one in page.xpath("//tk-people")}
    assert pickers["people"][0] == "/people/search?by=login"
    assert {one.get("label") for one in page.xpath("//tk-people")} >= {"人员"}
    assert "组织与权限" not in {one.get("label") for one in page.xpath("//tk-people")}
    source, chosen = pickers["person"]
    assert [(one["id"], one["name"]) for one in json.loads(chosen)] == [("cai", "蔡")]
    assert [(one["id"], one["name"]) for one in trip.get(f"{source}&q=cai").json] == [("cai", "蔡")]
    assert process(engine).nodes["manager"].extensions.assignees.assignee == "cai"


@ON_SQLITE_ALONE
def test_a_card_names_its_decision_by_the_title_in_the_language_of_the_page(ana, engine):
    deploy(engine)

    for language, title in (("zh", "报销审批权限"), ("en", "Expense authority")):
        page = ana.get("/designer/simple/expense_claim", headers={"Accept-Language": language}).text
        summaries = html.fromstring(page).xpath("//*[@class='tk-card-summary']/text()")
        assert title in summaries, language


@ON_SQLITE_ALONE
def test_a_branch_asks_what_a_decision_answers_in_the_words_of_its_table(ana, engine):
    deploy(engine)
    branch, page = "needs_director_to_director", "/designer/simple/expense_claim"

    for language, words in (("zh", "审批级别 = 上级的上级"), ("en", "Approval level = Manager’s manager")):
        assert words in ana.get(page, headers={"Accept-Language": language}).text
    shown = html.fromstring(ana.get(f"{page}?card=needs_director&branch={branch}").text)
    offered = json.loads(shown.xpath("//@data-conditions")[0])["fields"]["authority"]["options"]
    assert offered == {"manager": "直属上级", "director": "上级的上级"}
    known = {one["id"]: one["results"] for one in ana.get("/designer/catalogue.json").json["decisions"]}
    assert known["expense_authority"] == [
        {"name": "", "label": "审批级别", "options": [["manager", "直属上级"], ["director", "上级的上级"]]}
    ]
    assert [one["name"] for one in known["match_tolerance"]] == [".price", ".absolute", ".quantity"]


def test_whatever_text_a_table_of_the_library_gives_has_words_in_both_languages():
    paths = [path for folder in ("processes", "templates/processes") for path in (LIBRARY / folder).glob("*/*.dmn")]
    tables = [one.logic for path in paths for one in dmn.read(path.read_bytes(), path.name).model.decisions]
    unnamed = [
        (table.id, text)
        for table in tables for place, output in enumerate(table.outputs)
        for text in (rule.outputs[place] for rule in table.rules)
        if text.startswith('"') and set(output.words.get(json.loads(text), ())) != {"", "en"}
    ]  # fmt: skip
    assert (len(tables), unnamed) == (9, [])


@ON_SQLITE_ALONE
def test_settings_that_say_what_the_file_says_already_write_nothing(ana, engine):
    deploy(engine)
    page = ana.get("/designer/simple/leave_request?card=manager").text

    sent = {"name": "经理审批", "name_en": "Manager approves", "way": "initiatorManager", "who:level": "1",
            "rejected": "drawn", "amount": "2", "unit": "D", "form": "oa/leave_request"}  # fmt: skip
    answer = post(ana, "card/manager", "leave_request", **sent)

    assert answer.status_code == 303
    assert 'value="经理审批"' in page
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert drafts.list_(uow) == []


@begun_once
def deploy(engine):
    """The shipped processes."""
    files = {
        str(path.relative_to(LIBRARY)): path.read_bytes()
        for folder in ("forms", "processes") for path in (LIBRARY / folder).glob("*/*.*")
        if path.suffix in (".json", ".bpmn", ".dmn")
    }  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, files)


def test_the_first_edit_of_a_deployed_process_makes_a_draft_of_it(ana, engine):
    deploy(engine)

    post(ana, "add", "leave_request", flow="rule_to_manager", kind="copy")

    assert etag(ana, "leave_request") == "1"
    assert b"copy_" in drawing(engine, "leave_request")


@pytest.mark.parametrize(
    ("language", "said", "reason"),
    [("zh-CN", "这个流程在此只能查看", "“等待补货”是卡片视图不支持的网关。"),
     ("en", "This process can only be read here", "Await supply&#39; is a gateway that the cards do not know.")],
)  # fmt: skip
def test_a_process_that_is_no_cards_can_be_read_and_names_what_is_in_the_way(ana, engine, language, said, reason):
    deploy(engine)

    page = ana.get("/designer/simple/order_to_cash", headers={"Accept-Language": language}).text

    assert said in page
    assert reason in page
    assert "/designer/edit/order_to_cash#wait_supply" in page
    assert (
        ana.post("/designer/simple/order_to_cash/add", data={"etag": "0", "flow": "x", "kind": "task"}).status_code
        == 422
    )


def test_somebody_elses_edit_is_not_written_over(trip, sign_in, engine):
    ben = sign_in("ben")
    post(ben, "add", flow="manager_to_done", kind="task")

    late = trip.post("/designer/simple/trip/add", data={"etag": "1", "flow": "manager_to_done", "kind": "timer"})

    assert late.status_code == 409
    assert "本" in late.text
    assert b"timer_" not in drawing(engine)
    assert b"task_" in drawing(engine)


@pytest.mark.parametrize(
    ("path", "data", "said"),
    [
        ("add", {"flow": "nothing", "kind": "task"}, "没有箭头“nothing”"),
        ("add", {"flow": "manager_to_done", "kind": "spell"}, "没有“spell”这种卡片"),
        ("remove/submitted", {}, "不能移除"),
        ("card/manager", {"name": "x", "way": "user", "person": "ana", "amount": "soon"}, "应为 1 到"),
        ("card/manager", {"name": "x" * 5000}, "最多 4000 个字"),
        ("branches/manager", {}, "没有分支"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(trip, engine, path, data, said):
    before = drawing(engine)

    refused = post(trip, path, **data)

    assert refused.status_code == 422
    assert said in refused.text
    assert drawing(engine) == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "名称应为"),
        ({"label": [""], "type": ["text"], "options": [""]}, "请选择表单"),
        ({"options": ["", "", ""]}, "请填写“方式”的选项"),
        ({"key": "Trip!"}, "Trip!"),
        ({"type": ["video", "money", "choice", "text"]}, "“事由”"),
    ],
)
def test_a_new_approval_that_lacks_something_keeps_what_was_typed(ana, engine, changes, said):
    refused = ana.post("/designer/approvals/", data={**ANSWER, **changes})

    assert refused.status_code == 422
    assert said in refused.text
    assert "Business trip" in refused.text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert drafts.list_(uow) == []
        assert [info.key for info in repository.latest_all(uow, "form") if info.key.startswith("oa/")] == []


def test_a_clerk_may_not_see_the_cards(trip, sign_in):
    clerk = sign_in("cai")

    assert [clerk.get(f"/designer/{path}").status_code for path in ("simple/trip", "approvals/new")] == [403, 403]


def test_people_in_lists_are_kept_when_something_else_is_set(trip, engine):
    said = {"approval.mode": "sequential", "amount": "", "form": "oa/trip", "rejected": "end"}
    for name in ("上级审批", "两人审批"):
        post(trip, "card/manager", name=name, way="users", people=["ana", "ben"], **said)

    node = process(engine).nodes["manager"]
    assert (node.extensions.assignees.users, node.extensions.approval.mode) == ('= ["ana", "ben"]', "sequential")
    assert (node.extensions.due, node.extensions.strategy) == (None, None)
    assert "安娜、本 · 依次" in trip.get("/designer/simple/trip").text


FIELDS = {
    "amount": Field("amount", "金额", "number", {}), "kind": Field("kind", "类别", "string", {"a": "甲"}),
    "paid": Field("paid", "已付", "boolean", {}), "day": Field("day", "日期", "date", {}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('= amount > 5000 and kind = "a"', [Row("amount", ">", "5000"), Row("kind", "=", "a")]),
        ('= paid = true and day >= date("2026-01-31")', [Row("paid", "=", "true"), Row("day", ">=", "2026-01-31")]),
        ("= amount <= -1.5", [Row("amount", "<=", "-1.5")]),
        ('= kind = "say \\"a\\" \\\\ b"', [Row("kind", "=", 'say "a" \\ b')]),
    ],
)
def test_conditions_of_rows_are_rows_again(text, rows):
    assert rows_of(text) == rows
    assert feel_of(rows, FIELDS) == text


def test_a_branch_asks_who_the_requester_is_and_between_which_sums_and_is_taken_so(trip, engine, people):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_org_unit(uow, "house", "总部")
        identity.create_org_unit(uow, "sales", "销售部", parent="house")
        identity.change_user(uow, people["cai"].id, org_unit="sales")
    post(trip, "add", flow="manager_to_done", kind="condition")
    gate = new_id(engine, "condition")
    branch = process(engine).nodes[gate].outgoing[0].id
    who = "process.initiator.login"
    rows = {
        "field": [who, who, "amount", "field_3", ""],
        "operator": ["in-department", "not-has-role", "between", "in", "="],
        "value": ["house", "finance", "1,000", "火车，飞机", ""], "to": ["", "", "5000", "", ""],
    }  # fmt: skip

    refused = post(trip, f"branch/{gate}/{branch}", **{**rows, "value": ["house", "finance", "1000", "", ""]})
    assert (refused.status_code, "方式" in refused.text) == (422, True)
    refused = post(trip, f"branch/{gate}/{branch}", **{**rows, "operator": ["starts", *rows["operator"][1:]]})
    assert (refused.status_code, "适合该字段的比较方式" in refused.text) == (422, True)
    assert post(trip, f"branch/{gate}/{branch}", **rows).status_code == 303

    (flow,) = (flow for flow in process(engine).flows if flow.id == branch)
    assert flow.condition == (
        '= belongs to(process.initiator.login, "house") and not(has role(process.initiator.login, "finance"))'
        ' and amount between 1000 and 5000 and field_3 in ("火车", "飞机")'
    )
    words = "发起人 属于部门 总部 且 发起人 不具有角色 财务部 且 金额 介于 1000–5000 CNY 且 方式 是其中之一 火车, 飞机"
    assert words == re.findall("发起人 属于[^<]*", trip.get("/designer/simple/trip").text)[0].strip()
    post(trip, "add", flow=branch, kind="approval")
    card = new_id(engine, "approval")
    post(trip, f"card/{card}", name="复核", way="user", person="ben")
    assert published(trip, "trip", etag(trip)) == 1
    fields = {"reason": "拜访", "amount": 3000, "field_3": "火车"}
    assert _asked(engine, people, fields) == {card}
    with engine.unit_of_work(ENGINE) as uow:
        identity.add_member(uow, "finance", "cai")
    assert _asked(engine, people, fields) == set()


def _asked(engine, people, fields):
    """Where a request of the clerk waits once his manager has agreed."""
    with engine.unit_of_work(Actor(people["cai"].id)) as uow:
        instance = runtime.start(uow, "trip", fields)
    with engine.unit_of_work(Actor(people["ana"].id)) as uow:
        tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return {element for _, element, _ in runtime.instance_view(uow, instance.id).waits}


def test_a_card_that_is_renamed_says_for_which_name_its_english_one_was_written(trip, engine):
    said = {"way": "initiatorManager"}
    for names in (("审批", "Approve"), ("复核", "Approve"), ("审核", "Approve")):
        post(trip, "card/manager", name=names[0], name_en=names[1], **said)
    renamed = drawing(engine).decode()
    post(trip, "card/manager", name="审核", name_en="Review", **said)

    assert '<troika:label lang="en" of="审批">Approve</troika:label>' in renamed
    assert '<troika:label lang="en">Review</troika:label>' in drawing(engine).decode()


def test_settings_that_were_not_applied_when_somebody_took_over_become_a_copy(trip, sign_in, engine):
    base = drawing(engine).decode().replace("</", " " * 4000 + "</", 1)
    ben = sign_in("ben")
    ben.post("/designer/take/processes/oa/trip.bpmn")
    assert post(ben, "card/manager", name="别人的名字", way="initiatorManager").status_code == 303
    typed = {"base": base, "name": "我的名字", "amount": "3", "unit": "D"}

    kept = trip.post("/designer/simple/trip/card/manager", data=typed, headers={"Accept": "application/json"})
    wrong = trip.post("/designer/simple/trip/card/manager", data={**typed, "amount": "soon"},
                      headers={"Accept": "application/json"})  # fmt: skip

    assert kept.status_code == 201
    page = trip.get(kept.json["address"]).text
    assert "别人的名字" in page
    assert "我的名字" in page
    assert process(engine).nodes["manager"].name == "别人的名字"
    assert (wrong.status_code, "soon" in wrong.json["detail"]) == (422, True)


@pytest.mark.parametrize("text", ["= amount > 5 or paid", "= count(lines) > 3", "= amount > 5 and", "= not(paid)"])
def test_conditions_that_say_more_stay_text(text):
    assert rows_of(text) is None


def test_people_and_titles_keep_every_character():
    names = ('O"Neill', "a\\b", "王芳")

    assert who.listed(who.as_list(names)) == list(names)
    assert [card_settings._literal(f"= {feel.quoted(name)}") for name in names] == list(names)


def shown_form(client, card, key="trip"):
    """What the form of a card would send as it is shown, as a browser without a script."""
    page = html.fromstring(client.get(f"/designer/simple/{key}?card={card}").text)
    (form,) = page.xpath("//aside[@id='sheet']/form")
    return MultiDict(form.form_values())


def send(client, card, form, key="trip"):
    return client.post(f"/designer/simple/{key}/card/{card}", data=form.to_dict(flat=False))


@ON_SQLITE_ALONE
def test_every_card_of_a_process_that_is_applied_as_shown_writes_nothing(ana, engine):
    deploy(engine)

    for key in ("expense_claim", "leave_request"):
        found = outline.outline(read((LIBRARY / f"processes/oa/{key}.bpmn").read_bytes()).definition)
        for card in {card.id for card in found.cards() if card.kind != "gateway"}:
            answer = send(ana, card, shown_form(ana, card, key), key)
            assert answer.status_code == 303, (key, card)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert drafts.list_(uow) == []


def test_positions_are_chosen_by_name(trip, engine):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "fay", "费", password=None, position="财务总监", position_en="Finance director")
    form = shown_form(trip, "manager")
    form["way"] = "position"
    form.setlist("who:positions", ["财务总监", "Area manager"])

    assert send(trip, "manager", form).status_code == 303

    strategy = process(engine).nodes["manager"].extensions.strategy
    assert (strategy.name, dict(strategy.parameters)) == ("position", {"positions": "财务总监, Area manager"})
    assert shown_form(trip, "manager").getlist("who:positions") == ["财务总监", "Area manager"]
    assert "财务总监、Area manager" in trip.get("/designer/simple/trip").text


def test_every_choice_of_an_approval_is_written_deployed_and_taken_back_letter_by_letter(trip, engine):
    before = drawing(engine)
    chosen = {
        "way": "deptLeaderChain", "who:to": "3", "who:direction": "topDown", "who:onMissingLevel": "skip",
        "who:stopAt": "rank:总监", "approval.mode": "ratio", "approval.threshold": "2/3", "approval.strict": "true",
        "approval.abstain": "exclude", "approval.hearAll": "true", "approval.beforeReject": "ask",
        "approval.branchReject": "waitOthers", "onEmpty.do": "users", "onEmpty.users": "ben", "onSelf.do": "skip",
        "dedupe.mode": "first", "skip:field": "amount", "skip:operator": "<", "skip:value": "100",
        "opinion.required": "always", "opinion.phrases": "同意|请补充", "signature.required": "true",
        "buttons.agree": "核准", "rejected": "initiator", "return.resubmit": "stepwise backToMe",
        "return.compensate": "true", "recall.until": "never", "fields.default": "hidden", "perm:amount": "write",
        "required": "amount", "step_after": "24", "step_do": "remind", "step_repeat": "3", "limit_calendar": "work",
        "cc_to": "group:finance", "cc_on": "enter", "cc_again": "true", "amount": "2", "calendar": "cn",
    }  # fmt: skip
    form = shown_form(trip, "manager")
    asked = form.copy()
    for name, value in chosen.items():
        asked[name] = value
    asked.setlist("return.targets", ["initiator", "previous"])
    asked.setlist("skip:field", ["amount", "", ""])
    asked.setlist("skip:operator", ["<", "=", "="])
    asked.setlist("skip:value", ["100", "", ""])
    asked["button:batch"] = "1"
    del asked["button:transfer"]
    assert send(trip, "manager", asked).status_code == 303

    said = process(engine).nodes["manager"].extensions
    assert (said.strategy.name, dict(said.strategy.parameters)) == (
        "deptLeaderChain", {"to": "3", "direction": "topDown", "onMissingLevel": "skip", "stopAt": "rank:总监"},
    )  # fmt: skip
    assert (said.approval.mode, said.approval.on_reject, dict(said.approval.parameters)) == (
        "ratio", "initiator",
        {"threshold": "2/3", "strict": "true", "abstain": "exclude", "hearAll": "true", "beforeReject": "ask",
         "branchReject": "waitOthers"},
    )  # fmt: skip
    assert (said.on_empty, said.on_self, said.dedupe, said.skip_when) == (
        "users:ben",
        "skip",
        "first",
        "= amount < 100",
    )
    assert (said.opinion, said.phrases, said.signature) == ("always", ["同意", "请补充"], "required")
    assert said.buttons == {"agree": "核准", "transfer": "false", "batch": "true"}
    assert (said.returns, said.resubmits, said.compensates, said.recall) == (
        ["initiator", "previous"], ["stepwise", "backToMe"], True, "never",
    )  # fmt: skip
    assert (said.default_permission, said.fields) == ("hidden", [FieldPermission("amount", "write", True)])
    assert said.timeout == [TimeoutStep("PT24H", "remind", 3, None, "work")]
    assert (said.copies, said.calendar) == ([Copying("enter", (), ("finance",), True)], "cn")
    again = shown_form(trip, "manager")
    assert send(trip, "manager", again).status_code == 303
    assert etag(trip) == "2"
    assert published(trip, "trip", "2") == 1

    form["etag"] = "2"
    assert send(trip, "manager", form).status_code == 303
    assert canonical(drawing(engine)) == canonical(before)


def canonical(xml):
    """The file as text, whatever the order of attributes and of extensions."""
    root = etree.fromstring(xml, etree.XMLParser(remove_blank_text=True))
    for holder in root.iter("{*}extensionElements"):
        holder[:] = sorted(holder, key=lambda child: child.tag)
    return etree.tostring(root, method="c14n")


def test_lines_are_added_changed_and_removed_and_what_cards_do_not_know_stays():
    xml = b"""<bpmn:userTask xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:troika="urn:troika:bpmn:1.0"
      xmlns:o="urn:other" id="a"><bpmn:extensionElements>
        <troika:timeout><troika:step after="PT1H" do="remind" o:note="kept"/>
        <troika:step after="P2D" do="agree"/></troika:timeout><!-- ours --><o:mark/>
      </bpmn:extensionElements></bpmn:userTask>"""
    task = etree.fromstring(xml)

    settings.write_lines(
        task, "troika:step", [(0, {"after": "PT2H", "do": "remind"}), (None, {"after": "P9D", "do": "reject"})]
    )

    assert [dict(line.attrib) for line in settings.lines(task, "troika:step")] == [
        {"after": "PT2H", "do": "remind", "{urn:other}note": "kept"}, {"after": "P9D", "do": "reject"},
    ]  # fmt: skip
    settings.write_lines(task, "troika:step", [])
    assert b"<!-- ours --><o:mark/>" in etree.tostring(task)
    assert settings.lines(task, "troika:step") == list(task.iter("{*}timeout")) == []


def test_the_cards_offer_every_word_of_a_person_s_step_that_the_engine_executes():
    shown = {(choice.element, choice.attribute) for choice in vocabulary.of_step()}
    shown |= {("troika:buttons", name) for name, _ in vocabulary.BUTTONS}
    shown |= {("troika:assignment", word.attribute) for word in who.WORDS}
    shown |= {
        ("troika:assignment", "strategy"), ("troika:assignment", "groups"), ("troika:skipWhen", "value"),
        ("troika:approval", "onReject"), ("troika:timeout", "calendar"), ("troika:calendar", "name"),
        ("troika:cc", "on"), ("troika:cc", "again"), ("troika:cc", "users"), ("troika:cc", "groups"),
        ("troika:label", "lang"), ("troika:label", "of"),
    }  # fmt: skip
    of_service_tasks = {("troika:policy", "assumes")}
    executed = {
        (word, name) for word, owners in extensions.words() if owners is None or "userTask" in owners
        for name in extensions.attributes(word) if word.startswith("troika:")
    }  # fmt: skip
    other_words_for_the_same = {
        ("troika:assignment", name)
        for name in ("user", "users", "id", "ids", "group", "role", "roles", "userGroup", "position", "value", "multi")
    }
    in_the_flowchart = {("troika:policy", name) for name in ("provides", "subject", "subjectType", "role")}
    in_the_flowchart |= {("troika:hook", name) for name in ("on", "url", "secret")}
    in_the_flowchart |= {(choice.element, choice.attribute) for choice in vocabulary.COPIES} - shown

    assert executed - shown == other_words_for_the_same | in_the_flowchart | of_service_tasks
    assert {way for way, _ in who.WAYS} >= extensions.STRATEGIES - {"userGroup"}
    assert {mode for mode, _ in vocabulary.MODES if mode} == extensions.MODES
    assert {name for name, _ in vocabulary.TIMEOUTS} == extensions.TIMEOUTS


ACCEPTED = {
    **{f"approval.{name}": allowed for name, allowed in extensions.APPROVAL_WORDS.items()},
    "approval.mode": extensions.MODES, "approval.onReject": extensions.REJECTS, "onEmpty.do": extensions.EMPTY,
    "onSelf.do": extensions.SELF, "dedupe.mode": extensions.DEDUPE, "fields.default": extensions.PERMISSIONS,
    "opinion.required": extensions.OPINIONS, "signature.required": ("true", "false"), "cc.on": extensions.COPY_ON,
    "cc.again": extensions.YES_NO,
    "return.targets": ("initiator", "previous", "any"), "return.resubmit": extensions.RESUBMITS,
    "return.compensate": ("true", "false"), "recall.until": extensions.RECALLS, "numbering.period": PERIODS,
    "withdraw.until": (*extensions.WITHDRAWALS, "approvedWithin:P31D"),
    "assignment.onMissingLevel": extensions.MISSING_LEVEL, "assignment.selfIsLeader": extensions.SELF_IS_LEADER,
    "assignment.direction": ("bottomUp", "topDown"),
    **{f"buttons.{name}": ("true", "false") for name in extensions.BUTTONS - {"agree", "reject"}},
}  # fmt: skip
"""what the engine reads, by attribute"""


def test_cards_and_panel_offer_exactly_the_words_that_the_engine_accepts_and_the_modeler_keeps(ana):
    groups = ana.get("/designer/catalogue.json").json["choices"]
    listed = [one for found in groups.values() for one in found if isinstance(one, dict)]
    numbers = {one["name"] for one in listed if one["options"] and all(not v or v.isdigit() for v, _ in one["options"])}
    offered = {one["name"]: one for one in listed if one["name"] not in numbers}
    words = {
        name: {part for value, _ in one["options"] for part in (value or one["written"]).split()}
        for name, one in offered.items() if one["options"] and one["kind"] not in ("forms", "groups")
    }  # fmt: skip
    periods = words.pop("retention.after")
    modeler = {
        f"{kind['name'][0].lower()}{kind['name'][1:]}.{entry['name']}": entry["type"]
        for kind in json.loads((node.ASSETS / "designer" / "troika.json").read_text())["types"]
        for entry in kind["properties"] if entry.get("isAttr")
    }  # fmt: skip

    assert words == {name: set(allowed) for name, allowed in ACCEPTED.items()}
    assert [period for period in periods if not extensions.KEPT.fullmatch(period)] == []
    assert {name: modeler.get(name) for name in offered} == dict.fromkeys(offered, "String")
    assert {value for value, _ in groups["ways"]} >= extensions.STRATEGIES - {"userGroup"}
    assert {value for value, _ in groups["timeouts"]} == extensions.TIMEOUTS
    assert {value for value, _ in groups["permissions"]} == extensions.PERMISSIONS | {""}
    assert dict(groups["ways"])["initiatorManager"] == "发起人的直属上级"


def test_the_panel_of_an_approval_keeps_no_list_of_words_of_its_own():
    options = re.compile(r"\[\['(\w*)', '")
    panels = node.ASSETS / "designer" / "panel"
    files = ("user_task", "assignment", "entries", "process", "time_limits", "field_matrix")

    found = [key for name in files for key in options.findall((panels / f"{name}.js").read_text(encoding="utf-8"))]

    assert found == [""]  # whether the step counts as paying, which no card says


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"approval.threshold": "most", "approval.mode": "ratio"}, "2/3"),
        ({"onSelf.do": "dance"}, "dance"),
        ({"step_after": "soon"}, "soon"),
        ({"rejected": "return:nowhere"}, "nowhere"),
    ],
)
def test_a_choice_that_nobody_offered_is_refused_and_nothing_is_written(trip, engine, changes, said):
    before, form = drawing(engine), shown_form(trip, "manager")
    for name, value in changes.items():
        form[name] = value

    refused = send(trip, "manager", form)

    assert refused.status_code == 422
    assert said in refused.text
    assert drawing(engine) == before


def test_the_requesters_card_says_who_may_start_and_until_when_it_may_be_withdrawn(trip, engine):
    form = shown_form(trip, "submitted")
    form["withdraw.until"], form["starters.groups"], form["numbering.period"] = "anytime", "finance", "month"

    assert send(trip, "submitted", form).status_code == 303

    said = process(engine).extensions
    assert (said.withdraw, said.starters, said.numbering.period) == ("anytime", {"groups": ["finance"]}, "month")


@pytest.mark.main_job
def test_every_template_says_what_it_does_in_its_drawing_in_both_languages(ana):
    drawn = {found.key: etree.fromstring(found.xml) for found in gallery.listed(LIBRARY)}
    said = {key: [found.text for found in root.find("{*}process").iterchildren("{*}documentation")]
            for key, root in drawn.items()}  # fmt: skip

    shown = {}
    for spoken in ("zh-CN", "en"):
        ana.environ_base["HTTP_ACCEPT_LANGUAGE"] = spoken
        shown[spoken] = html.fromstring(ana.get("/designer/templates/").text).text_content()

    assert len(said) == 12
    assert [key for key, texts in said.items() if texts[0] not in shown["zh-CN"] or texts[1] not in shown["en"]] == []


def test_a_template_becomes_a_draft_with_ids_of_its_own_that_is_published_as_it_is(ana, engine):
    with engine.unit_of_work(ENGINE) as uow:
        for key in ("general_manager", "administration"):
            identity.create_group(uow, key, key)
    assert "合同审批" in ana.get("/designer/templates/").text
    page = ana.get("/designer/templates/contract_approval").text
    assert 'class="tk-thumbnail"' in page
    assert "contract_authority" in page
    answer = {"key": "our_contract", "name": "我们的合同", "name_en": "Our contract", "category": "legal"}

    made = ana.post("/designer/templates/contract_approval", data=answer)

    assert (made.status_code, made.location) == (303, "/designer/simple/our_contract")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        paths = {draft.path for draft in drafts.list_(uow)}
    assert paths == {
        "processes/legal/our_contract.bpmn", "processes/legal/our_contract.scenarios.yml",
        "processes/legal/our_contract_contract_authority.dmn", "forms/legal/our_contract.json",
    }  # fmt: skip
    assert published(ana, "our_contract", "1") == 1
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.latest(uow, "our_contract").labels == {"en": "Our contract"}
        assert repository.latest(uow, "our_contract_contract_authority", "decision").version == 1
    assert ana.post("/designer/templates/contract_approval", data=answer).status_code == 409
    assert ana.get("/designer/templates/nothing").status_code == 404


def form_page(client, form="oa/trip", key="trip"):
    """The rows of the page as a browser would send them."""
    (found,) = html.fromstring(client.get(f"/designer/simple/{key}/forms/{form}").text).xpath(
        "//form[@id='form-fields']"
    )
    return MultiDict((name, value) for name, value in found.form_values() if name != "csrf_token")


def save_form(client, rows, form="oa/trip", key="trip", **more):
    return client.post(f"/designer/simple/{key}/forms/{form}", data={**rows.to_dict(flat=False), **more})


def test_the_wizards_form_is_changed_later_and_published_with_the_drawing(trip, engine):
    published(trip, "trip", "1")
    post(trip, "card/manager", **{"perm:amount": "read"})

    rows = form_page(trip)
    assert rows.getlist("label") == ["事由", "金额", "方式"]
    assert trip.get("/designer/simple/trip?card=submitted").text.count("/designer/simple/trip/forms/oa/trip") == 1
    moved = save_form(trip, rows, do="up:2").text
    assert re.findall(r'name="label" maxlength="200" value="([^"]*)"', moved) == ["事由", "方式", "金额"]
    for part, values in {
        "id": ["Field_field_3", "Field_reason", ""], "field": ["field_3", "reason", ""], "english": ["How", "", ""],
        "label": ["交通方式", "事由", "出发日期"], "type": ["choice", "text", "date"],
        "options": ["火车、自驾", "", ""], "required": ["0", "2"],
    }.items():  # fmt: skip
        rows.setlist(part, values)
    saved = save_form(trip, rows, do="save")
    cards = trip.get(saved.location).text

    assert (saved.status_code, saved.location) == (303, "/designer/simple/trip")
    assert "“金额”已从表单移除，但流程中仍在使用：上级审批: 只读 · 显示在列表中" in cards
    assert "填写交通方式、事由、出发日期" in cards.replace(" ", "")
    post(trip, "card/manager", **{"perm:amount": ""})
    assert published(trip, "trip", etag(trip)) == 2
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        form = repository.form(uow, "oa/trip")
        assert [(field.id, field.path, field.type, field.required) for field in form.fields] == [
            ("Field_field_3", "field_3", "select", True), ("Field_reason", "reason", "textfield", False),
            ("Field_field_4", "field_4", "datetime", True),
        ]  # fmt: skip
        assert [option.value for option in form.fields[0].options] == ["火车", "自驾"]
        assert form.fields[0].labels == {"en": "How"}


def test_a_form_that_is_saved_as_shown_writes_nothing_and_one_that_somebody_changed_is_not_written_over(trip, engine):
    rows = form_page(trip)
    assert save_form(trip, rows).status_code == 303
    rows.setlist("label", ["事由", "总额", "方式"])
    assert save_form(trip, rows).status_code == 303
    rows.setlist("label", ["事由", "全部", "方式"])
    late = save_form(trip, rows)

    assert late.status_code == 409
    assert "安娜 已于" in late.text
    assert "请重新打开；您在此填写的内容仍会显示。" in late.text
    assert 'value="全部"' in late.text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        draft = drafts.open_(uow, "forms/oa/trip.json")
    assert draft.version == 2
    assert [one["label"] for one in json.loads(draft.content)["components"]] == ["事由", "总额", "方式"]


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"label": ["", "金额", "方式"]}, 422, "第 1 个字段应有名称"),
        ({"options": ["", "", ""]}, 422, "请填写“方式”的选项"),
        ({"id": ["Field_reason", "Field_reason", "Field_field_3"]}, 404, "Field_reason"),
        ({"do": ["fly:1"]}, 422, "fly:1"),
        ({"do": ["up:9"]}, 422, "up:9"),
    ],
)
def test_fields_that_make_no_form_are_refused_and_stay_on_the_page(trip, engine, changes, status, said):
    rows = form_page(trip)
    for part, values in changes.items():
        rows.setlist(part, values)

    refused = save_form(trip, rows)

    assert refused.status_code == status
    assert said in refused.text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert drafts.open_(uow, "forms/oa/trip.json").version == 1


def test_a_form_of_another_process_is_not_found_and_one_with_lists_is_read_only(ana, engine):
    deploy(engine)

    assert ana.get("/designer/simple/leave_request/forms/oa/expense_claim").status_code == 404
    page = ana.get("/designer/simple/procure_to_pay/forms/procure_to_pay/requisition").text
    assert "这个表单在此只能查看" in page
    assert "它的类型“dynamiclist”无法用一行表示。" in page
    assert "form-fields" not in page


@pytest.mark.parametrize("path", sorted((LIBRARY / "forms").glob("*/*.json")), ids=lambda path: path.stem)
def test_a_shipped_form_that_has_rows_is_the_same_after_it_is_written_from_them(path):
    document = json.loads(path.read_bytes())
    plain = form_fields.rows_of(document)

    assert bool(plain.rows) is not bool(plain.obstacles)
    if plain.rows:
        assert form_fields.with_rows(document, list(plain.rows)) == document


def test_a_field_keeps_what_its_row_does_not_show_until_it_becomes_another_kind():
    money = {"type": "number", "decimalDigits": 2, "validate": {"min": 5}, "id": "F", "key": "sum", "label": "金额",
             "properties": {"troika:label.en": "Sum", "own": "x"}, "appearance": {"prefixAdorner": "¥"}}  # fmt: skip
    document = {"id": "f", "components": [money], "print": {"paper": "A5"}}
    (row,) = form_fields.rows_of(document).rows

    (renamed,) = form_fields.with_rows(document, [replace(row, label="总额", required=True)])["components"]
    (text,) = form_fields.with_rows(document, [replace(row, type="text", english="")])["components"]

    assert renamed == money | {"label": "总额", "validate": {"min": 5, "required": True}}
    assert text == {"type": "textfield", "validate": {"maxLength": 200}, "id": "F", "key": "sum", "label": "金额",
                    "properties": {"own": "x"}}  # fmt: skip


def test_a_kind_that_rows_cannot_make_is_named_and_kept_and_none_becomes_text_unasked():
    person = {"type": "person", "id": "P", "key": "who", "label": "经办人", "groups": ["finance"], "multiple": True}
    moment = {"type": "datetime", "subtype": "datetime", "id": "D", "key": "at", "label": "时间", "dateLabel": "日"}
    document = {"id": "f", "components": [person, moment]}
    first, second = form_fields.rows_of(document).rows
    assert (first.type, second.type) == ("person", "datetime")

    renamed = form_fields.with_rows(document, [second, replace(first, label="承办人", english="Handler")])["components"]
    assert renamed == [moment, person | {"label": "承办人", "properties": {"troika:label.en": "Handler"}}]
    for wrong in (
        replace(first, type="hologram"),
        replace(second, type="person"),
        replace(first, id="", type="person"),
    ):
        with pytest.raises(form_fields.UnknownKind):
            form_fields.with_rows(document, [wrong])


def test_an_amount_of_money_states_its_currency_as_long_as_it_is_one():
    """Limits of substitutes look at amounts that state one."""
    made = json.loads(blank_form("oa/f", [NewField("金额", "money"), NewField("数量", "number")]))
    amount, quantity = form_fields.rows_of(made).rows

    both = [replace(amount, type="number"), replace(quantity, type="money")]
    changed = form_fields.with_rows(made, both)["components"]

    assert made["components"][0]["properties"] == {"currency": "CNY", "troika:label.en": "Amount"}
    assert [one["properties"] for one in changed] == [
        {"troika:label.en": "Amount"}, {"currency": "CNY", "troika:label.en": "Quantity"},
    ]  # fmt: skip


def test_choices_keep_their_values_and_a_new_one_never_takes_that_of_another():
    document = {"id": "f", "components": [
        {"type": "select", "id": "F", "key": "how", "label": "方式", "defaultValue": "car",
         "values": [{"label": "火车", "value": "train", "troika:label.en": "Train"},
                    {"label": "汽车", "value": "car"}]},
    ]}  # fmt: skip
    (row,) = form_fields.rows_of(document).rows

    (made,) = form_fields.with_rows(document, [replace(row, options=("car", "火车"))])["components"]

    assert "defaultValue" not in made
    assert made["values"] == [
        {"label": "car", "value": "car 2"}, {"label": "火车", "value": "train", "troika:label.en": "Train"},
    ]  # fmt: skip


def test_a_condition_becomes_earlier_by_several_places_at_once(trip, engine):
    post(trip, "add", flow="manager_to_done", kind="condition")
    gate = new_id(engine, "condition")
    post(trip, f"branches/{gate}")
    post(trip, f"branches/{gate}")
    first, second, third, otherwise = (flow.id for flow in process(engine).nodes[gate].outgoing)

    assert post(trip, f"branches/{gate}/{third}", do="-2").status_code == 303
    refused = post(trip, f"branches/{gate}/{third}", do="sideways")

    assert [flow.id for flow in process(engine).nodes[gate].outgoing] == [third, first, second, otherwise]
    assert refused.status_code == 422
