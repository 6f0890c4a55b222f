"""Every page of the site, from the table of its routes, in both languages, colours and widths."""

import base64
import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from engine import (
    batches,
    dictionaries,
    drafts,
    identity,
    operations,
    policy,
    prints,
    repository,
    runtime,
    tasks,
    workdays,
)
from engine.db.base import metadata
from engine.migration import Plan
from engine.policy import statement
from engine.tasks import drafting
from engine.unit_of_work import ENGINE, Actor, UnitOfWork
from tests.browser import chromium
from tests.browser.conftest import Site
from tests.browser.test_migration_walk import newer
from tests.browser.test_policy_walk import CLAIM, WHY
from tests.browser.words import Words

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = {
    "login.form": "", "verifying.verify": "",
    **dict.fromkeys(
        ("about.index", "workbench.home", "workbench.menu", "messages.index", "messages.settings", "requests.index",
         "requests.mine",
         "requests.start", "requests.draft", "requests.instance", "requests.again", "requests.consult", "requests.copy",
         "requests.urge", "requests.void", "requests.withdraw", "requests.ahead"),
        "ann",
    ),
    **dict.fromkeys(
        ("inbox.index", "inbox.task", "inbox.add_signers", "inbox.remove_signer", "inbox.consult", "inbox.copy",
         "inbox.delegate", "inbox.set_future", "inbox.recall", "inbox.send_back", "inbox.transfer", "inbox.ahead",
         "signatures.mine", "substitutions.change", "substitutions.index"),
        "bob",
    ),
    **dict.fromkeys(
        ("designer.library", "designer.new_approval", "designer.decision_files", "designer.edit_decision",
         "designer.new_decision", "designer.difference", "designer.editor", "designer.exchange", "designer.history",
         "designer.import_form", "designer.new", "designer.publish", "designer.published", "designer.review",
         "designer.scenario_list", "designer.simple", "designer.edit_form", "designer.gallery", "designer.template",
         "designer.step_templates", "designer.decisions_of_process", "designer.forms_of_process",
         "designer.versions", "designer.view",
         "designer.form_files", "designer.new_form", "designer.build_form", "designer.rules", "designer.rule"),
        "chen",
    ),
    **dict.fromkeys(
        ("cockpit.index", "cockpit.acts", "cockpit.batch", "cockpit.incidents", "cockpit.instances", "cockpit.instance",
         "cockpit.modify", "cockpit.jobs", "cockpit.retention", "cockpit.versions", "cockpit.plan_migration",
         "dictionaries.index",
         "dictionaries.one", "messages.robot_list", "webhooks.index", "people.index", "people.user", "people.groups",
         "leaving.index", "records.index", "records.rows", "records.record", "workdays.year"),
        "adam",
    ),
    **dict.fromkeys(
        ("policies.index", "policies.new", "policies.one", "policies.change", "policies.duties",
         "policies.emergencies", "policies.logs", "policies.grants", "policies.holds", "policies.payments",
         "policies.proofs", "policies.proof", "policies.catalogue",
         "policies.foresee"),
        "dina",
    ),
    "auditing.index": "xing", "requests.managed": "hr", "requests.kept": "hr", "requests.steer": "hr",
}  # fmt: skip
"""who opens each of them; "": somebody who has not signed in"""
NO_PAGES = {
    **dict.fromkeys(
        ("requests.diagram", "requests.drawing", "inbox.diagram", "cockpit.diagram", "cockpit.compared",
         "designer.catalogue", "designer.known_to_decision", "designer.source", "designer.document",
         "designer.step_template_file", "designer.download", "requests.document", "requests.selectable",
         "inbox.selectable", "people.search", "picking.records", "picking.words", "picking.organisation",
         "picking.held",
         "signatures.picture",
         "signatures.own_picture", "build", "health.live", "health.ready", "api-docs.openapi_json"),
        "a file or JSON",
    ),
    **dict.fromkeys(
        ("inbox.badge", "messages.badge", "inbox.standing", "designer.comments", "designer.publish_running",
         "designer.form_frame"),
        "a part of a page",
    ),
    **dict.fromkeys(("inbox.following", "workdays.index", "designer.decision_of"), "leads to a page"),
    "policies.payment": "looked at where one is paid: test_policy_walk",
}  # fmt: skip
WHOLE = "html"
CONTENT = {"include": [WHOLE], "exclude": ["aside.navbar", "header.navbar"]}
"""all but what is around every page; that is looked at once for everybody"""
MAIN = ("inbox.index", "inbox.task", "requests.start", "requests.instance")
"""looked at in both colours and both widths"""
LONG = "/of_one_word_that_no_line_holds" * 2
REFUSED = (401, 403, 404, 409, 415, 422)
ENDING = ("requests.withdraw",)
"""what is done without a word, and after which nothing else can be done"""
Sent = Mapping[str, str | tuple[str, bytes]]
"""fields of a form: text, or name and content of a file"""
Look = Callable[[Page, Any], list[str]]
"""What is wrong with a page under what `violations` calls a context"""
Answer = tuple[str, str, Sent | None, Collection[int]]
"""login, address, fields of a form that is sent there, and the statuses of which the answer must have one"""


class Places:
    """What the pages are about, made by the people whose it would be. `values`: of the addresses; by endpoint where
    several mean different things by one name."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.values: dict[str, dict[str, Any]] = {}
        self.more: list[tuple[str, str]] = []
        self.sent: list[tuple[str, str, Sent, int]] = []
        self.times = 0
        self._people()
        self._requests()
        self._designs()
        self._operations()
        self._policies()

    def become(self, page: Page, login: str, theme: str) -> None:
        """Whoever looks at `page` is somebody else from now on, and has chosen these colours."""
        page.goto("about:blank")  # nothing that the page before would send goes out in the other one's name
        page.context.clear_cookies()
        cookies: list[Any] = [{"name": "theme", "value": theme, "url": self.site.address}]
        if login:
            with self.site.engine.unit_of_work(ENGINE, read_only=True) as uow:
                user = identity.find(uow, [login])[0]
            cookies.append(chromium.signed_in(self.site.app, user, self.site.address))
        page.context.add_cookies(cookies)

    def addresses(self) -> Iterator[tuple[str, str, str]]:
        """(login, endpoint, address) of every page, and of those that have several states."""
        with self.site.app.test_request_context():
            urls = self.site.app.url_map.bind("localhost")
            rules = {rule.endpoint: rule for rule in self.site.app.url_map.iter_rules()}
            for endpoint, login in PAGES.items():
                known = self.values[""] | self.values.get(endpoint, {})
                yield login, endpoint, urls.build(endpoint, {name: known[name] for name in rules[endpoint].arguments})
        for login, address in self.more:
            yield login, "", address

    def answers(self) -> Iterator[Answer]:
        """Of the pages that only an answer shows: results, what is asked before something is
        done, refusals; without fields an address that is not for him."""
        yield "ann", f"/nowhere{LONG}", None, {404}
        yield "ann", "/people/", None, {403}
        yield from ((login, address, fields, {status}) for login, address, fields, status in self.sent)
        self.times += 1  # a name is taken once
        yield "adam", "/messages/webhooks/", {"name": f"ledger{self.times}"}, {200}

    def refusals(self) -> Iterator[Answer]:
        """Every form that is shown again when it is refused, sent empty; one that needs nothing leads on. Left out is
        what would end the request that the others are about."""
        rules = list(self.site.app.url_map.iter_rules())
        looks = {rule.rule: login for rule in rules for login in [PAGES.get(rule.endpoint)] if login is not None}
        about = {endpoint.partition(".")[0]: login for endpoint, login in PAGES.items()}
        everything = {name: value for known in self.values.values() for name, value in known.items()}
        with self.site.app.test_request_context():
            urls = self.site.app.url_map.bind("localhost")
            for rule in rules:
                room = rule.endpoint.partition(".")[0]
                shown = hasattr(self.site.app.view_functions[rule.endpoint], "shows_again")
                if not shown or rule.endpoint in ENDING:
                    continue
                known = everything | self.values[""] | self.values.get(rule.endpoint, {})
                if rule.arguments <= known.keys():
                    address = urls.build(rule.endpoint, {name: known[name] for name in rule.arguments}, method="POST")
                    yield looks.get(rule.rule, about[room]), address, {}, (303, *REFUSED)

    @contextmanager
    def acting(self, login: str) -> Iterator[UnitOfWork]:
        with self.site.engine.unit_of_work(Actor(self.people[login])) as uow:
            yield uow

    def item(self, login: str, of: UUID, box: str = "todo") -> UUID:
        """The task of a request in somebody's inbox."""
        found = self.until(
            lambda uow: [one.work_item_id for one in tasks.inbox(uow, box, limit=100).items if one.instance_id == of],
            login,
        )
        return UUID(str(found[0]))

    def until(self, look: Callable[[UnitOfWork], list[Any]], login: str = "adam") -> list[Any]:
        """What is found when the job runners have come to it."""
        for _ in range(100):
            with self.acting(login) as uow:
                if found := look(uow):
                    return found
            time.sleep(0.1)
        raise AssertionError(f"{login} does not find it")

    def claim(self, amount: str) -> UUID:
        """An expense claim of ann."""
        started: UUID = self.act("ann", runtime.start, "expense_claim", CLAIM | {"amount": Decimal(amount)}).id
        return started

    def act(self, login: str, verb: Callable[..., Any], *what: Any, **more: Any) -> Any:
        """What somebody does; requests are never touched two at a time."""
        with self.acting(login) as uow:
            return verb(uow, *what, **more)

    def _people(self) -> None:
        with self.site.engine.unit_of_work(ENGINE, read_only=True) as uow:
            self.people = {one.login: one.id for one in identity.users(uow, limit=1000)}

    def _requests(self) -> None:
        fresh, agreed, returned, refused, withdrawn, advised = (self.claim(f"{51 + n}.00") for n in range(6))
        draft = self.act("ann", drafting.save, "expense_claim", {"reason": "市内交通"}).id
        asked, done = self.item("bob", fresh), self.item("bob", agreed)
        self.act("bob", tasks.add_beside, asked, ["sun"], "展会费用请一起看")
        thread = self.act("bob", tasks.consult, fresh, ["ann"], "几个人？")
        self.act("bob", tasks.copy_to, fresh, ["ann", "chen"], "请知悉")
        self.act("bob", tasks.comment, fresh, "发票已收到", ["ann"])
        self.act("bob", tasks.attach, asked, "发票.txt", "发票".encode(), "text/plain")
        self.act("bob", tasks.agree, done, {}, "同意")
        self.act("bob", tasks.return_, self.item("bob", returned), "initiator", "请补发票")
        self.act("bob", tasks.reject, self.item("bob", refused), "重复报销")
        self.act("bob", tasks.delegate, self.item("bob", advised), "sun", "是否合规？")
        self.act("ann", tasks.answer, fresh, thread, "六个人")
        self.act("ann", tasks.withdraw, withdrawn, "写错了")
        begins = self.site.now() + timedelta(days=300)  # nobody sees anything of it before
        away = self.act("bob", identity.substitute, "bob", "eve", begins, begins + timedelta(days=1),
                        max_amount=Decimal(100)).id  # fmt: skip
        code = prints.new_code()
        self.act("ann", prints.record, agreed, code, bytes(32))
        self.values[""] = {
            "instance_id": fresh, "item": asked, "code": code, "key": "expense_claim", "draft_id": draft,
            "user_id": self.people["bob"], "substitution": away, "kind": "process",
        }  # fmt: skip
        self.values |= {
            "inbox.recall": {"item": done}, "inbox.remove_signer": {"item": asked, "signer": self.item("sun", fresh)},
            "requests.again": {"instance_id": withdrawn}, "requests.urge": {"instance_id": advised},
        }  # fmt: skip
        boxes = ("claimable", "drafts", "done", "waiting", "copied", "mine")
        self.more += [("bob", f"/inbox/?box={box}") for box in boxes]
        self.more += [("ann", f"/requests/{one}") for one in (agreed, returned, refused, withdrawn, advised)]
        self.more += [
            ("bob", f"/inbox/{done}"), ("ann", f"/inbox/{self.item('ann', refused)}"),
            ("jiangyi", f"/inbox/{self.item('jiangyi', agreed, 'claimable')}"),
            ("sun", f"/inbox/{self.item('sun', advised)}"), ("sun", f"/inbox/{self.item('sun', fresh)}"),
            ("ann", "/requests/start/procure_to_pay"), ("ann", "/requests/start/order_to_cash"),
        ]  # fmt: skip
        self.sent += [
            ("", "/login", {"login": "nobody", "password": "guessed"}, 401),
            ("ann", "/requests/start/expense_claim", {"data": "{}"}, 422),
            ("bob", f"/inbox/{asked}", {"action": "reject", "data": "{}"}, 422),
            ("bob", "/inbox/agree-many", {"line": f"{asked}:00"}, 200), ("bob", "/substitutions/", {}, 422),
            ("adam", "/people/leaving/", {"leaver": "bob", "to": "eve", "reason": "离职", "item": str(done)}, 200),
        ]  # fmt: skip

    def _designs(self) -> None:
        path = "processes/oa/leave_request.bpmn"
        with self.site.engine.unit_of_work(ENGINE) as uow:
            shipped = repository.versions(uow, "leave_request")[-1].id
        leave = {"leave_type": "annual", "starts": date(2026, 12, 9), "ends": date(2026, 12, 9), "reason": "家中有事"}
        with self.acting("ann") as uow:
            of_ann = runtime.start(uow, "leave_request", leave, definition_id=shipped).id
        self.values["requests.steer"] = {"instance_id": of_ann, "act": "suspend"}
        self.more.append(("hr", f"/requests/{of_ann}"))
        with self.site.engine.unit_of_work(ENGINE) as uow:
            repository.deploy(uow, {path: newer()})
            newest = repository.latest(uow, "leave_request").id
        with self.acting("chen") as uow:
            draft = drafts.save(uow, path, newer().replace("直属领导审批".encode(), "部门经理审批".encode()))
            drafts.comments.say(uow, path, "boss", "这一步还要吗？")
            form = json.loads(repository.source(uow, repository.latest(uow, "oa/payee_missing", "form").id))
            del form["components"][-1]
            drafts.save(uow, "forms/oa/payee_missing.json", json.dumps(form).encode())
        with self.acting("adam") as uow:
            drafts.reviewing.demand(uow, "oa", demanded=True)
            batch = batches.create(uow, Plan(shipped, newest, {"manager": "boss"}), reason="职责调整")
        assert draft.path == path
        of_leave = {"key": "leave_request", "definition_id": newest, "path": path}
        for name in ("editor", "simple", "difference", "history", "publish", "published", "review", "scenario_list",
                     "versions", "view"):  # fmt: skip
            self.values[f"designer.{name}"] = of_leave
        self.values |= {
            "designer.edit_form": {"key": "leave_request", "form_id": "oa/leave_request"},
            "designer.build_form": {"form_id": "oa/leave_request"},
            "designer.edit_decision": {"key": "expense_authority"}, "designer.rule": {"key": "sound.starved"},
            "designer.template": {"key": "leave_request"},
            "cockpit.versions": of_leave, "cockpit.plan_migration": of_leave, "policies.proof": of_leave,
            "cockpit.batch": {"batch_id": batch},
        }  # fmt: skip
        self.more += [
            ("chen", "/designer/edit/order_to_cash"), ("chen", "/designer/simple/expense_claim?card=manager"),
            ("chen", "/designer/simple/order_to_cash"), ("chen", "/designer/scenarios/expense_claim"),
            ("chen", "/designer/publish/form/oa/payee_missing"),
            ("chen", "/designer/difference/form/oa/payee_missing"),
        ]  # fmt: skip
        with self.site.engine.unit_of_work(ENGINE, read_only=True) as uow:
            area = repository.areas.pack(uow, "oa")
        self.sent += [
            ("chen", "/designer/scenarios/leave_request", {}, 303), ("chen", "/designer/approvals/", {}, 422),
            ("chen", "/designer/import", {"category": "oa", "file": ("notes.txt", b"no drawing")}, 422),
            ("chen", "/designer/exchange", {"file": ("oa.zip", area)}, 200),
            ("adam", "/cockpit/versions/leave_request/migrate", {}, 422),
        ]  # fmt: skip

    def _operations(self) -> None:
        voucher = metadata.tables["erp_voucher"].c
        with self.site.engine.unit_of_work(ENGINE) as uow:
            record = uow.execute(select(voucher.id).order_by(voucher.number).limit(1)).scalar_one()
            dictionaries.create(uow, "invoice_kind", "发票种类", "Kind of invoice")
            dictionaries.put(uow, "invoice_kind", "special", "专用发票", "Special invoice")
            workdays.ensure_cn(uow)
        self.values |= {
            "records.rows": {"table": "erp_item"}, "records.record": {"table": "erp_voucher", "record_id": record},
            "dictionaries.one": {"key": "invoice_kind"}, "workdays.year": {"key": workdays.CN},
        }  # fmt: skip
        self.more += [
            ("adam", "/people/leaving/?leaver=bob&to=eve"), ("adam", "/records/erp_voucher"),
            ("xing", "/audit/?payment=1"),
        ]  # fmt: skip
        wrong = "2026-12-30,off,盘点\n2026-13-01,off,\n".encode()
        self.sent += [
            ("adam", "/workdays/cn/day", {"day": "2026-12-30", "kind": "off", "note": "盘点"}, 200),
            ("adam", "/workdays/cn/file", {"file": ("days.csv", wrong)}, 422),
            ("adam", "/people/", {}, 422), ("adam", "/messages/webhooks/", {"name": ""}, 422),
        ]  # fmt: skip

    def _policies(self) -> None:
        """A payment that waits for a second approval, and two people who may answer for it."""
        stated = (self.site.engine.settings.library / "processes" / "policies.yml").read_text(encoding="utf-8")
        wanted = stated.replace("people: 1\n", "people: 2\n", 1).replace(
            "  elsewhere: allowed\n",
            "  elsewhere: allowed\n"
            "  break_glass: {people: 2, roles: [internal_audit], expires: PT24H, reason: required}\n",
            1,
        )
        (proposal,) = self.act("dina", policy.propose, wanted, "年底起付款须两人审批")
        self.values |= {
            "policies.one": {"policy_id": "PAY-001"}, "policies.change": {"policy_id": "PAY-001"},
            "policies.foresee": {"version_id": proposal.id},
        }  # fmt: skip
        self.act("qian", repository.activate_policy, proposal.id)
        paying = self.claim("120.00")
        self.act("bob", tasks.agree, self.item("bob", paying), {}, "发票齐全")
        item = self.item("jiangyi", paying, "claimable")
        self.act("jiangyi", tasks.claim, item)
        self.act("jiangyi", tasks.agree, item, {}, "发票齐全")
        held = self.until(lambda uow: [one for one in policy.open_holds(uow) if one.instance_id == paying])[0]
        with self.acting("dina") as uow:
            policy.ask_emergency(
                uow, uow.lock_instance(paying), "PAY-001", held.subject_type, str(held.subject_id), WHY
            )
        self.more += [("gao", "/policies/emergencies"), ("dina", "/policies/PAY-001/change?view=yaml")]
        self.sent += [
            ("dina", "/policies/PAY-001/change", {"view": "yaml", "text": text}, status)
            for text, status in ((stated.partition("\n- id: PAYEE")[0], 200), ("-", 422))
        ]  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> Iterator[None]:
    """No operation of a test, which has no words, though the worker that looks at the pages has loaded some."""
    with pytest.MonkeyPatch.context() as patch:
        for name, one in operations.catalog().items():
            if not one.function.__module__.startswith("engine."):
                patch.delitem(operations._catalog, name)
        yield


@pytest.fixture(scope="module")
def places(shipped: None, demo_site: Site) -> Places:
    return Places(demo_site)


def test_every_page_is_here(demo_site: Site) -> None:
    of_people = {
        rule.endpoint for rule in demo_site.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith("api_")
    }  # fmt: skip

    assert of_people == {*PAGES, *NO_PAGES}


def test_what_only_a_desk_shows_is_judged(site: Site) -> None:
    page = site.page(site.profiles.lend("en", "phone"))
    site.open(page, "/login")
    page.evaluate("""document.querySelector("main").innerHTML += '<button class="d-none d-md-block"></button>'""")

    for look in (in_both_colours, reads_in_english):
        assert [one for one in look(page, WHOLE) if "button-name" in one]


def test_no_style_sheet_turns_the_page(site: Site, places: Places) -> None:
    page = site.page(site.profiles.lend("zh-CN", "phone"))
    places.become(page, "chen", "light")
    for address in ("/designer/edit/order_to_cash", "/login"):
        site.open(page, address)
        assert chromium.violations(page, "html", only=[chromium.OF_SHEETS]) == []

    page.evaluate("rule => document.styleSheets[0].insertRule(rule)", TURNED)
    assert chromium.violations(page, "html", only=[chromium.OF_SHEETS]) == [f"{chromium.OF_SHEETS}: html"]


TURNED = "@media (orientation: portrait) { html { transform: rotate(90deg) } }"


def test_every_page_is_accessible_and_fits_its_window(site: Site, places: Places) -> None:
    """Each in Chinese, dark on a phone and light on a desk; the MAIN ones in both colours on both."""
    page = site.page(site.profiles.lend("zh-CN", "phone"))
    found = opened(site, places, page, in_both_colours, theme="dark", thoroughly=MAIN)

    assert found == [], "\n".join(found)


def test_every_page_in_english_says_so_and_fits_its_window(site: Site, places: Places) -> None:
    """On a phone and a desk: English words are the longer ones. Other faults of a page, it has in Chinese too."""
    found = opened(site, places, site.page(site.profiles.lend("en", "phone")), reads_in_english)

    assert found == [], "\n".join(found)


def test_what_only_an_answer_shows_is_accessible(site: Site, places: Places) -> None:
    assert answered(site, places, "zh-CN", places.answers(), in_both_colours, theme="dark") == []


def test_what_only_an_answer_shows_fits_its_window_in_english(site: Site, places: Places) -> None:
    assert answered(site, places, "en", places.answers(), reads_in_english) == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def sweep_every_page(site: Site, places: Places, language: str) -> None:
    """`make pages`: every page in both languages, colours and widths, with the dialogs that it asks the server for."""
    page = site.page(site.profiles.lend(language, "phone"))
    openers = "[data-opens]:visible, [data-dialog]:visible"
    found = opened(site, places, page, as_it_is, thoroughly=PAGES, openers=openers)

    assert found == [], "\n".join(found)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def sweep_every_answer(site: Site, places: Places, language: str) -> None:
    """`make pages`: and the pages that only an answer shows."""
    assert answered(site, places, language, places.answers(), everywhere) == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def sweep_every_refusal(site: Site, places: Places, language: str) -> None:
    """`make pages`: and every form that is shown again when it is refused. Some do something: they come last."""
    assert answered(site, places, language, places.refusals(), everywhere) == []


def opened(
    site: Site, places: Places, page: Page, look: Look, *, theme: str = "light", thoroughly: Collection[str] = (),
    openers: str = "[data-opens]:visible",
) -> list[str]:  # fmt: skip
    """What is wrong with the pages, and the dialogs that `openers` open; `thoroughly`: in all colours and widths."""
    found, before = [], None
    known: set[str] = set()
    words = Words(site)
    for login, endpoint, address in places.addresses():
        if login != before:
            places.become(page, login, theme)
        site.open(page, address)
        if endpoint == "requests.start":
            page.locator("#route, .tk-route").first.wait_for()  # it comes after the page
        seen = everywhere(page) if endpoint in thoroughly else look(page, WHOLE if login != before else CONTENT)
        seen += in_dialogs(page, look, openers) + in_own_dialogs(page, look, known)
        seen += words.strange(page)
        seen += [f"machine name: {name}" for name in page.evaluate(MACHINE_NAMES, sorted(NAMES_OF_POLICIES))]
        found += [f"{address} as {login or 'nobody'}: {one}" for one in seen]
        before = login
    return found


NAMES_OF_POLICIES = {
    name for names in (statement.CLASSES, statement.ROLES, *statement.CLASSES.values(), *statement.STATE.values())
    for name in names if "_" in name or "." in name
} | {"finance_approval", "break_glass", "facts."}  # fmt: skip
MACHINE_NAMES = r"""names => {
  const code = document.createElement('style');
  code.textContent = 'code, pre, textarea, datalist { display: none !important }';
  document.head.append(code);
  const text = document.body.innerText + [...document.querySelectorAll('option')].map(one => one.label).join(' ');
  code.remove();
  return [...names.filter(name => text.includes(name)), ...text.match(/\b[A-Z]+-\d+@\d+/g) ?? []];
}"""
"""of policies, anywhere but in `<code>`, which is for experts"""


def answered(
    site: Site, places: Places, language: str, answers: Iterable[Answer], look: Look, *, theme: str = "light"
) -> list[str]:  # fmt: skip
    """What is wrong with the pages that only an answer shows."""
    page = site.profiles.lend(language, "phone").new_page()
    chromium.listen(page, *REFUSED, into=site.trouble)
    found, before = [], None
    words = Words(site)
    for login, address, fields, expected in sorted(answers, key=lambda one: one[0]):
        if login != before:
            places.become(page, login, theme)
        status = asked(site, page, address, fields, at="/menu" if login else "/login")
        wrong = [f"answered {status}, not {expected}"] * (status not in expected)
        found += [
            f"{address} {fields} as {login or 'nobody'}: {one}"
            for one in wrong + look(page, CONTENT) + words.strange(page)
        ]
        before = login
    return found


def as_it_is(page: Page, within: Any) -> list[str]:
    """What is wrong with it as it is shown."""
    return chromium.violations(page, within) + ["scrolls sideways"] * chromium.scrolls_sideways(page)


def in_both_colours(page: Page, within: Any) -> list[str]:
    """As it is shown, dark on a phone, and light on a desk, which shows more: columns, the sidebar."""
    with chromium.shown(page, "desk", "light"):
        seen = [f"desk, light: {one}" for one in as_it_is(page, within)]
    return seen + as_it_is(page, within)


def everywhere(page: Page, _within: Any = WHOLE) -> list[str]:
    """All of it in both colours, on a phone and on a desk."""
    return chromium.wherever_it_is_read(page)


def reads_in_english(page: Page, within: Any) -> list[str]:
    """What is wrong with it beside what is wrong in any language: names that are missing, words that do not fit."""
    seen = [] if page.locator("html").get_attribute("lang") == "en" else ["not in English"]
    seen += ["scrolls sideways"] * chromium.scrolls_sideways(page)
    with chromium.shown(page, "desk", "light"):
        seen += ["desk: scrolls sideways"] * chromium.scrolls_sideways(page)
        return seen + [f"desk: {one}" for one in chromium.violations(page, within, only=chromium.NAMES)]


def in_dialogs(page: Page, look: Look, openers: str) -> list[str]:
    """What is wrong in the dialogs that its buttons open."""
    found = []
    for opener in page.locator(openers).all():
        opener.click()
        page.locator("dialog[open]").wait_for()
        found += [f"{opener.inner_text()}: {one}" for one in look(page, "dialog[open]")]
        page.keyboard.press("Escape")
        page.locator("dialog[open]").wait_for(state="hidden")
    return found


def in_own_dialogs(page: Page, look: Look, known: set[str]) -> list[str]:
    """What is wrong in the dialogs that its script opens when something has happened; each once, by its words."""
    found = []
    for dialog in page.locator("dialog[id]").all():
        name, words = dialog.get_attribute("id"), dialog.text_content() or ""
        if words in known or page.locator(f'[data-opens="#{name}"]:visible').count():
            continue
        known.add(words)
        dialog.evaluate("one => one.showModal()")
        found += [f"{name}: {one}" for one in look(page, "dialog[open]")]
        dialog.evaluate("one => one.close()")
    return found


def asked(site: Site, page: Page, address: str, fields: Sent | None, at: str) -> int:
    """Status of the answer itself: 303 where it leads to another page.

    A form with `fields` is sent from a page `at` which it need not stand on.
    """
    if fields is None:
        return answer_of(site, page, lambda: page.goto(f"{site.address}{address}"))
    if not page.url.startswith(site.address):
        site.open(page, at)
    told = [
        [name, value, None] if isinstance(value, str) else [name, base64.b64encode(value[1]).decode(), value[0]]
        for name, value in fields.items()
    ]
    return answer_of(site, page, lambda: page.evaluate(SEND, [address, told]))


def answer_of(site: Site, page: Page, ask: Callable[[], object]) -> int:
    with page.expect_navigation() as navigation:
        ask()
    site.ready(page)
    first = navigation.value.request
    while first.redirected_from is not None:
        first = first.redirected_from
    answer = first.response()
    assert answer is not None
    return answer.status


SEND = """([address, fields]) => {
  const form = document.createElement('form');
  const field = (kind = 'input') => form.appendChild(document.createElement(kind));
  Object.assign(form, { method: 'post', action: address, enctype: 'multipart/form-data', hidden: true });
  Object.assign(field(), { name: 'csrf_token', value: document.querySelector('meta[name=csrf-token]').content });
  for (const [name, value, file] of fields) {
    if (file === null) { Object.assign(field('textarea'), { name, value }); continue; }
    const held = new DataTransfer();
    held.items.add(new File([Uint8Array.from(atob(value), letter => letter.charCodeAt(0))], file));
    Object.assign(field(), { type: 'file', name, files: held.files });
  }
  document.body.append(form);
  form.submit();
}"""


def test_the_editors_are_dark_on_dark_pages(site: Site, places: Places) -> None:
    page = site.page(site.profiles.lend("zh-CN"))
    places.become(page, "chen", "dark")
    site.open(page, "/designer/edit/order_to_cash")
    page.evaluate(
        "() => { const of = name => tkDesigner.modeler.get(name), task = of('elementRegistry').get('pick');"
        " of('minimap').open(); of('selection').select(task);"
        " of('popupMenu').open(task, 'bpmn-replace', { x: 500, y: 300 }); }"
    )
    parts = (".djs-palette", ".djs-minimap", ".djs-popup", ".djs-context-pad .entry", ".bio-properties-panel-header",
             ".bio-properties-panel-group", "#canvas")  # fmt: skip
    found = {part: page.locator(part).first.evaluate(BRIGHTEST) for part in parts}
    seen = chromium.violations(page)
    mark = page.locator(".bjs-powered-by").evaluate(BRIGHTEST)
    page.keyboard.press("Escape")

    site.open(page, "/designer/decisions/edit/expense_authority")
    page.locator("#editor td.input-cell").first.click()
    parts = ("#editor", "#editor .tjs-table", "#editor td.input-cell", "#editor .view-drd-button")
    found |= {part: page.locator(part).first.evaluate(BRIGHTEST) for part in parts}
    seen += chromium.violations(page)
    page.locator("#editor .view-drd-button").click()
    shape = page.locator("#editor .djs-shape rect").first
    expect(shape).not_to_have_css("fill", "rgb(255, 255, 255)")

    assert {part: bright for part, bright in found.items() if bright > HALF} == {}
    assert mark > HALF, "the mark keeps its light ground"
    assert seen == []


HALF = 128
BRIGHTEST = """found => {
  const [red, green, blue] = getComputedStyle(found).backgroundColor.match(/[\\d.]+/g).map(Number);
  const share = getComputedStyle(found).backgroundColor.startsWith('color(') ? 255 : 1;
  return Math.max(red, green, blue) * share;
}"""
"""of the ground of an element, 0 to 255"""
