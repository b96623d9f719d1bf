"""The 2014 plan in the library, against a list of its own: names and numbers must not drift."""

from collections import Counter
from datetime import date

import pytest

from plan.enums import Binding, Level, Part, RequirementKind
from plan.models import Requirement, Schedule, Task
from portal.accounts.enums import InstitutionKind
from tests.factories.plan import load_csf_2014

pytestmark = pytest.mark.django_db

THEMES = [
    (3, "第三节", "健全信息技术治理机制,深入开展信息技术治理工作"),
    (4, "第四节", "完善信息安全管理体制,增强信息系统建设与运行安全"),
    (5, "第五节", "提高安全风险防控能力,加强重点领域信息安全管理"),
    (6, "第六节", "建立安全可控保障机制,推进安全可控能力建设"),
    (7, "第七节", "研究新技术新应用安全风险,积极应对新形势新挑战"),
]

# Number, theme, title, how many requirements; working titles follow below.
TASKS = [
    (1, 3, "提升行业机构管理层对信息技术价值的认识", 2),
    (2, 3, "建立首席信息官制度", 2),
    (3, 3, "开展信息技术审计工作", 3),
    (4, 3, "推行技术架构革新", 2),
    (5, 3, "优化资金投入与人员结构", 3),
    (6, 4, "加强软件开发安全管理", 4),
    (7, 4, "建立行业软件开发与安全测试基础设施", 3),
    (8, 4, "加强人才培养与团队建设", 2),
    (9, 4, "推进信息系统运维精细化管理", 3),
    (10, 4, "提升业务连续性保障能力", 4),
    (11, 4, "推进托管设施及数据备份中心建设", 3),
    (12, 5, "加强信息安全意识教育与培训", 3),
    (13, 5, "增强敏感数据保护能力", 4),
    (14, 5, "防御重大网络攻击", 5),
    (15, 5, "建立供应商管理和评价体系", 4),
    (16, 6, "建立行业信息安全审查机制", 3),
    (17, 6, "组建行业开源联盟,鼓励科技自主创新", 4),
    (18, 6, "提升重点领域安全可控能力", 4),
    (19, 6, "推进国产化信息技术产品应用", 3),
    (20, 7, "加强移动终端应用安全管理", 3),
    (21, 7, "加强云技术、云服务应用指导", 4),
    (22, 7, "加强大数据平台安全防护", 3),
    (23, 7, "制定程序化交易技术标准,控制程序化交易风险", 2),
    (24, 7, "研究市场国际化信息安全风险,提高风险应对能力", 3),
    (25, 7, "加强互联网金融技术监管,防范互联网金融安全风险", 2),
]
WORKING_TITLES = [6, 10, 12, 14, 16, 18]
ENCOURAGED = ["7.2", "7.3", "18.1", "18.2", "18.3", "18.4", "19.1", "21.4"]
# fmt: off
MATURITY = [
    "2.2", "3.2", "3.3", "4.1", "5.3", "6.4", "8.1", "8.2",
    "9.1", "9.2", "10.1", "11.3", "13.3", "13.4", "14.3", "14.4",
    "14.5", "15.4", "17.3", "18.1", "18.2", "18.3", "18.4", "19.2",
    "21.3", "22.1", "22.2", "22.3", "23.2", "24.2", "25.2",
]
# fmt: on


@pytest.fixture
def csf():
    return load_csf_2014()


def references(requirements) -> list[str]:
    ordered = requirements.select_related("task").order_by("task__number", "number")
    return [requirement.reference for requirement in ordered]


def test_themes_and_tasks_to_the_letter(csf):
    assert list(csf.themes.values_list("number", "label", "title")) == THEMES
    loaded = [(t.number, t.theme.number, t.title, t.requirements.count()) for t in csf.tasks.all()]
    assert loaded == TASKS
    assert sum(count for *_, count in TASKS) == Requirement.objects.count() == 78


def test_working_titles_and_provisional_deadlines(csf):
    assert list(csf.tasks.filter(title_is_official=False).values_list("number", flat=True)) == WORKING_TITLES
    assert not csf.tasks.filter(title__contains="†").exists()
    schedules = Schedule.objects.values_list("institution_kind", "due_on", "is_official")
    assert list(schedules) == [("", date(2020, 12, 31), False)] * 25


def test_levels_and_kinds(csf):
    requirements = Requirement.objects.all()
    levels = Counter(requirements.values_list("level", flat=True))
    assert levels == {Level.INDUSTRY: 31, Level.CORE: 3, Level.INSTITUTION: 44}
    kinds = Counter(requirements.values_list("kind", flat=True))
    assert kinds == {RequirementKind.EVIDENCE: 44, RequirementKind.MATURITY: 31, RequirementKind.RATIO: 3}
    assert references(requirements.filter(level=Level.CORE)) == ["7.3", "19.1", "21.4"]
    assert references(requirements.filter(kind=RequirementKind.RATIO)) == ["5.1", "5.2", "19.3"]
    assert references(requirements.filter(kind=RequirementKind.MATURITY)) == MATURITY
    assert references(requirements.filter(binding=Binding.ENCOURAGED)) == ENCOURAGED


def test_everything_is_translated(csf):
    for rows, names in [
        (csf.themes, ("title_en", "label_en")),
        (csf.tasks, ("title_en",)),
        (Requirement.objects, ("text_en",)),
    ]:
        for name in names:
            assert not rows.filter(**{name: ""}).exists()


def test_criteria_are_each_requirements_own(csf):
    rows = Requirement.objects.filter(kind=RequirementKind.MATURITY)
    criteria = [criterion for row in rows for criterion in row.criteria]
    assert len(criteria) == 31 * 6
    for language, longest in (("zh", 40), ("en", 120)):
        texts = [criterion[language] for criterion in criteria]
        assert len(set(texts)) == len(texts)
        assert max(map(len, texts)) <= longest


def test_every_kind_of_institution_has_a_part_in_every_task(csf):
    for task in Task.objects.prefetch_related("requirements"):
        parts = {kind: part for part, kinds in task.parts for kind in kinds}
        assert set(parts) == set(InstitutionKind)
        for kind, part in parts.items():
            assert task.requirements.for_part(part).exists(), f"{task}: nothing to do for {kind} as {part}"


def test_parts(csf):
    def parts(number: int) -> dict:
        return dict(csf.tasks.get(number=number).parts)

    operating = [InstitutionKind.SECURITIES, InstitutionKind.FUTURES, InstitutionKind.FUND]
    industry = [InstitutionKind.CORE, InstitutionKind.ASSOCIATION]
    assert parts(1) == {Part.LEAD: industry, Part.IMPLEMENT: operating}
    assert parts(2) == {Part.IMPLEMENT: list(InstitutionKind)}
    assert parts(16) == {Part.LEAD: industry, Part.SUPPORT: operating}


def test_requirements_of_a_part(csf):
    task = csf.tasks.get(number=7)
    assert references(task.requirements.for_part(Part.LEAD)) == ["7.1", "7.2", "7.3"]
    assert references(task.requirements.for_part(Part.IMPLEMENT)) == ["7.2"]
    assert references(task.requirements.for_part(Part.SUPPORT)) == ["7.1"]


def test_measures_are_asked_below_level_3_and_no_second_review():
    """The document names neither; the first is this project's default until the regulator confirms it."""
    plan = load_csf_2014()
    assert (plan.measures_below, plan.needs_second_review) == (3, False)
