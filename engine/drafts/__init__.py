"""What the designer edits: drafts of files of the library, who edits one just now, and what each was before."""

from engine.drafts import comments, locking, reviewing, revisions
from engine.drafts.keeping import (
    Draft,
    DraftInfo,
    Imported,
    Report,
    alone,
    decisions_of,
    discard,
    forms_of,
    import_drawing,
    list_,
    open_,
    place,
    put_report_away,
    save,
    scenarios_of,
)

__all__ = [
    "Draft",
    "DraftInfo",
    "Imported",
    "Report",
    "alone",
    "comments",
    "decisions_of",
    "discard",
    "forms_of",
    "import_drawing",
    "list_",
    "locking",
    "open_",
    "place",
    "put_report_away",
    "reviewing",
    "revisions",
    "save",
    "scenarios_of",
]
