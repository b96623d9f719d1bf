"""Reports bear a signature that a validator accepts, and that a changed byte breaks."""

import io
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from reports import signing
from reports.certificates import make_certificate
from reports.rendering import to_pdf
from tests.factories.reports import document

HTML = "<html lang=en><title>Report</title><p>Figures</p></html>"


@pytest.fixture
def own(settings, tmp_path):
    """The site's certificate is made when it is first needed."""
    settings.SIGNING_CERTIFICATE, settings.SIGNS_WITH_ITS_OWN = str(tmp_path / "signing.p12"), True
    return Path(settings.SIGNING_CERTIFICATE)


def validated(pdf: bytes, by: Path) -> PdfSignatureStatus:
    [signature] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    trusted = ValidationContext(trust_roots=[signing._signer(by, b"").signing_cert])
    return aside(validate_pdf_signature, signature, trusted)


def aside(work: Callable[..., Any], *values: Any) -> Any:
    """In a thread of its own: pyHanko runs an event loop, and the browser's tests leave one running in this."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work, *values).result()


def test_the_validator_is_content(own):
    assert validated(aside(to_pdf, document(HTML)), own).bottom_line
    assert stat.S_IMODE(own.stat().st_mode) == 0o600


def test_a_changed_byte_is_detected(own):
    pdf = bytearray(aside(to_pdf, document(HTML)))
    pdf[pdf.index(b"stream") + 20] ^= 1
    status = validated(bytes(pdf), own)
    assert not status.intact
    assert not status.bottom_line


def test_a_certificate_is_made_once(own):
    make_certificate(own)
    first = own.read_bytes()
    make_certificate(own)
    assert own.read_bytes() == first


def test_a_site_without_a_certificate_does_not_sign(settings):
    settings.SIGNING_CERTIFICATE = ""
    assert not PdfFileReader(io.BytesIO(to_pdf(document(HTML)))).embedded_signatures


def test_a_certificate_that_does_not_open_is_told(own, settings):
    own.write_bytes(b"no certificate")
    with pytest.raises(ImproperlyConfigured, match="PORTAL_SIGNING_CERTIFICATE"):
        to_pdf(document(HTML))
    settings.SIGNS_WITH_ITS_OWN = False
    own.unlink()
    with pytest.raises(ImproperlyConfigured):
        to_pdf(document(HTML))
