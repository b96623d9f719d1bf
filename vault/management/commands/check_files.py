from argparse import ArgumentParser
from collections import Counter
from typing import Any
from uuid import UUID

from django.core.management import BaseCommand, CommandError

from vault import scanner
from vault.checking import check, rescan
from vault.enums import FileState
from vault.models import StoredFile
from vault.scanner import ScannerDown

SILENT = "The malware scanner does not answer; files wait."


class Command(BaseCommand):
    help = "Check the files that wait, here and now; or scan again those that passed, with today's signatures."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--again", action="store_true", help="scan again what passed; malware is quarantined")

    def handle(self, *, again: bool, **_options: Any) -> None:
        if again and not scanner.exists():
            raise CommandError("This site has no scanner (PORTAL_CLAMD=none).")
        if not scanner.answers_now() and scanner.exists():
            raise CommandError(SILENT)
        rows = StoredFile.objects.clean() if again else StoredFile.objects.waiting()
        states: Counter[str] = Counter()
        for key in list(rows.order_by("received_at").values_list("pk", flat=True)):
            states[self._look(key, again)] += 1
        total = sum(states.values())
        self.stdout.write(
            f"{total} files: {states[FileState.CLEAN]} clean, {states[FileState.REFUSED]} refused,"
            f" {states[FileState.QUARANTINED]} quarantined, {states[FileState.RECEIVED]} waiting."
        )

    def _look(self, key: UUID, again: bool) -> str:
        try:
            (rescan if again else check)(stored_id=key)
        except ScannerDown as error:
            raise CommandError(SILENT) from error
        except FileNotFoundError:
            self.stderr.write(f"{key}: the bytes are missing; manage.py verify_evidence says more.")
        return StoredFile.objects.values_list("state", flat=True).get(pk=key)
