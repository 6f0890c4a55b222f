"""Whoever changes, leaves out or puts in a fact is found."""

import pytest
from sqlalchemy import text

from engine import audit, history
from engine.audit import verifier
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import service, user
from tests.factories import begun, complete, deploy, straight


@pytest.fixture
def instance(engine):
    deploy(engine, straight(user("approve")))
    key = begun(engine)
    complete(engine, key, "approve", ok=True)
    return key


def tamper(engine, statement):
    """As somebody does who owns the database: the guards look away."""
    with engine.unit_of_work(ENGINE) as uow:
        if engine.dialect == "postgresql":
            uow.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for table in ("history", "audit"):
                for verb in ("update", "delete"):
                    uow.execute(text(f"DROP TRIGGER {table}_no_{verb}"))
        uow.execute(text(statement))


def broken(engine, instance=None):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        report = audit.verify(uow, instance)
    assert report.ok == (not report.findings)
    return [(finding.rule, finding.facts.get("seq")) for finding in report.findings]


def last(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return uow.execute(text("SELECT max(seq) FROM history")).scalar()


def test_untouched_chains_are_whole(engine, instance):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        report = audit.verify(uow)
    assert (report.ok, report.instances, report.acts > 0) == (True, 1, True)
    assert report.facts == last(engine)
    assert broken(engine, instance) == []


def test_changed_fact_is_found(engine, instance):
    tamper(engine, "UPDATE history SET kind = 'task.forged' WHERE seq = 3")
    told = [("chain-broken", 3), ("task-unrecorded", 0)]  # it was the one that tells of the task
    assert (broken(engine), broken(engine, instance)) == (told, told)


def test_changed_time_is_found(engine, instance):
    later = "at + 1" if engine.dialect == "sqlite" else "at + interval '1 microsecond'"
    tamper(engine, f"UPDATE history SET at = {later} WHERE seq = 2")
    assert broken(engine) == [("chain-broken", 2)]


def test_missing_fact_is_found(engine, instance):
    tamper(engine, "DELETE FROM history WHERE seq = 4")
    assert broken(engine) == [("chain-broken", 5)]


def test_missing_end_is_found_by_the_tip(engine, instance):
    end = last(engine)
    tamper(engine, f"DELETE FROM history WHERE seq = {end}")
    assert broken(engine) == [("chain-short", end - 1)]


def test_facts_without_their_instance_are_found(engine):
    deploy(engine, straight(service("look", "test.look", in_value="= 1")))
    begun(engine)
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(text("DELETE FROM instance"))
    assert broken(engine) == [("chain-orphan", None)]


def test_changed_act_is_found(engine):
    with engine.unit_of_work(ENGINE) as uow:
        history.act(uow, "people", "user.created", {"login": "ann"})
    tamper(engine, "UPDATE audit SET kind = 'x'")
    assert broken(engine) == [("chain-broken", 1)]


def test_nobody_says_where_his_act_came_from(engine, instance):
    with engine.unit_of_work(ENGINE) as uow:
        held = uow.lock_instance(instance)
        with pytest.raises(ValueError, match="source"):
            history.record(uow, held, "task.completed", data={"source": "web"})
        with pytest.raises(ValueError, match="source"):
            history.act(uow, "identity", "user.created", {"source": "web"})

    assert broken(engine) == []


# ---------------------------------------------------------------- rows beside chains, without a database

_AT = "2026-11-01T00:00:00.000000Z"


def judged(rows, *links, whole=True):
    """Codes of what the verifier says of `rows` beside links: (stream, seq, kind, data)."""
    seen, report = verifier.Seen(), verifier.Report()
    for stream, seq, kind, data in links:
        seen.streams.add(stream)
        head = [stream.removeprefix(verifier.ACTS), seq, _AT, kind]
        link = [*head, None, data] if stream.startswith(verifier.ACTS) else [*head, "n", None, None, data]
        seen.kept.setdefault(kind.encode(), []).append((stream, seq, _AT, link))
    verifier.cross_check(report, rows, seen, whole)
    return [found.code for found in report.found]


def a_grant(**values):
    grant = dict.fromkeys(verifier.SEALED["grants"]) | {
        "id": "g", "stream": "i", "source": "emergency", "subject_type": "bill", "subject_id": "1", "facts": {},
        "subject_digest": verifier.binding_digest("bill", "1", {}), "granted_at": _AT, "expires_at": "2027",
        "uses": "once", "used": "0", "state": "active",
    }  # fmt: skip
    return grant | values


@pytest.mark.parametrize(("first", "then", "state"), [
    ("approval.parked", "approval.restored", "active"), ("approval.restored", "approval.parked", "parked"),
])  # fmt: skip
def test_what_was_turned_twice_at_one_instant_is_as_the_later_link_says(first, then, state):
    rows = verifier.Rows(grants=[a_grant(state=state)])
    born = {"grants": {"g": verifier.row_digest("grants", rows.grants[0])}}
    links = [("i", 1, "approval.granted", born), ("i", 2, first, {"grants": ["g"]}), ("i", 3, then, {"grants": ["g"]})]

    assert "grant-state" not in judged(rows, *links)


def test_acts_of_the_engine_are_let_through_beside_policies_since_chains_tell_of_it():
    cleared = {
        "id": "c", "stream": "i", "class": None, "state": "used", "cleared_at": _AT, "min_people": 1, "amount": "0",
    }  # fmt: skip
    policies = ("audit:policy", 1, "policy.reviewed", {"policy": "P", "version": 1})
    born = ("i", 1, "approval.granted", {"grants": {}})
    missing = "clearance-unrecorded"

    assert missing not in judged(verifier.Rows(clearances=[cleared]), born, whole=False), "that chain was not read"
    assert missing in judged(verifier.Rows(clearances=[cleared]), born, policies)
    before = cleared | {"cleared_at": "2026-10-31T00:00:00.000000Z"}
    assert missing not in judged(verifier.Rows(clearances=[before]), born, policies)
    assert missing in judged(verifier.Rows(clearances=[before | {"class": "refund.execute"}]), born, policies)


def a_row(kind):
    """A row in which every column says something, but those that came empty."""
    return dict.fromkeys(verifier.SEALED[kind], "1") | dict.fromkeys(verifier.ADDED.get(kind, ()))


SHAPES = [(kind, names) for kind in verifier.SEALED for names in (*verifier.FORMER.get(kind, ()), ())]


@pytest.mark.parametrize(("kind", "names"), SHAPES, ids=lambda one: one if isinstance(one, str) else str(len(one)))
def test_of_a_row_of_before_every_column_is_held_since_it_was_sealed_as_it_was_found(kind, names):
    """Where a chain tells of some columns, those that came later are empty, sealed or not."""
    row, seen = a_row(kind), verifier.Seen()
    digest = verifier._digest_of(row, names) if names else None
    added = verifier.ADDED.get(kind, ()) if names else ()
    free = [name for name in row if name not in (*names, *added)]

    def silent():
        return [name for name in row if later.whole(kind, {**row, name: "2"}, digest)]

    later = verifier.Seen()
    assert silent() == free
    assert seen.whole(kind, row, digest)
    sealed = {kind: {verifier.row_key(kind, row): verifier.row_digest(kind, row)}} if free else {}
    assert seen.unsealed == sealed
    act = ["record", 1, _AT, "record.sealed", None, {"kinds": [kind], "rows": sealed}]
    later = verifier.Seen(kept={verifier.SEALED_LATER: [("audit:record", 1, _AT, act)]})
    assert later.whole(kind, row, digest)
    assert silent() == []


@pytest.mark.parametrize("kind", verifier.SEALED)
def test_a_row_that_was_sealed_as_it_was_found_and_is_gone_is_missed(kind):
    sealed = ("audit:record", 1, "record.sealed", {"kinds": [kind], "rows": {kind: {"r": "0" * 64}}})

    assert judged(verifier.Rows(), sealed) == ["row-missing"]
    assert judged(verifier.Rows(), sealed, whole=False) == [], "it may be among those that were not read"


def test_a_request_whose_version_is_gone_is_told():
    row = {
        "id": "i", "definition": "d", "process": "p", "number": "1", "business_key": None, "starter": None,
        "created_at": _AT, "submission": 1, "resubmits": None, "erased": False,
    }  # fmt: skip
    begun = ("i", 1, "instance.started", {"process": "p", "version": 2})
    moved = ("i", 2, "instance.migrated", {"scope": 0, "from": "d", "to": "e"})
    first, second = ({"id": key, "kind": verifier.PROCESS, "key": "p", "version": number} for key, number in
                     (("d", 2), ("e", 3)))  # fmt: skip

    def told(*definitions, links=(begun,), whole=True, **changed):
        rows = verifier.Rows(instances=[row | changed], definitions=list(definitions))
        return [code for code in judged(rows, *links, whole=whole) if code != "deployed-unrecorded"]

    assert (told(first), told(second), told(), told(whole=False)) == ([], ["version-missing"], ["version-missing"], [])
    both = (begun, moved)
    assert told(first, second, links=both, definition="e") == []
    assert told(first, links=both, definition="e") == ["version-missing"]


_BEFORE, _LATER = "2026-10-31T00:00:00.000000Z", "2026-11-02T00:00:00.000000Z"


def test_once_rows_are_sealed_acts_that_tell_of_more_are_believed_only_of_silent_decisions_of_nobody():
    row = a_row("items")
    sealed = {"r": verifier.row_digest("items", row | {"id": "r"})}

    def acts(*told):
        """Acts of sealing: (at, kinds, row that is sealed), one after another."""
        links = [("audit:record", seq, at, ["record", seq, at, "record.sealed", None,
                                            {"kinds": [*kinds], "rows": {kinds[0]: sealed} if rows else {}}])
                 for seq, (at, kinds, rows) in enumerate(told, 1)]  # fmt: skip
        return verifier.Seen(kept={verifier.SEALED_LATER: links})

    def held(seen, *, at=_LATER, source="carried", **data):
        link = ["i", 9, at, "task.decided", "n", None, None, {"item": "r", "decision_source": source, **data}]
        return seen.whole("items", row | {"id": "r"}, None, seen.told_as(link))

    first, silent = (_AT, ("items",), False), (_LATER, (verifier.UNTOLD,), True)
    assert held(acts(first, silent)), "carried after the first sealing, sealed by the second"
    assert not held(acts(first, silent), at=_BEFORE), "it was there when rows were sealed, and was not among them"
    assert not held(acts(first, silent), source="human")
    assert not held(acts(first, silent), row="0" * 64)
    assert not held(acts(first, (_LATER, ("items",), True)), source="human"), "rows of a kind are sealed once"
    assert not held(acts(first, (_AT, (verifier.UNTOLD,), False), silent))
