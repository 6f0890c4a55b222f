"""Mails in both languages: what belongs to one request is one thread."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit
from uuid import UUID

from engine.errors import MailRefused
from engine.settings import Settings


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
