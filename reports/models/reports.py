"""Reports that workers make. The row is the queue: a lost message or a killed worker loses nothing."""

from __future__ import annotations

import uuid
from errno import ENOSPC

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import Authority, Institution
from reports.enums import OVER, ReportKind, ReportState, ReportStep, SheetFormat, Subject
from reports.glyphs import Character, named
from reports.querysets import ReportQuerySet
from reports.verification.codes import grouped
from tasks.past import AT

K = ReportKind
S = ReportState

# Extension and content type of the file, where it is no PDF.
PDF = ("pdf", "application/pdf")
XLSX = ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
ZIP = ("zip", "application/zip")
CSV = ("csv", "text/csv; charset=utf-8")
SHEETS = {SheetFormat.XLSX: XLSX, SheetFormat.CSV: CSV}
FORMATS = {
    K.EVIDENCE_PACKAGE: ZIP,
    K.BATCH: ZIP,
    K.LEDGER: XLSX,
    K.PROOF: XLSX,
}


def report_path(report: Report, filename: str = "") -> str:
    """A name of its own for each attempt: what a killed one left behind is in nobody's way."""
    return f"reports/{report.pk}-{report.retries}-{report.attempts}.{report.extension}"


def workbook_path(report: Report, filename: str = "") -> str:
    """Beside the PDF."""
    return report_path(report, filename).removesuffix(report.extension) + XLSX[0]


class Report(models.Model):
    """One report asked for, its progress, and the file when it is done.

    A package is about `institution`, or one `assignment` of it; with `authority` a supervisor asked for it, and it
    is that authority's. So is the proof of delivery, which is about no plan but a period, both days included; and so
    are rows found in the explorer, with the `query` that found them, the `columns` shown and the `format`.
    A report on one institution may be its own, or an authority's. One on a `self_assessment` or a `task` is about
    that; reports of a `batch` are made together, and packed into its file; a batch has the `query` that narrowed its
    scope, and `rows_total` members. `day` is the past day that figures speak of; without one they are those of the
    moment the report is made. A report of a `composition` is a draft of it, as it stood at `revision`, or what its
    approval issued.
    `heartbeat_at` is renewed at each step; a report whose worker died is taken up by the next one. While pages are
    laid out, `page` is the last one; once it is known how many there are, they are written out again as `page` of
    `pages`. `retries` counts how often it was asked for once more, with all its attempts. `error` is for
    operators; `refusal` tells the reader why it was not made, in the report's language. The file of a package is
    removed after some days (`removed_at`): it holds copies, which must not outlive evidence. So is that of a batch,
    whose members stay. A PDF is sealed: it bears
    a `code` by which anyone with the file can check it, and its figures are those of the moment `as_at`; those made
    before there were seals have neither. `missing_characters` had no glyph where it was made (reports/glyphs.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=ReportKind.choices)
    plan = models.ForeignKey("plan.Plan", null=True, blank=True, on_delete=models.PROTECT, related_name="reports")
    institution = models.ForeignKey(
        "accounts.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="reports"
    )
    authority = models.ForeignKey(
        "accounts.Authority", null=True, blank=True, on_delete=models.PROTECT, related_name="reports"
    )
    assignment = models.ForeignKey(
        "tasks.Assignment", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    self_assessment = models.ForeignKey(
        "assessments.SelfAssessment", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    task = models.ForeignKey("plan.Task", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="members")
    day = models.DateField(null=True, blank=True)
    schedule = models.ForeignKey(
        "reports.ReportSchedule", null=True, blank=True, on_delete=models.PROTECT, related_name="reports"
    )
    composition = models.ForeignKey(
        "reports.Composition", null=True, blank=True, on_delete=models.PROTECT, related_name="reports"
    )
    is_draft = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(null=True, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    subject = models.CharField(max_length=20, choices=Subject.choices, blank=True)
    query = models.TextField(blank=True)
    columns = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    format = models.CharField(max_length=10, choices=SheetFormat.choices, blank=True)
    rows_done = models.PositiveIntegerField(null=True, blank=True)
    rows_total = models.PositiveIntegerField(null=True, blank=True)
    page = models.PositiveIntegerField(null=True, blank=True)
    pages = models.PositiveIntegerField(null=True, blank=True)
    language = models.CharField(max_length=10, default="zh-hans")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=S.choices, default=S.QUEUED)
    step = models.CharField(max_length=10, choices=ReportStep.choices, default=ReportStep.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    retries = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    refusal = models.TextField(blank=True)
    file = models.FileField(upload_to=report_path, blank=True, max_length=200)
    size = models.PositiveBigIntegerField(null=True, blank=True, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True)
    sm3 = models.CharField(max_length=64, blank=True)
    workbook = models.FileField(upload_to=workbook_path, blank=True, max_length=200)
    workbook_size = models.PositiveBigIntegerField(null=True, blank=True, help_text="Bytes.")
    workbook_sha256 = models.CharField(max_length=64, blank=True)
    workbook_sm3 = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=12, null=True, blank=True, unique=True)
    as_at = models.DateTimeField(null=True, blank=True)
    missing_characters = models.TextField(blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(
                name="report_has_its_scope",
                condition=Q(kind__in=[K.STATUS, K.ASSESSMENT], institution__isnull=False, assignment=None)
                | Q(
                    kind__in=[K.SUPERVISORY, K.TASK, K.BATCH, K.LEDGER, K.EXPORT],
                    institution=None,
                    authority__isnull=False,
                    assignment=None,
                )
                | Q(kind=K.EVIDENCE_PACKAGE, institution__isnull=False)
                | Q(kind=K.PROOF, institution__isnull=False, assignment=None),
            ),
            models.CheckConstraint(
                name="report_has_its_self_assessment_or_task",
                condition=Q(kind=K.ASSESSMENT, self_assessment__isnull=False, task=None)
                | Q(kind=K.TASK, self_assessment=None, task__isnull=False)
                | (~Q(kind__in=[K.ASSESSMENT, K.TASK]) & Q(self_assessment=None, task=None)),
            ),
            models.CheckConstraint(
                name="report_has_its_plan_or_period",
                condition=Q(
                    kind=K.PROOF,
                    plan=None,
                    starts_on__isnull=False,
                    ends_on__isnull=False,
                    starts_on__lte=F("ends_on"),
                )
                | Q(kind=K.EXPORT, plan=None, starts_on=None, ends_on=None)
                | (~Q(kind__in=[K.PROOF, K.EXPORT]) & Q(plan__isnull=False, starts_on=None, ends_on=None)),
            ),
            models.CheckConstraint(
                name="report_of_rows_has_subject_and_format",
                condition=Q(kind=K.EXPORT, subject__in=Subject.values, format__in=SheetFormat.values)
                | (~Q(kind=K.EXPORT) & Q(subject="", format="")),
            ),
            models.CheckConstraint(
                name="report_draft_is_of_a_composition",
                condition=Q(is_draft=False) | Q(composition__isnull=False),
            ),
            models.UniqueConstraint(
                name="composition_issued_once", fields=["composition"], condition=Q(is_draft=False)
            ),
            models.CheckConstraint(
                name="report_that_collects_is_a_batch", condition=~Q(state=S.COLLECTING) | Q(kind=K.BATCH)
            ),
            models.CheckConstraint(
                name="report_done_has_its_file",
                condition=~Q(state=S.DONE) | (Q(finished_at__isnull=False) & ~Q(file="") & ~Q(sha256="")),
            ),
            models.CheckConstraint(
                name="report_workbook_has_its_digests",
                condition=Q(workbook="", workbook_sha256="", workbook_sm3="")
                | (Q(workbook_size__isnull=False) & ~Q(workbook="") & ~Q(workbook_sha256="") & ~Q(workbook_sm3="")),
            ),
            models.CheckConstraint(
                name="report_of_schedule_has_its_period", condition=Q(schedule=None) | Q(day__isnull=False)
            ),
            models.UniqueConstraint(
                name="report_of_schedule_once",
                fields=["schedule", "day"],
                condition=Q(schedule__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["institution", "-requested_at"], name="report_of_institution"),
            models.Index(
                fields=["authority", "-requested_at"], condition=Q(batch=None), name="report_listed_of_authority"
            ),
            models.Index(
                fields=["batch", "state", "heartbeat_at"], condition=Q(batch__isnull=False), name="report_of_batch"
            ),
            models.Index(
                fields=["requested_at"],
                condition=Q(state__in=[S.COLLECTING, S.QUEUED, S.RENDERING]),
                name="report_not_over",
            ),
            models.Index(
                fields=["finished_at"],
                condition=Q(kind__in=[K.EVIDENCE_PACKAGE, K.BATCH], state=S.DONE, removed_at=None),
                name="report_zip_kept",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.institution or self.authority}"

    def get_absolute_url(self) -> str:
        return reverse("reports:detail", args=[self.pk])

    @property
    def body(self) -> Institution | Authority:
        """Whose the report is: the body for which it was asked for."""
        return self.authority or self.institution

    @property
    def is_package(self) -> bool:
        return self.kind == K.EVIDENCE_PACKAGE

    @property
    def is_ledger(self) -> bool:
        return self.kind == K.LEDGER

    @property
    def is_proof(self) -> bool:
        return self.kind == K.PROOF

    @property
    def is_export(self) -> bool:
        return self.kind == K.EXPORT

    @property
    def is_batch(self) -> bool:
        return self.kind == K.BATCH

    @property
    def found_url(self) -> str:
        """The explorer's page of what an export holds, as it is now."""
        return f"{reverse(f'explorer:{self.subject}')}?{self.query}"

    @property
    def is_pdf(self) -> bool:
        return self.extension == PDF[0]

    @property
    def shown_code(self) -> str:
        """The verification code in groups, as it is printed; empty before there is one."""
        return grouped(self.code or "")

    @property
    def missing(self) -> list[Character]:
        return named(self.missing_characters)

    @property
    def superseded_by(self) -> Report | None:
        """The newest report that says the same at a later moment."""
        return type(self).objects.superseding(self).first() if self.as_at else None

    @property
    def is_sheet(self) -> bool:
        """Rows as a spreadsheet, whose downloads are recorded one by one."""
        return self.extension in SheetFormat.values

    @property
    def extension(self) -> str:
        return self._file_format[0]

    @property
    def content_type(self) -> str:
        return self._file_format[1]

    @property
    def _file_format(self) -> tuple[str, str]:
        if self.is_export:
            return SHEETS[SheetFormat(self.format)]
        return FORMATS.get(K(self.kind), PDF)

    @property
    def concerns(self) -> str:
        """Whose work it tells of."""
        return (self.institution or self.authority).local_name

    @property
    def details(self) -> str:
        """Of a PDF, what it is about beside its body and its plan; empty where that says all."""
        said = []
        if self.institution and self.authority:
            said.append(self.institution.local_name)
        if self.task:
            said.append(f"{self.task.number} {self.task.local_title}")
        if self.self_assessment:
            words = {"cycle": self.self_assessment.cycle.local_title, "version": self.self_assessment.version}
            said.append(_("%(cycle)s第 %(version)s 版") % words)
        if self.day:
            said.append(_("截至 %(day)s") % {"day": self.day})
        return " · ".join(said)

    @property
    def about(self) -> str:
        """Beside its body: the plan and its details, the period, or what was looked for and as at which day."""
        if self.is_export:
            day = QueryDict(self.query).get(AT)
            subject = str(self.get_subject_display())
            return _("%(subject)s（截至 %(day)s）") % {"subject": subject, "day": day} if day else subject
        if self.is_proof:
            return f"{self.starts_on:%Y-%m-%d} – {self.ends_on:%Y-%m-%d}"
        return " · ".join(filter(None, [self.plan.local_title, self.is_pdf and self.details]))

    def get_language_display(self) -> str:
        return dict(settings.LANGUAGES)[self.language]

    @property
    def title(self) -> str:
        """What the cover says it is."""
        return self.composition.title if self.composition else str(self.get_kind_display())

    @property
    def is_issued(self) -> bool:
        """Whether an approval made it: it bears the number of that."""
        return self.composition is not None and not self.is_draft

    @property
    def number(self) -> str:
        """What people quote, printed on the cover and shown on the page."""
        if self.is_issued:
            return self.composition.document_number
        return f"{timezone.localtime(self.requested_at):%Y%m%d}-{self.pk.hex[:8].upper()}"

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def found_no_space(self) -> bool:
        """Whether the last attempt failed for want of space in the storage."""
        return f"[Errno {ENOSPC}]" in self.error
