"""The texts of a composed report: Markdown in, a few kinds of elements out, and nothing that is loaded from anywhere.

CommonMark with tables. What a writer may not use is named beside the field (`refused`); whatever reached a report all
the same is escaped by the renderer and stripped by the sanitiser (`written`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_LENGTH = 8000
SCHEMES = {"http", "https", "mailto"}
HEADINGS = {f"h{level}" for level in range(3, 7)}
BLOCKS = {"p", "ul", "ol", "li", "blockquote", "hr", "br", "pre", "code", "em", "strong", "a"}
TABLES = {"table", "thead", "tbody", "tr", "th", "td"}
TAGS = HEADINGS | BLOCKS | TABLES
SECTION_HEADING = 2  # a section's own; a text's highest heading, of whatever level, comes right below it
NESTED_AT_MOST = 20

_renderer = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTED_AT_MOST}).enable("table")
_reader = MarkdownIt("commonmark", {"html": True, "maxNesting": NESTED_AT_MOST}).enable("table")
_reader.validateLink = lambda _url: True  # type: ignore[method-assign]  # so that what is refused can be named


def written(text: str) -> SafeString:
    """The text as HTML for a section."""
    tokens = _renderer.parse(text)
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    levels = sorted({token.tag for token in headings})
    for token in headings:
        token.tag = f"h{min(levels.index(token.tag) + 1 + SECTION_HEADING, 6)}"
    html = _renderer.renderer.render(tokens, _renderer.options, {})
    return mark_safe(  # noqa: S308 – sanitised here
        nh3.clean(
            html,
            tags=TAGS,
            attributes={"a": {"href"}, "ol": {"start"}},
            attribute_filter=_only_known_schemes,
            url_schemes=SCHEMES,
            link_rel=None,
        )
    )


def _only_known_schemes(_tag: str, attribute: str, value: str) -> str | None:
    """An address that stands for itself: one relative to the report would be none."""
    return value if attribute != "href" or _is_allowed(value) else None


def _is_allowed(address: str) -> bool:
    try:
        return urlsplit(address).scheme.lower() in SCHEMES
    except ValueError:
        return False


def refused(text: str) -> list[str]:
    """What of the text may not be in a report, each said once."""
    return list(dict.fromkeys(_refused(_reader.parse(text))))


def _refused(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("html_block", "html_inline"):
            yield _("HTML 代码：%(found)s") % {"found": _short(token.content)}
        elif token.type == "image":
            yield _("图片：%(found)s") % {"found": _short(str(token.attrs.get("src", "")))}
        elif token.type == "link_open" and not _is_allowed(str(token.attrs.get("href", ""))):
            yield _("链接地址：%(found)s") % {"found": _short(str(token.attrs.get("href", "")))}
        yield from _refused(token.children or [])


def _short(found: str) -> str:
    return Truncator(" ".join(found.split())).chars(60)
