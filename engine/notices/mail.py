"""Mails in both languages: what belongs to one request is one thread."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from engine.errors import MailRefused
from engine.outbound import OutboundFailed
from engine.settings import Settings
from engine.unit_of_work import transaction_open

TIMEOUT_SECONDS = 20
_WORTH_ANOTHER_TRY = range(400, 500)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is written. `lines` in both languages, the reader's first."""

    id: UUID
    instance_id: UUID
    process_key: str
    to_name: str
    to_address: str
    subject: str
    lines: tuple[str, ...]
    link: str


def compose(settings: Settings, letter: Letter, now: datetime) -> EmailMessage:
    """The whole message. Raises MailRefused for an address that is none."""
    host = urlsplit(settings.site_url).hostname or "localhost"
    message = EmailMessage()
    try:
        message["From"] = Address("Troika", addr_spec=settings.mail_from)
        message["To"] = Address(letter.to_name, addr_spec=letter.to_address)
    except (ValueError, IndexError) as error:
        raise MailRefused(address=letter.to_address, told=str(error)) from None
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{letter.id}@{host}>"
    thread = f"<{letter.instance_id}@{host}>"
    message["In-Reply-To"] = message["References"] = thread
    message["List-Id"] = f"<{letter.process_key}.troika.{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join((*letter.lines, "", letter.link, "")))
    return message


def send(settings: Settings, message: EmailMessage) -> None:
    """Raises OutboundFailed when another try may help, MailRefused when it will not."""
    if transaction_open():
        raise RuntimeError("a mail while a transaction is open")
    server = urlsplit(settings.smtp_url)
    host = server.hostname or "localhost"
    told = str(message["To"])
    try:
        with _connect(server.scheme, host, server.port) as smtp:
            if server.scheme == "smtp" and parse_qs(server.query).get("starttls") == ["1"]:
                smtp.starttls(context=ssl.create_default_context())
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            smtp.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise _refusal(code, text, told) from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error, told) from error
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
