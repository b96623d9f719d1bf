"""自评报告: everything from the frozen content, what it scores, and what the supervisor said."""

from assessments.enums import SelfAssessmentState
from assessments.models import Score, SelfAssessment
from assessments.scores import SCORE_RULE, rounded, scores_of
from assessments.signed import answer_in_words, entries_of
from plan.models import Theme
from portal.audit.canonical import canonical_json, digests
from tests.reports.told.cells import day, fraction, number, theme
from tests.reports.told.seen import head_of, institution_of, numbered


def told(report):
    signed = report.self_assessment
    content, cycle, review = signed.content, signed.cycle, signed.review
    frozen = digests(canonical_json(content))
    return head_of(report) | {
        "scope": {
            **institution_of(signed.institution),
            "cycle": cycle.title,
            "period": {"starts_on": cycle.period_starts_on, "ends_on": cycle.period_ends_on},
            "version": content["version"],
            "state": SelfAssessmentState.RETURNED,
            "signed_by": signed.signed_by.name,
            "signed_at": signed.signed_at,
            "reviewed_at": review.created_at,
            "content_sha256": frozen.sha256,
            "content_sm3": frozen.sm3,
        },
        "score_rule": str(SCORE_RULE),
        "scores": _scores(signed),
        "tasks": [_task(task, content, review) for task in content["tasks"]],
        "review": {
            "authority": review.authority.name,
            "verdict": review.verdict,
            "at": review.created_at,
            "comment": review.comment,
            "remarks": [
                {"requirement": remark.requirement.reference, "verdict": remark.verdict, "text": remark.text}
                for remark in review.remarks.select_related("requirement__task")
            ],
        },
        "evidence": [
            {
                "number": place,
                **{key: file[key] for key in ("name", "size", "sha256", "sm3")},
                "references": [e["reference"] for e in entries_of(content) if file in e["evidence"]],
            }
            for place, file in enumerate(_files(content), start=1)
        ],
    }


def _scores(signed):
    """The earlier round by what was stored of it, this version by its content alone."""
    earlier = SelfAssessment.objects.get(
        institution=signed.institution, cycle__plan=signed.cycle.plan, state="accepted"
    )
    now = scores_of(signed.content)

    def line(theme):
        before = Score.objects.get(self_assessment=earlier, theme=theme, task=None).value
        value = (now.themes[theme.number] if theme else now.whole).value
        return {
            "theme": theme and numbered(theme),
            "by_cycle": [
                {"cycle": earlier.cycle.title, "score": rounded(before)},
                {"cycle": signed.cycle.title, "score": rounded(value)},
            ],
        }

    return [line(theme) for theme in (None, *Theme.objects.filter(plan=signed.cycle.plan))]


def _files(content):
    """Each once, in the order in which answers name them."""
    return {file["id"]: file for entry in entries_of(content) for file in entry["evidence"]}.values()


def _task(task, content, review):
    score = next(one.value for one in scores_of(content).tasks if one.number == task["number"])
    numbers = {file["id"]: place for place, file in enumerate(_files(content), start=1)}
    remarks = {one.requirement.reference: one for one in review.remarks.select_related("requirement__task")}

    def answer(entry):
        remark = remarks.get(entry["reference"])
        return {
            "requirement": entry["reference"],
            "text": entry["text"],
            "kind": entry["kind"],
            "answer": entry["answer"],
            "in_words": answer_in_words(entry),
            "criterion": entry.get("criterion", ""),
            "justification": entry["justification"],
            "reply": entry.get("reply", ""),
            "measure": entry.get("measure"),
            "evidence": [numbers[file["id"]] for file in entry["evidence"]],
            "remark": remark and {"verdict": remark.verdict, "text": remark.text},
        }

    return {
        "number": task["number"],
        "title": task["title"],
        "theme": Theme.objects.get(number=task["theme"]).title,
        "score": rounded(score),
        "answers": [answer(entry) for entry in task["requirements"]],
    }


# --- As sheets --------------------------------------------------------------------------------------------


def sheets(data):
    return {
        "得分": [
            [theme(line["theme"], "总分"), *(number(one["score"]) for one in line["by_cycle"])]
            for line in data["scores"]
        ],
        "逐项自评": [
            [task["number"], task["title"], *_answer(answer, data)]
            for task in data["tasks"]
            for answer in task["answers"]
        ],
        "材料目录": [
            [
                file["number"],
                file["name"],
                file["size"],
                "、".join(file["references"]),
                file["sha256"],
                file["sm3"],
            ]
            for file in data["evidence"]
        ],
    }


def _answer(told, data):
    names = {file["number"]: file["name"] for file in data["evidence"]}
    measure = told["measure"] or {"text": None, "owner": None, "due_on": None}
    return [
        told["requirement"],
        told["text"],
        *_value(told),
        told["justification"] or None,
        measure["text"],
        measure["owner"],
        day(measure["due_on"]),
        told["reply"] or None,
        "、".join(names[one] for one in told["evidence"]) or None,
        told["remark"] and told["remark"]["text"],
    ]


def _value(told):
    """What it says, its unit, and of a ratio both parts."""
    answer = told["answer"]
    match told["kind"]:
        case "maturity":
            return [answer["level"], None, None, None]
        case "number":
            return [number(answer["number"]), "人", None, None]
        case "date":
            return [day(answer["date"]), None, None, None]
        case "ratio":
            part, whole = number(answer["numerator"]), number(answer["denominator"])
            return [fraction(f"{100 * part / whole:.1f}"), None, part, whole]
    return [told["in_words"], None, None, None]
