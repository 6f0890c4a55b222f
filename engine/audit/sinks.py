"""Where checkpoints go: somewhere that whoever owns the database cannot reach. A further kind is a class more here."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from engine.errors import N_, EngineError
from engine.settings import Settings


class SinkUnreachable(EngineError):
    """A checkpoint could not be sent; it is tried again."""

    message = N_("Expected to store checkpoint {number} in {sink}: {found}")
    hint = N_("Check that the folder is mounted and writable; the next round tries again.")
    status = 500


class SinkConflict(EngineError):
    """Another checkpoint lies where this one should: one of them was rewritten."""

    message = N_("Expected no other checkpoint {number} in {sink}, found one that differs.")
    hint = N_("Run troika audit verify: either was rewritten, or an older state of the database was put back.")
    status = 409


class Sink(Protocol):
    """A place for checkpoints. What was stored once is never changed."""

    name: str

    def put(self, number: int, content: bytes) -> datetime:
        """Store a checkpoint; the time that the place tells. Raises SinkUnreachable, SinkConflict."""

    def read(self) -> dict[int, bytes]:
        """All that were stored, by number. Raises SinkUnreachable."""


class FolderSink:
    """A folder, best on a volume of another machine, mounted so that files can be added and not changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"file:{folder}"

    def put(self, number: int, content: bytes) -> datetime:
        """Written beside and moved into place, so that half a file is never taken for one."""
        file = self.folder / f"{number:010d}.json"
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


def sinks(settings: Settings) -> list[Sink]:
    """Those that TROIKA_ANCHOR_SINK names."""
    return [FolderSink(Path(text.removeprefix("file:"))) for text in settings.sinks]
