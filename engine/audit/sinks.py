"""Where checkpoints go: somewhere that whoever owns the database cannot reach. A further kind is a class more here."""

import json
import os
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from engine import mailing
from engine.errors import N_, EngineError, MailRefused
from engine.outbound import OutboundFailed
from engine.settings import Settings

_LETTER = """Checkpoint {number} of the record of {host}, of {at}. 操作记录的检查点 {number}。

Keep the attachment in a folder with the others, as it is. The record is verified against that folder:
请将附件原样存入同一文件夹，用该文件夹验证操作记录：

    troika audit verify --anchors FOLDER --keys KEYS

root 根哈希    {root}
key 公钥       {key}

Compare the key with the printed one. A number that is missing, or that comes twice with another root, tells of a record
that was rewritten.
请与印刷的公钥核对。编号缺失，或同一编号出现不同的根哈希，说明记录可能被改写。
"""


class SinkUnreachable(EngineError):
    """A checkpoint could not be sent; it is tried again."""

    message = N_("Expected to store checkpoint {number} in {sink}: {found}")
    hint = N_("Check that the folder is mounted and writable, or the mail server; the next round tries again.")
    status = 500


class SinkConflict(EngineError):
    """Another checkpoint lies where this one should: one of them was rewritten."""

    message = N_("Expected no other checkpoint {number} in {sink}, found one that differs.")
    hint = N_("Run troika audit verify: either was rewritten, or an older state of the database was put back.")
    status = 409


class Sink(Protocol):
    """A place for checkpoints. What was stored once is never changed."""

    name: str
    readable: bool
    """whether what was stored can be asked for: storing it again is harmless then"""

    def put(self, number: int, content: bytes) -> datetime | None:
        """Store a checkpoint; the time that the place tells, if it does. Raises SinkUnreachable, SinkConflict."""

    def read(self) -> dict[int, bytes]:
        """All that were stored, by number. Raises SinkUnreachable."""

    def trouble(self) -> str:
        """What stands in the way of the next checkpoint, "" when nothing does."""


class FolderSink:
    """A folder, best on a volume of another machine, mounted so that files can be added and not changed."""

    readable = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"file:{folder}"

    def put(self, number: int, content: bytes) -> datetime:
        """Written beside and moved into place, so that half a file is never taken for one."""
        file = self.folder / file_name(number)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not file.exists():
                beside = file.with_suffix(f".{os.getpid()}")
                with beside.open("wb") as opened:
                    opened.write(content)
                    opened.flush()
                    os.fsync(opened.fileno())
                beside.chmod(0o444)
                try:
                    os.link(beside, file)  # fails where somebody was faster: nothing is overwritten
                except FileExistsError:
                    pass
                finally:
                    beside.unlink()
            if file.read_bytes() != content:
                raise SinkConflict(number=number, sink=self.name)
            return datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except OSError as error:
            raise SinkUnreachable(number=number, sink=self.name, found=error) from error

    def read(self) -> dict[int, bytes]:
        """Nothing where the folder is not there yet."""
        try:
            return {int(file.stem): file.read_bytes() for file in sorted(self.folder.glob("[0-9]*.json"))}
        except (OSError, ValueError) as error:
            raise SinkUnreachable(number="…", sink=self.name, found=error) from error

    def trouble(self) -> str:
        """A folder that is not there yet is made."""
        there = next(path for path in (self.folder, *self.folder.parents) if path.exists())
        if not there.is_dir():
            return f"{there} is no folder"
        return "" if os.access(there, os.W_OK) else f"{there} is not writable"


class MailSink:
    """The mailbox of auditors, from which nothing is read back: they keep what they get."""

    readable = False

    def __init__(self, settings: Settings, address: str) -> None:
        self.settings, self.address = settings, address
        self.name = f"mail:{address}"

    def put(self, number: int, content: bytes) -> None:
        """One mail with the checkpoint and its leaves as a file, all of them in one thread."""
        try:
            mailing.send(self.settings, self._letter(number, content))
        except (OutboundFailed, MailRefused) as error:
            raise SinkUnreachable(number=number, sink=self.name, found=error) from error

    def _letter(self, number: int, content: bytes) -> EmailMessage:
        told = json.loads(content)["checkpoint"]
        host = urlsplit(self.settings.site_url).hostname or "localhost"
        message = EmailMessage()
        message["From"] = Address("Troika", addr_spec=self.settings.mail_from)
        message["To"] = Address(addr_spec=self.address)
        message["Subject"] = f"Troika {host}: checkpoint {number} 检查点 {number}"
        message["Message-ID"] = f"<checkpoint-{number}-{told['root'][:16]}@{host}>"
        message["In-Reply-To"] = message["References"] = f"<checkpoints@{host}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(_LETTER.format(host=host, **told))
        message.add_attachment(content, maintype="application", subtype="json", filename=file_name(number))
        return message

    def read(self) -> dict[int, bytes]:
        """Nothing: what auditors have saved is named to `troika audit verify --anchors`."""
        return {}

    def trouble(self) -> str:
        """Whether the mail server answers."""
        try:
            mailing.reach(self.settings)
        except (OutboundFailed, MailRefused) as error:
            return str(error)
        return ""


def file_name(number: int) -> str:
    """Of the file of a checkpoint, wherever it lies."""
    return f"{number:010d}.json"


def sinks(settings: Settings) -> list[Sink]:
    """Those that TROIKA_ANCHOR_SINK names, folders first: what is sent cannot be taken back."""
    found: list[Sink] = []
    for text in sorted(settings.sinks, key=lambda one: one.startswith("mail:")):
        kind, _, place = text.partition(":")
        found.append(MailSink(settings, place) if kind == "mail" else FolderSink(Path(place)))
    return found
