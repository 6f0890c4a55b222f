"""What an import said, for a page, in the reader's language."""

from collections import Counter
from typing import Any

from flask_babel import gettext

from engine.bpmn import imports
from engine.bpmn.imports import ImportNote, Kind
from engine.drafts import Report
from webui import errors

TONES = {
    Kind.DECIDE: "red",
    Kind.DROPPED: "red",
    Kind.APPROXIMATED: "yellow",
    Kind.KEPT: "azure",
    Kind.TRANSLATED: "green",
}
"""Colour of a badge."""


def shown(report: Report) -> dict[str, Any]:
    """The report for the page, in the reader's language: one line per element, the weightiest first."""
    return {
        "dialect": report.dialect, "counts": counts(report.notes),
        "lines": [
            {
                "element": line.element_id, "name": line.name, "kind": line.kind.value,
                "notes": [
                    {
                        "label": gettext(imports.WORDS[note.kind]), "tone": TONES[note.kind],
                        "text": errors.words(note.message, note.facts), "hint": errors.words(note.hint, note.facts),
                    }
                    for note in line.notes
                ],
            }
            for line in imports.lines(report.notes)
        ],
    }  # fmt: skip


def counts(notes: list[ImportNote]) -> list[dict[str, Any]]:
    """How many notes there are of each kind."""
    counted = Counter(note.kind for note in notes)
    return [
        {"label": gettext(imports.WORDS[kind]), "tone": TONES[kind], "count": counted[kind]}
        for kind in Kind if counted[kind]
    ]  # fmt: skip
