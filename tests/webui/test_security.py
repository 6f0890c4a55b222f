"""Who may open what, and what garbage, forgery and curiosity get: a clear refusal, never a fault of ours.

The database does not matter here: SQLite only, one site for all tests of this file.
"""

import io
import itertools
import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from engine import drafts, forms, identity, jobs, policy, prints, repository, runtime, tasks
from engine.clock import FrozenClock
from engine.db.task import work_item
from engine.process_engine import ProcessEngine
from engine.tasks import drafting
from engine.unit_of_work import ENGINE, Actor
from tests.engine.policy.test_emergency import POLICY
from tests.examples import exploring
from tests.webui.conftest import PASSWORD, settle, site
from tests.webui.drawings import CLAIM
from webui.designer.blank_table import blank_table

KNOWN, ANY = "", "public"
"""what a page asks for: that somebody is signed in; nothing"""
CAPABLE = {"dora": "", "olga": "cockpit", "dan": "process.design", "pam": "people", "meg": "messages.send",
           "vic": "", "cora": "policy"}  # fmt: skip
"""people with exactly one capability each; dora is an employee, ann's instance is none of her business"""

ASKS = {
    "about.index": KNOWN, "workbench.home": KNOWN, "workbench.menu": KNOWN, "messages.index": KNOWN,
    "messages.read": KNOWN,
    "verifying.verify": ANY, "requests.print_": "participant",
    "messages.open_": "participant", "messages.settings": KNOWN, "messages.choose": KNOWN, "messages.badge": KNOWN,
    "messages.robot_list": "admin", "messages.add_robot": "admin", "messages.remove_robot": "admin",
    **dict.fromkeys(
        ("webhooks.index", "webhooks.add", "webhooks.rotate", "webhooks.remove", "webhooks.again",
         "webhooks.switch_off", "webhooks.switch_on", "api_webhooks.switch_off", "api_webhooks.switch_on",
         "api_webhooks.listed", "api_webhooks.add", "api_webhooks.rotate", "api_webhooks.remove",
         "api_webhooks.deliveries", "api_webhooks.again"),
        "admin",
    ),
    "api_notices.index": KNOWN, "api_notices.read_all": KNOWN, "api_notices.preferences": KNOWN,
    "api_notices.prefer": KNOWN,
    "api_notices.read": "participant",
    "inbox.index": KNOWN, "inbox.badge": KNOWN, "inbox.following": KNOWN, "inbox.save_view": KNOWN,
    "inbox.remove_view": KNOWN, "requests.index": KNOWN, "requests.mine": KNOWN,
    "requests.managed": KNOWN, "requests.kept": KNOWN,
    "requests.start": KNOWN, "requests.begin": KNOWN, "requests.drawing": KNOWN, "records.index": KNOWN,
    "requests.foresee": KNOWN, "requests.selectable": KNOWN, "requests.ahead": "participant",
    "api_instances.track": "participant", "inbox.ahead": "participant", "inbox.foresee": "participant",
    "inbox.selectable": "asked",
    "people.search": KNOWN, "api-docs.openapi_json": KNOWN, "api_definitions.index": KNOWN,
    "api_instances.start": KNOWN, "api_tasks.inbox": KNOWN, "api_tasks.agree_many": KNOWN,
    "api_tasks.hand_over": "people",
    "api_substitutions.index": KNOWN, "api_substitutions.make": KNOWN, "api_substitutions.change": "people",
    "api_substitutions.put": "participant",
    "api_substitutions.to_judge": KNOWN,
    "signatures.mine": KNOWN, "signatures.keep": KNOWN, "signatures.forget": KNOWN, "signatures.own_picture": KNOWN,
    "signatures.picture": "participant", "picking.records": "records", "picking.words": KNOWN,
    "picking.organisation": KNOWN, "picking.upload": KNOWN, "picking.held": "holder", "api_files.upload": KNOWN,
    "picking.let_go": KNOWN, "api_files.let_go": KNOWN,
    **dict.fromkeys(("dictionaries.index", "dictionaries.create", "dictionaries.one", "dictionaries.put",
                     "dictionaries.retire"), "admin"),
    "login.form": ANY, "login.sign_in": ANY, "login.sign_out": ANY, "login.language": ANY, "login.theme": ANY,
    "health.live": ANY, "health.ready": ANY, "build": ANY,
    "inbox.task": "participant", "inbox.decide": "participant", "inbox.transfer": "participant",
    "inbox.do_transfer": "participant", "inbox.standing": "participant", "inbox.agree_many": KNOWN,
    "requests.keep": KNOWN, "substitutions.index": KNOWN, "substitutions.create": KNOWN,
    **dict.fromkeys(
        ("inbox.add_signers", "inbox.do_add_signers", "inbox.remove_signer", "inbox.do_remove_signer", "inbox.copy",
         "inbox.do_copy", "inbox.consult", "inbox.do_consult", "inbox.set_future", "inbox.do_set_future",
         "inbox.answer", "inbox.admit", "requests.consult", "requests.approve_again",
         "requests.do_consult", "requests.answer", "requests.admit", "api_comments.comments", "api_comments.comment",
         "api_comments.admit", "api_comments.consultations", "api_comments.consult", "api_comments.answer",
         "inbox.delegate", "inbox.do_delegate", "requests.copy", "requests.do_copy", "requests.urge",
         "requests.do_urge", "requests.read", "inbox.send_back", "inbox.do_send_back", "inbox.recall",
         "inbox.do_recall", "inbox.opened", "requests.withdraw", "requests.do_withdraw", "requests.void",
         "requests.do_void", "requests.steer", "requests.do_steer", "cockpit.modify",
         "cockpit.carry_out", "requests.again", "requests.do_again", "requests.draft", "requests.change_draft",
         "substitutions.end", "substitutions.judge", "substitutions.change", "substitutions.do_change"),
        "participant",
    ),
    "inbox.comment": "participant", "inbox.attach": "participant", "inbox.diagram": "participant",
    "requests.instance": "participant", "requests.diagram": "participant", "requests.comment": "participant",
    "requests.document": "participant", "api_instances.read": "participant",
    "api_instances.timeline": "participant", "api_instances.urge": "participant",
    "api_instances.copy_to": "participant", "api_instances.set_future": "participant",
    "api_returns.return_": "participant", "api_returns.recall": "participant",
    "api_returns.opened": "participant", "api_returns.targets": "participant",
    "api_returns.resubmission": "participant", "api_ends.acts": "participant", "api_ends.perform": "participant",
    "api_ends.jump": "participant", "api_drafts.drafts": KNOWN, "api_drafts.begin": KNOWN, "api_drafts.read": KNOWN,
    "api_drafts.save": KNOWN, "api_drafts.submit": KNOWN, "api_drafts.discard": KNOWN, "api_previews.start": KNOWN,
    "api_previews.running": "participant",
    "api_tasks.one": "participant", "api_tasks.perform": "participant",
    "leaving.index": "people", "leaving.hand_over": "people", "records.rows": "records", "records.record": "records",
    "api_messages.broadcast": "messages.send", "api_messages.evaluate": "messages.send",
    "api_messages.correlate": "messages.send", "api_definitions.one": "starter",
    "api_definitions.source": "starter",
    "people.index": "people", "people.user": "people", "people.groups": "people", "people.create": "admin",
    "people.change": "admin", "cockpit.erase": "admin", "designer.demand_review": "admin",
    **dict.fromkeys(
        ("cockpit.index", "cockpit.acts", "cockpit.ad_hoc", "cockpit.incidents", "cockpit.resolve", "cockpit.instances",
         "cockpit.instance", "cockpit.change", "cockpit.diagram", "cockpit.jobs", "cockpit.retry",
         "cockpit.versions", "cockpit.plan_migration", "cockpit.migrate", "cockpit.compared", "cockpit.batch",
         "cockpit.retention"),
        "cockpit",
    ),
    **dict.fromkeys(
        ("designer.library", "designer.create", "designer.catalogue", "designer.save", "designer.condition",
         "designer.discard", "designer.editor", "designer.expression", "designer.lint", "designer.new",
         "designer.try_expression", "designer.timer", "designer.source",
         "designer.versions", "designer.view", "designer.document", "designer.forms_of_process",
         "designer.decisions_of_process", "designer.import_form", "designer.import_files",
         "designer.put_report_away", "designer.decision_files", "designer.new_decision", "designer.create_decision",
         "designer.edit_decision", "designer.save_decision", "designer.check_decision", "designer.try_decision",
         "designer.simulate_decision", "designer.decision_sheet", "designer.decision_of", "designer.known_to_decision",
         "designer.cover_decision", "designer.new_approval", "designer.create_approval", "designer.remove_scenario",
         "designer.simple", "designer.add_card", "designer.remove_card", "designer.move_card", "designer.add_branch",
         "designer.change_branch", "designer.play", "designer.scenario_list", "designer.run_scenarios",
         "designer.run_all_scenarios",
         "designer.save_scenario", "designer.change_card", "designer.change_condition",
         "designer.gallery", "designer.template", "designer.use_template", "designer.edit_form",
         "designer.rules", "designer.rule",
         "designer.change_form", "designer.difference", "designer.publish", "designer.do_publish",
         "designer.publish_scenarios", "designer.publish_running", "designer.published", "designer.hold",
         "designer.let_go", "designer.take_over", "designer.put_aside", "designer.history", "designer.restore",
         "designer.discard_draft",
         "designer.restore_version",
         "designer.comments", "designer.say", "designer.settle_comment", "designer.exchange",
         "designer.download", "designer.take_in", "designer.review", "designer.do_review", "designer.form_files",
         "designer.new_form", "designer.create_form", "designer.build_form", "designer.form_frame",
         "designer.check_form", "designer.save_form", "designer.preview_form", "designer.step_templates",
         "designer.step_template_file", "designer.save_step_template", "designer.withdraw_step_template",
         "designer.offer_step_template"),
        "process.design",
    ),
    **dict.fromkeys(
        ("auditing.index", "auditing.anchor", "auditing.verify", "auditing.payment_evidence", "api_audit.standing",
         "api_audit.checkpoints", "api_audit.anchor", "api_audit.verify", "api_audit.verify_one", "api_audit.chain",
         "api_audit.payment_evidence", "api_audit.reseal", "api_audit.export", "api_policies.review"), "audit",
    ),
    **dict.fromkeys(
        ("policies.index", "policies.one", "policies.proofs", "policies.proof", "policies.catalogue",
         "api_policies.index", "api_policies.proofs", "api_policies.export", "api_policies.versions",
         "api_policies.prove_files"),
        "policy|audit|process.design",
    ),
    **dict.fromkeys(
        ("policies.holds", "policies.grants", "policies.payments", "policies.payment", "policies.foresee",
         "policies.duties", "policies.logs", "policies.audit_log", "api_policies.staffing",
         "api_policies.holds", "api_policies.grants", "api_policies.payments", "api_policies.foresee",
         "api_policies.foresee_proposal", "api_policies.replay_log"), "policy|audit"
    ),
    "api_policies.emergencies": KNOWN,
    "policies.emergencies": KNOWN,
    "policies.sign": KNOWN, "policies.withdraw_emergency": KNOWN,
    **dict.fromkeys(("policies.review", "policies.review_emergency"), "audit"),
    **dict.fromkeys(
        ("policies.new", "policies.change", "policies.propose", "policies.activate", "policies.withdraw",
         "policies.confirm", "policies.propose_retirement", "policies.withdraw_retirement", "policies.retire",
         "policies.look_again",
         "policies.approve_again", "policies.ask",
         "api_policies.propose", "api_policies.activate", "api_policies.withdraw", "api_policies.confirm",
         "api_policies.propose_retirement", "api_policies.withdraw_retirement", "api_policies.retire"),
        "policy",
    ),
    **dict.fromkeys(
        ("workdays.index", "workdays.create", "workdays.year", "workdays.day", "workdays.published", "workdays.file",
         "workdays.week", "workdays.change"),
        "admin",
    ),
}  # fmt: skip
"""every view of the site; a new one must say here whom it is for"""


def _secret(xml: bytes) -> bytes:
    """The claim with a field that its approvers may not see and that nobody but the designated may start."""
    return (
        xml.replace(b'id="claim"', b'id="raise_pay"')
        .replace(b'<zeebe:formDefinition formId="claim"/>', b'<zeebe:formDefinition formId="raise_pay"/>')
        .replace(b'<zeebe:formDefinition formId="approval"/>', b'<zeebe:formDefinition formId="raise_pay"/>')
        .replace(b'<troika:field id="cost_centre" perm="write"/>', b'<troika:field id="salary" perm="hidden"/>')
        .replace(b'<troika:summary fields="amount"/>', b'<troika:summary fields="amount salary"/>'
                 b'<troika:starters groups="hr"/>')
    )  # fmt: skip


def _field(kind: str, key: str) -> dict[str, Any]:
    return {"type": kind, "id": f"F_{key}", "key": key, "label": key.title()}


SECRET_FORM = json.dumps(
    {"type": "default", "schemaVersion": 18, "id": "raise_pay",
     "components": [_field("textfield", "reason"), _field("number", "amount"), _field("textfield", "salary")]}
).encode()  # fmt: skip
FORM_KEY = "oa/claim"
"""a form that is only a draft; the drawing and the decisions that are looked at are called claim"""
SALARY = "31415926 RMB"
SECRETS = (SALARY, "confidential plan", "a confidential remark", "good work")


@pytest.fixture(scope="module")
def engine() -> Iterator[ProcessEngine]:
    opened = ProcessEngine.in_memory(FrozenClock(datetime(2026, 11, 23, 1, tzinfo=UTC)), inline_ms=60_000)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def people(engine: ProcessEngine) -> dict[str, identity.User]:
    made = settle(engine)
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "hr", "HR")
        identity.add_member(uow, "hr", "ann")
        for login, capability in CAPABLE.items():
            if login not in made:
                made[login] = identity.create_user(uow, login, login.title())
                identity.create_group(uow, f"only_{login}", login.title(), capabilities=capability)
                identity.add_member(uow, f"only_{login}", login)
    return made


@pytest.fixture(scope="module")
def app(engine: ProcessEngine, people) -> Flask:
    made = site(engine)
    made.config["PROPAGATE_EXCEPTIONS"] = False  # as in production: a fault of ours is a page
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(
            uow, {"processes/raise_pay.bpmn": _secret(CLAIM), "forms/raise_pay.json": SECRET_FORM}, "secret"
        )
        drafts.save(uow, "processes/oa/raise_pay.bpmn", _secret(CLAIM), name="raise_pay")
        drafts.save(uow, f"forms/{FORM_KEY}.json", SECRET_FORM.replace(b'"raise_pay"', f'"{FORM_KEY}"'.encode()))
        drafts.save(uow, "processes/oa/claim.dmn", blank_table("claim", "Claim"), name="Claim")
    return made


@pytest.fixture(scope="module")
def things(engine: ProcessEngine, app, people) -> dict[str, Any]:
    """An instance of ann with its task, a file, a comment; names as the routes call them."""
    return put_there(engine, people)


@pytest.fixture(scope="module")
def prey(engine: ProcessEngine, app, people) -> dict[str, Any]:
    """The same again, for what may get broken."""
    return put_there(engine, people)


def put_there(engine: ProcessEngine, people: dict[str, identity.User]) -> dict[str, Any]:
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        started = runtime.start(uow, "raise_pay", {"reason": "good work", "amount": 3, "salary": SALARY}).id
    jobs.run_due(engine)
    with engine.unit_of_work(ENGINE) as uow:
        item = uow.execute(select(work_item.c.id).where(work_item.c.instance_id == started)).scalars().one()
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        document = tasks.attach(uow, item, "plan.txt", b"confidential plan", "text/plain")
        comment = tasks.comment(uow, started, "a confidential remark", ["dora"])
        thread = tasks.consult(uow, started, ["ann"], "a confidential remark")
        code = prints.new_code()
        prints.record(uow, started, code, bytes(32))
    with engine.unit_of_work(ENGINE) as uow:
        definition = repository.latest(uow, "raise_pay").id
        policy.ship(uow, POLICY)
        version = policy.all_versions(uow, "REF-001")[0].id
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        draft = drafting.save(uow, "raise_pay", {"reason": "good work"}).id
    return {
        "instance_id": started, "item": item, "document_id": document, "definition_id": definition,
        "user_id": people["vic"].id, "key": "claim", "decision": "claim", "table": "erp_payment", "record_id": uuid4(),
        "incident_id": uuid4(), "notice_id": uuid4(), "code": code, "robot_id": uuid4(),
        "receiver_id": uuid4(), "delivery_id": uuid4(),
        "job_id": uuid4(), "name": "nothing.js", "batch_id": uuid4(), "policy_id": "REF-001", "version_id": version,
        "emergency_id": uuid4(),
        "other_id": definition, "substitution": uuid4(), "view": uuid4(), "draft_id": draft, "signer": uuid4(),
        "payment_id": uuid4(), "payment": "PAY-0", "stream": "audit:policy",
        "revision_id": uuid4(), "area": "oa", "path": "processes/oa/claim.bpmn",
        "form_id": "oa/nothing",
        "copy_id": uuid4(), "comment_id": comment, "thread_id": thread, "card": "nowhere", "flow": "to_nowhere",
    }  # fmt: skip


def addresses(app: Flask, things: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(endpoint, method, address) of everything that the site answers to."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            values = {name: things.get(name) for name in rule.arguments - {"act", "kind"}}
            chosen = re.findall(r"any\(([^)]*)\):(\w+)", rule.rule)
            words = [re.split(", ?", said.replace("'", "")) for said, _ in chosen]
            for picked in itertools.product(*words):
                more = dict(zip((name for _, name in chosen), picked, strict=True))
                if more.get("kind") == "form" and "key" in values:
                    more["key"] = FORM_KEY
                address = app.url_map.bind("localhost").build(rule.endpoint, values | more)
                found += [(rule.endpoint, method, address) for method in sorted(rule.methods - {"OPTIONS"})]
    return found


def send(visitor: FlaskClient, method: str, address: str, **more: Any) -> Any:
    """As a browser page or its script would, with the token."""
    if method in ("PUT", "DELETE") or (
        method == "POST" and ("/api/" in address or re.search("lint|deploy|expression", address))
    ):
        more.setdefault("json", {})
    return visitor.open(address, method=method, **more)


# ---------------------------------------------------------------- who may open what


def test_every_view_says_whom_it_is_for(app):
    assert set(app.view_functions) == set(ASKS)


def test_a_visitor_who_is_not_signed_in_gets_the_login_page_or_401(app, client, things):
    client.get("/login")
    wrong = []
    for endpoint, method, address in addresses(app, things):
        response = send(client, method, address)
        if ASKS[endpoint] == ANY:
            good = response.status_code < 500
        elif address.startswith("/api/"):
            good = response.status_code == 401
        else:
            good = response.status_code in (303, 401) and (response.location or "/login").startswith("/login")
        if not good:
            wrong.append((method, address, response.status_code, response.location))
    assert wrong == []


CHANGES = ("login.sign_out", "cockpit.change", "cockpit.carry_out", "cockpit.migrate", "designer.discard",
           "designer.save", "people.change")  # fmt: skip
"""not called with the permission here: they would change what the next ones look at"""
MISSING = ("build", "requests.draft", "inbox.remove_view", "inbox.remove_signer", "designer.restore",
           "designer.restore_version", "designer.discard_draft",
           "designer.review", "designer.do_review", "designer.history",
           "designer.settle_comment", "designer.template", "designer.rule",
           "designer.use_template", "designer.step_template_file", "designer.withdraw_step_template",
           "designer.offer_step_template",
           "designer.build_form", "designer.check_form", "designer.edit_form", "designer.change_form",
           "cockpit.resolve", "cockpit.retry", "cockpit.batch", "records.record", "api_drafts.begin", "api_drafts.read",
           "api_drafts.save", "api_drafts.submit", "api_drafts.discard", "api_ends.jump",
           "api_substitutions.change", "substitutions.change", "signatures.own_picture",
           "signatures.picture", "policies.look_again", "policies.approve_again", "policies.ask", "policies.sign",
           "requests.approve_again",
           "policies.withdraw_emergency", "policies.review_emergency", "policies.payment",
           "api_audit.payment_evidence")  # fmt: skip
"""404 even for who may"""


@pytest.mark.parametrize("login", CAPABLE)
def test_a_person_opens_only_what_his_capability_allows(app, things, sign_in, login):
    visitor, wrong, mine = sign_in(login), [], CAPABLE[login]
    for endpoint, method, address in addresses(app, things):
        asks = ASKS[endpoint]
        allowed = asks in (ANY, KNOWN) or mine in asks.split("|")
        allowed |= asks == "participant" and mine == "cockpit" and method in ("GET", "HEAD")
        allowed |= asks == "starter" and mine in ("process.design", "cockpit")
        if allowed and endpoint in CHANGES:
            continue
        response = send(visitor, method, address)
        status = response.status_code
        if allowed:
            good = status != 403 and (status != 404 or endpoint in MISSING) and status < 500
        elif asks == "participant" and mine == "cockpit":
            good = status in (200, 204, 303, 403, 404, 409, 422)  # operators may comment and urge, not decide
        else:
            good = status in (403, 404) or (asks == "participant" and status == 422)
            good &= not any(secret in response.text for secret in SECRETS)
        if not good:
            wrong.append((method, address, asks, status))
    assert wrong == []


def test_an_auditor_reads_everything_and_changes_nothing(app, engine, things, people, sign_in):
    with engine.unit_of_work(ENGINE) as uow:
        people["audra"] = identity.create_user(uow, "audra", "Audra")
        identity.create_group(uow, "auditors", "Auditors", capabilities="audit read_only")
        identity.add_member(uow, "auditors", "audra")
        identity.add_member(uow, "staff", "audra")
    visitor, wrong = sign_in("audra"), []
    for endpoint, method, address in addresses(app, things):
        if ASKS[endpoint] == ANY:
            continue
        answer = send(visitor, method, address)
        status = answer.status_code
        if method in ("GET", "HEAD"):
            good = (
                (status == 403)
                if endpoint in WHERE_SOMETHING_IS_CHANGED
                else (status < 500 and (status not in (401, 403) or endpoint in OF_THE_ASKED))
            )
            good &= not endpoint.startswith("cockpit.") or 'method="post" action="/cockpit/' not in answer.text
        elif getattr(app.view_functions[endpoint], "reads_only", False):
            good = status in (200, 404, 422)  # answers what was sent, keeps nothing
        elif ASKS[endpoint] == "audit":
            # 404: no such payment here; 409: nothing waits to be seen; 422: no reason was sent
            good = status in ((200, 202, 404, 409, 422) if "/api/" in address else (303, 404, 409))
        else:
            good = status == 403
        if not good:
            wrong.append((method, address, ASKS[endpoint], status))
    assert wrong == []


OF_THE_ASKED = ("inbox.selectable", "leaving.form", "leaving.index", "leaving.preview", "picking.records")
"""lists from which only whoever decides a task, or hands work over, can choose"""
WHERE_SOMETHING_IS_CHANGED = frozenset(
    (
        "designer.new",
        "designer.editor",
        "designer.import_form",
        "designer.new_approval",
        "designer.new_decision",
        "designer.publish",
        "designer.simple",
        "designer.edit_form",
        "designer.new_form",
        "designer.build_form",
    )
)
"""pages on which a process is drawn or published; what is deployed is read elsewhere"""


def test_nothing_changes_without_a_token_of_the_session(app, things, sign_in):
    root, wrong = sign_in("root"), []
    for token in ("", "forged", sign_in("ann").token):
        root.token = token
        for _, method, address in addresses(app, things):
            if method in ("GET", "HEAD"):
                continue
            for more in ({}, {"json": {}}, {"data": "x", "headers": {"Content-Type": "text/plain"}}):
                if "data" in more:
                    response = FlaskClient.open(root, address, method=method, **more)
                else:
                    response = send(root, method, address, **more)
                root.token = token
                if response.status_code != 403:
                    wrong.append((method, address, response.status_code))
    assert wrong == []


# ---------------------------------------------------------------- garbage

TEXTS = [
    "", "\0", "a\0b", "\ud800", "' OR 1=1 --", '"; DROP TABLE user_account; --', "%", "\\", "{0}", "{x.__class__}",
    "%(name)s", "<script>alert(1)</script>", "../../etc/passwd", "-1", "99999999999999999999999999", "1e999", "NaN",
    "9" * 5000, "x" * 60_000, "\r\nSet-Cookie: a=b", "\u202e\u2028", "f" * 32, "00000000-0000-0000-0000-000000000000",
    "ffffffffffffffffffff.00000000000000000000000000000000", "-7fffffffffffffff.ffffffffffffffffffffffffffffffff",
    "null", "[]", "[" * 5000, "/\t/[", "//evil.example", "https://evil.example",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, -1, 1.5, 2**63, -(2**200), float("nan"), float("inf"), "", "\0", "\ud800", "x" * 60_000, [], [[]], {},
    {"\0": 1}, {"\ud800": 1}, [None], {"$ne": 1},
]  # fmt: skip
QUERIES = {
    "inbox.index": {
        "after": "",
        "text": "",
        "process": "",
        "box": "todo",
        "sort": "due",
        "node": "",
        "due": "overdue",
        "requester": "",
        "waiting": "1",
        "returned": "1",
        "layout": "",
        "open": "",
        "seen": "",
    },
    "inbox.following": {"box": "todo", "sort": "due", "text": "", "process": "", "pane": ""},
    "inbox.standing": {"version": "1"},
    "requests.mine": {"after": ""},
    "requests.managed": {"after": "", "text": "", "status": ""},
    "requests.kept": {"after": ""},
    "messages.index": {"after": ""},
    "people.search": {"q": ""},
    "people.index": {"search": "", "after": ""},
    "cockpit.incidents": {"before": ""},
    "cockpit.instances": {"process": "", "status": "", "text": "", "before": ""},
    "cockpit.jobs": {"state": "", "before": ""},
    "cockpit.plan_migration": {
        "source": "",
        "target": "",
        "instance": "",
        "dry": "1",
        "to:approve": "",
        "reassign": "1",
    },
    "cockpit.modify": {"cancel": "1", "node": "approve", "where": "after", "variables": "{}", "look": "1"},
    "cockpit.batch": {"after": ""},
    "records.rows": {"search": "", "after": ""},
    "api_tasks.inbox": {"box": "todo", "cursor": "", "limit": "1", "process": "", "text": "", "sort": "due"},
    "login.form": {"next": ""},
}
"""what a page reads from its address, with values that are good"""
FORMS = {
    "login.sign_in": {"login": "nobody", "password": "wrong", "next": "/"},
    "login.language": {"language": "", "next": "/"}, "login.theme": {"theme": "", "next": "/"},
    "inbox.decide": {"action": "agree", "data": "{}", "opinion": "", "version": "1", "seen_digest": "x",
                     "request_id": ""},
    "inbox.save_view": {"name": "x", "box": "todo", "text": "x", "list": ""},
    "inbox.agree_many": {"line": "x:y", "opinion": "", "list": "", "request_id": ""},
    "inbox.do_delegate": {"to": "carl", "reason": "?", "request_id": ""},
    "inbox.do_send_back": {"target": "initiator", "resubmit": "stepwise", "reason": "x", "request_id": ""},
    "requests.keep": {"data": "{}"}, "requests.change_draft": {"action": "keep", "data": "{}", "version": "1"},
    "substitutions.create": {"to": "carl", "first": "2030-01-01", "last": "2030-01-02", "process": "", "reason": "",
                             "max_amount": "", "include_open": "1"},
    "substitutions.do_change": {"last": "2030-01-02", "process": "", "max_amount": ""},
    "inbox.do_copy": {"to": "carl", "reason": "?", "again": "1", "request_id": ""},
    "requests.do_copy": {"to": "carl", "reason": "?", "again": "1", "request_id": ""},
    "requests.do_urge": {"request_id": ""},
    "inbox.do_add_signers": {"to": "carl", "where": "before", "mode": "all", "reason": "", "data": "{}",
                             "request_id": ""},
    "inbox.do_transfer": {"to": "carl", "reason": "away", "request_id": ""},
    "inbox.comment": {"text": "x", "request_id": ""}, "requests.comment": {"text": "x", "request_id": ""},
    "requests.foresee": {"data": '{"reason": "x", "amount": 1}', "draft": "", "choosing": "", "department": ""},
    "inbox.foresee": {"data": "{}", "approvers.two": "carl"},
    "requests.begin": {"data": '{"reason": "x", "amount": 1}', "request_id": ""},
    "people.create": {"login": "x", "name": "x", "password": "long enough", "name_en": "", "email": "", "position": "",
                      "org_unit": "", "manager": ""},
    "people.change": {"new_password": "x", "group": "managers"},
    "designer.create": {"key": "xx", "name": "", "category": "oa"},
    "cockpit.resolve": {"variables": "{}", "happened": ""}, "cockpit.change": {"reason": "x"},
    "cockpit.migrate": {"source": "", "target": "", "instance": "", "reason": "x", "to:approve": "", "recompute": "1"},
    "cockpit.carry_out": {"cancel": "1", "node": "approve", "where": "before", "variables": "{}", "reason": "x",
                          "accept": ""},
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "api_instances.start": {"key": "claim", "variables": {"reason": "x", "amount": 1}, "business_key": "x",
                            "request_id": ""},
    "api_tasks.perform": {"fields": {}, "opinion": "x", "to": "carl", "people": ["carl"], "mode": "any",
                          "approvers": {}, "version": 1,
                          "seen_digest": "x", "request_id": "x"},
    "api_tasks.agree_many": {"tasks": [], "opinion": "x", "request_id": "x"},
    "api_instances.copy_to": {"people": ["carl"], "reason": "x", "again": False, "request_id": "x"},
    "api_instances.urge": {"request_id": "x"},
    "api_tasks.hand_over": {"leaver": "carl", "to": "dora", "reason": "x", "preview": True, "tasks": None},
    "api_substitutions.make": {"substitute": "carl", "valid_from": "2026-11-23T00:00:00Z",
                               "valid_to": "2026-11-24T00:00:00Z", "scope": "all", "names": [], "max_amount": None},
    "api_substitutions.put": {"valid_to": "2026-11-24T00:00:00Z", "scope": "all", "names": [], "max_amount": None},
    "api_instances.set_future": {"node": "pay", "people": ["carl"], "adds": True, "request_id": "x"},
    "api_returns.return_": {"target": "x", "opinion": "x", "resubmit": "stepwise", "recompute": False, "version": 1,
                            "request_id": "x"},
    "api_returns.recall": {"reason": "x"}, "api_returns.resubmission": {"fields": {}},
    "api_ends.jump": {"cancel": [], "start": [{"element": "x", "where": "before", "scope": None}], "reason": "x",
                      "accept_warnings": False},
    "api_previews.start": {"key": "claim", "variables": {"amount": 1}},
    "api_drafts.begin": {"key": "claim", "fields": {}, "version": 0},
    "api_drafts.save": {"key": "claim", "fields": {}, "version": 1},
    "api_drafts.submit": {"fields": {}, "version": 1}, "api_drafts.discard": {"version": 7},
    "api_messages.correlate": {"name": "x", "key": "x", "payload": {}, "message_id": "x"},
    "designer.lint": {"key": "claim", "xml": CLAIM.decode()},
    "designer.condition": {"text": "= amount > 5"},
    "designer.try_expression": {
        "key": "claim", "xml": CLAIM.decode(), "text": "a", "kind": "condition", "values": {},
    },
    "designer.timer": {
        "key": "claim", "xml": CLAIM.decode(), "text": "P1D", "kind": "duration", "calendar": "", "values": {},
    },
    "designer.expression": {"key": "claim", "xml": CLAIM.decode(), "text": "a", "kind": "condition"},
    "designer.save": {"xml": CLAIM.decode()},
    "designer.discard": {},
}  # fmt: skip


SHARE = 60


def quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def garbage(app: Flask, things: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, address, what is sent): one thing is wrong in each."""
    for endpoint, method, address in addresses(app, things):
        if method == "HEAD" or endpoint == "login.sign_out":
            continue
        places = [str(things[name]) for name in things if str(things[name]) in address]
        for place, text in itertools.product(places, TEXTS[1:]):
            yield method, address.replace(place, quoted(text)), {}
        if method == "GET":
            good = QUERIES.get(endpoint, {})
            for name, text in itertools.product(good, TEXTS):
                yield method, f"{address}?" + "&".join(f"{k}={quoted(v)}" for k, v in (good | {name: text}).items()), {}
            continue
        for name, text in itertools.product(FORMS.get(endpoint, ()), TEXTS):
            sent = FORMS[endpoint] | {name: text}
            yield method, address, {"data": {k: v.encode("utf-8", "surrogatepass") for k, v in sent.items()}}
        if endpoint in BODIES:
            bodies = [*VALUES, *(BODIES[endpoint] | {name: value} for name in BODIES[endpoint] for value in VALUES)]
            for body in (*map(json.dumps, bodies), "", "{", "[" * 100_000, "\xff"):
                yield method, address, {"data": body, "content_type": "application/json"}


@pytest.mark.hypothesis
@pytest.mark.parametrize(("language", "part"), [("en", 0), ("zh", 1)])
def test_garbage_is_refused_in_words_and_never_a_fault(app, prey, sign_in, language, part, caplog):
    """Each language gets every SHARE-th piece, so that every place meets a different selection of it; `make fuzz`
    takes others each time."""
    first = (part * (SHARE // 2) + (random.randrange(SHARE) if exploring() else 0)) % SHARE
    root, faults, met = sign_in("root"), [], 0
    for method, address, more in itertools.islice(garbage(app, prey), first, None, SHARE):
        headers = {"Accept-Language": language, "X-CSRFToken": root.token}
        response = FlaskClient.open(root, address, method=method, headers=headers, **more)
        met += 1
        if response.status_code >= 500:
            faults.append((method, address[:120], str(more)[:200]))
    said = "\n".join((record.exc_text or record.message)[-900:] for record in caplog.records)
    assert faults == [], f"from piece {first}: {said}"
    assert met > 75


@pytest.mark.parametrize(
    ("method", "address", "body", "status"),
    [
        ("GET", "/login?next=/%09/%5B", None, 303),
        ("GET", "/messages/?after=99999999999999999999999999", None, 422),
        ("GET", "/messages/?after=-1", None, 422),
        ("GET", f"/inbox/?box=done&after={'f' * 20}.{'0' * 32}", None, 422),
        ("GET", f"/inbox/?box=done&after={'f' * 15}.{'0' * 32}", None, 422),
        ("GET", f"/inbox/?after={'f' * 20}.{'0' * 32}", None, 422),
        ("GET", f"/api/v1/tasks/?cursor=-{'f' * 20}.{'0' * 32}", None, 422),
        ("GET", f"/cockpit/instances?text={'x' * 60_000}", None, 422),
        ("GET", f"/people/?search={'x' * 60_000}", None, 422),
        ("GET", f"/people/search?q={'x' * 60_000}", None, 422),
        ("GET", f"/api/v1/tasks/?text={'x' * 60_000}", None, 422),
        ("GET", f"/static/build/{'x' * 300}", None, 404),
        ("POST", "/designer/lint", {"key": "claim", "xml": "\ud800"}, 422),
        ("POST", "/designer/lint", {"key": "\ud800", "xml": ""}, 422),
        ("PUT", "/designer/drafts/claim", {"xml": "\ud800"}, 422),
        ("POST", "/api/v1/instances/", {"key": "claim", "request_id": "\ud800"}, 422),
        ("POST", "/api/v1/instances/", {"key": "\0"}, 422),
        ("POST", "/api/v1/messages/", {"name": "\ud800", "key": 1}, 422),
        ("POST", "/api/v1/messages/", {"name": "x", "key": "\ud800"}, 422),
        ("DELETE", "/api/v1/tasks/", {}, 405),
    ],
)
def test_what_once_was_a_fault_is_a_refusal(app, sign_in, method, address, body, status):
    root = sign_in("root")

    response = FlaskClient.open(
        root, address, method=method, headers={"X-CSRFToken": root.token, "Accept-Encoding": "gzip"},
        data=None if body is None else json.dumps(body), content_type="application/json",
    )  # fmt: skip

    assert response.status_code == status, response.text[:500]
    if status == 405:
        assert "GET" in response.headers["Allow"]


# ---------------------------------------------------------------- what a participant may not see


def test_a_field_that_a_task_hides_is_in_no_page_and_no_answer(things, sign_in):
    bob, leaks = sign_in("bob"), []
    item, instance = things["item"], things["instance_id"]
    for address in (
        f"/inbox/{item}", "/inbox/", f"/inbox/{item}/diagram.json", f"/requests/{instance}", "/",
        f"/requests/{instance}/diagram.json", f"/api/v1/tasks/{item}", "/api/v1/tasks/",
        f"/api/v1/instances/{instance}", f"/api/v1/instances/{instance}/timeline",
    ):  # fmt: skip
        response = bob.get(address)
        assert response.status_code == 200, address
        if SALARY in response.text:
            leaks.append(address)

    assert leaks == []
    assert "good work" in bob.get(f"/inbox/{item}").text
    assert bob.get(f"/api/v1/tasks/{item}").json["values"] == {"reason": "good work", "amount": 3}


def test_the_requester_and_the_cockpit_read_everything_an_onlooker_what_the_task_shows(things, sign_in):
    item, instance = things["item"], things["instance_id"]

    assert SALARY in sign_in("ann").get(f"/requests/{instance}").text
    assert SALARY in sign_in("olga").get(f"/requests/{instance}").text
    assert SALARY not in sign_in("ann").get(f"/inbox/{item}").text  # bob's page, looked at by her


# ---------------------------------------------------------------- sessions


def test_a_link_of_the_next_page_is_an_address_of_this_site_whatever_the_query_says(engine, app, sign_in, people):
    for _ in range(26):
        with engine.unit_of_work(Actor(people["carl"].id)) as uow:
            runtime.start(uow, "claim", {"reason": "x", "amount": 1})
    jobs.run_due(engine)
    olga, carl = sign_in("olga"), sign_in("carl")

    for query in ("_scheme=javascript&_external=1&_anchor=%0Aalert(1)", "endpoint=x", "_method=PUT", "_scheme=x"):
        for visitor, address in ((carl, "/inbox/"), (olga, "/cockpit/instances"), (olga, "/cockpit/jobs")):
            response = visitor.get(f"{address}?{query}")
            assert response.status_code == 200, (address, query)
            links = re.findall(r'href="([^"]*)"', response.text.partition("<main")[2])
            assert all(link.startswith(("/", "?", "#")) for link in links), links


ELSEWHERE = [
    "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
    "/\n/evil.example", "\t//evil.example", "/\t\\evil.example", "/\t/[", "javascript:alert(1)", "///evil.example",
    "/x\r\nSet-Cookie: a=b",
]  # fmt: skip


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_after_login_nobody_is_led_elsewhere(client, wanted):
    client.get("/login")
    response = client.post("/login", data={"login": "ann", "password": PASSWORD, "next": wanted})

    assert (response.status_code, response.location) == (303, "/")
    client.post("/language", data={"language": "en", "next": wanted})
    assert client.post("/theme", data={"theme": "dark", "next": wanted}).location == "/"
    assert client.get("/login", query_string={"next": wanted}).location == "/"


def test_login_and_logout_begin_a_new_session(client):
    client.get("/login")
    planted = client.token
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"

    client.post("/login", data={"login": "ann", "password": PASSWORD})

    with client.session_transaction() as session:
        assert "planted" not in session
    client.token = planted
    assert client.post("/messages/read").status_code == 403
    client.get("/")
    client.post("/logout")
    with client.session_transaction() as session:
        assert not {"_user_id", "_fresh"} & set(session)


def test_an_account_that_is_gone_or_disabled_is_a_stranger_who_may_sign_in_again(app, engine, people):
    with engine.unit_of_work(ENGINE) as uow:
        gone = identity.create_user(uow, "gone", "Gone", password=PASSWORD)
        identity.disable(uow, gone.id)
    for user_id in (f"{gone.id}:1", f"{gone.id}:2", f"{uuid4()}:1"):
        visitor = app.test_client()
        with visitor.session_transaction() as session:
            session["_user_id"] = user_id
        assert visitor.get("/health/ready").status_code == 200
        with visitor.session_transaction() as session:
            session["_user_id"] = user_id
        assert visitor.get("/api/v1/tasks/").status_code == 401
        with visitor.session_transaction() as session:
            session["_user_id"] = user_id
        assert visitor.get("/login").status_code == 200
        assert visitor.post("/login", data={"login": "bob", "password": PASSWORD}).status_code == 303


def test_a_lock_does_not_tell_which_logins_exist(client, engine):
    def statuses(login: str) -> list[int]:
        client.get("/login")
        return [client.post("/login", data={"login": login, "password": "wrong"}).status_code for _ in range(6)]

    with engine.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "eve", "Eve", password=PASSWORD)

    known = statuses("eve")
    assert known == [401] * 5 + [429]
    for unknown in ("nobody_at_all", "carl", "gone"):  # no account, no password, disabled
        assert statuses(unknown) == known


@pytest.mark.parametrize("login", ["", "x" * 61, "a\0b", "a\tb", "\u202etoor", "bob's id"])
def test_a_login_that_names_nobody_or_somebody_else_makes_no_account(app, sign_in, people, login):
    sent = {"login": str(people["bob"].id) if login == "bob's id" else login, "name": "Twin"}

    assert sign_in("root").post("/people/", data=sent).status_code == 422


# ---------------------------------------------------------------- what is sent back


def test_names_comments_and_values_never_become_markup(app, engine, people, sign_in):
    evil = "<img src=x onerror=alert(1)></script>'\"{{7*7}}"
    with engine.unit_of_work(ENGINE) as uow:
        mallory = identity.create_user(uow, "mallory", evil, name_en=evil, position=evil)
        identity.add_member(uow, "managers", mallory.id)
        identity.create_group(uow, "evil", evil, name_en=evil)
    with engine.unit_of_work(Actor(mallory.id)) as uow:
        started = runtime.start(uow, "claim", {"reason": evil, "amount": 7}).id
    with engine.unit_of_work(Actor(mallory.id)) as uow:
        tasks.comment(uow, started, evil)
    with engine.unit_of_work(ENGINE) as uow:
        item = uow.execute(select(work_item.c.id).where(work_item.c.instance_id == started)).scalars().one()
        drafts.save(uow, "processes/oa/evil.bpmn", evil.encode(), name=evil)
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        item = tasks.claim(uow, item)
    with engine.unit_of_work(Actor(people["bob"].id)) as uow:
        item = tasks.transfer(uow, item, people["carl"].id, evil)
    root, carl = sign_in("root"), sign_in("carl")

    seen_by_carl = ("/", "/inbox/", f"/inbox/{item}", f"/requests/{started}", f"/inbox/?text={evil}")
    seen_by_root = (
        "/people/", f"/people/{mallory.id}", "/people/groups", "/designer/", "/designer/edit/evil", "/cockpit/",
        f"/cockpit/instances/{started}", "/cockpit/instances", f"/cockpit/instances?text={evil}", "/cockpit/audit",
    )  # fmt: skip

    pages = [carl.get(address) for address in seen_by_carl] + [root.get(address) for address in seen_by_root]
    pages.append(root.post("/people/", data={"login": "ann", "name": evil, "email": evil}))
    pages.append(root.post("/designer/", data={"key": evil, "name": evil, "category": evil}))
    reject = {"action": "reject", "opinion": "", "data": json.dumps({evil: evil})}
    pages.append(carl.post(f"/inbox/{item}", data=reject))

    for page in pages:
        assert page.mimetype == "text/html"
        assert "<img" not in page.text
        assert "49" not in re.findall(r"onerror=alert\(1\)(.{0,40})", page.text)


def test_every_answer_carries_the_headers(app, client, sign_in, things):
    ann = sign_in("ann")
    answers = [
        client.get("/login"), client.get("/"), client.get("/api/v1/tasks/"), client.get("/static/build/nothing"),
        client.get("/nothing"), client.post("/login"), client.delete("/"), ann.get("/"), ann.get("/cockpit/"),
        ann.get("/nothing", headers={"HX-Request": "true"}), ann.get("/health/live"),
        ann.post("/requests/start/claim", data={"data": "x" * 2_000_000}),
    ]  # fmt: skip
    for answer in answers:
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
    assert answers[-1].status_code == 413


def test_a_drawing_is_a_file_to_save_and_never_a_page(things, sign_in):
    for address in (f"/designer/source/{things['definition_id']}.bpmn",
                    f"/api/v1/definitions/{things['definition_id']}/source"):  # fmt: skip
        assert sign_in("root").get(address).headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("name", "content", "said", "status"),
    [
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "image/png", 415),
        ("a.txt", b"plain", "text/html", 303),
        ("../../../a\\b.txt", b"plain", "text/plain", 303),
        ("名.txt", "文".encode(), "text/plain", 303),
        ('q"; filename=x.html', b"plain", "text/plain", 303),
        ("n" * 300 + ".txt", b"plain", "text/plain", 422),
        (".", b"plain", "text/plain", 422),
    ],
)
def test_a_file_is_named_and_typed_by_us(app, engine, things, sign_in, people, name, content, said, status):
    bob = sign_in("bob")
    bob.get(f"/inbox/{things['item']}")

    response = bob.post(
        f"/inbox/{things['item']}/attachments", data={"file": (io.BytesIO(content), name, said)},
        content_type="multipart/form-data",
    )  # fmt: skip

    assert response.status_code == status, response.text[:300]
    if status == 303:
        with engine.unit_of_work(Actor(people["bob"].id), read_only=True) as uow:
            file = tasks.attachments(uow, things["instance_id"])[-1]
        assert "/" not in file.name
        assert "\\" not in file.name
        answer = bob.get(f"/requests/documents/{file.id}")
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]


# ---------------------------------------------------------------- two views of one form


def test_what_somebody_may_read_is_what_any_of_his_tasks_shows_and_an_onlooker_what_both_show():
    open_ = forms.Permissions(by_path={"salary": "hidden", "lines": "hidden"})
    narrow = forms.Permissions(default="hidden", by_path={"amount": "write", "lines.*": "read"})

    either = forms.permissions.any_of([open_, narrow])
    both = forms.permissions.all_of([open_, narrow])

    paths = ("amount", "other", "salary", "lines.price")  # nobody sees the list, so nobody its columns
    assert [either.on(path) for path in paths] == ["read", "read", "hidden", "hidden"]
    assert [both.on(path) for path in paths] == ["read", "hidden", "hidden", "hidden"]
    assert forms.permissions.any_of([]).on("amount") == "hidden"
