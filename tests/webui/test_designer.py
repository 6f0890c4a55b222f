"""The designer's pages and addresses through the Flask client, on a real engine."""

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import drafts, identity, operations, repository, workdays
from engine.bpmn.parser.spiff import DrawingParser
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.lending import begun_once
from tests.webui.drawings import CLAIM
from tests.webui.publishing import publish, published

LIBRARY = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
NEW = {"key": "visit_report", "name": "拜访报告", "category": "crm"}


@pytest.fixture
@begun_once
def people(engine):
    """Two analysts (ana, ben), who may design, and a clerk (cai), who may not."""
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "analysts", "流程分析", capabilities="process.design")
        identity.create_group(uow, "finance", "财务部", name_en="Finance")
        names = {"ana": "安娜", "ben": "本", "cai": "蔡"}
        made = {login: identity.create_user(uow, login, name, password=None) for login, name in names.items()}
        identity.add_member(uow, "analysts", "ana")
        identity.add_member(uow, "analysts", "ben")
    return made


@pytest.fixture
def ana(sign_in):
    return sign_in("ana")


def drawn(client, **changes):
    """A new draft; its XML and ETag as the page carries them."""
    client.post("/designer/", data={**NEW, **changes})
    return page_data(client, changes.get("key", NEW["key"]))


def page_data(client, key):
    page = client.get(f"/designer/edit/{key}")
    script = re.search(r'<script type="application/json" id="designer-data">(.*?)</script>', page.text, re.DOTALL)
    return client.application.json.loads(script[1])


def text_of(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def complete(xml):
    """The first drawing with its step assigned: it can be deployed."""
    who = '<zeebe:userTask/><zeebe:assignmentDefinition assignee="= process.initiator" />'
    return xml.replace("<zeebe:userTask/>", who)


def save(client, xml, etag, key="visit_report"):
    return client.put(f"/designer/drafts/{key}", json={"xml": xml}, headers={"If-Match": etag})


def deploy_library(engine, *areas):
    """The shipped forms, decisions and processes of `areas`."""
    files = {
        str(path.relative_to(LIBRARY)): path.read_bytes()
        for folder in ("forms", "processes")
        for area in areas
        for path in (LIBRARY / folder / area).glob("*.*")
        if path.suffix in (".json", ".bpmn", ".dmn")
    }
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, files)


def test_a_new_process_is_drawn_saved_and_deployed(ana):
    page = drawn(ana)
    saved = save(ana, complete(page["xml"]), page["etag"])

    assert (page["etag"], saved.status_code, saved.json["etag"]) == ("1", 200, "2")
    assert published(ana, "visit_report", "2") == 1
    assert "拜访报告" in ana.get("/designer/").text


def test_what_is_made_from_a_step_is_offered_an_id_and_named_by_the_step(ana, engine):
    assert 'value="process_' in ana.get("/designer/new").text
    ana.post("/designer/", data={"key": "trip", "name": "出差", "category": "oa"})
    path, step = "processes/oa/trip.bpmn", {"process": "trip", "element": "submitted"}

    def drawn():
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            return drafts.open_(uow, path).content

    assert (
        'id="key" name="key" required pattern="[a-z][a-z0-9_]{1,62}" maxlength="63" value="trip"'
        in ana.get("/designer/forms/new", query_string=step).text
    )
    ana.post("/designer/forms/", data={"key": "trip", "category": "oa", **step})
    assert drawn().count(b'formDefinition formId="oa/trip"') == 1
    ana.post("/designer/forms/", data={"key": "other", "category": "oa", **step})
    assert b"oa/other" not in drawn()
    assert 'value="trip_handle"' in ana.get("/designer/forms/new", query_string=step | {"element": "handle"}).text

    rule = (
        drawn().replace(b"userTask id", b"businessRuleTask id").replace(b"</bpmn:userTask", b"</bpmn:businessRuleTask")
    )
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, path, rule, version=drafts.open_(uow, path).version)
    asked = step | {"element": "handle"}
    assert 'value="trip_rule"' in ana.get("/designer/decisions/new", query_string=asked).text
    ana.post("/designer/decisions/", data={"key": "trip_rule", "name": "审批权限", "category": "oa", **asked})
    said = re.search(rb'calledDecision decisionId="trip_rule" resultVariable="(\w+)"', drawn())
    assert said is not None
    assert said[1] == b"trip_rule"


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        ("userTask", '<troika:assignment strategy="decision"/>',
         b'<troika:assignment strategy="decision" decisionId="who"/>'),
        ("userTask", '<troika:assignment strategy="initiatorManager"/>',
         b'<troika:assignment strategy="initiatorManager"/>'),
        ("userTask", '<troika:assignment strategy="decision" decisionId="other"/>',
         b'<troika:assignment strategy="decision" decisionId="other"/>'),
        ("businessRuleTask", '<zeebe:calledDecision resultVariable="people"/>',
         b'<zeebe:calledDecision resultVariable="people" decisionId="who" bindingType="deployment"/>'),
        ("businessRuleTask", '<zeebe:calledDecision decisionId="other" resultVariable="people"/>',
         b'<zeebe:calledDecision decisionId="other" resultVariable="people"/>'),
    ],
)  # fmt: skip
def test_a_table_made_from_a_step_that_asks_one_is_named_by_it_and_what_it_says_already_stays(
    ana, engine, step, before, after
):
    path = "processes/oa/trip.bpmn"
    drawing = f"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="urn:test"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:troika="urn:troika:bpmn:1.0"><process id="trip"
 isExecutable="true"><{step} id="ask"><extensionElements>{before}</extensionElements></{step}></process>
</definitions>"""
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, path, drawing.encode())

    made = {"key": "who", "name": "谁", "category": "oa", "process": "trip", "element": "ask"}
    assert ana.post("/designer/decisions/", data=made).status_code == 303

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert after in drafts.open_(uow, path).content


def test_the_next_deployment_is_the_next_version_and_both_can_be_looked_at(ana, engine):
    page = drawn(ana)
    save(ana, complete(page["xml"]), "1")
    published(ana, "visit_report", "2")

    save(ana, complete(page["xml"]).replace('name="办理"', 'name="填写报告"'), "2")
    assert published(ana, "visit_report", "3") == 2

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        newest, oldest = repository.versions(uow, "visit_report")
    assert "填写报告" in ana.get(f"/designer/source/{newest.id}.bpmn").text
    assert "填写报告" not in ana.get(f"/designer/source/{oldest.id}.bpmn").text
    assert ana.get(f"/designer/view/{oldest.id}").status_code == 200
    assert ana.get("/designer/versions/visit_report").text.count("/designer/view/") == 2


def test_a_drawing_with_errors_is_refused_with_every_finding_and_nothing_is_deployed(ana, engine):
    page = drawn(ana)
    save(ana, page["xml"].replace("userTask", "complexGateway"), page["etag"])

    refused = publish(ana, "visit_report", "2")

    assert refused.status_code == 422
    assert "/designer/edit/visit_report#handle" in refused.text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.versions(uow, "visit_report") == []


def test_the_check_names_elements_in_the_readers_language(ana):
    page = drawn(ana)
    xml = page["xml"].replace('id="handle" name="办理"', 'id="handle" name="办理" troika:requst="true"')

    findings = ana.post("/designer/lint", json={"key": "visit_report", "xml": xml}).json["findings"]

    assert "extension-unknown" in {finding["rule"] for finding in findings if finding["element"] == "handle"}
    assert not [finding for finding in findings if "{" in finding["message"] + finding["hint"]]


def test_a_check_reads_the_drawing_once(ana, monkeypatch):
    page, read, parse = drawn(ana), [], DrawingParser.parse
    sent = {"key": "visit_report", "xml": page["xml"]}
    ana.post("/designer/lint", json=sent)  # what is deployed is read, and kept
    monkeypatch.setattr(DrawingParser, "parse", lambda self, root: read.append(self.resource) or parse(self, root))

    ana.post("/designer/lint", json=sent)

    assert read == ["processes/crm/visit_report.bpmn"]


def test_a_payment_without_any_approval_is_refused_in_chinese_words_only(ana):
    page = drawn(ana)
    xml = page["xml"].replace("userTask", "serviceTask", 1).replace("</bpmn:userTask>", "</bpmn:serviceTask>")
    pays = '<zeebe:taskDefinition type="erp.execute_payment" /><zeebe:ioMapping>'
    pays += '<zeebe:input source="= process.instance_id" target="request_id" /></zeebe:ioMapping>'
    xml = xml.replace("<zeebe:userTask/>", pays)

    def said(**more) -> tuple[str, bool]:
        body = {"key": "visit_report", "xml": xml, **more}
        answer = ana.post("/designer/lint", json=body, headers={"Accept-Language": "zh-CN"}).json
        (message,) = [one["message"] for one in answer["findings"] if one["rule"] == "policy-approval-missing"]
        return message, answer["open"]

    message, more = said()
    assert "不经 审批 也能到达“办理”" in message
    assert "approval" not in message
    assert more
    assert said(thorough=True) == (
        f"{message}已确认：引擎实际能走通这条路径。",
        False,
    )  # the machine is tried when nobody waits for it


def test_the_check_brings_the_names_that_expressions_may_read(ana):
    page = drawn(ana)

    known = ana.post("/designer/lint", json={"key": "visit_report", "xml": page["xml"]}).json["variables"]
    broken = ana.post("/designer/lint", json={"key": "visit_report", "xml": page["xml"][:-20]}).json["variables"]

    (process,) = [name for name in known if name["name"] == "process"]
    assert process["type"] == "context"
    assert {"name": "number", "type": "string", "options": None, "entries": []} in process["entries"]
    assert broken is None


@pytest.mark.parametrize(
    ("language", "text", "kind", "expected"),
    [
        ("zh", 'process.version > "5"', "condition", [(0, 21, "warn", "“>”不能用于 数字 和 文本。")]),
        ("en", 'process.version > "5"', "condition", [(0, 21, "warn", "'>' cannot be applied to number and string.")]),
        ("zh", '"🐎" + process.nmae', "expression", [(7, 19, "warn", "上下文 没有成员“nmae”。")]),
        ("zh", "process.version + 1", "condition",
         [(0, 19, "warn", "条件的结果应为 true 或 false，这里得到的是 数字。")]),
        ("zh", "金额＞5", "condition", [(2, 3, "error", "这不是 FEEL：应为 FEEL，实际为 '＞'。请改用半角 >")]),
        ("en", "1 +", "expression",
         [(3, 3, "error", "The text is not FEEL: expected an expression, found the end of the text. ")]),
        ("zh", "(1", "expression", [(2, 2, "error", None)]),
        ("zh", 'matches(process.key, "(a")', "expression", [(21, 25, "warn", None)]),
        ("en", '< 5, [1.."a"]', "unary_tests", [(5, 13, "warn", "'..' cannot be applied to number and string.")]),
        ("en", "process.version > 5", "condition", []),
    ],
)  # fmt: skip
def test_one_expression_is_judged_with_its_place_in_the_readers_language(ana, language, text, kind, expected):
    page = drawn(ana)
    body = {"key": "visit_report", "xml": page["xml"], "text": text, "kind": kind}

    answer = ana.post("/designer/expression", json=body, headers={"Accept-Language": language})

    found = [(one["from"], one["to"], one["level"], one["message"]) for one in answer.json["findings"]]
    assert [one[:3] for one in found] == [one[:3] for one in expected]
    for (*_, said), (*_, wanted) in zip(found, expected, strict=True):
        assert said == wanted or wanted is None
        assert "{" not in said
        assert (language == "zh") == bool(re.search("[一-鿿]", said))


@pytest.mark.parametrize(
    ("text", "values", "names", "value"),
    [
        ("process.version + 1", {"process.version": "4"}, [("process.version", "number", "")], "5"),
        ("金额 * 2 > 100", {"金额": "60"}, [("金额", "Any", "")], "true"),
        ("process.version > 1", {"process.version": "vier"},
         [("process.version", "number", "应为数字，实际为“vier”。")], None),
        ('process.initiator.name + "的报销"', {"process.initiator.name": "安娜"},
         [("process.initiator.name", "string", "")], '"安娜的报销"'),
        ("for 行 in 明细 return 行.数量", {"明细": "[{数量: 2}, {数量: 3}]"}, [("明细", "Any", "")], "[2, 3]"),
        ("金额 >", {"金额": "60"}, [], None), ("金额 > 5", {}, [("金额", "Any", "")], "null"),
        ("process.started_at > now()", {"process.started_at": "2020-01-31T08:00:00+08:00"},
         [("process.started_at", "date and time", "")], "false"),
    ],
)  # fmt: skip
def test_an_expression_is_tried_with_typed_values(ana, text, values, names, value):
    body = {"key": "visit_report", "xml": drawn(ana)["xml"], "text": text, "kind": "expression", "values": values}

    answer = ana.post("/designer/expression/try", json=body, headers={"Accept-Language": "zh"})

    assert [(one["name"], one["type"], one["problem"]) for one in answer.json["names"]] == names
    assert answer.json["value"] == value


def test_an_expression_is_tried_with_the_people_and_the_work_calendar_that_there_are(ana, engine):
    body = {"key": "visit_report", "xml": drawn(ana)["xml"], "kind": "expression"}

    def tried(text):
        return ana.post("/designer/expression/try", json={**body, "text": text, "values": {"谁": "ana"}}).json

    days = 'work days between(date("2026-09-30"), date("2026-10-09"))'
    assert [tried('has role(谁, "analysts")')["value"], tried('has role(谁, "finance")')["value"]] == ["true", "false"]
    assert tried('has role(谁, "nobody")')["findings"] != []
    (told,) = tried(days)["findings"]
    assert "a work calendar" in told["message"]
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
    assert tried(days)["value"] == "2"


def test_a_timer_says_when_it_would_fire_by_its_work_calendar_and_what_it_depends_on(ana, engine, clock):
    clock.move_to(datetime(2026, 11, 23, 8, tzinfo=UTC))  # Monday, 16:00 in Shanghai
    body = {"key": "visit_report", "xml": drawn(ana)["xml"], "calendar": "", "values": {}}
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)

    def coming(text, kind, **more):
        answer = ana.post("/designer/timer", json={**body, "text": text, "kind": kind, **more})
        assert answer.status_code == 200, answer.text
        return answer.json["times"], answer.json["more"], answer.json["problem"]

    assert coming("P1D", "duration") == (["2026-11-24 16:00"], False, "")
    assert coming("PT2H", "duration", calendar="cn") == (["2026-11-23 18:00"], False, "")
    assert coming("P5D", "duration", calendar="cn") == (["2026-11-30 16:00"], False, "")
    assert coming("R/PT1H", "cycle") == (["2026-11-23 17:00", "2026-11-23 18:00", "2026-11-23 19:00"], True, "")
    assert coming("R2/PT1H", "cycle") == (["2026-11-23 17:00", "2026-11-23 18:00"], False, "")
    assert coming('= now() + duration("PT30M")', "date") == (["2026-11-23 16:30"], False, "")
    assert coming("= 期限", "date") == ([], False, "It depends on data: 期限")
    assert coming("= 期限", "date", values={"期限": "2027-01-31T09:00:00+08:00"}) == (["2027-01-31 09:00"], False, "")
    for text, kind, problem in (
        ("soon", "duration", "Expected a duration such as PT2H"), ("= 1 +", "date", "The expression is not FEEL."),
        ("tomorrow", "date", "Expected a moment"), ("often", "cycle", "Expected a cycle"),
    ):  # fmt: skip
        assert problem in coming(text, kind)[2]
    assert "There is no work calendar" in coming("P1D", "duration", calendar="mars")[2]


def test_a_deployed_drawing_in_another_encoding_is_opened(ana, engine):
    drawing = CLAIM.decode().replace("UTF-8", "GBK").replace('id="claim"', 'id="gbk_claim"')
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/gbk_claim.bpmn": drawing.encode("gbk")})

    assert 'name="审批"' in page_data(ana, "gbk_claim")["xml"]


def test_a_condition_is_rows_and_text_again_and_a_wrong_value_is_named(ana):
    rows = ana.post("/designer/condition", json={"text": '= amount > 5000 or 部门 in ("销售")'}).json["rows"]
    rows[0][0]["values"] = ["6,000"]
    assert ana.post("/designer/condition", json={"rows": rows}).json == {
        "text": '= amount > 6000 or 部门 in ("销售")', "problems": [],
    }  # fmt: skip

    rows[0][0]["values"] = ["much"]
    wrong = ana.post("/designer/condition", json={"rows": rows}, headers={"Accept-Language": "zh"}).json
    assert wrong == {"text": None, "problems": [[0, 0, "“amount”应填数字，实际为“much”。"]]}
    assert ana.post("/designer/condition", json={"text": "= count(lines) > 3"}).json == {"rows": None}
    assert ana.post("/designer/condition", json={"rows": "x"}).status_code == 422


def test_functions_are_offered_with_a_sentence_in_the_readers_language(ana):
    def offered(language):
        catalogue = ana.get("/designer/catalogue.json", headers={"Accept-Language": language}).json
        return {function["name"]: function for function in catalogue["functions"]}

    assert offered("en")["contains"] == {
        "name": "contains", "forms": ["string, match"], "result": "boolean", "standard": True,
        "doc": "Whether one text occurs in another.", "example": 'contains("foobar", "ob") = true',
    }  # fmt: skip
    assert offered("zh")["contains"]["doc"] == "一段文本是否出现在另一段中。"
    assert not offered("zh")["cny words"]["standard"]


def test_a_check_of_something_that_is_no_drawing_answers_findings(ana):
    drawn(ana)

    for xml in ["", "<", "<a/>", "not xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"]:
        answer = ana.post("/designer/lint", json={"key": "visit_report", "xml": xml})

        assert (xml, answer.status_code, bool(answer.json["findings"])) == (xml, 200, True)


def test_a_request_that_is_no_drawing_is_refused_by_name(ana):
    for body in [None, [], {}, {"xml": 1}, {"key": "visit_report"}]:
        answer = ana.post("/designer/lint", json=body, headers={"Accept": "application/json"})

        assert (body, answer.status_code, answer.json["code"]) == (body, 422, "not_an_object")


def test_a_stale_page_does_not_overwrite_and_is_told_who_was_faster(ana, sign_in, engine):
    page = drawn(ana)
    ben = sign_in("ben")
    save(ben, page["xml"].replace("办理", "本的改动"), page["etag"])

    late = save(ana, page["xml"].replace("办理", "安娜的改动"), page["etag"])

    assert late.status_code == 409
    assert "本" in late.get_data(as_text=True)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert "本的改动" in drafts.open_(uow, "processes/crm/visit_report.bpmn").content.decode()


def test_a_person_may_decide_to_write_over_it(ana):
    page = drawn(ana)
    save(ana, page["xml"], page["etag"])

    assert save(ana, page["xml"].replace("办理", "我的"), "*").json["etag"] == "3"
    assert "我的" in page_data(ana, "visit_report")["xml"]


def test_only_the_draft_that_the_page_has_seen_is_deployed(ana):
    page = drawn(ana)
    save(ana, complete(page["xml"]), page["etag"])

    assert publish(ana, "visit_report", "1").status_code == 409


def test_a_deployed_process_without_a_draft_is_edited_from_its_newest_version(ana, engine):
    deploy_library(engine, "oa")

    page = page_data(ana, "expense_claim")
    saved = save(ana, page["xml"], page["etag"], key="expense_claim")

    assert (page["etag"], saved.json["etag"]) == ("0", "1")
    assert "processes/oa/expense_claim.bpmn" in page["xml"] or 'id="expense_claim"' in page["xml"]


def test_a_discarded_draft_leaves_the_deployed_version(ana, engine):
    deploy_library(engine, "oa")
    page = page_data(ana, "expense_claim")
    save(ana, page["xml"].replace("报销", "报账"), "0", key="expense_claim")

    assert ana.delete("/designer/drafts/expense_claim", json={}).status_code == 204
    assert page_data(ana, "expense_claim")["xml"] == page["xml"]


def test_the_catalogue_holds_what_a_drawing_may_name(ana, engine):
    deploy_library(engine, "oa")

    found = ana.get("/designer/catalogue.json").json

    form = next(form for form in found["forms"] if form["id"] == "oa/expense_claim")
    pay = next(operation for operation in found["operations"] if operation["guarded_by"] == "payment.execute")
    assert {"key", "type", "label", "options", "kind", "money"} == set(form["fields"][0])
    assert {"name", "type", "required", "choices"} == set(pay["parameters"][0])
    assert {"id": "expense_claim"}.items() <= next(p for p in found["processes"] if p["id"] == "expense_claim").items()
    assert {"key": "finance", "name": "Finance"} in found["groups"]
    assert {"login": "cai", "name": "蔡"} in found["people"]


def test_inputs_and_results_of_an_operation_are_called_by_their_titles(ana, engine):
    chinese = {"Accept-Language": "zh-CN"}
    upsert = (
        '<serviceTask id="step"><extensionElements><zeebe:taskDefinition type="crm.upsert_party"/><zeebe:ioMapping>'
        '<zeebe:input source="= &quot;A&quot;" target="{given}"/><zeebe:output source="= party_id" target="buyer"/>'
        "</zeebe:ioMapping></extensionElements></serviceTask>"
    )
    key = "customer"
    name, colour = (
        drawing(START + upsert.format(given=given) + END + flows("start step end"), "", key)
        for given in ("name", "colour")
    )
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {f"processes/crm/{key}.bpmn": name})
        drafts.import_drawing(uow, f"{key}.bpmn", name.replace(b"&quot;A&quot;", b"&quot;B&quot;"), "crm")

    read = ana.get("/designer/catalogue.json", headers=chinese).json["operations"]
    assert next(one for one in read if one["name"] == "crm.upsert_party")["titles"]["party_id"] == "客户"
    sent = {"key": key, "xml": colour.decode()}
    said = [one["message"] for one in ana.post("/designer/lint", json=sent, headers=chinese).json["findings"]]
    assert "“step”没有映射操作 新增或更新客户 必需的输入“客户名称”。" in said
    assert "“step”映射了操作 新增或更新客户 没有的输入“colour”。" in said
    assert "Input Name of the customer" in text_of(ana.get(f"/designer/difference/{key}"))
    card = text_of(ana.get(f"/designer/simple/{key}?card=step"))
    assert '← Name of the customer: "B"' in card
    assert "→ Customer: buyer" in card


def test_the_catalogue_speaks_the_readers_language(ana):
    chinese = {"Accept-Language": "zh-CN"}

    assert {"key": "finance", "name": "Finance"} in ana.get("/designer/catalogue.json").json["groups"]
    read = ana.get("/designer/catalogue.json", headers=chinese).json
    assert {"key": "finance", "name": "财务部"} in read["groups"]
    shipped = {one.name for one in operations.catalog().values() if one.function.__module__.startswith("engine.")}
    told = {one["name"]: one["doc"] for one in read["operations"] if one["name"] in shipped}
    assert told["erp.confirm_payment"] == "银行确认款项已到账。"
    assert [name for name, doc in told.items() if doc.isascii()] == []


def test_an_id_that_is_no_name_is_refused_and_what_was_typed_stays(ana):
    for key in ["", "a", "Expense", "1st", "a-b", "../x", "a" * 64, "表单"]:
        page = ana.post("/designer/", data={**NEW, "key": key})

        assert (key, page.status_code, 'value="拜访报告"' in page.text) == (key, 422, True)


def test_an_id_that_is_taken_is_refused(ana):
    drawn(ana)

    assert ana.post("/designer/", data=NEW).status_code == 409


def test_names_of_processes_are_only_text(ana):
    page = drawn(ana, name='"><script>alert(1)</script>')

    assert "<script>alert" not in ana.get("/designer/").text
    assert "<script>alert" not in ana.get("/designer/edit/visit_report").text
    assert page["xml"].count("<bpmn:process ") == 1


def test_people_who_may_not_design_see_nothing_of_it(sign_in):
    cai = sign_in("cai")

    for path in ("/designer/", "/designer/new", "/designer/edit/expense_claim", "/designer/catalogue.json"):
        assert cai.get(path).status_code == 403
    assert cai.post("/designer/", data=NEW).status_code == 403
    assert save(cai, "<a/>", "*").status_code == 403
    assert publish(cai, "visit_report", "1").status_code == 403


def test_what_is_not_there_is_said_to_be_missing(ana):
    for path in ["edit/nothing", "versions/nothing", "view/00000000-0000-0000-0000-000000000000"]:
        assert (path, ana.get(f"/designer/{path}").status_code) == (path, 404)


def test_a_save_of_an_unknown_process_makes_none(ana, engine):
    assert save(ana, "<a/>", "*", key="nothing").status_code == 404
    with engine.unit_of_work(Actor(None), read_only=True) as uow:
        assert drafts.list_(uow) == []


def test_of_what_the_start_form_always_asks_for_no_missing_value_is_told(ana, engine):
    number = {"type": "number", "id": "f1", "key": "amount", "label": "金额", "validate": {"required": True}}
    hidden = {"type": "textfield", "id": "f2", "key": "note", "label": "备注", "validate": {"required": True}}
    group = {
        "type": "group",
        "id": "f3",
        "label": "更多",
        "conditional": {"hide": "= amount > 5"},
        "components": [hidden],
    }
    form = {"id": "visit", "type": "default", "name": "拜访", "components": [number, group]}
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"forms/crm/visit.json": json.dumps(form).encode()})
    drawn(ana)
    asks = '<extensionElements><zeebe:formDefinition formId="visit"/></extensionElements>'
    start = f'<startEvent id="s">{asks}</startEvent>'

    def missing(*texts, begins=start):
        lines = [f"g e{place} ? {text}" for place, text in enumerate(texts)]
        ends = "".join(f'<endEvent id="e{place}"/>' for place in range(len(texts)))
        body = f'{begins}<exclusiveGateway id="g"/>{ends}{flows("s g", *lines)}'
        sent = {"key": "visit_report", "xml": drawing(body, process_id="visit_report").decode()}
        answer = ana.post("/designer/lint", json=sent).json
        return [one["example"][0][0] for one in answer["gateways"].get("g", []) if one["kind"] == "empty"]

    assert missing("amount > 5", "amount <= 5") == []
    assert missing('note = "a"', 'note = "b"') == ["note"]
    assert missing("amount > 5", "amount <= 5", begins='<startEvent id="s"/>') == ["amount"]
