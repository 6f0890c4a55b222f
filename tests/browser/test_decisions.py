"""The page of a decision table in a real browser: edit, findings on the rows, rows that run live, a file of data."""

import io
import re

import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import expect

from engine import drafts, repository
from engine.bpmn import imports
from engine.unit_of_work import ENGINE
from tests.browser import chromium
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.engine.dmn import written as w

pytestmark = pytest.mark.browser

LEVELS = w.xml(
    w.decision(
        "level",
        w.table(
            "UNIQUE",
            [("amount", "number", ""), ("dept", "string", "")],
            [("who", "string", "", None)],
            [["< 1000", "-", '"manager"'], [">= 1000", '"it"', '"cto"'], ["> 5000", "-", '"ceo"']],
        ),
    )
)


@pytest.fixture
def draft(demo_site):
    """draft(key) -> a draft of the table of levels under that key: a gap, an overlap."""

    def make(key):
        with demo_site.engine.unit_of_work(ENGINE) as uow:
            drafts.save(
                uow, f"processes/oa/{key}.dmn", LEVELS.replace(b'"level"', f'"{key}"'.encode()), name="审批级别"
            )
        return f"/designer/decisions/edit/{key}"

    return make


@pytest.mark.parametrize(("language", "saved"), [("zh-CN", "已保存"), ("en-US", "Saved")])
def test_an_analyst_edits_a_table_and_sees_on_the_rows_what_is_wrong(site, draft, language, saved):
    key = f"edited_{language[:2]}"
    page = site.enter("chen", language=language)
    site.open(page, draft(key))
    overlapping = page.locator("td.rule-index[data-row-id=r2]")
    expect(overlapping).to_have_attribute("data-finding", "error")
    expect(page.locator("#problems li")).to_have_count(2)

    cell = page.locator("#editor td.input-cell").nth(5)  # the department of the third rule
    cell.click()
    for typed in ('not("i', 't")'):  # the draft saves itself, and who types stays where he is
        page.keyboard.type(typed)
        expect(page.locator("#state")).to_have_attribute("data-state", "unsaved")
        expect(page.locator("#state")).to_have_attribute("data-state", "saved")
        expect(cell.locator(".cm-content")).to_be_focused()
    page.keyboard.press("Tab")

    expect(page.locator("#problems li")).to_have_count(1)
    expect(overlapping).not_to_have_attribute("data-finding", "error")
    expect(page.locator("#state")).to_contain_text(saved)
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert b'not("it")' in drafts.open_(uow, f"processes/oa/{key}.dmn").content
    assert page.evaluate("[...tkDecision.missing]") == []
    assert chromium.violations(page, ".tk-decision") == []
    assert not chromium.scrolls_sideways(page)


def test_a_table_is_changed_by_keys_alone_and_named_in_both_languages(site, draft):
    page = site.enter("chen", language="zh-CN")
    site.open(page, draft("keyed"))
    rules = page.locator("#editor td.rule-index")
    expect(rules).to_have_count(3)
    page.locator("#editor td.input-cell [contenteditable]").first.focus()
    page.keyboard.press("Shift+F10")
    first = page.locator(".context-menu-group-entry").first
    expect(first).to_be_focused()
    for _ in range(20):
        if page.evaluate("document.activeElement.classList.contains('context-menu-entry-add-rule-below')"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(rules).to_have_count(4)
    expect(page.locator("#editor td.input-cell .cm-content").first).to_be_focused()
    page.keyboard.press("Shift+F10")
    page.keyboard.press("Escape")
    expect(first).to_have_count(0)
    page.keyboard.press("Control+z")

    page.locator("#named summary").click()
    for label, text in (
        ("决策：名称", "审批人"), ("决策：英文名称", "Who decides"), ("输入：英文名称", "Sum"),
        ("值：名称 · cto", "技术总监"), ("值：英文名称 · cto", "Head of technology"),
    ):  # fmt: skip
        field = page.get_by_label(label).first
        field.fill(text)
        field.press("Tab")
    expect(page.locator("h1")).to_have_text("审批人")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    assert chromium.violations(page, ".tk-decision") == []
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        kept = w.dmn.read(drafts.open_(uow, "processes/oa/keyed.dmn").content).model.find("keyed")
    assert (kept.name, kept.labels, kept.logic.inputs[0].labels["en"]) == ("审批人", {"en": "Who decides"}, "Sum")
    assert kept.logic.outputs[0].words == {"cto": {"": "技术总监", "en": "Head of technology"}}
    english = site.enter("chen", language="en-US", at="/designer/decisions/edit/keyed")
    expect(english.locator("#names tr")).not_to_have_count(0)
    expect(english.locator("h1")).to_have_text("Who decides")


def test_decisions_are_added_linked_undone_and_removed_in_the_diagram(site, draft):
    page = site.enter("chen", language="zh-CN")
    site.open(page, draft("drawn"))
    page.locator(".view-drd-button").click()
    there = "tkDecision.modeler.getDefinitions().get('drgElement').map(one => one.get('informationRequirement').length)"
    page.locator("#editor .djs-palette [data-action='create.decision']").click()
    page.mouse.move(600, 400)
    page.mouse.click(640, 420)
    page.wait_for_function(f"() => String({there}) === '0,0'")
    page.locator("#editor .djs-context-pad [data-action=connect]").click()
    box = page.locator("#editor [data-element-id=drawn]").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 5, y - 5)
    page.mouse.click(x, y)
    page.wait_for_function(f"() => String({there}) === '1,0'")
    site.trouble.clear()  # dmn-js draws the first preview of a link without a place
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    for act, left in (("undo", "0,0"), ("undo", "0"), ("redo", "0,0"), ("redo", "1,0")):
        page.locator(f"#{act}").click()
        page.wait_for_function(f"left => String({there}) === left", arg=left)
    page.mouse.click(640, 420)
    page.locator("#editor .djs-context-pad [data-action=delete]").click()
    page.wait_for_function(f"() => String({there}) === '0'")
    assert page.evaluate("[...tkDecision.missing]") == []


def test_words_and_numbers_typed_as_into_a_spreadsheet_become_texts_and_numbers(site, draft):
    page = site.enter("chen", language="zh-CN")
    site.open(page, draft("worded"))
    inputs, outputs = page.locator("#editor td.input-cell"), page.locator("#editor td.output-cell")

    def typed(cell, text):
        cell.click()
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.insert_text(text)
        page.keyboard.press("Escape")
        page.locator("h1").click()
        return cell

    expect(typed(outputs.nth(0), "部门 经理")).to_have_text('"部门 经理"')
    expect(page.locator("#tk-toasts")).to_contain_text("文本要写在引号里")
    expect(typed(inputs.nth(1), '财务， "legal"')).to_have_text('"财务", "legal"')
    expect(typed(inputs.nth(3), "not(it)")).to_have_text('not("it")')
    expect(typed(inputs.nth(4), "[5,000..1,250,000.5]")).to_have_text("[5000..1250000.5]")
    for known in ("dept", 'if amount > 1 then "a" else "b"', "amount", "string length", "sum"):
        expect(typed(outputs.nth(2), known)).to_have_text(known)
    expect(typed(outputs.nth(2), "boss")).to_have_text('"boss"')

    page.locator("#undo").click()
    page.locator("h1").click()  # the cell was entered again
    expect(outputs.nth(2)).to_have_text("boss")
    page.locator("#problems").get_by_text("这里没有名为 boss 的数据").click()
    page.get_by_role("button", name="作为文本").click()
    expect(outputs.nth(2)).to_have_text('"boss"')
    expect(page.locator("#problems")).not_to_contain_text("boss")


def test_a_step_leads_to_its_table_which_offers_the_data_of_the_process(site):
    page = site.enter("chen", language="zh-CN")
    site.open(page, "/designer/edit/leave_request#rule")
    page.evaluate("tkDesigner.modeler.get('canvas').zoom(1.25)")
    left = page.evaluate("tkDesigner.modeler.get('canvas').viewbox().x")
    page.locator("[data-group-id=group-calledDecision] .bio-properties-panel-group-header").click()
    page.locator("#panel [data-saves]").filter(has_text="打开决策表").click()
    page.wait_for_url("**/designer/decisions/edit/leave_rule?**#leave_rule")
    site.ready(page)
    expect(page.locator("#askers a")).to_have_attribute("href", "/designer/edit/leave_request#rule")

    page.locator("#cover").click()
    expect(page.locator("#covered")).to_contain_text("场景经过了 7 条规则中的 6 条。")
    expect(page.locator("td.rule-index[data-row-id=leave_rule_5]")).to_have_attribute("data-fired", "false")
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert "leave_rule" not in [one.key for one in drafts.list_(uow)], "looking makes no draft"
    page.get_by_role("button", name="为“开始日期”添加一列").click()
    expect(page.locator("td.rule-index[data-fired]")).to_have_count(0)
    head = page.locator("#editor th.input-cell").nth(2)
    expect(head).to_contain_text("开始日期")
    expect(head).to_contain_text("日期")
    page.locator("#undo").click()
    expect(page.locator("#editor th.input-cell")).to_have_count(2)
    page.locator("#known button").first.click()
    cell = page.locator("#editor td.input-cell").nth(2)  # of the new column, in the first rule
    cell.click()
    page.locator(".cm-completionDetail").filter(has_text="年假").click()
    expect(cell).to_contain_text('"annual"')
    page.locator("#back").click()

    page.wait_for_url("**/designer/edit/leave_request#rule")
    site.ready(page)
    expect(page.locator("#panel .bio-properties-panel-header-label")).to_have_text("确定审批人")
    assert page.evaluate("tkDesigner.modeler.get('canvas').viewbox().x") == left
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert b"leave_type" in drafts.open_(uow, "processes/oa/leave_rule.dmn").content
    with site.engine.unit_of_work(ENGINE) as uow:
        drafts.discard(uow, "processes/oa/leave_rule.dmn")
        inner = START + '<callActivity id="call" name="请假"/>' + END + flows("start call", "call end")
        laid_out = imports.translate(drawing(inner, process_id="caller")).xml or b""
        drafts.save(uow, "processes/oa/caller.bpmn", laid_out, name="调用")
    site.open(page, "/designer/edit/caller#call")
    page.locator("[data-group-id=group-calledElement] .bio-properties-panel-group-header").click()
    page.locator("[data-entry-id=tk-called] select").select_option("leave_request")
    page.locator("#panel [data-saves]").filter(has_text="打开流程").click()
    page.wait_for_url("**/designer/edit/leave_request?process=caller&element=call")
    site.ready(page)
    page.locator("#back").click()
    page.wait_for_url("**/designer/edit/caller#call")
    site.ready(page)
    expect(page.locator("#panel .bio-properties-panel-header-label")).to_have_text("请假")
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert b'processId="leave_request"' in drafts.open_(uow, "processes/oa/caller.bpmn").content


def test_rows_beside_the_table_are_decided_while_it_changes(site, draft):
    page = site.enter("chen", language="zh-CN")
    site.open(page, draft("tried"))
    row = page.locator("#tests tbody tr").first

    row.get_by_label("amount，第 1 行").or_(row.locator("[data-name=amount]")).first.fill("1200")
    row.locator("[data-name=dept]").fill("it")
    row.locator("[data-name=expected]").fill("cto")

    expect(row.locator("[data-result]")).to_have_text('"cto"')
    expect(row.locator("[data-rules]")).to_have_text("2")
    expect(row).to_have_attribute("data-passed", "true")
    expect(page.locator("td.rule-index[data-row-id=r2]")).to_have_attribute("data-hits", "1")
    page.locator("#add-row").click()
    page.locator("#tests tbody tr").nth(1).locator("[data-name=amount]").fill("much")
    expect(page.locator("#tests tbody tr").nth(1).locator("[data-result]")).to_contain_text(
        "amount：应为 数字，实际为 much"
    )
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")

    page.route("**/designer/decisions/drafts/**", lambda route: route.abort())
    row.locator("[data-name=amount]").fill("1300")
    expect(page.locator("#state")).to_have_attribute("data-state", "offline")
    page.goto("about:blank")
    page.unroute("**/designer/decisions/drafts/**")
    site.open(page, "/designer/decisions/edit/tried")
    expect(row.locator("[data-name=amount]")).to_have_value("1200")
    page.locator("#unsent-go-on").click()
    expect(row.locator("[data-name=amount]")).to_have_value("1300")
    page.locator("#tests tbody tr").nth(1).locator("[data-name=amount]").fill("many")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        kept = drafts.open_(uow, "processes/oa/tried.dmn").content
    assert b"1300" in kept
    assert b"1200" not in kept
    site.trouble.clear()  # a request that this test cut off
    site.picture(page, "decision_zh")

    site.open(page, "/designer/decisions/edit/tried")

    expect(page.locator("#tests tbody tr")).to_have_count(2)
    expect(page.locator("#tests tbody tr").first.locator("[data-result]")).to_have_text('"cto"')


def test_a_file_of_data_is_decided_and_its_results_are_downloaded(site, draft, tmp_path):
    book = Workbook()
    for line in (["amount", "dept", "expected"], [10, "hr", "manager"], [1500, "it", "cto"], ["much", "it", None]):
        book.active.append(line)
    book.save(tmp_path / "data.xlsx")
    page = site.enter("chen", language="en-US", width="phone")
    site.open(page, draft("simulated"))

    page.locator("#simulation [name=file]").set_input_files(tmp_path / "data.xlsx")
    page.get_by_role("button", name="Decide each row").click()

    expect(page.locator("#data-result")).to_contain_text("3 rows, 1 with problems.")
    expect(page.locator("#data-result")).to_contain_text("Rules that no row hits: 3")
    expect(page.locator("#data-result tr.text-red")).to_contain_text("amount: expected number, found much.")
    expect(page.locator("td.rule-index[data-row-id=r3]")).to_have_attribute("data-hits", "0")
    assert not chromium.scrolls_sideways(page)
    site.picture(page, "decision_phone_en")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download results").click()
    rows = list(load_workbook(io.BytesIO(download.value.path().read_bytes())).active.iter_rows(values_only=True))
    assert rows[0] == ("amount", "dept", "expected", "result", "rules", "problems")
    assert [row[3] for row in rows[1:]] == ["manager", "cto", None]

    with page.expect_download() as rules:
        page.get_by_role("button", name="Download the rules").click()
    taken = load_workbook(io.BytesIO(rules.value.path().read_bytes()))
    taken.active.delete_rows(4)
    taken.save(tmp_path / "rules.xlsx")
    page.locator("#sheet [name=file]").set_input_files(tmp_path / "rules.xlsx")
    page.get_by_role("button", name="Take in the rules").click()
    expect(page.locator("td.rule-index[data-row-id=r3]")).to_have_count(0)
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    assert chromium.violations(page, ".tk-decision") == []
    assert not chromium.scrolls_sideways(page)


def test_every_shipped_table_opens_and_is_saved_with_nothing_lost(site):
    page = site.enter("chen", language="en-US")
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        keys = [info.key for info in repository.latest_all(uow, "decision") if info.key != "discount"]
        before = {key: repository.decision(uow, key) for key in keys}
    assert len(keys) >= 6
    for key in keys:
        site.open(page, f"/designer/decisions/edit/{key}")
        expect(page.locator("#editor td.rule-index").first).to_be_visible()
        saved = page.evaluate("tkDecision.modeler.saveXML({format: true}).then(({xml}) => xml)")
        after = w.dmn.read(saved.encode()).model
        table, kept = before[key].find(key).logic, after.find(key).logic
        assert [rule.tests for rule in kept.rules] == [rule.tests for rule in table.rules]
        assert [rule.outputs for rule in kept.rules] == [rule.outputs for rule in table.rules]
        assert kept.hit_policy == table.hit_policy
        assert [column.labels for column in kept.inputs] == [column.labels for column in table.inputs]
        said = page.locator("#editor th .input-label")
        assert said.evaluate_all("found => found.map(one => one.dataset.said)") == [
            column.labels["en"] for column in table.inputs
        ]
        expect(page.locator("#tests th").first).to_contain_text(table.inputs[0].labels["en"])
        expect(page.locator("#editor th .output-label").first).to_have_attribute("data-said", re.compile("[A-Z]"))
