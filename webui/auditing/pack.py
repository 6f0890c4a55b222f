"""packed(): evidence as one file to hand over: paper for people, JSON for machines, and what verifies it."""

import io
import json
import zipfile
from typing import Any

from engine.audit.exporting import VERIFIER, verifier_source
from webui import evidence_words
from webui.auditing import paper

_NAMES = ("evidence.pdf", "evidence.json", VERIFIER)


def packed(document: dict[str, Any]) -> bytes:
    """A ZIP file."""
    document = evidence_words.worded(document)
    contents = (
        paper.pdf(document), json.dumps(document, ensure_ascii=False, indent=1).encode(), verifier_source()
    )  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in zip(_NAMES, contents, strict=True):
            archive.writestr(name, content)
    return out.getvalue()
