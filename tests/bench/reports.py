"""Reports against WeasyPrint alone, and what paper's pictures save against a plain table."""

from __future__ import annotations

import json
import re

from django.utils import timezone, translation
from weasyprint import HTML

from plan.models import Plan
from portal.accounts.models import User
from reports import making
from reports.actions import request_report
from reports.dashboard.charts.marks import MARKS
from reports.documents import compose
from reports.models import Report
from reports.permissions import kind_for
from reports.progress import Condition, plan_in_force
from reports.rendering import SCHEME, StaticFiles
from tests.bench.databases import SMALL, Bench
from tests.bench.figures import figure
from tests.bench.timing import interleaved, seconds

CIO, HEADQUARTERS = "cio@sec01.example", "lead@csrc.example"
ROUNDS = 5
PICTURE = re.compile(r'<figure class="matrix">.*?</figure>', re.DOTALL)
NAME = re.compile(r'fill="#1f2733">(.*?)</text>')


@figure("report_institution", unit="×", at_most=1.25)
def report_institution(bench: Bench) -> float:
    """The whole job of an institution's report, sealed and stored, over bare WeasyPrint on the same final HTML."""
    with bench.using(bench.demo(SMALL)):
        html = _html(_asked_for(CIO))
        taken = interleaved({"job": lambda: _job(CIO), "WeasyPrint": lambda: _bare(html)}, rounds=ROUNDS)
    bench.say(f"  {taken}")
    return taken.ratio("job", "WeasyPrint")


@figure("report_supervisory_vs_table", unit="×", at_most=0.5)
def report_supervisory_vs_table(bench: Bench) -> float:
    """The whole job of headquarters' report on 500 institutions × 25 tasks over the same content as one plain table."""
    with bench.using(bench.demo(SMALL)):
        table = _as_one_table(_asked_for(HEADQUARTERS))
        runs = {"job": lambda: _job(HEADQUARTERS), "table": lambda: _bare(table)}
        taken = interleaved(runs, rounds=2, warm_up=1)
    bench.say(f"  {taken}")
    return taken.ratio("job", "table")


def _asked_for(email: str) -> Report:
    user = User.objects.get(email=email)
    plan = plan_in_force(Plan.objects.visible_to(user), timezone.localdate())
    Report.objects.filter(requested_by=user).delete()
    membership = user.active_memberships[0]
    return request_report(membership=membership, kind=kind_for(membership), plan=plan, language="zh-hans", by=user)


def _job(email: str) -> float:
    report = _asked_for(email)
    taken = seconds(lambda: making.render(report_id=report.pk))
    report.refresh_from_db()
    if not report.file:
        raise RuntimeError(report.error)
    report.file.delete(save=False)
    return taken


def _html(report: Report) -> str:
    with translation.override(report.language):
        return compose(report).html


def _as_one_table(report: Report) -> str:
    """The report with the pictures of institutions × tasks as one plain table of the same names and marks."""
    with translation.override(report.language):
        document = compose(report)
    matrix = json.loads(document.data)["matrix"]
    pictures = list(PICTURE.finditer(document.html))
    names = [name for picture in pictures for name in NAME.findall(picture[0])]
    rows = [_row(name, row["conditions"]) for name, row in zip(names, matrix["rows"], strict=True)]
    heads = "".join(f"<th>{head}</th>" for head in ["", *matrix["tasks"]])
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return document.html[: pictures[0].start()] + table + document.html[pictures[-1].end() :]


def _row(name: str, conditions: list[str]) -> str:
    cells = [name, *(MARKS[Condition(condition)].character for condition in conditions)]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _bare(html: str) -> float:
    source = HTML(string=html, base_url=SCHEME, url_fetcher=StaticFiles())
    return seconds(lambda: source.write_pdf(pdf_variant="pdf/a-3a"))
