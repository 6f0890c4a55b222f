"""A request as PDF, for everybody who takes part in it."""

import hashlib
from uuid import UUID

from flask import Response, g, request, url_for

from engine import prints
from engine.errors import InvalidForm
from engine.forms.layout import PAPERS
from webui import serving
from webui.printing import content, paper
from webui.requests import blueprint


@blueprint.post("/<uuid:instance_id>/print.pdf")
def print_(instance_id: UUID) -> Response:
    """Every print is remembered under the code that stands on it, so that printing is not only reading."""
    code = prints.new_code()
    address = g.uow.settings.site_url.rstrip("/") + url_for("verifying.verify", code=code)
    size = request.form.get("paper") or None
    if size is not None and size not in PAPERS:
        raise InvalidForm(errors={"paper": [", ".join(PAPERS)]})
    sheet = content.sheet(instance_id, code, address, size)
    document = paper.pdf(sheet, g.uow.settings.print_font)
    prints.record(g.uow, instance_id, code, hashlib.sha256(document).digest())
    return serving.file(document, f"{sheet.number or code}.pdf", "application/pdf", inline=True)
