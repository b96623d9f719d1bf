"""Reports in any state, and a small industry to report on."""

import random
from datetime import timedelta

import factory
from django.core.files.base import ContentFile
from django.utils import timezone

from plan.models import Plan
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import Authority, Institution, User
from reports.composing.actions import begin_composition
from reports.documents import Document
from reports.enums import ReportKind, ReportState, ReportStep
from reports.models import Composition, Report
from reports.verification.codes import new_code
from reports.verification.seals import new_seal
from tasks.enums import AssignmentState
from tests.factories.accounts import InstitutionFactory, RegionFactory, member
from tests.factories.plan import PlanFactory, TaskFactory, ThemeFactory
from tests.factories.tasks import AssignmentFactory


class ReportFactory(factory.django.DjangoModelFactory):
    """Asked for by a new CIO of `institution=`, or by a new supervisor of `authority=`.

    `state=` sets what the state needs.
    """

    class Meta:
        model = Report

    plan = factory.SubFactory(PlanFactory)

    @classmethod
    def _create(cls, model_class, *args, **fields):
        authority: Authority | None = fields.get("authority")
        if authority is None and "institution" not in fields:
            fields["institution"] = InstitutionFactory()
        fields.setdefault("kind", ReportKind.SUPERVISORY if authority else ReportKind.STATUS)
        if "requested_by" not in fields:
            role = Role.SUPERVISOR if authority else Role.CIO
            fields["requested_by"] = member(authority or fields["institution"], role)
        report = model_class(**fields)
        if report.state == ReportState.RENDERING:
            report.heartbeat_at = fields.get("heartbeat_at") or timezone.now()
        if report.is_over:
            report.finished_at = timezone.now()
        if report.state == ReportState.DONE:
            report.step = ReportStep.STORED
            report.sha256 = report.sm3 = "0" * 64
            report.size = 8
            if report.is_pdf:
                report.code = report.code or new_code()
                report.as_at = report.as_at or report.finished_at
                report.workbook_sha256 = report.workbook_sm3 = "1" * 64
                report.workbook_size = 4
                report.workbook.save("workbook", ContentFile(b"PK.."), save=False)
            report.file.save("report.pdf", ContentFile(b"%PDF-1.7"), save=False)
        report.save(force_insert=True)
        return report


def document(html: str) -> Document:
    """Those pages, with as little beside them as a file of its kind holds."""
    return Document(html, b"{}", b"PK..", timezone.now(), new_seal(), missing="")


def small_industry(seed: int = 0) -> tuple[Plan, list[Institution]]:
    """A plan of 3 themes and 6 tasks, 6 institutions of several kinds and regions, assignments in random states.

    Not every institution has every task, and deadlines lie on both sides of today, and on today.
    """
    chance = random.Random(seed)
    plan = PlanFactory()
    themes = [ThemeFactory(plan=plan, number=n) for n in (1, 2, 3)]
    tasks = [TaskFactory(theme=themes[n % 3], number=n + 1) for n in range(6)]
    regions = [RegionFactory(code=code, name=code, name_en=code) for code in ("beijing", "shanghai")]
    kinds = [InstitutionKind.SECURITIES, InstitutionKind.FUTURES, InstitutionKind.CORE]
    institutions = [InstitutionFactory(kind=kinds[n % 3], region=regions[n % 2], name=f"示例机构{n}") for n in range(6)]
    today = timezone.localdate()
    for institution in institutions:
        for task in tasks:
            if chance.random() < 0.85:
                AssignmentFactory(
                    task=task,
                    institution=institution,
                    state=chance.choice(list(AssignmentState)),
                    deadline=today + timedelta(days=chance.choice([-400, -30, -1, 0, 1, 8, 90])),
                )
    return plan, institutions


def composition(authority: Authority, by: User | None = None, plan: Plan | None = None, **fields) -> Composition:
    """A draft that a lead supervisor of the authority has begun, with the fields given."""
    by = by or member(authority, Role.LEAD_SUPERVISOR)
    begun = begin_composition(
        membership=by.memberships.get(authority=authority), plan=plan or PlanFactory(), language="zh-hans", by=by
    )
    Composition.objects.filter(pk=begun.pk).update(**fields)
    begun.refresh_from_db()
    return begun
