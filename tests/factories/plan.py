"""Plans for tests: small ones row by row, or the real one from its file."""

from datetime import date
from pathlib import Path

import factory

from plan.actions import load_plan
from plan.enums import MATURITY_LEVELS, Level, RequirementKind
from plan.loader import read_plan_file
from plan.models import Plan, Requirement, Schedule, Task, Theme

CSF_2014 = Path(__file__).parents[2] / "plan/library/csf-2014.yaml"


def load_csf_2014(shift_years: int = 0) -> Plan:
    return load_plan(file=read_plan_file(CSF_2014), shift_years=shift_years).plan


class PlanFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Plan

    slug = factory.Sequence(lambda n: f"plan-{n}")
    title = factory.Sequence(lambda n: f"示例计划{n}")
    title_en = factory.Sequence(lambda n: f"Example plan {n}")
    issuer = "示例单位"
    issued_on = date(2025, 12, 1)
    starts_on = date(2026, 1, 1)
    ends_on = date(2031, 12, 31)
    digest = "0" * 64


class ThemeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Theme

    plan = factory.SubFactory(PlanFactory)
    number = factory.Sequence(lambda n: n + 1)
    label = factory.LazyAttribute(lambda theme: f"第{theme.number}节")
    title = factory.LazyAttribute(lambda theme: f"示例主题{theme.number}")


class TaskFactory(factory.django.DjangoModelFactory):
    """A task without requirements, due with its plan."""

    class Meta:
        model = Task
        skip_postgeneration_save = True

    theme = factory.SubFactory(ThemeFactory)
    plan = factory.SelfAttribute("theme.plan")
    number = factory.Sequence(lambda n: n + 1)
    title = factory.LazyAttribute(lambda task: f"示例任务{task.number}")
    title_en = factory.LazyAttribute(lambda task: f"Example task {task.number}")
    schedule = factory.RelatedFactory("tests.factories.plan.ScheduleFactory", factory_related_name="task")


class ScheduleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Schedule

    task = factory.SubFactory(TaskFactory, schedule=None)
    due_on = factory.SelfAttribute("task.plan.ends_on")
    is_official = False


class RequirementFactory(factory.django.DjangoModelFactory):
    """Something each institution shows a document for, unless said otherwise."""

    class Meta:
        model = Requirement

    task = factory.SubFactory(TaskFactory)
    number = factory.LazyAttribute(lambda requirement: requirement.task.requirements.count() + 1)
    text = factory.LazyAttribute(lambda requirement: f"示例要求{requirement.number}")
    level = Level.INSTITUTION
    kind = RequirementKind.EVIDENCE

    @factory.lazy_attribute
    def criteria(self) -> list[dict[str, str]]:
        if self.kind != RequirementKind.MATURITY:
            return []
        return [{"zh": f"第{level}级", "en": f"Level {level}"} for level in MATURITY_LEVELS]

    @factory.lazy_attribute
    def unit(self) -> str:
        return "人" if self.kind == RequirementKind.NUMBER else ""
