"""A claim from the start form to the end, and what happens to stale pages, double clicks and wrong input."""

import io
import json
import re
from decimal import Decimal

import pytest
from lxml import html
from sqlalchemy import func, select

from engine import runtime, tasks
from engine.db.instance import Status, instance
from engine.unit_of_work import ENGINE, Actor

pytestmark = pytest.mark.main_job


def _submitted(visitor, reason="taxi", amount=120, **more):
    data = json.dumps({"reason": reason, "amount": amount} | more)
    page = visitor.get("/requests/start/claim").text
    once = re.search(r'name="request_id" value="([^"]+)"', page)[1]
    return visitor.post("/requests/start/claim", data={"data": data, "request_id": once})


def _task(visitor, box="todo"):
    found = re.search(r'href="/inbox/([0-9a-f-]{36})["?]', visitor.get(f"/inbox/?box={box}").text)
    return found[1] if found else None


def _decide(visitor, item, **fields):
    page = visitor.get(f"/inbox/{item}").text
    hidden = dict(re.findall(r'name="(request_id|version|seen_digest)" value="([^"]*)"', page))
    data = json.dumps(fields.pop("data")) if "data" in fields else ""
    return visitor.post(f"/inbox/{item}", data=hidden | {"data": data} | fields)


def _instances(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return uow.execute(select(instance.c.id, instance.c.status)).all()


def test_a_claim_is_submitted_agreed_paid_and_seen_by_its_requester(engine, sign_in):
    ann, bob = sign_in("ann"), sign_in("bob")

    response = _submitted(ann)
    assert response.status_code == 303
    page = ann.get(response.location).text
    assert "Claim of 120" in page
    assert "Approve" in page
    item = _task(bob)
    assert "Claim of 120" in bob.get("/inbox/").text
    assert _decide(bob, item, action="agree", opinion="fine", data={"cost_centre": "4711"}).status_code == 303
    assert _decide(ann, _task(ann), action="complete").status_code == 303

    page = ann.get(response.location).text
    assert "completed" in page
    assert "“fine”" in page
    [(instance_id, status)] = _instances(engine)
    assert status == Status.COMPLETED
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        values = runtime.instance_view(uow, instance_id).variables
    assert (values["amount"], values["cost_centre"]) == (Decimal(120), "4711")
    assert "Claim of 120" in bob.get("/inbox/?box=done").text


def test_a_double_submit_of_the_start_form_starts_once(engine, sign_in):
    ann = sign_in("ann")
    page = ann.get("/requests/start/claim").text
    once = re.search(r'name="request_id" value="([^"]+)"', page)[1]
    data = {"data": '{"reason": "taxi", "amount": 1}', "request_id": once}

    first, second = ann.post("/requests/start/claim", data=data), ann.post("/requests/start/claim", data=data)

    assert first.location == second.location
    assert len(_instances(engine)) == 1


def test_a_wrong_form_is_shown_again_with_what_was_typed_and_starts_nothing(engine, sign_in):
    response = _submitted(sign_in("ann"), reason="", amount=-5)

    assert response.status_code == 422
    assert "Reason: Please fill in this field." in response.text
    assert '"amount": -5' in response.text
    assert _instances(engine) == []


def test_a_key_that_the_form_does_not_have_is_refused(engine, sign_in):
    response = _submitted(sign_in("ann"), approved=True)

    assert response.status_code == 422
    assert _instances(engine) == []


def test_a_field_that_may_only_be_read_cannot_be_changed(engine, sign_in):
    _submitted(sign_in("ann"))
    bob = sign_in("bob")
    item = _task(bob)

    response = _decide(bob, item, action="agree", data={"amount": 1, "cost_centre": "1"})

    assert response.status_code == 422
    assert _task(bob) == item


def test_who_comes_second_reads_who_was_faster_and_keeps_his_words(sign_in):
    _submitted(sign_in("ann"))
    bob, carl = sign_in("bob"), sign_in("carl")
    item = _task(bob)
    carl.get(f"/inbox/{item}")
    _decide(bob, item, action="agree", data={})

    response = carl.post(
        f"/inbox/{item}", data={"action": "reject", "opinion": "no receipt was attached", "data": "{}"}
    )

    assert response.status_code == 409
    assert "Bob" in response.text
    assert "no receipt was attached" in response.text


def test_the_same_decision_sent_twice_is_taken_once(engine, sign_in):
    _submitted(sign_in("ann"))
    bob = sign_in("bob")
    item = _task(bob)
    page = bob.get(f"/inbox/{item}").text
    hidden = dict(re.findall(r'name="(request_id|version|seen_digest)" value="([^"]*)"', page))

    sent = [bob.post(f"/inbox/{item}", data=hidden | {"action": "agree", "data": "{}"}) for _ in range(2)]

    assert [response.status_code for response in sent] == [303, 303]


def test_a_rejection_needs_an_opinion(sign_in):
    _submitted(sign_in("ann"))
    bob = sign_in("bob")
    item = _task(bob)

    refused = _decide(bob, item, action="reject", data={})
    taken = _decide(bob, item, action="reject", opinion="too much", data={})

    assert (refused.status_code, taken.status_code) == (422, 303)


def test_a_claimed_task_leaves_the_others_and_can_be_given_back(sign_in):
    _submitted(sign_in("ann"))
    bob, carl = sign_in("bob"), sign_in("carl")

    mine = _decide(bob, _task(bob, "claimable"), action="claim").location.rsplit("/", 1)[1]
    assert _task(carl) is None
    assert _decide(bob, mine, action="unclaim").status_code == 303

    assert _task(carl) is not None


def test_a_transferred_task_moves_to_the_other_inbox(sign_in):
    _submitted(sign_in("ann"))
    bob, carl = sign_in("bob"), sign_in("carl")
    mine = _decide(bob, _task(bob), action="claim").location.rsplit("/", 1)[1]

    response = bob.post(f"/inbox/{mine}/transfer", data={"to": "carl", "reason": "on leave"})

    assert response.status_code == 303
    assert _task(carl) is not None
    assert _task(bob) is None


def test_a_stranger_sees_neither_task_nor_request(sign_in):
    address = _submitted(sign_in("ann")).location
    item, root = _task(sign_in("bob")), sign_in("olga")
    dora = sign_in("dora")

    assert dora.get(f"/inbox/{item}").status_code == 403
    assert dora.get(address).status_code == 404
    assert root.get(address).status_code == 200


def test_a_file_of_a_wrong_type_or_too_large_is_refused_and_a_good_one_can_be_opened(sign_in):
    address = _submitted(sign_in("ann")).location
    bob = sign_in("bob")
    item = _task(bob)

    def attach(name, content):
        response = bob.post(f"/inbox/{item}/attachments", data={"file": (io.BytesIO(content), name)})
        response.request.environ["wsgi.input"].close()  # werkzeug keeps a large body in a temporary file
        return response

    assert attach("page.html", b"<html><script>1</script></html>").status_code == 415
    assert attach("big.pdf", b"%PDF-" + b"x" * 1_200_000).status_code == 413
    assert attach("receipt.pdf", b"%PDF-1.7 taxi").status_code == 303
    link = re.search(r'href="(/requests/documents/[0-9a-f-]+)"', bob.get(f"/inbox/{item}").text)[1]
    opened = bob.get(link)
    assert opened.data == b"%PDF-1.7 taxi"
    assert "sandbox" in opened.headers["Content-Security-Policy"]
    assert sign_in("dora").get(link).status_code == 403
    assert "receipt.pdf" in sign_in("ann").get(address).text


def test_a_comment_is_read_by_everybody_in_the_request(sign_in):
    address = _submitted(sign_in("ann")).location
    bob = sign_in("bob")

    bob.post(f"/inbox/{_task(bob)}/comment", data={"text": "which taxi?"})

    assert "which taxi?" in sign_in("ann").get(address).text


def test_a_post_without_token_is_refused_and_shows_what_was_typed(app, engine, sign_in):
    ann = sign_in("ann")
    ann.token = "stale"

    response = ann.post("/requests/start/claim", data={"data": '{"reason": "taxi"}'})

    assert response.status_code == 403
    assert "taxi" in response.text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(func.count()).select_from(instance)).scalar_one() == 0


def test_the_diagram_marks_what_passed_and_where_it_stands(sign_in):
    ann = sign_in("ann")
    address = _submitted(ann).location

    found = ann.get(f"{address}/diagram.json").json

    assert found["markers"] == {
        "begin": "passed", "approve": "active", "agreed": "predicted", "pay": "predicted", "paid": "predicted",
    }  # fmt: skip
    assert found["order"] == ["begin", "approve", "agreed", "pay", "paid"]
    assert (found["flows"], found["ahead"]) == (["f1"], ["f2", "yes", "f3"])
    assert found["details"]["pay"]["lines"] == ["expected: Ann"]
    assert "<userTask" in found["xml"]


def test_taking_a_task_from_the_group_and_giving_it_back_are_called_that(engine, people, sign_in):
    ann, bob = sign_in("ann"), Actor(people["bob"].id)
    address = _submitted(ann).headers["Location"]
    with engine.unit_of_work(bob) as uow:
        own = tasks.claim(uow, tasks.inbox(uow, "claimable").items[0].work_item_id)
    taken = _text_of(ann.get(address))
    with engine.unit_of_work(bob) as uow:
        tasks.unclaim(uow, own)
    back = _text_of(ann.get(address))
    with engine.unit_of_work(bob) as uow:
        tasks.agree(uow, tasks.claim(uow, tasks.inbox(uow, "claimable").items[0].work_item_id), {}, "fine")
    done = _text_of(ann.get(address))

    for text in (taken, back, done):
        assert "transferred to" not in text
    assert ("claimed" in taken, "given back to Managers" in taken) == (True, False)
    assert "given back to Managers" in back
    assert done.count("claimed") == 2


def _text_of(page):
    return " ".join(html.fromstring(page.text).text_content().split())
