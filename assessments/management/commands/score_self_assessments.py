"""`manage.py score_self_assessments`: once, after the update that brought scores.

A command and not a migration: it reads every signed content, minutes of work where there are 25,000 institutions,
and the portal is in order meanwhile. A second run finds nothing left.
"""

from django.core.management.base import BaseCommand

from assessments.actions import score_signed


class Command(BaseCommand):
    help = "Keep the scores of self-assessments that were signed before scores were kept."

    def handle(self, *args, **options):
        count = score_signed()
        self.stdout.write(
            f"{count} self-assessments scored." if count else "Every signed self-assessment has its scores."
        )
