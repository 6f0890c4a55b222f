"""Versions of a process and their difference, as an analyst reads them; the database does not matter here."""

import html
import re
from pathlib import Path

import pytest

from engine import drafts, repository, runtime
from engine.unit_of_work import ENGINE, Actor
from tests.engine.dmn import written as w
from tests.webui.drawings import CLAIM, CLAIM_FORM
from tests.webui.publishing import publish
from webui.designer.thumbnail import thumbnail

PATH = "processes/oa/claim.bpmn"
LEAVE = Path(__file__).parents[2] / "processes" / "oa" / "leave_request.bpmn"
NEWER = CLAIM.replace("审批".encode(), "审核".encode()).replace(b">Approve<", b">Check<")


@pytest.fixture
def engine(_sqlite, clock):
    yield from _sqlite.lend(clock)


@pytest.fixture
def ana(engine, people, analyst):
    """An analyst; ann has begun a claim by version 1, ana has deployed version 2."""
    visitor = analyst("ana", "安娜")
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        runtime.start(uow, "claim", {"reason": "train", "amount": 12})
    with engine.unit_of_work(Actor(people["ana"].id)) as uow:
        repository.deploy(uow, {PATH: NEWER}, "审批改称审核")
    return visitor


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def save(engine, content):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, content, version=0, name="报销")


def test_versions_say_who_deployed_them_why_what_runs_and_whether_they_prove(ana, engine):
    shown = text_of(ana.get("/designer/versions/claim"))

    assert re.search(r"Version 2 new requests follow it .* 安娜 · .* 审批改称审核 0 running", shown)
    assert re.search(r"Version 1 .* 1 running", shown)
    assert shown.count("no guarded operation") == 2


def test_a_difference_names_elements_and_properties_in_words(ana):
    shown = text_of(ana.get("/designer/difference/claim"))

    assert "changed 1" in shown
    assert re.search(r"User task · approve changed Name Before 审批 After 审核", shown)


def test_conditions_and_time_limits_differ_in_words_and_a_flow_without_a_name_is_known_by_its_ends(ana, engine):
    changed = NEWER.replace(b'approval.approve.outcome = "agree"', b"amount &gt; 5").replace(b"P2D", b"P3D")
    unnamed = b'<sequenceFlow id="f3" sourceRef="pay" targetRef="paid"'
    save(engine, changed.replace(unnamed + b"/>", unnamed + b"><documentation>x</documentation></sequenceFlow>"))

    shown = text_of(ana.get("/designer/difference/claim"))

    assert "Condition Before Check agreed After Amount > 5 CNY" in html.unescape(shown)
    assert "Schedule · Due Before within 2 days After within 3 days" in shown
    assert "Pay → 已付款 Sequence flow · f3" in shown


def test_a_picture_marks_what_differs_with_a_badge_and_an_anchor():
    drawn = thumbnail(LEAVE.read_bytes(), marks={"manager": "changed", "hr": "removed"}, prefix="before-")

    assert dict(re.findall(r'<g class="(tk-is-\w+)" id="(\S+)"', drawn)) == {
        "tk-is-changed": "before-manager", "tk-is-removed": "before-hr",
    }  # fmt: skip


def test_the_draft_is_compared_with_the_newest_version_and_a_draft_that_cannot_be_read_says_why(ana, engine):
    save(engine, NEWER.replace("审核".encode(), "复核".encode()))
    assert "Before 审核 After 复核" in text_of(ana.get("/designer/difference/claim"))
    assert "Draft not published" in text_of(ana.get("/designer/versions/claim"))

    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, b"<broken", version=1, name="报销")
    answer = ana.get("/designer/difference/claim")
    assert answer.status_code == 422
    assert "cannot be compared" in answer.text


def test_a_version_of_another_process_is_not_taken_for_one_of_this(ana):
    for wrong in ("before=draft", "after=00000000-0000-0000-0000-000000000000"):
        assert ana.get(f"/designer/difference/claim?{wrong}").status_code == 404
    assert ana.get("/designer/difference/nothing").status_code == 404


def test_a_version_does_not_differ_from_itself(ana, engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        newest = repository.latest(uow, "claim").id

    assert "The two do not differ" in ana.get(f"/designer/difference/claim?before={newest}&after={newest}").text


def test_where_there_is_only_one_version_the_difference_says_so_and_leads_to_the_editor(ana, engine):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/lone.bpmn": CLAIM.replace(b'process id="claim"', b'process id="lone"')})

    shown = ana.get("/designer/difference/lone").text

    assert "There is only one: Version 1" in shown
    assert 'href="/designer/edit/lone"' in shown
    assert ('name="before"' in shown, "do not differ" in shown) == (False, False)
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/lone.bpmn", CLAIM.replace(b'process id="claim"', b'process id="lone"'))
    assert "There is only one: Version 1" in ana.get("/designer/difference/lone").text, "the draft says the same"


VISIT = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
 targetNamespace="urn:t"><process id="visit" name="拜访" isExecutable="true"><startEvent id="begin" name="已提交">
<extensionElements><zeebe:formDefinition formId="oa/visit"/></extensionElements></startEvent>
<sequenceFlow id="f1" sourceRef="begin" targetRef="judge"/><businessRuleTask id="judge" name="判断"><extensionElements>
<zeebe:calledDecision decisionId="grade" resultVariable="grade" bindingType="deployment"/></extensionElements>
</businessRuleTask><sequenceFlow id="f2" sourceRef="judge" targetRef="done"/><endEvent id="done"/></process>
</definitions>"""
FILES = {
    "processes/oa/visit.bpmn": VISIT.encode(),
    "forms/oa/visit.json": CLAIM_FORM.replace(b'"claim"', b'"oa/visit"'),
    "processes/oa/grade.dmn": w.xml(
        w.decision("grade", w.table("FIRST", [("amount", "number", "")], [("who", "string", "", None)], [["-", '"a"']]))
    ),
}


CHANGED = {
    path: content.replace(b'"Amount"', b'"Sum"').replace(b'"a"', b'"b"').replace(b'"judge" name="', b'"judge" name="R')
    for path, content in FILES.items()
}


def test_the_difference_of_a_process_leads_to_those_of_its_forms_and_tables(ana, engine):
    for files in (FILES, CHANGED):
        with engine.unit_of_work(ENGINE) as uow:
            repository.deploy(uow, files)

    page = ana.get("/designer/difference/visit")
    form, table = re.findall(r'href="(/designer/difference/[^"]+)" aria-label="Difference of', page.text)[::-1]

    assert "What changed with it Decision table grade v1 → v2 Difference Form oa/visit v1 → v2 Difference" in text_of(
        page
    )
    assert "Before Amount After Sum" in text_of(ana.get(form.replace("&amp;", "&")))
    assert 'Before "a" After "b"' in html.unescape(text_of(ana.get(table.replace("&amp;", "&"))))


def test_a_table_alone_is_published_by_itself_and_what_is_published_is_no_draft_any_more(ana, engine):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, FILES)
    for path in ("processes/oa/grade.dmn", "processes/oa/visit.bpmn"):
        with engine.unit_of_work(ENGINE) as uow:
            drafts.save(uow, path, FILES[path], name="拜访")
    lists = ("/designer/", "/designer/decisions/", "/designer/versions/visit", "/designer/versions/decision/grade", "/")
    assert [address for address in lists if "bg-yellow-lt" in ana.get(address).text] == []

    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/grade.dmn", CHANGED["processes/oa/grade.dmn"], version=1)
    page = ana.get("/designer/versions/visit")
    assert "Decision table: grade not published It is published by itself" in text_of(page)
    assert re.findall(r'href="(/designer/publish/[^"]+)"', page.text) == ["/designer/publish/decision/grade"]
    assert "Decision tables that it asks are edited too." in text_of(ana.get("/designer/publish/visit"))
    assert "bg-yellow-lt" in ana.get("/designer/decisions/").text

    assert publish(ana, "decision/grade", etag="2").status_code == 303

    assert [address for address in lists if "bg-yellow-lt" in ana.get(address).text] == []


def test_a_draft_of_a_form_is_compared_with_the_drawing_that_publishes_it(ana, engine):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, FILES)
    with engine.unit_of_work(ENGINE) as uow:
        for path, content in CHANGED.items():
            drafts.save(uow, path, content)

    shown = text_of(ana.get("/designer/difference/visit"))

    assert "What changed with it Form oa/visit v1 → Draft Difference" in shown
    assert "grade" not in shown  # a table that is deployed is published on its own page


def test_a_form_and_a_table_by_tag_are_said_in_the_difference_and_refused_since_neither_bears_one(ana, engine):
    tagged = VISIT.replace('formId="oa/visit"', 'formId="oa/visit" bindingType="versionTag" versionTag="1.0"')
    tagged = tagged.replace('bindingType="deployment"', 'bindingType="versionTag" versionTag="2.0"')
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, FILES)
        drafts.save(uow, "processes/oa/visit.bpmn", tagged.encode(), name="拜访")

    shown = text_of(ana.get("/designer/difference/visit"))
    refused = html.unescape(text_of(ana.get("/designer/publish/visit")))

    said = "Which version Before not there After the one with a tag Form · Version tag Before not there After 1.0"
    assert said in shown
    assert "Decision table · Version tag Before not there After 2.0" in shown
    for kind, key in (("form", "oa/visit"), ("decision", "grade")):
        assert f"is bound to a version tag of {kind} '{key}', but only processes bear one. Bind it to the" in refused


def process(key, inside="", *, tag="", flow=""):
    """A drawing of `inside` between a start and an end."""
    head = f'<extensionElements><zeebe:versionTag value="{tag}"/></extensionElements>' if tag else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
 targetNamespace="urn:t"><process id="{key}" name="{key}" isExecutable="true">{head}<startEvent id="begin"/>
{inside}<endEvent id="done"/><sequenceFlow id="f1" sourceRef="begin" targetRef="{flow or "done"}"/></process>
</definitions>""".encode()


def calling(binding):
    called = f'<extensionElements><zeebe:calledElement processId="inner" {binding}/></extensionElements>'
    inside = f'<callActivity id="call">{called}</callActivity><sequenceFlow id="f2" sourceRef="call" targetRef="done"/>'
    return process("outer", inside, flow="call")


TAGGED = 'bindingType="versionTag" versionTag="{}"'


@pytest.mark.parametrize(
    ("before", "after", "draft", "said"),
    [
        ('bindingType="deployment"', 'bindingType="deployment" ', True, ""),
        (TAGGED.format("1.0"), TAGGED.format("2.0"), False, "Called process inner v1 → v2"),
        (TAGGED.format("1.0"), TAGGED.format("2.0"), True, "Called process inner v1 → v2"),
        (TAGGED.format("1.0"), 'bindingType="deployment"', True, "Called process inner v1 → v2"),
    ],
    ids=["draft", "tags", "tag of a draft", "draft without a tag"],
)
def test_the_version_of_a_process_that_is_called_is_the_one_that_is_pinned(ana, engine, before, after, draft, said):
    with engine.unit_of_work(ENGINE) as uow:
        for tag in ("1.0", "2.0"):
            repository.deploy(uow, {"processes/oa/inner.bpmn": process("inner", tag=tag)})
        repository.deploy(uow, {"processes/oa/outer.bpmn": calling(before)})
        if draft:
            drafts.save(uow, "processes/oa/outer.bpmn", calling(after), name="outer")
        else:
            repository.deploy(uow, {"processes/oa/outer.bpmn": calling(after)})

    shown = text_of(ana.get("/designer/difference/outer"))

    assert (said in shown) if said else ("Called process" not in shown)


@pytest.mark.parametrize("kind", ["", "form/", "decision/"])
def test_an_old_version_becomes_the_draft_again(ana, engine, kind):
    path, key = {"": (PATH, "claim"), "form/": ("forms/oa/visit.json", "oa/visit"),
                 "decision/": ("processes/oa/grade.dmn", "grade")}[kind]  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, FILES)
        repository.deploy(uow, CHANGED)
    pages = [ana.get(f"/designer/{view}/{kind}{key}").text for view in ("versions", "difference")]
    backs = [re.findall(rf'action="(/designer/versions/{kind}{key}/[^"]+)"', page) for page in pages]
    etag = re.search(r'name="etag" value="([^"]+)"', pages[0])[1]

    assert [len(found) for found in backs] == [1, 1]
    (back,) = backs[0]
    refused = ana.post(back, data={"etag": "7-7"})
    done = ana.post(back, data={"etag": etag})

    assert (refused.status_code, done.status_code) == (409, 303)
    assert 'data-state="saved"' in ana.get(done.location).text
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        first = repository.versions(uow, key, kind.rstrip("/") or "process")[-1]
        assert drafts.open_(uow, path).content == repository.source(uow, first.id)
    etag = "1-2" if kind == "form/" else "1"
    assert publish(ana, f"{kind}{key}", etag, "the old one was right").status_code == 303
    shown = text_of(ana.get(f"/designer/versions/{kind}{key}"))
    assert re.search(
        r"Version 3 new requests follow it .*? 安娜 · .*? the old one was right .* Version 2 .* Version 1", shown
    )
    elsewhere = back.replace(f"{kind}{key}", "nothing" if not kind else f"{kind}nothing")
    assert ana.post(elsewhere, data={"etag": etag}).status_code == 404


@pytest.mark.parametrize("address", ["forms/", "decisions/", "exchange", "new", "forms/new", "decisions/new", "import"])
def test_an_area_is_called_by_its_name_wherever_it_is_listed(ana, engine, address):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, FILES)
    ana.post("/language", data={"language": "zh", "next": "/"})

    assert "行政办公" in ana.get(f"/designer/{address}").text
