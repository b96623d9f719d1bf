"""Rectifications of the invented past: what supervisors wanted put right, and how far it came."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass, field
from typing import Any

from assessments.enums import RectificationState, StepKind
from portal.accounts.enums import Role
from portal.shell.demo.bodies import Body, Reviewer
from portal.shell.demo.doing import File, Work
from portal.shell.demo.moments import DAY, HANDED_IN, REVIEWED, Day, at
from portal.shell.demo.tables import Tables
from portal.shell.demo.trail import Trail

S, K = RectificationState, StepKind
RECTIFICATION = "assessments.rectification"
SHARE = 0.15  # of the institutions have one or two
DEADLINES = range(-20, 41)  # days from today, of what is open

# Where the README's story begins: state and days from today to the deadline.
BEGINNINGS: dict[str, list[tuple[str, int]]] = {
    "sec01": [(S.OPEN, 7), (S.OPEN, -3), (S.UNVERIFIED, 12)],
    "fut01": [(S.OPEN, -9), (S.OPEN, 14), (S.CLOSED, -30)],
}

# What is wanted: in one line, and at length.
WANTED = (
    (
        "补齐灾备切换演练记录",
        "现场核查发现，最近一次灾备切换演练缺少过程记录和总结。请补齐，并说明未归档的原因。",
    ),
    ("整改弱口令账户", "抽查的服务器中有 6 个账户使用弱口令。请全面排查，限期改正，并提供排查清单和口令策略的截图。"),
    ("修订应急预案联系人", "应急预案中的联系人已有三人离岗。请修订预案并重新印发，明确今后更新的责任部门和频次。"),
    (
        "完善外包人员管理台账",
        "外包人员台账与门禁记录不一致。请核对人员和权限，清理离场人员的账户，并提交新的台账。",
    ),
    (
        "落实日志留存期限",
        "两个业务系统的日志只保留了三个月，不足六个月。请扩充存储、调整配置，并提供对比材料。",
    ),
    ("整改备份恢复验证不足", "备份任务每日执行，但全年未做恢复验证。请安排恢复验证，形成报告，并纳入年度计划。"),
)
ANSWERS = (
    "已按要求完成整改：责任部门逐项核对，相关记录和清单已补齐，并由内部审计复核，材料附后。",
    "整改措施已全部落实，制度同步修订并印发。请核验。",
    "已完成排查和改正，共处理 14 项，后续按季度复查；证明材料见附件。",
)
NOT_YET = (
    "所附记录只覆盖总部，请补充分支机构的情况。",
    "材料能说明已经整改，但未见长效措施，请补充制度修订和责任分工。",
)
ENOUGH = ("经核验，整改到位，予以办结。", "材料齐全，予以办结。请继续保持。")
POSTPONED = "机构正在搬迁机房，申请顺延，予以同意。"

NAMES = {
    K.OPENED: "open",
    K.ANSWERED: "answer",
    K.REOPENED: "reopen",
    K.CLOSED: "close",
    K.RESCHEDULED: "reschedule",
}
TARGETS = {K.ANSWERED: S.UNVERIFIED, K.REOPENED: S.OPEN, K.CLOSED: S.CLOSED}


@dataclass
class Step:
    kind: StepKind
    day: Day
    text: str
    deadline: Day
    files: list[File] = field(default_factory=list)


def write_rectifications(
    *,
    tables: Tables,
    rng: random.Random,
    body: Body,
    reviewer: Reviewer,
    work: list[Work],
    today: Day,
    trail: Trail | None,
) -> None:
    """Those of one institution, if it has any."""
    endings = BEGINNINGS.get(body.code)
    if endings is None:
        count = rng.randint(1, 2) if rng.random() < SHARE else 0
        endings = [(rng.choice(list(S)), rng.choice(DEADLINES)) for _ in range(count)]
    wanted = rng.sample(WANTED, len(endings))
    signed = [item.file for done in work for item in done.items if item.file and item.file.frozen_at]
    for (state, days), (title, text) in zip(endings, wanted, strict=True):
        story = _story(rng, state, today + days * DAY, text, signed, today)
        _Course(tables, rng, body, reviewer, trail).write(title, state, story)


def _story(rng: random.Random, state: str, deadline: Day, text: str, signed: list[File], today: Day) -> list[Step]:
    """The steps that end in the state, all of them before today."""
    opened = min(deadline, today) - rng.randint(40, 55) * DAY
    answered = today - rng.randint(3, 8) * DAY
    steps = [Step(K.OPENED, opened, text, deadline)]
    if rng.random() < 0.35:
        steps[0].deadline = deadline - 14 * DAY
        steps.append(Step(K.RESCHEDULED, opened + 12 * DAY, POSTPONED, deadline))
    if rng.random() < 0.4:
        first = steps[-1].deadline - 7 * DAY
        steps[-1].deadline = first
        steps += [
            Step(K.ANSWERED, opened + 20 * DAY, rng.choice(ANSWERS), first, _chosen(rng, signed, opened)),
            Step(K.REOPENED, opened + 25 * DAY, rng.choice(NOT_YET), deadline),
        ]
    if state != S.OPEN:
        steps.append(Step(K.ANSWERED, answered, rng.choice(ANSWERS), deadline, _chosen(rng, signed, opened)))
    if state == S.CLOSED:
        steps.append(Step(K.CLOSED, today - DAY, rng.choice(ENOUGH), deadline))
    return steps


def _chosen(rng: random.Random, signed: list[File], opened: Day) -> list[File]:
    """Files that the supervisor could see before already, so that nothing else changes."""
    known = [file for file in signed if file.frozen_at and file.frozen_at.date() < opened]
    return rng.sample(known, min(len(known), rng.randint(1, 2)))


class _Course:
    """One rectification on its way into the tables."""

    def __init__(self, tables: Tables, rng: random.Random, body: Body, reviewer: Reviewer, trail: Trail | None) -> None:
        self.tables, self.rng, self.body, self.reviewer, self.trail = tables, rng, body, reviewer, trail

    def write(self, title: str, state: str, story: list[Step]) -> None:
        moments = [at(step.day, HANDED_IN if step.kind == K.ANSWERED else REVIEWED, self.rng) for step in story]
        latest = {step.kind: moment for step, moment in zip(story, moments, strict=True)}
        self.pk = self.tables.rectifications.add(
            institution_id=self.body.pk,
            authority_id=self.reviewer.authority,
            title=title,
            deadline=story[-1].deadline,
            state=str(state),
            opened_by_id=self.reviewer.user,
            opened_at=moments[0],
            answered_at=latest.get(K.ANSWERED),
            reopened_at=latest.get(K.REOPENED),
            closed_at=latest.get(K.CLOSED),
        )
        before = story[0].deadline
        for step, moment in zip(story, moments, strict=True):
            self._step(step, moment, title, before)
            before = step.deadline

    def _step(self, step: Step, moment: datetime.datetime, title: str, before: Day) -> None:
        actor = self.body.people[Role.CONTRIBUTOR] if step.kind == K.ANSWERED else self.reviewer.user
        pk = self.tables.rectification_steps.add(
            rectification_id=self.pk,
            kind=str(step.kind),
            text=step.text,
            deadline=step.deadline,
            by_id=actor,
            at=moment,
        )
        for file in step.files:
            self.tables.rectification_files.add(rectificationstep_id=pk, evidence_id=file.pk)
        if self.trail:
            facts = self._facts(step, title, before)
            self.trail.add(moment, f"rectification.{NAMES[step.kind]}", actor, (RECTIFICATION, self.pk), facts)

    def _facts(self, step: Step, title: str, before: Day) -> dict[str, Any]:
        """What the actions record of such a step."""
        facts: dict[str, Any] = {"text": step.text}
        if step.kind == K.OPENED:
            facts |= {"authority": self.reviewer.name, "title": title, "deadline": step.deadline}
            return facts | {"requirement": None, "review": None}
        if step.kind == K.RESCHEDULED:
            return facts | {"from": before, "to": step.deadline}
        if step.kind == K.ANSWERED:
            facts["evidence"] = [str(file.pk) for file in step.files]
        if step.kind == K.REOPENED:
            facts["deadline"] = step.deadline
        source = S.OPEN if step.kind == K.ANSWERED else S.UNVERIFIED
        return facts | {"from": str(source), "to": str(TARGETS[step.kind])}
