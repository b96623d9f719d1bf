"""What is looked for and by whom, and what a search brings back."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from django.utils.functional import Promise

from portal.accounts.models import Membership, User
from portal.bigrams import folded
from portal.snippets import Snippet

TASK_NUMBER = re.compile(r"(?:第|任务|task|no\.?|#)*(\d{1,3})(?:项|号|任务)*")
REFERENCE = re.compile(r"(?:要求|requirement|no\.?|#)*(\d{1,3})\.(\d{1,3})")
FIRST_IDEOGRAPH = "\u2e80"


class Rank(IntEnum):
    """How well a name fits: the best first."""

    WHOLE = 0
    BEGINNING = 1
    WITHIN = 2

    @classmethod
    def of(cls, words: str, *names: str) -> Rank:
        compared = [folded(name) for name in names if name]
        if words in compared:
            return cls.WHOLE
        return cls.BEGINNING if any(name.startswith(words) for name in compared) else cls.WITHIN


@dataclass(frozen=True)
class Asked:
    """`text` as it was typed, `words` as it is compared."""

    text: str
    user: User
    membership: Membership

    @cached_property
    def words(self) -> str:
        return folded(self.text)

    @property
    def is_enough(self) -> bool:
        """Two characters, or one that is a word or a number by itself."""
        return len(self.words) > 1 or self.words.isdecimal() or self.words >= FIRST_IDEOGRAPH

    @property
    def is_text(self) -> bool:
        """Long enough to be looked for inside texts."""
        return len(self.words) > 1

    @property
    def task_number(self) -> int | None:
        match = TASK_NUMBER.fullmatch(self.words)
        return int(match[1]) if match else None

    @property
    def reference(self) -> tuple[int, int] | None:
        """The numbers of task and requirement in “9.2”."""
        match = REFERENCE.fullmatch(self.words)
        return (int(match[1]), int(match[2])) if match else None


@dataclass(frozen=True)
class Hit:
    """One line of an answer. `at` orders the texts, `rank` the names."""

    url: str
    title: Snippet
    detail: str = ""
    snippet: Snippet | None = None
    rank: Rank = Rank.WITHIN
    at: datetime.datetime | None = None


@dataclass(frozen=True)
class Group:
    """A kind of thing that is found. `find` brings at most so many hits, the best first."""

    key: str
    label: str | Promise
    icon: str
    find: Callable[[Asked, int], list[Hit]]
