"""The lists of the inbox: boxes, filters, saved lists, the open task beside them, what comes next, what changed."""

import re
from uuid import UUID

import pytest
from sqlalchemy import update

from benchmarks import inbox
from engine import identity, runtime, tasks
from engine.db.identity import user_group
from engine.unit_of_work import ENGINE, Actor


@pytest.fixture
def claims(engine, sign_in, people):
    """Three claims of ann that wait for a manager; their ids in the order of bob's list."""
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        runtime.start(uow, "claim", {"reason": "taxi", "amount": 1})
    for amount in (2, 3):
        with engine.unit_of_work(Actor(people["ann"].id)) as uow:
            runtime.start(uow, "claim", {"reason": "taxi", "amount": amount})
    return items(sign_in("bob"))


def items(visitor, query=""):
    page = visitor.get(f"/inbox/{query}").text
    return list(dict.fromkeys(re.findall(r'data-item="([0-9a-f-]{36})"', page)))


def decide(visitor, item, **fields):
    page = visitor.get(f"/inbox/{item}").text
    hidden = dict(re.findall(r'name="(request_id|version|seen_digest)" value="([^"]*)"', page))
    return visitor.post(f"/inbox/{item}", data=hidden | {"data": "{}"} | fields)


@pytest.mark.parametrize("box", ["todo", "claimable", "done", "requested", "copied", "drafts"])
def test_every_box_says_what_it_is_for_when_it_is_empty(sign_in, box):
    page = sign_in("dora").get(f"/inbox/?box={box}")

    assert page.status_code == 200
    assert "Nothing here" in page.text


def test_boxes_hold_what_was_decided_started_copied_and_half_written(engine, sign_in, people, claims):
    bob, ann = sign_in("bob"), sign_in("ann")
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        mine = tasks.claim(uow, UUID(claims[0]))
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        tasks.save_draft(uow, mine, {}, "half a thought")
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        tasks.copy_to(uow, tasks.get(uow, UUID(claims[1])).instance_id, ["carl"])
    decide(bob, claims[2], action="agree")

    assert items(bob, "?box=drafts") == [str(mine)]
    assert "Claim of 3" in bob.get("/inbox/?box=done").text
    assert [f"Claim of {n}" in ann.get("/inbox/?box=requested").text for n in (1, 2, 3)] == [True, True, True]
    copied = sign_in("carl").get("/inbox/?box=copied").text
    assert "Claim of 2" in copied
    assert "unread" in copied
    assert "from Bob" in copied


def test_filters_of_the_address_narrow_the_list_and_wrong_ones_are_none(sign_in, claims, people):
    bob = sign_in("bob")

    assert items(bob, "?text=of 2") == [claims[1]]
    assert items(bob, f"?process=claim&node=approve&requester={people['ann'].id}") == claims
    assert items(bob, f"?requester={people['bob'].id}") == []
    assert items(bob, "?due=overdue") == []
    assert items(bob, "?due=week&sort=priority") == claims
    assert items(bob, "?due=x&sort=x&waiting=x&requester=x&layout=x") == claims
    assert items(bob, "?sort=newest") == claims[::-1]


def test_as_a_table_the_key_fields_are_columns(sign_in, claims):
    page = sign_in("bob").get("/inbox/?process=claim&layout=table").text

    assert "<th>Amount</th>" in page
    assert page.count('<td class="text-break">3.00 CNY</td>') == 1


def test_a_list_is_saved_used_and_forgotten(sign_in, claims):
    bob = sign_in("bob")

    assert bob.post("/inbox/views", data={"name": "late ones", "due": "overdue", "sort": "waiting"}).status_code == 303
    page = bob.get("/inbox/").text
    assert "/inbox/?due=overdue&amp;sort=waiting" in page
    assert "late ones" not in sign_in("carl").get("/inbox/").text
    bob.post(re.search(r'action="(/inbox/views/[^"]+/remove)"', page)[1])
    assert "late ones" not in bob.get("/inbox/").text
    assert bob.post("/inbox/views", data={"name": ""}).status_code == 422


def test_after_a_decision_the_next_task_of_the_same_list_is_shown(sign_in, claims):
    bob = sign_in("bob")

    response = decide(bob, claims[1], action="agree", list="sort=newest", pane="1")
    shown = bob.get(response.location)

    assert shown.location == f"/inbox/?open={claims[0]}&sort=newest"
    assert "Claim of 1" in bob.get(shown.location).text.partition('id="task"')[2]
    alone = bob.get(decide(bob, claims[0], action="agree").location)
    assert alone.location == f"/inbox/{claims[2]}"
    nothing = bob.get(decide(bob, claims[2], action="agree").location)
    assert nothing.location == "/inbox/"


def test_a_list_that_polls_is_sent_again_only_when_it_changed(sign_in, claims):
    bob = sign_in("bob")
    address = re.search(r'id="list" hx-get="([^"]+)"', bob.get("/inbox/").text)[1]

    same = bob.get(address, headers={"HX-Request": "true"})
    decide(sign_in("carl"), claims[0], action="agree")
    other = bob.get(address, headers={"HX-Request": "true"})

    assert same.status_code == 204
    assert other.status_code == 200
    assert other.text.lstrip().startswith('<div id="list"')
    assert claims[0] not in other.text
    assert claims[1] in other.text


def test_an_open_task_says_that_somebody_decided_it_meanwhile(sign_in, claims):
    bob, carl = sign_in("bob"), sign_in("carl")
    asked = re.search(r'hx-get="(/inbox/[^"]+/standing[^"]*)"', bob.get(f"/inbox/{claims[0]}").text)[1]

    before = bob.get(asked)
    decide(carl, claims[0], action="agree")
    after = bob.get(asked)

    assert before.status_code == 204
    assert "Carl" in after.text
    assert "agree" in after.text
    assert sign_in("dora").get(asked).status_code == 403
    assert "Carl" in bob.get(f"/inbox/?open={claims[0]}").text


def test_the_number_of_entries_ends_at_a_thousand(app):
    with app.test_request_context():
        template = app.jinja_env.from_string("{{ 1000|capped }} {{ 1001|capped }}")

        assert template.render() == "1000 1000+"


def test_a_transfer_is_asked_for_on_a_page_of_its_own_or_in_a_dialog(sign_in, claims):
    bob = sign_in("bob")
    address = f"/inbox/{claims[0]}/transfer"

    whole, part = bob.get(address), bob.get(address, headers={"HX-Request": "true"})
    assert "<html" in whole.text
    assert "<html" not in part.text
    refused = bob.post(address, data={"to": "nobody", "reason": "away"})
    assert (refused.status_code, "nobody" in refused.text) == (404, True)
    refused = bob.post(address, data={"to": "carl", "reason": ""}, headers={"HX-Request": "true"})
    assert (refused.status_code, "reason" in refused.text, "<html" in refused.text) == (422, True, False)
    sent = bob.post(address, data={"to": "carl", "reason": "away"}, headers={"HX-Request": "true"})
    assert (sent.status_code, sent.headers["HX-Redirect"].startswith("/inbox/next/")) == (204, True)
    assert len(items(sign_in("carl"))) == 3


def test_the_numbers_at_the_menu_are_fragments_for_the_page_that_asks_again(sign_in):
    for address in ("/inbox/badge", "/messages/badge"):
        answer = sign_in("ann").get(address, headers={"HX-Request": "true"})
        assert (answer.status_code, answer.text.lstrip()[:5]) == (200, "<span")


def test_a_group_is_named_in_the_readers_language(engine, sign_in, people):
    with engine.unit_of_work(ENGINE) as uow:
        group = identity.group(uow, "managers")
        uow.execute(update(user_group).where(user_group.c.id == group.id).values(name="主管", name_en="Managers"))
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        runtime.start(uow, "claim", {"reason": "taxi", "amount": 1})
    bob = sign_in("bob")

    assert "to claim · Managers" in bob.get("/inbox/?box=claimable").text
    bob.environ_base["HTTP_ACCEPT_LANGUAGE"] = "zh-CN"
    assert "待领取 · 主管" in bob.get("/inbox/?box=claimable").text


def test_a_forbidden_page_says_the_act_in_the_readers_language(sign_in):
    ann = sign_in("ann")
    ann.environ_base["HTTP_ACCEPT_LANGUAGE"] = "zh-CN"

    refused = ann.get("/people/").text
    assert "打开“组织与权限”（/people/）需要“组织与人员”权限，你的账号没有。" in refused
    assert "系统管理员可以通过用户组授予：Root。" in refused


def test_a_page_of_the_list_sends_at_most_twelve_statements(engine, people, claims):
    pages = {
        address: inbox.web_page(engine, Actor(people["bob"].id), address)
        for address in ("/inbox/", "/inbox/?sort=newest")
    }
    for ask in pages.values():
        ask()

    assert {address: inbox.statements(ask) for address, ask in pages.items() if inbox.statements(ask) > 12} == {}
