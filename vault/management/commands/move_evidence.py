"""`manage.py move_evidence --to s3`: from disk to S3 or back, while the portal runs."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from vault.enums import Place
from vault.moving import move, waiting
from vault.places import Unreachable
from vault.progress import Progress, in_bytes


class Command(BaseCommand):
    help = (
        "Move checked files to the other place: each is copied, read again there and compared, and then removed "
        "here. Interrupt it whenever you like and start it again. Ends with status 1 when a file could not be moved."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("--to", choices=[Place.DISK.value, Place.S3.value], required=True)
        parser.add_argument("--limit", type=int, metavar="N", help="at most N objects this time")

    def handle(self, *args, to: str, limit: int | None, **options) -> None:
        if to != settings.EVIDENCE_PLACE:
            self.stderr.write(f"New files still go to the other place: set PORTAL_EVIDENCE_PLACE={to}.")
        sizes = [size for _path, size, _sha256 in waiting(to=Place(to))[:limit]]
        progress, failed = Progress(len(sizes), sum(sizes)), 0
        try:
            for outcome in move(to=Place(to), limit=limit):
                if outcome.error:
                    failed += 1
                    self.stdout.write(f"not moved  {outcome.path}  {outcome.error}")
                else:
                    progress.add(outcome.size)
        except Unreachable as error:
            raise CommandError(f"{error}\nThe files are where they were.", returncode=2) from error
        finally:
            progress.end()
            left = waiting(to=Place(to)).count()
            self.stdout.write(f"Moved to {to}: {progress.objects:,} ({in_bytes(progress.size)}). Left: {left:,}.")
        if failed:
            raise CommandError(f"{failed} could not be moved; see above. Run it again when that is mended.")
