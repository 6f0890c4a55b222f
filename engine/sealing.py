"""Secrets that must be stored: sealed with a key that is not in the database (Fernet: AES-128-CBC with HMAC-SHA256)."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken

from engine.errors import SealBroken
from engine.settings import Settings


def seal(settings: Settings, text: str) -> str:
    """`text` as it is stored."""
    return _box(settings).encrypt(text.encode()).decode()


def unseal(settings: Settings, sealed: str) -> str:
    """What was sealed. Raises SealBroken when the key is another one."""
    try:
        return _box(settings).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken from None


def mark(settings: Settings, text: str) -> str:
    """HMAC-SHA256 of `text` in hex, under a key that is not in the database: nobody finds the text by trying."""
    return hmac.new(_key(settings, "mark"), text.encode(), hashlib.sha256).hexdigest()


def _box(settings: Settings) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key(settings, "seal")))


def _key(settings: Settings, use: str) -> bytes:
    return hashlib.sha256(f"troika {use}\n{settings.seal_key or settings.secret_key}".encode()).digest()
