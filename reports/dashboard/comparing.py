"""A figure then and now, with the difference in words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from django.utils.translation import gettext as _

from reports.progress import in_words

Number = TypeVar("Number", int, Decimal)


@dataclass(frozen=True)
class Change(Generic[Number]):
    """`good` says which way is better: 1 up, -1 down, 0 neither."""

    now: Number | None
    then: Number | None
    good: int = 0

    @property
    def difference(self) -> int | Decimal:
        return (self.now or 0) - (self.then or 0)

    @property
    def is_known(self) -> bool:
        return self.then is not None

    @property
    def before(self) -> str:
        return f"{self.then or 0:,}"

    @property
    def mark(self) -> str:
        return "▲" if self.difference > 0 else "▼" if self.difference < 0 else "＝"

    @property
    def amount(self) -> str:
        return f"{abs(self.difference):,}"

    @property
    def said(self) -> str:
        """Such as “▲ 增加 12，变差”."""
        if not self.difference:
            return _("＝ 持平")
        words = {"mark": self.mark, "amount": self.amount}
        moved = _("%(mark)s 增加 %(amount)s") if self.difference > 0 else _("%(mark)s 减少 %(amount)s")
        return self._judged(moved % words)

    def _judged(self, moved: str) -> str:
        if not self.good:
            return moved
        is_better = (self.difference > 0) == (self.good > 0)
        return _("%(moved)s，好转") % {"moved": moved} if is_better else _("%(moved)s，变差") % {"moved": moved}


@dataclass(frozen=True)
class ShareChange(Change[Decimal]):
    """Of shares in percent; None where there was nothing to take a share of."""

    @property
    def is_known(self) -> bool:
        return self.now is not None and self.then is not None

    @property
    def before(self) -> str:
        return in_words(self.then)

    @property
    def said(self) -> str:
        if not self.difference:
            return _("＝ 持平")
        words = {"mark": self.mark, "amount": self.amount}
        rose, fell = _("%(mark)s 上升 %(amount)s 个百分点"), _("%(mark)s 下降 %(amount)s 个百分点")
        return self._judged((rose if self.difference > 0 else fell) % words)
