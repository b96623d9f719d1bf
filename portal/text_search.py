"""Words found inside names and short texts by an index of their bigrams (docs/adr/0008-search-by-bigrams.md).

The index is over an expression, so that it follows from the text whoever writes it; PostgreSQL's functions come with
migration accounts 0007, and fold a text as `portal.bigrams.folded` does.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, Q, TextField
from django.db.models.lookups import Contains

from portal.bigrams import bigrams

LOOKED_AT = 100  # rows that hold a word: a common one costs no more in a large scope than in a small one
EDGE = "¦"  # stands before and after each name, so that its beginning and its whole are pairs, too


class Folded(Func):
    function = "portal_folded"
    output_field = TextField()


PAIRS: Any = ArrayField(TextField())


class Bigrams(Func):
    function = "portal_bigrams"
    output_field = PAIRS


class Names(Func):
    """The names in some fields with an EDGE around each, as one text."""

    template = f"('{EDGE}' || %(expressions)s || '{EDGE}')"
    arg_joiner = f" || '{EDGE}' || "
    output_field = TextField()


class SaidIn(Func):
    """The texts at a path of a JSON document, one after the other."""

    function = "portal_said_in"
    template = "%(function)s(%(expressions)s, '%(path)s')"
    output_field = TextField()


def holds(said: Any, words: str) -> Q:
    """Whether an expression holds the folded words, at least two characters of them.

    The index answers for pairs; of longer words it finds the rows that hold all pairs, and the comparison makes sure.
    """
    if len(words) < 2:
        return Q(pk__in=[])
    found = Q(PAIRS.get_lookup("contains")(Bigrams(said), bigrams(words)))
    return found & Q(Contains(Folded(said), words)) if len(words) > 2 else found


def named(said: Any, words: str) -> Q:
    """Whether one of `Names` holds the words. A single character is no pair: it has to be a name's first."""
    return holds(said, words if len(words) > 1 else EDGE + words)


def looked_up(rows: Any, *conditions: Q) -> Any:
    """The rows that meet one of the conditions, at most LOOKED_AT for each.

    The bound stands inside the rows given: a common word is left as soon as enough rows of the reader's scope hold it.
    Their ids are read before the rows: PostgreSQL does not begin with a subquery where many tables are joined to it.
    """
    found = [rows.order_by().filter(condition).values_list("pk", flat=True)[:LOOKED_AT] for condition in conditions]
    candidates = found[0].union(*found[1:]) if found[1:] else found[0]
    return rows.model._default_manager.filter(pk__in=list(candidates))
