"""A certificate of the portal's own, for the demo: it shows how signatures work, and nobody needs to trust it."""

from __future__ import annotations

import datetime
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from django.utils import timezone

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Compliance supervision portal (self-signed)")])
USAGES = ("digital_signature", "content_commitment")
NOT_USED_FOR = (
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
VALID_FOR = datetime.timedelta(days=3650)


def make_certificate(path: Path) -> None:
    """A new key and its self-signed certificate as PKCS#12; of workers that do so at once, one wins."""
    with tempfile.NamedTemporaryFile(dir=path.parent) as file:  # only its owner may read it
        file.write(_self_signed())
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)


def _self_signed() -> bytes:
    key, now = ec.generate_private_key(ec.SECP256R1()), timezone.now()
    usage = x509.KeyUsage(**dict.fromkeys(USAGES, True), **dict.fromkeys(NOT_USED_FOR, False))
    certificate = (
        x509.CertificateBuilder(NAME, NAME, key.public_key(), x509.random_serial_number(), now, now + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, SHA256())
    )
    return pkcs12.serialize_key_and_certificates(None, key, certificate, None, NoEncryption())
