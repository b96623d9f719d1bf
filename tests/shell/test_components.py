"""The look of states, and components at their edges."""

import re
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.http import QueryDict
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from assessments.enums import SelfAssessmentState
from portal.accounts.enums import Role
from portal.accounts.models import Institution
from portal.shell import components
from portal.states import STATE_STYLES, TONES
from portal.widgets import SearchSelect
from tasks.enums import AssignmentState
from tests.factories.accounts import InstitutionFactory, member

CSS = Path(settings.BASE_DIR, "static/css")
BACKGROUNDS = {"light": ("#ffffff", "#f5f6f8"), "dark": ("#1b222c", "#12171e")}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def draw(source: str, **values) -> str:
    request = values.pop("request", None) or RequestFactory().get("/")
    return " ".join(Template(source).render(Context(values | {"request": request})).split())


# --- States -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tone", TONES.values(), ids=lambda tone: tone.name)
def test_states_can_be_read_in_both_themes(tone):
    for background in (tone.paper, *BACKGROUNDS["light"]):
        assert contrast(tone.ink, background) >= 4.5, background
    for background in (tone.paper_dark, *BACKGROUNDS["dark"]):
        assert contrast(tone.ink_dark, background) >= 4.5, background


def test_every_tone_has_a_shape_of_its_own():
    for one, other in combinations(TONES.values(), 2):
        assert one.shape != other.shape
        assert one.character != other.character


def test_the_style_sheet_has_the_same_colours():
    css = (CSS / "states.css").read_text()
    for tone in TONES.values():
        assert f"--{tone.css_class}: light-dark({tone.ink}, {tone.ink_dark});" in css
        assert f"--{tone.css_class}-paper: light-dark({tone.paper}, {tone.paper_dark});" in css


@pytest.mark.parametrize("states", [AssignmentState, SelfAssessmentState])
def test_a_state_has_the_word_of_its_badge(states):
    for state in states:
        assert str(STATE_STYLES[state.value].label) == str(state.label)


def test_overdue_stands_beside_the_state():
    row = {"state": "returned"}
    assert "已逾期" not in draw("{% state row.state %}", row=row)
    badges = draw("{% state row.state overdue=True %}", row=row)
    assert badges.index("已退回") < badges.index("已逾期")


def test_an_unknown_state_is_an_error():
    with pytest.raises(KeyError):
        draw("{% state 'nonsense' %}")


# --- Marks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "words"), [(-1, "逾期 1 天"), (0, "今天到期"), (1, "剩 1 天"), (7, "is-soon"), (8, "剩 8 天")]
)
def test_deadline_counts_whole_days(days, words):
    day = timezone.localdate() + timedelta(days=days)
    drawn = draw("{% deadline day %}", day=day)
    assert words in drawn
    assert day.isoformat() in drawn
    assert ("is-soon" in drawn) == (0 <= days <= 7)


def test_nothing_is_counted_once_it_is_done():
    drawn = draw("{% deadline day done=True %}", day=timezone.localdate() - timedelta(days=3))
    assert "逾期" not in drawn


def test_a_provisional_deadline_says_so():
    drawn = "{% deadline day is_official=official %}"
    assert "暂定" in draw(drawn, day=timezone.localdate(), official=False)
    assert "暂定" not in draw(drawn, day=timezone.localdate(), official=True)


def test_progress_of_nothing_is_zero():
    assert "0%" in draw("{% progress 0 0 %}")
    assert "33.3%" in draw("{% progress 1 3 %}")


def test_an_icon_is_only_ever_a_file_of_the_icon_package():
    assert 'aria-hidden="true"' in components.icon("home")
    with pytest.raises(ValueError):
        components.icon("../filled/home")
    with pytest.raises(FileNotFoundError):
        components.icon("no-such-icon")


def test_what_people_typed_is_escaped():
    name = "<script>alert(1)</script>"
    drawn = draw("{% file_row name=name url='/f' %}{% empty name %}{% crumb name '/' %}{% stat name name %}", name=name)
    drawn += draw("{% card name %}{{ name }}{% endcard %}{% alert %}{{ name }}{% endalert %}", name=name)
    assert "<script>" not in drawn
    assert drawn.count("&lt;script&gt;") >= 8


# --- Lists ------------------------------------------------------------------------------------------------


class Filter(forms.Form):
    state = forms.ChoiceField(label="状态", choices=[("", "全部"), ("overdue", "已逾期")], required=False)
    mine = forms.BooleanField(label="只看我的", required=False)


def test_each_chip_removes_its_filter_and_goes_back_to_the_first_page():
    query = QueryDict("state=overdue&mine=on&page=3&sort=name")
    by_state, by_mine = components.chips(Filter(query), query)
    assert (by_state.label, by_state.value) == ("状态", "已逾期")
    assert by_state.query == "mine=on&sort=name"
    assert by_mine.query == "state=overdue&sort=name"


def test_a_filter_nobody_set_or_that_is_wrong_has_no_chip():
    assert components.chips(Filter(), QueryDict()) == []
    query = QueryDict("state=wrong")
    assert components.chips(Filter(query), query) == []


# --- Forms ------------------------------------------------------------------------------------------------


class Sample(forms.Form):
    title = forms.CharField(label="名称", help_text="不超过 40 字")
    level = forms.ChoiceField(label="等级", choices=[("0", "0"), ("1", "1")], widget=forms.RadioSelect)


def test_errors_are_listed_with_links_to_their_fields():
    form = Sample({}, prefix="a")
    summary = draw("{% error_summary form %}", form=form)
    page = str(form)
    for target in re.findall(r'href="#([^"]+)"', summary):
        assert f'id="{target}"' in page
    assert summary.count("<li>") == 2
    assert not draw("{% error_summary form %}", form=Sample())


def test_a_field_is_tied_to_its_help_and_its_error():
    page = str(Sample({})["title"].as_field_group())
    described = re.search(r'aria-describedby="([^"]+)"', page)[1].split()
    assert described == ["id_title_helptext", "id_title_error"]
    assert all(f'id="{name}"' in page for name in described)
    assert 'aria-invalid="true"' in page


@pytest.mark.django_db
def test_a_search_select_reads_only_the_chosen_row(django_assert_num_queries):
    chosen = [InstitutionFactory() for _ in range(3)][1]

    class Choose(forms.Form):
        institution = forms.ModelChoiceField(
            Institution.objects.all(), widget=SearchSelect("accounts:institution_options")
        )

    with django_assert_num_queries(1):
        page = str(Choose(initial={"institution": chosen.pk})["institution"])
    assert f'value="{chosen.name}"' in page
    assert f'value="{chosen.pk}"' in page
    with django_assert_num_queries(0):
        assert "<option" not in str(Choose()["institution"])


# --- Pages ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_gallery_shows_every_state(client, language):
    client.force_login(member(InstitutionFactory(), Role.LIAISON))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page = client.get(reverse("shell:components")).content.decode()
    with translation.override(language):
        for style in STATE_STYLES.values():
            assert str(style.label) in page


def test_pages_of_trouble_need_no_database(rf):
    from django.views import defaults

    assert "返回首页" in defaults.server_error(rf.get("/")).content.decode()
    assert defaults.bad_request(rf.get("/"), Exception()).status_code == 400
