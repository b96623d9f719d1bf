"""YAML with the line of every value, so that a mistake in a plan file can be pointed at.

Values are what JSON knows; dates stay text, for the schema to check. Aliases, custom tags and repeated keys
are mistakes here: a plan file is meant to be read from top to bottom.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _

Path = tuple[str | int, ...]
TIMESTAMP = "tag:yaml.org,2002:timestamp"


@dataclass(frozen=True, order=True)
class Mistake:
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return ": ".join(filter(None, [str(self.line), self.path, self.message]))


@dataclass
class Located:
    """A document's value, the line of each path into it, and the mistakes met on the way."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=lambda: {(): 1})
    mistakes: list[Mistake] = field(default_factory=list)

    def complain(self, path: Path, message: str) -> None:
        self.mistakes.append(Mistake(self.lines[path], in_words(path), message))


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, _("计划文件不使用别名，请写出内容"), mark)
        return super().compose_node(parent, index)


def in_words(path: Path) -> str:
    """`("themes", 0, "title")` as `themes[0].title`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def parse(text: str) -> Located:
    """Read one document. Never raises for what stands in `text`: every problem becomes a mistake."""
    located = Located()
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        located.value = _read(loader, node, (), located) if node else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        located.mistakes.append(Mistake(line, "", _("YAML 语法错误：%(problem)s") % {"problem": error.problem}))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        located.mistakes.append(Mistake(line, "", _("含有不可显示的字符")))
    except RecursionError:
        located.mistakes.append(Mistake(1, "", _("嵌套层数过多")))
    return located


def _read(loader: _Loader, node: yaml.Node, path: Path, located: Located) -> Any:
    located.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _read_mapping(loader, node, path, located)
    if isinstance(node, yaml.SequenceNode):
        return [_read(loader, item, (*path, index), located) for index, item in enumerate(node.value)]
    try:
        value = loader.construct_object(node)
    except ValueError:
        located.complain(path, _("无法读取该值"))
        return None
    return value.strip() if isinstance(value, str) else value


def _read_mapping(loader: _Loader, node: yaml.MappingNode, path: Path, located: Located) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
        if not key:
            line = key_node.start_mark.line + 1
            located.mistakes.append(Mistake(line, in_words(path), _("字段名应为文本")))
        elif key in values:
            line = key_node.start_mark.line + 1
            located.mistakes.append(Mistake(line, in_words((*path, key)), _("字段重复")))
        else:
            located.lines[(*path, key)] = key_node.start_mark.line + 1
            values[key] = _read(loader, value_node, (*path, key), located)
    return values
