"""The interface of policies and the record: the verbs, rights and two people of the pages, and their refusals."""

import dataclasses
import io
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine import audit, history, jobs, policy
from engine.db.audit import audit as acts
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, START, drawing, flows, service
from tests.engine.policy.test_emergency import POLICY
from tests.engine.policy.test_gate import PAYING, a_bill, agree, started
from tests.redteam.test_record import Backup
from tests.webui.test_policies import LOG, known  # noqa: F401 - a fixture

API = "/api/v1/policies"
STRICTER = POLICY.replace("people: 1", "people: 2")
WEAKER = POLICY.replace("distinct: [requester, approver]", "distinct: [approver]")


def statuses(known, login, *acts):  # noqa: F811
    """Of (verb, address, JSON) each."""
    return [
        getattr(known[login], verb)(f"{API}/{path}", **({"json": body} if verb == "post" else {})).status_code
        for verb, path, body in acts
    ]


def files(visitor, path, **sent):
    """POST of files: name -> (content, file name) or a list of these."""
    given = {
        name: [(io.BytesIO(content), called) for content, called in (one if isinstance(one, list) else [one])]
        for name, one in sent.items()
    }
    return visitor.post(f"{API}/{path}", data=given, headers={"X-CSRFToken": visitor.token})


def test_a_policy_is_tried_proposed_by_one_and_activated_by_another_controller(engine, known):  # noqa: F811
    cora, cyril = known["cora"], known["cyril"]
    exported = known["ana"].get(f"{API}/export")
    assert (exported.status_code, exported.mimetype) == (200, "application/yaml")
    assert cora.post(f"{API}/", json={"text": exported.text}).json == [], "nothing differs"

    (foreseen,) = cora.post(f"{API}/what-if", json={"text": WEAKER}).json
    assert (foreseen["same"], len(foreseen["weaker"]), foreseen["ran"]) == (False, 1, 0)
    assert set(foreseen["before"]) - set(foreseen["after"]) == {
        "An approver is never the requester, the other approvers."
    }
    refused = cora.post(f"{API}/", json={"text": WEAKER})
    assert (refused.status_code, refused.json["code"]) == (422, "weaker_policy")
    made = cora.post(f"{API}/", json={"text": WEAKER, "reason": "We are only two."})
    assert made.status_code == 201, made.text
    (proposed,) = made.json
    assert (proposed["state"], proposed["version"], proposed["weakens"]) == ("proposed", 2, True)
    assert (proposed["reason"], proposed["weaker"]) == ("We are only two.", foreseen["weaker"])
    at = f"{API}/versions/{proposed['id']}"
    assert cyril.get(f"{at}/what-if").json == foreseen

    own = cora.post(f"{at}/activate", json={})
    assert (own.status_code, own.json["code"]) == (409, "second_person_needed")
    done = cyril.post(f"{at}/activate", json={})
    assert done.status_code == 200, done.text
    assert (done.json["policy"]["state"], done.json["unproved"]) == ("active", [])
    assert done.json["not_provided"] == ["finance_approval"], "no process is deployed here"
    again = cyril.post(f"{at}/activate", json={})
    assert (again.status_code, again.json["code"]) == (409, "policy_not_there")
    assert known["aud"].post(f"{at}/review", json={}).json["reviewed_by"] is not None
    listed = known["ana"].get(f"{API}/REF-001/versions").json
    assert [(one["version"], one["state"]) for one in listed] == [(2, "active"), (1, "retired")]
    assert "distinct" in listed[0]["statement"]
    assert known["ana"].get(f"{API}/NO-1/versions").status_code == 404


def test_a_proposal_is_turned_down_a_shipped_one_confirmed_and_a_policy_retired_by_two(engine, known):  # noqa: F811
    cora, cyril = known["cora"], known["cyril"]
    (shipped,) = cora.get(f"{API}/").json
    assert cora.post(f"{API}/versions/{shipped['id']}/confirm", json={}).json["confirmed"]
    assert cora.post(f"{API}/versions/{shipped['id']}/confirm", json={}).status_code == 409

    (proposed,) = cora.post(f"{API}/", json={"text": STRICTER}).json
    assert cyril.post(f"{API}/", json={"text": STRICTER}).json["code"] == "policy_not_there", "decide first"
    assert cyril.post(f"{API}/versions/{proposed['id']}/withdraw", json={"reason": "no"}).status_code == 204
    assert cyril.post(f"{API}/versions/{proposed['id']}/withdraw", json={}).status_code == 409

    asked, leave = f"{API}/REF-001/propose-retirement", f"{API}/REF-001/retire"
    assert cora.post(leave, json={}).json["code"] == "policy_not_there"
    assert cora.post(asked, json={}).json["code"] == "weaker_policy", "why is asked for"
    leaving = cora.post(asked, json={"reason": "Nobody refunds any more."}).json
    assert (leaving["state"], leaving["retire_reason"]) == ("active", "Nobody refunds any more.")
    assert cora.post(leave, json={}).json["code"] == "second_person_needed"
    assert cyril.post(asked, json={"reason": "yes"}).json["code"] == "policy_not_there", "decide first"
    stays = f"{API}/REF-001/withdraw-retirement"
    for taking_back in (cora, cyril):
        kept = taking_back.post(stays, json={"reason": "Somebody does."}).json
        assert (kept["state"], kept["retired_by"], kept["retire_reason"]) == ("active", None, None)
        assert taking_back.post(stays, json={}).json["code"] == "policy_not_there"
        assert cora.post(asked, json={"reason": "Nobody refunds any more."}).status_code == 200
    left = cyril.post(leave, json={}).json
    assert (left["state"], left["retire_reason"]) == ("retired", "Nobody refunds any more.")
    assert left["retired_by"] == leaving["retired_by"]
    assert cora.get(f"{API}/").json == []


def test_analysts_read_proofs_controllers_state_policies_and_auditors_change_nothing(engine, known):  # noqa: F811
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (version,) = policy.all_versions(uow)
    acts = [("post", "", {"text": STRICTER})] + [
        ("post", f"versions/{version.id}/{verb}", {}) for verb in ("activate", "withdraw", "confirm")
    ] + [("post", "REF-001/propose-retirement", {"reason": "why"}), ("post", "REF-001/retire", {}),
         ("post", "REF-001/withdraw-retirement", {})]  # fmt: skip
    read = [("get", path, None) for path in ("", "proofs", "export", "REF-001/versions")]
    watched = [("post", "what-if", {"text": POLICY}), ("get", f"versions/{version.id}/what-if", None)]

    for login, may_read, may_watch in (("ana", 200, 403), ("aud", 200, 200), ("ann", 403, 403)):
        assert set(statuses(known, login, *acts)) == {403}
        assert set(statuses(known, login, *read)) == {may_read}
        assert set(statuses(known, login, *watched)) == {may_watch}
    assert statuses(known, "cora", ("post", f"versions/{version.id}/review", {})) == [403]
    assert audit_kinds(engine) == ["policy.activated"], "nothing of all this is on record"


def audit_kinds(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [act.kind for act in history.acts(uow, "policy")]


@pytest.mark.parametrize(
    ("sent", "said"),
    [({"text": "- {id: A"}, "YAML"), ({"text": "{}"}, "a list of policies"), ({}, '"text"'),
     ({"text": "- {id: S-1, title: t, on: seal.apply, require: [{approval: a}]}"}, "What is asked for: "),
     ({"text": POLICY.replace("refund.execute", "payment.execute")}, "on: refund.execute, as until now"),
     ({"text": POLICY, "colour": "red"}, "Unknown field.")],
)  # fmt: skip
def test_what_cannot_be_proposed_is_refused_alike_when_it_is_tried(known, sent, said):  # noqa: F811
    for path in ("", "what-if"):
        answer = known["cora"].post(f"{API}/{path}", json=sent)
        assert (answer.status_code, said in answer.text) == (422, True), answer.text


def test_what_if_names_processes_and_payments_that_would_not_pass(engine, known, people):  # noqa: F811
    bill_id = a_bill(engine)
    started(engine, Actor(people["ann"].id), bill_id)
    agree(engine, Actor(people["fay"].id))
    jobs.run_due(engine)
    chief = POLICY.replace("finance_approval", "cfo_approval")

    (found,) = known["aud"].post(f"{API}/what-if", json={"text": chief}).json
    (process,) = found["processes"]
    assert (process["now"], process["then"], process["definition"]["key"]) == ("proved", "violated", "p")
    assert process["ways"][0][-1]["element"] == "pay"
    assert "without 财务审批" in process["findings"][0]
    (held,) = found["held"]
    assert (found["ran"], held["amount"], held["subject_id"]) == (1, "100.00", str(bill_id))
    assert held["reasons"] == ["先审批，后退款: expected a live approval: 财务审批."]
    (same,) = known["aud"].post(f"{API}/what-if", json={"text": POLICY}).json
    assert (same["same"], same["held"], same["ran"]) == (True, [], 1)
    engine.clock.advance(timedelta(days=8))
    (short,) = known["aud"].post(f"{API}/what-if", json={"text": chief, "days": 7}).json
    assert (short["ran"], short["days"]) == (0, 7)

    (proposed,) = known["cora"].post(f"{API}/", json={"text": chief, "reason": "The chief himself."}).json
    done = known["cyril"].post(f"{API}/versions/{proposed['id']}/activate", json={}).json
    (unproved,) = done["unproved"]
    assert (unproved["definition"]["key"], "without 财务审批" in unproved["findings"][0]) == ("p", True)


CALLING = """<callActivity id="c" name="c"><extensionElements>
<zeebe:calledElement processId="nowhere" bindingType="deployment"/></extensionElements></callActivity>"""


def test_a_drawing_that_is_posted_is_proved_and_not_deployed(known):  # noqa: F811
    good, pay = PAYING, service("pay", "test.pay_bill", in_bill_id="= bill_id")
    bad = drawing(START + pay + END + flows("start pay end"), process_id="bad")
    ana = known["ana"]

    answer = files(ana, "prove", files=[(good, "good.bpmn"), (bad, "bad.bpmn")])
    assert answer.status_code == 200, answer.text
    told = {one["file"]: one for one in answer.json}
    assert {name: (one["process"], one["word"], one["verdicts"]) for name, one in told.items()} == {
        "good.bpmn": ("p", "proved", {"REF-001": "proved"}), "bad.bpmn": ("bad", "violated", {"REF-001": "violated"})
    }  # fmt: skip
    assert [step["element"] for step in told["bad.bpmn"]["ways"][0]][-1] == "pay"
    assert told["bad.bpmn"]["classes"] == ["refund.execute"]
    assert ana.get(f"{API}/proofs").json == [], "nothing was deployed"

    twice = files(ana, "prove", files=[(bad, "p.bpmn"), (good, "p.bpmn")])
    assert (twice.status_code, twice.json["errors"]) == (422, {"p.bpmn": ["Several files are called p.bpmn."]})
    torn = files(ana, "prove", files=[(good[:-40], "torn.bpmn")])
    assert (torn.status_code, list(torn.json["errors"])) == (422, ["torn.bpmn"])
    calls = drawing(START + CALLING + END + flows("start c end"))
    lost = files(ana, "prove", files=[(calls, "calls.bpmn")])
    assert (lost.status_code, "nowhere" in lost.json["errors"]["calls.bpmn"][0]) == (422, True)
    assert files(ana, "prove", files=[(b"{}", "form.json")]).json["code"] == "nothing_to_prove"
    assert files(ana, "prove").status_code == 422
    assert files(known["ann"], "prove", files=[(good, "good.bpmn")]).status_code == 403


COLUMNS = b"""
{case: case, time: timestamp, activity: activity, operation: Payment Handled, rejections: "Declaration REJECTED by *",
 approvals: {finance_approval: "Declaration FINAL_APPROVED by *"}, facts: {amount: amount}}
"""


def test_a_log_is_replayed_against_the_policies_of_a_class(engine, known):  # noqa: F811
    text = "- {id: PAY-001, title: T, on: payment.execute, require: [{approval: finance_approval, valid_for: P365D}]}"
    log, columns = (LOG.read_bytes(), LOG.name), (COLUMNS, "columns.yml")
    aud = known["aud"]
    for query in ("", "?on=refund.exekute"):
        unasked = files(aud, f"replay{query}", log=log, columns=columns)
        assert (unasked.status_code, unasked.json["code"]) == (422, "no_policy_about"), (
            "there is none to hold it against"
        )

    (told,) = files(aud, "replay", log=log, columns=columns, policies=(text.encode(), "p.yml")).json
    assert (told["policy"], told["operations"], told["unmatched"]) == ("PAY-001", 456, [])
    assert [one["case"] for one in told["flagged"]] == ["declaration95149", "declaration90815"]
    assert "finance_approval" in told["flagged"][0]["reasons"][0]

    assert list(files(aud, "replay", log=log).json["errors"]) == ["columns"]
    wrong = files(aud, "replay", log=log, columns=(COLUMNS.replace(b"timestamp", b"moment"), "c.yml"),
                  policies=(text.encode(), "p.yml"))  # fmt: skip
    assert (wrong.status_code, "moment" in wrong.json["detail"]) == (422, True)
    assert files(aud, "replay", log=log, columns=(b"\xff", "c.yml")).status_code == 422
    assert files(known["ana"], "replay", log=log, columns=columns).status_code == 403


def test_auditors_take_the_whole_record_and_say_that_an_older_state_was_put_back(engine, known, people, tmp_path):  # noqa: F811
    api, aud = "/api/v1/audit", known["aud"]
    engine.settings = dataclasses.replace(
        engine.settings, anchor_sink=f"file:{tmp_path}/outside", anchor_key=f"{tmp_path}/keys/anchor.key"
    )
    elsewhere = aud.post(f"{api}/reseal", json={"reason": "the disk failed"})
    assert (elsewhere.status_code, elsewhere.json["code"]) == (503, "key_elsewhere")
    audit.anchor(engine)
    assert aud.post(f"{api}/reseal", json={"reason": "the disk failed"}).json["code"] == "nothing_to_reseal"
    assert aud.post(f"{api}/reseal", json={"reason": "x"}).json["code"] == "reason_required"
    backup = Backup(engine)
    engine.clock.advance(timedelta(hours=2))
    known["cora"].post(f"{API}/", json={"text": STRICTER})
    audit.anchor(engine)
    backup.restore()
    assert aud.post(f"{api}/reseal", json={"reason": "the disk failed"}).json == {"void": [2]}
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow, outside=audit.outside(engine.settings)).exit == 0
        assert uow.execute(select(acts.c.actor_id, acts.c.kind).where(acts.c.kind == "state.restored")).all() == [
            (people["aud"].id, "state.restored")
        ]

    _reseal_with_what_was_mailed(engine, aud, f"{api}/reseal")

    packed = aud.post(f"{api}/export", json={})
    assert (packed.status_code, packed.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(packed.data)) as archive:
        assert {"facts.txt", "acts.txt", "manifest.json", "verify_audit.py", "anchors/0000000001.json"} <= set(
            archive.namelist()
        )
    for login in ("cora", "ana", "ann"):
        assert {known[login].post(f"{api}/{path}", json={}).status_code for path in ("reseal", "export")} == {403}


def _reseal_with_what_was_mailed(engine, aud, address) -> None:
    """What was sent by mail cannot be read back: without it the answer says what is missing, and nothing forged."""
    backup = Backup(engine)
    engine.clock.advance(timedelta(hours=2))
    aud.post("/api/v1/audit/anchor", json={})  # something for the checkpoint to hold
    made = [audit.anchor(engine).document(), audit.anchor(engine).document()]
    backup.restore()
    seen = engine.settings
    engine.settings = dataclasses.replace(
        seen, anchor_sink="mail:audit@firm.example", smtp_url="smtp://127.0.0.1:1"
    )  # fmt: skip
    without = aud.post(address, json={"reason": "the disk failed"})
    assert (without.status_code, without.json["code"]) == (409, "checkpoints_elsewhere")
    engine.settings = seen

    first, second = made
    forged = [
        [{**first, "signature": "00" * 64}, second], [second], [{**first, "leaves": first["leaves"][1:]}, second],
        [{**first, "leaves": [["x", 1, "no hex"]]}, second],
    ]  # fmt: skip
    for kept in forged:
        answer = aud.post(address, json={"reason": "the disk failed", "anchors": kept})
        assert (answer.status_code, answer.json.get("code")) == (422, "foreign_checkpoints"), (
            forged.index(kept),
            answer.text,
        )
    for kept in ([{}], [{"checkpoint": 1}]):
        assert aud.post(address, json={"reason": "the disk failed", "anchors": kept}).json["code"] == "invalid_value"
    assert aud.post(address, json={"reason": "the disk failed", "anchors": []}).json["code"] == "nothing_to_reseal"
    numbers = [one["checkpoint"]["number"] for one in made]
    assert aud.post(address, json={"reason": "the disk failed", "anchors": made[::-1]}).json == {"void": numbers}
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow, outside=audit.outside(engine.settings)).exit == 0


def test_the_interface_describes_all_of_it(known):  # noqa: F811
    described = known["ann"].get("/api/v1/openapi.json").json
    paths = described["paths"]
    writes = {path.removeprefix(API): told["post"] for path, told in paths.items() if path.startswith(API)
              if "post" in told}  # fmt: skip
    assert set(writes) == {
        "/", "/what-if", "/prove", "/replay", "/{policy_id}/propose-retirement", "/{policy_id}/withdraw-retirement",
        "/{policy_id}/retire",
        *(f"/versions/{{version_id}}/{verb}" for verb in ("activate", "withdraw", "confirm", "review")),
    }  # fmt: skip
    assert {path for path in ("/prove", "/replay") if "multipart/form-data" in writes[path]["requestBody"]["content"]}
    assert all(told["summary"] for told in writes.values())
    refused = known["ann"].post(f"{API}/", json={}).json
    (sent_as,) = described["components"]["responses"]["DEFAULT_ERROR"]["content"]
    assert sent_as == "application/problem+json"
    assert list(writes["/"]["responses"]["201"]["content"]) == ["application/json"]
    assert refused.keys() <= described["components"]["schemas"]["ProblemOut"]["properties"].keys()
    assert described["components"]["securitySchemes"]["session"]["name"] == "troika"
