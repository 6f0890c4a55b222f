"""Areas as zip files: out, in again, and what an archive may not do; the database does not matter here."""

import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine import drafts, repository
from engine.clock import FrozenClock
from engine.process_engine import ProcessEngine
from engine.repository import areas
from engine.scenarios import worlds
from engine.unit_of_work import ENGINE
from tests.conftest import MONDAY_MORNING
from tests.webui.drawings import CLAIM_FORM
from tests.webui.test_publishing import text_of
from webui.cli import main, opening

LIBRARY = Path(__file__).parents[2]
SHIPPED = dict(worlds.files_of(LIBRARY))
AREAS = sorted({path.split("/")[1] for path in SHIPPED})


@pytest.fixture(scope="module")
def shipped():
    """The shipped library, deployed."""
    opened = ProcessEngine.in_memory(FrozenClock(MONDAY_MORNING), library=LIBRARY)
    with opened.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, SHIPPED)
    yield opened
    opened.dispose()


def archive(files, method=zipfile.ZIP_STORED):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as made:
        for path, content in files.items():
            made.writestr(path, content)
    return written.getvalue()


def unpacked(content):
    with zipfile.ZipFile(io.BytesIO(content)) as read:
        return {name: read.read(name) for name in read.namelist()}


@pytest.mark.parametrize("area", AREAS)
def test_a_shipped_area_is_exported_as_it_lies_in_its_folders_and_taken_in_without_a_difference(shipped, area):
    with shipped.unit_of_work(ENGINE) as uow:
        packed = areas.pack(uow, area)

        assert unpacked(packed) == {path: content for path, content in SHIPPED.items() if path.split("/")[1] == area}
        assert {one.outcome for one in areas.unpack(uow, packed)} == {areas.SAME}
        assert areas.pack(uow, area) == packed
        assert drafts.list_(uow) == []


@pytest.mark.parametrize("area", AREAS)
def test_an_empty_installation_has_the_same_area_afterwards(shipped, area):
    with shipped.unit_of_work(ENGINE, read_only=True) as uow:
        packed = areas.pack(uow, area)
    other = ProcessEngine.in_memory(FrozenClock(MONDAY_MORNING))
    with other.unit_of_work(ENGINE) as uow:
        assert {one.outcome for one in areas.unpack(uow, packed)} == {areas.NEW}
        assert areas.pack(uow, area, with_drafts=True) == packed
    other.dispose()


def test_what_differs_becomes_a_draft_and_a_draft_that_differs_stays_unless_told():
    path, other = "processes/oa/claim.bpmn", "processes/hr/claim.bpmn"
    engine = ProcessEngine.in_memory(FrozenClock(MONDAY_MORNING))

    def taken(files, **options):
        with engine.unit_of_work(ENGINE) as uow:
            return [one.outcome for one in areas.unpack(uow, archive(files), **options)]

    assert taken({path: b"one", "README.md": b"x", "../processes/oa/x.bpmn": b"x"}) == ["new", "foreign", "foreign"]
    assert taken({path: b"one"}) == ["same"]
    assert taken({path: b"two", other: b"one"}) == ["drawn", "elsewhere"]
    assert taken({path: b"two"}, replace=True) == ["changed"]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert drafts.open_(uow, path).content == b"two"
        assert [info.path for info in drafts.list_(uow)] == [path]
    engine.dispose()


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04 cut off", b"plain text", archive({"a": b"x"})[:-30]],
    ids=["empty", "cut", "text", "end"],
)
def test_something_else_than_a_zip_is_refused_and_nothing_is_taken(shipped, content):
    with shipped.unit_of_work(ENGINE) as uow, pytest.raises(areas.NoArchive):
        areas.unpack(uow, content)


def test_an_archive_that_unpacks_without_end_is_refused(shipped, monkeypatch):
    monkeypatch.setattr(areas, "MOST_BYTES", 1000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("processes/oa/big.bpmn", b"0" * 2000)
    with shipped.unit_of_work(ENGINE) as uow, pytest.raises(areas.NoArchive, match="2000 bytes"):
        areas.unpack(uow, packed.getvalue())


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_lies_about_its_size_is_refused_before_it_is_unpacked(shipped, method):
    large, small = (number.to_bytes(4, "little") for number in (30_000_000, 10))
    lying = archive({"processes/oa/big.bpmn": bytes(30_000_000)}, method).replace(large, small)
    tracemalloc.start()
    with shipped.unit_of_work(ENGINE) as uow, pytest.raises(areas.NoArchive):
        areas.unpack(uow, lying)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 10_000_000


def test_a_damaged_file_in_an_archive_is_refused(shipped):
    packed = bytearray(archive({"processes/oa/a.bpmn": b"some words, " * 50}, zipfile.ZIP_DEFLATED))
    packed[50:60] = b"\xff" * 10
    with shipped.unit_of_work(ENGINE) as uow, pytest.raises(areas.NoArchive):
        areas.unpack(uow, bytes(packed))


def test_what_the_pages_could_not_show_afterwards_is_not_taken():
    engine = ProcessEngine.in_memory(FrozenClock(MONDAY_MORNING))
    files = {
        "processes/oa/one.bpmn": b"1", "processes/hr/one.bpmn": b"1", "processes/oa//two.bpmn": b"2",
        "processes/oa/gbk.bpmn": "审批".encode("gbk"), "forms/oa/nul.json": b'"\0"',
    }  # fmt: skip

    with engine.unit_of_work(ENGINE) as uow:
        taken = [one.outcome for one in areas.unpack(uow, archive(files))]
        kept = [info.path for info in drafts.list_(uow)]
    engine.dispose()

    assert (taken, kept) == (["new", "elsewhere", "foreign", "encoded", "encoded"], ["processes/oa/one.bpmn"])


@pytest.fixture
def engine(_sqlite, clock):
    yield from _sqlite.lend(clock)


def test_the_page_gives_an_area_and_says_of_each_file_what_became_of_it(engine, analyst):
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, "processes/oa/trip.bpmn", b"trip")
        drafts.save(uow, "forms/财务/bill.json", b"{}")
    ana = analyst("ana", "安娜")
    ana.get("/designer/exchange")

    given = ana.get("/designer/exchange/oa.zip?drafts=1")
    sent = {"file": (io.BytesIO(archive({"processes/oa/trip.bpmn": b"trip", "forms/oa/a.json": b"{}"})), "oa.zip")}
    shown = text_of(ana.post("/designer/exchange", data=sent, content_type="multipart/form-data"))

    assert unpacked(given.data) == {"processes/oa/trip.bpmn": b"trip"}
    assert unpacked(ana.get("/designer/exchange/财务.zip?drafts=1").data) == {"forms/财务/bill.json": b"{}"}
    assert "processes/oa/trip.bpmn the same here forms/oa/a.json new draft" in shown
    assert "found: no file" in text_of(ana.post("/designer/exchange"))
    assert ana.get("/designer/exchange/nothing.zip").status_code == 422


def test_the_command_writes_an_area_and_takes_it_in(tmp_path):
    def troika(*arguments):
        settings = {"TROIKA_DATABASE_URL": f"sqlite:///{tmp_path}/troika.db", "TROIKA_LIBRARY": str(tmp_path)}
        result = CliRunner().invoke(main, list(arguments), env=settings)
        return result.exit_code, result.output.splitlines()[-1:]

    file = tmp_path / "oa.zip"
    file.write_bytes(archive({"processes/oa/trip.bpmn": b"trip"}))
    assert troika("db", "upgrade")[0] == 0

    assert troika("area", "import", str(file)) == (0, ["1 drafts of 1 files"])
    assert troika("area", "import", str(file)) == (0, ["0 drafts of 1 files"])
    assert troika("area", "export", "oa", str(tmp_path / "out.zip"), "--drafts")[0] == 0
    assert unpacked((tmp_path / "out.zip").read_bytes()) == {"processes/oa/trip.bpmn": b"trip"}
    file.write_bytes(archive({"processes/oa/trip.bpmn": b"other"}))
    assert troika("area", "import", str(file)) == (1, ["0 drafts of 1 files"])


def test_a_draft_of_a_form_that_a_version_overtook_is_left_out_and_named(app, engine, analyst, tmp_path, monkeypatch):
    path, form = "forms/oa/claim.json", CLAIM_FORM.replace(b'"claim"', b'"oa/claim"')
    newer = form.replace(b'"Amount"', b'"Sum"')
    with engine.unit_of_work(ENGINE) as uow:
        drafts.save(uow, path, form)
        repository.deploy(uow, {path: form})
        assert areas.overtaken(uow) == [], "it is what was published"
        repository.deploy(uow, {path: newer})

        assert unpacked(areas.pack(uow, "oa", with_drafts=True))[path] == newer
    monkeypatch.setattr(opening, "engine", lambda: engine)
    written = CliRunner().invoke(main, ["process", "export", str(tmp_path), "--drafts"]).output
    assert written.splitlines() == [f"left out, a version was deployed later: {path}", "0 files"]
    assert not (tmp_path / path).exists()
    ana = analyst("ana", "安娜")
    left = "Drafts of forms that are older than what is deployed are left out; the version is packed instead: "
    assert left + path in text_of(ana.get("/designer/exchange"))
    with engine.unit_of_work(ENGINE) as uow:
        assert [one.outcome for one in areas.unpack(uow, archive({path: form}))] == [areas.CHANGED]
        assert unpacked(areas.pack(uow, "oa", with_drafts=True))[path] == form
    assert left not in text_of(ana.get("/designer/exchange"))
