"""`manage.py send_reminders [--date 2026-11-22]`: what the beat does each morning, by hand."""

import datetime

from django.core.management.base import BaseCommand

from tasks.reminders import send_reminders


class Command(BaseCommand):
    help = "Write the reminders that are due and were not yet written; the worker mails them."

    def add_arguments(self, parser):
        parser.add_argument("--date", type=datetime.date.fromisoformat, help="as of this day instead of today")

    def handle(self, *args, date: datetime.date | None, **options):
        told = send_reminders(today=date)
        stages = ", ".join(f"{stage}: {count}" for stage, count in sorted(told.items()))
        self.stdout.write(f"{sum(told.values())} notices ({stages})" if told else "Nothing new to remind of.")
