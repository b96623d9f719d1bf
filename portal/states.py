"""How a state looks: colour, shape and word, the same on a page, in a chart and in a PDF.

Every app may import this module. The colours live here and, as CSS variables, in `static/css/states.css`;
`tests/shell/test_components.py` holds the two together and checks the contrast (WCAG 2.2, 1.4.3: 4.5 to 1).
Lightness differs between the inks, so that a grey print keeps most of them apart; the shapes do the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Tone:
    """One look. `shape` is an SVG path in a box of 16 by 16, filled with the even-odd rule.

    It is relative throughout, so that after a move to any point it draws the shape there.
    """

    name: str
    shape: str
    character: str
    ink: str
    paper: str
    ink_dark: str
    paper_dark: str

    @property
    def css_class(self) -> str:
        return "state-" + self.name.replace("_", "-")

    @property
    def mark(self) -> SafeString:
        """The shape as an inline picture for a page or a PDF. On pages, the style sheet's colour wins."""
        return format_html(
            '<svg class="state-mark" viewBox="0 0 16 16" width="12" height="12" fill="{}" fill-rule="evenodd" '
            'aria-hidden="true"><path d="{}"/></svg>',
            self.ink,
            self.shape,
        )


@dataclass(frozen=True)
class StateStyle:
    label: str | Promise
    tone: Tone

    @property
    def colour(self) -> str:
        """The ink on white paper, for charts and PDFs."""
        return self.tone.ink

    @property
    def shape(self) -> str:
        return self.tone.shape

    @property
    def character(self) -> str:
        """The shape where only text fits: spreadsheets and plain e-mail."""
        return self.tone.character


_RING = "m8 1a7 7 0 1 0 0 14a7 7 0 0 0 0-14zm0 2a5 5 0 1 1 0 10a5 5 0 0 1 0-10z"
_TONES = (
    Tone("not_started", _RING, "○", "#667181", "#f5f6f8", "#a7b0bc", "#262d37"),
    Tone("in_progress", _RING + "m0 0v5h5a5 5 0 0 0-5-5z", "◔", "#1b66b5", "#e8f1fb", "#6ea9ea", "#142a45"),
    Tone(
        "awaiting_signature",
        "m11.2 1.2a1.4 1.4 0 0 1 2 0l1.6 1.6a1.4 1.4 0 0 1 0 2l-9.2 9.2-4.6 1 1-4.6z",
        "✎",
        "#5a2a91",
        "#f1eafa",
        "#bd99ee",
        "#2e1c47",
    ),
    Tone("submitted", "m8 1.5l7.5 13h-15z", "▲", "#056464", "#e4f5f4", "#4fd0c8", "#0d3a39"),
    Tone(
        "returned",
        "m6.2 1.5l-5.2 5 5.2 5v-3.5h4a2.2 2.2 0 0 1 0 4.4h-3.2v2.4h3.2a4.6 4.6 0 0 0 0-9.2h-4z",
        "↩",
        "#ad5200",
        "#fdf0e2",
        "#f5a35c",
        "#482a0d",
    ),
    Tone("accepted", "m6.2 13.6l-5.3-5.3 2-2 3.3 3.3 6.9-7 2 2z", "✓", "#1d5c29", "#e7f4e8", "#93dd9d", "#173c1d"),
    Tone("overdue", "m2 2h12v12h-12z", "■", "#a01020", "#fce9ea", "#ff8d8d", "#4d151b"),
    Tone("not_applicable", "m2 6.8h12v2.4h-12z", "–", "#4c5562", "#f1f2f4", "#8e98a6", "#20262e"),
    Tone(
        "failed",
        "m3.2 1.6l4.8 4.8 4.8-4.8 1.6 1.6-4.8 4.8 4.8 4.8-1.6 1.6-4.8-4.8-4.8 4.8-1.6-1.6 4.8-4.8-4.8-4.8z",
        "✕",
        "#a01020",
        "#fce9ea",
        "#ff8d8d",
        "#4d151b",
    ),
)
TONES: Mapping[str, Tone] = MappingProxyType({tone.name: tone for tone in _TONES})

STATE_STYLES: Mapping[str, StateStyle] = MappingProxyType(
    {
        # Assignment
        "not_started": StateStyle(_("未开始"), TONES["not_started"]),
        "in_progress": StateStyle(_("进行中"), TONES["in_progress"]),
        "awaiting_signature": StateStyle(_("待签署"), TONES["awaiting_signature"]),
        "submitted": StateStyle(_("已报送"), TONES["submitted"]),
        "returned": StateStyle(_("已退回"), TONES["returned"]),
        "accepted": StateStyle(_("已验收"), TONES["accepted"]),
        "not_applicable": StateStyle(_("不适用"), TONES["not_applicable"]),
        "overdue": StateStyle(_("已逾期"), TONES["overdue"]),
        # A requirement on a page that is being filled in
        "complete": StateStyle(_("已填齐"), TONES["accepted"]),
        # SelfAssessment
        "draft": StateStyle(_("填报中"), TONES["in_progress"]),
        "answered": StateStyle(_("已填写"), TONES["accepted"]),
        "carried_over": StateStyle(_("沿用"), TONES["awaiting_signature"]),
        "withdrawn": StateStyle(_("已撤回"), TONES["not_applicable"]),
        # ReviewDraft
        "proposed": StateStyle(_("待复核"), TONES["awaiting_signature"]),
        # Rectification
        "open": StateStyle(_("整改中"), TONES["in_progress"]),
        "unverified": StateStyle(_("待核验"), TONES["submitted"]),
        "closed": StateStyle(_("已办结"), TONES["accepted"]),
        "escalated": StateStyle(_("已升级"), TONES["failed"]),
        # ChangeRequest
        "pending": StateStyle(_("待审批"), TONES["submitted"]),
        "granted": StateStyle(_("已同意"), TONES["accepted"]),
        "declined": StateStyle(_("未同意"), TONES["failed"]),
        # Report
        "collecting": StateStyle(_("逐份生成中"), TONES["in_progress"]),
        "queued": StateStyle(_("排队中"), TONES["not_started"]),
        "rendering": StateStyle(_("生成中"), TONES["in_progress"]),
        "done": StateStyle(_("已生成"), TONES["accepted"]),
        "failed": StateStyle(_("生成失败"), TONES["failed"]),
        "cancelled": StateStyle(_("已取消"), TONES["not_applicable"]),
        # Composition
        "composing": StateStyle(_("编制中"), TONES["in_progress"]),
        "approved": StateStyle(_("已批准"), TONES["accepted"]),
        "discarded": StateStyle(_("已废弃"), TONES["not_applicable"]),
        # BulkExtension
        "extending": StateStyle(_("延期中"), TONES["in_progress"]),
        "extended": StateStyle(_("已延期"), TONES["accepted"]),
        "not_extended": StateStyle(_("未延期"), TONES["failed"]),
        "undo_queued": StateStyle(_("等待撤销"), TONES["not_started"]),
        "undoing": StateStyle(_("撤销中"), TONES["in_progress"]),
        "undone": StateStyle(_("已撤销"), TONES["not_applicable"]),
        # StoredFile
        "received": StateStyle(_("待检查"), TONES["not_started"]),
        "clean": StateStyle(_("检查通过"), TONES["accepted"]),
        "refused": StateStyle(_("未通过检查"), TONES["failed"]),
        "quarantined": StateStyle(_("已隔离"), TONES["failed"]),
        "deleted": StateStyle(_("已删除"), TONES["not_applicable"]),
        "expired": StateStyle(_("已过期"), TONES["overdue"]),
    }
)


def style_of(state: str) -> StateStyle:
    """The look of a state's stored value. Raises KeyError for a state that has none."""
    return STATE_STYLES[str(getattr(state, "value", state))]
