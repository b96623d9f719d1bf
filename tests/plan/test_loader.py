"""A bad plan file is reported by line and field, every mistake at once, and never gets halfway in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from plan.enums import Binding, Level, RequirementKind
from plan.loader import SCHEMA, InvalidPlanFile, parse_plan_file
from plan.models import Plan, Requirement, Task, Theme
from portal.accounts.enums import InstitutionKind
from tests.factories.plan import CSF_2014

SMALL = """\
slug: small
title: 示例计划
issuer: 示例单位
issued_on: 2026-01-01
starts_on: 2026-01-01
ends_on: 2026-12-31
themes:
  - number: 3
    label: 第三节
    title: 主题
    tasks:
      - number: 1
        title: 任务一
        due_on: 2026-06-30
        schedules:
          - institution_kind: core
            due_on: 2026-03-31
        requirements:
          - number: 1
            text: 出示文件
            level: institution
            kind: evidence
          - number: 2
            text: 报送人数
            level: industry
            kind: number
            unit: 人
      - number: 2
        title: 任务二
        due_on: 2026-12-31
        requirements:
          - number: 1
            text: 成熟度
            level: core
            kind: maturity
            criteria: [{zh: 零}, {zh: 一}, {zh: 二}, {zh: 三}, {zh: 四}, {zh: 五}]
"""


def mistakes(text: str | bytes) -> list[str]:
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(InvalidPlanFile) as caught:
        parse_plan_file(content, name="a.yaml")
    return str(caught.value).splitlines()


def test_a_good_file():
    file = parse_plan_file(SMALL.encode(), name="a.yaml")
    assert [task["number"] for task in file.data["themes"][0]["tasks"]] == [1, 2]
    assert len(file.digest) == 64


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("title: 任务一", "title: 2026", "13: themes[0].tasks[0].title: 应为文本；数字或 true、false 请加引号"),
        ("title: 任务一", "title: ''", "13: themes[0].tasks[0].title: 不能为空"),
        ("title: 任务一", "titel: 任务一", "13: themes[0].tasks[0].titel: 未知字段"),
        ("title: 任务一", "weight: 1", "12: themes[0].tasks[0]: 缺少字段“title”"),
        ("title: 任务一", "title: " + "长" * 201, "13: themes[0].tasks[0].title: 最多 200 个字符"),
        ("title: 任务一", r'title: "\0"', "13: themes[0].tasks[0].title: 不能含有换行和控制字符"),
        ("slug: small", "slug: Small!", "1: slug: 只能使用小写字母、数字和连字符"),
        ("slug: small", "slug: small\nslug: again", "2: slug: 字段重复"),
        ("kind: evidence", "kind: essay", "themes[0].tasks[0].requirements[0].kind: 应为以下之一：evidence, "),
        ("level: core", "level: all", "34: themes[0].tasks[1].requirements[0].level: 应为以下之一：industry, "),
        (", {zh: 五}]", "]", "36: themes[0].tasks[1].requirements[0].criteria: 至少 6 项"),
        ("{zh: 五}", "{zh: 五}, {zh: 六}", "36: themes[0].tasks[1].requirements[0].criteria: 最多 6 项"),
        ("kind: maturity", "kind: ratio", "36: themes[0].tasks[1].requirements[0].criteria: 只有成熟度要求有评价标准"),
        ("kind: number", "kind: date", "27: themes[0].tasks[0].requirements[1].unit: 只有数值要求有单位"),
        ("            unit: 人\n", "", "23: themes[0].tasks[0].requirements[1]: 缺少字段“unit”"),
        ("\n      - number: 2", "\n      - number: 1", "28: themes[0].tasks[1].number: 编号 1 重复"),
        ("\n      - number: 2", "\n      - number: 4", "28: themes[0].tasks[1].number: 编号不连续：此处为 4，应为 2"),
        ("          - number: 2", "          - number: 3", "23: themes[0].tasks[0].requirements[1].number: 编号不连续"),
        ("\n      - number: 2", "\n      - number: two", "28: themes[0].tasks[1].number: 应为整数"),
        ("\n      - number: 2", "\n      - number: 0", "28: themes[0].tasks[1].number: 不得小于 1"),
        ("due_on: 2026-06-30", "due_on: 2026-06-31", "14: themes[0].tasks[0].due_on: 应为 1900 至 2099 年间存在"),
        ("due_on: 2026-06-30", "due_on: 2027-01-01", "14: themes[0].tasks[0].due_on: 完成期限应在计划期内"),
        ("due_on: 2026-03-31", "due_on: 2025-12-31", "17: themes[0].tasks[0].schedules[0].due_on: 完成期限应在"),
        ("ends_on: 2026-12-31", "ends_on: 2025-12-31", "6: ends_on: 结束日期应晚于开始日期"),
        ("title: 任务一", "title: 任务一\n        weight: 0", "14: themes[0].tasks[0].weight: 应大于 0"),
        ("title: 任务一", "title: 任务一\n        weight: 1.005", "14: themes[0].tasks[0].weight: 权重最多两位小数"),
        ("title: 任务一", "title: 任务一\n        weight: .nan", "14: themes[0].tasks[0].weight: 权重最多两位小数"),
        ("title: 任务一", "title: &a 任务一\n        title_en: *a", "14: YAML 语法错误：计划文件不使用别名"),
        ("title: 任务一", "title: !!python/name:os.system x", "13: YAML 语法错误："),
        ("title: 任务一", "title: [任务一", "YAML 语法错误："),
        ("title: 任务一", "? [a]\n        : b", "13: themes[0].tasks[0]: 字段名应为文本"),
        ("title: 任务一", "title: 任务\x07一", "13: 含有不可显示的字符"),
    ],
)
def test_a_mistake_is_reported_by_line_and_field(old, new, expected):
    assert old in SMALL
    found = mistakes(SMALL.replace(old, new, 1))
    assert any(line.startswith("a.yaml:") and expected in line for line in found), found


def test_a_second_schedule_for_a_kind():
    schedule = "          - institution_kind: core\n            due_on: 2026-03-31\n"
    assert mistakes(SMALL.replace(schedule, schedule * 2)) == [
        "a.yaml:18: themes[0].tasks[0].schedules[1].institution_kind: 该类机构的期限重复"
    ]


def test_all_mistakes_are_reported_in_order():
    text = SMALL.replace("slug: small", "slug: 小").replace("kind: evidence", "kind: x").replace("core\n", "x\n")
    assert [line.split(": ")[:2] for line in mistakes(text)] == [
        ["a.yaml:1", "slug"],
        ["a.yaml:16", "themes[0].tasks[0].schedules[0].institution_kind"],
        ["a.yaml:22", "themes[0].tasks[0].requirements[0].kind"],
        ["a.yaml:34", "themes[0].tasks[1].requirements[0].level"],
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "a.yaml:1: 应为由字段组成的对象"),
        (b"- 1", "a.yaml:1: 应为由字段组成的对象"),
        (b"slug: a\ntitle: \xff", "a.yaml:2: 文件应采用 UTF-8 编码"),
        (b"[" * 5000, "a.yaml:1: 嵌套层数过多"),
        (b"a: 1\n---\nb: 2", "a.yaml:2: YAML 语法错误：but found another document"),
    ],
)
def test_files_that_are_no_plan(content, expected):
    assert mistakes(content) == [expected]


def test_the_schema_is_a_schema_and_agrees_with_the_models():
    Draft202012Validator.check_schema(SCHEMA)
    definitions = SCHEMA["$defs"]
    requirement = definitions["requirement"]["properties"]
    assert requirement["level"]["enum"] == Level.values
    assert requirement["kind"]["enum"] == RequirementKind.values
    assert requirement["binding"]["enum"] == Binding.values
    assert definitions["schedule"]["properties"]["institution_kind"]["enum"] == InstitutionKind.values
    for model, shape in [
        (Plan, SCHEMA),
        (Theme, definitions["theme"]),
        (Task, definitions["task"]),
        (Requirement, definitions["requirement"]),
    ]:
        for name, rule in shape["properties"].items():
            limit = rule.get("maxLength") or definitions.get(rule.get("$ref", "")[8:], {}).get("maxLength")
            if limit and not name.startswith("source"):
                assert limit <= model._meta.get_field(name).max_length, f"{model.__name__}.{name}"


LINES = CSF_2014.read_text(encoding="utf-8").splitlines()
CONTENT = range(LINES.index("slug: csf-2014"), len(LINES))
JUNK = st.sampled_from(["", "- ", "x: 1", "\t", "'", "[", "{", "&a", "*a", "!!int x", "---", "? ", "%", "\0"])


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(CONTENT), JUNK | st.text(max_size=8)), min_size=1, max_size=3))
def test_a_mutated_file_is_either_refused_with_its_lines_or_valid(edits):
    lines = list(LINES)
    for index, junk in edits:
        indent = len(lines[index]) - len(lines[index].lstrip())
        lines[index] = " " * indent + junk
    content = "\n".join(lines).encode(errors="surrogatepass")
    try:
        file = parse_plan_file(content, name="a.yaml")
    except InvalidPlanFile as error:
        assert all(mistake.line >= 1 and mistake.message for mistake in error.mistakes)
    else:
        assert Draft202012Validator(SCHEMA).is_valid(file.data)
