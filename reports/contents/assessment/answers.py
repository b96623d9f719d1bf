"""Every answer as it was signed, by task and requirement, with what the supervisor said of it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.history import remarks_given
from assessments.models import Remark
from assessments.scores import rounded, scores_of
from assessments.signed import SignedRequirement, SignedTask, entries_of, read_content
from plan.models import Task
from reports.contents.asked import Asked
from reports.contents.assessment.evidence import index_of
from reports.contents.assessment.verdict import review_of
from reports.contents.section import Context, Section, Sheet
from reports.sheets import share


@dataclass(frozen=True)
class Answered:
    """`entry` is the requirement's part of what was signed; `files` are numbers in the index of evidence."""

    shown: SignedRequirement
    entry: dict[str, Any]
    files: list[int]
    remark: Remark | None


class AnsweredTask(NamedTuple):
    task: SignedTask
    score: Fraction | None
    answers: list[Answered]


def _answers(asked: Asked) -> Context:
    signed = asked.signed
    content: dict[str, Any] = signed.content or {"tasks": []}
    remarks = remarks_given(review_of(asked))
    files = index_of(content)
    entries = {entry["reference"]: entry for entry in entries_of(content)}
    themes = dict(Task.objects.filter(plan=asked.plan).values_list("number", "theme__number"))
    scores = {task.number: task.value for task in scores_of(content, themes).tasks}

    def answered(shown: SignedRequirement) -> Answered:
        entry, said = entries[shown.reference], remarks.get(shown.requirement.pk)
        numbers = [files[str(file["id"])].number for file in entry["evidence"]]
        return Answered(shown, entry, numbers, said.open[0].remark if said else None)

    tasks = [
        AnsweredTask(task, scores[task.number], [answered(shown) for shown in task.requirements])
        for task in read_content(content, asked.plan.pk, asked.user)
    ]
    return {"themes": [(theme, list(of_theme)) for theme, of_theme in groupby(tasks, lambda one: one.task.theme)]}


def _each(context: Context) -> Iterator[tuple[AnsweredTask, Answered]]:
    return ((task, answer) for _theme, tasks in context["themes"] for task in tasks for answer in task.answers)


def _answer(answer: Answered) -> dict[str, Any]:
    shown = answer.shown
    measure = shown.measure
    return {
        "requirement": shown.reference,
        "text": shown.text,
        "kind": shown.requirement.kind,
        "answer": answer.entry["answer"],
        "in_words": shown.answer,
        "criterion": shown.criterion,
        "justification": shown.said,
        "reply": shown.reply,
        "measure": measure and {"text": measure.text, "owner": measure.owner, "due_on": measure.due_on},
        "evidence": answer.files,
        "remark": answer.remark and {"verdict": answer.remark.verdict, "text": answer.remark.text},
    }


def _answer_data(context: Context) -> dict[str, Any]:
    return {
        "tasks": [
            {
                "number": task.task.number,
                "title": task.task.title,
                "theme": theme,
                "score": None if task.score is None else rounded(task.score),
                "answers": [_answer(answer) for answer in task.answers],
            }
            for theme, tasks in context["themes"]
            for task in tasks
        ]
    }


def _answer_sheet(context: Context) -> list[Sheet]:
    columns = [
        (_("任务号"), 8),
        (_("任务"), 40),
        (_("编号"), 8),
        (_("要求"), 50),
        (_("自评结果"), 14),
        (_("单位"), 8),
        (_("分子"), 12),
        (_("分母"), 12),
        (_("说明"), 60),
        (_("整改措施"), 40),
        (_("责任人"), 14),
        (_("计划完成日期"), 14),
        (_("对退回理由的答复"), 40),
        (_("材料"), 40),
        (_("审核意见"), 40),
    ]
    return [Sheet(_("逐项自评"), columns, _answer_rows(context))]


def _answer_rows(context: Context) -> Iterator[list[Any]]:
    for task, answer in _each(context):
        shown, measure = answer.shown, answer.shown.measure
        yield [
            task.task.number,
            task.task.title,
            shown.reference,
            shown.text,
            *_value(answer),
            shown.said or None,
            measure.text if measure else None,
            measure.owner if measure else None,
            measure.due_on if measure else None,
            shown.reply or None,
            _("、").join(file.name for file in shown.files) or None,
            answer.remark.text if answer.remark else None,
        ]


def _value(answer: Answered) -> list[Any]:
    """Levels, numbers, ratios and dates as such, the rest in words; the unit; numerator and denominator."""
    match answer.entry["answer"]:
        case {"level": level}:
            return [level, None, None, None]
        case {"number": number}:
            return [Decimal(number), answer.entry["unit"] or None, None, None]
        case {"date": day}:
            return [datetime.date.fromisoformat(day), None, None, None]
        case {"numerator": part, "denominator": whole}:
            return [share(Decimal(answer.entry["percentage"])), None, Decimal(part), Decimal(whole)]
        case _:
            return [answer.shown.answer or None, None, None, None]


ANSWERS = Section(
    key="answers",
    title=gettext_lazy("逐项自评"),
    template="reports/pdf/sections/answers.html",
    read=_answers,
    data=_answer_data,
    sheets=_answer_sheet,
)
