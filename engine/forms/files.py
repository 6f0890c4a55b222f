"""Which files a field of a form takes: judged by what is in them; a name decides only where contents are alike."""

from dataclasses import dataclass

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_OLE = "application/x-ole-storage"
TYPES = {
    ".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".webp": "image/webp", ".docx": _WORD, ".xlsx": _SHEET, ".pptx": _SLIDES, ".doc": _OLE, ".xls": _OLE,
    ".ppt": _OLE, ".ofd": "application/ofd", ".txt": "text/plain", ".csv": "text/csv",
}  # fmt: skip
"""Media type of the content by ending."""
_ALIKE = {".doc", ".xls", ".ppt", ".txt", ".csv"}
_TEXTS = {"text/plain", "text/csv"}
"""not told apart by content: they are called what they were when the first of the same content came"""
_ENDINGS = {
    "application/msword": ".doc", "application/vnd.ms-excel": ".xls", "application/vnd.ms-powerpoint": ".ppt",
    "text/csv": ".csv", "image/jpg": ".jpg",
}  # fmt: skip
"""of media types that are not told by content"""


@dataclass(frozen=True, slots=True)
class File:
    """`media_type`: as its content was recognised."""

    name: str
    media_type: str


def by_name(name: str) -> File:
    """A file of which there is nothing but its name."""
    return File(name, TYPES.get(_ending(name), ""))


def takes(accept: str, file: File) -> bool:
    """Whether one entry of `accept` fits, e.g. `.pdf, image/*`; an empty one takes all. Cf. HTML, 4.10.5.1.17."""
    wanted = [entry.strip().lower() for entry in accept.split(",") if entry.strip()]
    return not wanted or any(_fits(_ENDINGS.get(entry, entry), file) for entry in wanted)


def _fits(entry: str, file: File) -> bool:
    if entry.startswith("."):
        return _same(TYPES.get(entry, entry), file.media_type) and (entry not in _ALIKE or _ending(file.name) == entry)
    if entry.endswith("/*"):
        return entry == "*/*" or file.media_type.startswith(entry[:-1])
    return _same(entry, file.media_type)


def _same(one: str, other: str) -> bool:
    return one == other or {one, other} == _TEXTS


def _ending(name: str) -> str:
    return name[name.rfind(".") :].lower() if "." in name else ""
