"""Drafts: rows with a version, so that two analysts notice each other."""

import pytest

from engine import drafts
from engine.errors import AlreadyExists, InvalidValue, NotFound, StaleDraft
from engine.unit_of_work import ENGINE

PATH = "processes/oa/claim.bpmn"


def test_a_draft_is_saved_opened_listed_and_discarded(engine):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, b"one", name="报销")
        saved = drafts.save(uow, PATH, b"two", version=1)
        drafts.save(uow, "forms/oa/claim.json", b"{}")

        assert (saved.version, saved.kind, saved.key, saved.name) == (2, "process", "claim", "报销")
        assert drafts.open_(uow, PATH).content == b"two"
        assert [(one.path, one.key) for one in drafts.list_(uow)] == [
            ("forms/oa/claim.json", "oa/claim"),
            (PATH, "claim"),
        ]
        drafts.discard(uow, PATH)
        for missing in (drafts.open_, drafts.discard):
            with pytest.raises(NotFound):
                missing(uow, PATH)


def test_a_second_tab_is_told_that_the_draft_has_changed(engine):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, PATH, b"one")
        drafts.save(uow, PATH, b"two", version=1)
        with pytest.raises(StaleDraft) as stale:
            drafts.save(uow, PATH, b"mine", version=1)
        with pytest.raises(AlreadyExists):
            drafts.save(uow, PATH, b"mine")

        assert stale.value.facts == {"path": PATH, "found": 2, "seen": 1}
        assert drafts.open_(uow, PATH).content == b"two"


@pytest.mark.parametrize(
    "path",
    [
        "claim.bpmn", "processes/claim.bpmn", "forms/oa/claim.bpmn", "processes/oa/claim.exe", "processes/../x/a.bpmn",
        "/processes/oa/a.bpmn", "processes/.git/a.bpmn", "processes\\oa\\a.bpmn", "processes/oa/" + "a" * 300 + ".bpmn",
    ],
)  # fmt: skip
def test_a_path_outside_the_library_is_refused(engine, path):
    with engine.unit_of_work(ENGINE) as uow, pytest.raises(InvalidValue):
        drafts.save(uow, path, b"")
