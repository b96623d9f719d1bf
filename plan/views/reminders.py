"""By which rules the deadlines of a plan, or of one of its tasks, are reminded of; and a trial of them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plan import reminding
from plan.enums import Reminded
from plan.forms import StageForm, TrialForm
from plan.models import Plan, ReminderStage, Task
from plan.reminders import OF_TASKS, STANDARD, Ruled, deviating, ruled, stages_of
from plan.trial import described, trial_of, warnings
from portal.accounts.access import requires, signed_in
from portal.accounts.enums import Permission
from portal.notices.reminders.words import roles, sentence
from portal.working_days import DAY, KNOWN_UNTIL

TRIED_DAYS_AHEAD = 40


@dataclass(frozen=True)
class Place:
    """Whose rules the address names."""

    plan: Plan
    task: Task | None

    def url(self, name: str, *arguments: object) -> str:
        start = [self.plan.slug, self.task.number] if self.task else [self.plan.slug]
        return reverse(f"plan:{name}", args=[*start, *arguments])

    @property
    def subjects(self) -> tuple[Reminded, ...]:
        return OF_TASKS if self.task else tuple(Reminded)


def _place(request: HttpRequest, slug: str, number: int | None) -> Place:
    plan = get_object_or_404(Plan.objects.visible_to(request.user), slug=slug)
    if number is None:
        return Place(plan, None)
    return Place(plan, get_object_or_404(plan.tasks.visible_to(request.user), number=number))


def _subject(place: Place, name: str) -> Reminded:
    if name not in place.subjects:
        raise Http404
    return Reminded(name)


# --- Reading ----------------------------------------------------------------------------------------------


@require_GET
@signed_in
def rules(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    place = _place(request, slug, number)
    tried = timezone.localdate() + TRIED_DAYS_AHEAD * DAY
    form = TrialForm(request.GET if "deadline" in request.GET else {"deadline": tried.isoformat()})
    deadline = form.cleaned_data["deadline"] if form.is_valid() else None
    may_edit = bool(request.membership and request.membership.may(Permission.MANAGE_PLAN))
    kinds = [_kind(place, rules, deadline) for rules in ruled(place.plan, place.task)]
    context = {
        "plan": place.plan,
        "task": place.task,
        "kinds": kinds,
        "form": form,
        "deadline": deadline,
        "may_edit": may_edit,
        "deviating": [] if place.task else deviating(place.plan),
        "known_until": KNOWN_UNTIL,
        "has_estimates": any(line.is_estimated for kind in kinds if kind["trial"] for line in kind["trial"].days),
    }
    return render(request, "plan/reminders.html", context)


def _kind(place: Place, rules: Ruled, deadline: datetime.date | None) -> dict:
    """One kind of deadline as the page shows it; only rows of one's own can be changed."""
    row_of = {row.stage: row for row in rules.rows}
    return {
        "label": rules.subject.label,
        "subject": rules.subject,
        "is_own": bool(rules.rows),
        "is_of_plan": rules.is_of_plan,
        "warnings": warnings(rules.stages) if rules.rows else [],
        "stages": [
            {
                "words": sentence(stage),
                "tell": roles(stage.tell),
                "change_url": place.url("reminder_change", row_of[stage].pk) if stage in row_of else "",
                "remove_url": place.url("reminder_remove", row_of[stage].pk) if stage in row_of else "",
            }
            for stage in rules.stages
        ],
        "trial": trial_of(rules.stages, deadline) if deadline else None,
        "own_url": place.url("reminders_own", rules.subject),
        "add_url": place.url("reminder_add", rules.subject),
        "restore_url": place.url("reminders_restore", rules.subject),
    }


# --- Writing ----------------------------------------------------------------------------------------------


@require_POST
@requires(Permission.MANAGE_PLAN)
def own(request: HttpRequest, slug: str, subject: str, number: int | None = None) -> HttpResponse:
    place = _place(request, slug, number)
    reminding.set_own_stages(plan=place.plan, task=place.task, subject=_subject(place, subject), by=request.user)
    messages.success(request, _("已单独设定，目前与原规则相同。现在可以增加、修改或删除阶段。"))
    return redirect(f"{place.url('reminders')}#{subject}")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_PLAN)
def restore(request: HttpRequest, slug: str, subject: str, number: int | None = None) -> HttpResponse:
    place = _place(request, slug, number)
    kind = _subject(place, subject)
    if request.method == "POST":
        reminding.restore_stages(plan=place.plan, task=place.task, subject=kind, by=request.user)
        messages.success(request, _("已恢复。"))
        return redirect(f"{place.url('reminders')}#{subject}")
    after = stages_of(place.plan, kind) if place.task else STANDARD[kind]
    context = _decision(place, kind) | {"after": [described(stage) for stage in after]}
    return render(request, "plan/reminders_restore.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_PLAN)
def add(request: HttpRequest, slug: str, subject: str, number: int | None = None) -> HttpResponse:
    place = _place(request, slug, number)
    kind = _subject(place, subject)
    others = stages_of(place.plan, kind, place.task)
    form = StageForm(request.POST or None, others=others)
    if request.method == "POST" and form.is_valid():
        warned = warnings([*others, form.stage], form.stage)
        if not warned or "confirmed" in request.POST:
            reminding.add_stage(plan=place.plan, task=place.task, subject=kind, stage=form.stage, by=request.user)
            messages.success(request, _("已增加提醒阶段：%(stage)s。") % {"stage": described(form.stage)})
            return redirect(f"{place.url('reminders')}#{subject}")
        return _stage_page(request, place, kind, form, warned)
    return _stage_page(request, place, kind, form)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_PLAN)
def change(request: HttpRequest, slug: str, pk: int, number: int | None = None) -> HttpResponse:
    place = _place(request, slug, number)
    row = _row(request, place, pk)
    kind = Reminded(row.subject)
    others = [other.stage for other in _rows(request, place, kind).exclude(pk=row.pk)]
    form = StageForm(request.POST or None, others=others, stage=row.stage)
    if request.method == "POST" and form.is_valid():
        warned = warnings([*others, form.stage], form.stage)
        if not warned or "confirmed" in request.POST:
            reminding.change_stage(row=row, stage=form.stage, by=request.user)
            messages.success(request, _("提醒阶段已保存：%(stage)s。") % {"stage": described(form.stage)})
            return redirect(f"{place.url('reminders')}#{kind}")
        return _stage_page(request, place, kind, form, warned, row)
    return _stage_page(request, place, kind, form, row=row)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_PLAN)
def remove(request: HttpRequest, slug: str, pk: int, number: int | None = None) -> HttpResponse:
    place = _place(request, slug, number)
    row = _row(request, place, pk)
    kind = Reminded(row.subject)
    if request.method == "POST":
        reminding.remove_stage(row=row, by=request.user)
        messages.success(request, _("已删除提醒阶段：%(stage)s。") % {"stage": described(row.stage)})
        return redirect(f"{place.url('reminders')}#{kind}")
    rest = [other.stage for other in _rows(request, place, kind).exclude(pk=row.pk)]
    context = _decision(place, kind) | {
        "stage": described(row.stage),
        "is_last": not rest,
        "warnings": warnings(rest) if rest else [],
    }
    return render(request, "plan/reminder_remove.html", context)


def _rows(request: HttpRequest, place: Place, kind: Reminded):
    rows = ReminderStage.objects.visible_to(request.user)
    return rows.filter(plan=place.plan, task=place.task, subject=kind).select_related("plan", "task")


def _row(request: HttpRequest, place: Place, pk: int) -> ReminderStage:
    rows = ReminderStage.objects.visible_to(request.user).filter(plan=place.plan, task=place.task)
    return get_object_or_404(rows.select_related("plan", "task"), pk=pk)


def _decision(place: Place, kind: Reminded) -> dict:
    return {
        "plan": place.plan,
        "task": place.task,
        "kind": kind,
        "back": f"{place.url('reminders')}#{kind}",
        "rules_url": place.url("reminders"),
    }


def _stage_page(
    request: HttpRequest,
    place: Place,
    kind: Reminded,
    form: StageForm,
    warned: list[str] | None = None,
    row: ReminderStage | None = None,
) -> HttpResponse:
    """`warned`: what was typed would tell nobody somewhere, and is saved only when that is confirmed."""
    context = _decision(place, kind) | {"form": form, "warnings": warned, "row": row}
    return render(request, "plan/reminder_stage.html", context, status=400 if form.errors else 200)
