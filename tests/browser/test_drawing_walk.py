"""Journey 1: an analyst makes 费用报销 from nothing: form, table, drawing, a trial, two versions; it is used."""

import sys

import pytest
from lxml import etree
from playwright.sync_api import Locator, Page, expect

from engine import drafts, repository
from engine.unit_of_work import ENGINE
from tests.browser import chromium
from tests.browser.conftest import Site
from tests.browser.hands import Hands
from tests.browser.panel import DRAWN, entry, group
from tests.engine.bpmn.drawing import END, START, catch, drawing, element, flows, message, message_event
from tests.engine.bpmn.test_loops import marked, multiple

pytestmark = [pytest.mark.browser, pytest.mark.designer, pytest.mark.main_job]

FORM, INITIATOR = "oa/expense_report", "process.initiator.id"
MANAGER, FINANCE = "经理审批", "财务核准"


def test_an_analyst_draws_an_expense_claim_from_nothing_and_an_employee_is_paid(site: Site, capsys) -> None:
    page = site.enter("chen")
    hands = Hands(page)
    _form(site, hands)
    _table(site, hands)
    _begin(site, hands)
    _draw(hands)
    _tell(hands)
    _sees_the_way_without_approval(hands)
    _play(site, hands)
    _scenarios(site, hands)
    _publish(site, hands, 1)
    with capsys.disabled():
        sys.stdout.write(f"\n费用报销 in the flowchart: {hands}\n")
    assert hands.acts < 200, hands
    _second_version(site, hands)
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.latest(uow, "expense_level", "decision").version == 1

    ann = site.enter("ann")
    site.open(ann, "/requests/start/expense_report")
    ann.get_by_label("金额").fill("1200")
    claim = site.submitted(ann, "提交")
    for login, task in (("bob", "部门经理审批"), ("jiangyi", FINANCE)):
        desk = site.task(login, task)
        site.press(desk, "同意")
    site.open(ann, claim)
    site.until(ann, ann.locator("main").filter(has_text="已完成"))


def _go(site: Site, hands: Hands, *names: str) -> None:
    """To the designer, and on by links."""
    page = hands.page
    if page.locator(".tk-designer-head").count():
        _follow(site, hands, page.locator(".tk-designer-head > a").first)
    _follow(site, hands, page.locator("nav a[href='/designer/']").first)
    for name in names:
        _follow(site, hands, page.locator("main").get_by_role("link", name=name, exact=True).first)


def _follow(site: Site, hands: Hands, link: Locator) -> None:
    with hands.page.expect_navigation():
        hands.click(link)
    site.ready(hands.page)


def _form(site: Site, hands: Hands) -> None:
    page = hands.page
    _go(site, hands, "表单", "新建表单")
    page.wait_for_url("**/forms/new")
    hands.fill(page.locator("#key"), "expense_report")
    hands.fill(page.locator("#category"), "oa")
    hands.press("Enter")
    page.wait_for_url("**/forms/edit/**")
    site.ready(page)
    hands.click(page.locator("#palette [data-preset=money]"))
    if not page.locator("#properties #bio-properties-panel-label").is_visible():
        hands.click(page.locator("#properties [data-group-id=group-general] .bio-properties-panel-group-header"))
    for name, text in (("label", "金额"), ("key", "amount")):
        hands.fill(page.locator(f"#properties #bio-properties-panel-{name}"), text)
        page.keyboard.press("Tab")
    expect(page.frame_locator("#frame").get_by_label("金额")).to_be_visible()
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")


def _table(site: Site, hands: Hands) -> None:
    """The manager decides up to 1000, above it finance too; words without quotes."""
    page = hands.page
    _go(site, hands, "决策表", "新建决策表")
    page.wait_for_url("**/decisions/new")
    hands.fill(page.get_by_label("名称"), "报销审批级别")
    hands.fill(page.get_by_label("标识"), "expense_level")
    hands.press("Enter")
    page.wait_for_url("**/decisions/edit/**")
    site.ready(page)
    for place, text in enumerate(("manager", "finance")):
        hands.click(page.locator("#editor td.output-cell").nth(place))
        hands.press("Control+a")
        hands.type(text)
        hands.press("Tab")
        expect(page.locator("#editor td.output-cell").nth(place)).to_have_text(f'"{text}"')
    expect(page.locator("#problems")).to_have_attribute("data-count", "0")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")


def _begin(site: Site, hands: Hands) -> None:
    """An empty drawing, which cannot be published."""
    page = hands.page
    _go(site, hands)
    hands.click(page.locator('main a[href="/designer/new"]'))
    page.wait_for_url("**/designer/new")
    hands.fill(page.locator("#name"), "费用报销")
    hands.fill(page.locator("#key"), "expense_report")
    hands.fill(page.locator("#category"), "oa")
    hands.press("Enter")
    page.wait_for_url("**/designer/edit/**")
    site.ready(page)
    hands.click(page.locator("#deploy"))
    expect(page.locator("#findings .bg-red-lt").first).to_be_visible(timeout=20_000)
    expect(page.locator("#publish button[type=submit]")).to_have_count(0)
    hands.click(page.locator("#findings a").first)
    site.ready(page)
    page.locator(".tk-problem").filter(has_text="没有指定处理人").click()
    expect(entry(page, "tk-who-way")).to_be_visible()


def _draw(hands: Hands) -> None:
    """With keys alone: nothing is left of what an empty drawing brings."""
    page = hands.page
    page.mouse.move(0, 0)
    hands.press("F6", 3)  # panel, problems, canvas
    hands.press("Control+a")
    hands.press("Delete")
    expect(page.locator('[data-element-id="handle"]')).to_have_count(0)
    hands.press("Control+-", 4)  # all has room: the window does not follow what is drawn, which ends typing
    _step(hands, "开始事件", "报销已提交", key="n")
    _pick(hands, "tk-form", "tk-zeebe-FormDefinition-formId", FORM)
    page.wait_for_function(
        "() => tkDesigner.modeler.get('troikaVariables').all().some(({ name }) => name === 'amount')"
    )
    hands.press("F6", 2)
    for kind, name in (
        ("规则任务", "确定审批级别"), ("登记费用报销", ""), ("申请付款", ""), ("提交付款申请", ""),
        ("用户任务", MANAGER), ("独占网关", "需财务审批？"), ("用户任务", FINANCE),
        ("执行付款", ""), ("结束事件", "已付款"),
    ):  # fmt: skip
        _step(hands, kind, name)
    page.wait_for_function(LISTENS)
    hands.press("Control+1")


def _step(hands: Hands, kind: str, name: str, key: str = "a") -> None:
    """What follows the chosen element; an operation has a name."""
    page = hands.page
    page.wait_for_function(LISTENS)
    hands.press(key)
    expect(page.locator(".djs-popup input")).to_be_focused()
    hands.type(kind)
    expect(page.locator(".djs-popup .entry.selected")).to_contain_text(kind)
    hands.press("Enter")
    expect(page.locator(".djs-popup")).to_have_count(0)
    if kind.endswith(("网关", "边界事件")):  # everything else asks for its name
        page.wait_for_function(LISTENS)
        hands.press("e")
    expect(page.locator(".djs-direct-editing-content")).to_be_focused()
    if name:
        hands.type(name)
    hands.press("Enter")
    page.wait_for_function(NAMED, arg=name or kind)


KNOWS = "name => globalThis.tkDesigner.modeler.get('troikaVariables').all().some(found => found.name === name)"
LISTENS = "() => globalThis.tkDesigner.modeler.get('canvas').isFocused()"
"""A key that is pressed before counts for whatever has the focus."""
NAMED = """name => globalThis.tkDesigner.modeler.get('elementRegistry').find(
    one => one.businessObject.name === name && !one.labelTarget)"""
MIDDLE = f"""name => {{
    const {{ x, y, width, height }} = ({NAMED})(name), canvas = tkDesigner.modeler.get('canvas');
    const {{ x: left, y: top, scale }} = canvas.viewbox(), box = canvas.getContainer().getBoundingClientRect();
    const across = width > 50 ? 0.85 : 0.5;
    return [box.left + (x + width * across - left) * scale, box.top + (y + height / 2 - top) * scale];
}}"""
"""where a person would click on it: what can be done with the one before it covers the rest"""
ON_FLOW = """name => {
    const find = name => globalThis.tkDesigner.modeler.get('elementRegistry').find(
        one => one.businessObject.name === name && !one.labelTarget);
    const [from, to] = find(name).incoming[0].waypoints, canvas = tkDesigner.modeler.get('canvas');
    const { x: left, y: top, scale } = canvas.viewbox(), box = canvas.getContainer().getBoundingClientRect();
    return [box.left + ((from.x + to.x) / 2 - left) * scale, box.top + ((from.y + to.y) / 2 - top) * scale];
}"""
"""where a person would click on the flow that leads to it"""


def _chosen(hands: Hands, name: str) -> None:
    """One element, by a click on it."""
    hands.click(hands.page.evaluate(MIDDLE, name))
    expect(hands.page.locator(".bio-properties-panel-header-label")).to_have_text(name)
    hands.page.evaluate(DRAWN)


def _unfold(hands: Hands, name: str) -> None:
    found = hands.page.locator(f'[data-group-id="group-{name}"]')
    expect(found).to_be_visible()
    if found.locator(".bio-properties-panel-group-entries.open").count() == 0:
        hands.click(found.locator(".bio-properties-panel-group-header"))


def _pick(hands: Hands, of: str, name: str, value: str) -> None:
    _unfold(hands, of)
    hands.pick(entry(hands.page, name).locator("select"), value)


def _tell(hands: Hands) -> None:
    """The panel: what decides, who, by which form, what is paid; every value is chosen."""
    page = hands.page
    _chosen(hands, "确定审批级别")
    _pick(hands, "calledDecision", "tk-called", "expense_level")
    _chosen(hands, "登记费用报销")
    _pick(hands, "tk-inputs", "tk-input-claimant_id-from", INITIATOR)
    expect(entry(page, "tk-input-amount-from").locator("select")).to_have_value("amount")
    _chosen(hands, "申请付款")
    _pick(hands, "tk-inputs", "tk-input-requested_by-from", INITIATOR)
    expect(entry(page, "tk-input-claim_id-from").locator("select")).to_have_value("claim_id")
    for name, way in ((MANAGER, "initiatorManager"), (FINANCE, "user")):
        _chosen(hands, name)
        _pick(hands, "tk-who", "tk-who-way", way)
        if way == "user":
            hands.pick(entry(page, "tk-who-user").locator("select"), "jiangyi")
        _pick(hands, "tk-approval", "tk-approval-mode", "any")
        _pick(hands, "tk-approval", "tk-troika-Approval-onReject", "end")
        group(page, "tk-form")
        expect(entry(page, "tk-zeebe-FormDefinition-formId").locator("select")).to_have_value(FORM)
    _pick(hands, "tk-control", "tk-troika-Policy-provides", "finance_approval")
    expect(entry(page, "tk-subject-from").locator("select")).to_have_value("request_id")
    hands.click(page.evaluate(ON_FLOW, FINANCE))
    _unfold(hands, "tk-condition")
    hands.click(page.locator("[data-add-group]"))
    row = page.locator(".tk-rows-row")
    hands.pick(row.locator("select").first, "expense_level")
    hands.pick(row.locator("select").last, "finance")
    _chosen(hands, "需财务审批？")
    hands.click(page.locator(".djs-context-pad [data-action=connect]"))
    hands.click(page.evaluate(MIDDLE, "执行付款"))
    _unfold(hands, "tk-condition")
    hands.click(entry(page, "tk-condition-default").locator("input"))


def _sees_the_way_without_approval(hands: Hands) -> None:
    """Small amounts would be paid without an approval that permits it; the manager's permits it then."""
    page = hands.page
    found = page.locator(".tk-problem[title=policy-approval-missing]")
    hands.click(found)
    expect(page.locator(".tk-walk-number").last).to_be_visible()
    assert page.locator("#canvas .djs-connection.tk-walked").count() > 5
    assert chromium.violations(page) == []
    _chosen(hands, MANAGER)
    _pick(hands, "tk-control", "tk-troika-Policy-provides", "finance_approval")
    expect(found).to_have_count(0, timeout=20_000)
    expect(page.locator(".tk-finding-error")).to_have_count(0)


def _play(site: Site, hands: Hands) -> None:
    """A trial beside the drawing; it is kept while the last of two is asked, a step back from the end."""
    page = hands.page
    hands.press("Control+Enter")
    panel = page.locator("#play")
    with page.expect_response("**/designer/play/expense_report"):
        hands.pick(panel.get_by_label("由谁发起"), "ann")
    expect(panel.locator("option[selected]")).to_have_attribute("value", "ann", timeout=20_000)
    site.ready(page)
    hands.fill(panel.get_by_label("金额"), "2000")
    hands.click(panel.get_by_role("button", name="发起", exact=True))
    for person, task in (("包博", MANAGER), ("姜易", FINANCE)):
        acting = panel.get_by_role("button", name=person, exact=True)
        expect(acting).to_be_visible(timeout=20_000)
        hands.click(acting)
        expect(acting).to_have_attribute("aria-pressed", "true", timeout=20_000)
        expect(panel.get_by_role("form", name=task)).to_contain_text(person, timeout=20_000)
        site.ready(page)
        hands.click(panel.get_by_role("button", name="同意", exact=True))
    expect(panel.locator("[data-ended]")).to_be_visible(timeout=20_000)
    expect(page.locator(".djs-connection.tk-taken")).to_have_count(9)
    assert chromium.violations(page, "#play") == []

    hands.click(panel.get_by_role("button", name="后退一步"))
    expect(panel.get_by_role("form", name=FINANCE)).to_be_visible(timeout=20_000)
    hands.fill(panel.get_by_label("保存为场景"), "等财务核准")
    hands.press("Enter")
    expect(page.locator(".tk-toast")).to_contain_text("等财务核准")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")


def _scenarios(site: Site, hands: Hands) -> None:
    page = hands.page
    hands.click(page.get_by_role("link", name="场景", exact=True))
    page.wait_for_url("**/designer/scenarios/**")
    site.ready(page)
    hands.click(page.get_by_role("button", name="全部运行"))
    expect(page.locator("[data-flows]")).to_contain_text("7 / 10", timeout=60_000)
    expect(page.locator("[data-rules]")).to_contain_text("1 / 2")
    expect(page.get_by_role("row").filter(has_text="等财务核准")).to_contain_text("通过")
    kept = page.get_by_role("link", name="逐步试运行“等财务核准”")
    expect(kept).to_have_text("逐步试运行")
    kept.click()
    panel = page.locator("#play")
    expect(panel.locator("[data-follows='0']")).to_contain_text("第 0 步，共 1 步", timeout=20_000)
    expect(panel.get_by_role("form", name=MANAGER)).to_be_visible()
    panel.get_by_role("button", name="下一步").click()
    expect(panel.get_by_role("form", name=FINANCE)).to_be_visible(timeout=20_000)
    expect(panel.get_by_role("button", name="下一步")).to_have_count(0)
    panel.get_by_text("图上的标记").click()
    assert chromium.violations(page, "#play") == []
    panel.get_by_role("button", name="结束试运行").click()


def _publish(site: Site, hands: Hands, version: int) -> None:
    page = hands.page
    hands.click(page.locator("#deploy"))
    page.wait_for_url("**/publish/**")
    site.ready(page)
    if version > 1:
        hands.click(page.get_by_role("link", name="差异", exact=True))
        page.wait_for_url("**/difference/**")
        site.ready(page)
        expect(page.locator("dl").first).to_contain_text("部门经理审批")
        _enlarge(page)
        page.go_back()
        site.ready(page)
    hands.fill(page.locator("#note"), f"第 {version} 版")
    hands.click(page.locator("#publish button[type=submit]"))
    expect(page.locator("h1")).to_contain_text(f"版本 {version}")
    assert chromium.violations(page, "main") == []


def _enlarge(page: Page) -> None:
    """Both pictures show the same place: by a button, by keys, by the pointer, and all of them again."""
    regions, shown = page.locator(".tk-compared"), "all => all.map(one => one.getAttribute('viewBox'))"
    pictures = page.locator(".tk-compared svg")
    whole = pictures.evaluate_all(shown)

    def together() -> str:
        before, after = pictures.evaluate_all(shown)
        assert before == after
        return str(after)

    page.get_by_role("button", name="放大两幅图").last.click()
    seen = [together()]
    regions.first.focus()
    for key in ("+", "ArrowRight", "ArrowDown", "-"):
        page.keyboard.press(key)
        seen.append(together())
    box = regions.last.bounding_box() or {}
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 80)
    page.mouse.up()
    seen.append(together())
    assert len(set(seen)) == len(seen)
    regions.last.focus()
    page.keyboard.press("0")
    assert pictures.evaluate_all(shown) == whole
    assert chromium.violations(page, "main") == []


def _second_version(site: Site, hands: Hands) -> None:
    page = hands.page
    hands.click(page.get_by_role("link", name="编辑"))
    page.wait_for_url("**/designer/edit/**")
    site.ready(page)
    _chosen(hands, MANAGER)
    group(page, "general")
    hands.fill(entry(page, "name").locator("textarea, input").first, "部门经理审批")
    _publish(site, hands, 2)


ASKED = '<zeebe:assignmentDefinition assignee="= person"/>'
CALLED = drawing(START + catch("received", message_event("receipt"))
                 + element("userTask", "inside", ASKED.replace("= person", "bob")) + END
                 + flows("start received inside end"), message("receipt", "= people[1]"), "play_called")  # fmt: skip
PLAYED = drawing(
    START + catch("arrived", message_event("paid"))
    + marked(element("userTask", "each", ASKED), multiple(inputCollection="= people", inputElement="person"))
    + element("serviceTask", "stock", '<zeebe:taskDefinition type="erp.check_stock"/>')
    + element("callActivity", "call", '<zeebe:calledElement processId="play_called"/>') + END
    + flows("start arrived each stock call end"),
    message("paid", "= \"K-1\""), "play_parts",
)  # fmt: skip


def test_messages_several_instances_and_called_processes_are_played(site: Site) -> None:
    with site.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/play_called.bpmn": CALLED})
        drafts.import_drawing(uow, "play_parts.bpmn", PLAYED, "oa")
    page = site.enter("chen", at="/designer/edit/play_parts?play")
    panel = page.locator("#play")
    panel.get_by_role("button", name="发起", exact=True).click()
    expect(panel.locator("[data-waits]")).to_contain_text("消息 paid（arrived 正在等待）", timeout=20_000)
    slow = {"offline": False, "latency": 300, "downloadThroughput": -1, "uploadThroughput": -1}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)  # the next click comes before
    panel.locator("[data-play-form=message] textarea").fill('people = ["ann", "chen"]')
    panel.get_by_role("button", name="发送").click()
    for person in ("安然", "陈晨"):
        acting = panel.get_by_role("button", name=person, exact=True)
        expect(acting).to_be_visible(timeout=20_000)
        acting.click()
        expect(panel.get_by_role("form", name="each")).to_contain_text(person, timeout=20_000)
        panel.get_by_role("button", name="完成", exact=True).click()
    expect(panel.locator("[data-waits]")).to_contain_text("消息 receipt", timeout=20_000)
    site.ready(page)
    called = panel.locator(".tk-play-acts details.tk-play-fact").last
    called.locator("summary").click()
    called.get_by_label("enough").select_option("是")
    for result, text in (("short_share", "0.5"), ("source", "说“够”"), ("lines", '[{sku: "A"}]')):
        called.locator(f"[data-answer={result}]").fill(text)
    called.get_by_role("button", name="按此应答").click()
    said = panel.locator("tr").filter(has_text="short_share").last
    expect(said).to_contain_text("0.5", timeout=20_000)
    expect(panel.locator("tr").filter(has_text="source").last).to_contain_text("说“够”")
    called = panel.locator(".tk-play-acts details.tk-play-fact").last
    called.locator("summary").click()
    called.locator("[data-answer=source]").fill("")
    with page.expect_request("**/designer/play/play_parts") as sent:
        called.get_by_role("button", name="按此应答").click()
    assert 'source = ""' in (sent.value.post_data or "").replace(
        '\\"', '"'
    )  # a text that is emptied is empty, not missing
    expect(panel.locator("tr").filter(has_text="说“够”")).to_have_count(0, timeout=20_000)
    panel.locator("[data-play-form=message] textarea").fill("number = 7")
    panel.get_by_role("button", name="发送").click()
    expect(panel.get_by_role("form", name="inside")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-element-id=call].tk-active")).to_have_count(1)
    panel.get_by_role("button", name="完成", exact=True).click()
    expect(panel.locator("[data-ended]")).to_be_visible(timeout=20_000)
    expect(page.locator(".djs-connection.tk-taken")).to_have_count(5)


BOOKED = drawing(START, "", "play_booking")
CHOOSE = f"""name => {{
    const found = ({NAMED})(name) ?? tkDesigner.modeler.get('elementRegistry').get(name);
    tkDesigner.modeler.get('selection').select(found);
    tkDesigner.modeler.get('canvas').focus();
}}"""
OFFERED = """menu => {
    const popup = tkDesigner.modeler.get('popupMenu'), [chosen] = tkDesigner.modeler.get('selection').get();
    return Object.keys(popup._getEntries(chosen, popup._getProviders(menu)))
        .map(id => id.replace(/^(append|create|replace-with)-/, ''))
        .filter(id => /^(cancel|compensation|transaction|undo)/.test(id));
}"""
"""what of transactions and compensation the menu offers where the chosen element stands"""


def test_a_transaction_is_drawn_with_what_undoes_its_steps_cancelled_in_a_trial_and_published(site: Site) -> None:
    with site.engine.unit_of_work(ENGINE) as uow:
        drafts.import_drawing(uow, "play_booking.bpmn", BOOKED, "oa")
    page = site.enter("chen", at="/designer/edit/play_booking")
    hands, anywhere = Hands(page), {"transaction", "compensation-intermediate-throw", "compensation-end"}

    def chosen(name: str, *more: str, menu: str = "bpmn-append", known: set[str] = anywhere) -> None:
        page.evaluate(CHOOSE, name)
        assert set(page.evaluate(OFFERED, menu)) == {*known, *more}, name

    chosen("start")
    _step(hands, "事务", "登记")
    chosen("登记", "cancel-boundary", "compensation-boundary")
    _step(hands, "开始事件", "已开始", key="n")
    for kind, name in (("新增或更新客户", ""), ("独占网关", "可以？"), ("结束事件", "登记完成")):
        _step(hands, kind, name)
    chosen("登记完成", "cancel-end", menu="bpmn-replace", known={"compensation-end"})
    chosen("可以？", "cancel-end")
    _step(hands, "取消结束事件", "放弃")
    chosen("新增或更新客户", "cancel-end", "compensation-boundary")
    _step(hands, "补偿边界事件", "撤销")
    chosen("撤销", "undo-crm.deactivate_party", known={"transaction"})
    hands.press("a")
    expect(page.locator(".djs-popup .entry").first).to_contain_text("停用客户")
    hands.press("Escape")
    _step(hands, "停用客户", "")
    chosen("停用客户", known=set())
    expect(page.locator(".tk-problem").filter(has_text="取消事务“登记”")).to_be_visible(timeout=20_000)
    chosen("登记", "cancel-boundary", "compensation-boundary")
    _step(hands, "取消边界事件", "已放弃")
    _step(hands, "结束事件", "没有登记")
    chosen("登记", "compensation-boundary")
    _step(hands, "结束事件", "已登记")
    chosen("已登记", menu="bpmn-replace", known={"compensation-end"})
    hands.press("Control+1")
    _chosen(hands, "新增或更新客户")
    _unfold(hands, "tk-inputs")
    hands.click(entry(page, "tk-input-name").locator(".cm-content"))
    hands.type('"华信')
    _chosen(hands, "停用客户")
    group(page, "tk-inputs")
    expect(entry(page, "tk-input-party_id-from").locator("select")).to_have_value("party_id")
    hands.click(page.evaluate(ON_FLOW, "登记完成"))
    _unfold(hands, "tk-condition")
    hands.click(entry(page, "tk-condition-default").locator("input"))
    hands.click(page.evaluate(ON_FLOW, "放弃"))
    _unfold(hands, "tk-condition")
    hands.click(page.locator("[data-as-text]"))
    hands.click(entry(page, "tk-condition-body").locator(".cm-content"))
    hands.type("party_id != null")
    expect(page.locator(".tk-problem-element")).to_have_text(["可以？ → 放弃"], timeout=20_000)
    hands.press("Control+Enter")
    panel = page.locator("#play")
    hands.click(panel.get_by_role("button", name="发起", exact=True))
    expect(panel.locator("[data-ended]")).to_contain_text("没有登记", timeout=20_000)
    expect(panel.locator(".tk-play-acts")).to_contain_text("停用客户")
    _publish(site, hands, 1)
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        drawn = etree.fromstring(repository.source(uow, repository.latest(uow, "play_booking").id))
    undone = drawn.find(".//{*}serviceTask[@isForCompensation='true']")
    link = drawn.find(".//{*}transaction/{*}association")
    assert (undone.get("name"), link.get("targetRef")) == ("停用客户", undone.get("id"))
    assert (
        drawn.find(f".//{{*}}boundaryEvent[@id='{link.get('sourceRef')}']/{{*}}compensateEventDefinition") is not None
    )
