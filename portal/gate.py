"""The one gate of every state machine: lock the row, look the move up, set the state and its time, record.

A machine is a table `{name: Move(sources, target, stamp)}` in its app's `enums.py`. Check constraints on the
model tie each state to its time, so that not even SQL can store a state that never came about.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.audit.actions import record


class Move(NamedTuple):
    """From any of `sources` to `target`; the time goes into the field `stamp`."""

    sources: frozenset[str]
    target: str
    stamp: str


class WrongState(ValidationError):
    """The row is no longer in a state from which the move is allowed, such as after a double click."""


Row = TypeVar("Row", bound=models.Model)


@transaction.atomic
def pass_gate(
    *,
    row: Row,
    name: str,
    moves: Mapping[str, Move],
    by,
    at: datetime.datetime | None = None,
    data: dict[str, Any] | None = None,
    **fields: Any,
) -> Row:
    """Move the row, set the other `fields` with it, write `<model>.<name>` to the audit trail; return the row, locked.

    `at` is given where another field has to say the same time; otherwise it is now.

    Raises WrongState when the row has moved on meanwhile; nothing is changed then.
    """
    move = moves[name]
    locked: Any = type(row)._default_manager.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
    if locked.state not in move.sources:
        raise WrongState(
            _("当前状态为“%(state)s”，不能执行此操作。请刷新页面查看最新情况。")
            % {"state": locked.get_state_display()},
            code="wrong_state",
        )
    before = locked.state
    changes = {"state": move.target, move.stamp: at or timezone.now(), **fields}
    for field, value in changes.items():
        setattr(locked, field, value)
    locked.save(update_fields=list(changes))
    record(
        action=f"{locked._meta.model_name}.{name}",
        by=by,
        target=locked,
        institution=locked.institution,
        data={"from": before, "to": move.target, **(data or {})},
    )
    return locked
