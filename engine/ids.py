"""Keys are made in the application: UUIDv7, so that they sort by time of birth (RFC 9562, 5.7)."""

from uuid import NAMESPACE_URL, UUID, uuid5

import uuid_utils


def uuid7() -> UUID:
    """A new key, above those that this process has made before."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def canonical(text: str) -> str:
    """A UUID as it is written here, however it was written; any other text as it is."""
    try:
        return str(UUID(text))
    except ValueError:
        return text


def named(*parts: object) -> UUID:
    """The same key for the same parts, e.g. of a start timer: two runners cannot both create it (UUIDv5)."""
    return uuid5(NAMESPACE_URL, "urn:troika:" + "/".join(str(part) for part in parts))
