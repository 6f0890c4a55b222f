"""The key that signs checkpoints: an Ed25519 key in a file that one account of the machine can read."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from engine.errors import N_, EngineError

NEXT = ".next"
"""ends the name of a key that is to sign from the next checkpoint on, until that one is stored"""


class AnchorKeyMissing(EngineError):
    """Checkpoints were made, but the key that signed them is not there."""

    message = N_("Expected the key that signs checkpoints at {file}, found nothing.")
    hint = N_("Put the key file back, or name it in TROIKA_ANCHOR_KEY; a new key would not be believed.")
    status = 500


class AnchorKeyUnsafe(EngineError):
    """A key file that others may read, or that holds no such key."""

    message = N_("Expected an Ed25519 key in {file} that nobody else can read, found {found}.")
    hint = N_("Let only the account that anchors read it: chmod 600.")
    status = 500


@dataclass(frozen=True)
class Key:
    """`public` in hex is its name."""

    file: Path
    private: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """64 hex digits, to be printed and compared."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, text: bytes) -> bytes:
        """64 bytes."""
        return self.private.sign(text)


def readable(file: Path) -> bool:
    """Whether this process is one that may sign, or may make the first key."""
    if file.exists():
        return os.access(file, os.R_OK)
    folder = next(parent for parent in (file.parent, *file.parent.parents) if parent.exists())
    return os.access(folder, os.W_OK)


def read(file: Path) -> Key:
    """Raises AnchorKeyMissing, AnchorKeyUnsafe."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise AnchorKeyMissing(file=file) from None
    except PermissionError:
        raise AnchorKeyUnsafe(file=file, found=N_("a file that this process may not read")) from None
    except OSError as error:
        raise AnchorKeyUnsafe(file=file, found=error.strerror or type(error).__name__) from error
    mode = stat.S_IMODE(file.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise AnchorKeyUnsafe(file=file, found=f"mode {mode:03o}")
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AnchorKeyUnsafe(file=file, found=N_("something else")) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise AnchorKeyUnsafe(file=file, found=type(private).__name__)
    return Key(file, private)


def make(file: Path) -> Key:
    """A new key. Raises FileExistsError rather than writing over one."""
    private = Ed25519PrivateKey.generate()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    return Key(file, private)


def next_of(file: Path) -> Path:
    """Where the next key waits."""
    return file.with_name(file.name + NEXT)


def take_over(file: Path, retired: str) -> None:
    """The next key takes the place of the one with the public half `retired`, which is kept beside it."""
    if file.exists():
        file.replace(file.with_name(f"{file.name}.{retired[:16]}"))
    next_of(file).replace(file)
