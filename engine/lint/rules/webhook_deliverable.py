"""Other systems can be told, and know who tells them: by https, at an allowed host, signed for a known receiver.

Wrong: `<troika:hook on="decide" url="http://partner.example/x" secret="ref:nobody"/>`; anybody could read it, and there
is no secret to sign it with. Right: an address that begins with https://, whose host is in TROIKA_OUTBOUND_ALLOW, and
the name of a receiver that an administrator has added under Messages, Webhooks. This machine itself needs no https.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from engine.bpmn.model import Hook, Node, Process
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR
_HERE = ("127.0.0.1", "localhost", "::1")


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each thing that is wrong with a hook."""
    owners: list[Node | Process] = [drawn.process, *drawn.nodes("userTask")]
    for owner in owners:
        for hook in owner.extensions.hooks:
            yield from _hook(owner, hook, library)


def _hook(owner: Node | Process, hook: Hook, library: Library) -> Iterator[Remark]:
    host = _host(hook.url)
    if host is None:
        yield Remark(
            owner, N_("'{name}' tells '{url}': expected an address such as https://host/path."),
            N_("Use https; what is sent is read on its way otherwise."), {"url": hook.url},
        )  # fmt: skip
    elif not library.known.host(host):
        yield Remark(
            owner, N_("'{name}' tells '{host}', which may not be called."),
            N_("Have an administrator add the host to TROIKA_OUTBOUND_ALLOW, or correct the address."), {"host": host},
        )  # fmt: skip
    if not library.known.receiver(hook.secret):
        yield Remark(
            owner, N_("'{name}' signs for receiver '{receiver}', which does not exist."),
            N_("Have an administrator add it under Messages, Webhooks, or choose one that exists."),
            {"receiver": hook.secret},
        )  # fmt: skip


def _host(url: str) -> str | None:
    """The host that is called; None for an address that must not be used."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        return None
    if not host or not port_is_one or parts.username is not None:
        return None
    return host if parts.scheme == "https" or (parts.scheme == "http" and host in _HERE) else None
