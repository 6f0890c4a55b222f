"""The designer: library, editor, versions, and what its script asks for."""

from webui.designer import (
    comments,
    decisions,
    difference,
    drawing,
    exchange,
    form_editing,
    gallery,
    history,
    importing,
    library,
    lock,
    new_approval,
    play,
    publishing,
    scenarios,
    simple,
    versions,
)
from webui.designer.blueprint import designer

__all__ = [
    "comments",
    "decisions",
    "designer",
    "difference",
    "drawing",
    "exchange",
    "form_editing",
    "gallery",
    "history",
    "importing",
    "library",
    "lock",
    "new_approval",
    "play",
    "publishing",
    "scenarios",
    "simple",
    "versions",
]
