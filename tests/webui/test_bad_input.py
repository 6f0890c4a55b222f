"""Wrong, late, doubled and forged requests to the site of the demo company: a page that says what to do, nothing lost.

The processes are the shipped ones. What the database refuses by itself is in `tests/engine/test_bad_input.py`.
"""

import io
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from engine import calls, identity, jobs, operations, repository, runtime, tasks
from engine.db.instance import Status, instance
from engine.db.task import work_item
from engine.ids import uuid7
from engine.operations import OperationCall
from engine.process_engine import ProcessEngine
from engine.scenarios import World
from tests.consistency import consistent
from tests.engine.test_bad_input import BOMB, CLAIM, LIMIT, UNSUPPORTED, WAY, at_once, source, with_
from tests.webui.conftest import site_of
from tests.webui.publishing import publish

pytestmark = pytest.mark.main_job

CHINESE = re.compile(r"[\u4e00-\u9fff]")
GIVEN = {"category": "meal", "amount": 120, "cost_center": "销售一部", "reason": "客户午餐", "spent_on": "2026-11-20"}


@pytest.fixture
def engine(company: World) -> ProcessEngine:
    return company.engine


@pytest.fixture
def people(company: World) -> dict[str, identity.User]:
    with company.acting(None) as uow:
        return {user.login: user for user in identity.users(uow, limit=500)}


@pytest.fixture
def app(engine: ProcessEngine, people) -> Flask:
    made = site_of(engine, locale="zh", upload_limit_mb=1)
    made.config["MAX_CONTENT_LENGTH"] = 400_000
    made.config["PROPAGATE_EXCEPTIONS"] = False  # as in production: a fault of ours is a page
    return made


def in_(visitor: FlaskClient, language: str) -> FlaskClient:
    visitor.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    return visitor


def start(visitor: FlaskClient, **changes: Any) -> Any:
    return visitor.post("/api/v1/instances/", json={"key": "expense_claim", "variables": GIVEN | changes})


def claimed(visitor: FlaskClient, **changes: Any) -> UUID:
    response = start(visitor, **changes)
    assert response.status_code == 201, response.text
    return UUID(response.json["id"])


def item_of(world: World, instance_id: UUID) -> UUID:
    with world.acting(None) as uow:
        open_ = select(work_item.c.id).where(work_item.c.instance_id == instance_id, work_item.c.status == 1)
        return uow.execute(open_).scalars().one()


def hidden_of(visitor: FlaskClient, item: UUID) -> dict[str, str]:
    page = visitor.get(f"/inbox/{item}").text
    return dict(re.findall(r'name="(request_id|version|seen_digest)" value="([^"]*)"', page))


def decide(visitor: FlaskClient, item: UUID, action: str = "agree", **fields: Any) -> Any:
    data = {"data": json.dumps(fields.pop("data", {}))}
    return visitor.post(f"/inbox/{item}", data=hidden_of(visitor, item) | data | {"action": action} | fields)


def told(response: Any) -> str:
    """The words of a page, without what stands around them."""
    body = response.text.partition("<main")[2] or response.text
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", body, flags=re.DOTALL).split())


def instances(world: World) -> int:
    with world.acting(None) as uow:
        return uow.execute(select(func.count()).select_from(instance)).scalar_one()


def view(world: World, instance_id: UUID) -> runtime.InstanceView:
    with world.acting(None) as uow:
        return runtime.instance_view(uow, instance_id)


# ---------------------------------------------------------------- drawings

TOLD = '<bpmn:endEvent id="told"'
PAID = '<bpmn:sequenceFlow id="pay_to_paid"'
WRONG: dict[str, tuple[bytes, str | None]] = {
    "broken": (source(CLAIM)[:4000].encode(), None),
    "bomb": (source(CLAIM).replace("?>", f"?>{BOMB}", 1).encode(), None),
    "operation": (with_(CLAIM, 'type="erp.book_expense_claim"', 'type="erp.book_expenses"'), "book"),
    "form": (with_(CLAIM, 'formId="oa/payee_missing"', 'formId="oa/nothing"'), "confirm_account"),
    "decision": (with_(CLAIM, 'decisionId="expense_authority"', 'decisionId="nobody"'), "authority"),
    "condition": (with_(CLAIM, '= authority = "director"', "= authority = "), "needs_director_to_director"),
    "reserved": (with_(CLAIM, 'resultVariable="authority"', 'resultVariable="approval"'), "authority"),
    "payment": (with_(CLAIM, PAID, WAY.format("tell") + PAID), "pay"),
} | {name: (with_(CLAIM, TOLD, element + TOLD), "bad") for name, element in UNSUPPORTED.items()}


def test_a_wrong_drawing_is_explained_in_both_languages_and_never_deployed(company, sign_in):
    chen = sign_in("chen")
    untranslated = []

    for name, (xml, element) in WRONG.items():
        said = {}
        for language in ("en", "zh"):
            response = in_(chen, language).post("/designer/lint", json={"key": "expense_claim", "xml": xml.decode()})
            assert response.status_code == 200, (name, response.text)
            said[language] = [one for one in response.json["findings"] if one["element"] == element]
            assert said[language], (name, response.json["findings"])
        for english, chinese in zip(said["en"], said["zh"], strict=True):
            for part in ("message", "hint"):
                if english[part] and (english[part] == chinese[part] or not CHINESE.search(chinese[part])):
                    untranslated.append(english[part])
    with company.acting(None) as uow:
        assert repository.latest(uow, "expense_claim").version == 1

    assert sorted(set(untranslated)) == []
    assert consistent(company.engine)


def test_a_wrong_draft_is_refused_with_its_findings_and_stays_a_draft(company, sign_in):
    chen = sign_in("chen")
    xml = WRONG["payment"][0].decode()
    saved = chen.put("/designer/drafts/expense_claim", json={"xml": xml}, headers={"If-Match": "*"})

    response = publish(chen, "expense_claim", saved.json["etag"])

    assert response.status_code == 422
    assert "/designer/edit/expense_claim#pay" in response.text
    with company.acting(None) as uow:
        assert repository.latest(uow, "expense_claim").version == 1
    assert consistent(company.engine)


# ---------------------------------------------------------------- values

FORGED = [
    {"bonus": 1},
    {"approval": {"finance": {"outcome": "agree"}}},
    {"process": {"initiator": None}},
    {"authority": "none"},
    {"amount": "a lot"},
    {"amount": -1},
    {"amount": [[]]},
    {"amount": None},
    {"category": "bribe"},
    {"category": {"$ne": 1}},
    {"spent_on": "2026-02-30"},
    {"reason": "x" * 100_000},
    {"reason": "\u0000"},
]
TORN = [
    "{",
    "[]",
    "null",
    '"text"',
    "[" * 100_000,
    '{"amount": NaN}',
    '{"amount": Infinity}',
    '{"amount": 1e999999999}',
    '{"amount": ' + "9" * 10_000 + "}",
    json.dumps(GIVEN | {"reason": "\ud800"}),
]


def test_a_start_form_with_what_nobody_may_send_starts_nothing(company, sign_in):
    ann = sign_in("ann")
    before = instances(company)
    ann.get("/requests/start/expense_claim")

    for sent in [json.dumps(GIVEN | forged) for forged in FORGED] + TORN:
        response = ann.post("/requests/start/expense_claim", data={"data": sent})

        assert response.status_code == 422, (sent[-80:], response.status_code, told(response)[:300])
    assert instances(company) == before
    assert consistent(company.engine)


def test_the_api_refuses_the_same_and_names_the_field(company, sign_in):
    ann = sign_in("ann")
    before = instances(company)

    for forged in FORGED:
        response = start(ann, **forged)

        assert (response.status_code, response.mimetype) == (422, "application/problem+json"), (forged, response.text)
        assert next(iter(forged)) in response.text or "NUL" in response.text
    for torn in TORN:
        body = f'{{"key": "expense_claim", "variables": {torn}}}'
        response = FlaskClient.open(
            ann, "/api/v1/instances/", method="POST", data=body, headers={"X-CSRFToken": ann.token},
            content_type="application/json",
        )  # fmt: skip
        assert response.status_code in (400, 422), (torn[:60], response.status_code, response.text[:300])
    assert instances(company) == before
    assert consistent(company.engine)


def test_an_approver_writes_only_his_fields(company, sign_in):
    made, bob = claimed(sign_in("ann")), sign_in("bob")
    item, before = item_of(company, made), view(company, made).variables

    for data in ({"bonus": 1}, {"amount": 1}, {"next": "submit"}, {"approval": {}}, {"process": {}}):
        response = decide(bob, item, data=data)
        assert response.status_code == 422, (data, response.status_code)
        through_api = bob.post(f"/api/v1/tasks/{item}/agree", json={"fields": data})
        assert through_api.status_code == 422, (data, through_api.text)

    assert view(company, made).variables == before
    assert decide(bob, item, data={"cost_center": "销售二部"}).status_code == 303
    assert view(company, made).variables["cost_center"] == "销售二部"
    assert consistent(company.engine)


def test_a_message_with_a_reserved_name_is_refused_to_its_sender(company, sign_in):
    adam = sign_in("adam")

    response = adam.post(
        "/api/v1/messages/", json={"name": "tracking", "key": "SF1", "payload": {"approval": {"finance": "agree"}}}
    )

    assert (response.status_code, response.json["code"]) == (422, "reserved_name")


ADDRESSES = [
    "/inbox/?after=%00", "/inbox/?after=garbage", "/inbox/?after=MTIz", "/inbox/?box=nothing", "/inbox/?sort=nothing",
    "/inbox/nothing", "/inbox/00000000-0000-0000-0000-000000000000", "/requests/mine?after=garbage",
    "/requests/start/nothing", "/requests/start/%00", "/records/nothing", "/records/erp_payment?after=garbage",
    "/cockpit/instances?before=garbage", "/cockpit/instances?status=NOTHING", "/cockpit/jobs?state=NOTHING",
    "/cockpit/versions/nothing", "/designer/edit/nothing", "/api/v1/tasks/?cursor=garbage", "/api/v1/tasks/?limit=x",
    "/api/v1/definitions/00000000-0000-0000-0000-000000000000/source", "/people/?text=%00",
    "/requests/documents/00000000-0000-0000-0000-000000000000",
]  # fmt: skip


def test_no_address_is_a_fault_of_ours(sign_in):
    adam = sign_in("adam")

    faults = [(address, adam.get(address).status_code) for address in ADDRESSES]

    assert [fault for fault in faults if fault[1] >= 500] == []


# ---------------------------------------------------------------- twice, late, at once


@pytest.mark.parametrize(("language", "words"), [("zh", ("包博", "同意")), ("en", ("Bob", "Nothing is left to do"))])
def test_who_comes_late_reads_who_was_faster_and_when(company, sign_in, language, words):
    made, bob = claimed(sign_in("ann")), in_(sign_in("bob"), language)
    item = item_of(company, made)
    hidden = hidden_of(bob, item)
    assert decide(bob, item).status_code == 303

    late = bob.post(f"/inbox/{item}", data=hidden | {"request_id": "another", "action": "agree", "data": "{}"})
    again = bob.post(f"/inbox/{item}", data=hidden | {"request_id": "", "action": "reject", "opinion": "没有发票"})

    for response in (late, again):
        assert response.status_code == 409
        assert all(word in told(response) for word in words), told(response)
    assert "没有发票" in again.text
    assert consistent(company.engine)


def test_two_approvers_who_click_at_once_make_one_decision(company, sign_in):
    with company.acting(None) as uow:
        identity.add_member(uow, "finance", "tao")
    made = claimed(sign_in("ann"))
    decide(sign_in("bob"), item_of(company, made))
    item = item_of(company, made)
    tao, jiangyi = sign_in("tao"), sign_in("jiangyi")
    pages = [hidden_of(visitor, item) | {"action": "agree", "data": "{}"} for visitor in (tao, jiangyi)]

    responses = at_once(
        lambda: tao.post(f"/inbox/{item}", data=pages[0]), lambda: jiangyi.post(f"/inbox/{item}", data=pages[1])
    )

    assert sorted(response.status_code for response in responses) == [303, 409]
    assert consistent(company.engine)


def test_a_task_whose_content_changed_meanwhile_must_be_looked_at_again(company, sign_in):
    ann = sign_in("ann")
    made = claimed(ann)
    decide(sign_in("bob"), item_of(company, made), "reject", opinion="多报了")
    item = item_of(company, made)
    hidden = hidden_of(ann, item)
    with company.acting("adam") as uow:
        runtime.set_variables(uow, made, {"amount": Decimal("99.00")}, reason="agreed by telephone")

    stale = ann.post(
        f"/inbox/{item}", data=hidden | {"action": "complete", "data": json.dumps({"reason": "午餐", "next": "submit"})}
    )

    assert stale.status_code == 409
    assert "午餐" in stale.text
    assert "now 99" in stale.text
    assert view(company, made).variables["amount"] == Decimal("99.00")
    assert decide(ann, item, "complete", data={"next": "submit"}).status_code == 303
    assert consistent(company.engine)


def test_a_deadlock_is_tried_again_and_nobody_notices(company, sign_in, monkeypatch):
    made, bob = claimed(sign_in("ann")), sign_in("bob")
    item, real, calls_ = item_of(company, made), tasks.agree, []

    class Deadlock(Exception):
        sqlstate = "40P01"

    def first_fails(*args: Any, **options: Any) -> tasks.Acted:
        calls_.append(1)
        acted = real(*args, **options)
        if len(calls_) == 1:
            raise OperationalError("agree", {}, Deadlock())
        return acted

    monkeypatch.setattr(tasks, "agree", first_fails)

    assert decide(bob, item).status_code == 303
    assert len(calls_) == 2
    assert consistent(company.engine)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_file_that_is_too_large_or_of_a_wrong_type_is_refused_in_words(company, sign_in, language):
    made, bob = claimed(sign_in("ann")), in_(sign_in("bob"), language)
    item = item_of(company, made)
    bob.get(f"/inbox/{item}")

    def attach(name: str, content: bytes) -> Any:
        return bob.post(f"/inbox/{item}/attachments", data={"file": (io.BytesIO(content), name)})

    for name, content, status in (
        ("发票.exe", b"MZ\x90\x00\x03\x00", 415),
        ("发票.pdf", b"<html><script>alert(1)</script>", 415),
        ("发票.zip", b"PK\x03\x04" + b"\x00" * 60, 415),
        ("空.pdf", b"", 415),
        ("发票.pdf", b"%PDF-" + b"x" * 450_000, 413),
    ):
        response = attach(name, content)
        assert response.status_code == status, (name, response.status_code)
        assert bool(re.search("只接受|最多|不超过", told(response))) is (language == "zh"), told(response)
    with company.acting("bob") as uow:
        assert tasks.attachments(uow, made) == []
    assert consistent(company.engine)


# ---------------------------------------------------------------- money


@pytest.mark.parametrize(("language", "words"), [("zh", "须由另一人决定"), ("en", "Another person must decide")])
def test_the_requester_cannot_approve_his_own_payment(company, sign_in, language, words):
    fin = in_(sign_in("fin"), language)
    made = claimed(fin)
    decide(sign_in("qian"), item_of(company, made))
    item = item_of(company, made)

    shown = fin.get(f"/inbox/{item}")
    response = decide(fin, item)

    assert shown.status_code == 200
    assert response.status_code == 403
    assert words in told(response), told(response)
    assert view(company, made).waits[0][1] == "finance"
    assert consistent(company.engine)


def changed(world: World, made: UUID) -> None:
    request = UUID(view(world, made).variables["payment_request_id"])
    for name, inputs in (("change", {"amount": Decimal("20.00")}), ("submit", {})):
        operation = operations.get(f"erp.{name}_payment_request")
        with world.acting("cash") as uow:
            calls.perform(uow, operation, {"request_id": request, **inputs}, OperationCall(uuid7()), None)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", "先审批，后付款：缺少有效审批：财务审批"),
        ("en", "Approve before pay: expected a live approval: Finance approval"),
    ],
)
def test_a_held_payment_is_explained_to_the_operator(company, sign_in, language, words):
    made = claimed(sign_in("ann"))
    decide(sign_in("bob"), item_of(company, made))
    decide(sign_in("jiangyi"), item_of(company, made))
    changed(company, made)
    jobs.run_due(company.engine)

    page = told(in_(sign_in("adam"), language).get("/cockpit/incidents"))

    assert words in page, page
    assert consistent(company.engine)


def test_a_condition_that_errors_is_explained_and_repaired_in_the_cockpit(company, sign_in):
    with company.acting("chen") as uow:
        repository.deploy(uow, {CLAIM: with_(CLAIM, '= authority = "director"', LIMIT)})
    made, adam = claimed(sign_in("ann")), sign_in("adam")
    decide(sign_in("bob"), item_of(company, made))
    page = adam.get("/cockpit/incidents").text
    address = re.search(r'action="(/cockpit/incidents/[^"]+)"', page)[1]

    assert "amount &gt;= limits.director" in page
    assert "limits: missing" in page
    assert adam.post(address, data={"variables": "{"}).status_code == 422
    assert adam.post(address, data={"variables": '{"approval": {}}'}).status_code == 422
    assert adam.post(address, data={"variables": '{"limits": {"director": 2000}}'}).status_code == 303
    assert adam.post(address, data={"variables": ""}).status_code == 409
    decide(sign_in("jiangyi"), item_of(company, made))
    assert view(company, made).instance.number in adam.get("/cockpit/jobs").text
    jobs.run_due(company.engine)

    assert view(company, made).instance.status is Status.COMPLETED
    assert consistent(company.engine)


def test_only_operators_repair(company, sign_in):
    with company.acting("chen") as uow:
        repository.deploy(uow, {CLAIM: with_(CLAIM, '= authority = "director"', LIMIT)})
    ann = sign_in("ann")
    made = claimed(ann)
    decide(sign_in("bob"), item_of(company, made))
    stuck = view(company, made).incidents[0].id
    refused: list[Callable[[], Any]] = [
        lambda: ann.post(f"/cockpit/incidents/{stuck}/resolve", data={"variables": '{"limits": {"director": 1}}'}),
        lambda: ann.post(f"/cockpit/instances/{made}/cancel", data={"reason": "x"}),
        lambda: ann.post(f"/cockpit/jobs/{stuck}/retry"),
        lambda: ann.post("/designer/lint", json={"key": "x", "xml": "x"}),
        lambda: ann.post("/api/v1/messages/", json={"name": "tracking", "key": "SF1"}),
        lambda: ann.get(f"/cockpit/instances/{made}"),
    ]

    assert [ask().status_code for ask in refused] == [403] * len(refused)
    assert len(view(company, made).incidents) == 1
