"""`manage.py send_reminders [--date 2026-11-22]`: what the beat does on the morning of a working day, by hand."""

import datetime

from django.core.management.base import BaseCommand
from django.utils import timezone

from portal.notices.reminders.planning import plan_all


class Command(BaseCommand):
    help = "Write the reminders that are due and were not yet written; the worker sends them."

    def add_arguments(self, parser):
        parser.add_argument("--date", type=datetime.date.fromisoformat, help="as of this day instead of today")

    def handle(self, *args, date: datetime.date | None, **options):
        told = plan_all(today=date or timezone.localdate())
        for kind, stages in told.items():
            listed = ", ".join(f"{stage}: {count}" for stage, count in sorted(stages.items()))
            if stages:
                self.stdout.write(f"{kind}: {sum(stages.values())} notices ({listed})")
        if not any(told.values()):
            self.stdout.write("Nothing new to remind of.")
