"""Damaged decision files are refused or read, never a crash; `benchmarks/fuzz_dmn.py` tries many more."""

from collections import Counter

from engine import dmn
from tests.engine.dmn import mutation


def test_the_sound_files_have_nothing_wrong():
    for xml in mutation.sound():
        assert [str(finding) for finding in dmn.read(xml).findings] == []


def test_damaged_files_never_crash_and_a_break_that_matters_is_always_said():
    kinds: Counter[str] = Counter()
    for damaged in mutation.many(400, seed=20_26):
        mutation.judge(damaged)
        kinds[damaged.kind] += 1

    assert len(kinds) >= 15
