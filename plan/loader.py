"""Read a plan file and check it: its shape against plan/schema.json, then what a schema can't express."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from jsonschema import Draft202012Validator, ValidationError

from plan.located import Located, Mistake, Path, parse

SCHEMA = json.loads((FilePath(__file__).parent / "schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)

TYPE_MESSAGES = {
    "string": gettext_lazy("应为文本；数字或 true、false 请加引号"),
    "integer": gettext_lazy("应为整数"),
    "number": gettext_lazy("应为数字"),
    "boolean": gettext_lazy("应为 true 或 false"),
    "array": gettext_lazy("应为列表"),
    "object": gettext_lazy("应为由字段组成的对象"),
}
LIMIT_MESSAGES = {
    "maxLength": gettext_lazy("最多 %(limit)s 个字符"),
    "minItems": gettext_lazy("至少 %(limit)s 项"),
    "maxItems": gettext_lazy("最多 %(limit)s 项"),
    "minimum": gettext_lazy("不得小于 %(limit)s"),
    "maximum": gettext_lazy("不得大于 %(limit)s"),
    "exclusiveMinimum": gettext_lazy("应大于 %(limit)s"),
}


@dataclass(frozen=True)
class PlanFile:
    """A valid plan file: its content as the schema describes it, and the SHA-256 of its bytes."""

    data: dict[str, Any]
    digest: str


class InvalidPlanFile(Exception):
    """Every mistake in a file, in the order of its lines; each reads `FILE:LINE: field: message`."""

    def __init__(self, name: str, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes))
        super().__init__("\n".join(f"{name}:{mistake}" for mistake in self.mistakes))


def read_plan_file(path: FilePath) -> PlanFile:
    """Raises `InvalidPlanFile` for a file that can't be read or breaks a rule."""
    try:
        content = path.read_bytes()
    except OSError as error:
        message = _("无法读取文件：%(reason)s") % {"reason": error.strerror}
        raise InvalidPlanFile(str(path), [Mistake(1, "", message)]) from error
    return parse_plan_file(content, name=str(path))


def parse_plan_file(content: bytes, *, name: str) -> PlanFile:
    try:
        located = parse(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidPlanFile(name, [Mistake(line, "", _("文件应采用 UTF-8 编码"))]) from error
    if not located.mistakes:
        check_shape(located)
    if not located.mistakes:
        check_rules(located)
    if located.mistakes:
        raise InvalidPlanFile(name, located.mistakes)
    return PlanFile(data=located.value, digest=hashlib.sha256(content).hexdigest())


# --- Shape ------------------------------------------------------------------------------------------------


def check_shape(located: Located) -> None:
    for error in VALIDATOR.iter_errors(located.value):
        for path, message in _explain(error):
            located.complain(path, message)


def _explain(error: ValidationError) -> Iterator[tuple[Path, str]]:
    """The schema's complaint in the words of someone who edits the file."""
    path, limit = tuple(error.absolute_path), error.validator_value
    if error.validator == "required":
        missing = [name for name in limit if name not in error.instance]
        yield from ((path, _("缺少字段“%(field)s”") % {"field": name}) for name in missing)
    elif error.validator == "additionalProperties":
        unknown = [name for name in error.instance if name not in error.schema["properties"]]
        yield from (((*path, name), _("未知字段")) for name in unknown)
    elif error.validator == "type":
        yield path, str(TYPE_MESSAGES[limit])
    elif error.validator == "enum":
        yield path, _("应为以下之一：%(choices)s") % {"choices": ", ".join(limit)}
    elif error.validator in LIMIT_MESSAGES:
        yield path, LIMIT_MESSAGES[error.validator] % {"limit": limit}
    else:
        yield path, _explain_value(error, path)


def _explain_value(error: ValidationError, path: Path) -> str:
    if error.validator == "not":
        return _("只有成熟度要求有评价标准") if path[-1] == "criteria" else _("只有数值要求有单位")
    if error.validator == "minLength":
        return _("不能为空")
    if error.validator == "format" or str(path[-1]).endswith("_on"):
        return _("应为 1900 至 2099 年间存在的日期，如 2026-12-31")
    if path[-1] == "slug":
        return _("只能使用小写字母、数字和连字符")
    return _("不能含有换行和控制字符")


# --- Rules ------------------------------------------------------------------------------------------------


def check_rules(located: Located) -> None:
    plan = located.value
    if plan["starts_on"] >= plan["ends_on"]:
        located.complain(("ends_on",), _("结束日期应晚于开始日期"))
    themes = list(_items(plan, "themes"))
    tasks = [(path + step, task) for path, theme in themes for step, task in _items(theme, "tasks")]
    _check_numbers(located, themes, first=plan["themes"][0]["number"])
    _check_numbers(located, tasks, first=1)
    for path, task in tasks:
        _check_weight(located, path, task)
        _check_dates(located, path, task)
        requirements = [(path + step, row) for step, row in _items(task, "requirements")]
        _check_numbers(located, requirements, first=1)
        for requirement_path, requirement in requirements:
            _check_weight(located, requirement_path, requirement)


def _items(parent: dict[str, Any], key: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    return (((key, index), item) for index, item in enumerate(parent.get(key, [])))


def _check_numbers(located: Located, rows: list[tuple[Path, dict[str, Any]]], first: int) -> None:
    """Numbers go up by one, because people quote them: neither twice nor with a gap."""
    seen: set[int] = set()
    expected = first
    for path, row in rows:
        number = row["number"]
        if number in seen:
            located.complain((*path, "number"), _("编号 %(number)s 重复") % {"number": number})
            continue
        if number != expected:
            values = {"number": number, "expected": expected}
            located.complain((*path, "number"), _("编号不连续：此处为 %(number)s，应为 %(expected)s") % values)
        seen.add(number)
        expected = number + 1


def _check_weight(located: Located, path: Path, row: dict[str, Any]) -> None:
    weight = Decimal(str(row.get("weight", 1)))
    if not weight.is_finite() or weight != round(weight, 2):
        located.complain((*path, "weight"), _("权重最多两位小数"))


def _check_dates(located: Located, path: Path, task: dict[str, Any]) -> None:
    schedules = [(path + step, row) for step, row in _items(task, "schedules")]
    for schedule_path, schedule in [(path, task), *schedules]:
        if not located.value["starts_on"] <= schedule["due_on"] <= located.value["ends_on"]:
            located.complain((*schedule_path, "due_on"), _("完成期限应在计划期内"))
    kinds: set[str] = set()
    for schedule_path, schedule in schedules:
        if schedule["institution_kind"] in kinds:
            located.complain((*schedule_path, "institution_kind"), _("该类机构的期限重复"))
        kinds.add(schedule["institution_kind"])
