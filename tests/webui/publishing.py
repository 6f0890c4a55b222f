"""发布 as an analyst does it: look at the page, then press its button."""

import re
from typing import Any

from werkzeug.test import TestResponse


def seen(visitor: Any, key: str) -> str:
    """The digest of what the page has shown, "" when it shows nothing to publish. `key`: form/<id>, decision/<id> or of
    a process."""
    return next(iter(re.findall('name="seen" value="(.*?)"', visitor.get(f"/designer/publish/{key}").text)), "")


def publish(visitor: Any, key: str, etag: str = "1", note: str = "words", **more: str) -> TestResponse:
    """What the page answers."""
    answer: TestResponse = visitor.post(
        f"/designer/publish/{key}", data={"etag": etag, "note": note, "seen": seen(visitor, key), **more}
    )
    return answer


def published(visitor: Any, key: str, etag: str = "1", note: str = "words") -> int:
    """The number of the version that was made."""
    answer = publish(visitor, key, etag, note)
    assert answer.status_code == 303, answer.text
    return int(re.findall(r'data-version="(\d+)"', visitor.get(answer.location).text)[0])
