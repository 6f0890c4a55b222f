"""The designer: library, editor, versions, and what its script asks for."""

from webui.designer import (
    decisions,
    drawing,
    form_editing,
    gallery,
    importing,
    library,
    new_approval,
    play,
    scenarios,
    simple,
)
from webui.designer.blueprint import designer

__all__ = [
    "decisions",
    "designer",
    "drawing",
    "form_editing",
    "gallery",
    "importing",
    "library",
    "new_approval",
    "play",
    "scenarios",
    "simple",
]
