"""Secrets that must be stored: sealed with a key that is not in the database (Fernet: AES-128-CBC with HMAC-SHA256)."""

import base64
import hashlib

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


def _box(settings: Settings) -> Fernet:
    key = settings.seal_key or settings.secret_key
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"troika seal\n" + key.encode()).digest()))
