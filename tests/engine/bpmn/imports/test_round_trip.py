"""Open and save: files of others mean the same afterwards, and what is written differently is said.

The files are those of the BPMN Model Interchange Working Group and a sample of another product's tests.
"""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from lxml import etree

from engine import bpmn
from engine.bpmn import imports
from tests.engine.bpmn.imports.reading import BPMN, file

SHARED = Path(__file__).parents[5] / "shared" / "conformance" / "data"
MIWG = sorted((SHARED / "miwg").rglob("*.bpmn"))
VENDOR = sorted((SHARED / "vendor").rglob("*.bpmn*"))[::5]
TAG = f"{{{BPMN}}}"
DEPTH = 3
"""how far above a difference the element may stand that the report names: an expression, its event, the activity"""


class Part(NamedTuple):
    """An element of the standard as it counts: what it is, says and stands in."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    text: str
    inside: str | None
    owners: tuple[str, ...]

    @property
    def meaning(self) -> tuple[Any, ...]:
        return self[:4]


@pytest.mark.skipif(not MIWG, reason="the conformance material is not beside this repository")
def test_there_are_enough_files():
    assert len(MIWG) >= 8
    assert len(VENDOR) >= 60


@pytest.mark.parametrize("path", [*MIWG, *VENDOR], ids=lambda path: path.name)
def test_a_file_means_the_same_when_it_is_opened_and_saved(path):
    data = path.read_bytes()
    opened = imports.translate(data, path.name)
    assert opened.xml is not None, opened.refusal

    assert imports.translate(opened.xml, path.name).xml == opened.xml, "what was saved opens as it is"
    assert canonical(imports.translate(opened.xml, path.name).xml) == canonical(opened.xml)
    assert unexplained(data, opened) == [], "every difference is in the report"
    if bpmn.read(data).definition is not None:
        assert structure(opened.xml, opened.renamed) == structure(data)


@pytest.mark.parametrize("path", MIWG, ids=lambda path: path.name)
def test_a_reference_file_keeps_every_element_and_word(path):
    """Nothing of it is another product's: it is the same file, but for ids and pools that were missing."""
    data = path.read_bytes()
    before, after = counted(parts(data)), counted(parts(imports.translate(data, path.name).xml, known(data)))

    assert before - after == Counter()
    assert {found[0] for found in after - before} <= {"participant"}


def test_a_loss_that_is_not_reported_is_found():
    data = file('<task id="t"><documentation>why</documentation></task>')
    opened = imports.translate(data)
    lost = imports.Translation(
        opened.xml.replace(b"why", b""), opened.dialect, [], None, opened.key, opened.name, opened.renamed
    )

    assert [part.tag for part in unexplained(data, lost)] == ["documentation"]


# ---------------------------------------------------------------- what is compared


def canonical(xml: bytes) -> str:
    return etree.canonicalize(xml_data=xml.decode())


def unexplained(data: bytes, opened: imports.Translation) -> list[Part]:
    """Elements that are gone, or that say something else, without a note about them or what holds them."""
    after = counted(parts(opened.xml, known(data)))
    told = {note.element_id for note in opened.notes}
    told |= {old for old, new in opened.renamed.items() if new in told}
    found = []
    for part in parts(data):
        if after[part.meaning]:
            after[part.meaning] -= 1
        elif not told.intersection(part.owners[:DEPTH]):
            found.append(part)
    return found


def counted(found: list[Part]) -> Counter[tuple[Any, ...]]:
    return Counter(part.meaning for part in found)


def known(data: bytes) -> set[str]:
    """Ids that the file has by itself."""
    return {element.get("id") for element in etree.fromstring(data).iter(f"{TAG}*") if element.get("id")}


def parts(xml: bytes, ids: set[str] | None = None) -> list[Part]:
    """Every element outside of extensions; an id counts where it is one of `ids`."""
    found = []
    for element in etree.fromstring(xml).iter(f"{TAG}*"):
        around = [element, *element.iterancestors()]
        if any(up.tag == f"{TAG}extensionElements" for up in around) or element.tag == f"{TAG}definitions":
            continue
        owners = tuple(up.get("id") for up in around if up.get("id"))
        parent = element.getparent().get("id")
        found.append(
            Part(
                element.tag[len(TAG) :],
                tuple(sorted(_attributes(element, ids))),
                _local(element.tag, " ".join((element.text or "").split())),
                parent if ids is None or parent in ids else None,
                owners,
            )
        )
    return found


def _attributes(element: Any, ids: set[str] | None) -> list[tuple[str, str]]:
    """Those of the standard, references without their prefix."""
    return [
        (name, _local(name, value)) for name, value in element.attrib.items()
        if not name.startswith("{") and not (name == "id" and ids is not None and value not in ids)
    ]  # fmt: skip


def _local(name: str, value: str) -> str:
    """What a reference names: its prefix says nothing in one file."""
    names = name.endswith(("Ref", "Refs", "incoming", "outgoing")) or name in ("default", "calledElement")
    return value.rpartition(":")[2] if names else value


def structure(xml: bytes, renamed: dict[str, str] | None = None) -> dict[str, Any]:
    """Nodes and flows of every process, as the engine reads them."""
    old = {new: before for before, new in (renamed or {}).items()}
    definition = bpmn.read(xml).definition
    assert definition is not None
    found: dict[str, Any] = {}
    for process in definition.processes:
        for scope in process.all_scopes():
            for node in scope.nodes.values():
                found[old.get(node.id, node.id)] = (
                    node.type, node.name, old.get(scope.id, scope.id), node.attached_to, node.interrupting,
                    node.triggered_by_event, node.for_compensation, [event.kind for event in node.events],
                    sorted((flow.source, flow.target, flow.condition is None) for flow in node.outgoing),
                )  # fmt: skip
    return found
