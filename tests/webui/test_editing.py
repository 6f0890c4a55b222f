"""Two analysts on one drawing, and what a draft was before; the database does not matter here."""

import re

import pytest

from engine import drafts, jobs
from engine.notices import inside
from engine.unit_of_work import ENGINE
from tests.engine.dmn import written as w
from tests.webui.drawings import CLAIM, CLAIM_FORM
from tests.webui.test_publishing import text_of

PATH = "processes/oa/claim.bpmn"
LOCK, ASIDE = f"/designer/lock/{PATH}", f"/designer/aside/{PATH}"
LEVEL = w.xml(
    w.decision("level", w.table("UNIQUE", [("amount", "number", "")], [("who", "string", "", None)], [["-", '"a"']]))
)
RENAMED = CLAIM.replace("审批".encode(), "审核".encode())


@pytest.fixture
def engine(_sqlite, clock):
    yield from _sqlite.lend(clock)


@pytest.fixture
def analysts(engine, analyst):
    """安娜 and 本; the draft is as deployed."""
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, CLAIM, name="报销")
    return analyst("ana", "安娜"), analyst("ben", "本")


def save(visitor, content, etag):
    return visitor.put("/designer/drafts/claim", json={"xml": content.decode()}, headers={"If-Match": etag})


def test_who_comes_second_reads_and_may_take_over(analysts):
    ana, ben = analysts
    assert ana.post(LOCK, json={}).json["mine"]

    for view in ("edit", "simple"):
        assert "安娜 is editing this process since" in text_of(ben.get(f"/designer/{view}/claim"))
    assert ben.post(LOCK, json={}).json["name"] == "安娜"
    assert 'id="designer-data"' in ana.get("/designer/edit/claim").text
    assert 'id="designer-data"' in ben.post(f"/designer/take/{PATH}", follow_redirects=True).text
    told = ana.post(LOCK, json={}).json
    assert (told["mine"], told["name"]) == (False, "本")
    ana.delete(LOCK, json={})
    assert "本 is editing" in text_of(ana.get("/designer/edit/claim"))
    ben.delete(LOCK, json={})
    assert 'id="designer-data"' in ana.get("/designer/edit/claim").text


def test_the_version_decides_whatever_the_lock_says(analysts):
    ana, ben = analysts
    ana.post(LOCK, json={})

    assert save(ben, RENAMED, "1").status_code == 200
    assert save(ana, CLAIM, "1").status_code == 409


def test_what_cannot_be_saved_is_compared_and_may_become_the_draft(analysts, engine):
    ana, ben = analysts
    save(ben, RENAMED, "1")

    address = ana.post(ASIDE, json={"content": CLAIM.decode()}).json["address"]
    shown = ana.get(address)
    restored = re.search(r'action="(/designer/history/claim/[^"]+)"', shown.text)[1]

    assert re.search(r"Name Before 审核 After 审批", text_of(shown))
    assert ana.post(restored, data={"etag": "1"}).status_code == 409
    assert ana.post(restored, data={"etag": "2"}).status_code == 303
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert drafts.open_(uow, PATH).content == CLAIM


def test_the_history_names_who_saved_when_and_leads_back(analysts, engine):
    ana, ben = analysts
    save(ana, RENAMED, "1")
    save(ben, CLAIM.replace("审批".encode(), "复核".encode()), "2")
    ben.delete("/designer/drafts/claim", json={})

    shown = ana.get("/designer/history/claim")
    (back,) = re.findall(r'/designer/history/claim/[^"]+', shown.text.split("安娜 ·")[1])[:1]

    assert re.findall(r"(安娜|本|the installation) ·", text_of(shown)) == ["本", "安娜", "the installation"]
    assert ana.post(back, data={"etag": "0"}).status_code == 303
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert drafts.open_(uow, PATH).content == RENAMED


def test_what_was_discarded_before_it_was_ever_deployed_comes_back_from_its_history(analysts, engine):
    ana, _ = analysts
    with engine.unit_of_work(ENGINE) as uow:
        for path, content in {"processes/hr/level.dmn": LEVEL, "processes/hr/level.bpmn": CLAIM}.items():
            drafts.save(uow, path, content)
            drafts.discard(uow, path)

    for address, path in (("decision/level", "processes/hr/level.dmn"), ("level", "processes/hr/level.bpmn")):
        shown = ana.get(f"/designer/history/{address}")
        (back,) = re.findall(rf'action="(/designer/history/{address}/[^"]+)"', shown.text)
        assert "/edit/" not in shown.text
        assert ana.post(back, data={"etag": "0"}).status_code == 303
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            assert drafts.open_(uow, path).version == 1
    assert ana.get("/designer/history/decision/nothing").status_code == 404


@pytest.mark.parametrize(
    ("address", "path", "content"),
    [("claim", PATH, CLAIM), ("form/oa/visit", "forms/oa/visit.json", CLAIM_FORM),
     ("decision/level", "processes/oa/level.dmn", LEVEL)],
)  # fmt: skip
def test_a_draft_is_discarded_from_its_page_and_comes_back_from_its_history(analysts, engine, address, path, content):
    ana, _ = analysts
    with engine.unit_of_work(ENGINE) as uow:
        known = {draft.path: draft.version for draft in drafts.list_(uow)}
        drafts.save(uow, path, content, version=known.get(path, 0))
    editors = {"claim": "edit/claim", "form/oa/visit": "forms/edit/oa/visit", "decision/level": "decisions/edit/level"}
    shown = ana.get(f"/designer/{editors[address]}").text
    assert f'action="/designer/discard/{address}"' in shown
    last = re.search(r'"etag": "([^"]+)"', shown)[1]

    assert ana.post(f"/designer/discard/{address}", data={"etag": "0"}).status_code == 409
    gone = ana.post(f"/designer/discard/{address}", data={"etag": last})
    assert (gone.status_code, gone.location) == (303, f"/designer/history/{address}")
    assert ana.post(f"/designer/discard/{address}", data={"etag": last}).status_code in (404, 409)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert path not in [draft.path for draft in drafts.list_(uow)]
    back = re.findall(rf'action="(/designer/history/{address}/[^"]+)"', ana.get(gone.location).text)[0]
    assert ana.post(back, data={"etag": re.sub(r"^\d+", "0", last)}).status_code == 303
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert drafts.open_(uow, path).content.strip() == content.strip()


@pytest.mark.parametrize("path", ["x", "processes/../oa/a.bpmn", "forms/a.bpmn"])
def test_a_path_outside_the_library_is_refused(analysts, path):
    ana, _ = analysts
    assert ana.post(f"/designer/lock/{path}", json={}).status_code in (404, 422)
    assert ana.post(f"/designer/aside/{path}", json={"content": ""}).status_code in (404, 422)
    assert ana.get("/designer/difference/claim?after=nothing").status_code == 404


@pytest.mark.parametrize("name", ["x.scenarios.yml", "x.element-template.json"])
def test_a_file_without_drafts_is_not_put_aside(analysts, name):
    assert analysts[0].post(f"/designer/aside/processes/crm/{name}", json={"content": "x"}).status_code == 404


def test_a_comment_is_answered_resolved_and_counted_on_the_canvas(analysts, engine):
    ana, ben = analysts
    before = ana.get("/designer/edit/claim").text
    where = ana.post("/designer/comments/claim", data={"element": "approve", "text": "谁来审批？<b>"}).location
    thread = where.rpartition("#")[2]
    ben.post("/designer/comments/claim", data={"thread": thread, "text": "部门经理"})

    shown = ana.get("/designer/comments/claim")
    assert re.search(r"Approve Show it in the flowchart 安娜 .* 谁来审批？<b> 本 .* 部门经理", text_of(shown))
    assert "<b>" not in shown.text
    assert '"comments": {}' in before
    assert '"comments": {"approve": 1}' in ana.get("/designer/edit/claim").text
    assert ben.post(f"/designer/comments/claim/{thread}/resolve").status_code == 303
    assert "resolved · 本" in text_of(ana.get("/designer/comments/claim"))
    assert '"comments": {}' in ana.get("/designer/edit/claim").text
    ben.post(f"/designer/comments/claim/{thread}/reopen")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert drafts.comments.counts(uow, PATH) == {"approve": 1}
        assert drafts.open_(uow, PATH).content == CLAIM


@pytest.mark.parametrize(
    ("where", "path", "content", "element", "named"),
    [("form/oa/claim", "forms/oa/claim.json", CLAIM_FORM, "F_amount", "Amount"),
     ("decision/level", "processes/oa/level.dmn", LEVEL, "r1", "Rule 1")],
)  # fmt: skip
def test_a_field_of_a_form_and_a_rule_of_a_table_are_spoken_about(
    analysts, engine, people, where, path, content, element, named
):
    ana, ben = analysts
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, path, content)
    sent = {"element": element, "text": "对吗？", "mentions": "ben"}
    thread = ana.post(f"/designer/comments/{where}", data=sent).location
    ben.post(f"/designer/comments/{where}", data={"thread": thread.rpartition("#")[2], "text": "对"})
    jobs.run_due(engine)

    kind, _, key = where.partition("/")
    editor = f"/designer/{'forms' if kind == 'form' else 'decisions'}/edit/{key}"
    shown = ana.get(f"/designer/comments/{where}")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [one.link for one in inside.list_(uow, people["ben"].id)] == [thread]
    assert re.search(rf"{named} Show it 安娜 .* 对吗？ @本 本 .* 对", text_of(shown))
    assert f'href="{editor}#{element}"' in shown.text
    assert f'"comments": {{"{element}": 1}}' in ana.get(editor).text
    settled = thread.replace("#", "/") + "/resolve"
    assert ben.post(settled).status_code == 303
    assert '"comments": {}' in ana.get(editor).text


@pytest.mark.parametrize(
    ("sent", "status"),
    [({"text": " "}, 422), ({"text": "x" * 2001}, 422), ({"text": "x", "thread": "y"}, 404),
     ({"text": "x", "thread": "00000000-0000-0000-0000-000000000000"}, 404),
     ({"text": "x", "element": "e" * 201}, 422)],
)  # fmt: skip
def test_a_comment_without_words_or_in_no_thread_is_refused(analysts, sent, status):
    assert analysts[0].post("/designer/comments/claim", data=sent).status_code == status


def test_of_two_designers_of_one_name_the_chosen_one_is_told(analysts, engine, people, analyst):
    for login, name in (("wei1", "张伟"), ("wei2", "张伟")):
        analyst(login, name)
    for text, mentions in (("请看", "wei1"), ("PR7@张伟", ""), ("write to x@wei2.example.com", "")):
        analysts[0].post("/designer/comments/claim", data={"text": text, "mentions": mentions})
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        told = {login: sorted(one.text for one in inside.list_(uow, people[login].id)) for login in ("wei1", "wei2")}
    assert told == {"wei1": ["PR7@张伟", "请看 @wei1"], "wei2": ["PR7@张伟"]}


def test_whoever_is_named_in_a_comment_and_who_saved_the_draft_is_told(analysts, engine, people, analyst, sign_in):
    ana, ben = analysts
    save(ana, RENAMED, "1")
    analyst("benno", "本杰明")

    ben.post("/designer/comments/claim", data={"element": "approve", "text": "@本杰明 怎么看？", "mentions": ""})
    where = ana.post("/designer/comments/claim", data={"text": "请看", "mentions": "ben"}).location
    refused = ana.post("/designer/comments/claim", data={"text": "请看", "mentions": "ann"})
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        told = {
            login: [(one.title, one.text, one.link) for one in inside.list_(uow, people[login].id)]
            for login in ("ana", "ben", "benno", "ann")
        }
    asked = told["ana"][0][2]
    assert told == {
        "ana": [("本评论了「报销」", "@本杰明 怎么看？", asked)],
        "ben": [("安娜在「报销」的评论中提到您", "请看 @本", where)],
        "benno": [("本在「报销」的评论中提到您", "@本杰明 怎么看？", asked)],
        "ann": [],
    }
    assert (refused.status_code, "somebody who may design processes" in refused.text) == (422, True)
