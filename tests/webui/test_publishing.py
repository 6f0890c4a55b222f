"""Publishing a draft: what its page says beforehand, who follows, and what is refused; the database does not matter."""

import html
import re

import pytest
from sqlalchemy import select

from engine import drafts, identity, jobs, messages, policy, repository, runtime
from engine.db.instance import instance
from engine.findings import Finding, Level
from engine.notices import inside
from engine.unit_of_work import ENGINE, Actor
from tests.engine.policy.test_deploying import editing, form
from tests.engine.policy.test_gate import POLICY
from tests.webui.drawings import CLAIM
from tests.webui.publishing import publish, seen
from webui.designer.checked import findings_of
from webui.designer.filing import File

PATH = "processes/oa/claim.bpmn"
RENAMED = CLAIM.replace("审批".encode(), "审核".encode())
OTHER_ID = RENAMED.replace(b'"approve"', b'"check"').replace(b"approval.approve.", b"approval.check.")
CALLER = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
 targetNamespace="urn:test" id="d2"><process id="trip" name="出差" isExecutable="true">
<startEvent id="s"/><callActivity id="c" name="报销"><extensionElements><zeebe:calledElement processId="claim"/>
</extensionElements></callActivity><endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="c"/>
<sequenceFlow id="f2" sourceRef="c" targetRef="e"/></process></definitions>""".encode()


@pytest.fixture
def engine(_sqlite, clock):
    yield from _sqlite.lend(clock)


@pytest.fixture
def ana(engine, people, analyst):
    """An analyst; ann has begun a claim by version 1."""
    visitor = analyst("ana", "安娜")
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        runtime.start(uow, "claim", {"reason": "train", "amount": 12})
    return visitor


def drawn(engine, content, version=0):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, content, version=version, name="报销")


def text_of(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_the_page_says_what_is_new_what_runs_and_who_follows(ana, engine):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/trip.bpmn": CALLER})
    drawn(engine, RENAMED)

    shown = text_of(ana.get("/designer/publish/claim"))

    assert "Process claim : Version 2" in shown
    assert "Policies in force: no guarded operation" in shown
    assert "Running requests: 1" in shown
    assert "出差 calls the newest version" in shown


def test_running_requests_follow_when_that_is_chosen_and_the_page_says_how_many_did(ana, engine):
    drawn(engine, RENAMED)
    assert "Version 1 · 1 running 1 can follow 0 cannot" in text_of(ana.get("/designer/publish/claim/running"))

    answer = publish(ana, "claim", follow="all")
    jobs.run_due(engine)

    assert "1 moved 0 refused" in text_of(ana.get(answer.headers["Location"]))
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.versions(uow, "claim")[0].version == 2


def test_unless_that_is_chosen_they_stay(ana, engine):
    drawn(engine, RENAMED)

    answer = publish(ana, "claim")
    jobs.run_due(engine)

    assert "No running request was moved" in text_of(ana.get(answer.headers["Location"]))


def test_what_has_no_counterpart_is_named_and_follows_once_somebody_says_where(ana, engine):
    drawn(engine, OTHER_ID)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        field = f"to:{repository.latest(uow, 'claim').id}:approve"

    refused = text_of(ana.get("/designer/publish/claim/running"))
    chosen = text_of(ana.get("/designer/publish/claim/running", query_string={field: "check"}))
    answer = publish(ana, "claim", follow="all", **{field: "check"})
    jobs.run_due(engine)

    assert "'approve' waits, but the other version has no counterpart for it. × 1" in refused
    assert "1 can follow 0 cannot" in chosen
    assert "1 moved" in text_of(ana.get(answer.headers["Location"]))


def test_a_form_that_changed_since_the_page_was_looked_at_is_not_published_unseen(ana, engine):
    form = b'{"components": [], "type": "default", "id": "f"}'
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "forms/oa/extra.json", form)
    drawn(engine, RENAMED.replace(b'formId="approval"', b'formId="oa/extra"'))
    looked_at = seen(ana, "claim")
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "forms/oa/extra.json", form + b" ", version=1)

    answer = publish(ana, "claim", seen=looked_at)

    assert (answer.status_code, "changed since you looked" in text_of(answer)) == (409, True)
    assert publish(ana, "claim").status_code == 303


def test_a_form_concerns_running_requests_only_where_something_runs(ana, engine):
    with_form = RENAMED.replace(b'formId="approval"', b'formId="oa/extra"')
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "forms/oa/extra.json", b'{"components": [], "type": "default", "id": "f"}')
        drafts.save(uow, "processes/oa/fresh.bpmn", with_form.replace(b'id="claim"', b'id="fresh"'), name="new")
    drawn(engine, with_form)
    said = "The form f changes at once for requests that run too."

    assert said in text_of(ana.get("/designer/publish/claim"))
    fresh = text_of(ana.get("/designer/publish/fresh"))
    assert (said in fresh, "The form f is published too." in fresh) == (False, True)


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"note": "  "}, 422, "a note that says what has changed"),
        ({"etag": "0"}, 409, "saved this draft at"),
        ({"etag": "", "note": "x"}, 409, "saved this draft at"),
    ],
)
def test_a_draft_without_a_note_or_changed_meanwhile_is_not_published(ana, engine, sent, status, said):
    drawn(engine, RENAMED)

    answer = publish(ana, "claim", **sent)

    assert (answer.status_code, said in text_of(answer)) == (status, True)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.latest(uow, "claim").version == 1


def test_a_draft_with_errors_shows_them_and_offers_no_button(ana, engine):
    drawn(engine, RENAMED.replace(b'targetRef="paid"', b'targetRef="nowhere"'))

    answer = ana.get("/designer/publish/claim")

    assert "It cannot be published while it has errors." in text_of(answer)
    assert 'name="note"' not in answer.text
    assert publish(ana, "claim").status_code == 422


def test_the_same_again_is_nothing_to_publish_and_nothing_moves_twice(ana, engine):
    drawn(engine, RENAMED)
    publish(ana, "claim", follow="all")

    again = publish(ana, "claim", follow="all")

    assert (again.status_code, "There is nothing to publish" in text_of(again)) == (409, True)
    assert ana.get("/designer/publish/nobody").status_code == 404


def test_a_scenario_alone_is_published_and_what_does_not_differ_is_said_on_the_page(ana, engine):
    told = b"scenarios:\n  - {name: waits, as: ann, given: {reason: train, amount: 12}, tasks: [approve]}\n"
    assert "Nothing differs from what is deployed" in text_of(ana.get("/designer/publish/claim"))
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH.replace(".bpmn", ".scenarios.yml"), told)
    main = ana.get("/designer/publish/claim").text.partition("<main")[2]
    links = [html.unescape(link) for link in re.findall(r'href="(/designer/[^"#]*)', main)]
    assert links
    assert [link for link in links if ana.get(link).status_code != 200] == []

    answer = publish(ana, "claim", etag="0")

    assert answer.status_code == 303
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.areas.current(uow, with_drafts=False)[PATH.replace(".bpmn", ".scenarios.yml")] == told
        assert repository.latest(uow, "claim").version == 1
    assert publish(ana, "claim", etag="0").status_code == 409


def test_an_area_that_demands_a_second_person_publishes_what_exactly_he_approved(ana, engine, people, sign_in):
    with engine.unit_of_work(ENGINE) as uow:
        people["ben"] = identity.create_user(uow, "ben", "本", password=None)
        identity.add_member(uow, "analysts", "ben")
    ben, root, page = sign_in("ben"), sign_in("root"), f"/designer/review/{PATH}"
    with engine.unit_of_work(Actor(people["ana"].id)) as uow:
        drafts.save(uow, PATH, RENAMED, name="报销")
    assert ana.post("/designer/areas/oa", data={"second": "yes"}).status_code == 403
    assert "Demand a second person" in root.get("/designer/").text
    back = root.post("/designer/areas/oa", data={"second": "yes", "back": "library"})
    assert (back.status_code, back.location) == (303, "/designer/")
    seen = ana.get("/designer/").text
    assert ("second person" in seen, "Demand no second person" in seen) == (True, False)

    def act(visitor, what, text=""):
        digest = re.search(r'name="digest" value="(\w+)"', visitor.get(page).text)[1]
        return visitor.post(page, data={"act": what, "text": text, "digest": digest}).status_code

    assert publish(ana, "claim").status_code == publish(ben, "claim").status_code == 409
    assert (act(ben, "approve"), act(ana, "ask", "看名称"), act(ana, "approve")) == (409, 303, 409)
    assert (act(ben, "back"), act(ben, "back", "名称不对")) == (422, 303)
    assert "sent back 本" in text_of(ana.get("/designer/publish/claim"))
    assert (publish(ana, "claim").status_code, act(ana, "ask"), act(ben, "approve")) == (409, 303, 303)
    with engine.unit_of_work(Actor(people["ana"].id)) as uow:
        drafts.save(uow, PATH, OTHER_ID, version=1)
    assert publish(ana, "claim", etag="2").status_code == 409
    assert "it counts no longer" in text_of(ana.get("/designer/publish/claim"))
    assert (act(ana, "ask"), act(ben, "approve"), publish(ana, "claim", etag="2").status_code) == (303, 303, 303)


def test_a_review_tells_whom_it_asks_and_who_asked_and_can_be_withdrawn(ana, engine, people, sign_in):
    with engine.unit_of_work(ENGINE) as uow:
        for login, name in (("ben", "本"), ("eva", "伊娃")):
            people[login] = identity.create_user(uow, login, name, password=None)
            identity.add_member(uow, "analysts", login)
    with engine.unit_of_work(Actor(people["ana"].id)) as uow:
        drafts.save(uow, PATH, OTHER_ID.replace(b'targetRef="paid"', b'targetRef="nowhere"'), name="报销")
    page = f"/designer/review/{PATH}"

    def act(visitor, what, **sent):
        digest = re.search(r'name="digest" value="(\w+)"', visitor.get(page).text)[1]
        return visitor.post(page, data={"act": what, "digest": digest, **sent}).status_code

    def told(login):
        jobs.run_due(engine)
        with engine.unit_of_work(Actor(people[login].id), read_only=True) as uow:
            return [(one.title, one.text, one.link) for one in inside.list_(uow, people[login].id)]

    ben, eva, root = sign_in("ben"), sign_in("eva"), sign_in("root")
    assert act(ana, "ask", text="看条件", people=str(people["ann"].id)) == 422
    assert act(ana, "ask", text="看条件", people=str(people["ben"].id)) == 303
    assert (told("ben"), told("eva")) == ([("安娜请您复核「报销」", "看条件", page)], [])
    assert "review asked for" in ben.get("/designer/").text
    seen = text_of(ben.get(page))
    assert "It cannot be published while it has errors." in seen
    assert "Approve Send back" in seen
    assert "These may: " in text_of(ana.get(page))
    assert (act(ben, "withdraw"), act(ana, "withdraw"), act(ben, "approve")) == (403, 303, 409)
    assert "No review was asked for." in text_of(ben.get(page))
    assert (("安娜不再请您复核「报销」", "", page) in told("ben"), told("eva")) == (True, [])
    assert act(ana, "ask", people=str(people["ben"].id)) == 303
    with engine.unit_of_work(Actor(people["ana"].id)) as uow:
        drafts.save(uow, PATH, OTHER_ID, version=1)
    assert "Withdraw the request" in text_of(ana.get(page)), "though the draft has changed since"
    with engine.unit_of_work(Actor(people["ana"].id)) as uow:
        drafts.discard(uow, PATH)
    assert "review asked for" not in ben.get("/designer/").text
    with engine.unit_of_work(Actor(people["ana"].id)) as uow:
        drafts.save(uow, PATH, OTHER_ID, name="报销")
    assert act(ana, "ask") == 303
    assert [line for line, *_ in told("eva")] == ["安娜请您复核「报销」"]
    assert act(eva, "back", text="连线断了") == 303
    assert told("ana") == [("伊娃复核后退回「报销」", "连线断了", page)]
    assert root.get(page).status_code == 200


def test_the_part_with_the_scenarios_names_those_that_failed_and_why(ana, engine):
    drawn(engine, RENAMED)
    told = "".join(
        f"  - name: case {n}\n    given: {{employee: ann, reason: train, amount: 12}}\n    ends in: nowhere\n"
        for n in range(5)
    )
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH.replace(".bpmn", ".scenarios.yml"), f"scenarios:\n{told}".encode())

    part = ana.post("/designer/publish/claim/scenarios", headers={"HX-Request": "true"})

    assert part.status_code == 200
    assert "5 of 5 scenarios failed." in text_of(part)
    assert re.search("case 0 .+ case 2 .+ 2 more case 3 .+", text_of(part))


def test_a_finding_leads_to_its_part_whatever_stands_in_its_id(app):
    file = File("process", "claim", PATH, "报销", [], None, "1")
    with app.test_request_context():
        shown = findings_of(file, {}, [Finding("x", Level.ERROR, "50% of it#1", "wrong")])

    assert [one.address for one in shown] == ["/designer/edit/claim#50%25%20of%20it%231"]


def test_a_process_that_begins_with_the_message_of_another_is_published_with_a_warning_and_both_begin(ana, engine):
    def begun_by_message(key, name):
        return (
            '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:troika="urn:troika:bpmn:1.0"'
            ' targetNamespace="urn:t" id="d"><message id="m" name="order placed"/>'
            f'<process id="{key}" name="{name}" isExecutable="true"><extensionElements>'
            f'<troika:label lang="en">{key.title()}</troika:label></extensionElements>'
            '<startEvent id="s" name="Placed"><messageEventDefinition messageRef="m"/></startEvent>'
            '<endEvent id="e"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/></process></definitions>'
        ).encode()

    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/order.bpmn": begun_by_message("order", "订单")})
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/survey.bpmn", begun_by_message("survey", "回访"))

    shown = text_of(ana.get("/designer/publish/survey"))
    assert "Message 'order placed' at 'Placed' begins process 'Order' (order) too: both start." in shown
    assert publish(ana, "survey").status_code == 303
    with engine.unit_of_work(ENGINE) as uow:
        again = repository.check(uow, {"processes/oa/order.bpmn": begun_by_message("order", "订单")})
        messages.correlate(uow, "order placed", None, {})
    jobs.run_due(engine)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        begun = sorted(repository.definition(uow, one.definition_id).key for one in uow.execute(select(instance)))
    assert begun == ["claim", "order", "survey"]
    assert [one.facts["key"] for one in again if one.rule == "message-begins-one"] == ["survey"]


def test_a_form_that_would_break_a_proof_says_beforehand_in_which_process(ana, engine):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        repository.deploy(uow, {**form("remark"), "processes/oa/refund.bpmn": editing("", process_id="refund")})
        drafts.save(uow, "forms/oa/edit.json", form("bill_id")["forms/oa/edit.json"], name="edit")

    shown = ana.get("/designer/publish/form/oa/edit")

    said = "Version 1 of process 'P' follows what is deployed here: 先审批，后退款: "
    assert said in text_of(shown)
    assert 'href="/designer/edit/refund#pay"' in shown.text
    refused = publish(ana, "form/oa/edit", etag="1-1")
    assert (refused.status_code, said in text_of(refused)) == (422, True)
    assert 'id="together"' not in shown.text
    ana.post("/language", data={"language": "zh", "next": "/"})
    assert "流程“P”的第 1 版会随这次发布而变：先审批，后退款" in text_of(ana.get("/designer/publish/form/oa/edit"))


def test_two_drawings_that_show_a_form_in_a_draft_are_published_with_it_in_one_step(ana, engine):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        before = {f"processes/oa/{key}.bpmn": editing("", process_id=key) for key in ("refund", "give_back")}
        repository.deploy(uow, {**form("remark"), **before})
        drafts.save(uow, "forms/oa/edit.json", form("bill_id")["forms/oa/edit.json"], name="edit")
        for key in ("refund", "give_back"):
            after = editing("", process_id=key, corrected_first=True)
            drafts.save(uow, f"processes/oa/{key}.bpmn", after, name="退款")

    alone = publish(ana, "refund")
    assert (alone.status_code, "follows what is deployed here" in text_of(alone)) == (422, True)
    (offer,) = re.findall(r'href="(/designer/publish/refund\?with=[^"]+)"', alone.text)
    assert f'href="{offer}"' in ana.get("/designer/review/processes/oa/refund.bpmn").text
    shown = ana.get(offer)
    assert "follows what is deployed here" not in text_of(shown)
    part = ana.post("/designer/publish/give_back/scenarios", query_string={"with": "refund"})
    assert (part.status_code, "There is no scenario yet." in text_of(part)) == (200, True)
    assert ana.post("/designer/publish/give_back/scenarios").status_code == 200  # what a policy says stops no trial
    assert re.search("give_back ?: Version 2", text_of(shown))
    seen = re.findall('name="seen" value="(.*?)"', shown.text)[0]
    sent = {"etag": "1", "note": "words", "seen": seen}
    assert ana.post("/designer/publish/refund", data=sent).status_code == 409  # others than those that were shown

    made = ana.post("/designer/publish/refund", data={**sent, "with": "give_back"})

    assert made.status_code == 303, text_of(made)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [repository.latest(uow, key).version for key in ("refund", "give_back")] == [2, 2]
        assert [field.path for field in repository.form(uow, "oa/edit").fields] == ["bill_id"]


@pytest.fixture
def two(ana, engine, people):
    """The claim and its twin show a form: all three are drafts, and ann has begun one of each."""
    twin = CLAIM.replace(b'process id="claim"', b'process id="twin"')
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/hr/twin.bpmn": twin})
        drafts.save(uow, "forms/oa/extra.json", b'{"components": [], "type": "default", "id": "oa/extra"}')
        for path, xml in ((PATH, CLAIM), ("processes/hr/twin.bpmn", twin)):
            changed = xml.replace(b'formId="approval"', b'formId="oa/extra"')
            drafts.save(uow, path, changed.replace("报销".encode(), "差旅".encode()), name="报销")
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        runtime.start(uow, "twin", {"reason": "train", "amount": 12})
    return ana


def test_only_from_a_drawing_others_are_published_along(two):
    address, sent = "/designer/publish/form/oa/extra", {"etag": "1", "note": "words", "seen": "", "with": "twin"}

    for refused in (two.get(f"{address}?with=twin"), two.post(address, data=sent)):
        assert (refused.status_code, "Expected a drawing to publish others with" in text_of(refused)) == (422, True)


def test_requests_of_each_drawing_of_a_set_are_tried_and_follow(two, engine):
    shown = two.get("/designer/publish/claim?with=twin")

    assert text_of(shown).count("Running requests: 1") == 2
    parts = [
        html.unescape(one) for one in re.findall('hx-(?:get|post)="([^"]+/(?:running|scenarios)[^"]*)"', shown.text)
    ]
    assert sorted(parts) == [
        f"/designer/publish/{key}/{part}?with={other}"
        for key, other in (("claim", "twin"), ("twin", "claim")) for part in ("running", "scenarios")
    ]  # fmt: skip
    for part in parts:
        said = text_of(two.post(part) if "/scenarios" in part else two.get(part))
        assert ("1 can follow" in said) == ("/running" in part), said
    digest = re.findall('name="seen" value="(.*?)"', shown.text)[0]
    sent = {"etag": "1", "note": "words", "seen": digest, "with": "twin", "follow": "all"}
    made = two.post("/designer/publish/claim", data=sent)
    jobs.run_due(engine)
    first = two.get(made.location)
    second = two.get(re.findall(r'href="(/designer/published/[^"]+)"', first.text)[0])
    assert [text_of(one).count("1 moved 0 refused") for one in (first, second)] == [1, 1]


def test_where_only_the_other_drawing_of_a_set_is_new_its_version_is_shown(two, engine):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.discard(uow, PATH)
    digest = re.findall('name="seen" value="(.*?)"', two.get("/designer/publish/claim?with=twin").text)[0]

    made = two.post("/designer/publish/claim", data={"etag": "0", "note": "words", "seen": digest, "with": "twin"})

    assert made.status_code == 303, text_of(made)
    assert 'data-version="2"' in two.get(made.location).text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [repository.latest(uow, key).version for key in ("claim", "twin")] == [1, 2]


def test_what_is_wrong_with_the_other_drawing_of_a_set_is_said_by_its_name_and_leads_to_its_editor(two, engine):
    with engine.unit_of_work(ENGINE) as uow:
        broken = drafts.open_(uow, "processes/hr/twin.bpmn").content.replace(b'targetRef="paid"', b'targetRef="gone"')
        drafts.save(uow, "processes/hr/twin.bpmn", broken, version=1)

    shown = two.get("/designer/publish/claim?with=twin")

    assert "It cannot be published while it has errors." in text_of(shown)
    found = re.findall(r'<a href="(/designer/edit/twin(?:#[^"]+)?)">([^<]+)</a>', shown.text.partition('id="along"')[0])
    assert found
    assert all(where.startswith("Claim · ") for _, where in found), found


def test_the_area_of_the_other_drawing_of_a_set_demands_its_review_too(two, engine, people, sign_in):
    with engine.unit_of_work(ENGINE) as uow:
        people["ben"] = identity.create_user(uow, "ben", "本", password=None)
        identity.add_member(uow, "analysts", "ben")
        drafts.reviewing.demand(uow, "hr", demanded=True)
    page = "/designer/review/processes/hr/twin.bpmn"

    def act(visitor, what):
        digest = re.search(r'name="digest" value="(\w+)"', visitor.get(page).text)[1]
        assert visitor.post(page, data={"act": what, "digest": digest}).status_code == 303

    def publish_both():
        shown = two.get("/designer/publish/claim?with=twin")
        digest = re.findall('name="seen" value="(.*?)"', shown.text)[0]
        sent = {"etag": "1", "note": "words", "seen": digest, "with": "twin"}
        return 'type="submit"' in shown.text.partition('id="publish"')[2], two.post(
            "/designer/publish/claim", data=sent
        ).status_code

    assert f'href="{page}"' in two.get("/designer/publish/claim?with=twin").text
    assert publish_both() == (False, 409)
    act(two, "ask")
    act(sign_in("ben"), "approve")
    assert publish_both() == (True, 303)


def test_a_form_and_its_drawing_that_break_what_runs_alone_are_published_in_one_step(ana, engine, people):
    before, after = editing("", process_id="refund"), editing("", process_id="refund", corrected_first=True)
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        repository.deploy(uow, {**form("remark"), "processes/oa/refund.bpmn": before})
        drafts.save(uow, "forms/oa/edit.json", form("bill_id")["forms/oa/edit.json"], name="edit")
        drafts.save(uow, "processes/oa/refund.bpmn", after, name="退款")
        identity.create_group(uow, "process_admin", "流程管理员")
        identity.add_member(uow, "process_admin", "root")
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        running = runtime.start(uow, "refund", {"bill_id": "b"})

    alone = publish(ana, "form/oa/edit", etag="1-1")
    assert (alone.status_code, "follows what is deployed here" in text_of(alone)) == (422, True)
    assert 'href="/designer/publish/refund"' in alone.text
    both = publish(ana, "refund")
    assert both.status_code == 422
    assert "Version 1 of process 'P' follows what is deployed here" in text_of(both)
    assert "end these requests or move them to another version first" in text_of(both)
    with engine.unit_of_work(ENGINE) as uow:
        runtime.cancel(uow, running.id, "again by the new version")

    made = publish(ana, "refund")

    assert made.status_code == 303, text_of(made)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.latest(uow, "refund").version == 2
        assert [field.path for field in repository.form(uow, "oa/edit").fields] == ["bill_id"]
