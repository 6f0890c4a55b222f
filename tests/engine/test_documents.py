"""Files: by content, in versions, never overwritten."""

import zipfile
from io import BytesIO
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from engine import documents
from engine.db.document import blob
from engine.errors import FileTooLarge, InvalidValue, NotFound, WrongFileType
from engine.unit_of_work import ENGINE

PDF = b"%PDF-1.7 content"


def archive(*names: str) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return target.getvalue()


def test_the_same_name_is_a_new_version_and_the_same_bytes_are_kept_once(engine):
    owner = uuid4()
    with engine.unit_of_work(ENGINE) as uow:
        first = documents.store(uow, "instance", owner, "发票.pdf", PDF)
        again = documents.store(uow, "instance", owner, "发票.pdf", PDF + b"2")
        other = documents.store(uow, "instance", owner, "copy.pdf", PDF)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found, content = documents.open_(uow, first)
        listed = documents.list_(uow, "instance", owner)

        assert first == again
        assert (found.version, found.size, content) == (2, len(PDF) + 1, PDF + b"2")
        assert [(one.id, one.name, one.version) for one in listed] == [(first, "发票.pdf", 2), (other, "copy.pdf", 1)]
        assert [row.version for row in documents.versions(uow, first)] == [2, 1]
        assert uow.execute(select(func.count()).select_from(blob)).scalar() == 2
        with pytest.raises(NotFound):
            documents.open_(uow, uuid4())


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        ("金额,备注\n1,好".encode(), "text/plain"),
        ("金额".encode("gb18030"), "text/plain"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), documents._OFFICE["xl/"]),
        (archive("OFD.xml"), "application/ofd"),
    ],
)
def test_a_file_is_recognised_by_its_content(content, media_type):
    assert documents.recognise("file", content) == media_type


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00\x03\x00\x00\x00\xff\xff",
        b"\x7fELF\x02\x01\x01\x00",
        b"<html><script>alert(1)</script>",
        b'  <svg xmlns="http://www.w3.org/2000/svg"/>',
        b"",
        b"PK\x03\x04broken",
        archive("run.exe"),
        archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
    ],
)
def test_programs_markup_and_unknown_content_are_refused_whatever_the_name(engine, content):
    with engine.unit_of_work(ENGINE) as uow, pytest.raises(WrongFileType) as refused:
        documents.store(uow, "instance", uuid4(), "harmless.pdf", content, "application/pdf")

    assert refused.value.status == 415


def test_a_file_above_the_limit_is_refused(engine):
    limit = engine.settings.upload_limit_mb * documents.MEGABYTE

    with engine.unit_of_work(ENGINE) as uow, pytest.raises(FileTooLarge) as refused:
        documents.store(uow, "instance", uuid4(), "big.pdf", PDF + bytes(limit))

    assert refused.value.status == 413


@pytest.mark.parametrize(("name", "kept"), [("C:\\a\\b.pdf", "b.pdf"), ("../../etc/b.pdf", "b.pdf")])
def test_a_name_loses_its_path(engine, name, kept):
    with engine.unit_of_work(ENGINE) as uow:
        assert documents.open_(uow, documents.store(uow, "instance", uuid4(), name, PDF))[0].name == kept


@pytest.mark.parametrize("name", ["", "..", "a\nb.pdf", "x" * 300])
def test_a_name_that_cannot_be_is_refused(engine, name):
    with engine.unit_of_work(ENGINE) as uow, pytest.raises(InvalidValue):
        documents.store(uow, "instance", uuid4(), name, PDF)
