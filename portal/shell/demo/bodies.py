"""The institutions and authorities of the demo, their people, and who may see what."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.auth.models import Permission as AuthPermission

from portal.accounts.actions import add_member, create_authority, set_scope
from portal.accounts.enums import AuthorityKind, InstitutionKind, Role
from portal.accounts.models import (
    BELONG,
    Institution,
    InstitutionGroupObjectPermission,
    Membership,
    Region,
    User,
)
from portal.shell.demo.accounts import NAMED
from portal.shell.demo.names import ASSOCIATIONS, CORE, credit_code, institution_name, person_name
from portal.shell.demo.table import Table

K = InstitutionKind
KIND_CODES = {K.CORE: "core", K.SECURITIES: "sec", K.FUTURES: "fut", K.FUND: "fund", K.ASSOCIATION: "assoc"}
# Of a hundred firms, which kinds and regions they are of.
FIRMS = {K.SECURITIES: 42, K.FUTURES: 34, K.FUND: 24}
BUSY_REGIONS = {"shanghai": 22, "beijing": 14, "shenzhen": 14, "guangdong": 8, "zhejiang": 8, "jiangsu": 7}
BUSY_REGIONS |= {"shandong": 5, "sichuan": 4, "hubei": 4, "fujian": 4}
OTHER_REGION = 0.5
# Who does not live where chance says; the first firm of each kind is in Shanghai.
HOMES = {K.CORE: ["shanghai", "shenzhen", "beijing"], K.ASSOCIATION: ["beijing"]}
FIRST_HOME = ["shanghai"]
IN_TWO_BODIES = ("sec01", "fut01")


@dataclass(frozen=True)
class Body:
    """An institution as the rest of the demo needs it. `diligence` is 0 to 1; `people` are user ids by role.

    `joined` holds each membership: its id, the user's and the role; `files` the stored files by SHA-256.
    """

    pk: int
    code: str
    name: str
    kind: str
    region: str
    credit_code: str
    diligence: float
    people: dict[Role, int] = field(default_factory=dict)
    joined: list[tuple[int, int, Role]] = field(default_factory=list)
    files: dict[str, uuid.UUID] = field(default_factory=dict)


@dataclass(frozen=True)
class Reviewer:
    authority: int
    name: str
    user: int


class Post(NamedTuple):
    """An authority to be made; without a region it supervises all of them."""

    name: str
    name_en: str
    kind: AuthorityKind
    kinds: list[K]
    region: str | None = None


OFFICE, ASSOCIATION = AuthorityKind.REGIONAL_OFFICE, AuthorityKind.ASSOCIATION
AUTHORITIES = {
    "csrc": Post("中国证监会", "China Securities Regulatory Commission", AuthorityKind.HEADQUARTERS, list(K)),
    "shanghai": Post("中国证监会上海监管局", "CSRC Shanghai Office", OFFICE, list(FIRMS), "shanghai"),
    "shenzhen": Post("中国证监会深圳监管局", "CSRC Shenzhen Office", OFFICE, list(FIRMS), "shenzhen"),
    "beijing": Post("中国证监会北京监管局", "CSRC Beijing Office", OFFICE, list(FIRMS), "beijing"),
    "securities": Post("中国证券业协会", "Securities Association of China", ASSOCIATION, [K.SECURITIES]),
    "futures": Post("中国期货业协会", "China Futures Association", ASSOCIATION, [K.FUTURES]),
}


class World:
    """Everybody, once made: bodies in the order of their codes, and who reviews them."""

    def __init__(self, *, institutions: int, rng: random.Random, password: str) -> None:
        self.rng = rng
        self.password = make_password(password)
        self.named = {account.email: account for account in NAMED}
        self.users, self.groups, self.memberships = Table(User), Table(Group), Table(Membership)
        self.user_groups = Table(User.groups.through)
        self.grants = Table(InstitutionGroupObjectPermission)
        self.rows = Table(Institution)
        self.belong = AuthPermission.objects.get(content_type__app_label="accounts", codename=BELONG).pk
        self.bodies = [self._institution(*place) for place in _places(institutions, rng)]
        for table in (self.groups, self.rows, self.grants, self.users, self.memberships, self.user_groups):
            table.flush()
        self.authorities = {code: self._authority(code) for code in AUTHORITIES}
        self.lead = User.objects.get(email="lead@csrc.example")

    def reviewer(self, body: Body) -> Reviewer:
        """Its region's office where there is one; else its association; else headquarters."""
        firm = body.kind in FIRMS
        if firm and body.region in self.authorities:
            return self.authorities[body.region]
        return self.authorities.get(body.kind, self.authorities["csrc"])

    def _institution(self, kind: K, index: int, number: int, region: Region, diligence: float) -> Body:
        name, registered = institution_name(kind, index), credit_code(number)
        group = self.groups.add(name=f"institution:{registered}")
        pk = self.rows.add(
            name=name.full,
            name_en=name.english,
            short_name=name.short,
            kind=kind.value,
            region_id=region.pk,
            credit_code=registered,
            group_id=group,
        )
        self.grants.add(content_object_id=pk, group_id=group, permission_id=self.belong)
        code = f"{KIND_CODES[kind]}{index + 1:02}"
        body = Body(pk, code, name.full, kind.value, region.code, registered, diligence)
        for role in (Role.CIO, Role.CONTRIBUTOR, Role.LIAISON):
            email = f"{role.value}@{code}.example"
            if role != Role.LIAISON or email in self.named:
                body.people[role] = self._person(email)
                self._join(body, group, body.people[role], role)
        if code in IN_TWO_BODIES:
            self._join(body, group, self._person_in_two_bodies, Role.CONTRIBUTOR)
        return body

    def _join(self, body: Body, group: int, user: int, role: Role) -> None:
        membership = self.memberships.add(user_id=user, institution_id=body.pk, role=role.value)
        self.user_groups.add(user_id=user, group_id=group)
        body.joined.append((membership, user, role))

    def _person(self, email: str) -> int:
        return self.users.add(email=email, name=self._name(email), password=self.password, is_demo=True)

    @cached_property
    def _person_in_two_bodies(self) -> int:
        return self._person("group@sec01.example")

    def _name(self, email: str) -> str:
        return self.named[email].name if email in self.named else person_name(self.rng)

    def _authority(self, code: str) -> Reviewer:
        post = AUTHORITIES[code]
        authority = create_authority(name=post.name, name_en=post.name_en, kind=post.kind, by=None)
        regions = Region.objects.filter(code=post.region) if post.region else []
        set_scope(authority=authority, kinds=post.kinds, regions=regions, all_regions=not post.region, by=None)
        members = {}
        for role in (Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER):
            email = f"{role.value.removesuffix('_supervisor')}@{code}.example"
            if role == Role.SUPERVISOR or email in self.named:
                members[role] = User.objects.create(
                    email=email, name=self._name(email), password=self.password, is_demo=True
                )
                add_member(user=members[role], body=authority, role=role, by=None)
        return Reviewer(authority.pk, post.name, members[Role.SUPERVISOR].pk)


def _places(count: int, rng: random.Random) -> Iterator[tuple[K, int, int, Region, float]]:
    """Kind, number within the kind, number in all, region and diligence of each institution."""
    regions = {region.code: region for region in Region.objects.all()}
    weights = {code: BUSY_REGIONS.get(code, OTHER_REGION if count > 60 else 0) for code in regions}
    core, associations = min(len(CORE), 2 + count // 20), min(len(ASSOCIATIONS), 1 + count // 40)
    firms = count - core - associations
    shares = {kind: firms * share // 100 for kind, share in FIRMS.items()}
    shares[K.SECURITIES] += firms - sum(shares.values())
    number = 0
    for kind, share in ({K.CORE: core, K.ASSOCIATION: associations} | shares).items():
        for index in range(share):
            homes = HOMES.get(kind, FIRST_HOME if index == 0 else [])
            code = homes[index % len(homes)] if homes else rng.choices(list(weights), list(weights.values()))[0]
            number += 1
            yield kind, index, number, regions[code], _diligence(kind, code, rng)


def _diligence(kind: K, region: str, rng: random.Random) -> float:
    """How well an institution keeps up: kinds and regions differ a little, institutions a lot."""
    lift = {K.CORE: 0.14, K.ASSOCIATION: 0.06, K.SECURITIES: 0.05, K.FUTURES: -0.04, K.FUND: 0.0}[kind]
    lift += {"shanghai": 0.03, "shenzhen": 0.05, "beijing": 0.0}.get(region, -0.03)
    return min(1.0, max(0.0, rng.betavariate(5, 3) + lift))
