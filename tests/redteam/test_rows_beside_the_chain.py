"""What stands in rows beside the chains: versions of policies, emergencies, approvals that nobody has used yet."""

import json
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from engine import audit, history, identity, policy, repository, runtime, tasks
from engine.audit import verifier
from engine.db.audit import audit as acts
from engine.db.policy import break_glass
from engine.db.task import work_item
from engine.errors import InvalidValue
from engine.identity import substitution
from engine.unit_of_work import ENGINE, Actor
from engine.values import sha256
from tests.engine.approvals.office import Office, approval
from tests.engine.approvals.test_timeouts import limit
from tests.engine.bpmn.drawing import user
from tests.engine.policy.test_emergency import POLICY, WHY
from tests.engine.policy.test_gate import PAYING, a_bill, agree, change_bill
from tests.factories import ann, begun, deploy, straight
from tests.redteam.rows import RECORD
from tests.redteam.walls import attacked

pytestmark = pytest.mark.redteam
STRICTER = POLICY.replace("finance_approval, people: 1", "finance_approval, people: 2")
OTHER = POLICY.replace("REF-001", "REF-002")


@pytest.fixture
def kept(engine):
    """Two versions of a policy, a proposal, a signed emergency, an approval that is void and one that counts."""
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        for key, capabilities in (("cfo", ""), ("internal_audit", "audit"), ("controllers", "policy")):
            identity.create_group(uow, key, key, capabilities=capabilities)
        for login, key in (("req", ""), ("fay", ""), ("kate", "controllers"), ("karl", "controllers"), ("carl", "cfo"),
                           ("ivo", "internal_audit"), ("aud", "internal_audit")):  # fmt: skip
            identity.create_user(uow, login, login.title())
            if key:
                identity.add_member(uow, key, login)
        who = {person.login: Actor(person.id) for person in identity.users(uow)}
        repository.deploy(uow, {"processes/oa/p.bpmn": PAYING})
    with engine.unit_of_work(who["kate"]) as uow:
        made = policy.propose(uow, STRICTER)[0].id
    with engine.unit_of_work(who["karl"]) as uow:
        repository.activate_policy(uow, made)
    with engine.unit_of_work(who["kate"]) as uow:
        policy.propose(uow, OTHER)
    started = []
    for _ in range(2):
        bill_id = a_bill(engine)
        with engine.unit_of_work(who["req"]) as uow:
            started.append((runtime.start(uow, "p", {"bill_id": str(bill_id)}).id, bill_id))
        agree(engine, who["fay"])
    (first, bill_id), (second, other) = started
    with engine.unit_of_work(ENGINE) as uow:
        uow.lock_instance(first)
        policy.revoke(uow, "test_bill", str(bill_id), change_bill.__name__)
    with engine.unit_of_work(who["fay"]) as uow:
        asked = policy.ask_emergency(uow, uow.lock_instance(second), "REF-001", "test_bill", str(other), WHY)
    for login in ("carl", "ivo"):
        with engine.unit_of_work(who[login]) as uow:
            policy.sign_emergency(uow, uow.lock_instance(second), asked.id)
    with engine.unit_of_work(who["aud"]) as uow:
        policy.review_emergency(uow, asked.id, "looked at the bill")
    return engine


ATTACKS = {
    "nothing": (),
    "reasons emptied": ("UPDATE audit_text SET text = NULL, salt = NULL",),
    "reasons removed": ("DELETE FROM audit_text",),
    "reasons changed": ("UPDATE audit_text SET text = 'x'",),
    "reason of another act": ("UPDATE audit_text SET seq = seq + 100",),
    "statement changed": ("UPDATE policy_version SET statement = replace(statement, '2', '1')",),
    "statement of a proposal changed": (
        "UPDATE policy_version SET min_people = 0 WHERE state = 'proposed'",
        "UPDATE policy_version SET break_glass = NOT break_glass WHERE state = 'proposed'",
    ),
    "version removed": ("DELETE FROM policy_version WHERE state = 'proposed'",),
    "version put in force": ("UPDATE policy_version SET state = 'active' WHERE state = 'proposed'",),
    "version taken out": ("UPDATE policy_version SET state = 'retired' WHERE state = 'active'",),
    "version of another person": ("UPDATE policy_version SET approved_by = confirmed_by",),
    "version seen by nobody": ("UPDATE policy_version SET reviewed_by = proposed_by WHERE state = 'active'",),
    "version of another time": ("UPDATE policy_version SET valid_to = proposed_at WHERE state = 'proposed'",
                                "UPDATE policy_version SET valid_from = {early} WHERE state = 'active'"),
    "version approved by another person": ("UPDATE policy_version SET approved_person_id = proposed_person_id",),
    "version that weakens nothing": ("UPDATE policy_version SET weakens = NOT weakens WHERE state = 'active'",),
    "version for other reasons": ("UPDATE policy_version SET reason = 'x' WHERE state = 'active'",),
    "versions swapped": (
        "UPDATE policy_version SET version = version + 10",
        "UPDATE policy_version SET version = 13 - version WHERE policy_id = 'REF-001'",
    ),
    "emergency removed": ("DELETE FROM break_glass",),
    "emergency signed by another": ("UPDATE break_glass SET second_by = asked_by",),
    "emergency not looked at": ("UPDATE break_glass SET state = 'signed'",),
    "emergency for longer": ("UPDATE break_glass SET expires_at = asked_at",),
    "emergency signed by another person": ("UPDATE break_glass SET second_person_id = asked_person_id",),
    "emergency signed at another time": ("UPDATE break_glass SET first_at = expires_at",),
    "emergency for other reasons": ("UPDATE break_glass SET reason = 'because the boss has said so'",),
    "emergency of another review": ("UPDATE break_glass SET review = NULL",),
    "emergency for another document": ("UPDATE break_glass SET subject_id = '7'",),
    "approval removed": ("DELETE FROM policy_grant WHERE source = 'human' AND state = 'active'",),
    "void approval removed": ("DELETE FROM policy_grant WHERE state = 'void'",),
    "approval of an emergency removed": ("DELETE FROM policy_grant WHERE source = 'break_glass'",),
    "void approval alive again": ("UPDATE policy_grant SET state = 'active' WHERE state = 'void'",),
    "approval void": ("UPDATE policy_grant SET state = 'void' WHERE source = 'human' AND state = 'active'",),
    "approval used up": ("UPDATE policy_grant SET state = 'consumed' WHERE state = 'active'",),
    "approvals swapped": (
        "UPDATE policy_grant SET capability = 'x' WHERE state = 'void'",
        "UPDATE policy_grant SET capability = 'cfo_approval' WHERE source = 'human' AND state = 'active'",
    ),
    "approval put in": (
        "INSERT INTO policy_grant ({columns}) SELECT {values} FROM policy_grant WHERE state = 'void'",
    ),
}  # fmt: skip
EXPECTED = {
    "nothing": (0, []),
    "reasons emptied": (2, ["text-missing"]),
    "reasons removed": (2, ["text-missing"]),
    "reasons changed": (1, ["text-changed"]),
    "reason of another act": (1, ["text-changed", "text-missing"]),
    "statement changed": (1, ["policy-changed"]),
    "statement of a proposal changed": (1, ["policy-changed"]),
    "version removed": (2, ["policy-missing"]),
    "version put in force": (1, ["policy-unrecorded"]),
    "version taken out": (1, ["policy-changed"]),
    "version of another person": (1, ["policy-changed"]),
    "version seen by nobody": (1, ["policy-changed"]),
    "version of another time": (1, ["policy-changed"]),
    "version approved by another person": (1, ["policy-changed"]),
    "version that weakens nothing": (1, ["policy-changed"]),
    "version for other reasons": (1, ["text-changed"]),
    "versions swapped": (1, ["policy-changed", "policy-missing", "policy-unrecorded"]),
    "emergency removed": (2, ["emergency-missing"]),
    "emergency signed by another": (1, ["emergency-changed"]),
    "emergency not looked at": (1, ["emergency-changed"]),
    "emergency for longer": (1, ["emergency-changed"]),
    "emergency signed by another person": (1, ["emergency-changed"]),
    "emergency signed at another time": (1, ["emergency-changed"]),
    "emergency for other reasons": (1, ["text-changed"]),
    "emergency of another review": (1, ["text-changed"]),
    "emergency for another document": (1, ["emergency-changed"]),
    "approval removed": (2, ["grant-missing"]),
    "void approval removed": (2, ["grant-missing"]),
    "approval of an emergency removed": (2, ["grant-missing"]),
    "void approval alive again": (1, ["grant-state"]),
    "approval void": (1, ["grant-state"]),
    "approval used up": (1, ["grant-state"]),
    "approvals swapped": (1, ["grant-changed"]),
    "approval put in": (1, ["grant-state", "grant-unrecorded"]),
}


@pytest.mark.row(22, RECORD)
def test_every_attack_on_a_row_beside_the_chain_is_named(kept):
    columns = [column.name for column in audit.rows.policy_grant.columns]
    changed = {"id": "principal_person_id", "capability": "'match_exception'", "state": "'active'"}
    lite = kept.dialect == "sqlite"
    changed["id"] = f"X'{77:032x}'" if lite else "'00000000-0000-0000-0000-00000000004d'"
    bound = {
        "columns": ", ".join(columns), "values": ", ".join(changed.get(name, name) for name in columns),
        "early": "1" if lite else "'2001-01-01T00:00:00Z'",
    }  # fmt: skip

    found = {name: attacked(kept, *made, **bound) for name, made in ATTACKS.items()}

    assert found == EXPECTED


def test_words_of_an_act_are_erased_everywhere_and_the_record_proves_itself_as_before(kept):
    """Of a review its own act; of an emergency all acts, the row, and the chain of the request."""
    with kept.unit_of_work(ENGINE, read_only=True) as uow:
        chained = str(list(uow.execute(select(acts.c.data)).scalars()))
        told = tasks.written_with_acts(uow, "policy")
    assert (WHY in chained, told[-1][1:]) == (False, ("review", "looked at the bill"))
    numbers = {name: seq for seq, name, words in reversed(told) if words in ("looked at the bill", WHY)}
    with kept.unit_of_work(ENGINE) as uow:
        (glass,) = policy.emergencies(uow)
        instance, theirs = uow.lock_instance(glass.instance_id), {"reason": WHY}
        history.record(uow, instance, "request.commented", data={}, texts=theirs)
        history.record(uow, instance, "policy.emergency_asked", data={"emergency": "another", "tell": []}, texts=theirs)

    for name in ("review", "reason"):
        with kept.unit_of_work(ENGINE) as uow:
            tasks.erase_act(uow, "policy", numbers[name], "the law")

    with kept.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow).findings == []
        (glass,) = policy.emergencies(uow)
        assert (glass.reason, glass.review) == ("", None)
        assert WHY not in [words for _, _, words in tasks.written_with_acts(uow, "policy")]
        left = [words for _, _, words in tasks.written(uow, glass.instance_id)]
        assert left.count(WHY) == 2, "what others have written in the same words stays"
        erased = [act.data["reason"] for act in history.acts(uow, "policy") if act.kind == "text.erased"]
    assert erased == ["the law"] * 4, "the review, the question and two signatures"
    with pytest.raises(IntegrityError, match="APPEND_ONLY"), kept.unit_of_work(ENGINE) as uow:
        uow.execute(update(break_glass).values(reason="it was quite another one"))


def test_why_a_version_was_proposed_is_erased_when_it_is_decided(engine):
    """Whoever decides has to read it; afterwards the row holds nothing that the record does not."""
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, STRICTER)
        identity.create_group(uow, "controllers", "controllers", capabilities="policy")
        for login in ("kate", "karl"):
            identity.create_user(uow, login, login)
            identity.add_member(uow, "controllers", login)
        kate, karl = (Actor(identity.user(uow, login).id) for login in ("kate", "karl"))
    with engine.unit_of_work(kate) as uow:
        made = policy.propose(uow, POLICY, "one is ill").pop().id
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (seq,) = [number for number, _, words in tasks.written_with_acts(uow, "policy") if words == "one is ill"]
    with pytest.raises(InvalidValue), engine.unit_of_work(ENGINE) as uow:
        tasks.erase_act(uow, "policy", seq, "the law")
    with engine.unit_of_work(karl) as uow:
        repository.activate_policy(uow, made)

    with engine.unit_of_work(ENGINE) as uow:
        tasks.erase_act(uow, "policy", seq, "the law")

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert (policy.version(uow, made).reason, audit.verify(uow).findings) == ("", [])
        assert "one is ill" not in [words for _, _, words in tasks.written_with_acts(uow, "policy")]


PUT_IN = (
    "INSERT INTO substitution (id, principal_id, substitute_id, valid_from, valid_to, reason, state, made_at) "
    "SELECT {x}, {people}, valid_from, valid_to, '', 'active', made_at FROM substitution WHERE id = {wide}"
)
OLDER = {
    "nothing": ((), []),
    "put in": ((PUT_IN.replace("{people}", "substitute_id, principal_id"),), ["substitution-unrecorded"]),
    "put in twice": ((PUT_IN.replace("{people}", "principal_id, substitute_id"),), ["substitution-unrecorded"]),
    "put in as of long before": (
        (PUT_IN.replace("{people}", "principal_id, substitute_id").replace("'active', made_at", "'active', NULL"),),
        ["substitution-changed", "substitution-unrecorded"],
    ),
    "of another": (("UPDATE substitution SET substitute_id = {boss} WHERE id = {wide}",),
                   ["substitution-missing", "substitution-unrecorded"]),
    "for everything": (("UPDATE substitution SET scope = 'all' WHERE id = {narrow}",), ["substitution-changed"]),
    "up to more": (("UPDATE substitution SET max_amount = max_amount * 2 WHERE id = {narrow}",),
                   ["substitution-changed"]),
    "for longer": (("UPDATE substitution SET valid_to = {later} WHERE id = {narrow}",), ["substitution-changed"]),
    "agreed to": (("UPDATE substitution SET state = 'active' WHERE id = {asked}",), ["substitution-changed"]),
    "not agreed to": (("UPDATE substitution SET state = 'refused' WHERE id = {agreed}",), ["substitution-changed"]),
    "alive again": (("UPDATE substitution SET state = 'active', ended_at = NULL WHERE id = {over}",),
                    ["substitution-missing"]),
    "ended": (("UPDATE substitution SET state = 'revoked' WHERE id = {narrow}",), ["substitution-changed"]),
    "gone": (("DELETE FROM substitution WHERE id = {narrow}",), ["substitution-missing"]),
}  # fmt: skip


def test_of_substitutions_from_before_acts_told_all_of_them_what_was_told_is_compared(engine, clock, monkeypatch):
    before: dict[str, str] = {}
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "boss", "Boss")
        for login in ("ann", "bob", "eve"):
            identity.create_user(uow, login, login.title(), manager="boss")
        boss, now = identity.user(uow, "boss"), uow.now
    days = [now + timedelta(days=number) for number in range(100)]

    def act(verb, *arguments, told=False, **options):
        """As it was recorded then: who for whom, and later which one, but never its row."""
        monkeypatch.setattr(substitution, "_told", lambda uow, key: {"id": str(key)} if told else {})
        clock.advance(timedelta(minutes=1))
        with engine.unit_of_work(Actor(boss.id) if verb is identity.approve_substitution else ENGINE) as uow:
            return verb(uow, *arguments, **options)

    for name, people, start, end in (("wide", ("ann", "bob"), 1, 3), ("narrow", ("bob", "eve"), 1, 3),
                                     ("over", ("eve", "ann"), 1, 3), ("asked", ("eve", "bob"), 4, 94),
                                     ("agreed", ("ann", "eve"), 4, 94)):  # fmt: skip
        before[name] = act(identity.substitute, *people, days[start], days[end]).id
    narrower = {"scope": "processes", "names": ["p"], "max_amount": Decimal(5)}
    act(identity.change_substitution, before["narrow"], days[2], told=True, **narrower)
    act(identity.end_substitution, before["over"])
    act(identity.approve_substitution, before["agreed"], told=True)
    monkeypatch.undo()
    with engine.unit_of_work(ENGINE) as uow:
        identity.substitute(uow, "bob", "ann", days[6], days[7])
    keys = {**before, "boss": boss.id, "x": UUID(int=7)}
    lite = engine.dialect == "sqlite"
    bound = {name: f"X'{key.hex}'" if lite else f"'{key}'" for name, key in keys.items()}
    bound["later"] = "valid_to + 1" if lite else "valid_to + interval '1 hour'"

    found = {name: attacked(engine, *made, **bound)[1] for name, (made, _) in OLDER.items()}

    assert found == {name: codes for name, (_, codes) in OLDER.items()}
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (note,) = [note for note in audit.verify(uow).notes if note.rule == "substitutions-older"]
    assert note.facts == {"count": 5}


FORGED = {
    "another form": "shown_form = {one}", "added by another": "added_by = {boss}", "asked of another": "seq = seq + 1",
    "for a longer time": "due_at = {later}",
}  # fmt: skip


@pytest.mark.parametrize("columns", [29, 15, 0])
def test_of_decisions_from_before_chains_told_all_of_them_nothing_is_changed_since_it_was_sealed(
    engine, monkeypatch, columns
):
    """Until then what chains of before do not tell is taken as it is found, but what no row of then can hold."""
    deploy(engine, straight(user("approve")))

    def decided():
        begun(engine)
        with engine.unit_of_work(ann(engine)) as uow:
            tasks.complete(uow, tasks.inbox(uow, "todo").items[0].work_item_id)

    def found():
        return {name: attacked(engine, f"UPDATE work_item SET {change}", **bound)[1] for name, change in FORGED.items()}

    lite = engine.dialect == "sqlite"
    bound = {"one": f"X'{'01' * 32}'" if lite else f"'\\x{'01' * 32}'", "later": "7" if lite else "now()",
             "boss": f"X'{UUID(int=7).hex}'" if lite else f"'{UUID(int=7)}'"}  # fmt: skip
    with monkeypatch.context() as before:
        before.setitem(verifier.SEALED, "items", verifier.SEALED["items"][:columns])
        if not columns:
            before.setattr(audit, "sealed_item", lambda *_: None)
        decided()
    changed = ["decision-changed"]
    form = {"another form": [*changed, "form-missing"]}

    before_it = {name: changed if columns == 29 else [] for name in FORGED}
    assert found() == before_it | ({"another form": ["form-missing"]} if not columns else form)
    with engine.unit_of_work(ENGINE) as uow:
        assert [note.rule for note in audit.verify(uow).notes] == ([] if columns == 29 else ["rows-unsealed"])
        assert (audit.seal_former(uow), audit.seal_former(uow)) == (True, False)
    assert found() == dict.fromkeys(FORGED, changed) | form
    assert attacked(engine) == (0, [])
    gone = ["item-missing"] if columns == 29 else ["item-missing", "row-missing"]
    assert attacked(engine, "DELETE FROM work_item") == (2, gone)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [note.rule for note in audit.verify(uow).notes] == ([] if columns == 29 else ["rows-sealed-later"])

    with monkeypatch.context() as before:
        before.setitem(verifier.SEALED, "items", verifier.FORMER["items"][1])
        decided()
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        newest = str(uow.execute(select(work_item.c.id).order_by(work_item.c.id.desc()).limit(1)).scalar_one())
        found = {(one.rule, one.element_id) for one in audit.verify(uow).findings}
    assert found == {("decision-changed", newest)}, "none made later is believed to be of before"


def test_decisions_of_nobody_that_were_made_silently_since_rows_were_sealed_are_sealed_once_and_no_others(
    engine, clock, monkeypatch
):
    """Facts of decisions that a time limit made, or that were carried, did not tell of their rows for a while."""
    office = Office(engine, clock)
    with engine.unit_of_work(ENGINE) as uow:
        history.act(uow, "record", "record.sealed", {"kinds": sorted(verifier.SEALED), "rows": {}})
    monkeypatch.setattr(audit, "sealed_item", lambda *_: None)

    def decided(by=None):
        key = office.start()
        if by is None:
            office.later(hours=1)
        else:
            office.act(by, tasks.agree)
        return str(office.rows(key)[0].id)

    def notes():
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            return [note.rule for note in audit.verify(uow).notes]

    lite = engine.dialect == "sqlite"
    boss = f"X'{UUID(int=7).hex}'" if lite else f"'{UUID(int=7)}'"
    forged = f"UPDATE work_item SET added_by = {boss}"
    office.deploy(approval("check", limit('after="PT1H" do="agree"'), users="bob"))
    decided()
    assert (attacked(engine), attacked(engine, forged), notes()) == ((0, []), (0, []), ["rows-unsealed"])

    with engine.unit_of_work(ENGINE) as uow:
        assert (audit.seal_former(uow), audit.seal_former(uow)) == (True, False)

    assert (attacked(engine), attacked(engine, forged)) == ((0, []), (1, ["decision-changed"]))
    assert attacked(engine, "DELETE FROM work_item") == (2, ["item-missing", "row-missing"])
    assert notes() == ["rows-sealed-later"]
    later = {decided(), decided(by="bob")}
    with engine.unit_of_work(ENGINE) as uow:
        assert not audit.seal_former(uow)
        assert {(one.rule, one.element_id) for one in audit.verify(uow).findings} == {
            ("decision-changed", item) for item in later
        }


DEPLOYED = {
    "form changed": ("UPDATE resource SET content = {bytes} WHERE path LIKE '%ask.json'", ["deployed-changed"]),
    "as if it was so": ("UPDATE resource SET content = {bytes}, digest = {digest} WHERE path LIKE '%ask.json'",
                        ["deployed-changed"]),
    "version of another file": ("UPDATE definition SET resource_id = {resource} WHERE kind = 3", ["deployed-changed"]),
    "other pins": ("UPDATE definition SET meta = '{{}}' WHERE kind = 1", ["deployed-changed"]),
    "put in": (
        "INSERT INTO definition (id, kind, key, version, name, category, resource_id, digest, state, meta, deployed_at)"
        " SELECT {other}, kind, key, 9, name, category, resource_id, digest, state, meta, deployed_at FROM definition"
        " WHERE kind = 3", ["deployed-unrecorded"],
    ),
    "file gone": ("DELETE FROM resource WHERE path LIKE '%ask.json'", ["row-missing"]),
    "version gone": ("DELETE FROM definition WHERE kind = 1", ["row-missing"]),
    "deployment gone": ("DELETE FROM deployment", ["row-missing"]),
    "nothing": ("SELECT 1", []),
}  # fmt: skip


def test_what_is_deployed_is_held_byte_by_byte_and_what_was_before_since_it_was_sealed(engine, monkeypatch, tmp_path):
    form = {"id": "oa/ask", "type": "default", "schemaVersion": 18, "components": []}
    files = {"forms/oa/ask.json": json.dumps(form).encode(), "processes/oa/p.bpmn": straight(user("approve"))}
    with monkeypatch.context() as before, engine.unit_of_work(ENGINE) as uow:
        before.setattr(audit, "sealed_deployed", lambda *_: None)
        repository.deploy(uow, files)

    def bits(value):
        return f"X'{value.hex()}'" if engine.dialect == "sqlite" else f"decode('{value.hex()}', 'hex')"

    def found():
        return {name: attacked(engine, attack, **bound)[1] for name, (attack, _) in DEPLOYED.items()}

    lite, other = engine.dialect == "sqlite", UUID(int=7)
    bound = {"bytes": bits(b"{}"), "digest": bits(sha256(b"{}")), "other": bits(other.bytes) if lite else f"'{other}'",
             "resource": "(SELECT id FROM resource WHERE kind = 1)"}  # fmt: skip

    assert found() == {name: [] for name in DEPLOYED}, "acts of before told nothing of it"
    with engine.unit_of_work(ENGINE) as uow:
        assert audit.seal_former(uow)
    assert found() == {name: codes for name, (_, codes) in DEPLOYED.items()}
    audit.export(engine, tmp_path / "export", ENGINE)
    manifest, rows = tmp_path / "export/manifest.json", tmp_path / "export/rows.jsonl"
    manifest.write_text(manifest.read_text().replace(f'"rows": {verifier.ROWS},', ""))
    rows.write_text(rows.read_text().replace(sha256(files["forms/oa/ask.json"]).hex(), sha256(b"{}").hex()))
    codes = {one.code for one in verifier.verify_export(tmp_path / "export", None, None).found}
    assert "deployed-changed" in codes, "an export does not become an older one because its manifest says so"
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"forms/oa/more.json": json.dumps({**form, "id": "oa/more"}).encode()})
    more = attacked(engine, "UPDATE resource SET content = {bytes} WHERE path LIKE '%more.json'", **bound)
    assert more == (1, ["deployed-changed"])
