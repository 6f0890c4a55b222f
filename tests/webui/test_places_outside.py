"""The auditors' page and its API say of each place outside whether it is reached, since when and why it is not."""

import dataclasses

import pytest

from engine import audit, identity
from engine.audit.sinks import SinkUnreachable
from engine.unit_of_work import ENGINE


@pytest.fixture
def auditor(sign_in, engine, people):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "auditor", "审计", capabilities="audit")
        identity.add_member(uow, "auditor", "bob")
    return sign_in("bob")


def test_a_place_that_fails_is_told_apart_from_one_that_is_reached(auditor, engine, tmp_path, monkeypatch):
    good, bad, moved = (f"file:{tmp_path}/{name}" for name in ("good", "bad", "new"))
    monkeypatch.setattr(
        engine, "settings",
        dataclasses.replace(engine.settings, anchor_sink=f"{good},{bad}", anchor_key=f"{tmp_path}/anchor.key"),
    )  # fmt: skip
    (tmp_path / "bad").write_text("a file where the volume should be")
    with pytest.raises(SinkUnreachable):
        audit.anchor(engine)
    monkeypatch.setattr(engine, "settings", dataclasses.replace(engine.settings, anchor_sink=f"{good},{bad},{moved}"))

    told = {one["name"]: one for one in auditor.get("/api/v1/audit/").json["places"]}
    assert (told[good]["checkpoint"], told[good]["failing_since"], told[good]["trouble"]) == (1, None, "")
    assert told[bad]["checkpoint"] is None
    assert told[bad]["failing_since"] == told[bad]["failed_at"] is not None
    assert bad in told[bad]["trouble"]
    assert (told[moved]["reached_at"], told[moved]["failing_since"]) == (None, None)

    page = auditor.get("/audit/", headers={"Accept-Language": "zh-CN"}).text
    assert page.index("已送达") < page.index(bad) < page.index("失败") < page.index(moved) < page.index("尚未送过")
    assert all(words in page for words in ("最近一次送达：", "检查点 1", "起失败，最近一次尝试于")), page
    page = auditor.get("/audit/", headers={"Accept-Language": "en"}).text
    assert all(words in page for words in ("Places outside", "by checkpoint 1", "Fails since", "nothing sent yet"))
