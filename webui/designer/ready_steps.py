"""Step templates in words and pictures: for the script of the canvas, and for the page that lists them."""

from typing import Any
from urllib.parse import quote

from flask import g
from flask_babel import gettext

from engine import operations, repository
from engine.bpmn.element_templates import INPUT, OUTPUT, SERVICE, ElementTemplate
from webui import operation_names
from webui.languages import language
from webui.manifest import drawing_of
from webui.rendering import label

ICONS = (
    "settings", "rubber-stamp", "coin", "receipt", "file-invoice", "truck-delivery", "package", "shopping-cart", "mail",
    "bell", "users", "database", "world", "printer",
)  # fmt: skip
_INK = "#206bc4"
"""seen on light and dark canvases"""


def offered() -> list[dict[str, Any]]:
    """Every step template for the script, in the reader's language."""
    return [_shown(info.template) for info in repository.templates.list_(g.uow)]


def about(template: ElementTemplate) -> str:
    """What it is for, in the reader's language."""
    return template.abouts.get(language()) or template.abouts.get("", "")


def wanting(template: ElementTemplate) -> list[str]:
    """What no longer fits the operation, in words."""
    if template.element != SERVICE:
        return []
    operation = operations.catalog().get(template.operation)
    if operation is None:
        return [gettext("The operation %(name)s does not exist.", name=template.operation)]
    inputs = {one.name.partition(".")[0] for one in template.settings if one.kind == INPUT}
    takes = {parameter.name for parameter in operation.parameters}
    results = {one.name for one in template.settings if one.kind == OUTPUT and one.name.isidentifier()}
    return [gettext("The operation takes no input %(name)s.", name=name) for name in sorted(inputs - takes)] + [
        gettext("The operation has no result %(name)s.", name=name) for name in sorted(results - set(operation.outputs))
    ]


def operation_of(template: ElementTemplate) -> str:
    """What an automatic step calls, in the reader's language."""
    return operation_names.called(template.operation)


def icon_of(name: str) -> str:
    """A picture for Camunda's modeler and our canvas."""
    inner = drawing_of(name) if name in ICONS else ""
    if not inner:
        return ""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="18" height="18" viewBox="0 0 24 24" fill="none"'
        f' stroke="{_INK}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">{inner}</svg>'
    )
    return f"data:image/svg+xml;utf8,{quote(svg)}"


def _shown(template: ElementTemplate) -> dict[str, Any]:
    return {
        "id": template.id, "version": template.version, "name": label(template.labels, template.name),
        "labels": template.labels, "abouts": template.abouts, "about": about(template), "icon": template.icon,
        "element": f"bpmn:{template.element[0].upper()}{template.element[1:]}", "preset": template.preset,
        "settings": [
            {"kind": one.kind, "name": one.name, "value": one.value, "fixed": one.fixed} for one in template.settings
        ],
    }  # fmt: skip
