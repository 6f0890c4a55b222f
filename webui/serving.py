"""How a file is handed out under its name, in whatever script that is written."""

from io import BytesIO

from flask import Response, send_file

from engine.documents import Document

_INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf")


def file(content: bytes, name: str, media_type: str, *, inline: bool = False) -> Response:
    """To be saved, or `inline` to be looked at. Cf. RFC 6266, 4.3: a header carries Latin letters only."""
    return send_file(BytesIO(content), mimetype=media_type, as_attachment=not inline, download_name=name)


def document(found: Document, content: bytes) -> Response:
    """What somebody has brought: pictures and PDF are looked at in a sandbox, everything else is saved."""
    inline = found.media_type in _INLINE
    kind = found.media_type if inline else "application/octet-stream"
    response = file(content, found.name, kind, inline=inline)
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
