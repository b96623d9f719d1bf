"""The accounts that the README names; all of them share one password."""

from __future__ import annotations

from typing import NamedTuple

from portal.accounts.enums import Role


class Account(NamedTuple):
    email: str
    name: str
    body: str
    role: Role


NAMED = [
    Account("lead@csrc.example", "周明远", "中国证监会", Role.LEAD_SUPERVISOR),
    Account("observer@csrc.example", "何静怡", "中国证监会", Role.OBSERVER),
    Account("supervisor@shanghai.example", "沈国栋", "中国证监会上海监管局", Role.SUPERVISOR),
    Account("liaison@sec01.example", "林晓雯", "示例证券有限公司", Role.LIAISON),
    Account("contributor@sec01.example", "陈思源", "示例证券有限公司", Role.CONTRIBUTOR),
    Account("cio@sec01.example", "吴建国", "示例证券有限公司", Role.CIO),
    Account("liaison@fut01.example", "唐雅琴", "示例期货有限公司", Role.LIAISON),
    Account("contributor@fut01.example", "徐文博", "示例期货有限公司", Role.CONTRIBUTOR),
    Account("cio@fut01.example", "高立新", "示例期货有限公司", Role.CIO),
    Account("group@sec01.example", "许佳宁", "示例证券有限公司、示例期货有限公司", Role.CONTRIBUTOR),
]
