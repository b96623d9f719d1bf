"""What the data say, as cells that a spreadsheet knows: numbers, fractions, dates and moments in Shanghai."""

import datetime
from decimal import Decimal

from django.utils import timezone

from portal.accounts.enums import InstitutionKind
from tasks.enums import AssignmentState


def number(told):
    return None if told is None else float(Decimal(told))


def fraction(percent):
    return None if percent is None else float(Decimal(percent) / 100)


def figures(told):
    names = ("submitted", "returned", "accepted", "not_applicable")
    states = [told["states"][name] for name in names]
    return [told["total"], *states, told["overdue"], fraction(told["accepted_share"])]


def day(told):
    return None if told is None else datetime.datetime.fromisoformat(told)


def moment(told):
    if told is None:
        return None
    at = timezone.localtime(datetime.datetime.fromisoformat(told))
    return at.replace(second=0, microsecond=0, tzinfo=None)


def task(told):
    return [told["task"]["number"], told["task"]["title"]]


def deadline(told):
    return [day(told["deadline"]), "暂定" if told["deadline_is_official"] is False else None, told["days_late"]]


def state(told):
    return str(AssignmentState(told["state"]).label)


def kind(told):
    return str(InstitutionKind(told["kind"]).label)


def theme(told, whole):
    """Labels are the plan's; in tests they number the theme."""
    return f"第{told['number']}节 {told['title']}" if told else whole
