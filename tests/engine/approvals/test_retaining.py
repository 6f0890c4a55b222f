"""归档与保留 (troika:retention): how long an ended request stays, who holds it, and what is erased then."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, select

from engine import audit, history, identity, jobs, messages, repository, runtime, tasks
from engine.bpmn.parser import extensions as extending
from engine.db.base import metadata
from engine.db.effect import effect
from engine.db.history import history_text
from engine.db.instance import instance, instance_field
from engine.db.job import JobKind, JobState, incident, job
from engine.db.notice import DeliveryState, notice_delivery
from engine.db.subscription import message, message_receiver
from engine.db.webhook import webhook_delivery
from engine.dispatch import housekeeping
from engine.errors import DeploymentRefused, Forbidden, InvalidValue, NotPossibleNow
from engine.ids import uuid7
from engine.runtime import later
from engine.unit_of_work import ENGINE
from tests.consistency import consistent
from tests.engine.approvals.office import approval
from tests.engine.approvals.test_resubmitting import guarded
from tests.engine.bpmn.drawing import (
    END,
    START,
    catch,
    drawing,
    element,
    extensions,
    flows,
    message_event,
    script,
    timer,
)
from tests.engine.bpmn.drawing import message as message_root

pytestmark = pytest.mark.approvals

SUMMARY = '<troika:title value="= note"/><troika:summary fields="note"/>'
FORM = '<zeebe:formDefinition formId="oa/claim"/>'


def kept(after="P10Y", legal=""):
    of = f' legal="{legal}"' if legal else ""
    return extensions(SUMMARY, f'<troika:retention after="{after}"{of}/>')


def ended(office, **words):
    """A request of ann: bob hands it over to eve and says why, eve agrees and says something."""
    of_ann = office.begin(approval("check", FORM, users="bob"), form=True, head=kept(**words), note="in hospital")
    office.act("bob", tasks.transfer, "eve", "she knows")
    office.do("ann", tasks.comment, of_ann, "please soon")
    office.act("eve", tasks.agree, {}, "get well")
    return of_ann


def refusal(office, verb, *arguments, by="dan"):
    with pytest.raises(NotPossibleNow) as refused:
        office.do(by, verb, *arguments, "time is over")
    return str(refused.value.facts["reason"])


def erase(office, of):
    with office.engine.unit_of_work(ENGINE) as uow:
        tasks.erase_request(uow, of, "ten years")


def test_when_its_time_is_over_a_request_is_listed_and_what_people_wrote_is_erased(office):
    of = ended(office)
    with office.engine.unit_of_work(ENGINE) as uow:
        uow.execute(instance_field.insert(), {"instance_id": of, "name": "note", "text_value": "in hospital"})
    with pytest.raises(NotPossibleNow):
        erase(office, of)
    office.later(days=365 * 9)
    assert office.do("dan", tasks.over).items == []
    office.later(days=365 + 3)
    (found,) = office.do("dan", tasks.over).items
    assert (found.instance_id, found.title, found.held, found.needed) == (of, "in hospital", False, False)
    with pytest.raises(Forbidden):
        office.do("dan", tasks.erase_request, of, "not an administrator")
    with pytest.raises(InvalidValue), office.engine.unit_of_work(ENGINE) as uow:
        tasks.erase_request(uow, of, " ")

    erase(office, of)

    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        view = runtime.instance_view(uow, of)
        texts = {row.text for row in uow.execute(history_text.select().where(history_text.c.instance_id == of))}
        assert (view.variables, view.instance.title, view.instance.summary) == ({}, "", None)
        assert texts == {None, "ten years"}
        assert uow.execute(instance_field.select()).all() == []
        assert [said.text for said in tasks.comments(uow, of)] == [""]
        assert audit.verify(uow, of).ok
        last = history.timeline(uow, of)[-1]
        assert (last.kind, last.data["opinions"]) == ("retention.erased", 1)
        assert tasks.keeping(uow, of).erased_at == office.clock.now()
        told = tasks.erasure(uow, of)
        assert (told.at, told.by, told.reason) == (office.clock.now(), None, "ten years")
    (done,) = [row.id for row in office.rows(of) if row.decided_at]
    assert office.view("eve", done).values_of == "erased"
    assert [row.opinion for row in office.rows(of)] == [None, None]
    assert office.do("dan", tasks.over).items == []
    with pytest.raises(NotPossibleNow):
        erase(office, of)
    assert consistent(office.engine)


def test_what_a_group_holds_is_erased_after_one_of_it_has_released_it(office):
    of = ended(office, after="P1Y", legal="finance")
    assert "kept until" in refusal(office, tasks.release, of, by="bob").lower()
    office.later(days=367)
    with pytest.raises(NotPossibleNow):
        erase(office, of)
    assert not office.do("ann", tasks.may_release, of)
    with pytest.raises(Forbidden):
        office.do("ann", tasks.release, of, "mine")
    assert office.do("bob", tasks.may_release, of)

    office.do("bob", tasks.release, of, "audited")

    assert not office.do("bob", tasks.may_release, of)
    erase(office, of)
    assert [fact.kind for fact in office.facts(of, "retention.")] == [
        "retention.due", "retention.released", "retention.erased",
    ]  # fmt: skip


def test_the_group_is_told_once_when_it_may_release_a_request(office):
    """Not the requester, though he is of it; what was woken and ends later is told of when its new time is over."""
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.add_member(uow, "finance", "ann")
        identity.add_member(uow, "process_admin", "gus")
    of = office.begin(approval("check", users="eve", extra='onReject="end"'), head=kept(after="P1Y", legal="finance"))
    office.act("eve", tasks.reject, "no")
    office.later(days=100)
    for login in ("dan", "gus"):
        office.do(login, tasks.wake, of, "it was a mistake")
    office.act("eve", tasks.agree)

    office.later(days=300)
    assert told(office) == []
    for days in (100, 1, 400):
        office.later(days=days)
        assert told(office) == sorted(office.who[login].user_id for login in ("bob", "eve"))
    assert office.kinds(of, "retention.") == ["retention.due"]
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow, of).findings == []


@pytest.mark.parametrize("why", ["released", "nobody holds it"])
def test_nobody_is_told_of_what_needs_no_release(office, why):
    of = ended(office, after="P1Y", legal="finance" if why == "released" else "")
    if why == "released":
        office.clock.advance(timedelta(days=367))
        office.do("bob", tasks.release, of, "audited")

    office.later(days=367)

    assert told(office) == []


def told(office):
    """Who was told that he may release something, however often."""
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        query = notice_delivery.select().where(notice_delivery.c.event == "retention")
        return sorted(row.recipient_id for row in uow.execute(query))


def test_a_request_on_which_a_payment_stands_stays_whole(engine, clock):
    case, _ = guarded(engine, head='<troika:retention after="P1Y"/>')
    case.agree("c")
    jobs.run_due(engine)
    clock.advance(timedelta(days=367))
    with engine.unit_of_work(ENGINE) as uow:
        assert tasks.over(uow).items == []
        assert [one.needed for one in tasks.over(uow, kept=True).items] == [True]
        with pytest.raises(NotPossibleNow) as refused:
            tasks.erase_request(uow, case.id, "time is over")
    assert "payment" in str(refused.value.facts["reason"])


def erased(office, of):
    office.later(days=366 * 11)
    erase(office, of)


def left(office, word):
    """(table, column) of every row of the database that holds `word`."""
    found = set()
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        for name, table in metadata.tables.items():
            for row in uow.execute(table.select()).mappings():
                found |= {(name, column) for column, value in row.items() if word in read(value)}
    return found


def read(value):
    return value.decode(errors="ignore") if isinstance(value, bytes) else str(value)


def test_a_group_that_is_called_as_the_word_is_no_reason_to_fail(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "retention", "R")
        identity.add_member(uow, "retention", "ann")
    office.begin(approval("check", users="bob"), head=extensions('<troika:starters groups="retention"/>'))
    office.act("bob", tasks.agree, {})

    assert [office.do("dan", tasks.over, kept=kept).items for kept in (False, True)] == [[], []]


NO_NUMBER = '<zeebe:ioMapping><zeebe:input source="= number(note)" target="size"/></zeebe:ioMapping>'
RULES = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="urn:x">
<decision id="level" name="level"><decisionTable id="tab" hitPolicy="FIRST">
<input id="i1" label="note"><inputExpression><text>note</text></inputExpression></input><output id="o" name="level"/>
<rule id="all"><inputEntry><text>-</text></inputEntry><outputEntry><text>"as " + note</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def test_nothing_that_people_wrote_is_left_in_any_table(office):
    nodes = (
        element("businessRuleTask", "judge", '<zeebe:calledDecision decisionId="level" resultVariable="level"/>'),
        approval("check", FORM, NO_NUMBER, users="bob"), approval("two", users="eve"), approval("three", users="gus"),
    )  # fmt: skip
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/level.dmn": RULES})
    office.deploy(*nodes, form=True, head=kept())
    with office.engine.unit_of_work(office.who["ann"]) as uow:
        of = runtime.start(uow, "p", {"note": "SECRET form"}, business_key="ORDER-7").id
    office.act("bob", tasks.save_draft, {"note": "SECRET draft"}, "SECRET half an opinion")
    office.act("bob", tasks.transfer, "eve", "SECRET why")
    office.act("eve", tasks.delegate, "fay", "SECRET question")
    office.act("fay", tasks.hand_back, "SECRET advice")
    office.do("ann", tasks.comment, of, "SECRET comment", ["ivy"])
    office.do("ann", tasks.admit, of, office.do("ann", tasks.comments, of)[0].id, "ivy")
    office.do("ann", tasks.copy_to, of, ["hal"], "SECRET copy")
    office.do("ann", tasks.consult, of, ["bob"], "SECRET talk")
    office.act("eve", tasks.agree, {"note": "SECRET second form"}, "SECRET opinion")
    office.act("eve", tasks.add_before, ["gus"], reason="SECRET signer")
    office.act("gus", tasks.agree, {}, "SECRET signed")
    office.act("eve", tasks.agree, {})
    office.act("gus", tasks.reject, "SECRET no")
    office.later(minutes=1)
    with office.engine.unit_of_work(ENGINE) as uow:
        told, now = {"instance_id": of, "node": "check"}, uow.now
        waits = later.put(uow, JobKind.WEBHOOK, "crm", {"delivery": "x"}, at=now + timedelta(days=9999))
        uow.execute(webhook_delivery.insert(), {
            **told, "id": uuid7(), "event_id": uuid7(), "receiver": "crm", "url": "https://crm", "type": "x", "at": now,
            "body": "SECRET event", "job_id": waits, "attempts": 1, "status_code": 500, "answer": "SECRET echo",
        })  # fmt: skip
        uow.execute(incident.insert(), {
            **told, "id": uuid7(), "kind": 1, "code": "x", "message": "it failed", "detail": {"found": "SECRET value"},
            "created_at": now, "resolved_at": now, "resolution": "SECRET repair",
        })  # fmt: skip
        uow.execute(effect.insert(), {
            **told, "key": uuid7(), "operation": "x", "request_hash": b"\1" * 32, "status": 1, "started_at": now,
            "response": {"text": "SECRET answer"},
        })  # fmt: skip
    assert ("notification_notice", "text") in left(office, "SECRET")
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        judged, unread = (history.timeline(uow, of, kind=kind)[0].data for kind in ("decision.evaluated", "diagnostic"))
        assert (judged["rules"], judged["inputs"], judged["result"]) == (
            ["all"], {"note": "SECRET form"}, "as SECRET form",
        )  # fmt: skip
        assert judged["why"][0]["inputs"] == [{"label": "note", "value": '"SECRET form"', "reads": ["note"]}]
        assert (unread["code"], "SECRET" in str(unread["diagnostics"])) == ("expression-null", True)

    erased(office, of)

    assert left(office, "SECRET") == set()
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow, of).findings == []
        facts = [history.timeline(uow, of, kind=kind)[0].data for kind in ("decision.evaluated", "diagnostic")]
        assert facts == [
            {"decision": "level", "rules": ["all"], "erased": ["values"]},
            {"code": "expression-null", "erased": ["values"]},
        ]  # fmt: skip
        (row,) = uow.execute(webhook_delivery.select()).all()
        assert (row.standing, row.status_code) == ("dropped", 500)
        assert uow.execute(job.select()).all() == [], "nothing is sent any more"
    assert left(office, "ORDER-7") == {("instance", "business_key"), ("history", "data")}, "as the number: in the chain"


def test_what_it_sent_to_others_and_by_which_key_it_waited_is_erased_too(office):
    sends = (
        '<intermediateThrowEvent id="tell" name="tell"><extensionElements><zeebe:publishMessage correlationKey="= note"'
        '/><zeebe:ioMapping><zeebe:input source="= note" target="words"/></zeebe:ioMapping></extensionElements>'
        f"{message_event('paid')}</intermediateThrowEvent>"
    )
    drawn = kept() + START + sends + catch("wait", message_event("answer")) + END + flows("start tell wait end")
    roots = message_root("paid", None) + message_root("answer", "= note")
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": drawing(drawn, roots)})
    of = office.start(note="SECRET")
    jobs.run_due(office.engine)
    assert {("message", "payload"), ("message", "correlation_key")} <= left(office, "SECRET")
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        keys = [fact.data["key"] for fact in history.timeline(uow, of) if fact.kind in KEYED]
    assert keys == ['"SECRET"', '"SECRET"']
    office.do("dan", runtime.cancel, of, "over")

    erased(office, of)

    assert left(office, "SECRET") == set()
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow, of).findings == []


KEYED = ("message.thrown", "subscription.opened")


def test_what_others_sent_to_it_is_erased_too_once_nobody_else_has_still_to_receive_it(office):
    """One request was started by a message, waited for a second one, and so does another one, which stands still."""

    def process(key, head=""):
        waits = catch("wait", message_event("answer"))
        begins = f'<startEvent id="start" name="start">{message_event(f"begin_{key}")}</startEvent>'
        roots = message_root(f"begin_{key}", None) + message_root("answer", "= order")
        return drawing(head + begins + waits + END + flows("start wait end"), roots, key)

    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {f"processes/oa/{key}.bpmn": process(key, kept()) for key in ("p", "q")})
    for key in ("p", "q"):
        with office.engine.unit_of_work(ENGINE) as uow:
            messages.correlate(uow, f"begin_{key}", None, {"order": "SECRET order"}, source="shop")
        jobs.run_due(office.engine)
    with office.engine.unit_of_work(ENGINE) as uow:
        found = dict(uow.execute(select(instance.c.process_key, instance.c.id)).all())
        runtime.suspend(uow, found["q"], "stands still")
    with office.engine.unit_of_work(ENGINE) as uow:
        messages.correlate(uow, "answer", "SECRET order", {"words": "SECRET words"}, source="shop")
    jobs.run_due(office.engine)
    places = {("message", "payload"), ("message", "correlation_key")}
    assert places <= left(office, "SECRET")

    erased(office, found["p"])

    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        payloads = dict(uow.execute(select(message.c.name, message.c.payload)).all())
    assert payloads == {
        "begin_p": {}, "begin_q": {"order": "SECRET order"}, "answer": {"words": "SECRET words"},
    }  # fmt: skip
    office.do("dan", runtime.activate, found["q"])
    jobs.run_due(office.engine)
    erased(office, found["q"])
    assert left(office, "SECRET") == set()
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow).findings == []
        assert len(uow.execute(select(message_receiver)).all()) == 4
    office.later(days=91)
    with office.engine.unit_of_work(ENGINE) as uow:
        housekeeping.forget_messages(uow)
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(message_receiver)).all() == uow.execute(select(message)).all() == []


def test_what_was_still_to_be_told_of_an_erased_request_is_told_to_nobody(office):
    of = ended(office)
    with office.engine.unit_of_work(ENGINE) as uow:
        told = {"instance_id": of, "event": "x", "recipient_id": uuid7(), "at": uow.now, "reason": ""}
        facts = {"facts": {"text": "SECRET"}}
        for channel, collected in (("mail", facts), ("app", None)):
            row = {**told, "id": uuid7(), "channel": channel, "state": 0, "collected": collected}
            uow.execute(notice_delivery.insert(), row)
        later.put(uow, JobKind.NOTICE, "notification.notify", {"text": "SECRET"}, key=row["id"], at=uow.now
                  + timedelta(days=9999))  # fmt: skip
        later.put(uow, JobKind.SERVICE, "x", {"inputs": "SECRET"}, instance_id=of, token=77, at=uow.now
                  + timedelta(days=9999))  # fmt: skip

    erased(office, of)

    assert left(office, "SECRET") == set()
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        waiting = notice_delivery.c.instance_id == of, notice_delivery.c.event == "x"
        found = uow.execute(select(notice_delivery.c.state, notice_delivery.c.reason).where(*waiting)).all()
    assert found == [(int(DeliveryState.DROPPED), "the request was erased")] * 2
    assert consistent(office.engine)


def test_the_date_for_which_a_timer_was_set_stands_beside_the_chain_and_is_erased_with_the_form(office):
    """It may come from a form: a birthday, the end of a contract."""
    dated = timer("= date and time(note)", "timeDate")
    drawn = kept() + START + catch("wait", dated) + END + flows("start wait end")
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": drawing(drawn)})
    of = office.start(note="2031-05-06T07:08:09Z")
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        (armed,) = history.timeline(uow, of, kind="timer.armed")
        assert (armed.data["due"].date(), audit.verify(uow, of).findings) == (date(2031, 5, 6), [])
    assert [place for place in left(office, "2031-05-06") if place[0].startswith("history")] == [
        ("history_text", "text")
    ]
    office.do("dan", runtime.cancel, of, "over")

    erased(office, of)

    assert left(office, "2031-05-06") == set()
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        (armed,) = history.timeline(uow, of, kind="timer.armed")
        assert (armed.data, audit.verify(uow, of).findings) == ({"erased": ["values"]}, [])


def test_a_timer_of_before_still_tells_for_when_it_was_set_and_its_chain_verifies(office):
    of = office.begin(approval("check", users="bob"))
    with office.engine.unit_of_work(ENGINE) as uow:
        history.record(uow, uow.lock_instance(of), "timer.armed", node="wait", data={"due": uow.now})
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        (armed,) = history.timeline(uow, of, kind="timer.armed")
        assert (armed.data["due"], audit.verify(uow, of).findings) == (armed.at, [])


def test_the_words_of_a_copy_may_be_erased_by_themselves(office):
    of = office.begin(approval("check", users="bob"))
    office.do("ann", tasks.copy_to, of, ["hal"], "SECRET")
    (sent,) = office.facts(of, "copy.sent")

    with office.engine.unit_of_work(ENGINE) as uow:
        tasks.erase_text(uow, of, sent.seq, "the law")

    assert left(office, "SECRET") == set()


def test_what_is_held_stands_in_no_way_of_what_may_go_and_both_lists_have_pages(office):
    first = ended(office, after="P1Y", legal="finance")
    more = [office.start(note=str(number)) for number in range(4)]
    for _ in more:
        office.act("bob", tasks.agree, {}, "fine")
    office.later(days=400)
    for of in more[1:]:
        office.do("bob", tasks.release, of, "audited")

    def pages(**which):
        found, after = [], None
        while True:
            page = office.do("dan", tasks.over, after=after, limit=2, **which)
            found.append([one.instance_id for one in page.items])
            if page.next is None:
                return found
            after = page.next

    assert pages() == [more[1:3], more[3:]]
    assert pages(kept=True) == [[first, more[0]]]


def test_a_page_takes_as_many_statements_as_a_line(office):
    of = [ended(office, after="P1Y", legal="finance"), *(office.start(note="x") for _ in range(20))]
    for _ in of[1:]:
        office.act("bob", tasks.agree, {}, "fine")
    office.later(days=400)

    def statements(verb, **options):
        seen = []
        with office.engine.unit_of_work(office.who["bob"], read_only=True) as uow:
            listen = uow.connection.engine, "before_cursor_execute", lambda *told: seen.append(told[2])
            event.listen(*listen)
            found = verb(uow, **options)
            event.remove(*listen)
        return len(found.items), len(seen)

    for verb, options in ((tasks.over, {"kept": True}), (tasks.to_release, {})):
        assert statements(verb, limit=1, **options)[0] == 1
        many, number = statements(verb, **options)
        assert (many, number <= 12) == (21, True), number


@pytest.mark.parametrize("after", ["P1M", "P30D", "P1Y"])
def test_a_request_is_over_to_the_day_that_its_page_says(office, after):
    office.deploy(approval("check", users="bob"), head=extensions(f'<troika:retention after="{after}"/>'))
    office.clock.advance(datetime(2027, 1, 31, 15, tzinfo=UTC) - office.clock.now())
    of = office.start()
    office.act("bob", tasks.agree, {})
    until = office.do("ann", tasks.keeping, of).until
    office.clock.advance(until - office.clock.now() - timedelta(seconds=1))
    assert office.do("dan", tasks.over).items == []

    office.clock.advance(timedelta(seconds=1))

    assert [one.instance_id for one in office.do("dan", tasks.over).items] == [of]


def test_the_day_is_the_one_of_the_site(office):
    office.deploy(approval("check", users="bob"), head=extensions('<troika:retention after="P1Y"/>'))
    office.clock.advance(datetime(2027, 1, 4, 22, tzinfo=UTC) - office.clock.now())  # 6 o'clock of the 5th in Shanghai
    of = office.start()
    office.act("bob", tasks.agree, {})

    with pytest.raises(NotPossibleNow) as refused:
        erase(office, of)

    assert refused.value.facts["reason"].facts == {"day": date(2028, 1, 5)}


def test_nothing_is_written_into_an_erased_request_and_nothing_is_copied_from_it(office):
    of = ended(office)
    with office.engine.unit_of_work(office.who["ann"]) as uow:
        assert "copy" in tasks.acts(uow, of)
    erased(office, of)

    for verb, arguments in (
        (tasks.comment, ["SECRET"]), (tasks.copy_to, [["hal"], "SECRET"]), (tasks.copy_to_draft, []),
    ):  # fmt: skip
        with pytest.raises(NotPossibleNow) as refused:
            office.do("ann", verb, of, *arguments)
        assert "erased" in str(refused.value.facts["reason"])
    assert left(office, "SECRET") == set()
    assert office.do("ann", tasks.acts, of) == ()


def test_a_thread_of_an_erased_request_is_closed(office):
    of = office.begin(approval("check", users="bob"), head=kept(), note="x")
    thread = office.do("ann", tasks.consult, of, ["gus"], "SECRET")
    office.act("bob", tasks.agree, {})
    erased(office, of)

    with pytest.raises(NotPossibleNow):
        office.do("gus", tasks.answer, of, thread, "SECRET")

    assert left(office, "SECRET") == set()


def test_the_group_sees_what_it_releases_from_the_day_on_which_it_may_and_nobody_releases_his_own(office):
    of = office.begin(
        approval("check", FORM, users="gus"), form=True, by="eve", head=kept(after="P1Y", legal="finance"),
        note="in hospital", amount=5,
    )  # fmt: skip
    office.act("gus", tasks.agree, {}, "well")
    assert not office.do("bob", tasks.may_see, of)
    assert office.do("bob", tasks.to_release).items == []
    office.later(days=367)

    (waiting,) = office.do("bob", tasks.to_release).items

    assert (waiting.instance_id, waiting.title, waiting.summary) == (of, "in hospital", {"note": "in hospital"})
    seen = office.do("bob", tasks.sight, of)
    assert (seen.on("note"), seen.on("amount")) == ("read", "hidden")
    assert office.do("eve", tasks.to_release).items == []
    assert not office.do("eve", tasks.may_release, of)
    with pytest.raises(Forbidden):
        office.do("eve", tasks.release, of, "mine")
    office.do("bob", tasks.release, of, "audited")
    assert office.do("bob", tasks.to_release).items == []


def test_a_request_of_a_version_that_would_keep_it_beyond_all_dates_ends_and_is_kept_for_good(office, monkeypatch):
    monkeypatch.setattr(extending, "KEPT", re.compile("P9000Y"))  # as versions of before could say
    of = ended(office, after="P9000Y", legal="finance")

    assert office.status(of) == "completed"
    assert office.do("dan", tasks.over, kept=True).items == []
    assert not office.do("bob", tasks.may_release, of)
    assert refusal(office, tasks.release, of, by="bob") == "it is kept for good"


def test_what_somebody_typed_and_an_incident_quotes_is_erased_with_the_rest(office):
    calc = script("calc", "number(note)", "y")
    office.begin(approval("check", FORM, users="bob"), calc, form=True, head=kept(after="P1Y"), note="SECRET illness")
    of = office.items("bob")[0].instance_id
    office.act("bob", tasks.agree, {})
    assert {("incident", "message"), ("history_text", "text")} <= left(office, "SECRET")
    assert ("history", "data") not in left(office, "SECRET")
    with office.engine.unit_of_work(ENGINE) as uow:
        told = {"last_error": "SECRET error", "state": JobState.DEAD}
        later.put(uow, JobKind.MAINTENANCE, "x", {}, instance_id=of, **told)
    office.do("dan", runtime.cancel, of, "over")
    office.later(days=400)

    erase(office, of)

    assert left(office, "SECRET") == set()


@pytest.mark.parametrize("after", ["10 years", "P0Y", "PT5H", "P1Y6M", "P1001Y", "P9000Y"])
def test_a_period_that_is_none_is_refused(office, after):
    with pytest.raises(DeploymentRefused) as refused:
        office.deploy(approval("check", users="bob"), head=extensions(f'<troika:retention after="{after}"/>'))
    assert refused.value.findings[0].rule == "extension-wrong-value"
