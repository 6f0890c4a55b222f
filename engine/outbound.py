"""The only door to HTTP: allowed hosts, limits, the idempotency key; closed while a transaction is open."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import orjson

from engine import values
from engine.errors import BankHostRefused, OutboundRefused, OutboundRejected
from engine.unit_of_work import transaction_open

ANSWER_LIMIT = 1024 * 1024
"""bytes"""
_WORTH_ANOTHER_TRY = (408, 425, 429)


class OutboundFailed(Exception):
    """The other party cannot be reached, is too slow or has trouble: worth another try. `status`: what it answered."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """`body`: decoded JSON, numbers as Decimal; text when it is not JSON."""

    status: int
    body: Any


class Outbound:
    """What an external operation gets instead of a unit of work.

    `allow`: hosts separated by commas. `banks`: hosts that are refused though they be allowed, and those below them.
    """

    def __init__(
        self, allow: str, key: UUID, *, banks: str = "", timeout_seconds: int = 30,
        transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self.key = key
        self._allowed = listed(allow)
        self._banks = listed(banks)
        self._timeout = timeout_seconds
        self._transport = transport

    def get(self, url: str, *, headers: dict[str, str] | None = None) -> Answer:
        """Read `url`. Errors as `post`."""
        return self._send("GET", url, None, headers)

    def post(self, url: str, body: Any, *, headers: dict[str, str] | None = None) -> Answer:
        """Send `body` as JSON with the idempotency key.

        Raises OutboundRefused for a host that is not allowed or is a bank's, OutboundRejected when the other party
        refuses, OutboundFailed when another try may help.
        """
        return self._send("POST", url, orjson.dumps(values.to_plain(values.normalise(body))), headers)

    def post_bytes(self, url: str, content: bytes, *, headers: dict[str, str]) -> Answer:
        """Send `content` as it is, for whoever has signed exactly these bytes; the answer is text. Errors as `post`."""
        return self._send("POST", url, content, headers, plain=True)

    def _send(
        self, method: str, url: str, content: bytes | None, headers: dict[str, str] | None, *, plain: bool = False
    ) -> Answer:
        if transaction_open():
            raise RuntimeError("a call to the outside while a transaction is open")
        host = (httpx.URL(url).host or "").lower()
        if any(within(host, bank) for bank in self._banks):
            raise BankHostRefused(host=host)
        if host not in self._allowed:
            raise OutboundRefused(host=host)
        sent = {"Idempotency-Key": str(self.key), "Content-Type": "application/json", **(headers or {})}
        try:
            with (
                httpx.Client(timeout=self._timeout, follow_redirects=False, transport=self._transport) as client,
                client.stream(method, url, content=content, headers=sent) as response,
            ):
                received = _limited(response)
        except httpx.RequestError as error:
            raise OutboundFailed(f"{host}: {error}") from error
        status = response.status_code
        if status in _WORTH_ANOTHER_TRY or status >= 500:
            raise OutboundFailed(f"{host} answered {status}", status)
        text = received.decode(errors="replace").replace("\0", "\ufffd")  # PostgreSQL keeps none, not even in an error
        if status >= 300:
            raise OutboundRejected(host=host, status_code=status, body=text[:200])
        json = not plain and response.headers.get("content-type", "").startswith("application/json")
        return Answer(status, values.from_json(text) if json and text else text)


def listed(text: str) -> frozenset[str]:
    """Hosts of a setting: separated by commas."""
    return frozenset(host.strip().lower() for host in text.split(",") if host.strip())


def within(host: str, bank: str) -> bool:
    """Whether it is that host, or one below it."""
    name = host.lower().rstrip(".")
    return name == bank or name.endswith(f".{bank}")


def _limited(response: httpx.Response) -> bytes:
    received = bytearray()
    for chunk in response.iter_bytes():
        received += chunk
        if len(received) > ANSWER_LIMIT:
            raise OutboundFailed(f"{response.url.host} sent more than {ANSWER_LIMIT} bytes")
    return bytes(received)
