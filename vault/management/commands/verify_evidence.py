"""`manage.py verify_evidence`: prove that the storage holds what the portal says, or name what it doesn't."""

from __future__ import annotations

import json
from collections import Counter
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.models import Institution
from vault.cleanup import remove_orphans
from vault.places import Unreachable
from vault.progress import Progress, in_bytes
from vault.strays import Stray, StrayKind, strays
from vault.verification import Reading, total, verify

KINDS = ("missing", "changed", "orphaned", "unreadable")


class Command(BaseCommand):
    help = (
        "Re-read checked files, compare size and SHA-256, and look for objects that no row names. Ends with status 1 "
        "when anything is missing, changed, orphaned or unreadable. Faults that are gone are cleared."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("--institution", metavar="CODE", help="only this one's files, by its credit code")
        parser.add_argument(
            "--limit-bytes", type=int, metavar="N", help="stop after N bytes; what was read longest ago comes first"
        )
        parser.add_argument("--sm3", action="store_true", help="compare SM3, too")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
        parser.add_argument("--remove-orphans", action="store_true", help="afterwards, those older than a day")

    def handle(self, *args, **options) -> None:
        try:
            result = self._verify(_institution_id(options["institution"]), options)
            removed = remove_orphans() if options["remove_orphans"] else 0
        except Unreachable as error:
            raise CommandError(f"{error}\nNothing was noted on the files of that place.", returncode=2) from error
        self._print(result, removed, as_json=options["json"])
        if result["problems"]:
            raise CommandError("The storage does not hold what it should. docs/operations.md says what to do.")

    def _verify(self, institution_id: int | None, options: dict[str, Any]) -> dict[str, Any]:
        progress = Progress(*total(institution_id))
        problems = []
        readings = verify(institution_id=institution_id, limit_bytes=options["limit_bytes"], with_sm3=options["sm3"])
        for reading in readings:
            progress.add(reading.content.size)
            if reading.fault or reading.unreadable:
                problems.append(_of_reading(reading))
        progress.end()
        orphans = (_of_stray(stray) for stray in strays(institution_id) if stray.kind is StrayKind.ORPHAN)
        return {"objects": progress.objects, "bytes": progress.size, "problems": list(chain(problems, orphans))}

    def _print(self, result: dict[str, Any], removed: int, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({**result, "orphans_removed": removed}, ensure_ascii=False, indent=2))
            return
        for problem in result["problems"]:
            self.stdout.write("{kind:<11} {place}:{path}  {detail}".format(**problem))
        counts = Counter(problem["kind"] for problem in result["problems"])
        found = ", ".join(f"{kind} {counts[kind]:,}" for kind in KINDS)
        self.stdout.write(f"Read: {result['objects']:,} ({in_bytes(result['bytes'])}). Found: {found}.")
        if removed:
            self.stdout.write(f"Orphans removed: {removed:,}.")


def _institution_id(code: str | None) -> int | None:
    if not code:
        return None
    institution = Institution.objects.filter(credit_code=code).only("pk").first()
    if institution is None:
        raise CommandError(f"No institution has the credit code {code}.")
    return institution.pk


def _of_reading(reading: Reading) -> dict[str, Any]:
    content = reading.content
    return {
        "kind": reading.fault or "unreadable",
        "place": content.place,
        "path": content.path,
        "sha256": content.sha256,
        "detail": reading.detail,
    }


def _of_stray(stray: Stray) -> dict[str, Any]:
    detail = f"{stray.lying.size} bytes, since {stray.lying.modified_at:%Y-%m-%d %H:%M} UTC"
    return {"kind": "orphaned", "place": stray.place, "path": stray.lying.path, "detail": detail}
