"""Whether a page of this site sends something: the guard beside the CSRF token. Cf. RFC 6454, 7; RFC 9110, 10.1.3."""

from typing import Any
from urllib.parse import SplitResult, urlsplit

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFProtect

from engine.errors import N_, EngineError

_PORTS = {"http": 80, "https": 443}


class ForeignOrigin(EngineError):
    """A page of another site had a browser send this."""

    message = N_("Expected a page of {expected} to send this, found {found}. Nothing was done.")
    hint = N_(
        "Send it again only if you meant to. If every page says so: the proxy has to pass on the header Host, or"
        " TROIKA_SITE_URL to say how people reach the site."
    )
    status = 403


class PortDropped(ForeignOrigin):
    """The same host with another port: most likely a proxy that does not pass on the port."""

    hint = N_(
        "If every page says so, tell whoever runs the site: its proxy drops the port from the header Host. Either the"
        " proxy passes the header on as it came (nginx: proxy_set_header Host $http_host), or TROIKA_SITE_URL is set to"
        " {address}. Otherwise send it again only if you meant to."
    )

    @property
    def code(self) -> str:
        return "foreign_origin"


class Protect(CSRFProtect):
    """Asks for our own `Origin`, and then for the token, wherever a view is not exempt."""

    def protect(self, apply_exemptions: bool = False) -> Any:
        """Raises ForeignOrigin, CSRFError. A program that sends neither `Origin` nor `Referer` needs only the token."""
        if request.endpoint and not (apply_exemptions and self._is_exempt()):
            sent = request.headers.get("Origin") or request.headers.get("Referer")
            if sent and request.method in current_app.config["WTF_CSRF_METHODS"] and not ours(sent):
                raise _foreign(sent)
        return super().protect(apply_exemptions)


def install(app: Flask) -> None:
    """Guard every view of the site."""
    Protect(app)


def ours(address: str) -> bool:
    """Whether an address or origin is of this site, as the request or as TROIKA_SITE_URL names it.

    A proxy that ends TLS hides the scheme from us: both are taken for the host of the request.
    """
    try:
        sent, site = urlsplit(address), urlsplit(current_app.config["TROIKA"].site_url)
        if sent.scheme not in _PORTS or not sent.hostname:
            return False
        asked = urlsplit(f"{sent.scheme}://{request.host}")
        return _place(sent) == _place(asked) or (sent.scheme, _place(sent)) == (site.scheme, _place(site))
    except ValueError:  # no port, no brackets
        return False


def _foreign(address: str) -> ForeignOrigin:
    facts = {"expected": request.host, "found": _host(address)}
    try:
        sent, asked = urlsplit(address), urlsplit(f"//{request.host}")
        same = sent.scheme in _PORTS and sent.hostname is not None and sent.hostname == asked.hostname
        return PortDropped(address=f"{sent.scheme}://{sent.netloc}", **facts) if same else ForeignOrigin(**facts)
    except ValueError:
        return ForeignOrigin(**facts)


def _place(address: SplitResult) -> tuple[str | None, int]:
    return address.hostname, address.port or _PORTS[address.scheme]


def _host(address: str) -> str:
    """What a person may read of it."""
    if address == "null":
        return N_("a page that hides its address")
    return address.partition("://")[2].partition("/")[0][:100] or address[:100]
