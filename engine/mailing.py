"""How a mail leaves: the mail server of TROIKA_SMTP_URL."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from engine.errors import MailRefused
from engine.outbound import OutboundFailed
from engine.settings import Settings
from engine.unit_of_work import transaction_open

TIMEOUT_SECONDS = 20
_WORTH_ANOTHER_TRY = range(400, 500)


def send(settings: Settings, message: EmailMessage) -> None:
    """Raises OutboundFailed when another try may help, MailRefused when it will not."""
    if transaction_open():
        raise RuntimeError("a mail while a transaction is open")
    with _server(settings, str(message["To"])) as smtp:
        smtp.send_message(message)


def reach(settings: Settings) -> None:
    """Sign in to the mail server and send nothing. Raises as `send` does."""
    with _server(settings, settings.mail_from) as smtp:
        smtp.noop()


@contextmanager
def _server(settings: Settings, about: str) -> Iterator[smtplib.SMTP]:
    """`about`: the address that a refusal names."""
    server = urlsplit(settings.smtp_url)
    host = server.hostname or "localhost"
    try:
        with _connect(server.scheme, host, server.port) as smtp:
            if server.scheme == "smtp" and parse_qs(server.query).get("starttls") == ["1"]:
                smtp.starttls(context=ssl.create_default_context())
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            yield smtp
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise _refusal(code, text, about) from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error, about) from error
    except (smtplib.SMTPException, OSError) as error:
        raise OutboundFailed(f"{host}: {error}") from error


def _connect(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_SECONDS, context=context)
    return smtplib.SMTP(host, port or 25, timeout=TIMEOUT_SECONDS)


def _refusal(code: int, text: bytes | str, address: str) -> Exception:
    told = text.decode(errors="replace") if isinstance(text, bytes) else text
    if code in _WORTH_ANOTHER_TRY:
        return OutboundFailed(f"the mail server answered {code}: {told}")
    return MailRefused(address=address, told=f"{code} {told}"[:200])
