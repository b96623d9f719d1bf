from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from reports.models import Report
from reports.packages.archive import measure


class Command(BaseCommand):
    help = (
        "Say whether a file is exactly a report that the portal issued: exit code 0 if so, 1 if not, 2 if unreadable."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)

    def handle(self, *args, **options):
        path = options["file"]
        try:
            with path.open("rb") as file:
                _size, digest = measure(file)
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror}.", returncode=2) from error
        report = Report.objects.issued_as(digest).first()
        if report is None:
            raise CommandError(f"{path} is not as issued: no report has these bytes. SHA-256 {digest.sha256}")
        if report.is_draft:
            raise CommandError(f"{path} is a draft of {report.title}, as it was made. It was never issued.")
        with translation.override(report.language):
            self._describe(report)

    def _describe(self, report: Report) -> None:
        self.stdout.write(f"As issued: {report.title} {report.number}")
        self.stdout.write(f"Of: {report.body.local_name}, {report.about}")
        if report.as_at:
            self.stdout.write(f"Data as of: {_moment(report.as_at)}")
        if report.is_issued:
            self.stdout.write(f"Approved by: {report.composition.approved_by.name}")
        self.stdout.write(f"Issued on: {_moment(report.finished_at)}")
        if newer := report.superseded_by:
            self.stdout.write(f"Superseded by: {newer.number}, data as of {_moment(newer.as_at)}")


def _moment(at) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
