"""Charts say what they show, begin at zero, and are the same picture on page and paper."""

import re
from collections import Counter
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from plan.models import Plan
from portal.accounts.enums import InstitutionKind
from portal.states import STATE_STYLES
from reports import charts, progress
from reports.charts import heat_map, state_chart
from reports.links import tasks_url
from reports.progress import Figures, Progress
from tasks.enums import AssignmentState as S
from tasks.models import Assignment
from tests.factories.plan import TaskFactory, ThemeFactory
from tests.factories.reports import small_industry

SVG = "{http://www.w3.org/2000/svg}"


def drawn(name, chart):
    markup = render_to_string(f"reports/charts/{name}.html", {"chart": chart})
    assert "style=" not in markup
    return ElementTree.fromstring(markup.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def test_bars_begin_at_zero_and_are_to_scale():
    chart = state_chart(Figures(Counter({S.ACCEPTED: 400, S.RETURNED: 100})))
    widths = {bar.style: bar.width for bar in chart.bars}
    assert widths[STATE_STYLES["accepted"]] == charts.BAR_LONGEST
    assert widths[STATE_STYLES["returned"]] == charts.BAR_LONGEST / 4
    assert widths[STATE_STYLES["not_started"]] == 0
    assert chart.title == "500 项任务中，已验收 400 项，已逾期 0 项"


def test_no_work_draws_no_bars():
    assert {bar.width for bar in state_chart(Figures()).bars} == {0}


@pytest.mark.django_db
def test_each_bar_is_a_link_on_a_page_and_none_on_paper():
    plan = Plan(slug="x")
    figures = Figures(Counter({S.ACCEPTED: 1234}))
    page = drawn("states", state_chart(figures, partial(tasks_url, plan)))
    assert page.get("role") == "group"
    assert [a.get("href") for a in page.iter(f"{SVG}a")] == [f"/tasks/?plan=x&state={s.value}" for s in S]
    paper = drawn("states", state_chart(figures))
    assert paper.get("role") == "img"
    assert not list(paper.iter(f"{SVG}a"))
    texts = [element.text for element in paper.iter(f"{SVG}text")]
    assert "1,234" in texts
    assert texts == [element.text for element in page.iter(f"{SVG}text")]


@pytest.fixture
def measured(db):
    plan, _institutions = small_industry(seed=3)
    return plan, progress.measure(Assignment.objects.all(), plan=plan, today=timezone.localdate())


def test_every_cell_shows_its_figure_and_leads_to_its_list(measured):
    plan, figures = measured
    chart = heat_map(figures, partial(tasks_url, plan))
    svg = drawn("heat_map", chart)
    cells = [cell for _head, row in chart.rows for cell in row]
    assert len(cells) == (len(figures.themes) + 1) * (len(figures.kinds) + 1)
    links = [a.get("href") for a in svg.iter(f"{SVG}a")]
    assert links == [cell.url for cell in cells]
    assert cells[0].url == f"/tasks/?plan={plan.slug}&overdue=1&theme=1&kind=core"
    assert cells[-1].url == f"/tasks/?plan={plan.slug}&overdue=1"
    titles = [title.text for title in svg.iter(f"{SVG}title")]
    assert sum(1 for title in titles if re.search("：逾期 [0-9]+ 项，共 [0-9]+ 项", title)) == len(cells)
    assert cells[-1].figures == figures.total


def test_title_names_the_worst_cell(measured):
    _plan, figures = measured
    worst = max(figures.of(theme, kind).overdue for theme in figures.themes for kind in figures.kinds)
    title = heat_map(figures).title
    assert title.startswith("逾期最多：")
    assert title.endswith(f"，{worst} 项")


def one_cell(db, overdue, applicable):
    theme = ThemeFactory.build(pk=1, title="很长的主题名称" * 8)
    task = TaskFactory.build(pk=1, theme=theme, theme_id=1)
    cells = {(1, "futures"): Figures(Counter({S.IN_PROGRESS: applicable}), overdue)}
    return Progress(timezone.localdate(), [task], cells)


@pytest.mark.parametrize(
    ("overdue", "applicable", "level"),
    [(0, 10, 0), (1, 1000, 1), (5, 100, 1), (6, 100, 2), (30, 100, 3), (31, 100, 4), (9, 9, 4), (0, 0, 0)],
)
def test_colour_and_bar_follow_the_share(db, overdue, applicable, level):
    chart = heat_map(one_cell(db, overdue, applicable))
    cell = chart.rows[0][1][0]
    assert cell.level == level
    assert cell.colour == charts.HEAT_COLOURS[level]
    assert cell.bar == (round(cell.width * overdue / applicable) if applicable else 0)
    drawn("heat_map", chart)


def test_nothing_overdue_is_said(db):
    assert heat_map(one_cell(db, 0, 5)).title == "没有逾期的任务"


def test_a_long_name_is_cut_only_beside_its_full_title(db):
    head = heat_map(one_cell(db, 0, 5)).rows[0][0]
    assert len(head.lines) == 3
    assert head.lines[-1].text.endswith("…")
    assert head.full.endswith("很长的主题名称" * 8)


def test_kinds_without_work_take_no_column(measured):
    _plan, figures = measured
    assert figures.kinds == [InstitutionKind.CORE, InstitutionKind.SECURITIES, InstitutionKind.FUTURES]
    with translation.override("en"):
        assert len(heat_map(figures).columns) == 4


def test_colours_of_paper_and_page_agree():
    from django.contrib.staticfiles import finders

    css = Path(finders.find("css/reports.css")).read_text()
    for level, colour in enumerate(charts.HEAT_COLOURS[1:], start=1):
        assert f".heat-{level} {{ fill: light-dark({colour}," in css
