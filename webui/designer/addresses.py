"""Pages that every kind of file of the designer has: process | decision | form."""

from typing import Any

from flask import url_for


def editor_of(kind: str, key: str) -> str:
    """Where it is edited."""
    if kind == "form":
        return url_for("designer.build_form", form_id=key)
    return url_for("designer.edit_decision" if kind == "decision" else "designer.editor", key=key)


def page_of(view: str, kind: str, key: str, **more: str) -> str:
    """Its versions, history, difference or publish: `view`."""
    values: dict[str, Any] = {"key": key, **more}
    return url_for(f"designer.{view}", **(values if kind == "process" else values | {"kind": kind}))
