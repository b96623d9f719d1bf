"""Reports that lead supervisors compose, and the templates that they begin from."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Region
from reports.composing.enums import CompositionState
from reports.composing.querysets import CompositionQuerySet, ReportTemplateQuerySet
from reports.enums import ReportKind

S = CompositionState
COMPOSED_KINDS = [ReportKind.SUPERVISORY]


class Arrangement(models.Model):
    """Which sections of a kind of report are printed, in which order, with which text, about which institutions.

    `texts` are Markdown by the key of the section that they stand at the head of; `opening` comes before all. The
    scope is the institutions of the `kinds` in the `regions`, given by code and sorted, or in all regions; never more
    than the authority's.
    """

    authority = models.ForeignKey("accounts.Authority", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=ReportKind.choices, default=ReportKind.SUPERVISORY)
    prefix = models.CharField(gettext_lazy("机关代字"), max_length=20)
    sections = ArrayField(models.CharField(max_length=30))
    opening = models.TextField(blank=True)
    texts = models.JSONField(default=dict, blank=True)
    kinds = ArrayField(models.CharField(max_length=20, choices=InstitutionKind.choices))
    all_regions = models.BooleanField(default=True)
    regions = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    class Meta:
        abstract = True

    @property
    def arranged(self) -> dict[str, Any]:
        """What another arrangement takes over from this one."""
        own = {field.name for field in Arrangement._meta.local_fields} - {"authority"}
        return {name: getattr(self, name) for name in own}

    def covers(self, prefix: str = "") -> Q:
        """Its scope, for institutions at a field path."""
        kinds = Q(**{f"{prefix}kind__in": self.kinds})
        return kinds if self.all_regions else kinds & Q(**{f"{prefix}region__code__in": self.regions})

    @property
    def kind_labels(self) -> list[str]:
        return [str(kind.label) for kind in InstitutionKind if kind in self.kinds]

    @property
    def covered_regions(self) -> list[Region]:
        return list(Region.objects.filter(code__in=self.regions))


class ReportTemplate(Arrangement):
    """An arrangement kept under a name, for the authority's next reports."""

    name = models.CharField(gettext_lazy("模板名称"), max_length=80)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = ReportTemplateQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["authority", "name"], name="report_template_name_once")]

    def __str__(self) -> str:
        return self.name


class Composition(Arrangement):
    """A report while it is composed, and what was approved.

    Its figures speak of the end of `day`, a past one, so those who approve it read the very figures that are issued;
    with `starts_on`, they are compared with those before that day. Each save counts `revision` up. `number` counts the
    authority's approvals of the year from 1, without a gap.
    """

    plan = models.ForeignKey("plan.Plan", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(gettext_lazy("报告标题"), max_length=80)
    language = models.CharField(max_length=10, default="zh-hans")
    starts_on = models.DateField(null=True, blank=True)
    day = models.DateField()
    state = models.CharField(max_length=10, choices=S.choices, default=S.COMPOSING)
    revision = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(default=timezone.now)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    number_year = models.PositiveSmallIntegerField(null=True, blank=True)
    number = models.PositiveIntegerField(null=True, blank=True)
    discarded_at = models.DateTimeField(null=True, blank=True)

    institution = None  # the trail's: a composition is its authority's

    objects = CompositionQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at"]
        constraints = [
            models.CheckConstraint(name="composition_of_a_kind", condition=Q(kind__in=COMPOSED_KINDS)),
            models.CheckConstraint(
                name="composition_period_in_order", condition=Q(starts_on=None) | Q(starts_on__lte=F("day"))
            ),
            models.CheckConstraint(
                name="composition_approved_is_numbered",
                condition=Q(
                    state=S.APPROVED,
                    approved_at__isnull=False,
                    approved_by__isnull=False,
                    number_year__isnull=False,
                    number__gte=1,
                )
                | (~Q(state=S.APPROVED) & Q(approved_at=None, approved_by=None, number_year=None, number=None)),
            ),
            models.CheckConstraint(
                name="composition_discarded_has_its_time",
                condition=Q(state=S.DISCARDED, discarded_at__isnull=False)
                | (~Q(state=S.DISCARDED) & Q(discarded_at=None)),
            ),
            models.UniqueConstraint(fields=["authority", "number_year", "number"], name="composition_number_once"),
        ]
        indexes = [models.Index(fields=["authority", "-updated_at"], name="composition_of_authority")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("reports:composition", args=[self.pk])

    @property
    def is_composing(self) -> bool:
        return self.state == S.COMPOSING

    @property
    def is_approved(self) -> bool:
        return self.state == S.APPROVED

    @property
    def document_number(self) -> str:
        """Empty before the approval."""
        return "" if self.number is None else self.numbered(self.number_year, self.number)

    def numbered(self, year: int, number: int | str) -> str:
        """As official documents have it, in the report's own language: who issues, which year, which of that year."""
        with translation.override(self.language):
            return _("%(prefix)s〔%(year)s〕%(number)s号") % {"prefix": self.prefix, "year": year, "number": number}

    def get_language_display(self) -> str:
        return dict(settings.LANGUAGES)[self.language]
