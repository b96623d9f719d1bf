"""`manage.py record_bounces [--maildir DIR]`: mail that came back, from a Maildir or one message on standard input."""

import sys
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.notices.bounces import read_maildir, record


class Command(BaseCommand):
    help = "Record delivery status notifications. Without a Maildir it reads one from standard input, as in a pipe."

    def add_arguments(self, parser):
        parser.add_argument("--maildir", type=Path, help="instead of PORTAL_BOUNCE_MAILDIR")

    def handle(self, *args, maildir: Path | None, **options):
        maildir = maildir or (Path(settings.BOUNCE_MAILDIR) if settings.BOUNCE_MAILDIR else None)
        if maildir is None:
            self.stdout.write(f"{record(sys.stdin.buffer.read())}")
            return
        if not (maildir / "new").is_dir():
            raise CommandError(f"{maildir} is no Maildir.")
        for fate, count in sorted(read_maildir(maildir).items()):
            self.stdout.write(f"{fate}: {count}")
