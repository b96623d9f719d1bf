import datetime

import pytest
from django.utils import translation

from portal.notices.enums import NoticeKind
from portal.notices.texts import REMINDERS
from tests.factories.accounts import InstitutionFactory
from tests.factories.notices import NoticeFactory

LANGUAGES = ["zh-hans", "en"]


def notice(kind=NoticeKind.REMINDER, **data):
    """Without a row: the words come from the facts alone."""
    built = NoticeFactory.build(kind=kind, recipient=None, institution=None)
    built.data |= data
    return built


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_says_what_and_names_it(kind, language):
    with translation.override(language):
        told = notice(kind, title="任务名", title_en="Task name")
        assert "%(" not in told.subject + told.body
        assert ("Task name" if language == "en" else "任务名") in told.subject
        assert "Task name" in told.body or "任务名" in told.body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NoticeKind)
def test_a_round_of_self_assessment_or_a_report_has_no_number(kind, language):
    with translation.override(language):
        told = notice(kind)
        told.data = {"title": "2026年上半年自评", "title_en": "", "due": "2026-11-22"}
        assert "2026年上半年自评" in told.subject
        assert "%(" not in told.subject + told.body
        assert "None" not in told.subject + told.body
    assert told.due_on == (datetime.date(2026, 11, 22) if kind in REMINDERS else None)


def test_the_words_of_a_new_deadline():
    days = {"number": None, "deadline": "2026-12-05", "old_deadline": "2026-11-22", "is_official": True}
    told = notice(NoticeKind.RECTIFICATION_DUE, title="名称", **days)
    assert told.subject == "整改期限已调整：“名称”"
    assert "由2026年11月22日调整为2026年12月5日" in told.body


def test_the_words_of_the_stages():
    assert notice(number=6, title="名称", days=7).subject == "还有 7 天到期：任务6“名称”"
    assert notice(number=6, title="名称", days=0).subject == "今日到期：任务6“名称”"
    assert notice(number=6, title="名称", days=-14).subject == "已逾期 14 天：任务6“名称”"
    assert "2026年11月22日（暂定）" in notice(days=-14).body
    assert "（暂定）" not in notice(days=7, is_official=True).body


@pytest.mark.django_db
def test_the_institution_is_named_in_the_readers_language():
    told = notice()
    told.institution = InstitutionFactory(name="示例证券有限公司", name_en="Example Securities")
    assert "示例证券有限公司" in told.body
    with translation.override("en"):
        assert "Example Securities" in told.body
