"""Going back over the pages: return, recall, withdraw, void, start again, drafts; and substitutes."""

import json
import re
from datetime import timedelta
from decimal import Decimal

from engine import identity, tasks
from engine.unit_of_work import ENGINE, Actor
from tests.webui.test_acts import DIALOG, ask, decide, item_of, sent

__all__ = ["ask"]

RETURNS = ("<troika:fields default", '<troika:return targets="initiator any"/><troika:fields default')


def test_a_task_is_sent_back_to_its_requester_who_corrects_a_draft(sign_in, ask):
    instance = ask(RETURNS)
    bob, ann = sign_in("bob"), sign_in("ann")
    item = item_of(bob)
    asked = bob.get(f"/inbox/{item}/return", headers=DIALOG).text

    assert 'value="initiator"' in asked
    assert sent(bob, f"/inbox/{item}/return", target="initiator", reason="").status_code == 422
    answer = sent(bob, f"/inbox/{item}/return", target="initiator", reason="wrong amount", resubmit="stepwise")
    assert answer.status_code == 204, answer.text
    assert "wrong amount" in ann.get(f"/requests/{instance}").text
    drafts = ann.get("/inbox/?box=drafts").text
    assert "/requests/drafts/" in drafts


def test_where_a_task_cannot_go_back_the_button_is_not_there(sign_in, ask):
    ask()
    bob = sign_in("bob")

    assert "/return" not in bob.get(f"/inbox/{item_of(bob)}").text
    answer = bob.post(f"/inbox/{item_of(bob)}/return", data={"target": "begin", "reason": "x"}, headers=DIALOG)
    assert answer.status_code == 403


def test_a_decision_is_taken_back_while_nobody_has_built_on_it(sign_in, ask):
    instance = ask()
    bob, ann = sign_in("bob"), sign_in("ann")
    item = item_of(bob)
    decide(bob, item, "agree")
    assert "Take my decision back" in bob.get(f"/inbox/{item}").text

    answer = sent(bob, f"/inbox/{item}/recall", reason="too early")

    assert answer.status_code == 204, answer.text
    assert item_of(bob) is not None
    assert item_of(ann) is None
    assert "no longer counts" in ann.get(f"/requests/{instance}").text


def test_a_request_is_withdrawn_corrected_and_submitted_again_under_its_number(sign_in, ask):
    instance = ask()
    ann, bob = sign_in("ann"), sign_in("bob")

    answer = sent(ann, f"/requests/{instance}/withdraw", reason="mistake")
    assert answer.status_code == 204, answer.text
    address = answer.headers["HX-Redirect"]
    assert item_of(bob) is None
    page = ann.get(address).text
    assert '"amount": 1' in page
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    wrong = ann.post(address, data={"data": json.dumps({"reason": "", "amount": 2}), "version": version})
    assert (wrong.status_code, '"amount": 2' in wrong.text) == (422, True)
    again = ann.post(address, data={"data": json.dumps({"reason": "taxi", "amount": 2}), "version": version})
    assert again.status_code == 303
    assert "Claim of 2" in bob.get("/inbox/").text
    assert "withdrawn" in ann.get(f"/requests/{instance}").text
    assert sign_in("bob").get(address).status_code == 404


def test_a_withdrawal_after_a_decision_is_not_offered_and_says_why(sign_in, ask):
    instance = ask()
    ann, bob = sign_in("ann"), sign_in("bob")
    decide(bob, item_of(bob), "agree")

    assert f"/requests/{instance}/withdraw" not in ann.get(f"/requests/{instance}").text
    answer = ann.post(f"/requests/{instance}/withdraw", data={"reason": "x"}, headers=DIALOG)
    assert (answer.status_code, "decided already" in answer.text) == (409, True)


def test_a_request_is_voided_with_a_reason_and_started_again(sign_in, ask):
    instance = ask()
    ann = sign_in("ann")

    assert sent(ann, f"/requests/{instance}/void", reason="").status_code == 422
    assert sent(ann, f"/requests/{instance}/void", reason="double").status_code == 204
    page = ann.get(f"/requests/{instance}").text
    assert "voided" in page
    copy = sent(ann, f"/requests/{instance}/again").headers["HX-Redirect"]
    assert '"amount": 1' in ann.get(copy).text


def test_a_start_form_is_kept_opened_changed_and_thrown_away(sign_in):
    ann = sign_in("ann")

    made = ann.post("/requests/start/claim/draft", data={"data": '{"reason": "half"}'})
    address = made.location
    assert '"reason": "half"' in ann.get(address).text
    assert address in ann.get("/inbox/?box=drafts").text
    version = re.search(r'name="version" value="(\d+)"', ann.get(address).text)[1]
    kept = ann.post(address, data={"action": "keep", "data": '{"reason": "more"}', "version": version})
    assert kept.status_code == 303
    assert '"reason": "more"' in ann.get(address).text
    stale = ann.post(address, data={"action": "keep", "data": '{"reason": "other"}', "version": version})
    assert (stale.status_code, '"reason": "other"' in stale.text) == (409, True)
    version = re.search(r'name="version" value="(\d+)"', ann.get(address).text)[1]
    assert ann.post(address, data={"action": "discard", "version": version}).status_code == 303
    assert ann.get(address).status_code == 404


def test_a_substitute_is_set_told_of_decides_and_is_ended(engine, sign_in, ask, people):
    ask()
    bob, carl = sign_in("bob"), sign_in("carl")
    with engine.unit_of_work(Actor(people["bob"].id), read_only=True) as uow:
        today = uow.now.astimezone(uow.settings.zone).date()

    assert bob.post("/substitutions/", data={"to": "bob", "first": today, "last": today}).status_code == 422
    assert bob.post("/substitutions/", data={"to": "carl", "first": "x", "last": today}).status_code == 422
    late = today + timedelta(days=3)
    sending = {"to": "carl", "first": str(today), "last": str(late), "reason": "leave", "include_open": "1"}
    assert bob.post("/substitutions/", data=sending).status_code == 303
    assert "You are acting for Bob" in carl.get("/inbox/").text
    assert "for Bob" in carl.get("/inbox/").text
    assert decide(carl, item_of(carl), "agree").status_code == 303
    mine = bob.get("/substitutions/").text
    assert "Claim of 1" in mine.partition("Decided in my name")[2]
    assert carl.post(re.search(r'action="(/substitutions/[^"]+/end)"', mine)[1]).status_code == 403
    assert bob.post(re.search(r'action="(/substitutions/[^"]+/end)"', mine)[1]).status_code == 303
    assert "You are acting for" not in carl.get("/inbox/").text
    with engine.unit_of_work(Actor(people["bob"].id), read_only=True) as uow:
        assert identity.substitutions(uow, people["bob"].id) == []


def test_a_substitution_is_changed_on_its_page_by_the_principal_only(engine, sign_in, people):
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        made = identity.substitute(uow, "bob", "carl", uow.now, uow.now + timedelta(days=1), max_amount=Decimal(5))
        last = (made.valid_to.astimezone(uow.settings.zone) - timedelta(microseconds=1)).date()
    bob, carl = sign_in("bob"), sign_in("carl")
    address = f"/substitutions/{made.id}/change"
    assert (address in bob.get("/substitutions/").text, address in carl.get("/substitutions/").text) == (True, False)
    page = bob.get(address).text
    assert all(text in page for text in ("Carl acts for Bob", f'value="{last}"', 'value="5.00"'))
    sending = {"last": str(last), "process": ["claim"], "max_amount": "7.5"}

    assert (carl.get(address).status_code, carl.post(address, data=sending).status_code) == (403, 403)
    for wrong in ({"last": "soon"}, {"last": "2020-01-01"}, {"max_amount": "much"}):
        refused = bob.post(address, data=sending | wrong)
        assert (refused.status_code, next(iter(wrong.values())) in refused.text) == (422, True)
    assert bob.post(address, data=sending).status_code == 303

    with engine.unit_of_work(Actor(people["bob"].id), read_only=True) as uow:
        [now] = identity.substitutions(uow, people["bob"].id)
    assert (now.valid_to, now.names, now.max_amount) == (made.valid_to, ("claim",), Decimal("7.5"))


def test_a_substitute_is_told_why_a_large_request_stays_with_the_principal(engine, sign_in, ask, people):
    instance = ask()
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        identity.substitute(uow, "bob", "carl", uow.now, uow.now + timedelta(days=1), max_amount=Decimal("0.50"))
        [item] = [line.work_item_id for line in tasks.inbox(uow).items if line.instance_id == instance]
    page = sign_in("carl").get(f"/inbox/{item}").text

    assert "You act for somebody else up to 0.50 CNY, and this is about 1.00 CNY" in page
    assert 'value="agree"' not in page


def test_a_decision_for_the_principal_waits_on_both_pages_until_he_confirms_it(engine, sign_in, ask, people):
    first, second = ask(), ask()
    bob, carl = sign_in("bob"), sign_in("carl")
    with engine.unit_of_work(Actor(people["bob"].id), read_only=True) as uow:
        today = str(uow.now.astimezone(uow.settings.zone).date())
    days = {"to": "carl", "first": today, "last": today}
    sending = {**days, "include_open": "1", "confirm": "1", "unconfirmed": "stands"}
    assert bob.post("/substitutions/", data=sending).status_code == 303
    assert "decisions are confirmed; without an answer they stand" in bob.get("/substitutions/").text

    items = list(dict.fromkeys(re.findall(r'data-item="([^"]+)"', carl.get("/inbox/").text)))
    for item in items:
        assert decide(carl, item, "agree", opinion="fine").status_code == 303
        assert "waits for confirmation" in carl.get(f"/inbox/{item}").text
    assert carl.get("/inbox/").text.count("waits for confirmation") == 2
    assert bob.get("/inbox/").text.count("to confirm") == 2
    page = bob.get(f"/inbox/{item}").text
    assert all(text in page for text in ("Carl decided this for Bob.", "“fine”", 'value="confirm"'))
    assert decide(carl, item, "confirm").status_code == 403
    assert decide(bob, item, "confirm").status_code == 303
    assert decide(bob, items[0], "refuse", opinion="not with me").status_code == 303

    told = [bob.get(f"/requests/{key}").text for key in (first, second)]
    assert sorted(("not with me" in text, "Carl for Bob" in text) for text in told) == [(False, True), (True, True)]
    assert "waits for confirmation" not in bob.get("/inbox/").text


def test_a_long_substitution_is_judged_on_the_page_of_the_manager_who_says_why_not(engine, sign_in, people):
    with engine.unit_of_work(ENGINE) as uow:
        identity.change_user(uow, people["carl"].id, manager="bob")
        today = uow.now.astimezone(uow.settings.zone).date()
    bob, carl, ann = sign_in("bob"), sign_in("carl"), sign_in("ann")
    sending = {"to": "ann", "first": str(today), "last": str(today + timedelta(days=40)), "keep_copy": "1"}
    assert carl.post("/substitutions/", data=sending).status_code == 303
    assert "waits for Bob" in carl.get("/substitutions/").text
    assert "Waits for your word" not in ann.get("/substitutions/").text
    page = bob.get("/substitutions/").text
    assert "Carl wants Ann as substitute" in page
    judging = re.search(r'action="(/substitutions/[^"]+/judge)"', page)[1]

    assert ann.post(judging, data={"word": "approve"}).status_code == 403
    assert bob.post(judging, data={"word": "perhaps"}).status_code == 422
    assert bob.post(judging, data={"word": "refuse", "reason": " "}).status_code == 422
    assert bob.post(judging, data={"word": "refuse", "reason": "too long"}).status_code == 303
    told = carl.get("/substitutions/").text
    assert all(text in told for text in ("Bob refused it", "“too long”", "with copies"))
    assert bob.post(judging, data={"word": "approve"}).status_code == 404
