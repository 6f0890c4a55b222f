"""The upload of drawings through the Flask client: drafts, reports, and what is said about files that are none."""

import io

import pytest

from engine import drafts, identity, repository
from engine.unit_of_work import ENGINE
from tests.lending import begun_once
from tests.webui.publishing import published
from tests.webui.test_designer import page_data

LEAVE = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
<process id="leave" name="请假" isExecutable="true">
<userTask id="approve" name="审批" camunda:assignee="${boss}" camunda:asyncAfter="true"/>
<serviceTask id="book" camunda:class="com.acme.Book"/></process></definitions>"""


@pytest.fixture
@begun_once
def people(engine):
    """An analyst (ana), who may design, and a clerk (cai), who may not."""
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "analysts", "流程分析", capabilities="process.design")
        names = {"ana": "安娜", "cai": "蔡"}
        made = {login: identity.create_user(uow, login, name, password=None) for login, name in names.items()}
        identity.add_member(uow, "analysts", "ana")
    return made


@pytest.fixture
def ana(sign_in):
    return sign_in("ana")


def upload(client, *files, language=None, **fields):
    sent = [(io.BytesIO(content if isinstance(content, bytes) else content.encode()), name) for name, content in files]
    headers = {"Accept-Language": language} if language else {}
    return client.post("/designer/import", data={"category": "oa", "file": sent, **fields}, headers=headers)


def test_a_single_drawing_opens_as_a_draft_with_its_report(ana):
    answer = upload(ana, ("leave.bpmn", LEAVE))

    assert (answer.status_code, answer.location) == (303, "/designer/edit/leave")
    data = page_data(ana, "leave")
    assert 'assignee="= boss"' in data["xml"]
    assert data["report"]["dialect"] == "Camunda 7"
    assert [(line["element"], line["kind"]) for line in data["report"]["lines"]] == [
        ("book", "decide"), ("approve", "kept"), (None, "translated"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "label", "hint"),
    [("zh-CN", "需要决定", "请在属性中选择服务操作，或把它做的事画出来。"),
     ("en", "Needs a decision", "Choose a service operation in its properties, or draw what it does.")],
)  # fmt: skip
def test_the_report_speaks_the_readers_language(ana, language, label, hint):
    upload(ana, ("leave.bpmn", LEAVE))
    ana.environ_base["HTTP_ACCEPT_LANGUAGE"] = language

    note = page_data(ana, "leave")["report"]["lines"][0]["notes"][0]

    assert (note["label"], note["hint"]) == (label, hint)


def test_a_report_that_was_read_is_put_away_and_the_draft_stays(ana):
    upload(ana, ("leave.bpmn", LEAVE))
    address = page_data(ana, "leave")["addresses"]["report"]

    assert ana.delete(address, json={}).status_code == 204
    assert page_data(ana, "leave")["report"] is None
    assert ana.delete(address, json={}).status_code == 204


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("broken.bpmn", "<definitions>\n<process", "line 2"),
        ("page.xml", "<html/>", "Expected BPMN 2.0 definitions at line 1"),
        ("empty.bpmn", "", "there is no XML at all"),
        ("claim.docx", "PK", "Expected a drawing (.bpmn or .xml)"),
    ],
)
def test_a_file_that_is_no_drawing_is_refused_in_words(ana, engine, name, content, said):
    answer = upload(ana, (name, content), language="en")

    assert answer.status_code == 422
    assert said in answer.text
    for word in ("Traceback", "Exception", "lxml", "XMLSyntax"):
        assert word not in answer.text
    with engine.unit_of_work(ENGINE) as uow:
        assert drafts.list_(uow) == []


def test_several_files_become_several_drafts_and_the_rest_is_listed(ana, engine):
    files = [("a.bpmn", LEAVE), ("b.bpmn", LEAVE.replace('"leave"', '"holiday"')), ("c.bpmn", "<x")]

    answer = upload(ana, *files, language="en")

    assert answer.status_code == 200
    assert 'href="/designer/edit/leave"' in answer.text
    assert 'href="/designer/edit/holiday"' in answer.text
    assert "line 1" in answer.text
    with engine.unit_of_work(ENGINE) as uow:
        assert [draft.key for draft in drafts.list_(uow)] == ["holiday", "leave"]


def test_a_draft_is_not_written_over_unless_told_and_another_id_helps(ana):
    upload(ana, ("leave.bpmn", LEAVE))

    again = upload(ana, ("leave.bpmn", LEAVE), language="en", category="hr")
    assert (again.status_code, "There is already a draft with the id &#39;leave&#39;." in again.text) == (422, True)
    assert upload(ana, ("leave.bpmn", LEAVE), replace="yes").location == "/designer/edit/leave"
    assert upload(ana, ("leave.bpmn", LEAVE), key="holiday").location == "/designer/edit/holiday"
    assert '<process id="holiday"' in page_data(ana, "holiday")["xml"]


@pytest.mark.parametrize(("fields", "status"), [({"category": "../etc"}, 422), ({"key": "Not an id"}, 422)])
def test_area_and_id_are_parts_of_file_names(ana, fields, status):
    assert upload(ana, ("leave.bpmn", LEAVE), **fields).status_code == status


def test_an_upload_without_a_file_says_so(ana):
    answer = ana.post("/designer/import", data={"category": "oa"}, headers={"Accept-Language": "en"})
    assert (answer.status_code, "Expected a file, but none was chosen." in answer.text) == (422, True)


def test_only_designers_import(ana, sign_in):
    cai = sign_in("cai")
    assert cai.get("/designer/import").status_code == 403
    assert upload(cai, ("leave.bpmn", LEAVE)).status_code == 403


ASKING = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:ask"
 xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
<process id="ask" name="Ask" isExecutable="true"><startEvent id="start"/>
<sequenceFlow id="f1" sourceRef="start" targetRef="say"/>
<userTask id="say" name="Say" camunda:candidateGroups="analysts"><extensionElements><camunda:formData>
<camunda:formField id="days" label="Days" type="long"/></camunda:formData></extensionElements></userTask>
<sequenceFlow id="f2" sourceRef="say" targetRef="end"/><endEvent id="end"/></process></definitions>"""


def test_a_form_that_came_with_a_drawing_is_checked_and_deployed_with_it(engine, ana):
    upload(ana, ("ask.bpmn", ASKING))
    data = page_data(ana, "ask")
    assert 'formId="oa/ask_say"' in data["xml"]

    found = ana.post(data["addresses"]["lint"], json={"key": "ask", "xml": data["xml"]}).get_json()
    assert [one["message"] for one in found["findings"] if one["level"] == "error"] == []

    assert published(ana, "ask", data["etag"]) == 1
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [field.path for field in repository.form(uow, "oa/ask_say").components] == ["days"]
