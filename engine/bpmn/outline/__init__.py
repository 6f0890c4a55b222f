"""The simple view: block-structured BPMN as cards, and what people do to them as changes of the file."""

from engine.bpmn.outline.cards import BACK, BELOW, END, HOST, ON, OPEN, Card, Outline, Path, Side, paths_of
from engine.bpmn.outline.reading import COPY, kind_of, outline, verdict

__all__ = [
    "BACK", "BELOW", "COPY", "END", "HOST", "ON", "OPEN", "Card", "Outline", "Path", "Side", "kind_of", "outline",
    "paths_of", "verdict",
]  # fmt: skip
