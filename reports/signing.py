"""Sign a PDF (PAdES), so that any reader of PDF shows who issued it and that nothing was changed. Workers only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter

from reports.certificates import make_certificate

HOW = PdfSignatureMetadata(
    field_name="Seal",
    md_algorithm="sha256",
    subfilter=SigSeedSubFilter.PADES,
    certify=True,
    docmdp_permissions=MDPPerm.NO_CHANGES,
)


def signed(pdf: bytes) -> bytes:
    """The PDF with a signature that allows no change after it; as it is where the site has no certificate."""
    if not settings.SIGNING_CERTIFICATE:
        return pdf
    signer = _signer(Path(settings.SIGNING_CERTIFICATE), settings.SIGNING_PASSWORD.encode())
    # pyHanko runs an event loop, which a thread that has one already refuses.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_sign, pdf, signer).result()


def _sign(pdf: bytes, signer: SimpleSigner) -> bytes:
    return sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), HOW, signer=signer).getvalue()


@cache
def _signer(path: Path, password: bytes) -> SimpleSigner:
    if settings.SIGNS_WITH_ITS_OWN and not path.exists():
        make_certificate(path)
    signer = SimpleSigner.load_pkcs12(path, passphrase=password or None)
    if signer is None:
        raise ImproperlyConfigured(f"PORTAL_SIGNING_CERTIFICATE: {path} does not open with its password.")
    return signer
