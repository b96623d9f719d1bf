"""Secrets of webhooks, encrypted in the database under a key made from the site's own."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def seal(text: str) -> str:
    """What may be stored; nothing stays nothing."""
    return _cipher().encrypt(text.encode()).decode() if text else ""


def unseal(text: str) -> str:
    """The secret again; empty when it was sealed under another key of the site, and must be entered anew."""
    try:
        return _cipher().decrypt(text.encode()).decode() if text else ""
    except InvalidToken:
        return ""


def _cipher() -> Fernet:
    key = hashlib.sha256(b"portal.notices.secrets:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
