"""`manage.py verify_evidence` against `sha256sum` over the same files."""

from __future__ import annotations

import hashlib
import io
import random
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from portal.accounts.actions import create_institution
from portal.accounts.credit_code import check_character
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Region, User
from tests.bench.databases import Bench
from tests.bench.figures import figure
from tests.bench.timing import interleaved, seconds
from vault.enums import FileState, Place
from vault.models import StoredFile
from vault.places import vault_path

MB = 1024 * 1024
# Scans and presentations, reports, and a lot of small documents: 400 MB in 1,047 files.
SIZES = [50 * MB] * 3 + [8 * MB] * 14 + [MB] * 100 + [40_000] * 930
CODE = "91310000BENCH0000"


@figure("verify_evidence_throughput", unit="×", at_least=0.8)
def verify_evidence_throughput(bench: Bench) -> float:
    """Bytes a second of verify_evidence, rows and all, over those of sha256sum on one core; the files are cached."""
    # A disk of its own: what other figures left there would be orphans to this database.
    with (
        TemporaryDirectory(dir=settings.DATA_DIR) as disk,
        override_settings(MEDIA_ROOT=disk),
        bench.using(bench.empty()),
        transaction.atomic(),
    ):
        files = _files()
        runs = {"sha256sum": lambda: seconds(lambda: _sha256sum(files)), "verify_evidence": lambda: seconds(_verify)}
        taken = interleaved(runs, rounds=7, warm_up=1)
        transaction.set_rollback(True)
    bench.say(f"  {sum(SIZES) / MB:.0f} MB in {len(files)} files: {taken}")
    return taken.ratio("sha256sum", "verify_evidence")


def _files() -> list[Path]:
    rng = random.Random(1)
    region, _is_new = Region.objects.get_or_create(code="bench", defaults={"name": "示例"})
    institution = create_institution(
        name="示例证券有限公司",
        kind=InstitutionKind.SECURITIES,
        region=region,
        credit_code=CODE + check_character(CODE),
        by=None,
    )
    person = User.objects.create_user("bench@bench.example")
    rows, paths = [], []
    for number, size in enumerate(SIZES):
        content = rng.randbytes(size)
        sha256 = hashlib.sha256(content).hexdigest()
        row = StoredFile(
            institution=institution,
            name=f"{number}.pdf",
            content_type="application/pdf",
            size=size,
            sha256=sha256,
            sm3="0" * 64,
            place=Place.DISK,
            path=vault_path(institution.pk, sha256),
            uploaded_by=person,
            state=FileState.CLEAN,
            checked_at=timezone.now(),
        )
        path = Path(settings.MEDIA_ROOT, row.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        rows.append(row)
        paths.append(path)
    StoredFile.objects.bulk_create(rows)
    return paths


def _sha256sum(files: list[Path]) -> None:
    subprocess.run(["sha256sum", *files], check=True, stdout=subprocess.DEVNULL)


def _verify() -> None:
    call_command("verify_evidence", stdout=io.StringIO())
