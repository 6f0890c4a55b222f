"""An analyst changes a condition in a real browser; the next request follows it, a running one does not."""

import pytest
from playwright.sync_api import Page, expect

from engine import drafts
from engine.unit_of_work import ENGINE
from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.main_job]

WORDS = {
    "zh-CN": {
        "process": "费用报销", "amount": "金额（元）", "reason": "事由", "meal": "餐饮", "submit": "提交",
        "agree": "同意", "director": "上级审批", "finance": "财务审批",
    },
    "en": {
        "process": "Expense claim", "amount": "Amount (CNY)", "reason": "Reason", "meal": "Meals", "submit": "Submit",
        "agree": "Agree", "director": "Director approves", "finance": "Finance approves",
    },
}  # fmt: skip


MIDDLE = """id => {
    const { modeler } = tkDesigner, canvas = modeler.get('canvas');
    const [from, to] = modeler.get('elementRegistry').get(id).waypoints;
    const x = (from.x + to.x) / 2, y = (from.y + to.y) / 2, { width, height } = canvas.viewbox().outer;
    canvas.viewbox({ x: x - width / 2, y: y - height / 2, width, height });
    const { left, top } = canvas.getContainer().getBoundingClientRect();
    return [left + width / 2, top + height / 2];
}"""
"""where a person would click on a flow"""


@pytest.mark.parametrize(("language", "limit"), [("zh-CN", 400), ("en", 300)])
def test_a_changed_condition_counts_for_the_next_request(site: Site, language: str, limit: int) -> None:
    words = WORDS[language]
    before, after = limit + 31, limit + 32  # both below what the decision table asks the director for
    ann = site.enter("ann", language=language)
    running = _claim(site, ann, words, before)
    version = _version(ann)

    chen = site.enter("chen", language=language)
    chen.locator("nav a[href='/designer/']").click()
    site.ready(chen)
    chen.locator("a[href='/designer/edit/expense_claim']").first.click()
    site.ready(chen)
    chen.mouse.click(*chen.evaluate(MIDDLE, "needs_director_to_director"))
    rows = chen.locator('[data-entry-id="tk-condition-body"] .tk-rows-row')
    if not rows.first.is_visible():
        chen.locator('[data-group-id="group-tk-condition"] .bio-properties-panel-group-header').click()
    expect(rows.first.locator("select").last).to_have_value("director")
    before_adding = rows.count()
    chen.locator("[data-add-group]").click()
    expect(rows).to_have_count(before_adding + 1)
    added = rows.last
    field, comparison, value = added.locator("select").first, added.locator("select").nth(1), added.locator("input")
    field.select_option("amount")
    comparison.select_option(">=")
    value.fill(f"{limit} yuan")
    expect(added.get_by_role("alert")).to_contain_text(f"{limit} yuan")
    value.fill(str(limit))
    expect(added.get_by_role("alert")).to_have_count(0)
    site.picture(chen, f"designer_{language[:2]}")
    chen.locator("[data-as-text]").click()
    text = chen.locator('[data-entry-id="tk-condition-body"] .cm-content')
    expect(text).to_contain_text(f" or amount >= {limit}")
    attempt = chen.locator('[data-entry-id="tk-condition-body"] .tk-try')
    attempt.locator("summary").click()
    attempt.locator("label", has_text="amount").locator("input").fill("many")
    expect(attempt.get_by_role("alert")).to_contain_text("many")
    attempt.locator("label", has_text="amount").locator("input").fill(str(after))
    expect(attempt.locator("code")).to_have_text("true")
    site.picture(chen, f"designer_try_{language[:2]}")
    expect(chen.locator("#state")).to_have_attribute("data-state", "saved")
    chen.locator("#deploy").click()
    chen.locator("#note").fill(f"the director sees everything from {limit} on")
    chen.locator("#publish button[type=submit]").click()
    expect(chen.locator("h1")).to_contain_text(str(version + 1))

    following = _claim(site, ann, words, after)
    assert _version(ann) == version + 1
    for amount in (before, after):
        site.press(site.task("bob", f"安然的报销 {amount} ", language=language), words["agree"])
    site.open(ann, running)
    waits = ann.locator(".datagrid-item").nth(1)
    site.until(ann, waits.filter(has_text=words["finance"]))
    assert _version(ann) == version
    site.open(ann, following)
    site.until(ann, waits.filter(has_text=words["director"]))


def _claim(site: Site, ann: Page, words: dict[str, str], amount: int) -> str:
    site.open(ann, "/")
    site.start(ann, words["process"])
    ann.locator(".fjs-form-field-select .fjs-input-group").click()
    ann.locator(".fjs-dropdownlist-item", has_text=words["meal"]).click()
    ann.get_by_label(words["amount"]).fill(str(amount))
    ann.get_by_label(words["reason"]).fill("team dinner")
    return site.submitted(ann, words["submit"])


def _version(page: Page) -> int:
    return int(page.locator(".page-pretitle").inner_text().rpartition("v")[2].rpartition("V")[2])


def test_rows_of_a_condition_lose_nothing_by_commas_undo_redo_or_a_link_that_is_followed_at_once(site: Site) -> None:
    chen = site.enter("chen", language="en")
    site.open(chen, "/designer/edit/expense_claim")
    chen.mouse.click(*chen.evaluate(MIDDLE, "needs_director_to_director"))
    entry = chen.locator('[data-group-id="group-tk-condition"]')
    rows = entry.locator(".tk-rows-row")
    if not rows.first.is_visible():
        entry.locator(".bio-properties-panel-group-header").click()
    expect(rows.first).to_be_visible()
    chen.evaluate(
        """() => {
          const names = tkDesigner.modeler.get('troikaVariables'), set = names.set.bind(names);
          names.set = () => {};      // checks that are on their way
          set([{ name: 'shade', type: 'string' }]);
        }"""
    )
    expect(rows.first.locator("option[value=shade]")).to_have_count(1)
    chen.evaluate(
        """() => {
          const m = tkDesigner.modeler, flow = m.get('elementRegistry').get('needs_director_to_director');
          const body = m.get('bpmnFactory').create('bpmn:FormalExpression', { body: '= shade in ("a, b", "c")' });
          m.get('modeling').updateProperties(flow, { conditionExpression: body });
        }"""
    )
    expect(entry.locator(".cm-content")).to_contain_text('shade in ("a, b", "c")')
    expect(entry.locator("[data-as-rows]")).to_have_count(0)
    chen.locator("#undo").click()
    expect(entry.locator("[data-as-rows]")).to_have_count(1)

    chen.evaluate("() => { delete tkDesigner.modeler.get('troikaVariables').set; }")
    typed = rows.first.locator("input")
    assert chen.evaluate(TYPED_AT_ONCE, "chief") == "director"
    expect(chen.locator("#redo")).to_be_disabled()
    chen.locator("#undo").click()
    expect(typed).to_have_value("director")
    chen.locator("#redo").click()
    expect(typed).to_have_value("chief")
    before_adding = rows.count()
    chen.locator("[data-add-group]").click()
    expect(rows).to_have_count(before_adding + 1)
    rows.last.locator("select").first.select_option("amount")
    rows.last.locator("select").nth(1).select_option("in")
    rows.last.locator("input").fill("100,200")
    expect(rows.last.get_by_role("alert")).to_contain_text("One number or several?")
    rows.last.locator("input").fill("1,000, 2000")
    expect(rows.last.get_by_role("alert")).to_have_count(0)
    rows.last.locator("xpath=..").locator("[data-add-row]").click()
    rows.last.locator("select").first.select_option("process.initiator.login")
    rows.last.locator("select").nth(1).select_option(label="works in")
    rows.last.locator("select").nth(2).select_option("finance")
    expect(chen.locator("#state")).to_have_attribute("data-state", "saved")
    chen.evaluate(
        "tkDesigner.modeler.get('selection').select(tkDesigner.modeler.get('elementRegistry').get('manager'))"
    )
    chen.evaluate("id => tkDesigner.modeler.get('selection').select(tkDesigner.modeler.get('elementRegistry').get(id))",
                  "manager_agrees")  # fmt: skip
    ways = chen.locator('[data-group-id="group-tk-ways"]')
    expect(ways).to_contain_text("nothing stands out")
    chen.evaluate(
        "tkDesigner.modeler.get('selection').select(tkDesigner.modeler.get('elementRegistry').get('manager'))"
    )
    general = chen.locator('[data-group-id="group-general"]')
    if not general.locator('[data-entry-id="name"]').is_visible():
        general.locator(".bio-properties-panel-group-header").click()
    general.locator('[data-entry-id="name"] textarea, [data-entry-id="name"] input').fill("经理复核")
    expect(general.locator(".tk-outdated")).to_contain_text("经理审批")
    general.locator("[data-still-fits]").click()
    expect(general.locator(".tk-outdated")).to_have_count(0)
    chen.locator("#mode-simple").click()
    chen.wait_for_url("**/designer/simple/expense_claim*")
    with site.engine.unit_of_work(ENGINE, read_only=True) as uow:
        saved = drafts.open_(uow, "processes/oa/expense_claim.bpmn").content.decode()
    assert "chief" in saved
    assert 'amount in (1000, 2000) and belongs to(process.initiator.login, "finance")' in saved


TYPED_AT_ONCE = """async text => {
  document.querySelector('[data-group-id=group-tk-condition] [data-as-rows]').click();
  const first = () => document.querySelector('[data-group-id=group-tk-condition] .tk-rows-row input');
  for (let soon = 0; !first() && soon < 99; soon += 1) await null;
  const found = first(), { value } = found;
  found.focus();
  found.value = text;
  found.dispatchEvent(new Event('input', { bubbles: true }));
  for (let soon = 0; soon < 99; soon += 1) await null;
  found.blur();
  return value;
}"""
"""Before a frame is painted."""
