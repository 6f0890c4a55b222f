"""Journey 1: an analyst makes form, decision table and drawing from nothing, tries, publishes; an employee uses it."""

import pytest
from playwright.sync_api import Page, expect

from engine import repository
from engine.unit_of_work import ENGINE
from tests.browser import chromium
from tests.browser.conftest import Site
from tests.browser.panel import entry, group, published

pytestmark = [pytest.mark.browser, pytest.mark.designer, pytest.mark.main_job]

APPROVERS = {"经理审批": ("initiatorManager", ""), "总监审批": ("user", "jiangyi"), "财务审批": ("users", "fin, wang")}


def test_an_analyst_draws_an_approval_from_nothing_and_an_employee_uses_it(site: Site) -> None:
    page = site.enter("chen")
    _form(site, page)
    _table(site, page)
    _begin(site, page)
    _draw(page)
    _tell(page)
    _play(site, page)
    _scenarios(site, page)

    site.open(page, "/designer/edit/equipment_request")
    published(page, "第一版")
    assert chromium.violations(page, "main") == []
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.latest(uow, "equipment_level", "decision").version == 1

    ann = site.enter("ann")
    site.start(ann, "设备申请")
    ann.get_by_label("金额").fill("1200")
    request = site.submitted(ann, "提交")
    for login, task in (("bob", "经理审批"), ("jiangyi", "总监审批"), ("fin", "财务审批")):
        desk = site.task(login, "设备申请")
        expect(desk.locator("main")).to_contain_text(task)
        site.press(desk, "同意")
    site.open(ann, request)
    site.until(ann, ann.locator("main").filter(has_text="已完成"))


def _form(site: Site, page: Page) -> None:
    site.open(page, "/designer/forms/new")
    page.fill("#key", "equipment_request")
    page.fill("#category", "oa")
    page.locator("main form button").click()
    site.ready(page)
    page.locator("#palette [data-preset=money]").click()
    page.locator("#properties [data-group-id=group-general] .bio-properties-panel-group-header").click()
    for name, text in (("label", "金额"), ("key", "amount")):
        page.locator(f"#properties #bio-properties-panel-{name}").fill(text)
        page.keyboard.press("Tab")
    expect(page.frame_locator("#frame").get_by_label("金额")).to_be_visible()
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")


def _table(site: Site, page: Page) -> None:
    site.open(page, "/designer/decisions/")
    page.get_by_role("link", name="新建决策表").click()
    page.get_by_label("名称").fill("设备审批级别")
    page.get_by_label("标识").fill("equipment_level")
    page.get_by_role("button", name="开始编辑").click()
    site.ready(page)
    for place, text in enumerate(('"manager"', '"director"')):
        page.locator("#editor td.output-cell").nth(place).click()
        page.keyboard.press("Control+a")
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    expect(page.locator("#problems")).to_have_attribute("data-count", "0")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")


def _begin(site: Site, page: Page) -> None:
    """An empty drawing, which cannot be published."""
    site.open(page, "/designer/")
    page.locator('a[href="/designer/new"]').click()
    page.fill("#name", "设备申请")
    page.fill("#key", "equipment_request")
    page.fill("#category", "oa")
    page.locator("main form button").click()
    site.ready(page)
    page.click("#deploy")
    expect(page.locator("#findings .bg-red-lt").first).to_be_visible(timeout=20_000)
    expect(page.locator("#publish button[type=submit]")).to_have_count(0)
    page.locator("#findings a").first.click()
    site.ready(page)
    page.locator(".tk-problem").filter(has_text="没有指定处理人").click()
    expect(entry(page, "tk-who-way")).to_be_visible()


def _draw(page: Page) -> None:
    """With keys alone, and one flow with the mouse: nothing is left of what an empty drawing brings."""
    page.mouse.move(0, 0)
    for _ in range(3):  # panel, problems, canvas
        page.keyboard.press("F6")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(page.locator('[data-element-id="handle"]')).to_have_count(0)
    for _ in range(2):
        page.keyboard.press("Control+-")  # all has room: the window does not follow what is drawn, which ends typing
    for kind, name in (
        ("开始事件", "申请已提交"),
        ("规则任务", "确定审批级别"), ("用户任务", "经理审批"), ("独占网关", "需总监审批？"), ("用户任务", "总监审批"),
        ("用户任务", "财务审批"), ("结束事件", "已批准"),
    ):  # fmt: skip
        page.wait_for_function(LISTENS)
        page.keyboard.press("n" if kind == "开始事件" else "a")
        expect(page.locator(".djs-popup input")).to_be_focused()
        page.keyboard.insert_text(kind)
        expect(page.locator(".djs-popup .entry.selected")).to_have_text(kind)
        page.keyboard.press("Enter")
        expect(page.locator(".djs-popup")).to_have_count(0)
        if kind == "独占网关":  # everything else asks for its name
            page.keyboard.press("e")
        expect(page.locator(".djs-direct-editing-content")).to_be_focused()
        page.keyboard.insert_text(name)
        page.keyboard.press("Enter")
        page.wait_for_function(NAMED, arg=name)

    page.wait_for_function(LISTENS)
    page.keyboard.press("Control+1")
    page.keyboard.press("c")
    for name in ("需总监审批？", "财务审批"):
        page.mouse.click(*page.evaluate(MIDDLE, name))
    expect(page.locator(".bio-properties-panel-header")).to_contain_text("流向")


LISTENS = "() => tkDesigner.modeler.get('canvas').isFocused()"
"""A key that is pressed before counts for whatever has the focus."""
NAMED = """name => globalThis.tkDesigner.modeler.get('elementRegistry').find(
    one => one.businessObject.name === name && !one.labelTarget)"""
MIDDLE = f"""name => {{
    const {{ x, y, width, height }} = ({NAMED})(name), canvas = tkDesigner.modeler.get('canvas');
    const {{ x: left, y: top, scale }} = canvas.viewbox(), box = canvas.getContainer().getBoundingClientRect();
    return [box.left + (x + width / 2 - left) * scale, box.top + (y + height / 2 - top) * scale];
}}"""
"""where a person would click on it"""


def chosen(page: Page, name: str, then: str = "") -> None:
    """One element, by its name; the field that was typed in is left first."""
    page.evaluate(
        f"""async name => {{
          document.activeElement.blur();
          tkDesigner.modeler.get('selection').select(({NAMED})(name){then});
          for (const frame of [1, 2]) await new Promise(requestAnimationFrame);
        }}""",
        name,
    )
    if not then:  # the panel is that of this element, not of the one before
        expect(page.locator(".bio-properties-panel-header-label")).to_have_text(name)


def _tell(page: Page) -> None:
    """The panel: what decides, who, by which form; until nothing is wrong."""
    group(page, "tk-condition")
    entry(page, "tk-condition-default").locator("input").check()
    chosen(page, "申请已提交")
    group(page, "tk-form")
    entry(page, "tk-zeebe-FormDefinition-formId").locator("select").select_option("oa/equipment_request")
    chosen(page, "确定审批级别")
    group(page, "calledDecision")
    entry(page, "tk-called").locator("select").select_option("equipment_level")
    entry(page, "resultVariable").locator("input").fill("level")
    for name, (way, who) in APPROVERS.items():
        chosen(page, name)
        group(page, "tk-who")
        entry(page, "tk-who-way").locator("select").select_option(way)
        if way == "user":
            entry(page, "tk-who-user").locator("select").select_option(who)
        elif way == "users":
            entry(page, "tk-who-users").locator("input").fill(who)
            entry(page, "tk-who-users").locator("input").press("Tab")
        group(page, "tk-approval")
        entry(page, "tk-approval-mode").locator("select").select_option("any")
        entry(page, "tk-troika-Approval-onReject").locator("select").select_option("end")
        group(page, "tk-form")
        entry(page, "tk-zeebe-FormDefinition-formId").locator("select").select_option("oa/equipment_request")
        group(page, "tk-fields")
        entry(page, "tk-troika-Fields-default").locator("select").select_option("read")
    chosen(page, "总监审批", ".incoming[0]")
    group(page, "tk-condition")
    page.locator("[data-add-group]").click()
    row = page.locator(".tk-rows-row")
    row.locator("select").first.select_option("level")
    row.locator("input").fill("director")
    expect(page.locator(".tk-problem")).to_have_count(4, timeout=20_000)  # three have no time limit, a flow has no name
    expect(page.locator(".tk-finding-error")).to_have_count(0)


def _play(site: Site, page: Page) -> None:
    """A trial beside the drawing; it is kept while the last of three is asked, a step back from the end."""
    page.keyboard.press("Control+Enter")
    panel = page.locator("#play")
    with page.expect_response("**/designer/play/equipment_request"):
        panel.get_by_label("由谁发起").select_option("ann")
    expect(panel.locator("option[selected]")).to_have_attribute("value", "ann", timeout=20_000)
    site.ready(page)
    panel.get_by_label("金额").fill("2000")
    panel.get_by_role("button", name="发起", exact=True).click()
    for person, task in (("包博", "经理审批"), ("姜易", "总监审批"), ("王芳", "财务审批"), ("金菲", "财务审批")):
        acting = panel.get_by_role("button", name=person, exact=True)
        expect(acting).to_be_visible(timeout=20_000)
        acting.click()
        expect(acting).to_have_attribute("aria-pressed", "true", timeout=20_000)
        expect(panel.get_by_role("form", name=task)).to_contain_text(person, timeout=20_000)
        site.ready(page)
        if person != "王芳":  # she is only looked at: another one decides
            panel.get_by_role("button", name="同意", exact=True).click()
    expect(panel.locator("[data-ended]")).to_be_visible(timeout=20_000)
    expect(page.locator(".djs-connection.tk-taken")).to_have_count(6)
    assert chromium.violations(page, "#play") == []

    panel.get_by_role("button", name="后退一步").click()
    expect(panel.get_by_role("form", name="财务审批")).to_be_visible(timeout=20_000)
    panel.get_by_label("保存为场景").fill("等财务审批")
    panel.get_by_label("保存为场景").press("Enter")
    expect(page.locator(".tk-toast")).to_contain_text("等财务审批")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")


def _scenarios(site: Site, page: Page) -> None:
    site.open(page, "/designer/scenarios/equipment_request")
    page.get_by_role("button", name="全部运行").click()
    expect(page.locator("[data-flows]")).to_contain_text("5 / 7", timeout=60_000)
    expect(page.locator("[data-rules]")).to_contain_text("1 / 2")
    row = page.get_by_role("row").filter(has_text="等财务审批")
    expect(row).to_contain_text("通过")
