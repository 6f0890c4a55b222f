"""Correlation keys, properties and subscriptions of the standard -> the correlation key of a message, where certain.

BPMN 2.0.2, 8.4.2. Certain is one property per message, read from the process by its subscription, or read from every
message in the same place: what the first message brought has then become the variable of that name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.bpmn.imports import juel
from engine.bpmn.imports.expressions import Uncertain
from engine.bpmn.imports.report import Collector
from engine.bpmn.imports.writing import bpmn, extension, remove
from engine.bpmn.parser.xml import ZEEBE, Element, local_name, local_ref, text_of
from engine.errors import N_

SEVERAL = N_("It is correlated by several properties: write one expression as its correlation key.")
DIFFERENT = N_("Its property is read from different places: write the correlation key of the message.")
UNREAD = N_("Write the correlation key of the message as FEEL.")
THROWN = N_("The key is also worked out where the message is thrown: check that it is known there.")

_PATH = re.compile(r"=?\s*([^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*)*)\s*")
_THROWING = frozenset(("sendTask", "intermediateThrowEvent", "endEvent"))


@dataclass(slots=True)
class _Property:
    """`read`: message -> where the property stands in it; `bound`: where the processes have it."""

    element: Element
    read: dict[str, str | None] = field(default_factory=dict)
    bound: list[str | None] = field(default_factory=list)


def translate(root: Element, report: Collector) -> None:
    """Give each message its correlation key; subscriptions that are said by it then go."""
    properties = dict(_properties(root))
    if not properties:
        return
    left: set[str] = set()
    for message in root.iterchildren(bpmn("message")):
        left |= _message(message, properties, report)
    for subscription in list(root.iter(bpmn("correlationSubscription"))):
        meant = {local_ref(part.get("correlationPropertyRef")) for part in subscription.iterchildren("*")}
        if meant.isdisjoint(left):
            remove(subscription)


def _properties(root: Element) -> Iterator[tuple[str, _Property]]:
    bound: dict[str | None, list[str | None]] = {}
    for binding in root.iter(bpmn("correlationPropertyBinding")):
        path = text_of(binding.find(bpmn("dataPath")))
        bound.setdefault(local_ref(binding.get("correlationPropertyRef")), []).append(path)
    for element in root.iterchildren(bpmn("correlationProperty")):
        found = _Property(element, bound=bound.get(element.get("id"), []))
        for retrieval in element.iterchildren(bpmn("correlationPropertyRetrievalExpression")):
            message = local_ref(retrieval.get("messageRef"))
            if message:
                found.read[message] = text_of(retrieval.find(bpmn("messagePath")))
        yield element.get("id") or "", found


def _message(message: Element, properties: dict[str, _Property], report: Collector) -> set[str]:
    """The key of one message; the properties that it could not be given by."""
    key = message.get("id")
    used = {name: found for name, found in properties.items() if key in found.read}
    if not used or message.find(f"{bpmn('extensionElements')}/{{{ZEEBE}}}subscription") is not None:
        return set()
    shown = f"correlationProperty {', '.join(used)}"
    if len(used) > 1:
        report.decide(message, shown, SEVERAL)
        return set(used)
    ((name, found),) = used.items()
    try:
        slot = _slot(found)
    except Uncertain as why:
        report.decide(message, shown, why.reason)
        return {name}
    extension(message, "zeebe:subscription", correlationKey=slot)
    now = f'zeebe:subscription correlationKey="{slot}"'
    if _thrown(message):
        report.approximated(message, shown, now, THROWN)
    else:
        report.translated(message, shown, now)
    return set()


def _slot(found: _Property) -> str:
    """The key as the process knows it. Raises Uncertain."""
    paths = set(map(_feel, found.bound)) if found.bound else {_path(text) for text in found.read.values()}
    if len(paths) > 1:
        raise Uncertain(DIFFERENT)
    return f"= {next(iter(paths))}"


def _path(text: str | None) -> str:
    """A name, or names with points between. Raises Uncertain."""
    plain = re.fullmatch(r"[$#]\{(.*)\}", (text or "").strip())
    match = _PATH.fullmatch(plain[1] if plain else text or "")
    if match is None:
        raise Uncertain(UNREAD)
    return re.sub(r"\s", "", match[1])


def _feel(text: str | None) -> str:
    """Any expression of the process that is certain. Raises Uncertain."""
    if text is not None and juel.is_expression(text):
        return juel.translate(text).text
    return _path(text)


def _thrown(message: Element) -> bool:
    root = message.getroottree().getroot()
    for element in root.iter(bpmn("sendTask"), bpmn("messageEventDefinition")):
        if local_ref(element.get("messageRef")) == message.get("id"):
            owner = element if local_name(element) == "sendTask" else element.getparent()
            if owner is not None and local_name(owner) in _THROWING:
                return True
    return False
