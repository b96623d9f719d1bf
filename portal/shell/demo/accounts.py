"""The accounts that the README names; all of them share one password."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _


class Account(NamedTuple):
    email: str
    name: str
    body: str
    role: str


NAMED = [
    Account("lead@csrc.example", "周明远", _("中国证监会"), _("监管负责人")),
    Account("observer@csrc.example", "何静怡", _("中国证监会"), _("观察员")),
    Account("supervisor@shanghai.example", "沈国栋", _("中国证监会上海监管局"), _("监管人员")),
    Account("liaison@sec01.example", "林晓雯", _("示例证券有限公司"), _("联络人")),
    Account("contributor@sec01.example", "陈思源", _("示例证券有限公司"), _("填报人")),
    Account("cio@sec01.example", "吴建国", _("示例证券有限公司"), _("首席信息官")),
    Account("liaison@fut01.example", "唐雅琴", _("示例期货有限公司"), _("联络人")),
    Account("contributor@fut01.example", "徐文博", _("示例期货有限公司"), _("填报人")),
    Account("cio@fut01.example", "高立新", _("示例期货有限公司"), _("首席信息官")),
    Account("group@sec01.example", "许佳宁", _("示例证券有限公司、示例期货有限公司"), _("填报人")),
]
