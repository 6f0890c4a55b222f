"""The pages of one process beside each other, and its forms and decisions; the database does not matter."""

import html
import re

import pytest

from engine import identity, repository, runtime
from engine.unit_of_work import ENGINE, Actor
from tests.webui.test_decisions import ASKS, FEE

PAGES = {
    "flowchart": "edit/claim", "simple": "simple/claim", "forms": "parts/claim/forms",
    "decisions": "parts/claim/decisions", "scenarios": "scenarios/claim", "versions": "versions/claim",
}  # fmt: skip


@pytest.fixture
def engine(_sqlite, clock):
    yield from _sqlite.lend(clock)


@pytest.fixture
def root(sign_in):
    return sign_in("root")


def tabs(page):
    """(address, name) of each, and which is marked as the one that is shown."""
    row = re.search(r'<nav class="tk-modes".*?</nav>', page, re.DOTALL)[0]
    links = re.findall(r'<a class="nav-link[^"]*" id="mode-(\w+)"([^>]*)href="([^"]+)"', row)
    return {name: address for name, _, address in links}, [name for name, more, _ in links if "aria-current" in more]


def test_each_page_of_a_process_leads_to_the_others_and_marks_itself(root):
    shown = {name: tabs(root.get(f"/designer/{address}").text) for name, address in PAGES.items()}

    everywhere = {name: f"/designer/{address}" for name, address in PAGES.items()}
    assert shown == {name: (everywhere, [name]) for name in PAGES}


def test_the_only_form_or_table_of_a_process_is_opened_with_the_row_and_several_are_a_list(root, engine):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/asks.bpmn": ASKS, "processes/oa/fee.dmn": FEE})

    listed = root.get("/designer/parts/claim/forms").text
    opened = root.get("/designer/parts/asks/decisions", follow_redirects=True)

    assert re.findall(r'href="/designer/forms/edit/(\w+)\?process=claim&amp;element=(\w+)">[^<]*<', listed)[::2] == [
        ("claim", "begin"), ("approval", "approve"),
    ]  # fmt: skip
    assert (opened.request.path, opened.request.args["element"]) == ("/designer/decisions/edit/fee", "ask")
    assert tabs(opened.text)[1] == ["decisions"]
    form = root.get("/designer/forms/edit/claim?process=claim&element=begin").text
    assert tabs(form)[1] == ["forms"]
    assert "tk-modes" not in root.get("/designer/forms/edit/claim").text
    assert "No step of this process asks a decision table." in root.get("/designer/parts/claim/decisions").text
    assert root.get("/designer/parts/nothing/forms").status_code == 404


def test_an_auditor_is_led_only_where_he_may_look(sign_in, engine, people):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "auditors", "Auditors", capabilities="audit read_only")
        identity.add_member(uow, "auditors", people["dora"].id)
    dora = sign_in("dora")

    found, marked = tabs(dora.get("/designer/versions/claim").text)

    assert (list(found), marked) == (["forms", "decisions", "scenarios", "versions"], ["versions"])
    assert [dora.get(address).status_code for address in found.values()] == [200] * 4
    assert "/designer/forms/edit/" not in dora.get(found["forms"]).text


def test_an_account_that_only_reads_is_offered_nothing_that_is_refused(sign_in, engine, people):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "auditors", "Auditors", capabilities="audit read_only")
        identity.add_member(uow, "auditors", people["dora"].id)
        repository.deploy(uow, {"processes/oa/asks.bpmn": ASKS, "processes/oa/fee.dmn": FEE})
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        claim = runtime.start(uow, "claim", {"reason": "train", "amount": 12}).id
    dora = sign_in("dora")

    refused, seen, todo = [], set(), ["/", f"/requests/{claim}", "/inbox/?text=x", "/designer/decisions/edit/fee"]
    while todo:
        address = todo.pop()
        page = dora.get(address)
        if page.status_code == 403:
            refused.append(address)
        if page.mimetype != "text/html":
            continue
        forms = re.findall("(<form[^>]*>)(.*?)</form>", page.text, re.DOTALL)
        posts = [tag for tag, inside in forms if 'method="post"' in tag and "<button" in inside]
        sent = {html.unescape(one[1]) for tag in posts if (one := re.search('action="([^"]+)"', tag))} | (
            {address} if any("action=" not in tag for tag in posts) else set()
        )
        refused += [f"{address}: {one}" for one in sent - {"/logout"} if dora.post(one).status_code == 403]
        links = {html.unescape(one).partition("#")[0] for one in re.findall('<a [^>]*href="(/[^"]*)"', page.text)}
        todo += sorted(links - seen)
        seen |= links | {address}

    assert not refused, refused
    assert len(seen) > 30
