"""Foreign BPMN -> our BPMN and a report. Opening never fails because of what a drawing says; deploying is strict.

A word whose meaning is certain is replaced by ours. What is not certain stays in the file as it was, and the report
leaves it to a person. What the engine would not execute is not decided here: that is asked of the parser's findings.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from engine.bpmn.imports import camunda7, correlation, flowable, layout, repair, spiffworkflow, tidy
from engine.bpmn.imports.activiti import Activiti
from engine.bpmn.imports.forms import Forms
from engine.bpmn.imports.report import WORDS, Collector, ImportNote, Kind, Line, lines, restored, stored
from engine.bpmn.imports.writing import to_bytes
from engine.bpmn.model import FLOW_NODES
from engine.bpmn.parser.xml import BPMN, TROIKA, XSI, ZEEBE, Element, Unreadable, local_name, namespace
from engine.errors import N_
from engine.findings import Finding

__all__ = [
    "WORDS", "Dialect", "ImportNote", "Kind", "Line", "Translation", "detect", "lines", "restored", "stored",
    "translate",
]  # fmt: skip


class Dialect(StrEnum):
    """Whose words a file uses."""

    CAMUNDA7 = "Camunda 7"
    CAMUNDA8 = "Camunda 8"
    FLOWABLE = "Flowable"
    ACTIVITI = "Activiti"
    SPIFFWORKFLOW = "SpiffWorkflow"
    TROIKA = "Troika"
    PLAIN = "BPMN 2.0"


@dataclass(frozen=True, slots=True)
class Translation:
    """What became of a file. `xml`: our BPMN in UTF-8, None when the file cannot be read; `refusal` then says why.

    `key`, `name`: of the process that the file is about, the first that can be executed; empty without one.
    `renamed`: ids that were no XML names -> what they are now. `forms`: of forms that stood in the drawing, by path in
    the library.
    """

    xml: bytes | None
    dialect: Dialect
    notes: list[ImportNote] = field(default_factory=list)
    refusal: Finding | None = None
    key: str = ""
    name: str = ""
    renamed: dict[str, str] = field(default_factory=dict)
    forms: dict[str, bytes] = field(default_factory=dict)


_SPACES = {
    **dict.fromkeys(camunda7.NAMESPACES, Dialect.CAMUNDA7),
    flowable.FLOWABLE: Dialect.FLOWABLE,
    **dict.fromkeys(flowable.ACTIVITI, Dialect.ACTIVITI),
    spiffworkflow.NAMESPACE: Dialect.SPIFFWORKFLOW,
    TROIKA: Dialect.TROIKA,
    ZEEBE: Dialect.CAMUNDA8,
}
_SILENT = frozenset((BPMN, XSI, ZEEBE, TROIKA, "http://www.w3.org/XML/1998/namespace"))
"""Namespaces whose words are no news."""
KEPT_SHOWN = 20
"""words of one element that are named one by one"""
_PLATFORM = "{http://camunda.org/schema/modeler/1.0}executionPlatform"
_PLATFORMS = {"Camunda Platform": Dialect.CAMUNDA7, "Camunda Cloud": Dialect.CAMUNDA8}


def detect(data: bytes) -> Dialect:
    """Whose words the file uses most; plain BPMN also for what cannot be read."""
    try:
        return _dialect(repair.read(data, "", Collector()))
    except Unreadable:
        return Dialect.PLAIN


def translate(data: bytes, resource: str = "", key: str | None = None, area: str = "") -> Translation:
    """`data` as a drawing of ours, and what was done to it. Never raises for bad input.

    `key`: the id that its process is to have, an XML name; that of the file unless given. `area`: folder of the library
    for forms that stand in the drawing; without it they are left to a person.
    Translating the result again changes nothing.
    """
    report = Collector()
    try:
        root = repair.read(data, resource, report)
    except Unreadable as error:
        return Translation(None, Dialect.PLAIN, [], error.finding)
    dialect = _dialect(root)
    renamed = tidy.identify(root, report)
    if key is not None:
        tidy.rename(root, _main_process(root), key, report)
    tidy.place(root, report)
    main = _main_process(root)
    forms = Forms(area, main.get("id") if main is not None else "form") if area else None
    told = _adapt(root, dialect, report, forms)
    correlation.translate(root, report)
    tidy.executable(root, report)
    tidy.references(root, report)
    layout.complete(root, report)
    _keep(root, told, report)
    process = _main_process(root)
    key = process.get("id") if process is not None else ""
    name = " ".join((process.get("name") or key).split()) if process is not None else ""
    made = forms.made if forms is not None else {}
    return Translation(to_bytes(root), dialect, report.notes, None, key, name, renamed, made)


def _main_process(root: Element) -> Element | None:
    """The first process with a node that can be executed, else the first with a node, else the first."""
    processes = list(root.iterchildren(f"{{{BPMN}}}process"))
    filled = [process for process in processes if any(local_name(child) in FLOW_NODES for child in process)]
    executable = [process for process in filled if process.get("isExecutable") in ("true", "1", None)]
    return next(iter((*executable, *filled, *processes)), None)


def _dialect(root: Element) -> Dialect:
    counts: dict[Dialect, int] = {}
    for element in root.iter("*"):
        for space in (namespace(element), *_attribute_spaces(element)):
            if space in _SPACES:
                counts[_SPACES[space]] = counts.get(_SPACES[space], 0) + 1
    if Dialect.TROIKA in counts:
        return Dialect.TROIKA
    if counts:
        return max(counts, key=lambda dialect: counts[dialect])
    platform = _PLATFORMS.get(root.get(_PLATFORM) or "")
    declared = next((_SPACES[space] for space in root.nsmap.values() if space in _SPACES), None)
    return platform or declared or Dialect.PLAIN


def _adapt(
    root: Element, dialect: Dialect, report: Collector, forms: Forms | None
) -> set[tuple[Element, str]]:  # fmt: skip
    """Let each vendor's adapter rewrite its words; expressions of JUEL are read in every file but SpiffWorkflow's."""
    if dialect is Dialect.SPIFFWORKFLOW:
        return spiffworkflow.SpiffWorkflow(report).translate(root)
    used = {space for element in root.iter("*") for space in (namespace(element), *_attribute_spaces(element))}
    told: set[tuple[Element, str]] = set()
    if used & camunda7.NAMESPACES:
        told |= _with(forms, camunda7.Camunda7(report)).translate(root)
    for spaces, prefix in ((frozenset((flowable.FLOWABLE,)), "flowable"), (flowable.ACTIVITI, "activiti")):
        if used & spaces:
            told |= _with(forms, flowable.Flowable(spaces, prefix, report)).translate(root)
    return told or Activiti(frozenset(), "", report).translate(root)


def _with(forms: Forms | None, adapter: Activiti) -> Activiti:
    adapter.forms = forms
    return adapter


def _attribute_spaces(element: Element) -> list[str]:
    """Namespaces of its attributes."""
    return [name[1:].partition("}")[0] for name in element.attrib if name[0] == "{"]


def _keep(root: Element, told: set[tuple[Element, str]], report: Collector) -> None:
    """Every foreign word that is still there and that nobody has spoken of stays, and says so."""
    counts: dict[Element, int] = {}
    for owner, word, shown in tidy.foreign_words(root):
        space = word[1:].partition("}")[0] if word.startswith("{") else ""
        if (owner, word) in told or space in _SILENT:
            continue
        counts[owner] = counts.get(owner, 0) + 1
        if counts[owner] <= KEPT_SHOWN:
            report.kept(owner, shown)
    for owner, count in counts.items():
        if count > KEPT_SHOWN:
            report.add(Kind.KEPT, owner, N_("{count} more words are kept in the same way."), count=count - KEPT_SHOWN)
