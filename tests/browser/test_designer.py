"""The designer in a real Chromium, on the whole site with the shipped processes."""

import io
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image
from playwright.sync_api import TimeoutError, expect

from benchmarks.drawings import in_a_row
from engine import drafts, identity, repository, workdays
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE
from tests.browser import chromium
from tests.browser.canvas import MIWG, references
from tests.browser.panel import DRAWN, entry, group, published
from webui import create_app, node
from webui.designer import drawing as drawing_page

pytestmark = [pytest.mark.browser, pytest.mark.designer]

LIBRARY = Path(__file__).parents[2]
PROCESSES = sorted(LIBRARY.glob("processes/*/*.bpmn"))
SCREENSHOTS = Path(__file__).parent / "screenshots"
CLAIM = (Path(__file__).parent / "claim.bpmn").read_bytes()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site on a file database with every shipped form, decision and process; ana may design."""
    node.build(lambda _: None)
    settings = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('site')}/site.db", testing=True)
    engine = ProcessEngine(settings)
    engine.create_schema()
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "analysts", "流程分析", capabilities="process.design")
        identity.create_group(uow, "finance", "财务部", name_en="Finance")
        user = identity.create_user(uow, "ana", "安娜", name_en="Ana", password=None, position="总监")
        identity.create_user(uow, "max", "麦", password=None, position="部门经理")
        identity.add_member(uow, "analysts", "ana")
        workdays.ensure_cn(uow)
        for path in LIBRARY.glob("forms/*/*.json"):
            repository.deploy(uow, {str(path.relative_to(LIBRARY)): path.read_bytes()})
    app = create_app(settings, engine)
    with chromium.served(app) as address:
        yield address, engine, chromium.signed_in(app, user, address)
    engine.dispose()


@pytest.fixture
def profile(site, profiles):
    """profile(language) -> a browser profile in which ana is signed in."""
    address, _, cookie = site

    def make(language="zh-CN"):
        lent = profiles.lend(language, address=address)
        lent.add_cookies([cookie])
        return lent

    return make


@pytest.fixture
def draft(site):
    """draft(key) -> a draft of the small expense claim under that key, paid where `asks` holds, too."""
    _, engine, _ = site

    def make(key, asks=b"amount &lt;= 5000"):
        with engine.unit_of_work(ENGINE) as uow:
            content = CLAIM.replace(b"expense_claim", key.encode()).replace(b"oa/" + key.encode(), b"oa/expense_claim")
            content = content.replace(b"amount &lt;= 5000", asks)
            drafts.save(uow, f"processes/oa/{key}.bpmn", content, name="报销")
        return key

    return make


def opened(profile, key, *announced, language="zh-CN"):
    """The editor of `key`, ready; and what goes wrong in it."""
    page = profile(language).new_page()
    wrong = chromium.listen(page, *announced)
    page.goto(f"/designer/edit/{key}")
    page.wait_for_selector("body[data-ready]")
    return page, wrong


def select(page, element):
    page.evaluate(
        "id => { const m = tkDesigner.modeler; m.get('selection').select(m.get('elementRegistry').get(id)); }", element
    )
    expect(page.locator(".bio-properties-panel-header")).to_be_visible()
    page.evaluate(DRAWN)


def saved(site, key):
    _, engine, _ = site
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return drafts.open_(uow, f"processes/oa/{key}.bpmn").content.decode()


def words(xml):
    """Everything but the drawing's geometry, without order."""
    root = etree.fromstring(xml)
    return Counter(
        (element.tag, tuple(sorted(element.attrib.items())), (element.text or "").strip())
        for element in root.iter(etree.Element)
        if "/BPMN/20100524/DI" not in element.tag and "/DD/20100524/" not in element.tag
    )


@pytest.mark.main_job
def test_a_condition_is_typed_with_completion_and_its_last_letters_are_saved(site, profile, draft):
    page, wrong = opened(profile, draft("typed_condition"))
    condition_of(page, "yes")
    page.keyboard.type("true and amo")
    take(page, page.locator(".cm-tooltip-autocomplete li").filter(has_text="amount").first)
    page.keyboard.type(" < 900")

    page.keyboard.press("Control+s")

    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    assert "= true and amount &lt; 900</bpmn:conditionExpression>" in saved(site, "typed_condition")
    assert wrong == []


def condition_of(page, flow):
    """The editor of a flow's condition, empty; rows are put aside."""
    select(page, flow)
    group(page, "tk-condition")
    page.click("[data-as-text]")
    field = entry(page, "tk-condition-body")
    field.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    return field


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh-CN", "“>”不能用于 数字 和 文本。"), ("en-US", "'>' cannot be applied to number and string.")],
)
def test_what_is_wrong_with_a_condition_is_said_below_it_while_it_is_typed(
    profile, draft, language, said, pytestconfig
):
    page, wrong = opened(profile, draft(f"judged_{language[:2]}"), language=language)
    field = condition_of(page, "yes")

    page.keyboard.type('amount > "900')
    expect(field.locator(".tk-judgement li")).to_have_text(said)
    expect(field.locator(".cm-lintRange-warning")).to_have_text('amount > "900"')
    if pytestconfig.getoption("screenshots", default=False):
        page.screenshot(path=SCREENSHOTS / f"expression_{language[:2]}.png")
    page.keyboard.press("Control+a")
    page.keyboard.type("amuont > 900")
    expect(field.locator(".tk-judgement li")).to_have_count(1)
    page.keyboard.press("Control+a")
    page.keyboard.type("amount > 900")

    expect(field.locator(".tk-judgement li")).to_have_count(0)
    assert wrong == []


def test_typing_goes_on_while_the_draft_saves_itself(site, profile, draft):
    page, wrong = opened(profile, draft("typed_on"))
    field = condition_of(page, "yes")

    page.keyboard.type("amount > 1")
    expect(page.locator("#state")).to_have_attribute("data-state", "unsaved")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    page.keyboard.type("00")
    expect(page.locator("#state")).to_have_attribute("data-state", "unsaved")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")

    expect(field.locator(".cm-content")).to_have_text("amount > 100")
    assert "= amount &gt; 100<" in saved(site, "typed_on")
    assert wrong == []


def take(page, offered):
    """Choose a completion by what the mouse does to it; a list that has gone meanwhile is asked for again."""
    for _ in range(3):
        try:
            return offered.dispatch_event("mousedown", {"button": 0}, timeout=5_000)
        except TimeoutError:
            page.keyboard.press("Control+Space")
    return offered.dispatch_event("mousedown", {"button": 0})


def test_names_members_and_functions_are_completed_with_their_types_and_a_sentence(profile, draft, pytestconfig):
    page, wrong = opened(profile, draft("completed"))
    condition_of(page, "yes")
    offered = page.locator(".cm-tooltip-autocomplete li")

    page.keyboard.type("amo")
    expect(offered.filter(has_text="amount").first).to_contain_text("number")
    take(page, offered.filter(has_text="amount").first)
    page.keyboard.type(" > 5 and process.initiator.dep")
    expect(offered.filter(has_text="department").first).to_contain_text("string")
    take(page, offered.filter(has_text="department").first)
    page.keyboard.type(" = upper")
    expect(offered.first).to_contain_text("upper case(string)")
    expect(page.locator(".cm-completionInfo")).to_contain_text("字母全部大写")
    if pytestconfig.getoption("screenshots", default=False):
        page.screenshot(path=SCREENSHOTS / "completion_zh.png")
    take(page, offered.first)
    page.keyboard.type("process.key")

    field = entry(page, "tk-condition-body")
    expect(field.locator(".cm-content")).to_have_text(
        "amount > 5 and process.initiator.department = upper case(process.key)"
    )
    expect(field.locator(".tk-judgement li")).to_have_count(0)
    assert wrong == []


def test_one_edit_is_one_step_of_undo(site, profile, draft):
    page, wrong = opened(profile, draft("undone"))
    before = words(saved(site, "undone").encode())
    select(page, "approve")
    group(page, "tk-approval")

    entry(page, "tk-approval-mode").locator("select").select_option("")
    expect(entry(page, "tk-troika-Approval-onReject")).to_have_count(0)
    page.click("#undo")
    expect(entry(page, "tk-troika-Approval-onReject")).to_have_count(1)

    expect(page.locator("#undo")).to_be_disabled()
    assert words(page.evaluate("tkDesigner.modeler.saveXML().then(({xml}) => xml)").encode()) == before
    assert wrong == []


def test_field_permissions_and_inputs_of_an_operation_are_written_as_the_engine_reads_them(site, profile, draft):
    page, wrong = opened(profile, draft("written"))
    select(page, "approve")
    group(page, "tk-fields")
    row = page.locator(".tk-matrix tr").filter(has_text="事由").first
    row.locator("select").select_option("write")
    row.get_by_label("事由: 必填").check()
    group(page, "general")
    entry(page, "tk-name-en").locator("input").fill("Approve it")
    group(page, "tk-due")
    entry(page, "tk-troika-Calendar-name").locator("select").select_option("cn")
    entry(page, "tk-zeebe-TaskSchedule-dueDate").locator("input").fill("3")
    page.locator("#canvas").click(position={"x": 500, "y": 60})
    select(page, "pay")
    group(page, "tk-inputs")
    page.locator('[data-group-id="group-tk-inputs"] .cm-content').first.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("payment.id")
    page.keyboard.press("Escape")
    group(page, "tk-control")  # what is guarded may rely on an approval of another process
    expect(entry(page, "tk-troika-Policy-assumes").locator("select")).to_be_visible()

    page.click("#save")

    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    xml = saved(site, "written")
    assert 'perm="write" required="true"' in xml
    assert '<troika:label lang="en">Approve it</troika:label>' in xml
    assert '<troika:calendar name="cn"' in xml
    schedule = etree.fromstring(xml.encode()).find(".//{*}userTask[@id='approve']//{*}taskSchedule")
    assert schedule is not None
    assert schedule.get("dueDate") == '= now() + duration("P3D")'
    assert 'source="= payment.id"' in xml
    assert wrong == []


def test_a_step_becomes_a_template_that_is_offered_in_the_menus_and_updated_by_a_newer_version(site, profile, draft):
    page, wrong = opened(profile, draft("templated"))
    dialog = page.locator("#step-template")
    select(page, "pay")
    group(page, "tk-template").locator("[data-template-save]").click()
    dialog.get_by_label("英文名称").fill("Pay out the claim")
    assert chromium.violations(page, "#step-template") == []
    dialog.get_by_label("request_id").uncheck()
    dialog.get_by_label("最多尝试次数").uncheck()
    dialog.locator("label[title=款项]").click()
    dialog.get_by_role("button", name="存为模板").dblclick()
    expect(dialog).not_to_be_visible()
    pictures = "tkDesigner.modeler.get('troikaCatalogue').templates.map(one => one.icon)"
    (coin,) = page.evaluate(pictures)
    group(page, "tk-operation")
    expect(entry(page, "tk-zeebe-TaskDefinition-retries").locator("input")).to_be_disabled()
    group(page, "tk-inputs")
    expect(page.locator("[data-group-id=group-tk-inputs]")).to_contain_text("由步骤模板固定")

    page.mouse.move(0, 0)
    page.evaluate("tkDesigner.modeler.get('selection').select([]); tkDesigner.modeler.get('canvas').focus()")
    page.keyboard.press("n")
    page.keyboard.insert_text("Pay out the claim")
    expect(page.locator(".djs-popup .entry.selected")).to_contain_text("付款")
    page.keyboard.press("Enter")
    expect(page.locator(".djs-direct-editing-content")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("再付一次")
    page.keyboard.press("Enter")
    expect(page.locator("[data-entry-id=tk-template-of]")).to_contain_text("版本 1")

    select(page, "pay")
    page.locator("[data-template-save]").click()
    dialog.get_by_label("用途（英文）").fill("Money goes out")
    assert chromium.violations(page, "#step-template") == []
    dialog.get_by_role("button", name="存为模板").click()
    expect(dialog).not_to_be_visible()
    assert page.evaluate(pictures) == [coin]
    page.evaluate("""() => {
      const m = tkDesigner.modeler;
      m.get('selection').select(m.get('elementRegistry').find(one => one.businessObject.name === '再付一次'));
    }""")
    expect(page.locator("[data-entry-id=tk-template-of]")).to_contain_text("已有版本 2")
    page.locator("[data-template-update]").click()
    expect(page.locator("[data-entry-id=tk-template-of]")).to_contain_text("版本 2")
    page.click("#save")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    xml = saved(site, "templated")
    assert xml.count('zeebe:modelerTemplate="pay_out_the_claim" zeebe:modelerTemplateVersion="2"') == 2
    page.locator("[data-template-detach]").click()

    select(page, "approve")
    group(page, "tk-template").locator("[data-template-save]").click()
    dialog.get_by_label("英文名称").fill("Ask twice")
    dialog.get_by_role("button", name="存为模板").click()
    expect(dialog).not_to_be_visible()
    page.evaluate("""() => {
      const m = tkDesigner.modeler;
      const again = m.get('elementRegistry').find(one => one.businessObject.name === '再付一次');
      m.get('troikaTemplates').apply(again, m.get('troikaCatalogue').templates.find(one => one.id === 'ask_twice'));
    }""")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    page.click("#save")
    assert saved(site, "templated").count("<troika:approval mode=") == 2
    page.goto("/designer/step-templates/")
    page.locator("[data-opens='#withdraw-ask_twice']").click()
    assert chromium.violations(page, "main") == []
    page.locator("dialog[open]").get_by_role("button", name="停用", exact=True).click()
    page.set_viewport_size({"width": 375, "height": 800})
    page.get_by_role("button", name="重新启用").click()
    expect(page.get_by_role("button", name="重新启用")).to_have_count(0)
    assert wrong == []


TOOLS = {"c": "global-connect", "h": "hand", "l": "lasso", "s": "space"}
OF_APPROVE = "const m = tkDesigner.modeler, one = m.get('elementRegistry').get('approve');"


def test_every_key_of_the_sheet_works(profile, draft):
    page, wrong = opened(profile, draft("keyed"))

    def now(js):
        return page.evaluate(f"() => {{ {OF_APPROVE} return {js}; }}")

    def begin():
        page.evaluate(f"() => {{ {OF_APPROVE} m.get('selection').select(one); m.get('canvas').focus(); }}")

    begin()
    for key in "arn":
        page.keyboard.press(key)
        expect(page.locator(".djs-popup input")).to_be_focused()
        page.evaluate(DRAWN)  # it hears Escape a frame later
        page.keyboard.press("Escape")
        expect(page.locator(".djs-popup")).to_have_count(0)
        begin()
    page.keyboard.press("e")
    expect(page.locator(".djs-direct-editing-content")).to_be_focused()
    page.keyboard.press("Escape")
    for key, tool in TOOLS.items():
        begin()
        page.keyboard.press(key)
        assert now(f"m.get('toolManager').isActive('{tool}')"), key
        page.keyboard.press("Escape")
    begin()
    at = now("one.x")
    moves = (("ArrowRight", 1), ("Shift+ArrowRight", 11), ("Control+z", 1), ("Control+y", 11), ("Control+z", 1))
    for key, moved in moves:
        page.keyboard.press(key)
        assert now("one.x") == at + moved, key
    page.keyboard.press("Delete")
    assert now("one === undefined")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+a")
    assert now("m.get('selection').get().length") > 5
    page.keyboard.press("Control+0")
    assert now("m.get('canvas').zoom()") == 1
    page.keyboard.press("Control+=")
    assert now("m.get('canvas').zoom()") > 1
    page.keyboard.press("Control+-")
    page.keyboard.press("Control+-")
    assert now("m.get('canvas').zoom()") < 1
    smaller = now("m.get('canvas').viewbox().x")
    page.keyboard.press("Control+1")
    assert now("m.get('canvas').viewbox().x") != smaller
    begin()
    tasks = "m.get('elementRegistry').filter(found => found.type === 'bpmn:UserTask').length"
    for pressed, drawn in (("Control+d", 2), ("Escape", 2), ("Control+a", 2), ("Control+d", 4)):
        page.keyboard.press(pressed)
        assert now(tasks) == drawn, pressed
    begin()
    page.keyboard.press("F6")
    assert page.evaluate("document.querySelector('#panel').contains(document.activeElement)")
    page.keyboard.press("F8")
    expect(page.locator(".tk-problem.active")).to_have_count(1)
    first = page.locator(".tk-problem.active").inner_text()
    page.keyboard.press("F8")
    page.keyboard.press("Shift+F8")
    expect(page.locator(".tk-problem.active")).to_have_text(first, use_inner_text=True)
    begin()
    for pressed, drawn in (("Control+x", 3), ("Control+v", 4), ("Control+c", 4), ("Control+v", 5)):
        page.keyboard.press(pressed)
        page.wait_for_function(f"() => {{ {OF_APPROVE} return {tasks} === {drawn}; }}")
    begin()
    page.keyboard.press("Control+f")
    expect(page.locator(".djs-search-input input")).to_be_focused()
    page.keyboard.press("Escape")
    begin()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    begin()
    for named in ("定时边界", "补偿边界"):
        page.keyboard.press("a")
        expect(page.locator(".djs-popup input")).to_be_focused()
        page.keyboard.insert_text(named)
        expect(page.locator(".djs-popup .entry").first).to_contain_text(named)
        page.evaluate(DRAWN)
        page.keyboard.press("Enter")
        chosen = "m.get('selection').get().map(({ type, host }) => [type, host?.id])"
        assert now(chosen) == [["bpmn:BoundaryEvent", now("one.id")]], named
        page.keyboard.press("Escape")
        begin()
    for _ in range(8):  # copies that nothing leads to are refused
        page.keyboard.press("Control+z")
    assert now(tasks) == 1
    page.keyboard.press("Control+s")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#play").get_by_label("由谁发起")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#play")).to_be_hidden()
    assert wrong == []


POOL = """async () => {
  const { modeler } = tkDesigner, { xml } = await modeler.saveXML();
  const pool = '<bpmn:collaboration id="c"><bpmn:participant id="pool" processRef="pooled"/></bpmn:collaboration>';
  const shape = '<bpmndi:BPMNShape id="pool_di" bpmnElement="pool" isHorizontal="true">'
    + '<dc:Bounds x="60" y="0" width="1200" height="500"/></bpmndi:BPMNShape>';
  await modeler.importXML(xml.replace(/<bpmn:process /, `${pool}<bpmn:process `)
    .replace(/(<bpmndi:BPMNPlane [^>]*bpmnElement=")[^"]*("[^>]*>)/, `$1c$2${shape}`));
}"""


def test_what_is_placed_by_keys_lies_in_the_chosen_pool_and_waits_for_the_mouse_outside_of_one(profile, draft):
    page, wrong = opened(profile, draft("pooled"))
    page.evaluate(POOL)

    def begin(chosen):
        page.evaluate(
            "chosen => { const m = tkDesigner.modeler; m.get('selection').select(chosen.map(id => "
            "m.get('elementRegistry').get(id))); m.get('canvas').focus(); }",
            chosen,
        )

    def tasks():
        return page.evaluate("""() => {
          const of = tkDesigner.modeler.get('elementRegistry'), pool = of.get('pool');
          return of.filter(one => one.type === 'bpmn:UserTask').map(({ parent, y, height }) =>
            parent === pool && y > pool.y && y + height < pool.y + pool.height);
        }""")

    for chosen, inside in (([], 1), (["pool"], 2), (["approve"], 3)):
        begin(chosen)
        page.keyboard.press("n")
        expect(page.locator(".djs-popup input")).to_be_focused()
        page.keyboard.insert_text("用户任务")
        page.keyboard.press("Enter")
        expect(page.locator(".djs-popup")).to_have_count(0)
        assert tasks() == [True] * inside, chosen
        page.keyboard.press("Escape")
    begin(["approve"])
    page.keyboard.press("Control+d")
    assert tasks() == [True] * 4
    drawn = etree.fromstring(page.evaluate("tkDesigner.modeler.saveXML().then(({xml}) => xml)").encode())
    there = set(drawn.xpath("//@id"))
    assert [name for name in drawn.xpath("//@bpmnElement") if name not in there] == []
    assert wrong == []


def test_an_element_is_drawn_from_the_palette_which_offers_only_what_is_executed(profile, draft):
    page, wrong = opened(profile, draft("palette"))

    page.click('.djs-palette [data-action="create.user-task"]')
    page.mouse.move(600, 560)
    page.mouse.click(600, 600)
    page.keyboard.press("Escape")

    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    actions = page.eval_on_selector_all(".djs-palette [data-action]", "found => found.map(one => one.dataset.action)")
    assert not {"create.participant-expanded", "create.data-object", "create.data-store", "create.task"} & set(actions)
    select(page, "approve")
    page.click('.djs-context-pad [data-action="append"]')
    menu = page.locator(".djs-popup .entry")
    expect(menu.first).to_be_visible()
    offered = menu.evaluate_all("entries => entries.map(({dataset}) => dataset.id)")
    assert {"append-user-task", "append-timer-boundary", "append-parallel-gateway"} <= set(offered)
    with_search = page.evaluate(
        """() => {
          const menu = tkDesigner.modeler.get('popupMenu');
          const at = tkDesigner.modeler.get('elementRegistry').get('approve');
          return Object.keys(menu._getEntries(at, menu._getProviders('bpmn-append')));
        }"""
    )
    for kind in ("signal", "escalation", "condition", "link", "event-subprocess", "complex-gateway", "ad-hoc"):
        assert [name for name in with_search if kind in name], kind
    drawn = [name for name in with_search if not name.startswith("operation-")]
    assert [name for name in drawn if re.search("cancel|append-task", name)] == [], "it is in no transaction"
    expect(page.locator(".djs-popup input")).to_be_focused()
    page.keyboard.insert_text("站内通知")  # no key is pressed: so input methods write
    expect(menu).to_have_count(1)
    expect(page.locator(".djs-popup-search-count")).to_have_text("找到 1 项")
    expect(menu).to_contain_class("selected")
    page.keyboard.press("Enter")
    assert page.evaluate(CHOSEN)[0][1] == "站内通知"
    expect(entry(page, "tk-operation-type").locator("select")).to_have_value("notification.notify")
    page.evaluate(
        """() => {
          const m = tkDesigner.modeler;
          const gateway = m.get('elementRegistry').find(({ type }) => type === 'bpmn:ExclusiveGateway');
          m.get('selection').select(m.get('bpmnReplace').replaceElement(gateway, { type: 'bpmn:ComplexGateway' }));
        }"""
    )
    group(page, "tk-condition")
    page.click("[data-as-text]")
    entry(page, "tk-condition-awaited").locator(".cm-content").click()
    page.keyboard.type("amo")
    take(page, page.locator(".cm-tooltip-autocomplete li").filter(has_text="amount").first)
    assert wrong == []


def test_a_call_that_is_drawn_is_bound_to_the_version_deployed_together_with_it(site, profile, draft):
    small = (
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:t" id="d">'
        b'<process id="KEY" name="KEY" isExecutable="true"><startEvent id="s"/><endEvent id="e"/>'
        b'<sequenceFlow id="f" sourceRef="s" targetRef="e"/></process></definitions>'
    )
    with site[1].unit_of_work(ENGINE) as uow:
        for key in ("first_called", "then_called"):
            repository.deploy(uow, {f"processes/oa/{key}.bpmn": small.replace(b"KEY", key.encode())})
    page, wrong = opened(profile, draft("calling"))
    page.evaluate(
        """() => {
          const m = tkDesigner.modeler;
          const task = m.get('elementRegistry').get('pay');
          const call = m.get('bpmnReplace').replaceElement(task, { type: 'bpmn:CallActivity' });
          m.get('selection').select(call);
        }"""
    )
    group(page, "calledElement")
    entry(page, "tk-called").locator("select").select_option("first_called")
    expect(entry(page, "bindingType").locator("select")).to_have_value("deployment")
    page.click("#save")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    assert re.search(
        '<zeebe:calledElement(?=[^>]* processId="first_called")[^>]* bindingType="deployment"', saved(site, "calling")
    )

    entry(page, "bindingType").locator("select").select_option("latest")
    entry(page, "tk-called").locator("select").select_option("then_called")
    page.click("#save")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")

    assert "bindingType" not in saved(site, "calling")
    assert wrong == []


def asked(key, name):
    """A user task of the analysts."""
    who = '<zeebe:userTask/><zeebe:assignmentDefinition candidateGroups="analysts"/>'
    return f'<userTask id="{key}" name="{name}"><extensionElements>{who}</extensionElements></userTask>'


REPEATING = f"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:t"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"><process id="repeating" name="重复" isExecutable="true">
<startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="each"/>{asked("each", "处理")}
<sequenceFlow id="f2" sourceRef="each" targetRef="again"/>{asked("again", "再办")}
<sequenceFlow id="f3" sourceRef="again" targetRef="free"/>
<adHocSubProcess id="free" name="自由">{asked("call", "致电")}</adHocSubProcess>
<sequenceFlow id="f4" sourceRef="free" targetRef="end"/><endEvent id="end"/></process></definitions>""".encode()


def typed(page, name, text):
    """Type into a FEEL field and leave it; a condition that is shown as rows is written as text."""
    field = entry(page, name)
    expect(field.locator(".cm-content, [data-as-text]").first).to_be_visible()
    if field.locator("[data-as-text]").count():
        field.locator("[data-as-text]").click()
    field.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")


def test_loops_and_ad_hoc_activities_are_set_in_the_panel_and_deployed(site, profile):
    _, engine, _ = site
    with engine.unit_of_work(ENGINE) as uow:
        drafts.import_drawing(uow, "repeating.bpmn", REPEATING, "oa")
    page, wrong = opened(profile, "repeating")

    select(page, "each")
    group(page, "tk-loop")
    entry(page, "tk-loop-kind").locator("select").select_option("sequential")
    typed(page, "tk-loop-inputCollection", "[1, 2]")
    entry(page, "tk-loop-inputElement").locator("input").fill("item")
    entry(page, "tk-loop-outputCollection").locator("input").fill("results")
    typed(page, "tk-loop-outputElement", "item + 1")
    typed(page, "tk-loop-completionCondition", "numberOfCompletedInstances >= 2")
    select(page, "again")
    group(page, "tk-loop")
    entry(page, "tk-loop-kind").locator("select").select_option("standard")
    typed(page, "tk-loop-loopCondition", "loopCounter < 2")
    entry(page, "tk-loop-loopMaximum").locator("input").fill("3")
    entry(page, "tk-loop-testBefore").locator("input").check()
    select(page, "free")
    group(page, "tk-ad-hoc")
    entry(page, "tk-ad-hoc-ordering").locator("select").select_option("Sequential")
    typed(page, "tk-zeebe-AdHoc-activeElementsCollection", '["call"]')
    typed(page, "tk-ad-hoc-completion", "true")
    cancels = entry(page, "tk-ad-hoc-cancel").locator("input")
    cancels.click()  # the panel draws the box once more as it was before it draws it anew: `uncheck` looks at once
    expect(cancels).not_to_be_checked()
    page.click("#save")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    published(page, "repeats")

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        program = repository.program(uow, repository.latest(uow, "repeating").id)
        source = repository.source(uow, repository.latest(uow, "repeating").id).decode()
    each, again, free = (program.nodes[key] for key in ("each", "again", "free"))
    assert (each.loop.kind, each.loop.item, each.loop.result) == ("sequential", "item", "results")
    assert each.loop.completion is not None
    assert (again.loop.kind, again.loop.maximum, again.loop.test_before) == ("standard", 3, True)
    assert (free.ad_hoc.cancel_remaining, free.ad_hoc.completion is not None) == (False, True)
    assert 'ordering="Sequential"' in source
    assert 'activeElementsCollection="= ' in source
    assert wrong == []


def test_a_finding_leads_to_its_element_explains_itself_and_its_badge_stays_while_it_is_said(profile, draft):
    key = draft("found")
    page, wrong = opened(profile, key)
    select(page, "yes")

    def change(verb):
        with page.expect_response("**/designer/lint"):
            page.evaluate(f"() => {{ {OF_APPROVE} m.get('modeling').{verb}; }}")

    change("removeElements([m.get('elementRegistry').get('f2')])")
    expect(page.locator(".tk-problem").filter(has_text="已拒绝").first).to_be_visible()
    expect(page.locator(".tk-finding")).not_to_have_count(0)
    before = page.locator(".tk-finding").element_handles()
    change("moveShape(one, { x: 10, y: 0 })")
    page.wait_for_function("() => tkDesigner.draft.state === 'saved'")
    assert [badge.evaluate("badge => badge.isConnected") for badge in before] == [True] * len(before)

    page.keyboard.press("F8")

    chosen = page.evaluate("tkDesigner.modeler.get('selection').get().map(({id}) => id)")
    assert chosen == [
        page.locator(".tk-problem.active").evaluate("line => tkDesigner.modeler.get('selection').get()[0].id")
    ]
    assert chosen != ["yes"]
    expect(page.locator(".tk-explained figure")).to_have_count(2)
    expect(page.locator(".tk-explained-wrong")).to_contain_text("错")
    expect(page.locator(".tk-explained-wrong .tk-is-wrong")).to_be_visible()
    assert chromium.violations(page) == []
    page.locator(".tk-why summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("F8")
    expect(page.locator(".tk-why:not([open])")).to_have_count(1)  # whoever has folded it reads the next one folded
    listed = page.locator(".tk-problem:visible")
    every = listed.count()
    listed.first.focus()
    page.keyboard.press("ArrowDown")
    expect(listed.nth(1)).to_be_focused()
    expect(listed.nth(1)).to_have_class(re.compile("active"))
    page.locator(".tk-problem-levels").get_by_role("button", name="错误").click()
    expect(page.locator(".tk-problem:visible .badge", has_text="错误")).to_have_count(0)
    assert 0 < listed.count() < every
    assert chromium.violations(page) == []
    cookies = page.context.cookies()
    page.context.clear_cookies()
    listed.first.click()
    page.locator(".tk-why summary").click()
    expect(page.locator(".tk-why")).to_contain_text("请刷新页面、登录后继续")
    page.context.add_cookies(cookies)
    assert [one for one in wrong if "403" not in one] == []
    wrong.clear()

    line = page.get_by_role("separator", name="面板宽度")
    line.press("ArrowLeft")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.locator("#panel").bounding_box()["width"] > 370
    for _ in range(9):
        line.press("ArrowLeft")
    expect(line).to_have_attribute("aria-valuenow", "480")
    assert wrong == []

    english, also_wrong = opened(profile, key, language="en-GB")
    english.locator(".tk-problem[title=reachable]").first.click()
    expect(english.locator(".tk-explained")).to_contain_text("No path from a start event leads to this element")
    expect(english.locator(".tk-explained-right")).to_contain_text("Right")
    assert also_wrong == []


def test_a_way_round_is_played_on_the_drawing_and_mended_in_one_step_of_undo(site, profile):
    _, engine, _ = site
    source = (LIBRARY / "processes/oa/direct_payment.bpmn").read_text(encoding="utf-8")
    source = source.replace("direct_payment", "round_about").replace("oa/round_about", "oa/direct_payment")
    asks = re.search(r"approval\.\w+\.outcome = \"agree\"", source)[0]
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/round_about.bpmn", source.replace(asks, "amount &lt; 500").encode(), name="付款")
    page, wrong = opened(profile, "round_about", language="en-GB")

    page.locator(".tk-problem[title=policy-approval-missing]").click()
    expect(page.locator(".tk-walk-number").last).to_be_visible()
    assert page.locator("#canvas .djs-connection.tk-walked").count() > 3
    assert chromium.violations(page) == []
    page.locator(".tk-walk-step").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".tk-walk-count")).to_contain_text("Step 2 of")
    expect(page.locator(".tk-walk-step:focus")).to_have_attribute("aria-current", "step")
    expect(page.locator(".tk-problem[title=policy-approval-missing]")).to_contain_text("Confirmed: the machine goes")
    expect(page.locator(".tk-walk-step:focus")).to_have_attribute("aria-current", "step")  # told while it is looked at

    page.locator(".tk-fix").click()
    expect(page.locator(".tk-problem[title=policy-approval-missing]")).to_have_count(0)
    page.locator("#undo").click()
    expect(page.locator(".tk-problem[title=policy-approval-missing]")).to_have_count(1)
    assert wrong == []


def test_a_late_approval_is_escalated_and_branches_are_joined_in_one_step_of_undo_each(site, profile):
    """The drawing is loaded with both faults; each is mended, proved and undone."""
    _, engine, _ = site
    source = (LIBRARY / "processes/oa/direct_payment.bpmn").read_text(encoding="utf-8")
    source = source.replace("direct_payment", "round_late").replace("oa/round_late", "oa/direct_payment")
    late = (
        '<bpmn:boundaryEvent id="late" name="一天" attachedToRef="release"><bpmn:timerEventDefinition>'
        '<bpmn:timeDuration xsi:type="bpmn:tFormalExpression">P1D</bpmn:timeDuration></bpmn:timerEventDefinition>'
        '</bpmn:boundaryEvent><bpmn:sequenceFlow id="late_on" sourceRef="late" targetRef="pay"/></bpmn:process>'
    )
    drawn = (
        '<bpmndi:BPMNShape id="late_di" bpmnElement="late"><dc:Bounds x="850" y="162" width="36" height="36"/>'
        '</bpmndi:BPMNShape><bpmndi:BPMNEdge id="late_on_di" bpmnElement="late_on"><di:waypoint x="868" y="198"/>'
        '<di:waypoint x="1200" y="180"/></bpmndi:BPMNEdge></bpmndi:BPMNPlane>'
    )
    source = source.replace("</bpmn:process>", late).replace("</bpmndi:BPMNPlane>", drawn)
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/round_late.bpmn", source.encode(), name="付款")
    page, wrong = opened(profile, "round_late", language="en-GB")
    way = page.locator(".tk-problem[title=policy-approval-missing]")

    way.click()
    page.locator(".tk-fix").click()

    expect(way).to_have_count(0)
    written = page.evaluate("tkDesigner.modeler.saveXML().then(({xml}) => xml)")
    assert '<troika:step after="P1D" do="escalate"' in written
    assert 'id="late"' not in written
    page.locator("#undo").click()
    expect(way).to_have_count(1)
    page.evaluate("tkDesigner.modeler.get('troikaFixes').apply({id: 'add-join', element: 'pay'})")
    coming = "tkDesigner.modeler.get('elementRegistry').get('pay').incoming"
    joined = page.evaluate(f"{coming}.map(({{source}}) => [source.type, source.incoming.length])")
    assert joined == [["bpmn:ParallelGateway", 2]]
    page.locator("#undo").click()
    assert page.evaluate(f"{coming}.map(({{id}}) => id).sort()") == ["late_on", "released_to_pay"]
    select(page, "late")
    group(page, "timer")
    times = entry(page, "tk-times")
    expect(times).to_contain_text(re.compile(r"Fires, if it began now: 20\d\d-\d\d-\d\d \d\d:\d\d"))
    entry(page, "tk-troika-Calendar-name").locator("select").select_option("cn")
    timer, waits = page.locator('[data-group-id="group-timer"]'), entry(page, "timerEventDefinitionValue")
    waits.locator("input").fill("4")
    timer.get_by_label("Unit").select_option("H")
    expect(timer.get_by_label("Unit")).to_have_value("H")
    timer.get_by_role("button", name="Write an expression").click()
    assert page.evaluate(LATE) == "PT4H"
    waits.locator(".cm-content").fill('"soon"')
    expect(times).to_contain_text("Expected a duration such as PT2H")

    page.locator("#audience").get_by_role("button", name="Design", exact=True).click()
    select(page, "pay")
    operation = page.locator('[data-group-id="group-tk-operation"]')
    expect(page.locator(".tk-hidden-groups")).to_contain_text("Technical, under Implementation: Operation, ")
    expect(operation).to_have_count(0)
    assert chromium.violations(page) == []
    page.get_by_role("button", name="Show them").click()
    expect(operation).to_be_visible()
    assert wrong == []


def test_an_expression_in_the_panel_is_shown_and_stays_until_something_else_is_written(site, profile):
    _, engine, _ = site
    source = (LIBRARY / "processes/oa/expense_claim.bpmn").read_text(encoding="utf-8")
    source = source.replace("expense_claim", "said").replace("oa/said", "oa/expense_claim")
    kept = '= if amount > 5000 then now() + duration("P1D") else now() + duration("P2D")'
    source = source.replace("= now() + duration(&quot;P3D&quot;)", kept.replace('"', "&quot;").replace(">", "&gt;"), 1)
    source = source.replace('"initiatorManager" level="1"', '"role" groups="= [&quot;finance&quot;]"', 1)
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/said.bpmn", source.encode(), name="报销")
    page, wrong = opened(profile, "said", language="en-GB")
    page.locator("#audience").get_by_role("button", name="Implementation", exact=True).click()

    select(page, "authority")
    mapping = group(page, "inputs").locator(".bio-properties-panel-list-item").first
    mapping.locator(".bio-properties-panel-collapsible-entry-header").click()
    expect(mapping.locator(".cm-content")).to_have_text("amount")
    mapping.locator(".cm-content").fill('"C:\\\\new"')
    mapping.get_by_role("button", name="Write a text").click()
    value = mapping.locator("[id$=source]")
    expect(value).to_have_value("C:\\new")
    mapping.get_by_role("button", name="Write an expression").click()
    expect(mapping.locator(".cm-content")).to_have_text('"C:\\\\new"')

    select(page, "manager")
    expect(page.locator("[data-entry-id$=groups] .cm-content")).to_have_text('["finance"]')
    due = group(page, "tk-due").locator(".tk-text-or-feel").first
    due.get_by_role("button", name="Choose amount and unit").click()
    expect(due).to_contain_text("The expression stays until something is written here.")
    assert page.evaluate(DUE) == kept
    due.locator("input").fill("4")
    expect(due).not_to_contain_text("The expression stays")
    assert page.evaluate(DUE) == '= now() + duration("P4D")'
    assert chromium.violations(page, "#panel") == []
    assert wrong == []


def test_the_panel_shows_what_is_chosen_also_when_what_was_chosen_before_changes_at_that_moment(profile, draft):
    """An answer of the server writes what was typed there."""
    page, wrong = opened(profile, draft("answered"))
    select(page, "yes")
    page.evaluate("""() => {
      const m = tkDesigner.modeler, find = id => m.get('elementRegistry').get(id);
      m.get('selection').select(find('agreed'));
      m.get('modeling').updateProperties(find('yes'), { name: '好' });
    }""")
    page.evaluate(DRAWN)
    expect(page.locator(".bio-properties-panel-header-label")).to_have_text("同意？")
    assert wrong == []


DUE = """() => tkDesigner.modeler.get('elementRegistry').get('manager').businessObject.extensionElements.values
  .find(({ $type }) => $type === 'zeebe:TaskSchedule').dueDate"""


CAUGHT = """(() => {
    const { id, businessObject } = tkDesigner.modeler.get('elementRegistry').get('unknown_customer');
    return { id, code: businessObject.eventDefinitions[0].errorRef?.errorCode ?? null };
})()"""


def test_a_long_drawing_opens_where_it_starts_and_the_refusals_of_an_operation_are_chosen(site, profile):
    _, engine, _ = site
    source = (LIBRARY / "processes/order_to_cash/order_to_cash.bpmn").read_bytes().replace(b"order_to_cash", b"long")
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/long.bpmn", source, name="订单")
    page, wrong = opened(profile, "long")

    assert page.evaluate("tkDesigner.modeler.get('canvas').zoom()") >= 0.8
    start = page.evaluate("tkDesigner.modeler.get('elementRegistry').find(e => e.type === 'bpmn:StartEvent').id")
    expect(page.locator(f"#canvas [data-element-id='{start}']")).to_be_in_viewport()
    expect(page.locator("#canvas .djs-minimap.open")).to_have_count(0)  # it covers what is drawn there
    page.click("#fit")
    assert page.evaluate("tkDesigner.modeler.get('canvas').zoom()") < 0.8

    caught = page.evaluate(CAUGHT)
    select(page, caught["id"])
    group(page, "error")
    refusal = entry(page, "tk-refusal").locator("select")
    expect(refusal).to_have_value(caught["code"])
    refusal.select_option(index=1)
    other = refusal.input_value()
    assert page.evaluate(CAUGHT)["code"] == other != ""
    refusal.select_option("")
    assert page.evaluate(CAUGHT)["code"] is None
    for _ in range(1 if other == caught["code"] else 2):
        page.click("#undo")
    expect(refusal).to_have_value(caught["code"])
    page.locator("#audience").get_by_role("button", name="设计", exact=True).click()
    group(page, "error")
    expect(refusal).to_have_value(caught["code"])  # which one is caught is a decision of the business
    expect(page.locator('[data-group-id="group-error"] [data-entry-id]')).to_have_count(1)
    page.locator("#audience").get_by_role("button", name="实现", exact=True).click()
    assert wrong == []


LATE = "tkDesigner.modeler.get('elementRegistry').get('late').businessObject.eventDefinitions[0].timeDuration.body"


def test_a_stale_page_asks_which_drawing_stays(site, profile, draft):
    _, engine, _ = site
    page, wrong = opened(profile, draft("stale"), 409)
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/stale.bpmn", CLAIM.replace(b"expense_claim", b"stale"), version=1)

    page.click("#save")
    expect(page.locator("#conflict")).to_be_visible()
    page.click("#keep-mine")

    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert drafts.open_(uow, "processes/oa/stale.bpmn").version == 3
    assert wrong == []


def test_shipped_processes_lose_nothing_on_the_canvas_and_looking_changes_nothing(profile, draft):
    page, wrong = opened(profile, draft("shipped"))

    for path in PROCESSES:
        found = page.evaluate(
            """async xml => {
                const modeler = tkDesigner.modeler, { warnings } = await modeler.importXML(xml);
                const kinds = new Map(modeler.get('elementRegistry').getAll().map(element => [[
                    element.type, ...(element.businessObject.extensionElements?.values ?? []).map(({ $type }) => $type),
                ].join(), element]));      // one of each kind
                for (const element of kinds.values()) {
                    modeler.get('selection').select(element);
                    await new Promise(requestAnimationFrame);
                }
                await new Promise(done => setTimeout(done, 400));
                return {
                    warnings: warnings.map(({ message }) => message), xml: (await modeler.saveXML()).xml,
                    changed: modeler.get('commandStack').canUndo(),
                };
            }""",
            # line ends in a name, as other products write them
            path.read_text(encoding="utf-8").replace(' name="', ' name="&#13;&#10;', 3),
        )
        assert (path.name, found["warnings"], found["changed"]) == (path.name, [], False)
        assert words(found["xml"].encode()) == words(path.read_bytes().replace(b' name="', b' name="&#13;&#10;', 3))
    assert page.evaluate(EVERY_KIND) > 60
    assert page.evaluate("[...tkDesigner.missing]") == []
    assert wrong == []


EVERY_KIND = """async () => {      // looks at each kind of element that the menu makes of these; gives how many
    const modeler = tkDesigner.modeler, [registry, menu, stack, selection, modeling, elements, canvas] = [
        'elementRegistry', 'popupMenu', 'commandStack', 'selection', 'modeling', 'elementFactory', 'canvas',
    ].map(name => modeler.get(name)), frame = () => new Promise(requestAnimationFrame);
    const draw = (type, more, parent = canvas.getRootElement(), attach) =>
        modeling.createShape({ type, ...more }, { x: 200, y: 2000 }, parent, ...(attach ? [{ attach }] : []));
    const task = draw('bpmn:Task'), inner = draw('bpmn:SubProcess', { isExpanded: true });
    const handler = draw('bpmn:SubProcess', { isExpanded: true, triggeredByEvent: true });
    const made = [task, inner, handler, ...['StartEvent', 'EndEvent', 'IntermediateThrowEvent', 'ExclusiveGateway']
        .map(type => draw(`bpmn:${type}`)), draw('bpmn:StartEvent', {}, handler),
        draw('bpmn:BoundaryEvent', {}, task, true)];
    const providers = menu._getProviders('bpmn-replace');
    const entries = id => Object.entries(menu._getEntries(registry.get(id), providers));
    let looked = 0;
    for (const { id } of made) {
        for (const [key] of entries(id).filter(([name]) => name.startsWith('replace-with'))) {
            const before = stack._stackIdx, [, entry] = entries(id).find(([name]) => name === key);
            selection.select(entry.action({}, entry));
            await frame();
            looked += 1;
            while (stack._stackIdx > before) stack.undo();
        }
    }
    return looked;
}"""


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param(PROCESSES, id="shipped"),
        pytest.param(
            sorted(MIWG.rglob("*.bpmn")), id="references",
            marks=pytest.mark.skipif(
                not MIWG.is_dir(), reason="the MIWG's files are not ours to keep: they lie beside the project"
            ),
        ),
    ],
)  # fmt: skip
def test_files_are_saved_as_they_were_and_look_the_same(profile, draft, request, paths):
    page, wrong = opened(profile, draft(f"kept_{request.node.callspec.id}"))

    found = references(page, paths)

    assert len(found) == len(paths) >= 7
    for name, (parts, pixels) in found.items():
        assert (name, [part for part in parts if part[1]], pixels) == (name, [], 0)
    assert wrong == []


def test_a_part_of_a_drawing_is_found_copied_to_another_tab_and_taken_along_as_a_file(site, profile, draft):
    """The clipboard is that of the machine: what the panel wrote goes along, and words of a foreign product."""
    _, engine, _ = site
    foreign = b'<other:thing xmlns:other="urn:other" size="3"><other:part/></other:thing>'
    label = b'<troika:label lang="en">Approve expense claim</troika:label>'
    with engine.unit_of_work(ENGINE) as uow:
        content = CLAIM.replace(b"expense_claim", b"taken_from").replace(b"oa/taken_from", b"oa/expense_claim")
        content = content.replace(label, label + foreign)
        drafts.save(uow, "processes/oa/taken_from.bpmn", content, name="报销")
    page, wrong = opened(profile, "taken_from")
    other = page.context.new_page()
    chromium.listen(other, into=wrong)
    other.goto(f"/designer/edit/{draft('taken_to')}")
    other.wait_for_selector("body[data-ready]")

    page.bring_to_front()
    page.keyboard.press("Control+f")
    expect(page.locator(".djs-search-input input")).to_be_focused()
    page.keyboard.insert_text("Approve")  # no key is pressed: so input methods write
    expect(page.locator(".djs-search-result")).to_have_count(1)
    page.keyboard.press("Enter")
    assert page.evaluate(CHOSEN) == [["approve", "审批报销"]]
    page.wait_for_function(
        "() => document.activeElement === globalThis.tkDesigner.modeler.get('keyboard').getBinding()"
    )
    page.keyboard.press("Control+c")
    other.bring_to_front()
    before = words(other.evaluate(WRITTEN).encode())
    other.evaluate("tkDesigner.modeler.get('canvas').focus()")
    other.keyboard.press("Control+v")
    other.wait_for_function("() => globalThis.tkDesigner.modeler.get('selection').get().length > 0")
    (pasted, name), *_ = other.evaluate(CHOSEN)
    copy = other.evaluate(WRITTEN).encode()

    assert (pasted != "approve", name) == (True, "审批报销")
    assert inside(copy, pasted) == inside(content, "approve")
    other.keyboard.press("Control+z")
    assert words(other.evaluate(WRITTEN).encode()) == before
    for without_foreign, said in ((True, "other:thing"), (False, "剪贴板里没有流程图的内容")):
        text = page.evaluate(COPIED).replace(',"$uri":"urn:other"', "") if without_foreign else "bpmn-js-clip----{}"
        other.evaluate(PASTE, text)
        expect(other.locator(".tk-toast").filter(has_text=said)).to_have_count(1)
    (pasted, name), *_ = other.evaluate(CHOSEN)
    copy = other.evaluate(WRITTEN).encode()
    assert name == "审批报销"
    assert inside(copy, pasted) == [one for one in inside(content, "approve") if "urn:other" not in one[0]]
    other.keyboard.press("Control+z")
    assert words(other.evaluate(WRITTEN).encode()) == before
    files = {}
    for kind in ("bpmn", "camunda", "svg", "png", "pdf"):
        other.click("#more summary")
        with other.expect_download() as download:
            other.click(f"#more [data-kind={kind}]")
        files[kind] = download.value.path().read_bytes()
    assert words(files["bpmn"]) == before
    assert b'modeler:executionPlatform="Camunda Cloud"' in files["camunda"]
    picture = etree.fromstring(files["svg"])
    assert "审批报销" in "".join(picture.itertext())
    width, height = (round(2 * float(picture.get(side))) for side in ("width", "height"))
    assert Image.open(io.BytesIO(files["png"])).size == (width, height)
    assert re.search(rb"%PDF-1.4.*/DCTDecode.*startxref\n\d+\n%%EOF\n$", files["pdf"], re.DOTALL)
    assert wrong == []


def test_rows_compare_a_picker_of_several_as_a_list_and_refuse_a_role_that_there_is_not(site, profile, draft):
    _, engine, _ = site
    picker = {"id": "F_team", "type": "person", "key": "team", "label": "团队", "multiple": True}
    form = {"type": "default", "schemaVersion": 18, "id": "oa/several", "components": [picker]}
    key = draft("several", asks=b'has role(process.initiator.login, "boss")')
    before = saved(site, key)
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "forms/oa/several.json", json.dumps(form).encode())
        xml = before.replace("oa/expense_claim", "oa/several").encode()
        drafts.save(uow, f"processes/oa/{key}.bpmn", xml, version=1, name="报销")
    page, wrong = opened(profile, key)
    select(page, "yes")
    group(page, "tk-condition")
    field, rows = entry(page, "tk-condition-body"), page.locator(".tk-rows-row")
    expect(rows).to_have_count(2)

    page.locator("[data-add-row]").click()
    row = rows.nth(2)
    row.locator("select").first.select_option("team")
    offered = row.locator("select").nth(1).locator("option").evaluate_all("found => found.map(({ value }) => value)")
    assert {"contains", "not-contains"} < set(offered)
    assert not {"=", "in-department"} & set(offered)
    row.locator("select").nth(1).select_option("contains")
    row.locator("select").nth(2).select_option("ana")

    expect(rows.nth(1).get_by_role("alert")).to_be_visible()
    expect(rows.nth(1).get_by_role("alert")).to_contain_text("boss")
    assert WRITTEN_CONDITION not in page.evaluate(WRITTEN)
    assert chromium.violations(page, "#panel") == []
    rows.nth(1).locator("select").nth(2).select_option("finance")
    expect(field.get_by_role("alert")).to_have_count(0)
    page.click("#save")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    assert WRITTEN_CONDITION in saved(site, key)
    assert wrong == []


WRITTEN_CONDITION = (
    'approval.approve.outcome = "agree" and has role(process.initiator.login, "finance") and list contains(team, "ana")'
)


def test_names_are_shown_and_written_in_the_language_of_the_reader_and_the_drawing_stays_as_it_is(site, profile):
    _, engine, _ = site
    label = b'<troika:label lang="en">Everybody agrees?</troika:label>'
    label = b"<bpmn:extensionElements>" + label + b"</bpmn:extensionElements>"
    content = CLAIM.replace(b'default="no">', b'default="no">' + label).replace(b"expense_claim", b"two_names")
    content = content.replace(b"oa/two_names", b"oa/expense_claim")
    for before, after in BESIDE.items():
        assert before.encode() in content
        content = content.replace(before.encode(), after.encode())
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/two_names.bpmn", content, name="报销")
    page, wrong = opened(profile, "two_names", language="en")
    header, problems = page.locator(".bio-properties-panel-header-label"), page.locator("#problems")

    def shown(element):
        found = page.locator(f"#canvas .djs-container > svg [data-element-id={element}] > .djs-visual text")
        return " ".join(" ".join(found.locator("tspan").all_text_contents()).split())

    def all_shown():
        return [shown(one) for one in ("approve", "agreed_label", "pay")]

    def write(element, text):
        select(page, element)
        page.evaluate("tkDesigner.modeler.get('canvas').focus()")
        page.keyboard.press("e")
        expect(page.locator(".djs-direct-editing-content")).to_be_focused()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(text)
        page.keyboard.press("Control+Enter")
        page.evaluate("tkDesigner.modeler.get('directEditing').complete()")

    def names():
        page.click("#more summary")
        page.click("[data-act=names]")

    assert all_shown() == ["Approve expense claim", "Everybody agrees?", "付款"]
    assert words(page.evaluate(WRITTEN).encode()) == words(content)
    expect(header).to_have_text("Expense claim")
    select(page, "approve")
    expect(header).to_have_text("Approve expense claim")
    assert page.evaluate(GAP, ["paid", "paid_label"]) >= 0
    assert page.evaluate(GAP, ["told_label", "told"]) >= 0
    assert page.evaluate(GAP, ["agreed_label", "agreed", "top", "bottom"]) >= 0
    expect(problems).to_contain_text("More steps")
    expect(problems).not_to_contain_text("其他步骤")
    page.evaluate("const c = tkDesigner.modeler.get('canvas'); c.setRootElement(c.findRoot('more_plane'))")
    expect(page.locator(".bjs-crumb")).to_have_text(["Expense claim", "More steps"])
    page.locator(".bjs-crumb").first.click()
    write("approve", "Check it")
    write("agreed", "All agree?")
    write("pay", "支付")
    assert all_shown() == ["Check it", "All agree?", "支付"]
    changed = content.replace(b"Approve expense claim", b"Check it").replace(b"Everybody agrees?", b"All agree?")
    assert words(page.evaluate(WRITTEN).encode()) == words(changed.replace('"付款"'.encode(), '"支付"'.encode()))
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert (page.evaluate(UNDOABLE), shown("agreed_label")) == (False, "Everybody agrees?")
    page.keyboard.press("Control+f")
    expect(page.locator(".djs-search-input input")).to_be_focused()
    page.keyboard.insert_text("审批")
    expect(page.locator(".djs-search-result")).to_have_text(re.compile("^Approve expense claim · 审批报销"))
    page.keyboard.press("Escape")
    for pictured in ("Approve expense claim", "审批报销"):
        assert shown("approve") == pictured
        page.click("#more summary")
        with page.expect_download() as download:
            page.click("#more [data-kind=svg]")
        assert pictured.split()[0] in etree.parse(download.value.path()).xpath("string()")
        names()
    assert (page.evaluate(UNDOABLE), shown("agreed_label")) == (False, "Everybody agrees?")
    names()
    write("approve", "审核")
    expect(page.locator(".tk-outdated")).to_contain_text("审批报销")
    assert wrong == []


BESIDE = {
    '<bpmn:endEvent id="paid" name="已付款">': """<bpmn:subProcess id="more" name="其他步骤">
<bpmn:extensionElements><troika:label lang="en">More steps</troika:label></bpmn:extensionElements></bpmn:subProcess>
<bpmn:endEvent id="told" name="已告知"><bpmn:extensionElements>
<troika:label lang="en">Told in time</troika:label></bpmn:extensionElements></bpmn:endEvent>
<bpmn:endEvent id="paid" name="已付款"><bpmn:extensionElements><troika:label lang="en">Paid out in full</troika:label>
</bpmn:extensionElements>""",
    '<dc:Bounds x="670" y="165" width="40" height="14"/>': '<dc:Bounds x="712" y="133" width="40" height="14"/>',
    '<bpmndi:BPMNEdge id="e1"': """<bpmndi:BPMNShape id="s8" bpmnElement="more" isExpanded="false">
<dc:Bounds x="200" y="300" width="100" height="80"/></bpmndi:BPMNShape>
<bpmndi:BPMNShape id="s9" bpmnElement="told"><dc:Bounds x="800" y="242" width="36" height="36"/>
<bpmndi:BPMNLabel><dc:Bounds x="756" y="253" width="40" height="14"/></bpmndi:BPMNLabel></bpmndi:BPMNShape>
<bpmndi:BPMNEdge id="e1\"""",
}
"""steps whose English names need more room than the drawing leaves beside them, and one that is looked into"""
GAP = """([first, second, edge = 'left', other = 'right']) => {
  const of = id => tkDesigner.modeler.get('elementRegistry').getGraphics(id).querySelector('.djs-visual');
  const box = id => of(id).getBoundingClientRect();
  return box(second)[edge] - box(first)[other];
}"""
UNDOABLE = "tkDesigner.modeler.get('commandStack').canUndo()"
WRITTEN = "tkDesigner.modeler.saveXML().then(({xml}) => xml)"
COPIED = """() => {
  const clipboardData = new DataTransfer();
  tkDesigner.modeler.get('canvas').focus();
  document.dispatchEvent(new ClipboardEvent('copy', { clipboardData }));
  return clipboardData.getData('text/plain');
}"""
PASTE = """text => {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/plain', text);
  tkDesigner.modeler.get('canvas').focus();
  document.dispatchEvent(new ClipboardEvent('paste', { clipboardData }));
}"""
CHOSEN = "tkDesigner.modeler.get('selection').get().map(({id, businessObject}) => [id, businessObject.name])"


def inside(xml, element):
    """What the panel wrote into an element."""
    found = etree.fromstring(xml).find(f".//*[@id='{element}']/{{*}}extensionElements")
    return sorted((one.tag, tuple(sorted(one.attrib.items())), (one.text or "").strip()) for one in found.iter())


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_designer_is_accessible_and_shows_the_licence_mark(profile, draft, language):
    optional = b'cost_center = "A"'
    page, wrong = opened(profile, draft("axe_" + language[:2], asks=optional), language=language)
    select(page, "approve")
    for name in ("tk-who", "tk-approval", "tk-fields", "tk-control"):
        group(page, name)
    width, height, on_top = page.locator(".bjs-powered-by").evaluate(
        """mark => {
          const { x, y, width, height } = mark.getBoundingClientRect();
          return [width, height, mark.contains(document.elementFromPoint(x + width / 2, y + height / 2))];
        }"""
    )

    assert (width >= 40, height >= 15, on_top) == (True, True, True)
    page.click("#more summary")
    assert chromium.violations(page) == []
    page.click("[data-act=keys]")
    assert chromium.violations(page, "#keys") == []
    page.keyboard.press("Escape")
    select(page, "yes")
    group(page, "tk-condition")
    expect(entry(page, "tk-condition-beside")).to_contain_text(
        "默认" if language == "zh-CN" else "the default is taken"
    )
    assert chromium.violations(page, "#panel") == []
    assert not chromium.scrolls_sideways(page)
    assert wrong == []


def test_of_more_people_than_are_listed_anybody_is_named_by_his_login(site, profile, draft, monkeypatch):
    monkeypatch.setattr(drawing_page, "_MANY", 1)
    page, wrong = opened(profile, draft("crowded"))
    select(page, "approve")
    group(page, "tk-who")

    entry(page, "tk-who-way").locator("select").select_option("users")
    for typed, listed in (("安娜 (ana)", ["安娜 (ana) ×"]), ("max", ["安娜 (ana) ×", "max ×"])):
        field = entry(page, "tk-who-users").locator("input")
        field.fill(typed)
        field.press("Tab")
        expect(entry(page, "tk-who-users").locator("li")).to_have_text(listed)
    page.click("#save")

    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    assert 'candidateUsers="= [&#34;ana&#34;, &#34;max&#34;]"' in saved(site, "crowded").replace("&quot;", "&#34;")
    assert wrong == []


def test_going_back_time_limits_and_copies_are_set_in_the_panel_and_deployed(site, profile):
    source = REPEATING.replace(b"repeating", b"sent_back").replace(
        b"</extensionElements>", b'<troika:approval mode="any" onReject="end"/></extensionElements>', 1
    )
    source = source.replace(b" targetNamespace", b' xmlns:troika="urn:troika:bpmn:1.0" targetNamespace', 1)
    _, engine, _ = site
    with engine.unit_of_work(ENGINE) as uow:
        drafts.import_drawing(uow, "sent_back.bpmn", source, "oa")
    page, wrong = opened(profile, "sent_back")

    select(page, "each")
    group(page, "tk-who")
    entry(page, "tk-who-way").locator("select").select_option("position")
    for name in ("部门经理", "总监"):
        entry(page, "tk-troika-Assignment-positions").locator("select").select_option(name)
    expect(entry(page, "tk-troika-Assignment-positions").locator("li")).to_have_text(["部门经理 ×", "总监 ×"])
    group(page, "tk-approval")
    entry(page, "tk-troika-Approval-branchReject").locator("select").select_option("waitOthers")
    group(page, "tk-back")
    entry(page, "tk-troika-Return-targets").get_by_label("任一已办节点").check()
    entry(page, "tk-troika-Return-resubmit").locator("select").select_option("stepwise backToMe")
    entry(page, "tk-troika-Return-compensate").locator("select").select_option("true")
    entry(page, "tk-troika-Recall-until").locator("select").select_option("beforeNextSeen")
    group(page, "tk-due")
    page.locator(".tk-limits > button").click()
    page.locator(".tk-limits > button").click()
    page.get_by_label("2: 则").select_option("transfer")
    page.get_by_label("2: 超过: 单位").select_option("天")
    page.get_by_label("2: 超过", exact=True).fill("3")
    page.get_by_label("2: 超过", exact=True).press("Tab")
    page.locator(".tk-limits > button").click()
    page.get_by_label("3: 则").select_option("return")
    assert page.get_by_label("3: 至").locator("option").all_inner_texts()[:2] == ["上一节点", "发起人"]
    page.get_by_label("3: 至").select_option("发起人")
    group(page, "tk-control")
    entry(page, "tk-troika-Policy-role").locator("select").select_option("executor")
    expect(entry(page, "tk-troika-Policy-subjectType")).to_have_count(0)
    group(page, "tk-copies")
    entry(page, "tk-troika-Cc-groups").locator("select").select_option("finance")
    entry(page, "tk-troika-Cc-on").locator("select").select_option("enter")
    group(page, "tk-automatic")
    entry(page, "tk-troika-Dedupe-mode").locator("select").select_option("last")
    entry(page, "tk-troika-OnEmpty-do").locator("select").select_option("users")
    entry(page, "tk-troika-OnEmpty-users").locator("select").select_option("ana")
    page.evaluate("tkDesigner.modeler.get('selection').select(null)")  # the process itself
    group(page, "tk-request")
    entry(page, "tk-troika-Withdraw-until").locator("select").select_option("anytime")
    starts = entry(page, "tk-troika-Starters-groups")
    for name in ("finance", "analysts"):
        starts.locator("select").select_option(name)
    starts.locator("li button").first.click()
    published(page, "first version")

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        program = repository.program(uow, repository.latest(uow, "sent_back").id)
    human = program.nodes["each"].human
    assert human.strategy == "position"
    assert [slot.text for name, slot in human.parameters if name == "positions"] == ["部门经理, 总监"]
    assert (human.returns, human.resubmits, human.recall) == (("any",), ("stepwise", "backToMe"), "beforeNextSeen")
    assert [(step["after"], step["do"], step["to"]) for step in human.timeout] == [
        ("PT24H", "remind", None), ("P3D", "transfer", "manager"), ("PT24H", "return", "initiator"),
    ]  # fmt: skip
    assert (human.compensate, human.approval.parameters["branchReject"]) == (True, "waitOthers")
    assert human.executor
    assert [(copy["on"], list(copy["groups"])) for copy in human.copies] == [("enter", ["finance"])]
    assert dict(program.starters)["groups"] == ["analysts"]
    assert (human.dedupe, human.on_empty, program.withdraw) == ("last", "users:ana", "anytime")
    assert wrong == []


TRACED = ["devtools.timeline", "disabled-by-default-devtools.timeline"]
FETCHED = """performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/catalogue.json'))
  .map(({ initiatorType }) => initiatorType)"""
COUNTED = """() => {
  const { modeler } = tkDesigner, registry = modeler.get('elementRegistry');
  Object.assign(globalThis, { tkWritten: 0, tkMoved: 0 });
  modeler.on('saveXML.start', () => { tkWritten += 1; });
  const sheet = registry.getGraphics(modeler.get('canvas').getRootElement());
  const moved = seen => { tkMoved += seen.flatMap(({ addedNodes }) => [...addedNodes]).length; };
  new MutationObserver(moved).observe(sheet, { childList: true });
  return sheet.querySelectorAll('*').length;
}"""
PLACED = """id => {
  const { modeler } = tkDesigner, canvas = modeler.get('canvas'), { x, y } = modeler.get('elementRegistry').get(id);
  const { left, top } = canvas.getContainer().getBoundingClientRect();
  canvas.viewbox({ x: 0, y: 0, width: 1000, height: 700 });
  const { scale } = canvas.viewbox();
  return [left + (x + 50) * scale, top + (y + 40) * scale];
}"""
ORDER = """() => {
  const registry = tkDesigner.modeler.get('elementRegistry'), root = tkDesigner.modeler.get('canvas').getRootElement();
  const drawn = [...registry.getGraphics(root).children].map(node => node.firstChild.dataset.elementId);
  return drawn.join() === root.children.map(({ id }) => id).join();
}"""


def test_a_drag_in_a_large_drawing_concerns_what_is_dragged_alone(site, profile):
    """Counted: elements that the browser styles anew, writings of the drawing, questions, shapes that are moved
    in the document. Something has been typed just before, and is saved afterwards.
    """
    _, engine, _ = site
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/many.bpmn", in_a_row("many", 150), name="many")
    page, wrong = opened(profile, "many")
    assert page.evaluate(FETCHED) == ["link"]  # what it may name was on its way before the scripts asked
    elements = page.evaluate(COUNTED)
    x, y = page.evaluate(PLACED, "task22")
    page.mouse.click(x, y)
    expect(page.locator(".bio-properties-panel-header")).to_contain_text("task22")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if re.search("/(lint|drafts)", request.url) else None)

    page.context.browser.start_tracing(page=page, categories=TRACED)
    page.evaluate("tkDesigner.modeler.get('modeling').updateProperties("
                  "tkDesigner.modeler.get('elementRegistry').get('task23'), { name: 'typed' })")  # fmt: skip
    page.mouse.down()
    for step in range(20):
        page.mouse.move(x + 5 * step, y + 3 * step)
    expect(page.locator("#canvas svg.sheet-drop-ok.sheet-djs-drag-active").first).to_have_css("cursor", "default")
    expect(page.locator(".bio-properties-panel-header")).to_contain_text("task22")
    assert (page.evaluate("tkWritten"), asked) == (0, [])
    page.mouse.up()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    trace = json.loads(page.context.browser.stop_tracing())["traceEvents"]

    styled = [event["args"].get("elementCount", 0) for event in trace if event["name"] == "UpdateLayoutTree"]
    assert sum(styled) < elements, styled
    assert page.evaluate(ORDER)
    assert page.evaluate("tkMoved") < 5  # the shape comes to stand in front of the others
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    page.wait_for_function("() => tkDesigner.modeler.get('selection').get()[0]?.id === 'task22'")
    page.keyboard.press("Control+z")
    page.wait_for_function(ORDER)
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    assert 'name="typed"' in saved(site, "many")
    assert wrong == []


def test_the_panel_shows_the_process_when_a_drag_has_chosen_nothing(profile, draft):
    page, wrong = opened(profile, draft("lassoed"))
    select(page, "approve")
    header = page.locator(".bio-properties-panel-header")
    expect(header).to_contain_text("人工任务")

    page.evaluate("tkDesigner.modeler.get('canvas').focus()")
    page.keyboard.press("l")
    box = page.locator("#canvas").bounding_box()
    x, y = box["x"] + 250, box["y"] + box["height"] - 60
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y + 20, steps=4)
    page.mouse.up()

    expect(header).to_contain_text("流程")
    assert page.evaluate("tkDesigner.modeler.get('selection').get().length") == 0
    assert wrong == []
