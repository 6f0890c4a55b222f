"""The acts on a task and on a request over their pages: as a dialog, refused with what was chosen still there."""

import json
import re
from datetime import timedelta

import pytest

from engine import jobs, repository, runtime, tasks
from engine.unit_of_work import ENGINE, Actor
from tests.webui.drawings import APPROVAL_FORM, CLAIM, CLAIM_FORM
from webui import talks

DIALOG = {"HX-Request": "true"}
ALL = ('mode="any"', 'mode="all"')


def drawn(*changes: tuple[str, str]) -> bytes:
    """The claim, decided by bob alone, with some of its text replaced."""
    text = CLAIM.decode().replace('candidateGroups="managers"', 'assignee="bob"').replace('id="claim"', 'id="ask"')
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


@pytest.fixture
def ask(engine, app, people):
    """ask(change, …) -> the instance of a request of ann at bob's, drawn with these changes."""

    def start(*changes: tuple[str, str], number: int = 1):
        with engine.unit_of_work(ENGINE) as uow:
            repository.deploy(
                uow,
                {"processes/ask.bpmn": drawn(*changes), "forms/claim.json": CLAIM_FORM,
                 "forms/approval.json": APPROVAL_FORM},
                f"ask {changes}",
            )  # fmt: skip
        made = []
        for amount in range(1, number + 1):
            with engine.unit_of_work(Actor(people["ann"].id)) as uow:
                made.append(runtime.start(uow, "ask", {"reason": "taxi", "amount": amount}).id)
        return made if number > 1 else made[0]

    return start


def item_of(visitor, text=""):
    found = re.search(r'href="/inbox/([0-9a-f-]{36})["?]', visitor.get(f"/inbox/?text={text}").text)
    return found[1] if found else None


def sent(visitor, address, **fields):
    """What the dialog posts, as htmx does."""
    page = visitor.get(address, headers=DIALOG)
    assert page.status_code == 200, page.text
    assert "<html" not in page.text
    once = re.search(r'name="request_id" value="([^"]+)"', page.text)[1]
    return visitor.post(address, data={"request_id": once} | fields, headers=DIALOG)


def decide(visitor, item, action, **fields):
    page = visitor.get(f"/inbox/{item}").text
    hidden = dict(re.findall(r'name="(request_id|version|seen_digest)" value="([^"]*)"', page))
    return visitor.post(f"/inbox/{item}", data=hidden | {"data": "{}", "action": action} | fields)


def test_only_two_acts_and_claiming_are_seen_at_once_the_others_are_behind_more(sign_in, ask):
    ask()
    bob = sign_in("bob")
    bar = bob.get(f"/inbox/{item_of(bob)}").text.partition('class="tk-bar"')[2].partition("</form>")[0]
    first, _, more = bar.partition("<details")

    assert re.findall(r'value="(\w+)"', first) == ["agree", "reject"]
    assert re.findall(r"/inbox/[0-9a-f-]+/(\w+)", more) == ["transfer", "delegate", "signers", "consult", "copy"]


def test_a_colleague_gives_advice_and_the_decision_stays(sign_in, ask):
    address = f"/requests/{ask()}"
    bob, carl = sign_in("bob"), sign_in("carl")
    item = item_of(bob)

    refused = sent(bob, f"/inbox/{item}/delegate", to="carl", reason="")
    assert (refused.status_code, "Carl" in refused.text) == (422, True)
    assert sent(bob, f"/inbox/{item}/delegate", to="carl", reason="is this usual?").status_code == 204
    assert "Take it back" in bob.get(f"/inbox/{item}").text
    question = carl.get(f"/inbox/{item_of(carl)}").text
    assert "Give advice" in question
    assert "is this usual?" in question
    assert decide(carl, item_of(carl), "advise").status_code == 422
    assert decide(carl, item_of(carl), "advise", opinion="quite usual").status_code == 303
    assert "“quite usual”" in bob.get(f"/inbox/{item}").text
    assert decide(bob, item, "agree").status_code == 303
    shown = sign_in("ann").get(address).text
    assert "asked Carl for advice" in shown
    assert "advised" in shown


def test_a_question_is_taken_back_without_an_answer(sign_in, ask):
    ask()
    bob, carl = sign_in("bob"), sign_in("carl")
    item = item_of(bob)
    sent(bob, f"/inbox/{item}/delegate", to="carl", reason="?")

    assert decide(bob, item, "take_back").status_code == 303
    assert item_of(carl) is None
    assert item_of(bob) == item


@pytest.mark.parametrize("where", ["before", "after", "beside"])
def test_a_signer_is_added_asked_and_named_in_the_timeline(sign_in, ask, where):
    address = f"/requests/{ask(ALL)}"
    bob, carl = sign_in("bob"), sign_in("carl")
    item = item_of(bob)

    answer = sent(bob, f"/inbox/{item}/signers", to="carl", where=where, mode="all", reason="look", data="{}")
    assert answer.status_code == 204, answer.text
    assert decide(carl, item_of(carl), "agree").status_code == 303
    if where != "after":
        assert decide(bob, item_of(bob), "agree").status_code == 303
    shown = sign_in("ann").get(address).text
    assert f"added Carl {where}" in shown
    assert "now at" in shown
    assert "Pay" in shown


def test_what_has_changed_meanwhile_is_said_as_the_form_says_it(sign_in, ask, monkeypatch):
    form = json.loads(APPROVAL_FORM)
    form["components"] += [
        {"type": "checkbox", "id": "F_urgent", "key": "urgent", "label": "加急"},
        {"type": "select", "id": "F_sort", "key": "sort", "label": "类别",
         "values": [{"label": "差旅", "value": "travel"}, {"label": "办公", "value": "office"}]},
        {"type": "datetime", "id": "F_day", "key": "day", "dateLabel": "日期", "subtype": "date"},
    ]  # fmt: skip
    monkeypatch.setitem(globals(), "APPROVAL_FORM", json.dumps(form).encode())
    ask(ALL, ('assignee="bob"', 'candidateUsers="bob,carl"'), ('default="read"', 'default="write"'))
    bob, carl = sign_in("bob"), sign_in("carl")
    item, his = item_of(bob), item_of(carl)
    hidden = dict(
        re.findall(r'name="(request_id|version|seen_digest)" value="([^"]*)"', carl.get(f"/inbox/{his}").text)
    )
    written = {"amount": 7350, "urgent": True, "sort": "office", "day": "2026-01-02"}
    assert decide(bob, item, "agree", data=json.dumps(written)).status_code == 303

    carl.post("/language", data={"language": "zh"})
    late = carl.post(f"/inbox/{his}", data=hidden | {"data": "{}", "action": "agree"})

    assert late.status_code == 409
    assert "金额：1.00 CNY → 7,350.00 CNY、日期：– → 2026-01-02、类别：– → 办公、加急：– → 是。" in late.text


def test_what_a_person_wrote_is_never_taken_for_words_of_the_engine(sign_in, engine, clock, ask):
    late = '<troika:timeout><troika:step after="P1D" do="transfer" to="dora"/></troika:timeout>'
    instance = ask(('onReject="flow"/>', f'onReject="flow"/>{late}'))
    address = f"/requests/{instance}"
    bob = sign_in("bob")
    assert sent(bob, f"/inbox/{item_of(bob)}/transfer", to="carl", reason="bank said: rejected").status_code == 204
    bob.post("/language", data={"language": "zh"})
    assert "bank said: rejected" in bob.get(address).text
    clock.advance(timedelta(days=1))
    jobs.run_due(engine)
    shown = bob.get(address).text

    assert "bank said: rejected" in shown
    assert "the time limit has passed" not in shown
    assert "Dora" in shown


def test_a_yes_that_others_sign_after_is_for_what_its_giver_has_seen(sign_in, engine, ask):
    instance = ask(ALL)
    bob = sign_in("bob")
    item = item_of(bob)
    dialog = bob.get(f"/inbox/{item}/signers", headers=DIALOG).text
    seen = re.search(r'name="seen_digest" value="(seen:[^"]+)"', dialog)[1]
    with engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, instance, {"amount": 5000}, reason="corrected")

    answer = sent(bob, f"/inbox/{item}/signers", to="carl", where="after", mode="all", data="{}", seen_digest=seen)

    assert answer.status_code == 409
    assert item_of(sign_in("carl")) is None
    assert item_of(bob) == item


def test_an_added_signer_is_removed_by_whoever_added_him(sign_in, ask):
    ask(ALL)
    bob, carl = sign_in("bob"), sign_in("carl")
    item = item_of(bob)
    sent(bob, f"/inbox/{item}/signers", to="carl", where="beside", mode="all", reason="")
    removing = re.search(rf'href="(/inbox/{item}/signers/[^"]+)"', bob.get(f"/inbox/{item}").text)[1]

    assert sent(bob, removing, reason="not needed").status_code == 204
    assert item_of(carl) is None
    assert "removed" in bob.get(f"/inbox/{item}").text


def test_where_a_signer_stands_must_be_said(sign_in, ask):
    ask()
    bob = sign_in("bob")

    assert sent(bob, f"/inbox/{item_of(bob)}/signers", to="carl", where="elsewhere").status_code == 422
    assert sent(bob, f"/inbox/{item_of(bob)}/signers", where="before").status_code == 422


def test_a_copy_is_sent_from_task_and_request_and_its_reading_is_seen(sign_in, ask):
    instance = ask()
    address, bob, dora = f"/requests/{instance}", sign_in("bob"), sign_in("dora")

    assert sent(bob, f"/inbox/{item_of(bob)}/copy", to="dora", reason="for you").status_code == 204
    assert sent(sign_in("ann"), f"{address}/copy", to="carl, olga").status_code == 204
    assert sign_in("ann").get(address).text.count("unread") == 3
    page = dora.get(address).text
    assert dora.post(re.search(r'hx-post="(/requests/[^"]+/read/[^"]+)"', page)[1]).status_code == 303
    assert sign_in("ann").get(address).text.count("unread") == 2
    assert 'hx-post="/requests/' not in dora.get(address).text
    assert sent(bob, f"/inbox/{item_of(bob)}/copy").status_code == 422


def test_the_requester_urges_once_in_two_hours(sign_in, ask):
    address = f"/requests/{ask()}"
    ann, bob = sign_in("ann"), sign_in("bob")

    assert sent(ann, f"{address}/urge").status_code == 204
    again = sent(ann, f"{address}/urge")
    assert (again.status_code, "<html" in again.text) == (409, False)
    assert "urged" in bob.get("/inbox/").text
    assert f'href="{address}/urge"' not in bob.get(address).text
    assert bob.post(f"{address}/urge").status_code == 403


def test_many_are_agreed_to_and_each_says_what_became_of_it(engine, sign_in, ask, people):
    ask(("<troika:fields default", '<troika:buttons batch="true"/><troika:fields default'), number=3)
    bob = sign_in("bob")
    page = bob.get("/inbox/").text
    lines = re.findall(r'name="line" value="([^"]+)"', page)
    assert len(lines) == 3
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        tasks.agree(uow, next(one.work_item_id for one in tasks.inbox(uow).items if one.title == "Claim of 2"))

    answer = bob.post("/inbox/agree-many", data={"line": lines, "opinion": "fine", "request_id": "1"})

    assert answer.status_code == 200
    assert "2 of 3 agreed to." in answer.text
    assert [f"Claim of {n}" in answer.text for n in (1, 2, 3)] == [True, True, True]
    assert item_of(bob) is None
    assert bob.post("/inbox/agree-many", data={}).status_code == 422
    assert bob.post("/inbox/agree-many", data={"line": "x:y"}).status_code == 422


def test_common_phrases_stand_at_the_opinion_and_what_was_typed_is_kept_for_later(sign_in, ask):
    ask(("<troika:fields default", '<troika:opinion phrases="Looks good|Invoice missing"/><troika:fields default'))
    bob = sign_in("bob")
    item = item_of(bob)

    assert 'value="Invoice missing">' in bob.get(f"/inbox/{item}").text
    assert decide(bob, item, "save", opinion="half", data='{"cost_centre": "4711"}').status_code == 303
    page = bob.get(f"/inbox/{item}").text
    assert ">half</textarea>" in page
    assert '"cost_centre": "4711"' in page
    assert item_of(bob) == item
    assert "half written" in bob.get("/inbox/").text


def test_an_abstention_is_offered_where_the_drawing_counts_ratios(sign_in, ask):
    ask(('mode="any"', 'mode="ratio" threshold="1/2"'))
    bob = sign_in("bob")

    assert 'value="abstain"' in bob.get(f"/inbox/{item_of(bob)}").text
    assert decide(bob, item_of(bob), "abstain").status_code == 303


def test_later_approvers_are_named_where_the_node_allows_it(sign_in, ask):
    """And the offer is gone when every task has been reached."""
    ask()
    bob = sign_in("bob")
    assert f"/inbox/{item_of(bob)}/future" not in bob.get(f"/inbox/{item_of(bob)}").text
    sent(bob, f"/inbox/{item_of(bob)}/transfer", to="dora", reason="out of the way")

    instance = ask(("<troika:fields default", '<troika:buttons changeFuture="true"/><troika:fields default'))
    address = f"/inbox/{item_of(bob)}/future"
    assert address in bob.get(f"/inbox/{item_of(bob)}").text
    assert "Pay" in bob.get(address).text
    assert sent(bob, address, node="pay", to="").status_code == 422
    assert sent(bob, address, node="nowhere", to="carl").status_code == 422
    assert sent(bob, address, node="pay", to="carl", adds="0").status_code == 204
    assert "instead: Carl" in bob.get(address).text
    decide(bob, item_of(bob), "agree")

    carl = sign_in("carl")
    assert f"/requests/{instance}" in carl.get(f"/inbox/{item_of(carl)}").text


def test_a_private_thread_is_begun_and_answered_and_seen_by_nobody_else(sign_in, ask):
    address = f"/requests/{ask()}"
    bob, dora, ann = sign_in("bob"), sign_in("dora"), sign_in("ann")
    item = item_of(bob)

    assert sent(bob, f"/inbox/{item}/consult", to="dora", reason="").status_code == 422
    assert sent(bob, f"/inbox/{item}/consult", to="dora", reason="fair price?").status_code == 204
    answering = re.search(rf'action="({address}/consult/[^"]+)"', dora.get(address).text)[1]
    assert dora.post(answering, data={"text": "quite fair"}).status_code == 303

    assert "quite fair" in bob.get(f"/inbox/{item}").text
    mine = re.search(rf'action="(/inbox/{item}/consult/[^"]+)"', bob.get(f"/inbox/{item}").text)[1]
    assert bob.post(mine, data={"text": ""}).status_code == 422
    assert bob.post(mine, data={"text": "thanks"}).status_code == 303

    assert sent(ann, f"{address}/consult", to="carl", reason="how long?").status_code == 204
    assert "how long?" in sign_in("carl").get(address).text
    assert "thanks" in dora.get(address).text
    page = ann.get(address).text
    assert "quite fair" not in page
    assert "fair price?" not in page
    assert ann.post(answering, data={"text": "me too"}).status_code == 404
    assert "Dora" in page  # that she reads along is no secret


def test_whoever_is_mentioned_reads_the_request_when_somebody_has_let_him(sign_in, ask):
    address = f"/requests/{ask()}"
    bob, dora, ann = sign_in("bob"), sign_in("dora"), sign_in("ann")
    item = item_of(bob)

    assert bob.post(f"/inbox/{item}/comment", data={"text": "see?", "mentions": "dora, ann"}).status_code == 303
    assert bob.post(f"/inbox/{item}/comment", data={"text": "see?", "mentions": "nobody"}).status_code == 404
    assert dora.get(address).status_code == 404
    page = bob.get(f"/inbox/{item}").text
    assert ("@Ann" in page, "Let Dora read it" in page, "Let Ann read it" in page) == (True, True, False)
    admitting = re.search(rf'action="({address}/comments/[^"]+/admit)"', ann.get(address).text)[1]
    person = re.search(r'name="person" value="([^"]+)"', ann.get(address).text)[1]
    assert dora.post(admitting, data={"person": person}).status_code == 403
    assert ann.post(admitting, data={"person": person}).status_code == 303

    assert "@Dora" in dora.get(address).text
    assert "Let Dora read it" not in bob.get(f"/inbox/{item}").text


def test_only_the_last_comments_are_shown_at_first(engine, sign_in, ask, people):
    instance = ask()
    for number in range(talks.PAGE + 1):
        with engine.unit_of_work(Actor(people["ann"].id)) as uow:
            tasks.comment(uow, instance, f"remark {number}.")
    page = sign_in("ann").get(f"/requests/{instance}").text

    assert ("remark 50." in page, "remark 0." in page) == (True, False)
    earlier = re.search(r'href="(/requests/[^"]+before=[^"]+)"', page)[1]
    page = sign_in("ann").get(earlier).text
    assert ("remark 0." in page, "remark 1." in page) == (True, False)


def test_the_page_of_a_request_shows_the_version_that_runs(sign_in, ask):
    older = ask(('name="付款"', 'name="旧付款"'))
    newer = ask(('name="付款"', 'name="新付款"'))
    ann = sign_in("ann")

    for instance, version, word, other in ((older, "v1", "旧付款", "新付款"), (newer, "v2", "新付款", "旧付款")):
        assert f"· {version}" in ann.get(f"/requests/{instance}").text
        drawn_as = ann.get(f"/requests/{instance}/diagram.json").json["xml"]
        assert (word in drawn_as, other in drawn_as) == (True, False)


def test_whoever_looks_after_a_process_finds_and_steers_its_requests_without_the_cockpit(sign_in, ask):
    summary = '<troika:summary fields="amount"/>'
    instance = ask((summary, f'{summary}<troika:managers groups="managers"/>'))
    carl, dora = sign_in("carl"), sign_in("dora")
    address, moving = f"/requests/{instance}", f"/cockpit/instances/{instance}/modify"

    assert "/requests/managed" in carl.get("/requests/mine").text
    assert "/requests/managed" not in dora.get("/requests/mine").text
    listed = carl.get("/requests/managed?text=&status=running").text
    assert address in listed
    assert "Ann" in listed
    assert address not in dora.get("/requests/managed").text
    shown = carl.get(address).text
    assert all(f"{address}/{act}" in shown for act in ("urge", "void", "suspend", "cancel"))
    assert moving in shown
    assert sent(carl, f"{address}/suspend", reason="").status_code == 422
    assert sent(carl, f"{address}/suspend", reason="audit").status_code == 204
    assert f"{address}/activate" in carl.get(address).text
    assert sent(carl, f"{address}/activate").status_code == 204
    assert carl.get(moving).status_code == 200
    assert [dora.get(path).status_code for path in (f"{address}/suspend", moving)] == [404, 403]
    assert sent(carl, f"{address}/cancel", reason="twice").status_code == 204
    assert carl.get("/requests/managed?status=terminated").text.count(address) == 1


def test_what_is_over_is_released_by_its_group_and_erased_by_an_administrator(sign_in, engine, ask, clock):
    summary = '<troika:summary fields="amount"/>'
    instance = ask((summary, f'{summary}<troika:retention after="P1Y" legal="managers"/>'))
    address = f"/requests/{instance}"
    assert decide(sign_in("bob"), item_of(sign_in("bob")), "reject", opinion="twice").status_code == 303
    assert "Kept until" in sign_in("ann").get(address).text
    clock.advance(timedelta(days=367))
    carl, root = sign_in("carl"), sign_in("root")

    assert address not in root.get("/cockpit/retention").text
    held = root.get("/cockpit/retention?kept=1").text
    assert address in held
    assert "Managers has not released it" in held
    assert f"{address}/release" not in sign_in("ann").get(address).text
    listed = carl.get("/requests/kept").text
    assert address in listed
    assert "/requests/kept" in carl.get("/requests/mine").text
    assert "/requests/kept" not in sign_in("ann").get("/requests/mine").text
    assert f"{address}/release" in carl.get(address).text
    assert sent(carl, f"{address}/release", reason="audited").status_code == 204
    assert address not in carl.get("/requests/kept").text
    page = root.get("/cockpit/retention").text
    once = re.search(r'name="request_id" value="([^"]+)"', page)[1]
    erase = re.search(r'action="(/cockpit/retention/[^"]+)"', page)[1]
    assert sign_in("olga").post(erase, data={"reason": "x"}).status_code == 403
    assert root.post(erase, data={"reason": "a year", "request_id": once}).status_code == 303
    assert erase not in root.get("/cockpit/retention").text
    shown = sign_in("ann").get(address).text
    assert "taxi" not in shown
    assert "erased" in shown
    assert not re.search(f'{address}/(comment|copy|again)"', shown)
    assert sent(sign_in("ann"), f"{address}/copy", to="dora", reason="look").status_code == 409


def test_a_decision_that_was_taken_back_stays_in_the_timeline_and_says_so(sign_in, ask):
    address = f"/requests/{ask(ALL)}"
    bob = sign_in("bob")
    item = item_of(bob)
    assert decide(bob, item, "agree", opinion="too fast").status_code == 303
    assert "no longer counts" not in bob.get(address).text

    assert sent(bob, f"/inbox/{item}/recall", reason="wrong one").status_code == 204

    shown = bob.get(address).text
    assert "agreed, no longer counts (recalled)" in shown
    assert "too fast" in shown


def test_a_task_of_many_that_was_skipped_stands_in_the_timeline(sign_in, ask):
    skipped = '<troika:skipWhen value="= amount &lt; 100"/><troika:fields default'
    instance = ask(ALL, ('assignee="bob"', 'candidateUsers="bob,carl"'), ("<troika:fields default", skipped))
    page = sign_in("ann").get(f"/requests/{instance}").text
    timeline = page.partition('id="timeline-title"')[2]

    assert "Approve" in timeline
    assert "automatic" in timeline
    assert "amount &lt; 100" in timeline
    assert item_of(sign_in("bob")) is None
