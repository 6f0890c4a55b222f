"""Other systems are told by signed events that arrive once or end as an incident; what they answer changes nothing."""

import hashlib
import hmac
import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import select

from engine import identity, incidents, jobs, notices, runtime, tasks, webhooks
from engine.db.base import metadata
from engine.db.job import JobKind, job
from engine.db.webhook import webhook
from engine.dispatch import housekeeping
from engine.errors import DeploymentRefused, InvalidValue, ReceiverOff, ReceiverStands, WebhookUnderWay
from engine.notices import hooks
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.engine.test_notices import serving
from tests.factories import ann, deploy


class Partner(BaseHTTPRequestHandler):
    """Refuses what is not signed as the documents say; else answers what the test wants."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = self.headers["Troika-Timestamp"].encode() + b"." + body
        wanted = "v1=" + hmac.new(self.server.secret.encode(), signed, hashlib.sha256).hexdigest()
        good = wanted in self.headers["Troika-Signature"].split(",")
        self.server.received.append((good, self.headers, json.loads(body)))
        self.send_response(self.server.answer if good else 401)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.server.says)))
        self.end_headers()
        self.wfile.write(self.server.says)

    def log_message(self, *_):
        """Tests are quiet."""


@contextmanager
def partner_of(engine):
    """A partner whose receiver is known as `hook1`."""
    server = HTTPServer(("127.0.0.1", 0), Partner)
    server.received, server.answer, server.headers, server.says = [], 200, {}, b"ok"
    with serving(server):
        engine.settings = replace(engine.settings, outbound_allow="127.0.0.1", site_url="https://oa.firm.example")
        with engine.unit_of_work(ENGINE) as uow:
            server.secret = webhooks.add(uow, "hook1")
        server.url = f"http://127.0.0.1:{server.server_address[1]}/told"
        yield server


@pytest.fixture
def partner(engine):
    with partner_of(engine) as server:
        yield server


def claim(url, on="create assign decide end", *, receiver="hook1"):
    hook = f'<troika:hook on="{on}" url="{url}" secret="ref:{receiver}"/>'
    approval = (
        '<userTask id="approve" name="审批"><extensionElements><troika:label lang="en">Approve</troika:label>'
        '<zeebe:assignmentDefinition assignee="bob"/><troika:approval mode="any"/><troika:fields>'
        '<troika:field id="amount" perm="read" notify="true"/><troika:field id="secret" perm="hidden" notify="true"/>'
        f"</troika:fields>{hook}</extensionElements></userTask>"
    )
    head = (
        '<extensionElements><troika:numbering pattern="BX{seq:3}" period="never"/>'
        f'<troika:title value="= &quot;for &quot; + why"/>{hook}</extensionElements>'
    )
    return drawing(head + START + approval + END + flows("start approve end"))


def start(engine, partner, on="create assign decide end"):
    deploy(engine, claim(partner.url, on))
    actor = ann(engine)
    with engine.unit_of_work(actor) as uow:
        return runtime.start(uow, "p", {"amount": Decimal("120.50"), "why": "a doctor", "secret": "x"}).id


def agree(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        bob = Actor(identity.user(uow, "bob").id)
    with engine.unit_of_work(bob) as uow:
        tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id, opinion="my private opinion")


def listed(engine, **wanted):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return hooks.deliveries(uow, **wanted)


def test_a_partner_is_told_each_moment_once_signed_and_reads_no_form_but_what_is_let_out(engine, partner):
    instance = start(engine, partner)
    jobs.run_due(engine)
    agree(engine)
    jobs.run_due(engine)

    events = [event for _, _, event in partner.received]
    assert all(good for good, _, _ in partner.received)
    assert sorted(event["type"].removeprefix("cn.troika.") for event in events) == [
        "instance.ended.v1", "instance.started.v1", "task.assigned.v1", "task.created.v1", "task.decided.v1",
        "task.ended.v1",
    ]  # fmt: skip
    by_type = {event["type"].split(".")[2] + "." + event["type"].split(".")[3]: event for event in events}
    created, decided = by_type["task.created"], by_type["task.decided"]
    assert {name: created[name] for name in ("specversion", "source", "datacontenttype")} == {
        "specversion": "1.0", "source": "/troika/oa.firm.example", "datacontenttype": "application/json",
    }  # fmt: skip
    assert created["subject"] == f"instances/{instance}/tasks/{created['data']['task']}"
    task = created["data"].pop("task")
    assert created["data"] == {
        "instance": str(instance), "process": "p", "version": 1, "number": "BX001", "title": "P",
        "link": f"https://oa.firm.example/requests/{instance}", "requester": "ann", "actor": "ann",
        "fields": {"amount": "120.50"}, "node": "approve", "name": "审批", "names": {"en": "Approve"},
        "people": ["bob"], "groups": [],
    }  # fmt: skip
    assert (decided["data"]["decision"], decided["data"]["decidedBy"], decided["data"]["task"]) == (
        "agree", "human", task,
    )  # fmt: skip
    assert by_type["task.ended"]["data"]["outcome"] == "agree"
    assert by_type["instance.ended"]["data"]["status"] == "completed"
    told = json.dumps(events, ensure_ascii=False)
    assert "doctor" not in told
    assert "opinion" not in told
    assert len({event["id"] for event in events}) == 6
    assert partner.received[0][1]["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert {(one.state, one.status_code, one.attempts) for one in listed(engine)} == {("sent", 200, 1)}


def test_what_cannot_be_delivered_is_tried_again_then_handed_to_a_person_and_can_be_sent_again(engine, partner, clock):
    engine.settings = replace(engine.settings, webhook_off_after_days=30)
    start(engine, partner, on="decide")
    agree(engine)
    partner.answer = 503
    jobs.run_due(engine)
    (waiting,) = listed(engine, state="waiting")
    with pytest.raises(WebhookUnderWay), engine.unit_of_work(ENGINE) as uow:
        hooks.again(uow, waiting.id)
    partner.answer = 404  # a partner who is redeployed is not there for a while
    for _ in range(6):
        clock.advance(timedelta(hours=30))
        jobs.run_due(engine)
    (failed,) = listed(engine, state="failed")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (incident,) = incidents.list_open(uow)

    partner.answer = 200
    with engine.unit_of_work(ENGINE) as uow:
        hooks.again(uow, failed.id)
    jobs.run_due(engine)
    with engine.unit_of_work(ENGINE) as uow:
        hooks.again(uow, failed.id)  # somebody lost what had arrived
    jobs.run_due(engine)

    assert (waiting.status_code, waiting.attempts, failed.status_code, failed.attempts) == (503, 1, 404, 7)
    assert incident.code == "retries-spent"
    assert "404" in incident.message
    (sent,) = listed(engine, state="sent")
    assert (sent.status_code, sent.attempts, sent.answer) == (200, 9, "ok")
    assert len({event["id"] for _, _, event in partner.received}) == 1
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert incidents.list_open(uow) == []


@pytest.mark.parametrize("backlog", ["send", "drop"])
def test_a_receiver_that_fails_for_days_is_switched_off_and_what_it_misses_is_held_back(
    engine, partner, clock, backlog
):
    """503 for three days: administrators are told, nothing is called any more, and somebody says what to do with it."""
    boss = administrator(engine)
    partner.answer = 503
    start(engine, partner, on="create")
    for hours in (0, 1, 1, 1, 2, 10, 40):  # seven attempts: given up
        clock.advance(timedelta(hours=hours))
        jobs.run_due(engine)
    start(engine, partner, on="create")
    jobs.run_due(engine)
    assert receivers(engine)[0].off_at is None
    clock.advance(timedelta(hours=20))
    jobs.run_due(engine)
    (row,) = receivers(engine)
    tried = len(partner.received)
    assert (row.off_at is not None, row.failures == tried, "503" in row.off_reason) == (True, True, True)
    notice = metadata.tables["notification_notice"]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        [(title, text, link)] = uow.execute(
            select(notice.c.title, notice.c.text, notice.c.link).where(notice.c.user_id == boss)
        ).all()
    assert ("hook1" in title, "503" in text, link) == (True, True, "/messages/webhooks/")

    partner.answer = 200
    start(engine, partner, on="create")
    clock.advance(timedelta(days=2))
    jobs.run_due(engine)
    missed = {one.state for one in listed(engine)}
    held = listed(engine, state="held")
    assert (len(partner.received), missed) == (tried, {"held", "failed"})
    with pytest.raises(ReceiverOff), engine.unit_of_work(ENGINE) as uow:
        hooks.again(uow, held[0].id)
    with pytest.raises(InvalidValue), engine.unit_of_work(ENGINE) as uow:
        hooks.switch_on(uow, row.id, backlog="keep")
    with engine.unit_of_work(ENGINE) as uow:
        assert hooks.held_back(uow) == {"hook1": len(held)}
        number = hooks.switch_on(uow, row.id, backlog=backlog)
    jobs.run_due(engine)

    left = [one.state for one in listed(engine)]
    if backlog == "send":
        assert (set(left), number, len(partner.received) - tried) == ({"sent"}, len(left), len(left))
    else:
        assert (left.count("dropped"), number, len(partner.received)) == (len(held), len(held), tried)
        with engine.unit_of_work(ENGINE) as uow:
            hooks.again(uow, held[0].id)
        jobs.run_due(engine)
        assert [one.id for one in listed(engine, state="sent")] == [held[0].id]
    (row,) = receivers(engine)
    assert (row.off_at, row.failing_since, row.failures) == (None, None, 0)
    with pytest.raises(ReceiverStands), engine.unit_of_work(ENGINE) as uow:
        hooks.switch_on(uow, row.id, backlog="send")


def test_what_is_held_back_while_somebody_switches_the_receiver_on_is_sent_too(engine, partner):
    (row,) = receivers(engine)
    with engine.unit_of_work(ENGINE) as uow:
        webhooks.switch_off(uow, row.id)
    start(engine, partner, on="create")
    found = []

    def switch_on():
        with engine.unit_of_work(ENGINE) as uow:
            found.append(hooks.switch_on(uow, row.id, backlog="send"))

    switches = threading.Thread(target=switch_on)
    with engine.unit_of_work(ENGINE) as uow:
        for payload in uow.execute(select(job.c.payload).where(job.c.kind == int(JobKind.EVENT))).scalars().all():
            notices.tell(uow, payload)
        held = sum(hooks.held_back(uow).values())
        switches.start()
        switches.join(0.5)
        assert found == []
    switches.join(10)

    assert (held > 0, found) == (True, [held])


def test_a_delivery_that_was_under_way_does_not_hide_since_when_a_receiver_had_failed(engine, clock):
    with engine.unit_of_work(ENGINE) as uow:
        webhooks.add(uow, "hook2")
        webhooks.failed(uow, "hook2", "503")
    (row,) = [one for one in receivers(engine) if one.name == "hook2"]
    clock.advance(timedelta(days=1))
    with engine.unit_of_work(ENGINE) as uow:
        webhooks.switch_off(uow, row.id)
        webhooks.arrived(uow, "hook2")

    (after,) = [one for one in receivers(engine) if one.name == "hook2"]
    assert after.failing_since == row.failing_since < after.off_at


def test_one_success_or_a_single_lost_event_keeps_a_receiver_on(engine, partner, clock):
    partner.answer = 503
    start(engine, partner, on="decide")
    agree(engine)
    jobs.run_due(engine)
    (failing,) = receivers(engine)
    clock.advance(timedelta(days=5))  # the runner stood still: two attempts are no reason
    jobs.run_due(engine)
    (twice,) = receivers(engine)
    partner.answer = 200
    clock.advance(timedelta(days=5))
    jobs.run_due(engine)
    (well,) = receivers(engine)

    assert (failing.failures, twice.failures, twice.off_at) == (1, 2, None)
    assert failing.failing_since is not None
    assert (well.failures, well.failing_since, well.off_at) == (0, None, None)


def test_old_events_are_forgotten_but_not_those_that_something_is_left_to_do_for(engine, partner, clock):
    engine.settings = replace(engine.settings, webhook_off_after_days=30)
    start(engine, partner, on="create")
    jobs.run_due(engine)
    partner.answer = 400
    start(engine, partner, on="create")
    for _ in range(8):
        clock.advance(timedelta(hours=40))
        jobs.run_due(engine)
    before = sorted(one.state for one in listed(engine))
    clock.advance(timedelta(days=engine.settings.webhook_keep_days))
    with engine.unit_of_work(ENGINE) as uow:
        housekeeping.forget_deliveries(uow)

    left = [one.state for one in listed(engine)]
    assert (before.count("sent") > 0, set(left), len(left)) == (True, {"failed"}, before.count("failed"))


def administrator(engine):
    with engine.unit_of_work(ENGINE) as uow:
        boss = identity.create_user(uow, "boss", "Boss")
        identity.create_group(uow, "admins", "管理员", capabilities="admin")
        identity.add_member(uow, "admins", boss.id)
        return boss.id


def receivers(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return webhooks.list_(uow)


@pytest.mark.parametrize(
    ("code", "headers", "says", "state"),
    [
        (200, {"Content-Type": "application/json"}, b"{broken", "sent"),
        (200, {}, b"nul \0 in it", "sent"),
        (400, {}, b"nul \0 in it", "waiting"),
        (200, {"Content-Encoding": "gzip"}, b"no gzip", "waiting"),
    ],
)
def test_an_attempt_is_written_down_whatever_the_partner_says(engine, partner, code, headers, says, state):
    partner.answer, partner.headers, partner.says = code, headers, says
    start(engine, partner, "assign")
    jobs.run_due(engine)

    [one] = listed(engine)
    assert (len(partner.received), one.attempts, one.state, "\0" in one.answer) == (1, 1, state, False)


def test_both_secrets_sign_for_a_day_after_a_change(engine, partner, clock):
    start(engine, partner, on="create")
    with engine.unit_of_work(ENGINE) as uow:
        (key,) = uow.execute(select(webhook.c.id)).scalars()
        newest = webhooks.rotate(uow, key)
    jobs.run_due(engine)
    events = listed(engine)
    partner.secret = newest
    with engine.unit_of_work(ENGINE) as uow:
        for one in events:
            hooks.again(uow, one.id)
    jobs.run_due(engine)
    clock.advance(timedelta(days=1, seconds=1))
    with engine.unit_of_work(ENGINE) as uow:
        hooks.again(uow, events[0].id)
    jobs.run_due(engine)

    assert [(good, len(headers["Troika-Signature"].split(","))) for good, headers, _ in partner.received] == [
        (True, 2), (True, 2), (True, 2), (True, 2), (True, 1),
    ]  # fmt: skip
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        stored = " ".join(map(str, uow.execute(select(webhook)).one()))
    assert newest not in stored


def test_a_removed_receiver_is_an_incident_that_says_so(engine, partner):
    start(engine, partner, on="create")
    with engine.unit_of_work(ENGINE) as uow:
        webhooks.remove(uow, uow.execute(select(webhook.c.id)).scalar_one())
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert {incident.code for incident in incidents.list_open(uow)} == {"receiver_unknown"}
    assert partner.received == []


def test_what_was_rolled_back_is_told_to_nobody(engine, partner):
    deploy(engine, claim(partner.url))
    actor = ann(engine)

    def fail():
        with engine.unit_of_work(actor) as uow:
            runtime.start(uow, "p", {"amount": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    jobs.run_due(engine)

    assert (listed(engine), partner.received) == ([], [])


@pytest.mark.parametrize(
    ("url", "receiver", "rule"),
    [("https://other.example/x", "hook1", "other.example"), ("http://127.0.0.1/x", "hook2", "hook2"),
     ("ftp://127.0.0.1/x", "hook1", "https://"), ("https://[/x", "hook1", "https://")],
)  # fmt: skip
def test_a_hook_that_nobody_would_hear_is_not_deployed(engine, partner, url, receiver, rule):
    with pytest.raises(DeploymentRefused) as refused:
        deploy(engine, claim(url, receiver=receiver))

    assert {finding.rule for finding in refused.value.findings} == {"webhook-deliverable"}
    assert all(rule in str(finding) for finding in refused.value.findings)


@pytest.mark.parametrize("name", ["", "Hook", "a b", "hook1"])
def test_a_receiver_needs_a_name_of_its_own(engine, partner, name):
    with pytest.raises(InvalidValue), engine.unit_of_work(ENGINE) as uow:
        webhooks.add(uow, name)


def test_what_a_substitute_decides_is_told_when_it_is_confirmed(engine, partner):
    start(engine, partner, on="decide")
    with engine.unit_of_work(ENGINE) as uow:
        bob, deputy = Actor(identity.user(uow, "bob").id), Actor(identity.create_user(uow, "gus", "Gus").id)
        identity.substitute(uow, "bob", "gus", uow.now, uow.now + timedelta(days=1), confirm=True)
    with engine.unit_of_work(deputy) as uow:
        tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id)
    jobs.run_due(engine)
    assert partner.received == []

    with engine.unit_of_work(bob) as uow:
        tasks.confirm(uow, tasks.inbox(uow).items[0].work_item_id)
    jobs.run_due(engine)

    [(_, _, event)] = partner.received
    assert (event["data"]["decision"], event["data"]["decidedBy"], event["data"]["actor"]) == ("agree", "human", "bob")
