"""Whatever somebody writes, only a few kinds of elements get into a report, and nothing is loaded."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.composing.markdown import SCHEMES, TAGS, refused, written

PIECES = [
    "# 标题", "## 二", "文字 **粗** *斜* `码`", "- 一\n- 二", "1. 一", "> 引", "---", "| 甲 |\n|---|\n| 1 |",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<b style='x'>", "<!-- c -->", "<svg/onload=x>",
    "<a rel=attachment href='file:///etc/passwd'>x</a>", "![图](https://evil.example/a.png)",
    "[x](javascript:alert(1))", "<javascript:alert(1)>", "[x](JaVaScRiPt:x)", "[x](file:///etc/passwd)",
    "[x](//evil.example)", "[x](/inbox/)", "[x](https://example.com/)", "<mailto:a@example.com>",
    "[r]: data:text/html,x\n\n[r]", "&lt;script&gt;", "\\<b\\>", "```html\n<b>\n```", "[", "](", "<", '"', "\n\n",
]  # fmt: skip


class Found(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=8).map("".join))
def test_only_known_elements_and_addresses_come_out(text):
    for tag, attributes in Found(written(text)).tags:
        assert tag in TAGS
        assert set(attributes) <= ({"href"} if tag == "a" else {"start"} if tag == "ol" else set())
        if address := attributes.get("href"):
            assert address.partition(":")[0].lower() in SCHEMES


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("前<b>后</b>", "<b>"),
        ("<div onclick=x>\n内容\n</div>", "<div onclick=x>"),
        ("![图](https://evil.example/a.png)", "https://evil.example/a.png"),
        ("[看](file:///etc/passwd)", "file:///etc/passwd"),
        ("[看](javascript:alert(1))", "javascript:alert(1)"),
        ("[看][1]\n\n[1]: data:text/html,x", "data:text/html,x"),
        ("[看](/inbox/)", "/inbox/"),
    ],
)
def test_what_is_refused_is_named(text, named):
    assert any(named in found for found in refused(text))


def test_what_is_fine_is_printed():
    text = "## 小标题\n\n- 逾期 < 5 项\n- 见[通知](https://example.com/a?b=1&c=2)\n\n| 甲 | 乙 |\n|---|---|\n| 1 | 2 |"
    assert not refused(text)
    html = written(text)
    for words in (
        "<h3>小标题</h3>",
        "<li>逾期 &lt; 5 项</li>",
        'href="https://example.com/a?b=1&amp;c=2"',
        "<td>2</td>",
    ):
        assert words in html
