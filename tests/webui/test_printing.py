"""Requests on paper: what their reader may see, and a code that tells whether the paper still holds."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
import reportlab
from sqlalchemy import select

from engine import repository, runtime, tasks
from engine.db.printing import print_record
from engine.errors import DeploymentRefused, WrongSetting
from engine.forms import Permissions
from engine.settings import Settings
from engine.unit_of_work import ENGINE, Actor
from tests.webui.drawings import APPROVAL_FORM, CLAIM, CLAIM_FORM
from webui import verifying
from webui.printing import paper
from webui.printing.content import Decided, Sheet, Table


@pytest.fixture(autouse=True)
def _nobody_asked():
    verifying._asked.clear()
    yield
    verifying._asked.clear()


@pytest.fixture
def printed(monkeypatch):
    """The sheets that were drawn."""
    sheets: list[Sheet] = []
    draw = paper.pdf

    def keep(sheet: Sheet, font: str) -> bytes:
        sheets.append(sheet)
        return draw(sheet, font)

    monkeypatch.setattr(paper, "pdf", keep)
    return sheets


def claimed(engine, people):
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        return runtime.start(uow, "claim", {"reason": "午餐 <lunch>", "amount": 120, "cost_centre": "sales"}).id


def code_of(engine):
    with engine.unit_of_work(Actor(None), read_only=True) as uow:
        return uow.execute(select(print_record)).one()


def test_a_participant_prints_what_he_may_see_and_the_print_is_remembered(sign_in, engine, people, printed):
    instance = claimed(engine, people)
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id, {"cost_centre": "sales"}, "fine\nby me")
    ann = sign_in("ann")
    assert "120.00 CNY（人民币壹佰贰拾元整）" in ann.get(f"/requests/{instance}").text

    answer = ann.post(f"/requests/{instance}/print.pdf")

    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")
    (sheet,) = printed
    assert ("Reason", "午餐 <lunch>") in sheet.fields
    assert ("Amount", "120（人民币壹佰贰拾元整）") in sheet.fields
    assert [(one.who, one.decision, one.opinion, one.automatic) for one in sheet.decided] == [
        ("Bob", "agreed", "fine\nby me", False)
    ]
    record = code_of(engine)
    assert record.document_sha256 == hashlib.sha256(answer.data).digest()
    assert sheet.address.endswith(f"/verify/{record.code}")
    assert re.fullmatch(r"[A-Z2-7]{26}", record.code)


def test_nobody_else_prints(sign_in, engine, people):
    instance = claimed(engine, people)
    dora = sign_in("dora")
    dora.get("/")

    assert dora.post(f"/requests/{instance}/print.pdf").status_code == 404
    with engine.unit_of_work(Actor(None), read_only=True) as uow:
        assert uow.execute(select(print_record)).all() == []


def test_anybody_verifies_a_code_and_learns_when_something_has_changed(sign_in, app, engine, people):
    instance = claimed(engine, people)
    ann = sign_in("ann")
    ann.get(f"/requests/{instance}")
    ann.post(f"/requests/{instance}/print.pdf")
    code = code_of(engine).code
    visitor = app.test_client()

    before = visitor.get(f"/verify/{code.lower()}")
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        tasks.comment(uow, instance, "one more thing")
    after = visitor.get(f"/verify/{code}")

    assert before.status_code == 200
    assert "Nothing has changed" in before.text
    assert "Something has happened" in after.text
    assert "lunch" not in after.text
    assert after.headers["X-Robots-Tag"] == "noindex"


def test_codes_that_are_none_are_not_found_and_soon_refused(app, engine):
    engine.settings = replace(engine.settings, verify_per_minute=3)
    visitor = app.test_client()

    answers = [visitor.get(f"/verify/{'A' * 26}").status_code for _ in range(4)]

    assert answers == [404] * 3 + [429]
    with pytest.raises(WrongSetting):
        Settings.from_env({"TROIKA_VERIFY_PER_MINUTE": "0"})


SIGNED = (
    '<troika:signature required="true"/><troika:cc on="pass" users="dora"/><troika:fields default="read">'
    '<troika:field id="amount" perm="hidden"/>'
)


def test_who_only_reads_along_prints_opinions_and_signatures_and_a_code_that_tells_of_a_later_edit(
    sign_in, app, engine, people, printed
):
    """And nothing that is hidden from him, however few records he may see: row 14 of the acceptance list."""
    drawing = CLAIM.decode().replace('<troika:fields default="read">', SIGNED)
    with engine.unit_of_work(ENGINE) as uow:
        files = {"claim.bpmn": drawing.encode(), "forms/claim.json": CLAIM_FORM, "forms/approval.json": APPROVAL_FORM}
        repository.deploy(uow, files)
    instance = claimed(engine, people)
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        signature = tasks.Sent("drawn", strokes=[[[10, 20], [60, 80], [120, 30]], [[200, 100], [300, 60]]])
        tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id, {}, "quite right", signature=signature)
    dora = sign_in("dora")
    assert dora.get(f"/requests/{instance}").status_code == 200

    answer = dora.post(f"/requests/{instance}/print.pdf")
    code = code_of(engine).code
    visitor = app.test_client()
    before = visitor.get(f"/verify/{code}").text
    with engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, instance, {"reason": "dinner"}, reason="corrected")

    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    (sheet,) = printed
    [decided] = sheet.decided
    assert (decided.who, decided.opinion, decided.signature.kind, decided.signature.intact) == (
        "Bob", "quite right", "drawn", True
    )  # fmt: skip
    assert [name for name, _ in (*sheet.head, *sheet.fields)].count("Amount") == 0
    assert "120" not in f"{sheet.title} {sheet.head} {sheet.fields}"
    assert sheet.address.endswith(f"/verify/{code}")
    assert "Nothing has changed" in before
    assert "Something has happened" in visitor.get(f"/verify/{code}").text


def test_what_is_hidden_from_the_reader_is_not_on_his_print(sign_in, engine, people, monkeypatch, printed):
    instance = claimed(engine, people)
    monkeypatch.setattr(tasks, "sight", lambda *_: Permissions("read", {"amount": "hidden"}))
    bob = sign_in("bob")
    bob.get(f"/requests/{instance}")
    bob.post(f"/requests/{instance}/print.pdf")

    assert "Amount" not in [name for name, _ in printed[0].fields]


LAYOUT = (
    b'"print": {"paper": "A5", "blocks": [{"block": "signatures", "troika:heading.en": "Put down"},'
    b'{"block": "fields", "heading": "X", "troika:heading.en": "Claim", "fields": ["amount", "reason"]},'
    b'{"block": "opinions"}]}, "components"'
)


def test_a_layout_says_what_is_printed_in_which_order_and_on_what(sign_in, engine, people, printed):
    with engine.unit_of_work(ENGINE) as uow:
        form = CLAIM_FORM.replace(b'"components"', LAYOUT, 1)
        files = {"claim.bpmn": CLAIM, "forms/claim.json": form, "forms/approval.json": APPROVAL_FORM}
        repository.deploy(uow, files)
    instance = claimed(engine, people)
    ann = sign_in("ann")
    page = ann.get(f"/requests/{instance}").text
    assert page.index('value="A5"') < page.index('value="A4"')
    assert "Put down" not in page  # the layout is no business of the browser

    answers = [
        ann.post(f"/requests/{instance}/print.pdf", data=data) for data in ({}, {"paper": "A4"}, {"paper": "A6"})
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 422]
    boxes = [re.search(rb"/MediaBox \[ 0 0 (\d+)", answer.data)[1] for answer in answers[:2]]
    assert boxes == [b"419", b"595"]
    assert [(part.kind, part.heading) for part in printed[0].parts] == [
        ("signatures", "Put down"), ("fields", "Claim"), ("opinions", "")
    ]  # fmt: skip
    assert [name for name, _ in printed[0].parts[1].fields] == ["Amount", "Reason"]


def test_the_print_button_is_there_for_the_requester_and_not_where_the_drawing_hides_it(sign_in, engine, people):
    hides = b'<troika:approval mode="any" onReject="flow"/>'
    with engine.unit_of_work(ENGINE) as uow:
        assert hides in CLAIM
        drawing = CLAIM.replace(hides, hides + b'<troika:buttons print="false"/>', 1)
        repository.deploy(
            uow, {"claim.bpmn": drawing, "forms/claim.json": CLAIM_FORM, "forms/approval.json": APPROVAL_FORM}
        )
    address = f"/requests/{claimed(engine, people)}"
    button = f'action="{address}/print.pdf"'

    assert button in sign_in("ann").get(address).text
    assert button in sign_in("olga").get(address).text
    assert button not in sign_in("bob").get(address).text
    assert sign_in("bob").post(f"{address}/print.pdf", data={}).status_code == 403


def test_a_process_is_printed_by_the_layout_of_the_form_that_it_names(sign_in, engine, people, printed):
    head = b'<troika:print template="oa/paper"/><troika:summary'
    with engine.unit_of_work(ENGINE) as uow:
        drawing = CLAIM.replace(b"<troika:summary", head, 1)
        sheet = CLAIM_FORM.replace(b'"id": "claim"', b'"id": "oa/paper"').replace(b'"components"', LAYOUT, 1)
        files = {"claim.bpmn": drawing, "forms/claim.json": CLAIM_FORM, "forms/approval.json": APPROVAL_FORM}
        with pytest.raises(DeploymentRefused) as refused:
            repository.deploy(uow, files)
        assert [finding.facts["key"] for finding in refused.value.findings] == ["oa/paper"]
        repository.deploy(uow, {**files, "forms/oa/paper.json": sheet})
    instance = claimed(engine, people)
    ann = sign_in("ann")

    assert ann.post(f"/requests/{instance}/print.pdf", data={}).status_code == 200
    assert [(part.kind, part.heading) for part in printed[0].parts] == [
        ("signatures", "Put down"), ("fields", "Claim"), ("opinions", "")
    ]  # fmt: skip
    assert "Put down" not in ann.get(f"/requests/{instance}").text


def test_the_font_of_the_setting_is_embedded_and_what_it_lacks_is_written_in_the_other(app):
    vera = str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf")
    sheet = Sheet(
        "Claim 报销", "oa", "1", "", [("By", "安妮")], [("Why", "a < b")], [], [], [], "Ann", "now", "A" * 26, "x"
    )
    with app.test_request_context():
        embedded, brought = paper.pdf(sheet, vera), paper.pdf(replace(sheet, paper="A5"))

    assert (b"FontFile2" in embedded, b"STSong-Light" in embedded) == (True, True)
    assert (b"FontFile2" in brought, b"STSong-Light" in brought) == (False, True)
    for wrong in ("/no/such.ttf", str(Path(paper.__file__))):
        with pytest.raises(WrongSetting):
            paper.check_font(wrong)


def test_long_lists_and_words_go_over_several_pages(app):
    lines = Table(
        "明细 Lines", ["品名", "数量", "金额"], [[f"货物 {n} " + "x" * 80, str(n), "1,234.50"] for n in range(90)]
    )
    decided = [Decided("审批", "系统", "同意", "自动通过", "2026-11-23 09:00", True)] * 3
    sheet = Sheet(
        "长" * 120, "采购", "CG202611230001", "进行中", [("申请人", "安妮")], [("原因", "因为\n" * 40)], [lines],
        ["发票.pdf"], decided, "安妮", "2026-11-23 09:00", "A" * 26, "https://oa.example/verify/" + "A" * 26,
    )  # fmt: skip
    with app.test_request_context():
        document = paper.pdf(sheet)
        again = paper.pdf(sheet)

    assert document == again
    assert int(re.search(rb"/Count (\d+)", document)[1]) > 3
