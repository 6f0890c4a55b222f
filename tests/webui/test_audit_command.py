"""`troika audit verify` by itself: parts of the record, and an exit code for each answer."""

import json
import sqlite3
from datetime import timedelta

import pytest
from click.testing import CliRunner

from engine.clock import FrozenClock, SystemClock
from engine.ids import uuid7
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from tests.engine.bpmn.drawing import user
from tests.factories import begun, deploy, straight
from webui.cli import main


@pytest.fixture
def record(tmp_path):
    """Four requests, two of them of yesterday, under a checkpoint."""
    settings = Settings(database_url=f"sqlite:///{tmp_path}/troika.db", library=tmp_path)
    clock = FrozenClock(SystemClock().now() - timedelta(days=1))
    engine = ProcessEngine(settings, clock=clock)
    engine.upgrade()
    deploy(engine, straight(user("approve")))
    keys = [begun(engine) for _ in range(2)]
    clock.advance(timedelta(days=1))
    keys += [begun(engine) for _ in range(2)]
    engine.dispose()

    def troika(*words, url=f"sqlite:///{tmp_path}/troika.db"):
        settled = {"TROIKA_DATABASE_URL": url, "TROIKA_LIBRARY": str(tmp_path)}
        done = CliRunner().invoke(main, ["audit", *words], env=settled)
        return done.exit_code, done.output

    assert troika("anchor")[0] == 0
    since = (clock.now() - timedelta(hours=1)).astimezone(settings.zone)
    return troika, keys, f"{since:%Y-%m-%dT%H:%M:%S}", tmp_path


def by_hand(folder, *statements):
    """As somebody does who owns the file."""
    with sqlite3.connect(folder / "troika.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)


def test_part_of_the_record_is_what_was_asked_for_and_what_is_wrong_there_alone(record):
    troika, (old, other, new, newest), since, folder = record
    for words, facts in (((), 12), (("--instance", str(old)), 3), (("--since", since), 6), (("--sample", "50"), 6)):
        code, told = troika("verify", *words)
        assert (code, f" {facts} facts" in told) == (0, True), told

    by_hand(folder, f"UPDATE history SET kind = 'task.forged' WHERE seq = 2 AND instance_id = x'{old.hex}'")

    codes = {name: troika("verify", *words)[0] for name, words in {
        "all": (), "old": ("--instance", str(old)), "other": ("--instance", str(other)), "since": ("--since", since),
        "sample of all": ("--sample", "100"),
    }.items()}  # fmt: skip
    assert codes == {"all": 1, "old": 1, "other": 0, "since": 0, "sample of all": 1}

    by_hand(folder, f"DELETE FROM history WHERE instance_id = x'{new.hex}'",
            f"DELETE FROM instance WHERE id = x'{new.hex}'")  # fmt: skip
    code, told = troika("verify", "--instance", str(new))
    assert (code, "checkpoint 1 holds its link" in told) == (2, True), told
    assert troika("verify", "--instance", str(newest))[0] == 0


def test_where_the_record_stands_its_checkpoints_and_one_chain_are_told(record):
    troika, (key, *_), _, folder = record
    code, told = troika("standing")
    assert (code, "checkpoint 1 of" in told, "not verified yet" in told) == (0, True, True)
    _, line = troika("checkpoints")[1].splitlines()
    assert line.split()[0] == "1"
    assert troika("keys")[1].strip() in line
    assert troika("chain", str(key), "--to", str(folder / "chain.json"))[0] == 0
    chain = json.loads((folder / "chain.json").read_text())
    assert (chain["stream"], len(chain["links"])) == (str(key), 3)
    assert chain["anchor"]["checkpoint"]["root"] in line
    code, told = troika("chain", str(uuid7()))
    assert (code, "Expected chain" in told) == (1, True)
    by_hand(folder, "UPDATE audit_anchor SET at = at - 90000000000")
    assert troika("standing")[0] == 4


def test_one_request_is_held_against_checkpoints_and_keys_that_are_named(record):
    troika, (key, *_), _, folder = record
    printed, outside = folder / "keys.txt", folder / "out"
    printed.write_text(troika("keys")[1])
    troika("export", str(outside))
    named = ("verify", "--instance", str(key), "--anchors", str(outside / "anchors"), "--keys", str(printed))
    assert troika(*named)[0] == 0

    printed.write_text("00" * 32)
    assert troika(*named)[0] == 3
    for file in (outside / "anchors").iterdir():
        file.unlink()
    assert troika(*named[:-2])[0] == 2


def test_what_was_not_verified_is_neither_intact_nor_broken_nor_missing(record):
    troika, (key, *_), since, folder = record
    (folder / "keys.txt").write_text("no key")
    for words in (
        ("--instance", str(uuid7())), ("--instance", str(key), "--since", since), ("--instance", "x"), ("--no-such",),
        ("--sample", "0"), ("--keys", str(folder / "keys.txt")), ("--anchors", str(folder / "nowhere")),
    ):  # fmt: skip
        code, told = troika("verify", *words)
        assert code == 5, (words, told)
        assert "Traceback" not in told
    (folder / "keys.txt").write_bytes("密钥".encode("gb18030"))
    assert troika("verify", "--keys", str(folder / "keys.txt"))[0] == 5
    (folder / "empty.db").touch()
    for url in (f"sqlite:///{folder}/empty.db", "postgresql+psycopg://x:y@127.0.0.1:1/n"):
        code, told = troika("verify", url=url)
        assert (code, "nothing was verified" in told) == (5, True), told
