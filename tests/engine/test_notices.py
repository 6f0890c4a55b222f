"""People are told once of what concerns them, where they want it; vendors' servers check what robots send."""

import base64
import hashlib
import hmac
import json
import re
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from engine import identity, ids, incidents, jobs, notices, runtime, tasks
from engine.db import rows
from engine.db.base import metadata
from engine.db.notice import DeliveryState, notice_delivery, notice_robot
from engine.errors import InvalidValue
from engine.notices import fields, robots
from engine.notices.events import EVENTS, Notice, line
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.factories import ann, deploy
from tests.lending import begun_once

APPROVAL = (
    '<userTask id="approve" name="审批"><extensionElements><troika:label lang="en">Approve</troika:label>'
    '<zeebe:assignmentDefinition assignee="bob"/><troika:approval mode="any"/></extensionElements></userTask>'
)
HEAD = (
    '<extensionElements><troika:numbering pattern="BX{seq:3}" period="never"/>'
    '<troika:title value="= &quot;claim of &quot; + string(amount)"/></extensionElements>'
)
CLAIM = drawing(HEAD + START + APPROVAL + END + flows("start approve end"))


@pytest.fixture
@begun_once
def people(engine):
    """Ann asks, Bob decides, Cleo may take over."""
    deploy(engine, CLAIM)
    actor = ann(engine)
    with engine.unit_of_work(ENGINE) as uow:
        cleo = identity.create_user(uow, "cleo", "克丽", name_en="Cleo", email="cleo@example.com")
        identity.add_member(uow, "staff", cleo.id)
        bob = identity.user(uow, "bob")
        identity.change_user(uow, bob.id, email="bob@example.com", locale="en")
        return {"ann": actor, "bob": Actor(bob.id), "cleo": Actor(cleo.id)}


def started(engine, people, **values):
    with engine.unit_of_work(people["ann"]) as uow:
        return runtime.start(uow, "p", {"amount": 120, **values}).id


def item_of(engine, actor):
    with engine.unit_of_work(actor, read_only=True) as uow:
        return tasks.inbox(uow).items[0].work_item_id


def told_inside(engine, actor):
    notice = metadata.tables["notification_notice"]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(
            select(notice.c.title, notice.c.text, notice.c.link)
            .where(notice.c.user_id == actor.user_id)
            .order_by(notice.c.created_at, notice.c.title)
        )
        return [tuple(row) for row in rows]


def deliveries(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(select(notice_delivery).order_by(notice_delivery.c.event, notice_delivery.c.channel))
        return [(row.event, row.channel, DeliveryState(row.state).name, row.reason) for row in rows]


def test_the_requester_is_told_of_the_result_in_his_language(engine, people):
    instance = started(engine, people)
    with engine.unit_of_work(people["bob"]) as uow:
        tasks.agree(uow, item_of_in(uow))
    jobs.run_due(engine)

    assert told_inside(engine, people["ann"]) == [("申请已完成", "claim of 120 · BX001", f"/requests/{instance}")]
    assert told_inside(engine, people["bob"]) == []


def item_of_in(uow):
    return tasks.inbox(uow).items[0].work_item_id


def test_whoever_gets_a_task_from_somebody_is_told_and_not_twice(engine, people):
    instance = started(engine, people)
    item = item_of(engine, people["bob"])
    with engine.unit_of_work(people["bob"]) as uow:
        made = tasks.transfer(uow, item, "cleo", "away")
    with engine.unit_of_work(ENGINE) as uow:
        told = [notices.tell(uow, {"instance": str(instance), "from": 1}) for _ in range(2)]
    jobs.run_due(engine)

    assert told[1] == 0
    assert told_inside(engine, people["cleo"]) == [
        ("Bob将「审批」转给您办理", "claim of 120 · BX001", f"/inbox/{made}")
    ]


def test_whoever_inherits_a_task_is_told(engine, people):
    started(engine, people)
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "hr", "HR", capabilities="people")
        identity.add_member(uow, "hr", "ann")
    tasks.hand_over(engine, people["ann"], "bob", "cleo", "left")
    jobs.run_due(engine)

    item = item_of(engine, people["cleo"])
    assert told_inside(engine, people["cleo"]) == [
        ("Ann将「审批」交接给您办理", "claim of 120 · BX001", f"/inbox/{item}")
    ]


def test_every_event_of_the_design_can_be_told_in_both_languages():
    designed = (
        "todo todo_claimable decided result returned withdrawn cc mention urge timeout_warning timeout_acted"
        " transferred delegated advice_given added_signer hold"
    )
    facts = dict.fromkeys(
        (
            *("who", "node", "decision", "decision_en", "status", "status_en", "did", "did_en", "about", "about_en"),
            *("said", "said_en", "receiver", "since", "n"),
        ),
        "x",
    )

    assert set(designed.split()) <= set(EVENTS)
    for event in EVENTS.values():
        zh, en = (line(Notice(event.key, ids.uuid7(), None, 1, None, facts), one) for one in ("zh", "en"))
        assert re.search("[\u4e00-\u9fff]", zh + event.zh)
        assert not re.search("[\u4e00-\u9fff]", en + event.en)


def test_whoever_was_asked_or_has_decided_is_told_when_a_request_is_withdrawn(engine, people):
    instance = started(engine, people)
    with engine.unit_of_work(people["ann"]) as uow:
        tasks.withdraw(uow, instance)
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        name = identity.user(uow, "ann").name_en or identity.user(uow, "ann").name
    assert told_inside(engine, people["bob"]) == [
        (f"{name} ended the request: withdrawn", "claim of 120 · BX001", f"/requests/{instance}")
    ]
    assert told_inside(engine, people["ann"]) == []


def test_a_time_limit_warns_whoever_is_asked_and_says_what_it_did(engine, people, clock):
    limits = (
        '<troika:timeout><troika:step after="PT1H" do="remind" repeat="2"/>'
        '<troika:step after="PT4H" do="agree"/></troika:timeout></extensionElements></userTask>'
    )
    deploy(engine, CLAIM.replace(b"</extensionElements></userTask>", limits.encode()))
    instance = started(engine, people)
    item = item_of(engine, people["bob"])
    for _ in range(5):
        clock.advance(timedelta(hours=1))
        jobs.run_due(engine)

    warned = ("“Approve” has waited too long: please handle it", "claim of 120 · BX001", f"/inbox/{item}")
    acted = ("“Approve” ran out of time: it agreed by itself", "claim of 120 · BX001", f"/requests/{instance}")
    assert told_inside(engine, people["bob"]) == [warned, warned, acted]
    assert [title for title, _, _ in told_inside(engine, people["ann"])] == ["「审批」超时，已自动同意", "申请已完成"]


def test_what_was_rolled_back_tells_nobody(engine, people):
    def start_and_fail():
        with engine.unit_of_work(people["ann"]) as uow:
            runtime.cancel(uow, instance, "no")
            raise ZeroDivisionError

    instance = started(engine, people)
    with pytest.raises(ZeroDivisionError):
        start_and_fail()
    jobs.run_due(engine)

    assert deliveries(engine) == []


def test_what_a_person_switched_off_is_not_told_and_results_cannot_be(engine, people):
    with engine.unit_of_work(people["cleo"]) as uow:
        wanted = notices.chosen(uow, people["cleo"].user_id)
        notices.choose(uow, people["cleo"].user_id, wanted | {("transferred", "app"): False})
        with pytest.raises(InvalidValue):
            notices.choose(uow, people["cleo"].user_id, wanted | {("result", "app"): False})
    started(engine, people)
    item = item_of(engine, people["bob"])
    with engine.unit_of_work(people["bob"]) as uow:
        tasks.transfer(uow, item, "cleo", "away")
    jobs.run_due(engine)

    assert told_inside(engine, people["cleo"]) == []


def test_new_work_is_told_inside_when_somebody_asks_for_it(engine, people):
    started(engine, people)
    jobs.run_due(engine)
    before = told_inside(engine, people["bob"])
    with engine.unit_of_work(people["bob"]) as uow:
        notices.choose(uow, people["bob"].user_id, {("todo", "app"): True})
    started(engine, people)
    jobs.run_due(engine)

    titles = [title for title, _, _ in told_inside(engine, people["bob"])]
    assert (before, titles) == ([], ["Please handle “Approve”"])


# ---------------------------------------------------------------- mail


class Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a client needs."""

    def handle(self):
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                received = b""
                while (line := self.rfile.readline()) != b".\r\n":
                    received += line
                if self.server.too_large and self.server.too_large in received:
                    self.wfile.write(b"552 too large\r\n")
                    continue
                self.server.received.append(message_from_bytes(received, policy=policy.default))
                self.wfile.write(b"250 kept\r\n")
            elif word == b"RCPT" and self.server.refuse and self.server.refuse_for in line:
                self.wfile.write(self.server.refuse)
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 fine\r\n")


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def mailbox(engine):
    server = socketserver.TCPServer(("127.0.0.1", 0), Mailbox)
    server.received, server.refuse, server.refuse_for, server.too_large = [], b"", b"", b""
    with serving(server):
        engine.settings = replace(
            engine.settings, smtp_url=f"smtp://127.0.0.1:{server.server_address[1]}",
            mail_from="troika@firm.example", site_url="https://oa.firm.example",
        )  # fmt: skip
        yield server


def test_mail_speaks_both_languages_and_stays_in_one_thread(engine, people, mailbox):
    instance = started(engine, people)
    jobs.run_due(engine)
    item = item_of(engine, people["bob"])

    (mail,) = mailbox.received
    assert mail["Subject"] == "Please handle “Approve”: claim of 120 [BX001]"
    assert mail["To"] == "Bob <bob@example.com>"
    assert mail["References"] == f"<{instance}@oa.firm.example>"
    assert mail["List-Id"] == "<p.troika.oa.firm.example>"
    assert mail.get_content().splitlines() == [
        "Please handle “Approve”", "请处理「审批」", "", "claim of 120 [BX001]", "",
        f"https://oa.firm.example/inbox/{item}",
    ]  # fmt: skip
    assert deliveries(engine) == [("todo", "mail", "SENT", "")]


def test_mail_about_work_that_is_done_is_dropped(engine, people, mailbox, clock):
    with engine.unit_of_work(people["bob"]) as uow:
        notices.set_quiet_hours(uow, people["bob"].user_id, "22:00", "09:30")
    started(engine, people)
    jobs.run_due(engine)  # 09:00 in Shanghai: the mail waits for half past
    waiting = deliveries(engine)
    with engine.unit_of_work(people["bob"]) as uow:
        tasks.agree(uow, item_of_in(uow))
    clock.advance(timedelta(minutes=31))
    jobs.run_due(engine)

    assert waiting == [("todo", "mail", "WAITING", "")]
    assert mailbox.received == []
    assert deliveries(engine) == [("result", "app", "SENT", ""), ("todo", "mail", "DROPPED", "no longer open")]


def test_mail_in_quiet_hours_comes_afterwards(engine, people, mailbox, clock):
    with engine.unit_of_work(people["bob"]) as uow:
        notices.set_quiet_hours(uow, people["bob"].user_id, "22:00", "09:30")
        with pytest.raises(InvalidValue):
            notices.set_quiet_hours(uow, people["bob"].user_id, "22:00", "25:00")
    started(engine, people)
    jobs.run_due(engine)
    before = len(mailbox.received)
    clock.advance(timedelta(minutes=31))
    jobs.run_due(engine)

    assert (before, len(mailbox.received)) == (0, 1)


def test_mails_of_a_day_are_one_with_what_is_still_open_and_urges_come_at_once(engine, people, mailbox, clock):
    with engine.unit_of_work(people["bob"]) as uow:
        notices.set_digest(uow, people["bob"].user_id, "day", "18:00")
        for every, at in (("week", ""), ("day", "25:00")):
            with pytest.raises(InvalidValue):
                notices.set_digest(uow, people["bob"].user_id, every, at)
    first = started(engine, people)
    jobs.run_due(engine)
    done = item_of(engine, people["bob"])
    second = started(engine, people)
    clock.advance(timedelta(seconds=1))
    with engine.unit_of_work(people["ann"]) as uow:
        tasks.urge(uow, second)
    jobs.run_due(engine)
    with engine.unit_of_work(people["bob"]) as uow:
        tasks.agree(uow, done)
    clock.advance(timedelta(hours=8, minutes=58))
    jobs.run_due(engine)
    at_once = [mail["Subject"] for mail in mailbox.received]
    clock.advance(timedelta(minutes=2))  # 18:00:01
    jobs.run_due(engine)

    assert len(at_once) == 1
    assert "hurry" in at_once[0]
    digest = mailbox.received[1]
    assert digest["Subject"] == "Messages: 1 / 消息：1"
    text = digest.get_content()
    assert "Please handle “Approve”: claim of 120 [BX002]" in text
    assert "请处理「审批」: claim of 120 [BX002]" in text
    assert "BX001" not in text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(select(notice_delivery).where(notice_delivery.c.channel == "mail")).all()
    assert {(row.event, row.instance_id == first, DeliveryState(row.state).name) for row in rows} == {
        ("todo", True, "DROPPED"), ("todo", False, "SENT"), ("urge", False, "SENT"),
    }  # fmt: skip


def test_a_refused_mail_is_tried_again_or_handed_to_a_person(engine, people, mailbox, clock):
    mailbox.refuse = b"451 later\r\n"
    started(engine, people)
    jobs.run_due(engine)
    first = deliveries(engine)
    mailbox.refuse = b"550 nobody here\r\n"
    clock.advance(timedelta(seconds=15))
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (incident,) = incidents.list_open(uow)
    assert first == [("todo", "mail", "WAITING", "")]
    assert (incident.code, incident.instance_id) == ("mail_refused", None)
    mailbox.refuse = b""
    with engine.unit_of_work(ENGINE) as uow:
        runtime.resolve(uow, incident.id)
    jobs.run_due(engine)
    assert len(mailbox.received) == 1


def test_substitutions_are_told_where_people_want_it_by_mail_group_and_digest(engine, people, mailbox, vendors, clock):
    """From the wish to the end: whoever judges, both people, each with a link to the place."""
    bob, cleo = (people[login].user_id for login in ("bob", "cleo"))
    with engine.unit_of_work(ENGINE) as uow:
        identity.change_user(uow, bob, manager="ann")
        notices.choose(uow, cleo, {("substitution_given", "app"): False, ("substitution_ended", "app"): False})
        notices.set_digest(uow, cleo, "day", "18:00")
    robot(engine, vendors, "dingtalk", events=("substitution_given", "acted"))
    instance = started(engine, people)
    with engine.unit_of_work(people["bob"]) as uow:
        rule = identity.substitute(uow, "bob", "cleo", uow.now, uow.now + timedelta(days=40), "holidays").id
    jobs.run_due(engine)
    with engine.unit_of_work(people["ann"]) as uow:
        identity.approve_substitution(uow, rule)
    jobs.run_due(engine)
    with engine.unit_of_work(people["cleo"]) as uow:
        tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id)
    clock.advance(timedelta(minutes=1))
    with engine.unit_of_work(people["bob"]) as uow:
        identity.end_substitution(uow, rule)
    jobs.run_due(engine)
    clock.advance(timedelta(hours=10))
    jobs.run_due(engine)

    assert next(line[::2] for line in told_inside(engine, people["ann"])) == (
        "Bob申请由克丽代理，请审批", f"/substitutions/#judge-{rule}"
    )  # fmt: skip
    assert sorted(line[::2] for line in told_inside(engine, people["bob"]))[0] == (
        "Cleo decided “Approve” for you: agreed", f"/requests/{instance}"
    )  # fmt: skip
    assert {(title, link) for title, _, link in told_inside(engine, people["bob"]) if "substitutions" in link} == {
        ("Cleo may act for Bob: approved", f"/substitutions/#rule-{rule}"),
        ("Cleo no longer acts for you: 1 decisions in your name", f"/substitutions/#over-{rule}"),
    }
    assert told_inside(engine, people["cleo"]) == []
    digest = next(mail for mail in mailbox.received if "cleo@" in mail["To"]).get_content()
    assert "您对Bob的代理已提前结束" in digest
    assert "Bob：" not in digest.partition("https")[0]  # what is over is no news any more
    letters = {mail["Subject"]: mail for mail in mailbox.received if "bob@" in mail["To"]}
    approved = letters["Cleo may act for Bob: approved"]
    assert approved["References"] == f"<{rule}@oa.firm.example>"
    assert f"https://oa.firm.example/substitutions/#rule-{rule}" in approved.get_content()
    first = (clock.now() - timedelta(hours=11)).astimezone(engine.settings.zone).date()
    posts = [body["markdown"] for _, body, answer in vendors.received if answer == {"errcode": 0, "errmsg": "ok"}]
    assert sorted(post["title"] for post in posts) == [
        "P · BX001",
        f"克丽代理Bob：{first}至{first + timedelta(days=40)}",
    ]
    assert not any("holidays" in post["text"] for post in posts)


# ---------------------------------------------------------------- robots


class Vendors(BaseHTTPRequestHandler):
    """DingTalk, Feishu and WeCom as their documents say: what is not signed so gets an error with HTTP 200."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        check = {"/robot/send": self.dingtalk, "/open-apis/bot/v2/hook/token": self.feishu}
        answer = check.get(address.path, self.wecom)(query, body)
        if self.server.answer is not None:
            answer = self.server.answer
        self.server.received.append((address.path, body, answer))
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def dingtalk(self, query, body):
        text = f"{query['timestamp']}\nSECdingtalk"
        wanted = base64.b64encode(hmac.new(b"SECdingtalk", text.encode(), hashlib.sha256).digest()).decode()
        recent = abs(int(query["timestamp"]) / 1000 - self.server.now) < 3600
        if query["access_token"] != "token" or query["sign"] != wanted or not recent:
            return {"errcode": 310000, "errmsg": "sign not match"}
        return {"errcode": 0, "errmsg": "ok"} if body["msgtype"] == "markdown" else {"errcode": 40035, "errmsg": "?"}

    def feishu(self, query, body):
        key = f"{body['timestamp']}\nfeishu-secret"
        wanted = base64.b64encode(hmac.new(key.encode(), b"", hashlib.sha256).digest()).decode()
        if body["sign"] != wanted or abs(int(body["timestamp"]) - self.server.now) > 3600:
            return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}
        return {"code": 0, "msg": "success"} if body["msg_type"] == "text" else {"code": 9499, "msg": "Bad Request"}

    def wecom(self, query, body):
        if query.get("key") != "wecom-key":
            return {"errcode": 93000, "errmsg": "invalid webhook url"}
        return {"errcode": 0, "errmsg": "ok"} if body["markdown"]["content"] else {"errcode": 40008, "errmsg": "?"}

    def log_message(self, *_):
        """Tests are quiet."""


@pytest.fixture
def vendors(engine, clock):
    server = HTTPServer(("127.0.0.1", 0), Vendors)
    server.received, server.answer, server.now = [], None, clock.now().timestamp()
    with serving(server):
        engine.settings = replace(engine.settings, outbound_allow="127.0.0.1", site_url="https://oa.firm.example")
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield server


def robot(engine, vendors, kind, **more):
    paths = {
        "dingtalk": ("/robot/send?access_token=token", "SECdingtalk"),
        "feishu": ("/open-apis/bot/v2/hook/token", "feishu-secret"),
        "wecom": ("/cgi-bin/webhook/send?key=wecom-key", ""),
    }
    path, secret = paths[kind]
    with engine.unit_of_work(ENGINE) as uow:
        settings = {"secret": secret, "events": ("todo",), **more}
        return robots.add(uow, kind, kind, vendors.url + path, **settings)


@pytest.mark.parametrize("kind", robots.KINDS)
def test_robots_post_what_the_vendor_accepts_and_no_value_of_a_form(engine, people, vendors, kind):
    robot(engine, vendors, kind)
    started(engine, people)
    jobs.run_due(engine)

    ((_, body, answer),) = vendors.received
    text = json.dumps(body, ensure_ascii=False)
    assert answer in ({"errcode": 0, "errmsg": "ok"}, {"code": 0, "msg": "success"})
    assert "请处理「审批」" in text
    asked = str(item_of(engine, people["bob"]))
    assert f"https://oa.firm.example/inbox/{asked}" in text
    assert "@Bob" in text
    assert "120" not in text.replace(asked, "")
    assert deliveries(engine) == [("todo", "robot", "SENT", "")]


def test_an_error_code_in_a_good_answer_is_a_failure(engine, people, vendors):
    robot(engine, vendors, "dingtalk", secret="another")
    started(engine, people)
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (incident,) = incidents.list_open(uow)
    assert incident.code == "robot_refused"
    assert "310000" in incident.message
    assert deliveries(engine) == [("todo", "robot", "WAITING", "")]


def test_a_robot_that_is_too_fast_is_asked_again_later(engine, people, vendors, clock):
    robot(engine, vendors, "wecom")
    vendors.answer = {"errcode": 45009, "errmsg": "api freq out of limit"}
    started(engine, people)
    jobs.run_due(engine)
    vendors.answer = None
    clock.advance(timedelta(seconds=15))
    jobs.run_due(engine)

    assert [answer["errcode"] for _, _, answer in vendors.received] == [45009, 0]


def test_a_robot_posts_twenty_times_a_minute_and_the_rest_waits(engine, people, vendors, clock):
    robot(engine, vendors, "wecom")
    for _ in range(23):
        started(engine, people)
    jobs.run_due(engine)
    first = len(vendors.received)
    clock.advance(timedelta(seconds=61))
    jobs.run_due(engine)

    assert (first, len(vendors.received)) == (20, 23)


def test_a_host_that_is_not_allowed_is_not_called(engine, people, vendors):
    robot(engine, vendors, "wecom")
    engine.settings = replace(engine.settings, outbound_allow="oapi.dingtalk.com")
    started(engine, people)
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [incident.code for incident in incidents.list_open(uow)] == ["outbound_refused"]
    assert vendors.received == []


def test_a_robot_of_a_group_tells_only_of_its_members(engine, people, vendors):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "night", "Night shift")
    robot(engine, vendors, "wecom", group="night")
    started(engine, people)
    jobs.run_due(engine)

    assert vendors.received == []


def test_addresses_and_secrets_lie_sealed_and_are_not_listed(engine, vendors):
    key = robot(engine, vendors, "dingtalk")
    with engine.unit_of_work(ENGINE) as uow:
        row = uow.execute(select(notice_robot)).one()
        listed = robots.list_(uow)[0]._mapping
        robots.remove(uow, key)
        left = robots.list_(uow)

    stored = " ".join(str(value) for value in row)
    assert "SECdingtalk" not in stored
    assert "access_token" not in stored
    assert not {"url_sealed", "secret_sealed"} & set(listed)
    assert left == []


@pytest.mark.parametrize(
    ("kind", "url", "events"),
    [("slack", "https://a.example", ("todo",)), ("wecom", "ftp://a", ("todo",)), ("wecom", "https://a.example", ()),
     ("wecom", "https://a.example", ("nothing",))],
)  # fmt: skip
def test_a_robot_that_could_not_post_is_refused(engine, kind, url, events):
    with pytest.raises(InvalidValue), engine.unit_of_work(ENGINE) as uow:
        robots.add(uow, kind, "robot", url, events=events)


# ---------------------------------------------------------------- fields that a drawing lets out

PAY = {
    "schemaVersion": 18, "type": "default", "id": "pay",
    "components": [
        {"type": "textfield", "key": "note", "id": "f1", "label": "说明", "properties": {"troika:label.en": "Note"}},
        {"type": "number", "key": "amount", "id": "f2", "label": "金额", "decimalDigits": 2,
         "properties": {"troika:label.en": "Amount", "currency": "CNY"}},
        {"type": "number", "key": "salary", "id": "f3", "label": "工资"},
        {"type": "checkbox", "key": "urgent", "id": "f4", "label": "加急", "properties": {"troika:label.en": "Urgent"}},
    ],
}  # fmt: skip


def paying(engine):
    """Bob reads everything, Cleo not the salary; the drawing lets all of it out at Bob's task, at Cleo's the amount."""

    def let_out(names):
        return "".join(f'<troika:field id="{name}" perm="read" notify="true"/>' for name in names.split())

    def approval(key, who, rules):
        return (
            f'<userTask id="{key}" name="{key}"><extensionElements><zeebe:formDefinition formId="pay"/>'
            f'<zeebe:assignmentDefinition assignee="{who}"/><troika:approval mode="any"/>'
            f'<troika:fields default="read">{rules}</troika:fields></extensionElements></userTask>'
        )

    first = approval("first", "bob", let_out("amount note urgent salary"))
    second = approval("second", "cleo", let_out("amount") + '<troika:field id="salary" perm="hidden"/>')
    xml = drawing(START + first + second + END + flows("start first second end"))
    deploy(engine, **{"p__bpmn": xml, "pay__json": json.dumps(PAY).encode()})


NASTY = "**now** [pay](https://evil.example) <@all> @所有人 " + "x" * 5000


def test_robots_post_the_fields_that_the_drawing_lets_out_as_text_within_the_vendors_limits(engine, people, vendors):
    paying(engine)
    for kind in robots.KINDS:
        robot(engine, vendors, kind, events=("todo",))
    started(engine, people, amount=Decimal("1234.5"), note=NASTY, salary=9, urgent=True)
    jobs.run_due(engine)

    texts = []
    for _, body, answer in vendors.received:
        assert 0 in (answer.get("errcode"), answer.get("code"))
        content = body.get("markdown") or body["content"]
        texts.append(content.get("text") or content["content"])
        assert len(texts[-1].encode()) <= 4096
    assert len(texts) == 3
    for text in texts:
        assert "金额 / Amount: 1,234.50 CNY" in text
        assert "加急 / Urgent: 是 / yes" in text
        assert "工资: 9" in text
        assert "<@all>" not in text
        assert "[pay]" not in text or "\n\n" not in text  # Feishu gets plain text
        assert text.index("Note:") < text.index("Amount:") < text.index("https://oa.firm.example/inbox/")


def test_whoever_is_told_reads_no_field_that_is_hidden_from_him(engine, people):
    paying(engine)
    instance = started(engine, people, amount=Decimal(7), note="n", salary=9, urgent=False)
    with engine.unit_of_work(people["bob"]) as uow:
        tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = rows.read(uow, instance)
        told = {
            name: [one.label[1] for one in fields.told(uow, found, None, None, people[name].user_id)]
            for name in ("bob", "cleo")
        }
        at_second = [str(one) for one in fields.told(uow, found, None, "second", people["bob"].user_id)]
    assert told == {"bob": ["Note", "Amount", "工资", "Urgent"], "cleo": ["Note", "Amount", "Urgent"]}
    assert at_second == ["金额 / Amount: 7.00 CNY"]


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("dingtalk", "# *a* [b](c) <d> `e` _f_ BX_1_2", "＃ ＊a＊ ［b］(c) ＜d＞ ｀e｀ ＿f＿ BX_1_2"),
        ("wecom", "<@boss>\n1. one", "＜＠boss＞ 1. one"),
        ("wecom", "1. one", "1． one"),
        ("dingtalk", "--- x", "－-- x"),
        ("feishu", '<at user_id="all">x</at> *y*', '＜at user_id="all">x＜/at> *y*'),
    ],
)
def test_what_people_wrote_is_text_and_no_markup_for_a_robot(kind, text, said):
    assert robots.escape(kind, text) == said


@pytest.mark.parametrize("kind", robots.KINDS)
def test_a_long_post_keeps_its_lines_and_its_link(kind, clock):
    post = robots.Post("题" * 500, ["@Bob", "请处理" * 200], "https://oa.firm.example/x", ["字段: " + "值" * 90] * 200)
    _, body = robots.request(robots.Address(kind, "https://robot.example/", ""), post, clock.now())
    content = body.get("markdown") or body["content"]
    text = content.get("text") or content["content"]

    assert len(text.encode()) <= robots.MOST_BYTES[kind]
    assert (post.link in text, "@Bob" in text, "…" in text, text.count("字段") > 5) == (True,) * 4
