"""What service operations, their inputs and their results are called, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from engine import operations
from webui import errors
from webui.rendering import label


def called(name: str) -> str:
    """A service operation; one that no module offers stands as it is written."""
    found = operations.catalog().get(name)
    return label(found.labels, name) if found is not None else name


def item(operation: str, name: str) -> str:
    """An input or a result of it; a part of one (`contact.mobile`) follows the title of the whole."""
    found = operations.catalog().get(operation)
    if found is None:
        return name
    whole, dot, part = name.partition(".")
    return label(found.title(whole), whole) + dot + part


def in_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a finding says about a call, in these words."""
    operation = facts.get("operation")
    if operation not in operations.catalog():
        return dict(facts)
    said = {**facts, "operation": called(operation)}
    if "input" in facts:
        said["input"] = item(operation, facts["input"])
        known = str(facts.get("known", "")).split(", ")
        said |= {"known": ", ".join(item(operation, one) for one in known)} if known[0] else {}
        said |= {"type": errors.words("{expected}", {"expected": facts["type"]})} if "type" in facts else {}
    return said
