"""A plan as data: themes hold tasks, tasks hold requirements, and schedules say by when.

Rows are written by `plan.actions.load_plan` from a plan file (docs/plan-files.md). What a regulator corrects
in the portal is marked (`title_edited_at`, `edited_at`), and later loads leave it as it is.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.lookups import Exact
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from plan.enums import MATURITY_LEVELS, Binding, Level, Part, Reminded, RequirementKind
from plan.querysets import PlanDataQuerySet, PlanQuerySet, RequirementQuerySet
from portal.accounts.enums import InstitutionKind
from portal.localised import Localised
from portal.notices.enums import Addressee, DayUnit
from portal.notices.reminders.stages import MAX_OFFSET, Stage

RETENTION_YEARS = 10
MEASURES_BELOW = 3
CRITERIA_COUNT = Func(F("criteria"), function="jsonb_array_length", output_field=models.IntegerField())


class Plan(models.Model):
    slug = models.SlugField(_("代码"), unique=True)
    title = models.CharField(_("名称"), max_length=200)
    title_en = models.CharField(_("英文名称"), max_length=300, blank=True)
    issuer = models.CharField(_("发布单位"), max_length=200)
    issuer_en = models.CharField(_("发布单位英文名称"), max_length=300, blank=True)
    issued_on = models.DateField(_("发布日期"))
    starts_on = models.DateField(_("开始日期"))
    ends_on = models.DateField(_("结束日期"))
    # Counted from the plan's last day; until then, and under a legal hold, no evidence is deleted.
    retention_years = models.PositiveSmallIntegerField(_("材料留存年数"), default=RETENTION_YEARS)
    # A maturity level below this one, or a requirement that is not in place, needs a planned measure.
    measures_below = models.PositiveSmallIntegerField(_("须填写整改措施的成熟度下限"), default=MEASURES_BELOW)
    # A reviewer then proposes, and a lead supervisor of the same authority confirms.
    needs_second_review = models.BooleanField(_("审核须经复核"), default=False)
    shift_years = models.IntegerField(_("日期平移年数"), default=0)
    source = models.TextField(_("来源说明"), blank=True)
    source_en = models.TextField(_("英文来源说明"), blank=True)
    digest = models.CharField(_("计划文件摘要"), max_length=64)

    objects = PlanQuerySet.as_manager()
    local_title = Localised("title")
    local_issuer = Localised("issuer")
    local_source = Localised("source")

    class Meta:
        verbose_name = verbose_name_plural = _("计划")
        ordering = ["-starts_on", "slug"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="plan_ends_after_start"),
            models.CheckConstraint(condition=Q(measures_below__lte=5), name="plan_measures_below_a_level"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("plan:detail", args=[self.slug])


class Theme(models.Model):
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="themes", verbose_name=_("计划"))
    number = models.PositiveSmallIntegerField(_("序号"))
    label = models.CharField(_("节次"), max_length=20)
    label_en = models.CharField(_("英文节次"), max_length=40, blank=True)
    title = models.CharField(_("名称"), max_length=200)
    title_en = models.CharField(_("英文名称"), max_length=300, blank=True)

    objects = PlanDataQuerySet.as_manager()
    local_label = Localised("label")
    local_title = Localised("title")

    class Meta:
        verbose_name = verbose_name_plural = _("主题")
        ordering = ["plan_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="plan_theme_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="plan_theme_number_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.title}"


class Task(models.Model):
    theme = models.ForeignKey(Theme, models.PROTECT, related_name="tasks", verbose_name=_("主题"))
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="tasks", verbose_name=_("计划"))
    number = models.PositiveSmallIntegerField(_("任务号"))
    title = models.CharField(_("名称"), max_length=200)
    title_en = models.CharField(_("英文名称"), max_length=300, blank=True)
    title_is_official = models.BooleanField(_("名称为正式名称"), default=True)
    title_edited_at = models.DateTimeField(_("名称更正时间"), null=True, blank=True)
    weight = models.DecimalField(_("权重"), max_digits=6, decimal_places=2, default=1)

    objects = PlanDataQuerySet.as_manager()
    local_title = Localised("title")

    class Meta:
        verbose_name = verbose_name_plural = _("任务")
        ordering = ["plan_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="plan_task_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="plan_task_number_positive"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="plan_task_weight_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return f"{reverse('plan:detail', args=[self.plan.slug])}#task-{self.number}"

    @property
    def parts(self) -> list[tuple[Part, list[InstitutionKind]]]:
        """Who does what in this task: each part that anybody plays, with the kinds of institution in it."""
        levels = {requirement.level for requirement in self.requirements.all()}
        kinds: dict[Part, list[InstitutionKind]] = {part: [] for part in Part}
        for kind in InstitutionKind:
            kinds[Part.for_institution(kind, levels)].append(kind)
        return [(part, played_by) for part, played_by in kinds.items() if played_by]

    def schedule_for(self, institution_kind: str) -> Schedule | None:
        """The schedule of this kind of institution, else the one for all kinds."""
        schedules = {schedule.institution_kind: schedule for schedule in self.schedules.all()}
        return schedules.get(institution_kind) or schedules.get("")


class Requirement(models.Model):
    """What can be checked in a task. `criteria` holds {"zh", "en"} for each maturity level, else nothing."""

    task = models.ForeignKey(Task, models.PROTECT, related_name="requirements", verbose_name=_("任务"))
    number = models.PositiveSmallIntegerField(_("序号"))
    text = models.CharField(_("要求"), max_length=500)
    text_en = models.CharField(_("英文要求"), max_length=800, blank=True)
    level = models.CharField(_("层级"), max_length=20, choices=Level)
    kind = models.CharField(_("类型"), max_length=20, choices=RequirementKind)
    binding = models.CharField(_("约束力"), max_length=20, choices=Binding, default=Binding.MANDATORY)
    weight = models.DecimalField(_("权重"), max_digits=6, decimal_places=2, default=1)
    criteria = models.JSONField(_("成熟度标准"), default=list, blank=True)
    unit = models.CharField(_("单位"), max_length=20, blank=True)

    objects = RequirementQuerySet.as_manager()
    local_text = Localised("text")

    class Meta:
        verbose_name = verbose_name_plural = _("要求")
        ordering = ["task_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="plan_requirement_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="plan_requirement_number_positive"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="plan_requirement_weight_positive"),
            models.CheckConstraint(condition=Q(level__in=Level.values), name="plan_requirement_level"),
            models.CheckConstraint(condition=Q(kind__in=RequirementKind.values), name="plan_requirement_kind"),
            models.CheckConstraint(condition=Q(binding__in=Binding.values), name="plan_requirement_binding"),
            models.CheckConstraint(
                condition=Q(Q(kind=RequirementKind.MATURITY), Exact(CRITERIA_COUNT, len(MATURITY_LEVELS)))
                | Q(~Q(kind=RequirementKind.MATURITY), Exact(CRITERIA_COUNT, 0)),
                name="plan_requirement_criteria",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.text}"

    @property
    def reference(self) -> str:
        """The number people and reports quote, such as “5.1”. Reads `task`: select it with lists."""
        return f"{self.task.number}.{self.number}"

    @property
    def local_criteria(self) -> list[str]:
        """The criterion of each maturity level, 0 first, in the active language."""
        english = (get_language() or "").startswith("en")
        return [(english and criterion.get("en")) or criterion["zh"] for criterion in self.criteria]


class Schedule(models.Model):
    """By when a task is due for a kind of institution; a blank kind stands for all without a row of their own.

    `is_official` is false for a date that the plan's source does not give (暂定).
    """

    task = models.ForeignKey(Task, models.PROTECT, related_name="schedules", verbose_name=_("任务"))
    institution_kind = models.CharField(_("机构类别"), max_length=20, choices=InstitutionKind, blank=True)
    due_on = models.DateField(_("完成期限"))
    is_official = models.BooleanField(_("为正式期限"), default=True)
    edited_at = models.DateTimeField(_("调整时间"), null=True, blank=True)

    objects = PlanDataQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("进度安排")
        ordering = ["task_id", "institution_kind"]
        constraints = [
            models.UniqueConstraint(fields=["task", "institution_kind"], name="plan_schedule_kind"),
            models.CheckConstraint(
                condition=Q(institution_kind__in=["", *InstitutionKind.values]),
                name="plan_schedule_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.due_on}"


class ReminderStage(models.Model):
    """When and whom a plan, or one of its tasks in its place, reminds of a kind of deadline.

    A plan without a row for a kind follows the standard (`plan.reminders`). Fields are those of
    `portal.notices.reminders.stages.Stage`.
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="reminder_stages", verbose_name=_("计划"))
    task = models.ForeignKey(
        Task, models.CASCADE, null=True, blank=True, related_name="reminder_stages", verbose_name=_("任务")
    )
    subject = models.CharField(_("期限种类"), max_length=20, choices=Reminded)
    offset = models.SmallIntegerField(_("距期限的天数"))
    unit = models.CharField(_("计日方式"), max_length=10, choices=DayUnit, default=DayUnit.CALENDAR)
    every = models.PositiveSmallIntegerField(_("此后每隔多少天"), default=0)
    idle_days = models.PositiveSmallIntegerField(_("多少天无人办理时才提醒"), null=True, blank=True)
    tell = ArrayField(models.CharField(max_length=20, choices=Addressee), verbose_name=_("提醒对象"))

    objects = PlanDataQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("提醒阶段")
        ordering = ["plan_id", "subject", F("task_id").asc(nulls_first=True), "offset", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(offset__gte=-MAX_OFFSET, offset__lte=MAX_OFFSET), name="reminder_stage_within_a_year"
            ),
            models.CheckConstraint(
                condition=Q(every=0) | Q(every__gte=7, offset__gt=0, unit=DayUnit.CALENDAR),
                name="reminder_stage_repeats_after_the_deadline",
            ),
            models.CheckConstraint(condition=Q(tell__len__gt=0), name="reminder_stage_tells_somebody"),
            models.CheckConstraint(condition=Q(subject__in=Reminded.values), name="reminder_stage_subject"),
            models.CheckConstraint(
                condition=Q(task=None) | Q(subject__in=[Reminded.ASSIGNMENT, Reminded.RECTIFICATION, Reminded.MEASURE]),
                name="reminder_stage_of_a_task",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_subject_display()} {self.stage.label}"

    @property
    def stage(self) -> Stage:
        return Stage(
            offset=self.offset,
            unit=DayUnit(self.unit),
            tell=tuple(Addressee(who) for who in self.tell),
            every=self.every,
            idle_days=self.idle_days,
        )
