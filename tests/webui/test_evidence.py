"""What an auditor takes away of one payment verifies on any machine, and says in Chinese first what happened."""

import dataclasses
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from engine import audit, evidence, forms, identity, jobs, policy, repository
from engine.audit import verifier
from engine.audit.exporting import verifier_source
from engine.db.audit import audit as acts
from engine.db.task import work_item
from engine.ids import uuid7
from engine.modules.erp.models.treasury import payment
from engine.policy import statement
from engine.unit_of_work import ENGINE
from tests.engine.test_anchors import _ALONE
from tests.redteam.test_columns import WHY, emergency
from tests.redteam.test_record import claim
from tests.redteam.walls import without
from tests.webui.conftest import site_of
from webui.auditing import pack, paper

DRAWING, FORM = "processes/oa/expense_claim.bpmn", "forms/oa/expense_claim.json"
LIBRARY = Path(__file__).parents[2]


def field_by_field() -> bytes:
    """The claim, whose last approver may write what its form has not: it proves as long as the form is known."""
    head, last, rest = (LIBRARY / DRAWING).read_text().partition('<bpmn:userTask id="finance"')
    names = [field.path for field in forms.read((LIBRARY / FORM).read_bytes(), "oa/expense_claim").form.fields]
    read = "".join(f'<troika:field id="{name}" perm="read"/>' for name in names)
    return (
        head + last + rest.replace('<troika:fields default="read">', f'<troika:fields default="write">{read}', 1)
    ).encode()


@pytest.fixture
def paid(company, tmp_path):
    """The company with one paid claim, and the id of the payment."""
    company.engine.settings = dataclasses.replace(
        company.engine.settings, anchor_sink=f"file:{tmp_path}/outside", anchor_key=f"{tmp_path}/anchor.key"
    )
    with company.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {DRAWING: field_by_field()})
    claim(company)
    with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
        return company, uow.execute(select(payment.c.id)).scalar_one()


def gathered(company, key):
    with company.engine.unit_of_work(ENGINE) as uow:
        return evidence.gather(uow, key)


def verified(folder, document, *options):
    """(exit, words) of the program in the pack, where the engine cannot be imported."""
    (folder / "evidence.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-c", _ALONE, str(folder / "verify_audit.py"), str(folder / "evidence.json"), *options],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def packed(company):
    """packed(document): as the site of the company does it."""

    def pack_it(document):
        with site_of(company.engine).app_context():
            return pack.packed(document)

    return pack_it


def test_evidence_of_an_emergency_says_who_answered_for_it(company, packed, monkeypatch, tmp_path):
    """The approvals have lapsed; two others sign in their place, a third one looks afterwards."""
    engine, stated = company.engine, (LIBRARY / "processes/policies.yml").read_text()
    with engine.unit_of_work(ENGINE) as uow:
        pay = statement.write([one for one in policy.read(stated) if one.id == "PAY-001"])
        policy.ship(uow, pay + "  break_glass: {people: 2, roles: [cfo], expires: PT24H, reason: required}\n")
        for login in ("zou", "xing"):
            identity.add_member(uow, "cfo", login)
    emergency(company, monkeypatch)
    with company.acting("gao") as uow:
        found = evidence.gather(uow, uow.execute(select(payment.c.id)).scalar_one())

    (told,) = found["emergencies"]
    assert [one["who"]["zh"] for one in told["signed"]] == [name_of(engine, "zou"), name_of(engine, "xing")]
    assert (told["reason"], told["facts"]["amount"], told["policy"]) == (WHY, "120.00", "PAY-001")
    assert (told["reviewed_by"]["zh"], told["review"]) == (name_of(engine, "gao"), "发票属实")
    assert ["状态", "Status", "已提交银行 sent to the bank"] in found["payment"]["fields"]
    archive = zipfile.ZipFile(io.BytesIO(packed(found)))
    archive.extractall(tmp_path)
    code, said = verified(tmp_path, found)
    assert (code, "not-anchored" in said, "BROKEN" in said) == (4, True, False), said
    found["rows"]["emergencies"][0]["facts"] = "00" * 32
    code, said = verified(tmp_path, found)
    assert (code, "emergency-changed" in said) == (1, True), said


def test_the_page_of_a_payment_leads_to_its_request_only_where_that_is_shown(paid, visiting):
    company, key = paid
    with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
        request = f"/requests/{evidence.shown(uow, key)['instance']}"

    shown = {login: request in visiting(login).get(f"/policies/payments/{key}").text for login in ("gao", "dina")}

    assert shown == {login: visiting(login).get(request).status_code == 200 for login in ("gao", "dina")}
    assert set(shown.values()) == {True, False}


def name_of(engine, login: str) -> str:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return identity.user(uow, login).name


def test_paper_says_reasons_and_names_in_both_languages(paid, packed, monkeypatch):
    document, told = gathered(*paid), []
    document["decisions"][0]["because"] = {"code": "manager", "values": {"n": "2"}}
    file = {"id": str(uuid4()), "name": "发票.pdf", "sha256": "ab" * 32, "size": 16}
    document["decisions"][0]["form"] = {"id": "oa/claim", "fields": [], "files": [file], "same": True}
    drawn = paper._pairs
    monkeypatch.setattr(paper, "_pairs", lambda pairs: told.extend(pairs) or drawn(pairs))

    packed(document)

    said = [f"{name}: {text}" for name, text in told if name != "条文 Statement"]
    assert "由其决定的原因 Why he was asked: 发起人的第 2 级上级 manager 2 of the requester" in said
    assert "依据的策略版本 Under policy version: 先审批，后付款 Approve before pay (PAY-001) v1" in said
    assert f"文件 Files (SHA-256): 发票.pdf {'ab' * 32}" in said
    assert any("财务审批 Finance approval" in line for line in said)
    assert [line for line in said if "finance_approval" in line or "facts." in line or "PAY-001@" in line] == []


def test_what_the_proof_of_a_payment_finds_is_said_on_page_paper_and_in_the_pack(paid, packed, visiting):
    company, key = paid
    stated = (LIBRARY / "processes/policies.yml").read_text()
    with company.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, stated.replace("  require:\n", "  require:\n    - {approval: nobody_gives_this}\n", 1))

    page = visiting("gao").get(f"/policies/payments/{key}").text
    assert "Approve before pay: &#39;Pay&#39; can be reached without nobody_gives_this" in page, page[-3000:]
    assert "&#39;term&#39;" not in page
    pack_of = json.loads(zipfile.ZipFile(io.BytesIO(packed(gathered(company, key)))).read("evidence.json"))
    (found, *_) = pack_of["definition"]["findings"]
    assert "不经 nobody_gives_this 也能到达" in found["zh"]
    assert "can be reached without nobody_gives_this" in found["en"]
    assert {"zh", "en"} <= pack_of["decisions"][0]["because"].keys()


def test_a_form_whose_file_is_gone_is_said_of_its_decision_and_all_the_rest_is_shown(
    paid, packed, visiting, monkeypatch
):
    company, key = paid
    decided = work_item.c.decided_by == company.people["bob"]
    with without(company.engine, work_item, "work_item_frozen"), company.engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(work_item).where(decided).values(shown_form=bytes(32)))
        item = uow.execute(select(work_item.c.id).where(decided)).scalar_one()

    document = gathered(company, key)
    assert [(one["form"] is None, one["form_lost"]) for one in document["decisions"]] == [
        (True, "00" * 32), (False, None),
    ]  # fmt: skip
    told, drawn = [], paper._pairs
    monkeypatch.setattr(paper, "_pairs", lambda pairs: told.extend(pairs) or drawn(pairs))
    packed(document)
    (said,) = [text for name, text in told if name == "表单 Form"]
    assert ("00" * 32 in said, "已不在" in said, "is gone" in said) == (True, True, True)
    for login, page in (("gao", f"/policies/payments/{key}"), ("bob", f"/inbox/{item}")):
        shown = visiting(login).get(page)
        assert (shown.status_code, f"SHA-256 {'00' * 32}) is gone" in shown.text) == (200, True)


def test_evidence_of_a_payment_stands_alone(paid, packed, tmp_path):
    company, key = paid
    early = gathered(company, key)
    for limit in ("does not tell of versions of policies", "not the truth of what was entered"):
        assert limit in str(early["steps"]["en"])
    company.clock.advance(timedelta(minutes=10))
    made = audit.anchor(company.engine)
    found = gathered(company, key)
    archive = zipfile.ZipFile(io.BytesIO(packed(found)))
    archive.extractall(tmp_path)
    (tmp_path / "keys.txt").write_text(made.key)

    assert sorted(archive.namelist()) == ["evidence.json", "evidence.pdf", "verify_audit.py"]
    assert archive.read("evidence.pdf").startswith(b"%PDF")
    code, told = verified(tmp_path, found, "--keys", "keys.txt")
    assert (code, "1 payments" in told) == (0, True), told
    assert verified(tmp_path, early)[0] == 4, "not anchored yet"

    told = [(one["task"]["zh"], one["who"]["zh"], one["decision"], one["opinion"]) for one in found["decisions"]]
    assert [line[1:] for line in told] == [("包博", "agreed", "发票齐全"), ("姜易", "agreed", "发票齐全")]
    assert (found["facts"]["amount"], found["definition"]["proof"]) == ("120.00", "proved")
    assert found["policies"][0]["policy"].startswith("PAY")
    assert all(shown["same"] for shown in found["display"])

    for tamper, code in (
        (lambda one: one["rows"]["grants"][0]["facts"].update(amount="920.00"), 1),
        (lambda one: one["rows"]["payments"][0].update(amount="920.00"), 1),
        (lambda one: one["rows"]["links"].clear(), 1),
        (lambda one: one["rows"]["tasks"][0].update(spec="00" * 32), 1),
        (lambda one: one["rows"].pop("tasks"), 2),
        (lambda one: one["rows"]["versions"].clear(), 2),
        (lambda one: [one["rows"].pop(kind) for kind in ("versions", "emergencies")], 2),
        (lambda one: (one["rows"].pop("versions"), one["chains"].pop()), 2),
        (lambda one: one["rows"]["versions"][0].update(statement="00" * 32), 1),
        (lambda one: one["chains"][0]["links"].pop(), 2),
        (lambda one: one["chains"][0]["links"].pop(3), 1),
        (lambda one: one["chains"][0]["anchor"]["checkpoint"].update(root="00" * 32), 3),
        (lambda one: one["chains"][0]["anchor"]["checkpoint"].update(key="00" * 32), 3),
    ):
        forged = json.loads(json.dumps(found))
        tamper(forged)
        assert verified(tmp_path, forged, "--keys", "keys.txt")[0] == code


@pytest.fixture
def visiting(company):
    """visiting(login): the browser of somebody of the company."""
    site = site_of(company.engine, locale="en")

    def enter(login):
        with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
            user = identity.user(uow, login)
        visitor = site.test_client()
        with visitor.session_transaction() as session:
            session.update(_user_id=f"{user.id}:{user.session_epoch}", _fresh=True)
        assert visitor.get("/menu").status_code == 200
        return visitor

    return enter


def test_auditors_get_the_record_by_the_interface_and_others_do_not(paid, visiting, tmp_path):
    company, payment_id = paid
    company.clock.advance(timedelta(minutes=10))
    made = audit.anchor(company.engine)
    gao, api = visiting("gao"), "/api/v1/audit"

    standing = gao.get(f"{api}/").json
    assert (standing["last"]["number"], standing["last"]["root"], standing["keys"]) == (1, made.root, [made.key])
    assert (standing["late"], standing["unsent"], standing["verification"]) == (False, 0, None)
    listed = gao.get(f"{api}/checkpoints").json
    assert [(one["number"], one["signature"]) for one in listed["checkpoints"]] == [(1, made.signature)]
    assert gao.get(f"{api}/checkpoints?before=1").json == {"checkpoints": [], "next": None}

    document = gao.post(f"{api}/evidence/{payment_id}", json={}).json
    (tmp_path / "verify_audit.py").write_bytes(verifier_source())
    code, told = verified(tmp_path, document)
    assert code == 0, told
    request = document["chains"][0]["stream"]
    for stream in (request, "audit:policy"):
        chain = gao.post(f"{api}/chains/{stream}", json={}).json
        tip = verifier.GENESIS
        for digest, text in chain["links"]:
            tip = hashlib.sha256(tip + text.encode()).digest()
            assert digest == tip.hex()
        of, seq, held = chain["leaf"]
        assert (of, chain["links"][seq - 1][0]) == (stream, held)
        leaf = verifier.leaf_hash(of, seq, bytes.fromhex(held))
        assert verifier.follow_path(leaf, chain["path"]).hex() == chain["anchor"]["checkpoint"]["root"] == made.root
    assert gao.get(f"{api}/verify/{request}").json["result"] == "intact"
    assert gao.post(f"{api}/verify", json={}).status_code == 202
    jobs.run_due(company.engine)
    assert gao.get(f"{api}/").json["verification"]["exit"] == 0
    assert gao.post(f"{api}/anchor", json={}).status_code == 202
    with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
        kinds = uow.execute(select(acts.c.kind).where(acts.c.scope.in_(("audit", "anchor")))).scalars().all()
    assert sorted(kinds) == ["anchor.asked", "audit.exported", "audit.exported", "evidence.exported"]

    for address in (f"{api}/chains/{uuid7()}", f"{api}/chains/audit:nothing", f"{api}/evidence/PAY-0"):
        assert gao.post(address, json={}).status_code == 404
    for login in ("dina", "chen", "ann"):
        visitor = visiting(login)
        assert {visitor.get(f"{api}/{path}").status_code for path in ("", "checkpoints", f"verify/{request}")} == {403}
        assert visitor.post(f"{api}/chains/{request}", json={}).status_code == 403
    paths = gao.get("/api/v1/openapi.json").json["paths"]
    assert {path for path in paths if path.startswith(api)} == {
        f"{api}/", f"{api}/checkpoints", f"{api}/anchor", f"{api}/verify", f"{api}/verify/{{instance_id}}",
        f"{api}/chains/{{stream}}", f"{api}/evidence/{{payment}}", f"{api}/reseal", f"{api}/export",
    }  # fmt: skip
