"""How a file is handed out under its name, in whatever script that is written."""

from io import BytesIO

from flask import Response, send_file


def file(content: bytes, name: str, media_type: str, *, inline: bool = False) -> Response:
    """To be saved, or `inline` to be looked at. Cf. RFC 6266, 4.3: a header carries Latin letters only."""
    return send_file(BytesIO(content), mimetype=media_type, as_attachment=not inline, download_name=name)
