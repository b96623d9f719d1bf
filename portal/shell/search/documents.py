"""Evidence, by its name and by what the documents say."""

from __future__ import annotations

from portal.shell.search.asked import Asked, Hit
from portal.snippets import Snippet, marked
from tasks.models import Evidence
from vault.snippets import snippets


def find(asked: Asked, limit: int) -> list[Hit]:
    """Those whose names hold the words before those whose texts do, and of each the newest first."""
    visible = Evidence.objects.visible_to(asked.user, acting=asked.membership)
    found = visible.search(asked.text).select_related("institution", "assignment__task")
    rows = list(found.by_name_first(asked.words)[:limit])
    said = snippets(asked.text, [row.stored for row in rows])
    return [
        Hit(
            row.get_absolute_url(),
            marked(row.original_name, asked.words),
            f"{row.institution.local_name} · {row.assignment.task.number} {row.assignment.task.local_title}",
            _snippet(said.get(row.stored_id)),
        )
        for row in rows
    ]


def _snippet(said: Snippet | None) -> Snippet | None:
    return said and Snippet(f"…{said.before}", said.hit, f"{said.after}…")
