"""Diagrams, forms and people pickers in a real browser, under the site's own content security policy."""

import json
from pathlib import Path

import pytest
from flask import Flask, jsonify, render_template_string, request
from playwright.sync_api import expect

from tests.browser import chromium
from webui import CSP, manifest, node

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="{{ lang }}" data-bs-theme="{{ theme }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><meta name="csrf-token" content="token">
<link rel="icon" href="data:,"><title>page</title>{{ asset('app') }}</head>
<body><main class="container-xl"><h1>page</h1>{{ body }}</main></body></html>"""
DRAWING = (Path(__file__).parent / "claim.bpmn").read_text(encoding="utf-8")
SCHEMA = {
    "type": "default", "schemaVersion": 18, "id": "oa/claim", "components": [
        {"type": "textfield", "key": "reason", "label": "事由", "id": "F_reason",
         "validate": {"required": True, "maxLength": 20}},
        {"type": "number", "key": "amount", "label": "金额", "id": "F_amount", "decimalDigits": 2,
         "validate": {"min": 0.01}},
        {"type": "datetime", "subtype": "date", "key": "day", "dateLabel": "日期", "id": "F_day"},
        {"type": "dynamiclist", "path": "lines", "label": "明细", "id": "F_lines", "allowAddRemove": True,
         "defaultRepetitions": 1,
         "components": [{"type": "textfield", "key": "item", "label": "项目", "id": "F_item"}]},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def site():
    node.build(lambda _: None)
    app = Flask("elements", static_folder=None)
    manifest.register(app)
    bodies = {}

    @app.route("/page/<name>", methods=["GET", "POST"])
    def page(name):
        if request.method == "POST":
            return jsonify(request.form.to_dict(flat=False))
        values = {"lang": request.args.get("lang", "zh-CN"), "theme": request.args.get("theme", "light")}
        return render_template_string(PAGE.replace("{{ body }}", bodies[name]), **values)

    @app.get("/favicon.ico")
    def favicon():
        return "", 204

    @app.get("/people")
    def people():
        known = [{"id": "1", "name": "李四", "note": "财务部"}, {"id": "2", "name": "王五", "note": "销售部"}]
        return jsonify([person for person in known if request.args["q"] in person["name"]])

    @app.after_request
    def protect(response):
        response.headers["Content-Security-Policy"] = CSP
        return response

    with chromium.served(app) as address:
        yield address, bodies


@pytest.fixture
def visit(profiles, site):
    """visit(body, lang=…, theme=…) -> page and the list of what went wrong in it."""
    address, bodies = site

    def open_(body, *, width="desk", lang="zh-CN", theme="light"):
        page = profiles.lend(lang, width).new_page()
        wrong = chromium.listen(page)
        name = str(len(bodies))
        bodies[name] = body
        page.goto(f"{address}/page/{name}?lang={lang}&theme={theme}")
        page.wait_for_selector("body[data-ready]")
        return page, wrong

    return open_


def form(**data):
    inner = json.dumps({"schema": SCHEMA, **data}, ensure_ascii=False)
    return (
        f'<form method="post"><tk-form name="data"><script type="application/json">{inner}</script></tk-form>'
        '<button name="action" value="agree">agree</button>'
        '<button name="action" value="reject" formnovalidate>reject</button></form>'
    )


def diagram(**data):
    inner = json.dumps({"xml": DRAWING, **data}, ensure_ascii=False).replace("<", "\\u003c")
    return (
        f'<tk-diagram style="height: 320px" label="进度"><script type="application/json">{inner}</script></tk-diagram>'
    )


def field(page, id):
    return page.locator(f'[id$="-{id}"]')


def sent(page):
    answer = json.loads(page.inner_text("body"))
    return answer["action"], json.loads(answer["data"][0])


def test_a_form_posts_its_values_beside_the_buttons_of_the_page(visit):
    page, wrong = visit(form(data={"amount": 12}))
    field(page, "F_reason").fill("出差")
    field(page, "F_amount").fill("120.50")

    with page.expect_navigation():
        page.get_by_text("agree").click()

    assert sent(page) == (["agree"], {"reason": "出差", "amount": 120.5, "day": None, "lines": [{"item": ""}]})
    assert wrong == []


def test_a_form_with_faults_is_not_sent_and_says_what_is_wrong_in_chinese(visit):
    page, wrong = visit(form())
    field(page, "F_reason").fill("   ")

    page.get_by_text("agree").click()

    expect(page.locator(".tk-form-note")).to_have_text("请更正 1 处。")
    expect(page.locator(".fjs-form-field-error")).to_have_text("必填")
    assert wrong == []


def test_a_button_that_needs_no_complete_form_sends_what_is_there(visit):
    page, _ = visit(form())

    with page.expect_navigation():
        page.get_by_text("reject").click()

    assert sent(page)[0] == ["reject"]


def test_shows_what_the_server_refused_until_it_is_sent_again(visit):
    page, wrong = visit(form(data={"reason": "出差", "amount": 9000}, errors={"F_amount": ["超出预算"]}))
    refusal = page.locator(".fjs-form-field-number .fjs-form-field-error")
    expect(refusal).to_have_text("超出预算")
    page.wait_for_timeout(300)  # form-js judges what it was given some frames later
    expect(refusal).to_have_text("超出预算")

    with page.expect_navigation():
        page.get_by_text("agree").click()

    assert sent(page)[1]["amount"] == 9000
    assert wrong == []


def test_a_refusal_goes_when_its_field_changes(visit):
    page, wrong = visit(form(data={"reason": "出差", "amount": 9000}, errors={"F_amount": ["超出预算"]}))
    expect(page.locator(".fjs-form-field-error")).to_have_text("超出预算")

    field(page, "F_amount").fill("100")
    field(page, "F_reason").focus()

    expect(page.locator(".fjs-form-field-error")).to_have_count(0)
    assert wrong == []


def test_a_form_to_read_posts_nothing(visit):
    page, wrong = visit(form(data={"reason": "出差"}, readOnly=True))

    assert field(page, "F_reason").get_attribute("readonly") is not None
    assert page.locator('input[name="data"]').count() == 0
    assert wrong == []


def test_a_list_in_a_form_grows(visit):
    page, wrong = visit(form())

    page.get_by_text("新增一行").click()

    expect(page.locator('[id$="F_item"], [id*="F_item-"]')).not_to_have_count(1)
    assert wrong == []


def test_a_diagram_shows_progress_and_details_on_a_click(visit):
    details = {"approve": {"title": "审批报销", "lines": ["李四 待办"], "href": "/task"}}
    markers = {"submitted": "passed", "approve": "active", "pay": "incident"}
    page, wrong = visit(diagram(markers=markers, flows=["f1"], details=details))
    page.wait_for_selector("tk-diagram[data-ready]")

    page.click("[data-element-id=approve]")

    assert page.locator(".djs-overlay .tk-badge").all_inner_texts() == ["✓", "●", "!"]
    assert page.locator("[data-element-id=f1]").evaluate("shape => shape.classList.contains('tk-taken')")
    expect(page.locator(".tk-details")).to_have_text("审批报销李四 待办")
    page.keyboard.press("Escape")
    assert wrong == []


def test_a_diagram_speaks_the_readers_language_where_the_drawing_does(visit):
    page, wrong = visit(diagram(), lang="en")
    page.wait_for_selector("tk-diagram[data-ready]")

    expect(page.locator("[data-element-id=approve] text").first).to_contain_text("Approve")
    expect(page.locator("[data-element-id=pay] text").first).to_have_text("付款")
    assert wrong == []


def test_a_long_diagram_is_readable_and_shows_where_the_request_stands(visit):
    long = DRAWING.replace('x="672" y="122"', 'x="4672" y="122"')
    page, wrong = visit(diagram(xml=long, markers={"paid": "active"}))
    page.wait_for_selector("tk-diagram[data-ready]")

    shown = page.locator("[data-element-id=paid]").first.bounding_box()
    assert (shown["width"] > 20, 0 < shown["x"] < 1440) == (True, True)
    page.get_by_role("button", name="显示全图").click()
    assert page.locator("[data-element-id=submitted]").first.bounding_box()["x"] > 0
    assert wrong == []


def test_a_diagram_in_a_hidden_part_is_drawn_when_it_is_shown(visit):
    page, wrong = visit(f"<details><summary>more</summary>{diagram()}</details>")
    assert page.locator("tk-diagram[data-ready]").count() == 0

    page.click("summary")

    page.wait_for_selector("tk-diagram[data-ready] [data-element-id=approve]")
    assert wrong == []


def test_a_drawing_that_cannot_be_read_says_so_in_the_page(visit):
    page, _ = visit(
        '<tk-diagram style="height: 200px"><script type="application/json">{"xml": "<a>"}</script></tk-diagram>'
    )

    expect(page.locator("tk-diagram [role=alert]")).to_contain_text("此处内容无法显示")


def test_people_are_found_by_typing_and_posted_by_id(visit):
    page, wrong = visit(
        '<form method="post"><tk-people name="to" src="/people" multiple label="审批人"></tk-people>'
        "<button>send</button></form>"
    )
    page.locator("tk-people input").fill("李")
    page.get_by_text("财务部").click()

    with page.expect_navigation():
        page.get_by_text("send").click()

    assert json.loads(page.inner_text("body")) == {"to": ["1"]}
    assert wrong == []


def test_what_a_form_opens_waits_after_a_change_until_the_form_is_sent(visit):
    page, wrong = visit(
        '<form data-outdates="#note"><label>to <select name="to"><option>1</option><option>2</option></select></label>'
        '<button>update</button><button type="button" data-opens="#apply">apply</button>'
        '<p id="note" hidden>update first</p></form><dialog id="apply">sure?</dialog>'
    )
    expect(page.get_by_text("update first")).to_be_hidden()

    page.get_by_label("to").select_option("2")
    expect(page.get_by_text("update first")).to_be_visible()
    expect(page.get_by_role("button", name="apply")).to_be_disabled()

    with page.expect_navigation():
        page.get_by_role("button", name="update").click()
    page.wait_for_selector("body[data-ready]")
    page.get_by_role("button", name="apply").click()
    expect(page.get_by_text("sure?")).to_be_visible()
    assert wrong == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", ["desk", "phone"])
def test_the_licence_mark_of_the_drawing_is_visible_and_not_covered(visit, theme, width):
    page, _ = visit(diagram() + form(), theme=theme, width=width)
    page.wait_for_selector("tk-diagram[data-ready]")
    for mark in (page.locator(".bjs-powered-by"), page.locator(".fjs-powered-by-link")):
        mark.scroll_into_view_if_needed()
        box = mark.bounding_box()
        on_top = page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).closest('.bjs-powered-by, .fjs-powered-by-link') !== null",
            [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
        )

        assert (box["width"] >= 40, box["height"] >= 15, on_top) == (True, True, True)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_elements_are_accessible_and_fit_a_phone(visit, theme):
    people = '<tk-people name="to" src="/people" label="审批人"></tk-people>'
    page, wrong = visit(
        form(errors={"F_amount": ["超出预算"]}) + diagram(markers={"approve": "active"}) + people,
        theme=theme,
        width="phone",
    )
    page.wait_for_selector("tk-diagram[data-ready]")

    assert chromium.violations(page, "main") == []
    assert not chromium.scrolls_sideways(page)
    assert wrong == []
