"""The way back: to the element of a drawing from which the reader was led to what it calls or shows."""

from typing import Any

from flask import g, request

from engine import drafts, repository

FIRST_AREA = "oa"


def way_back() -> dict[str, Any]:
    """`back`: the process that the address names, empty when there is none; `element`: of its drawing."""
    key = request.values.get("process", "")
    return (
        {"back": key, "element": request.values.get("element", "")} if area_of(key, "") else {"back": "", "element": ""}
    )


def led_by() -> dict[str, Any]:
    """What the address of the next page says of it."""
    came = way_back()
    return {"process": came["back"], "element": came["element"]} if came["back"] else {}


def area_of(key: str, otherwise: str = FIRST_AREA) -> str:
    """The folder of a process, deployed or drawn."""
    if not key:
        return otherwise
    drawn = next((one for one in drafts.list_(g.uow) if (one.kind, one.key) == ("process", key)), None)
    if drawn is not None:
        return drawn.path.split("/")[1]
    latest = next(iter(repository.versions(g.uow, key)), None)
    return otherwise if latest is None else latest.category or FIRST_AREA
