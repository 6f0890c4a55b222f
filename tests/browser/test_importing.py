# ruff: noqa: E501 - drawings read better in one line
"""Drawings of other products in a real Chromium: uploaded, reported, rendered, and saved without a loss."""

import pytest
from lxml import etree
from playwright.sync_api import expect

from engine import drafts, identity, runtime, tasks
from engine.bpmn import imports
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE, Actor
from tests.browser import chromium
from tests.browser.panel import entry, group, published
from tests.engine.bpmn.imports.reading import file
from tests.engine.bpmn.imports.test_dialects import CAMUNDA, FLOWABLE, SPIFF, SPIFF_MARK
from tests.engine.bpmn.imports.test_layout import BOUNDARY, LOOP, NESTED, POOLS
from webui import create_app, node

CLAIM = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:other="urn:other" targetNamespace="x">
<process id="{key}" name="差旅报销" isExecutable="true"><extensionElements><other:owner team="hr"><other:since>2020</other:since></other:owner></extensionElements>
<laneSet id="lanes"><lane id="staff" name="员工"><flowNodeRef>start</flowNodeRef><flowNodeRef>fix</flowNodeRef></lane><lane id="boss" name="经理"><flowNodeRef>approve</flowNodeRef><flowNodeRef>ok</flowNodeRef><flowNodeRef>remind</flowNodeRef></lane><lane id="money" name="财务"><flowNodeRef>pay</flowNodeRef><flowNodeRef>paid</flowNodeRef></lane></laneSet>
<startEvent id="start" name="报销已提交" camunda:initiator="initiator"/>
<userTask id="approve" name="审批报销" camunda:assignee="${{boss}}" camunda:dueDate="P2D" other:colour="red"><extensionElements><other:hint>看清金额</other:hint><camunda:taskListener class="com.acme.Notify" event="create"/></extensionElements></userTask>
<boundaryEvent id="late" name="两天未批" attachedToRef="approve" cancelActivity="false"><timerEventDefinition><timeDuration>P2D</timeDuration></timerEventDefinition></boundaryEvent>
<serviceTask id="remind" name="催办" camunda:expression="${{mail.send(task)}}"/>
<exclusiveGateway id="ok" name="同意？" default="no"/><userTask id="fix" name="修改报销" camunda:assignee="${{initiator}}"/>
<serviceTask id="pay" name="付款" camunda:type="external" camunda:topic="pay"/><endEvent id="paid" name="已付款"/>
<sequenceFlow id="f1" sourceRef="start" targetRef="approve"/><sequenceFlow id="f2" sourceRef="approve" targetRef="ok"/>
<sequenceFlow id="yes" name="是" sourceRef="ok" targetRef="pay"><conditionExpression>${{approved &amp;&amp; amount &lt; 5000}}</conditionExpression></sequenceFlow>
<sequenceFlow id="no" name="否" sourceRef="ok" targetRef="fix"/><sequenceFlow id="f3" sourceRef="fix" targetRef="approve"/>
<sequenceFlow id="f4" sourceRef="pay" targetRef="paid"/><sequenceFlow id="f5" sourceRef="late" targetRef="remind"/>
</process></definitions>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site on a file database; ana may design."""
    node.build(lambda _: None)
    settings = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('site')}/site.db", testing=True)
    engine = ProcessEngine(settings)
    engine.create_schema()
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "analysts", "流程分析", capabilities="process.design")
        user = identity.create_user(uow, "ana", "安娜", name_en="Ana", password=None)
        identity.add_member(uow, "analysts", "ana")
    app = create_app(settings, engine)
    with chromium.served(app) as address:
        yield address, engine, chromium.signed_in(app, user, address)
    engine.dispose()


@pytest.fixture
def enter(site, profiles):
    """enter(language, width) -> a page of a browser of its own in which ana is signed in."""
    address, _, cookie = site

    def make(language="zh-CN", width="desk"):
        profile = profiles.lend(language, width, address)
        profile.add_cookies([cookie])
        return profile.new_page()

    return make


def send(page, name, content):
    page.goto("/designer/import")
    page.set_input_files("#file", {"name": name, "mimeType": "text/xml", "buffer": content})
    page.locator("main form button").click()


@pytest.mark.parametrize(
    ("language", "decide", "title", "width"),
    [("zh-CN", "需要决定", "导入报告", "phone"), ("en", "Needs a decision", "Import report", "desk")],
)
def test_a_foreign_drawing_opens_on_the_canvas_with_its_report_beside_it(enter, language, decide, title, width):
    page = enter(language, width)
    wrong = chromium.listen(page)
    key = f"claim_{language[:2]}_{width}"
    page.goto("/designer/import")
    assert not chromium.scrolls_sideways(page)
    assert chromium.violations(page) == []
    send(page, "claim.bpmn", CLAIM.format(key=key).encode())
    page.wait_for_url(f"**/designer/edit/{key}")
    page.wait_for_selector("body[data-ready]")

    report = page.locator("#report")
    expect(report.locator("summary")).to_contain_text(title)
    expect(report.locator("summary")).to_contain_text("Camunda 7")
    if width == "phone":
        report.locator("summary").click()
    line = report.locator(".tk-report-line", has_text="催办").first
    expect(line).to_contain_text(decide)
    line.click()
    assert page.evaluate("tkDesigner.modeler.get('selection').get().map(element => element.id)") == ["remind"]
    expect(page.locator(".tk-problem").first).to_be_attached()
    assert chromium.violations(page, "#report") == []
    assert not chromium.scrolls_sideways(page)

    page.locator("#report-away").click()
    expect(report).to_be_hidden()
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(report).to_be_hidden()
    assert wrong == []


@pytest.mark.parametrize(
    ("language", "said"), [("zh-CN", "XML 格式不正确：第 2 行"), ("en", "Expected well-formed XML, but at line 2")]
)
def test_a_broken_file_is_explained_with_its_line(enter, language, said):
    page = enter(language, "phone")
    wrong = chromium.listen(page, 422)
    send(page, "broken.bpmn", b"<definitions>\n  <process></definitions>")

    expect(page.locator("[role=alert]")).to_contain_text(said)
    assert not chromium.scrolls_sideways(page)
    assert wrong == []


def foreign(xml):
    """Every foreign element and attribute, in order, as canonical XML."""
    root = etree.fromstring(xml, etree.XMLParser(remove_blank_text=True))
    words = [
        etree.tostring(word, method="c14n", exclusive=True, with_tail=False)
        for word in root.iter("{urn:other}*", "{http://camunda.org/schema/1.0/bpmn}*")
    ]
    marks = [
        (name, value) for element in root.iter("*") for name, value in element.attrib.items() if "urn:other" in name
    ]
    return words, marks


def test_saving_on_the_canvas_keeps_every_foreign_word(enter, site):
    page = enter()
    send(page, "claim.bpmn", CLAIM.format(key="kept").encode())
    page.wait_for_url("**/designer/edit/kept")
    page.wait_for_selector("body[data-ready]")
    before = page.evaluate("JSON.parse(document.getElementById('designer-data').textContent).xml")

    page.evaluate(
        "() => { const m = tkDesigner.modeler; m.get('modeling').updateProperties(m.get('elementRegistry').get('fix'), { name: '改' }); }"
    )
    page.click("#save")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    with site[1].unit_of_work(ENGINE, read_only=True) as uow:
        after = drafts.open_(uow, "processes/oa/kept.bpmn").content

    assert 'name="改"'.encode() in after
    assert foreign(after) == foreign(before.encode())
    assert len(foreign(after)[0]) == 4
    assert len(foreign(after)[1]) == 1


DIALECTS = {
    "Camunda 7": file('<startEvent id="s"/>' + "".join(body.replace('id="t"', f'id="t{n}"').replace('id="f"', f'id="f{n}"') for n, (body, _) in enumerate(CAMUNDA.values()))),
    "Flowable": file('<startEvent id="s"/>' + "".join(body.replace('id="t"', f'id="t{n}"') for n, (body, _) in enumerate(FLOWABLE.values()))),
    "SpiffWorkflow": file(SPIFF_MARK + '<startEvent id="s"/>' + "".join(body.replace('id="t"', f'id="t{n}"') for n, (body, _) in enumerate(SPIFF.values()))),
    "Camunda 8": file('<startEvent id="s"/><userTask id="t"><extensionElements><zeebe:userTask/><zeebe:assignmentDefinition assignee="= x"/></extensionElements></userTask>'),
    "loops": file(LOOP), "boundary events": file(BOUNDARY), "sub-processes": file(NESTED), "pools and lanes": POOLS,
}  # fmt: skip


def test_bpmn_js_draws_every_flow_node_of_every_dialect_without_a_warning(enter, site):
    page = enter("en")
    wrong = chromium.listen(page)
    for number, (name, data) in enumerate(DIALECTS.items()):
        key = f"sample{number}"
        with site[1].unit_of_work(ENGINE) as uow:
            found = drafts.import_drawing(uow, f"{name}.bpmn", data, "oa", key=key).translation
        page.goto(f"/designer/edit/{key}")
        page.wait_for_selector("body[data-ready]")

        drawn = set(page.evaluate("tkDesigner.modeler.get('elementRegistry').getAll().map(element => element.id)"))
        assert node_ids(found.xml) <= drawn, name
        assert page.locator(".tk-problem[title=not-readable]").count() == 0, name
        assert imports.translate(found.xml).xml == found.xml
    assert wrong == []


def node_ids(xml):
    """Flow nodes of a file."""
    root = etree.fromstring(xml)
    kinds = ("Task", "Event", "Gateway", "Process", "task", "callActivity")
    return {
        element.get("id") for element in root.iter("{http://www.omg.org/spec/BPMN/20100524/MODEL}*")
        if element.tag.endswith(kinds) and element.getparent() is not root
    }  # fmt: skip


CAMUNDA_7 = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="x">
<process id="old_travel" name="差旅" isExecutable="true"><startEvent id="start" name="差旅已提交" camunda:initiator="initiator"/>
<userTask id="approve" name="审批差旅" camunda:assignee="${bossService.find(execution)}"/><userTask id="book" name="预订机票" camunda:candidateGroups="analysts"/><endEvent id="done" name="机票已预订"/>
<scriptTask id="days" name="计算天数" scriptFormat="groovy" camunda:resultVariable="days"><script>def days = 1 + 1; days</script></scriptTask><businessRuleTask id="tell" name="告知规则" camunda:class="com.acme.Rules"/>
<sequenceFlow id="f1" sourceRef="start" targetRef="approve"/><sequenceFlow id="f2" sourceRef="approve" targetRef="days"/><sequenceFlow id="f3" sourceRef="days" targetRef="tell"/><sequenceFlow id="f4" sourceRef="tell" targetRef="book"/><sequenceFlow id="f5" sourceRef="book" targetRef="done"/>
</process></definitions>"""
CAMUNDA_8 = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0" modeler:executionPlatform="Camunda Cloud" modeler:executionPlatformVersion="8.6.0" targetNamespace="x">
<process id="new_travel" name="差旅" isExecutable="true"><startEvent id="start" name="差旅已提交"/>
<userTask id="check" name="核对差旅"><extensionElements><zeebe:userTask/><zeebe:assignmentDefinition candidateGroups="analysts"/></extensionElements></userTask>
<serviceTask id="tell" name="告知申请人"><extensionElements><zeebe:taskDefinition type="send-mail"/></extensionElements></serviceTask><endEvent id="done" name="申请人已告知"/>
<sequenceFlow id="f1" sourceRef="start" targetRef="check"/><sequenceFlow id="f2" sourceRef="check" targetRef="tell"/><sequenceFlow id="f3" sourceRef="tell" targetRef="done"/>
</process></definitions>"""


@pytest.mark.designer
def test_an_analyst_brings_files_of_camunda_7_and_8_mends_what_is_named_and_publishes_both(enter, site):
    page = enter()
    wrong = chromium.listen(page)

    send(page, "old_travel.bpmn", CAMUNDA_7.encode())
    ready(page, "old_travel")
    expect(page.locator("#report summary")).to_contain_text("Camunda 7")
    page.locator("#report .tk-report-line", has_text="审批差旅").filter(has_text="需要决定").click()
    group(page, "tk-who")
    entry(page, "tk-who-way").locator("select").select_option("groups")
    entry(page, "tk-who-groups").locator("select").select_option(label="流程分析")
    page.locator(".tk-problem", has_text="groovy").click()
    group(page, "tk-way")
    expect(entry(page, "tk-script")).to_contain_text("def days = 1 + 1; days")
    entry(page, "tk-way").locator("select").select_option("zeebe:Script")
    group(page, "script")
    expect(entry(page, "resultVariable").locator("input")).to_have_value("days")
    formula = entry(page, "scriptExpression")
    formula.locator(".cm-content").click()
    page.keyboard.type("1 > 0 and proc")
    page.locator(".cm-tooltip-autocomplete li").filter(has_text="process").first.click()
    expect(formula.locator(".cm-content")).to_have_text("1 > 0 and process")
    formula.locator(".cm-content").fill("1 + 1")
    page.locator(".tk-problem", has_text="告知规则").first.click()
    group(page, "tk-way")
    entry(page, "tk-way").locator("select").select_option("zeebe:TaskDefinition")
    group(page, "tk-operation")
    entry(page, "tk-operation-type").locator("select").select_option("notification.notify")
    fill_inputs(page, user_ids="[process.initiator.id]", title='"规则"')
    published(page, "从旧系统迁来")

    send(page, "new_travel.bpmn", CAMUNDA_8.encode())
    ready(page, "new_travel")
    expect(page.locator("#report summary")).to_contain_text("Camunda 8")
    named = page.locator(".tk-problem", has_text="告知申请人")
    expect(named).to_contain_text("引用的服务操作“send-mail”不存在")
    expect(named).to_contain_text("请从服务操作目录中另选一个")
    named.click()
    group(page, "tk-operation")
    entry(page, "tk-operation-type").locator("select").select_option("notification.notify")
    fill_inputs(page, user_ids="[process.initiator.id]", title='"差旅已核对"')
    expect(named).to_have_count(0)
    published(page, "从 Camunda 8 迁来")

    with site[1].unit_of_work(ENGINE, read_only=True) as uow:
        ana = Actor(identity.user(uow, "ana").id)
    for key in ("old_travel", "new_travel"):
        with site[1].unit_of_work(ana) as uow:
            runtime.start(uow, key, {})
    with site[1].unit_of_work(ana, read_only=True) as uow:
        waiting = {item.task_name for item in tasks.inbox(uow).items}
    assert waiting == {"审批差旅", "核对差旅"}
    assert wrong == []


def fill_inputs(page, **expressions):
    group(page, "tk-inputs")
    for name, expression in expressions.items():
        field = page.locator('[data-group-id="group-tk-inputs"] .bio-properties-panel-entry', has_text=f"{name} :")
        field.locator(".cm-content").click()
        page.keyboard.insert_text(expression)
        page.keyboard.press("Escape")


def ready(page, key):
    page.wait_for_url(f"**/designer/edit/{key}")
    page.wait_for_selector("body[data-ready]")
