"""Checkpoints: signed by a key that one process holds, sent outside, verified by others without the product."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from engine import audit, history, identity, jobs, policy
from engine.audit import signing, verifier
from engine.audit.sinks import FolderSink, SinkConflict, SinkUnreachable
from engine.clock import SystemClock
from engine.dispatch import housekeeping
from engine.errors import WrongSetting
from engine.settings import Settings
from engine.unit_of_work import ENGINE, Actor
from engine.values import sha256
from tests.engine.bpmn.drawing import user
from tests.engine.policy.test_gate import POLICY
from tests.engine.test_notices import mailbox  # noqa: F401 - a fixture
from tests.factories import begun, complete, deploy, straight
from webui import catalogues

HOUR = timedelta(hours=1)


@pytest.fixture
def anchored(engine, tmp_path):
    """An engine with a key and a sink of its own, and one instance."""
    engine.settings = dataclasses.replace(
        engine.settings, anchor_sink=f"file:{tmp_path / 'outside'}", anchor_key=str(tmp_path / "keys" / "anchor.key")
    )
    deploy(engine, straight(user("approve")))
    begun(engine)
    return engine


def verified(engine, **options):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        report = audit.verify(uow, outside=audit.outside(engine.settings), overdue_after=HOUR, **options)
    return report.exit, [finding.rule for finding in report.findings]


def places(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return audit.places(uow)


def standing(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return audit.standing(uow)


# ---------------------------------------------------------------- forms that others must be able to recompute


def test_link_has_the_form_of_the_design():
    instance, at = UUID("019a0000-0000-7000-8000-000000000001"), datetime(2026, 11, 23, 1, 2, 3, 4, tzinfo=UTC)
    link = history.fact_text(
        instance, 1, at, "item.decided", "fin", "u-1", None, '{"decision":"agree","source":"human"}'
    )
    assert sha256(history.GENESIS + link).hex() == "617253659cf5cc17ef5a91c2b4cf736e3ad43271c6528bf3daa4a26a2ca69fe2"


def test_root_has_the_form_of_the_design():
    leaves = [verifier.leaf_hash(name, seq, bytes([byte]) * 32) for name, seq, byte in
              (("a", 1, 0), ("b", 2, 0x11), ("c", 3, 0x22))]  # fmt: skip
    assert verifier.merkle_root(leaves).hex() == "809b36be4a9f2ca6737b140d13b2448801e010c6dcf089f8e8e9022408c55a4d"


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_every_leaf_has_a_path_to_the_root(count):
    leaves = [verifier.leaf_hash("s", seq, bytes(32)) for seq in range(count)]
    root = verifier.merkle_root(leaves)
    for at, leaf in enumerate(leaves):
        path = verifier.merkle_path(leaves, at)
        assert verifier.follow_path(leaf, path) == root
        assert verifier.follow_path(leaves[at - 1], path) != root or count == 1


def test_verifier_and_translations_say_the_same_in_chinese():
    known = catalogues.translated("zh")
    assert {text: zh for text, zh in verifier._ZH.items() if known.get(text) != zh} == {}


def test_links_of_the_first_version_stay_valid():
    link = b'["a",1,"2026-11-23T01:02:03.000004+00:00","x",null,null,null,{}]'
    report, now = verifier.Report(), link.replace(b"+00:00", b"Z")
    digest = sha256(history.GENESIS + link)
    verifier.walk(report, [(now, digest)], {"a": (1, digest)}, verifier.Anchored(), verifier.Seen())
    assert report.found == []


def test_disabled_and_unknown_accounts_cannot_have_acted():
    links, tip = [], history.GENESIS
    for seq, actor in enumerate(("u1", "u2", "u3"), 1):
        link = f'["a",{seq},"2026-11-23T0{seq}:00:00.000000Z","x",null,"{actor}",null,{{"source":"web"}}]'.encode()
        tip = sha256(tip + link)
        links.append((link, tip))
    report, seen = verifier.Report(), verifier.Seen(disabled={"u2": [("2026-11-23T01:30:00.000000Z", "9999")]})
    verifier.walk(report, links, {"a": (3, tip)}, verifier.Anchored(), seen, accounts=frozenset(("u1", "u2")))
    assert [(found.code, found.facts["seq"]) for found in report.found] == [("actor-disabled", 2), ("actor-unknown", 3)]


# ---------------------------------------------------------------- making them


def test_checkpoint_holds_what_moved_and_reaches_the_outside(anchored, clock):
    first = audit.anchor(anchored)
    clock.advance(HOUR)
    key = begun(anchored)
    second = audit.anchor(anchored)

    assert (first.number, second.number, second.previous) == (1, 2, first.digest)
    assert [leaf[0] for leaf in second.leaves] == [str(key)]
    assert audit.outside(anchored.settings) == [first, second]
    assert verified(anchored, keys=frozenset([first.key])) == (0, [])
    assert verified(anchored, keys=frozenset(["00" * 32]))[0] == 3


def test_key_is_for_its_owner_alone_and_never_made_twice(anchored):
    file = anchored.settings.key_file
    audit.anchor(anchored)
    assert file.stat().st_mode & 0o777 == 0o600

    file.chmod(0o640)
    with pytest.raises(signing.AnchorKeyUnsafe):
        audit.anchor(anchored)
    file.unlink()
    with pytest.raises(signing.AnchorKeyMissing):
        audit.anchor(anchored)


def test_new_key_is_believed_because_the_old_one_signed_for_it(anchored, clock):
    old = audit.anchor(anchored).key
    clock.advance(HOUR)
    turning = audit.anchor(anchored, rotate=True)
    clock.advance(HOUR)
    new = audit.anchor(anchored).key

    assert (turning.key, turning.next_key) == (old, new)
    assert old != new
    assert standing(anchored).keys == (old, new)
    assert verified(anchored, keys=frozenset([old])) == (0, [])
    assert verified(anchored, keys=frozenset([new]))[0] == 3, "the first ones are not signed by it"


def test_rotation_that_was_interrupted_goes_on(anchored, clock, monkeypatch):
    audit.anchor(anchored)
    with monkeypatch.context() as patch:
        patch.setattr(signing, "take_over", lambda *_: (_ for _ in ()).throw(OSError("power failure")))
        with pytest.raises(OSError, match="power"):
            audit.anchor(anchored, rotate=True)
    clock.advance(HOUR)
    assert audit.anchor(anchored).key == standing(anchored).keys[-1]
    assert verified(anchored) == (0, [])


def test_duty_anchors_hourly_and_when_somebody_asks(anchored, clock):
    made = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.audit.anchoring.MEMORY", "nowhere")
        for minutes, ask in ((0, False), (30, False), (1, True), (1, False), (58, False), (2, False)):
            clock.advance(timedelta(minutes=minutes))
            if ask:
                with anchored.unit_of_work(ENGINE) as uow:
                    audit.ask(uow)
            found = audit.anchor_when_due(anchored)
            made.append(found.number if found else None)
    assert made == [1, None, 2, None, None, 3]


def test_record_is_anchored_before_its_first_verification_is_asked_for(anchored, monkeypatch):
    anchors = []
    count = text("SELECT count(*) FROM audit_anchor")
    monkeypatch.setattr("engine.audit.anchoring.MEMORY", "nowhere")
    monkeypatch.setattr(housekeeping, "verify_record", lambda uow: anchors.append(uow.execute(count).scalar_one()))

    housekeeping.run(anchored)

    assert anchors == [1]


def test_trouble_with_the_key_or_a_duty_keeps_no_other_duty_from_being_done(anchored, monkeypatch, caplog):
    done = []

    def fails(uow: object) -> None:
        raise ValueError("one duty")

    monkeypatch.setattr("engine.audit.anchoring.MEMORY", "nowhere")
    monkeypatch.setattr(housekeeping, "forget_messages", fails)
    monkeypatch.setattr(housekeeping, "forget_drafts", lambda uow: done.append("drafts"))
    Path(anchored.settings.key_file).mkdir(parents=True)

    housekeeping.run(anchored)

    assert done == ["drafts"]
    assert "not anchored: Expected an Ed25519 key" in caplog.text
    assert "one duty" in caplog.text


def test_sink_that_is_gone_is_tried_again_and_alarms_after_two_periods(anchored, clock, tmp_path, caplog):
    (tmp_path / "outside").write_text("a file where the volume should be")
    with pytest.raises(SinkUnreachable):
        audit.anchor(anchored)
    assert (standing(anchored).unsent, standing(anchored).late) == (1, False)

    clock.advance(HOUR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.audit.anchoring.MEMORY", "nowhere")
        housekeeping.anchor_record(anchored)
    assert "not anchored" in caplog.text
    clock.advance(HOUR + timedelta(minutes=1))
    assert (standing(anchored).unsent, standing(anchored).late) == (2, True)

    (tmp_path / "outside").unlink()
    audit.anchor(anchored)
    assert (standing(anchored).unsent, standing(anchored).late) == (0, False)
    assert verified(anchored) == (0, [])


def test_each_place_tells_what_reached_it_last_and_since_when_and_why_it_fails(anchored, clock, tmp_path):
    good, bad = f"file:{tmp_path}/good", f"file:{tmp_path}/bad"
    anchored.settings = dataclasses.replace(anchored.settings, anchor_sink=f"{good},{bad}")
    assert places(anchored) == [audit.Place(good), audit.Place(bad)], "nothing was sent yet"
    audit.anchor(anchored)
    first = clock.now()
    (tmp_path / "bad").rename(tmp_path / "away")
    (tmp_path / "bad").write_text("a file where the volume should be")

    clock.advance(HOUR)
    since = clock.now()
    for _ in range(2):
        with pytest.raises(SinkUnreachable):
            audit.anchor(anchored)
        clock.advance(HOUR)

    last = since + HOUR
    there, gone = places(anchored)
    assert there == audit.Place(good, 3, last)
    assert (gone.number, gone.reached_at, gone.failing_since, gone.failed_at) == (1, first, since, last)
    assert "Not a directory" in gone.facts["found"] or "File exists" in gone.facts["found"]

    (tmp_path / "bad").unlink()
    (tmp_path / "away").rename(tmp_path / "bad")
    audit.anchor(anchored)
    assert places(anchored) == [audit.Place(name, 4, clock.now()) for name in (good, bad)]


def test_two_periods_without_a_checkpoint_are_overdue(anchored, clock):
    assert verified(anchored) == (4, ["anchors-overdue"])
    audit.anchor(anchored)
    clock.advance(2 * HOUR + timedelta(minutes=6))
    assert verified(anchored) == (4, ["anchors-overdue"])
    assert standing(anchored).late


@pytest.mark.redteam
@pytest.mark.parametrize(
    ("ahead", "exit_", "broken", "told"),
    [
        (timedelta(0), 0, [], []),
        (timedelta(minutes=-4), 0, [], []),
        (timedelta(minutes=4), 0, [], []),
        (HOUR, 1, ["clock-ahead"], []),
        (timedelta(days=-2), 0, [], ["sent-late"]),
    ],
)
def test_a_checkpoint_whose_time_is_not_that_of_the_place_outside_is_named(
    anchored, clock, ahead, exit_, broken, told
):  # fmt: skip
    """The clock of the database was set; that of the place outside was not."""
    clock.move_to(SystemClock().now() + ahead)
    audit.anchor(anchored)

    with anchored.unit_of_work(ENGINE, read_only=True) as uow:
        report = audit.verify(uow, outside=audit.outside(anchored.settings))

    notes = [one.rule for one in report.notes if one.rule != "keys-not-compared"]
    assert (report.exit, [one.rule for one in report.findings], notes) == (exit_, broken, told)
    assert all(verifier.lines_of(report.told)), "as `troika audit verify` prints it"


def test_auditors_get_checkpoints_by_mail_and_what_they_save_verifies_the_record(
    anchored,
    clock,
    mailbox,  # noqa: F811
    tmp_path,
):
    """A folder that fails stops no mail and sends none again; without one the saved files are what lies outside."""
    folder, saved = tmp_path / "outside", tmp_path / "saved"
    anchored.settings = dataclasses.replace(anchored.settings, anchor_sink=f"mail:audit@firm.example,file:{folder}")
    folder.write_text("a file where the volume should be")
    with pytest.raises(SinkUnreachable, match="file:"):
        audit.anchor(anchored)
    folder.unlink()
    mailbox.refuse = b"451 later\r\n"
    begun(anchored)
    with pytest.raises(SinkUnreachable, match="mail:audit@firm"):
        audit.anchor(anchored)
    assert (standing(anchored).unsent, len(audit.outside(anchored.settings))) == (1, 2)
    clock.advance(2 * HOUR + timedelta(minutes=1))
    assert standing(anchored).late, "alarms as for files"
    mailbox.refuse = b""
    audit.send(anchored)
    assert standing(anchored).unsent == 0

    assert [mail["Subject"] for mail in mailbox.received] == [
        f"Troika oa.firm.example: checkpoint {n} 检查点 {n}" for n in (1, 2)
    ]
    assert {mail["References"] for mail in mailbox.received} == {"<checkpoints@oa.firm.example>"}
    with anchored.unit_of_work(ENGINE, read_only=True) as uow:
        ((newest, _),) = audit.checkpoints(uow, limit=1)
    assert newest.root in mailbox.received[1].get_body().get_content()
    saved.mkdir()
    for mail in mailbox.received:
        (file,) = mail.iter_attachments()
        (saved / file.get_filename()).write_bytes(file.get_content())
    assert sorted(os.listdir(saved)) == ["0000000001.json", "0000000002.json"]  # noqa: PTH208
    assert verifier.read_anchors(saved) == audit.outside(anchored.settings)

    anchored.settings = dataclasses.replace(anchored.settings, anchor_sink="mail:audit@firm.example")
    assert audit.outside(anchored.settings) is None
    with anchored.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow, outside=verifier.read_anchors(saved)).exit == 0
    night = audit.run_check(anchored, ENGINE)
    assert (night.exit, "sink-unreachable" in {note.rule for note in night.notes}) == (0, True)
    (saved / "0000000001.json").unlink()
    with anchored.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow, outside=verifier.read_anchors(saved)).exit == 2


def test_a_mail_that_has_left_is_not_sent_again_when_the_next_one_fails(anchored, mailbox):  # noqa: F811
    anchored.settings = dataclasses.replace(
        anchored.settings, anchor_sink="mail:one@firm.example,mail:two@firm.example"
    )
    mailbox.refuse, mailbox.refuse_for = b"451 later\r\n", b"two@"
    for send in (audit.anchor, audit.send):
        with pytest.raises(SinkUnreachable, match="mail:two@firm"):
            send(anchored)
    assert [mail["To"] for mail in mailbox.received] == ["one@firm.example"]
    mailbox.refuse = b""

    audit.send(anchored)

    assert [mail["To"] for mail in mailbox.received] == ["one@firm.example", "two@firm.example"]
    assert standing(anchored).unsent == 0


def test_a_sink_that_fails_keeps_no_checkpoint_from_the_others(anchored, mailbox, tmp_path, caplog):  # noqa: F811
    """A mailbox that refuses for good, a mail that is too large for one, and a folder with another checkpoint."""
    folder, third = tmp_path / "outside", tmp_path / "third"
    FolderSink(third).put(1, b"another")
    anchored.settings = dataclasses.replace(
        anchored.settings, anchor_sink=f"file:{folder},file:{third},mail:gone@firm.example,mail:aud@firm.example"
    )
    mailbox.refuse, mailbox.refuse_for = b"550 no such mailbox\r\n", b"gone@"
    rounds = 4
    for number in range(1, rounds + 1):
        begun(anchored)
        with pytest.raises(SinkConflict, match="third"):
            audit.anchor(anchored)
        assert sorted(FolderSink(folder).read()) == list(range(1, number + 1))
    assert "no such mailbox" in caplog.text, "the second trouble is told, too"
    assert [mail["To"] for mail in mailbox.received] == ["aud@firm.example"] * rounds
    assert (standing(anchored).unsent, FolderSink(third).read()) == (rounds, {1: b"another"}), "no two records in one"

    (third / "0000000001.json").unlink()
    mailbox.refuse, mailbox.too_large = b"", b"checkpoint-1-"
    with pytest.raises(SinkUnreachable, match="gone@"):
        audit.send(anchored)
    assert [mail["Subject"][-1] for mail in mailbox.received if mail["To"] == "gone@firm.example"] == ["2", "3", "4"]
    assert (standing(anchored).unsent, sorted(FolderSink(third).read())) == (1, [1, 2, 3, 4])
    mailbox.too_large = b""
    audit.send(anchored)
    assert (standing(anchored).unsent, len(mailbox.received)) == (0, 2 * rounds)


@pytest.mark.parametrize("sink", ["mail:audit@firm.example", "s3:bucket", "mail:nobody", "file:"])
def test_a_sink_that_cannot_work_stops_the_start(sink):
    with pytest.raises(WrongSetting, match="TROIKA_ANCHOR_SINK"):
        Settings.from_env({"TROIKA_ANCHOR_SINK": sink})
    assert Settings.from_env({"TROIKA_ANCHOR_SINK": "mail:a@b.c,file:x", "TROIKA_SMTP_URL": "smtp://h"}).sinks


def test_folder_is_never_written_over(tmp_path):
    sink = FolderSink(tmp_path / "worm")
    told = sink.put(1, b"one")
    assert sink.put(1, b"one") == told
    with pytest.raises(SinkConflict):
        sink.put(1, b"another")
    assert sink.read() == {1: b"one"}
    assert os.listdir(tmp_path / "worm") == ["0000000001.json"]  # noqa: PTH208 - no leftover of any name


# ---------------------------------------------------------------- verifying


def test_part_of_the_record_is_verified_alone(anchored, clock):
    audit.anchor(anchored)
    since = clock.now() + timedelta(minutes=1)
    clock.advance(HOUR)
    key = begun(anchored)
    with anchored.unit_of_work(ENGINE, read_only=True) as uow:
        newer, one, some = (audit.verify(uow, since=since), audit.verify(uow, key), audit.verify(uow, sample=50))
    assert [(report.instances, report.findings) for report in (newer, one, some)] == [(1, []), (1, []), (1, [])]
    assert newer.acts > 0


def test_night_verifies_once_and_whoever_asks_gets_it_at_once(anchored, clock):
    def plan():
        with anchored.unit_of_work(ENGINE) as uow:
            return audit.plan_check(uow)

    assert (plan(), plan()) == (True, False)
    jobs.run_due(anchored)
    with anchored.unit_of_work(ENGINE, read_only=True) as uow:
        found = audit.last_check(uow)
    assert (found.exit, [finding.rule for finding in found.findings]) == (4, ["anchors-overdue"])

    clock.advance(timedelta(minutes=1))
    audit.anchor(anchored)
    with anchored.unit_of_work(ENGINE) as uow:
        audit.ask_check(uow)
    jobs.run_due(anchored)
    clock.advance(timedelta(hours=3))
    assert plan() is False
    with anchored.unit_of_work(ENGINE, read_only=True) as uow:
        found = audit.last_check(uow)
    assert (found.exit, found.counts["instances"], found.counts["anchors"]) == (0, 1, 1)
    clock.advance(timedelta(hours=24))
    assert plan() is True


def test_export_is_verified_by_one_file_without_the_product(anchored, clock, tmp_path):
    key = begun(anchored)
    complete(anchored, key, "approve", ok=True)
    with anchored.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
    audit.anchor(anchored)
    folder, outside = tmp_path / "export", tmp_path / "outside"
    audit.export(anchored, folder, Actor(None, source="cli"))
    (tmp_path / "keys.txt").write_text("# printed\n" + standing(anchored).keys[0] + " checkpoint 1\n")

    def run(*options):
        """In a process that cannot import the engine."""
        done = subprocess.run(
            [sys.executable, "-I", "-c", _ALONE, str(folder / "verify_audit.py"), str(folder), *options],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    code, told = run("--anchors", str(outside), "--keys", str(tmp_path / "keys.txt"))
    assert (code, "intact 完好 (0)" in told) == (0, True), told
    manifest, rows = (folder / "manifest.json").read_text(), (folder / "rows.jsonl").read_text()
    (folder / "manifest.json").write_text(manifest.replace(f' "rows": {verifier.ROWS},', ""))
    (folder / "rows.jsonl").write_text("".join(line for line in rows.splitlines(True) if '["versions"' not in line))
    code, told = run()
    assert "policy-missing" in told, "an export does not become an older one because its manifest says so"
    (folder / "manifest.json").write_text(manifest)
    (folder / "rows.jsonl").write_text(rows)
    facts = (folder / "facts.txt").read_bytes()
    (folder / "facts.txt").write_bytes(facts.replace(b'"task.opened"', b'"task.0pened"', 1))
    code, told = run()
    assert (code, "chain-broken" in told, "断开" in told) == (1, True, True), told
    (folder / "facts.txt").write_bytes(b"".join(facts.splitlines(keepends=True)[:-1]))
    code, told = run()
    assert (code, "chain-short" in told) == (1, True), told  # 1: the file is not as its manifest says
    (tmp_path / "keys.txt").write_text("00" * 32)
    (folder / "facts.txt").write_bytes(facts)
    assert run("--keys", str(tmp_path / "keys.txt"))[0] == 3
    with anchored.unit_of_work(ENGINE, read_only=True) as uow:
        assert [act.kind for act in history.acts(uow, "audit")] == ["audit.exported"]


def test_exports_with_rows_of_the_first_shape_verify_and_are_searched_for_what_is_gone(tmp_path):
    folder = tmp_path / "export"
    shutil.copytree(Path(__file__).parents[1] / "data" / "export_rows_1", folder)

    assert verifier.verify_export(folder, None, None).found == []

    rows = (folder / "rows.jsonl").read_text().splitlines(keepends=True)
    item = next(line for line in rows if line.startswith('["items"') and '"agree"' in line)
    (folder / "rows.jsonl").write_text("".join(line for line in rows if line != item))
    found = {one.code: one.facts for one in verifier.verify_export(folder, None, None).found}
    assert found.keys() >= {"file-changed", "item-missing"}
    assert found["item-missing"]["item"] == json.loads(item)[1]["id"]


_ALONE = """
import runpy, sys
sys.meta_path.insert(0, type("No", (), {"find_spec": staticmethod(lambda name, *_: (_ for _ in ()).throw(
    ImportError(name)) if name.split(".")[0] in ("engine", "webui", "sqlalchemy") else None)}))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


# ---------------------------------------------------------------- what is on record


def test_sign_in_of_the_mighty_is_on_record(anchored):
    with anchored.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "admins", "Admins", capabilities="admin")
        for login in ("mighty", "plain"):
            identity.create_user(uow, login, login, password="correct horse")
        identity.add_member(uow, "admins", "mighty")
    for login in ("mighty", "plain"):
        with anchored.unit_of_work(ENGINE) as uow:
            assert identity.authenticate(uow, login, "correct horse")
    with anchored.unit_of_work(ENGINE, read_only=True) as uow:
        mighty = identity.user(uow, "mighty").id
        assert [(act.kind, act.data["user"]) for act in history.acts(uow, "session")] == [
            ("session.signed_in", str(mighty))
        ]


def test_names_of_people_are_in_no_chain(anchored):
    with anchored.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "zhang.wei.1990", "张伟", password="correct horse")
        acts = list(uow.execute(text("SELECT data FROM audit")).scalars())
    assert [act for act in acts if "zhang.wei" in act] == []
    assert all(json.loads(act) for act in acts)
