"""Bytes from any tool -> a tree of BPMN 2.0: byte order marks, wrong encodings, prefixes that nobody declared, the
namespaces of drafts of the standard. Each repair is noted; what cannot be read is refused with its line.
"""

import re

from engine.bpmn.imports.report import Collector, Kind
from engine.bpmn.imports.writing import BPMNDI, DC, DI
from engine.bpmn.parser.xml import (
    BPMN,
    TROIKA,
    XSI,
    ZEEBE,
    Element,
    Unreadable,
    check_bounds,
    has_doctype,
    local_name,
    not_bpmn,
    parse,
)
from engine.errors import N_

KNOWN_PREFIXES = {
    "bpmn": BPMN, "bpmn2": BPMN, "semantic": BPMN, "model": BPMN, "bpmndi": BPMNDI, "dc": DC, "omgdc": DC, "di": DI,
    "omgdi": DI, "xsi": XSI, "zeebe": ZEEBE, "troika": TROIKA, "camunda": "http://camunda.org/schema/1.0/bpmn",
    "flowable": "http://flowable.org/bpmn", "activiti": "http://activiti.org/bpmn",
    "spiffworkflow": "http://spiffworkflow.org/bpmn/schema/1.0/core",
    "modeler": "http://camunda.org/schema/modeler/1.0", "bioc": "http://bpmn.io/schema/bpmn/biocolor/1.0",
    "color": "http://www.omg.org/spec/BPMN/non-normative/color/1.0", "signavio": "http://www.signavio.com",
    "xsd": "http://www.w3.org/2001/XMLSchema", "xs": "http://www.w3.org/2001/XMLSchema",
}  # fmt: skip
"""What a prefix means that is used without a declaration."""

DRAFTS = (
    "http://schema.omg.org/spec/BPMN/2.0", "http://www.omg.org/bpmn20", "http://www.omg.org/spec/BPMN/2.0",
    "http://www.omg.org/spec/BPMN/20100501", "http://www.omg.org/spec/BPMN/20100524/MODEL/",
    "https://www.omg.org/spec/BPMN/20100524/MODEL",
)  # fmt: skip
"""Namespaces of drafts of BPMN 2.0 and misspellings of the final one."""

ENCODINGS = ("utf-8", "gb18030")
"""Tried in this order when the declared one is wrong; Chinese tools write GBK."""

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip
_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]*\?>")
_ROOT = re.compile(r"(?:<!--.*?-->|<\?.*?\?>|<![^>]*>|[^<])*<([A-Za-z_][\w.-]*:)?[A-Za-z_][\w.-]*", re.DOTALL)
_UNDECLARED = re.compile(r"Namespace prefix ([\w.-]+) ")
_REPAIRS = 20


def read(data: bytes, resource: str, report: Collector) -> Element:
    """The root `definitions` in the final namespace. Raises Unreadable."""
    text = None
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _decoded(data, encoding)
            break
    root = _parsed(data, text, resource, report)
    if root.tag == f"{{{BPMN}}}definitions":
        pass
    elif local_name(root) == "definitions":
        root = _renamed(root, data, text, resource, report)
    else:
        raise not_bpmn(root, resource)
    _without_doctype(root, resource, report)
    check_bounds(root, resource)
    return root


def _parsed(data: bytes, text: str | None, resource: str, report: Collector) -> Element:
    """First as it is; then in another encoding, without a misplaced declaration, with the missing prefixes."""
    try:
        return parse(data if text is None else _bare(text), resource, keep_comments=True)
    except Unreadable as error:
        if error.finding.rule != "xml-not-well-formed":
            raise
        first = error
    if text is None:
        text = next((found for encoding in ENCODINGS if (found := _decoded(data, encoding)) is not None), None)
        if text is None:
            raise first
    return _with_prefixes(text, first, resource, report)


def _with_prefixes(text: str, first: Unreadable, resource: str, report: Collector) -> Element:
    """Declare at the root what is used without a declaration."""
    added: dict[str, str] = {}
    for _ in range(_REPAIRS):
        declarations = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in added.items())
        try:
            root = parse(_bare(_with_attribute(text, declarations)), resource, keep_comments=True)
        except Unreadable as error:
            missing = _UNDECLARED.search(error.detail)
            if missing is None or missing[1] in added:
                raise (error if added else first) from None
            added[missing[1]] = KNOWN_PREFIXES.get(missing[1], f"urn:undeclared:{missing[1]}")
            continue
        for prefix, uri in added.items():
            message = N_("The prefix '{prefix}' was used without a declaration; it is read as {uri}.")
            report.add(Kind.APPROXIMATED, None, message, prefix=prefix, uri=uri)
        return root
    raise first


def _renamed(root: Element, data: bytes, text: str | None, resource: str, report: Collector) -> Element:
    """The same file in the final namespace of BPMN 2.0."""
    found = root.tag[1:].partition("}")[0] if root.tag[0] == "{" else ""
    if found and found not in DRAFTS:
        raise not_bpmn(root, resource)
    text = text if text is not None else _decoded(data, root.getroottree().docinfo.encoding or "utf-8")
    if text is None:
        raise not_bpmn(root, resource)
    text = re.sub(rf"([\"']){re.escape(found)}\1", f'"{BPMN}"', text) if found else _with_attribute(
        text, f' xmlns="{BPMN}"'
    )  # fmt: skip
    message = N_("The file uses the namespace '{found}'; it is read as BPMN 2.0.")
    report.add(Kind.APPROXIMATED, None, message, found=found)
    renamed = _parsed(text.encode("utf-8"), text, resource, report)
    if renamed.tag != f"{{{BPMN}}}definitions":
        raise not_bpmn(root, resource)
    return renamed


def _without_doctype(root: Element, resource: str, report: Collector) -> None:
    """A bare DOCTYPE is taken away; one that declares something is not read."""
    docinfo = root.getroottree().docinfo
    if not docinfo.doctype:
        return
    declared = docinfo.internalDTD
    if declared is not None and (list(declared.iterelements()) or list(declared.iterentities())):
        raise has_doctype(resource)
    docinfo.clear()
    report.add(Kind.DROPPED, None, N_("The DOCTYPE is left out."))


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _bare(text: str) -> bytes:
    """Without the XML declaration, whose encoding may be wrong; every line stays in its place."""
    return _DECLARATION.sub(lambda found: "\n" * found[0].count("\n"), text).encode("utf-8", "replace")


def _with_attribute(text: str, attribute: str) -> str:
    """`attribute` in the start tag of the root element."""
    found = _ROOT.match(text) if attribute else None
    return text[: found.end()] + attribute + text[found.end() :] if found is not None else text
