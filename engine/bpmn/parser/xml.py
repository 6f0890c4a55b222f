"""Bytes -> a tree that is safe to walk: no DOCTYPE, no entities, no network, bounded size, count and depth."""

from functools import cache
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH

from engine.errors import N_
from engine.findings import Finding, Level

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
TROIKA = "urn:troika:bpmn:1.0"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

SIZE_LIMIT = 5_000_000
ELEMENT_LIMIT = 50_000
DEPTH_LIMIT = 100
SCHEMA_FINDINGS_LIMIT = 20
EXCERPT = 40
"""characters of a broken line that are shown on either side"""

BROKEN = {
    4: N_("there is no XML at all"),
    5: N_("something stands behind its end"),
    9: N_("there is a character that XML does not allow"),
    26: N_("there is an entity that nobody declared"),
    32: N_("the encoding is not known"),
    38: N_("there is a '<' inside an attribute"),
    39: N_("there is an attribute without quotation marks"),
    41: N_("there is an attribute without a value"),
    42: N_("an attribute is given twice"),
    45: N_("a comment is not closed"),
    64: N_("the XML declaration stands too late"),
    65: N_("a space is missing"),
    68: N_("there is a name that XML does not allow"),
    73: N_("a tag is not closed"),
    76: N_("an end tag does not fit its start tag"),
    77: N_("the file ends too early"),
    81: N_("there are bytes that do not fit the encoding"),
    201: N_("there is a prefix that nobody declared"),
}
"""What a code of the XML library (libxml2, xmlParserErrors) means to a person."""

Element = Any  # lxml's element class is private


class Unreadable(Exception):
    """The bytes are no drawing; carries the one finding that says why.

    `detail`: the words of the XML library, for programs; people get the finding.
    """

    def __init__(self, finding: Finding, detail: str = "") -> None:
        self.finding = finding
        self.detail = detail
        super().__init__(str(finding))


def read_tree(data: bytes, resource: str) -> Element:
    """The root element `definitions`. Raises Unreadable."""
    root = parse(data, resource)
    docinfo: Any = root.getroottree().docinfo
    if docinfo.doctype:
        raise has_doctype(resource)
    if root.tag != f"{{{BPMN}}}definitions":
        raise not_bpmn(root, resource)
    check_bounds(root, resource)
    return root


def parse(data: bytes, resource: str, keep_comments: bool = False) -> Element:
    """The root of any well-formed XML of bearable size. Raises Unreadable."""
    if len(data) > SIZE_LIMIT:
        raise _unreadable(
            "xml-too-large", resource, N_("Expected a file of at most {limit} bytes, found {found}."),
            N_("Split the process into called processes."), at=1, limit=SIZE_LIMIT, found=len(data),
        )  # fmt: skip
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=not keep_comments, remove_pis=not keep_comments,
    )  # fmt: skip
    try:
        root: Element = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _broken(data, error, resource) from None
    return root


def _broken(data: bytes, error: Any, resource: str) -> Unreadable:
    """Where the XML breaks, in our words and with what stands there."""
    line, column = error.position
    rows = data.splitlines()
    excerpt = rows[line - 1].decode("utf-8", "replace") if 0 < line <= len(rows) else ""
    excerpt = "".join(char if char.isprintable() else " " for char in excerpt[max(0, column - EXCERPT) :]).strip()
    reason = BROKEN.get(error.code, N_("it breaks off there"))
    finding = _unreadable(
        "xml-not-well-formed", resource,
        N_("Expected well-formed XML, but at line {line}, column {column}, {reason}: {excerpt}"),
        N_("Export the drawing again, or correct that line."),
        at=line or 1, line=line or 1, column=column or 1, reason=reason, excerpt=excerpt[: 2 * EXCERPT] or "-",
    ).finding  # fmt: skip
    return Unreadable(finding, str(error.msg))


def has_doctype(resource: str) -> Unreadable:
    """A document type could declare entities; it is not read."""
    return _unreadable(
        "xml-doctype", resource, N_("Expected a drawing without DOCTYPE at line {line}, found one."),
        N_("Remove the DOCTYPE: document types and entities are not read."), at=1, line=1,
    )  # fmt: skip


def not_bpmn(root: Element, resource: str) -> Unreadable:
    """XML of another kind."""
    return _unreadable(
        "not-bpmn", resource, N_("Expected BPMN 2.0 definitions at line {line}, found {found}."),
        N_("Save the drawing as BPMN 2.0 XML."), at=root.sourceline, line=root.sourceline, found=str(root.tag),
    )  # fmt: skip


def schema_findings(root: Element, resource: str) -> list[Finding]:
    """Where the file breaks the XML schema of BPMN 2.0 (as shipped with SpiffWorkflow)."""
    schema = _schema()
    if schema.validate(root):
        return []
    found = []
    for entry in list(schema.error_log)[:SCHEMA_FINDINGS_LIMIT]:
        found.append(
            Finding(
                rule="schema",
                level=Level.ERROR,
                element_id=_id_at(root, entry.line),
                line=entry.line,
                message=N_("The file does not fit the BPMN 2.0 schema at line {line}: {detail}"),
                facts={"line": entry.line, "detail": entry.message.replace(f"{{{BPMN}}}", "")},
                hint=N_("Correct that element; the order of child elements counts."),
                resource=resource,
            )
        )
    return found


def local_name(element: Element) -> str:
    """Tag without its namespace."""
    return str(element.tag).rpartition("}")[2]


def namespace(element: Element) -> str:
    """Namespace of the tag, empty when there is none."""
    return str(element.tag)[1:].partition("}")[0] if str(element.tag).startswith("{") else ""


def local_ref(value: str | None) -> str | None:
    """The local part of a QName reference such as `errorRef`; its prefix says nothing within one file."""
    if value is None or not value.strip():
        return None
    return value.strip().rpartition(":")[2]


def text_of(element: Element | None) -> str | None:
    """Text content without surrounding space, None when empty."""
    if element is None:
        return None
    text = "".join(element.itertext()).strip()
    return text or None


@cache
def _schema() -> Any:
    return etree.XMLSchema(etree.parse(XSD_PATH))


def check_bounds(root: Element, resource: str) -> None:
    """Raises Unreadable for a tree that is too large or too deep."""
    count = 0
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        count += 1
        depth += 1
        if count > ELEMENT_LIMIT or depth > DEPTH_LIMIT:
            raise _unreadable(
                "xml-too-complex", resource,
                N_("Expected at most {limit} elements nested at most {depth} deep, found more at line {line}."),
                N_("Split the process into called processes."),
                at=element.sourceline, line=element.sourceline, limit=ELEMENT_LIMIT, depth=DEPTH_LIMIT,
            )  # fmt: skip


def _unreadable(rule: str, resource: str, message: str, hint: str, at: int | None = None, **facts: Any) -> Unreadable:
    return Unreadable(Finding(rule, Level.ERROR, None, message, facts, hint, line=at, resource=resource))


def _id_at(root: Element, line: int) -> str | None:
    """The id of the innermost element that begins at `line` or before it."""
    best = None
    for element in root.iter():
        if isinstance(element.tag, str) and element.sourceline is not None and element.sourceline <= line:
            best = element.get("id") or best
        elif element.sourceline is not None and element.sourceline > line:
            break
    return best
