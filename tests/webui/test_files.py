"""Fields for files: sent at once, held for who chose them, the request's when it is submitted; no others are taken."""

import hashlib
import io
import itertools
import json
from datetime import timedelta
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from engine import audit, evidence, forms, pickers, repository, runtime, tasks, uploads
from engine.db.document import blob, document, document_version
from engine.forms.files import File, by_name, takes
from engine.process_engine import ProcessEngine
from engine.tasks import closed, drafting, opening
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, drawing, extensions, flows
from tests.postgres import until_one_waits
from tests.webui.conftest import begun_once
from webui.printing import paper

PDF = b"%PDF-1.7 taxi"
PROOF = {"id": "Proof", "type": "filepicker", "key": "proof", "label": "凭证",
         "accept": '=if amount > 0 then ".pdf, image/*" else ".txt"',
         "multiple": "=amount > 10", "validate": {"required": True}}  # fmt: skip
AMOUNT = {"id": "Amount", "type": "number", "key": "amount", "label": "金额"}
LINES = {"id": "Lines", "type": "dynamiclist", "path": "lines", "label": "明细", "defaultRepetitions": 0,
         "components": [{"id": "Slip", "type": "filepicker", "key": "slip", "label": "小票"}]}  # fmt: skip
STARTED = (
    '<startEvent id="start" name="start"><extensionElements><zeebe:formDefinition formId="proved"/>'
    "</extensionElements></startEvent>"
)


def task(key: str, assignee: str, fields: str) -> str:
    return (
        f'<userTask id="{key}" name="{key}"><extensionElements><zeebe:userTask/>'
        f'<zeebe:assignmentDefinition assignee="{assignee}"/><zeebe:formDefinition formId="proved"/>'
        f"<troika:fields {fields}</extensionElements></userTask>"
    )


WRITES = (
    'default="read"><troika:field id="proof" perm="write"/></troika:fields><troika:return targets="initiator any"/>'
)
BLIND = 'default="hidden"><troika:field id="amount" perm="read"/></troika:fields>'
DRAWING = drawing(
    extensions('<troika:summary fields="proof"/>', '<troika:retention after="P1D"/>')
    + STARTED
    + task("check", "bob", WRITES)
    + task("pay", "dora", BLIND)
    + END
    + flows("start check pay end")
)


@begun_once
def deploy(engine: ProcessEngine) -> None:
    form = json.dumps({"id": "proved", "type": "default", "schemaVersion": 18, "components": [AMOUNT, PROOF, LINES]})
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": DRAWING, "forms/proved.json": form.encode()})


@pytest.fixture
def ann(sign_in, engine) -> Any:
    deploy(engine)
    return sign_in("ann")


def upload(who: Any, name: str = "taxi.pdf", content: bytes = PDF, accept: str = "") -> Any:
    answer = who.post("/options/files", data={"file": (io.BytesIO(content), name), "accept": accept},
                      headers={"Accept": "application/json"})  # fmt: skip
    return answer.json["id"] if answer.status_code == 201 else answer


def start(who: Any, files: Any, amount: int = 5, **more: Any) -> Any:
    return who.post("/requests/start/p", data={"data": json.dumps({"amount": amount, "proof": files, **more})})


def started(answer: Any) -> UUID:
    assert answer.status_code == 303, answer.text
    return UUID(answer.location.rpartition("/")[2])


def owners(engine: ProcessEngine) -> dict[str, tuple[str, Any]]:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return {str(row.id): (row.owner_type, row.instance_id) for row in uow.execute(select(document))}


def item_of(engine: ProcessEngine, people: Any, login: str) -> UUID:
    with engine.unit_of_work(Actor(people[login].id), read_only=True) as uow:
        return tasks.inbox(uow).items[0].work_item_id


def version(engine: ProcessEngine, people: Any) -> int:
    with engine.unit_of_work(Actor(people["ann"].id), read_only=True) as uow:
        return drafting.list_(uow)[0].version


def test_a_chosen_file_goes_with_the_request_and_an_approver_opens_it_and_adds_one(
    ann, sign_in, engine, people, monkeypatch
):
    key = upload(ann)
    assert ann.get(f"/options/files/{key}").data == PDF
    assert owners(engine) == {key: ("upload", None)}

    instance = started(start(ann, [key], lines=[{"slip": [slip := upload(ann, "slip.png", b"\x89PNG\r\n\x1a\n.")]}]))

    assert owners(engine) == dict.fromkeys((key, slip), ("instance", instance))
    assert ("files: 1" in (listed := ann.get("/requests/mine").text), key in listed) == (True, False)
    bob = sign_in("bob")
    item = item_of(engine, people, "bob")
    assert f"/requests/documents/{key}" in bob.get(f"/inbox/{item}").text
    assert bob.get(f"/requests/documents/{key}").data == PDF
    assert "taxi.pdf" in ann.get(f"/requests/{instance}").text
    more = upload(bob, "more.pdf")
    refused = bob.post(f"/inbox/{item}", data={"action": "complete", "data": json.dumps({"proof": [key, more]})})
    assert (refused.status_code, "one file only" in refused.text) == (422, True), refused.text
    done = bob.post(f"/inbox/{item}", data={"action": "complete", "data": json.dumps({"proof": [more]})})
    assert done.status_code == 303
    with engine.unit_of_work(Actor(people["ann"].id), read_only=True) as uow:
        assert [one.name for one in tasks.attachments(uow, instance)] == ["taxi.pdf", "slip.png", "more.pdf"]
        assert audit.verify(uow, instance).ok
    dora = sign_in("dora")
    for address in (f"/inbox/{item_of(engine, people, 'dora')}", f"/requests/{instance}"):
        shown = dora.get(address)
        names = [name for name in ("taxi.pdf", "more.pdf", "slip.png") if name in shown.text]
        assert (shown.status_code, names) == (200, []), address
    assert [dora.get(f"/requests/documents/{one}").status_code for one in (key, slip, more)] == [403] * 3
    sheets: list[Any] = []
    monkeypatch.setattr(paper, "pdf", lambda sheet, font: sheets.append(sheet) or b"%PDF-")
    assert [who.post(f"/requests/{instance}/print.pdf").status_code for who in (ann, dora)] == [200, 200]
    assert [dict(sheet.fields).get("凭证") for sheet in sheets] == ["more.pdf", None]
    assert [table.rows for table in sheets[0].tables] == [[["slip.png"]]]
    assert [sheet.attachments for sheet in sheets] == [["taxi.pdf", "slip.png", "more.pdf"], []]
    with engine.unit_of_work(Actor(people["dora"].id), read_only=True) as uow:
        assert tasks.attachments(uow, instance) == []


def test_a_file_of_a_field_stays_what_was_seen_and_the_decision_tells_its_digest(ann, sign_in, engine, people):
    instance = started(start(ann, [key := upload(ann)]))
    bob, item = sign_in("bob"), item_of(engine, people, "bob")
    bob.get(f"/inbox/{item}")
    beside = {"file": (io.BytesIO(PDF + b" of somebody else"), "taxi.pdf")}
    assert bob.post(f"/inbox/{item}/attachments", data=beside).status_code == 303

    assert bob.get(f"/requests/documents/{key}").data == PDF

    other = hashlib.sha256(PDF + b" of somebody else").digest()
    digests = []
    for digest in (hashlib.sha256(PDF).digest(), other):
        with engine.unit_of_work(ENGINE) as uow:
            of_file = document_version.c.document_id == UUID(key)
            uow.execute(update(document_version).where(of_file).values(digest=digest))
            view = runtime.instance_view(uow, instance)
            form = repository.form(uow, "proved", view.instance.definition_id)
            digests.append(opening.form_digest(uow, form, view.variables))
            [file] = evidence.form_of(uow, form, view.variables, closed.DECIDED)["files"]
            assert file == {"id": key, "name": "taxi.pdf", "sha256": digest.hex(), "size": file["size"]}
    assert digests[0] != digests[1]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert not audit.verify(uow, instance).ok


def test_a_request_that_comes_back_or_is_begun_again_keeps_its_files(ann, sign_in, engine, people):
    first = started(start(ann, [key := upload(ann)]))
    bob, item = sign_in("bob"), item_of(engine, people, "bob")
    bob.get(f"/inbox/{item}")
    back = {"target": "initiator", "reason": "which taxi?"}
    assert bob.post(f"/inbox/{item}/return", data=back, headers={"HX-Request": "true"}).status_code == 204

    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        [draft] = drafting.list_(uow)
        [own] = draft.values["proof"]
        form = repository.form(uow, "proved", repository.latest(uow, "p").id)
        foretold = pickers.judge(uow, beside=draft.id, brought_by=people["ann"].id)
        assert forms.so_far(form, draft.values, now=uow.now, known=foretold)[1] == frozenset()
        again = drafting.submit(uow, draft.id, draft.values, draft.version).id
    assert (own != key, ann.get(f"/requests/documents/{own}").data) == (True, PDF)
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        copied = drafting.copy_to_draft(uow, again)
        third = drafting.submit(uow, copied.id, copied.values, copied.version).id
        assert copied.values["proof"] not in ([key], [own])
    with engine.unit_of_work(Actor(people["ann"].id), read_only=True) as uow:
        for one in (first, again, third):
            assert [(file.name, file.field) for file in tasks.attachments(uow, one)] == [("taxi.pdf", "proof")]
            assert audit.verify(uow, one).ok


def test_what_is_erased_takes_the_contents_of_its_fields_along_and_no_others(ann, engine, people, clock):
    shared, own = upload(ann, "shared.pdf", PDF), upload(ann, "own.pdf", PDF + b" own")
    instance = started(start(ann, [shared, own], amount=11))
    other = upload(ann, "other.pdf", PDF)
    second = started(start(ann, [other]))
    for who, one in itertools.product(("bob", "dora"), (instance, second)):
        with engine.unit_of_work(Actor(people[who].id)) as uow:
            [mine] = [item for item in tasks.inbox(uow).items if item.instance_id == one]
            if (who, one) == ("bob", instance):
                asked = mine.work_item_id
                beside = tasks.attach(uow, asked, "beside.pdf", PDF + b" beside", "")
            tasks.complete(uow, mine.work_item_id)
    clock.advance(timedelta(days=2))

    with engine.unit_of_work(ENGINE) as uow:
        tasks.erase_request(uow, instance, "its time is over")

    for page in (f"/requests/{instance}", f"/inbox/{asked}"):
        said = ann.get(page).text
        assert ("its time is over" in said, "was erased" in said, "was different" in said) == (True, True, False), page
    gone, left = ann.get(f"/requests/documents/{own}"), ann.get(f"/requests/documents/{beside}")
    assert (gone.status_code, "own.pdf" in gone.text, left.data) == (410, True, PDF + b" beside")
    assert ann.get(f"/requests/documents/{shared}").status_code == 410
    assert ann.get(f"/requests/documents/{other}").data == PDF
    with engine.unit_of_work(Actor(people["ann"].id), read_only=True) as uow:
        assert [one.size for one in tasks.attachments(uow, instance)] == [len(PDF), len(PDF) + 4, len(PDF) + 7]
        assert audit.verify(uow, instance).ok
    assert ann.get(f"/options/files/{upload(ann, 'again.pdf', PDF + b' own')}").data == PDF + b" own"
    assert ann.get(f"/requests/documents/{own}").status_code == 410

    with engine.unit_of_work(ENGINE) as uow:
        tasks.erase_request(uow, second, "its time is over too")
        kept = uow.execute(select(blob.c.content).where(blob.c.digest == hashlib.sha256(PDF).digest())).scalar_one()
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert (kept, [audit.verify(uow, one).findings for one in (instance, second, None)]) == (b"", [[], [], []])


@pytest.mark.parametrize("again", ["a draft that is discarded", "sent again and forgotten"])
def test_what_is_erased_does_not_come_back_with_the_last_that_had_the_same_file(ann, engine, people, clock, again):
    instance = started(start(ann, [upload(ann)]))
    for who in ("bob", "dora"):
        with engine.unit_of_work(Actor(people[who].id)) as uow:
            tasks.complete(uow, tasks.inbox(uow).items[0].work_item_id)
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        draft = drafting.copy_to_draft(uow, instance)
    clock.advance(timedelta(days=2))
    with engine.unit_of_work(ENGINE) as uow:
        tasks.erase_request(uow, instance, "its time is over")
    if again == "sent again and forgotten":
        upload(ann)
        clock.advance(drafting.KEPT + timedelta(seconds=1))

    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        drafting.discard(uow, draft.id, draft.version)
    with engine.unit_of_work(ENGINE) as uow:
        drafting.forget(uow)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(blob.c.content)).scalars().all() == [b""]
        assert audit.verify(uow, instance).ok


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "act",
    [
        lambda uow, _: uploads.hold(uow, "the same.pdf", PDF),
        lambda uow, key: drafting.save(uow, "p", {"amount": 5, "proof": [key]}),
    ],
)
def test_a_file_that_is_sent_again_or_taken_while_it_is_forgotten_stays(ann, engine, people, clock, act):
    key = upload(ann)
    clock.advance(drafting.KEPT + timedelta(seconds=1))
    said: list[Any] = []

    def forgotten() -> None:
        try:
            with engine.unit_of_work(ENGINE) as uow:
                drafting.forget(uow)
        except Exception as error:
            said.append(error)

    second = Thread(target=forgotten)
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        act(uow, key)
        uow.flush()
        second.start()
        until_one_waits(engine)
    second.join()

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        held = select(blob.c.content).join(document_version, document_version.c.digest == blob.c.digest)
        assert (said, uow.execute(held).scalars().all()) == ([], [PDF])


def test_a_file_that_is_removed_is_let_go_unless_a_draft_has_it(ann, sign_in, engine):
    key, taken = upload(ann), upload(ann, "b.pdf", PDF + b" b")
    token = {"X-CSRFToken": ann.token}
    saved = ann.post("/requests/start/p/draft", data={"data": json.dumps({"amount": 5, "proof": [taken]})})
    assert saved.status_code in (200, 201, 303), saved.text

    bob = sign_in("bob")
    assert bob.delete(f"/options/files/{key}", headers={"X-CSRFToken": bob.token}).status_code == 204
    assert key in owners(engine)
    for one, address in ((key, "/options/files"), (taken, "/options/files"), (taken, "/api/v1/files")):
        assert ann.delete(f"{address}/{one}", headers=token).status_code == 204

    assert list(owners(engine)) == [taken]


def test_as_much_is_held_as_nobody_needs_and_no_more(ann, engine, monkeypatch):
    for limit, most in (("MOST", 2), ("MOST_FULL", 0)):
        with monkeypatch.context() as patch:
            patch.setattr(uploads, limit, most)
            answers = [upload(ann, f"{number}.pdf", PDF + bytes([65 + number])) for number in range(3)]
        refused = answers[-1]
        assert (refused.status_code, "not submitted yet" in refused.text) == (422, True)
    assert len(owners(engine)) == 2


def test_ids_in_another_form_are_the_same_file_and_no_list_is_too_long_to_be_refused(ann, sign_in, app, engine, people):
    key = upload(ann)
    instance = started(start(ann, [key.upper(), key, f"{{{key}}}"]))
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert runtime.instance_view(uow, instance).variables["proof"] == [key]
    assert f"/requests/documents/{key}" in sign_in("bob").get(f"/inbox/{item_of(engine, people, 'bob')}").text

    app.config.update(MAX_FORM_MEMORY_SIZE=20_000_000, MAX_CONTENT_LENGTH=20_000_000)
    refused = start(ann, [str(uuid4()) for _ in range(70_000)])
    assert (refused.status_code, "Please give a list" in refused.text) == (422, True)


def test_other_programs_send_a_file_and_start_with_it(ann):
    described = ann.get("/api/v1/openapi.json").json["paths"]["/api/v1/files/"]["post"]
    [sent] = described["requestBody"]["content"]
    assert (sent, "201" in described["responses"]) == ("multipart/form-data", True)

    key = {"X-CSRFToken": ann.token}
    answer = ann.post("/api/v1/files/", data={"file": (io.BytesIO(PDF), "taxi.pdf")}, headers=key)

    assert answer.status_code == 201, answer.text
    told = {"name": "taxi.pdf", "size": len(PDF), "media_type": "application/pdf"}
    assert answer.json == {"id": answer.json["id"], "digest": hashlib.sha256(PDF).hexdigest(), **told}
    begun = {"key": "p", "variables": {"amount": 5, "proof": [answer.json["id"]]}}
    assert ann.post("/api/v1/instances/", json=begun).status_code == 201
    assert ann.post("/api/v1/instances/", json=begun).status_code == 422
    assert ann.post("/api/v1/files/", data={}, headers=key).status_code == 422


def test_a_request_may_carry_a_file_as_large_as_a_file_may_be(app):
    assert app.config["MAX_CONTENT_LENGTH"] - app.config["TROIKA"].upload_limit == 100_000


@pytest.mark.parametrize("name", ["taxi.csv", "发票.txt"])
def test_text_is_saved_and_never_shown_as_a_page(ann, name):
    answer = ann.get(f"/options/files/{upload(ann, name, b'=1+1,<b>2</b>')}")

    assert (answer.content_type, answer.headers["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename")


def test_what_is_not_his_own_and_not_what_the_field_takes_is_refused_and_stays_where_it_is(
    ann, sign_in, engine, people
):
    mine, theirs = upload(ann), upload(sign_in("bob"))
    text = upload(ann, "claims to be.pdf", b"only text")
    first = started(start(ann, [upload(ann, "first.pdf")]))
    [gone] = [key for key, (_, owner) in owners(engine).items() if owner == first]

    with engine.unit_of_work(Actor(people["dora"].id), read_only=True) as uow:
        form = repository.form(uow, "proved", repository.latest(uow, "p").id)
        proof = next(field for field in form.fields if field.path == "proof")
        known = [pickers.judge(uow, beside=first, brought_by=people[who].id)(proof, gone) for who in ("ann", "dora")]
        assert known == [File("first.pdf", "application/pdf"), False], "an approver names none of another"
    for wrong, said in (
        ([theirs], "not there any more"), ([gone], "not there any more"), ([str(uuid4())], "not there any more"),
        (["taxi.pdf"], "not there any more"), ([text], "something else"), ([mine, upload(ann)], "one file only"),
        ([], "Please fill in"), ("x", "Please give a list"), ([1], "upload a file"),
    ):  # fmt: skip
        answer = start(ann, wrong)
        assert (answer.status_code, said in answer.text) == (422, True), (wrong, said)
    assert sign_in("bob").get(f"/options/files/{mine}").status_code == 404
    assert owners(engine)[theirs] == owners(engine)[mine] == ("upload", None)
    assert start(ann, [mine, upload(ann)], amount=11).status_code == 303


def test_two_requests_at_once_do_not_both_get_a_file(ann, sign_in, engine, people):
    key, answers = upload(ann), []
    second = Thread(target=lambda: answers.append(start(ann, [key])))
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        form = repository.form(uow, "proved", repository.latest(uow, "p").id)
        given = {"amount": 5, "proof": [key]}
        given = forms.validate(form, given, stored={}, now=uow.now, known=pickers.judge(uow))
        runtime.start(uow, "p", given)
        uow.flush()
        second.start()
        until_one_waits(engine)
    second.join()

    assert [answer.status_code for answer in answers] == [422]


@pytest.mark.parametrize(
    ("name", "content", "accept", "status"),
    [
        ("page.pdf", b"<html><script>1</script></html>", "", 415),
        ("drawn.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "", 415),
        ("a.pdf", b"only text", ".pdf", 415),
        ("..", PDF, "", 422),
    ],
)
def test_an_upload_that_cannot_be_is_refused_and_nothing_is_kept(ann, engine, name, content, accept, status):
    assert upload(ann, name, content, accept).status_code == status
    assert owners(engine) == {}
    assert ann.post("/options/files", headers={"Accept": "application/json"}).status_code == 422


def test_a_draft_keeps_its_files_lets_go_of_what_was_removed_and_hands_them_to_the_request(ann, engine, people):
    one, two, late = upload(ann), upload(ann), upload(ann)
    kept = ann.post("/requests/start/p/draft", data={"data": json.dumps({"amount": 20, "proof": [one, two]})})
    address = kept.location
    draft = UUID(address.rpartition("/")[2])
    assert owners(engine)[one] == ("instance", draft)
    assert f"/requests/documents/{one}" in ann.get(address).text
    assert ann.get(f"/requests/documents/{one}").data == PDF

    fields = {"amount": 20, "proof": [two, late]}
    again = ann.post(address, data={"action": "keep", "version": version(engine, people), "data": json.dumps(fields)})
    assert (again.status_code, one in owners(engine)) == (303, False)
    instance = started(ann.post(address, data={"version": version(engine, people), "data": json.dumps(fields)}))

    assert owners(engine) == {two: ("instance", instance), late: ("instance", instance)}
    with engine.unit_of_work(Actor(people["ann"].id), read_only=True) as uow:
        assert audit.verify(uow, instance).ok


def test_files_that_nobody_submits_are_forgotten_with_drafts_that_nobody_touches(ann, engine, clock):
    old = upload(ann, "old.pdf", PDF + b" old")
    clock.advance(drafting.KEPT)
    new = upload(ann)
    clock.advance(timedelta(seconds=1))

    with engine.unit_of_work(ENGINE) as uow:
        drafting.forget(uow)

    assert list(owners(engine)) == [new]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(blob.c.content)).scalars().all() == [PDF]
    assert start(ann, [old]).status_code == 422


def test_a_form_that_is_only_tried_knows_files_by_their_names(ann, engine):
    form = forms.read(json.dumps({"id": "f", "components": [AMOUNT, PROOF]}).encode(), "f").form
    assert form is not None
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        known = pickers.judge(uow, trial=True)
        given = forms.validate(form, {"amount": 5, "proof": ["a.pdf"]}, stored={}, now=uow.now, known=known)
        assert given["proof"] == ["a.pdf"]
        with pytest.raises(forms.InvalidForm):
            forms.validate(form, {"amount": 5, "proof": ["a.txt"]}, stored={}, now=uow.now, known=known)


def test_a_played_process_takes_files_by_their_names_and_keeps_none(ann, sign_in, engine):
    root = sign_in("root")
    for name, begun, said in (("taxi.pdf", True, "taxi.pdf"), ("taxi.txt", False, "something else")):
        sent = {"xml": DRAWING.decode(), "person": "ann", "given": {"amount": 5, "proof": [name]}, "steps": []}
        played = root.post("/designer/play/p", json=sent, headers={"Accept": "application/json"})
        assert (played.json["started"], said in played.json["html"]) == (begun, True), played.json["html"]
        assert "/options/files" not in played.json["html"]
    assert owners(engine) == {}


def test_what_a_field_takes_is_told_by_content_and_by_name_only_where_contents_are_alike():
    ole = "application/x-ole-storage"
    assert [takes(accept, File(name, kind)) for accept, name, kind in (
        (".pdf", "a.txt", "application/pdf"), ("image/*", "a", "image/png"), (".jpg", "a.jpeg", "image/jpeg"),
        (".xls", "a.xls", ole), ("application/msword", "a.doc", ole), (".csv", "a.csv", "text/plain"), ("", "a", "x/y"),
        (".txt", "b.txt", "text/csv"), ("text/plain", "b.txt", "text/csv"), ("*/*", "a", "x/y"),
        ("image/jpg", "a.jpg", "image/jpeg"),
    )] == [True] * 11  # fmt: skip
    assert [takes(accept, File(name, kind)) for accept, name, kind in (
        (".pdf", "a.pdf", "text/plain"), ("image/*", "a.png", "application/pdf"), (".xls", "a.doc", ole),
        (".zip", "a.zip", ""), (".csv", "a.txt", "text/plain"),
    )] == [False] * 5  # fmt: skip
    assert by_name("a.PDF") == File("a.PDF", "application/pdf")
