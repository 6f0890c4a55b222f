"""What stands on the print of a request, in which order: `print` of its start form, read with the form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.errors import N_
from engine.forms.model import FormField

BLOCKS = ("fields", "lines", "attachments", "approvals", "opinions", "signatures")
PAPERS = ("A4", "A5")


class Say(Protocol):
    """Writes down what is wrong, as the reader of the form does."""

    def __call__(self, rule: str, element: str | None, message: str, *, hint: str = "", **facts: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Block:
    """`headings` by language code, main language under the empty code. `fields`: dotted paths; of `lines` the list and
    its columns; none: all."""

    kind: str
    headings: dict[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """`paper`: what is offered first."""

    blocks: tuple[Block, ...]
    paper: str = "A4"


def read(raw: Any, fields: Mapping[str, FormField], say: Say) -> Layout | None:
    """`fields` of the form by path. None where something is wrong with it, which `say` was told."""
    if not isinstance(raw, dict) or not isinstance(raw.get("blocks"), list) or not raw["blocks"]:
        say("print-not-a-layout", None, N_("Expected 'print' of the form to have a list 'blocks'."),
            hint=N_("For example: {example}"), example='{"paper": "A4", "blocks": [{"block": "fields"}]}')  # fmt: skip
        return None
    known = True
    for name in raw.keys() - {"paper", "blocks"}:
        known = False
        say("print-unknown", None, N_("Expected 'paper' and 'blocks' in 'print', found '{found}'."), found=str(name))
    paper = raw.get("paper", "A4")
    if paper not in PAPERS:
        known = False
        say("print-paper", None, N_("Expected paper A4 or A5, found '{found}'."), found=str(paper)[:60])
    blocks = [_block(one, fields, say) for one in raw["blocks"]]
    found = tuple(block for block in blocks if block is not None)
    return Layout(found, paper) if known and len(found) == len(blocks) else None


def _block(raw: Any, fields: Mapping[str, FormField], say: Say) -> Block | None:
    kind = raw.get("block") if isinstance(raw, dict) else None
    if kind not in BLOCKS:
        say("print-unknown-block", None, N_("Expected a block of the print to be one of {known}, found '{found}'."),
            known=", ".join(BLOCKS), found=str(kind if kind is not None else raw)[:60])  # fmt: skip
        return None
    of_block = {"fields": {"fields"}, "lines": {"list", "columns"}}.get(kind, set())
    wrong = sorted(name for name in raw if name not in {"block", "heading", "troika:heading.en", *of_block})
    if wrong:
        say("print-unknown", None, N_("Expected no '{found}' in a block '{block}' of the print."),
            found=wrong[0], block=kind)  # fmt: skip
        return None
    named = _listed(raw.get("fields", []))
    if kind == "lines" and ("list" in raw or "columns" in raw):
        of = raw.get("list")
        named = [of, *(f"{of}.{name}" for name in _listed(raw.get("columns", [])))]
    unknown = [path for path in named if not _prints(kind, path, fields)]
    for path in unknown:
        say("print-unknown-field", None, N_("The print names '{field}', which is no field of the form for a block "
            "'{block}'."), field=str(path), block=kind)  # fmt: skip
    if unknown:
        return None
    headings = {"": str(raw.get("heading", "")), "en": str(raw.get("troika:heading.en", ""))}
    return Block(kind, {language: text for language, text in headings.items() if text}, tuple(named))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _prints(kind: str, path: Any, fields: Mapping[str, FormField]) -> bool:
    """A list stands in `lines`, its columns behind it; in `fields` what is no list and no part of one."""
    found = fields.get(path) if isinstance(path, str) else None
    if found is None:
        return False
    above = fields.get(path.rpartition(".")[0])
    of_list = above is not None and above.type == "dynamiclist"
    listed = found.type == "dynamiclist" or of_list
    return listed if kind == "lines" else not listed
