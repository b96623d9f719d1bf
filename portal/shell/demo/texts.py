"""What people in the demo write. Sentences are made for this demo; `{topic}` is the requirement's own text."""

from __future__ import annotations

import random

from plan.enums import RequirementKind

STATEMENTS = {
    RequirementKind.EVIDENCE: (
        "已按要求完成“{topic}”。相关文件经办公会审议后正式印发，由信息技术部牵头执行，现附上文件和会议记录。",
        "围绕“{topic}”，我单位于上半年制定方案并组织实施，责任部门和时间节点均已明确，证明材料见附件。",
        "“{topic}”已落实到位。经办部门留存了过程记录，内部审计于季度末进行了抽查，未发现遗漏。",
        "我单位已就“{topic}”形成制度和台账，每季度更新一次，最近一次更新的版本作为附件提交。",
    ),
    RequirementKind.MATURITY: (
        "“{topic}”已建立制度并覆盖总部和全部分支机构，指标按月统计，结果纳入部门考核。",
        "围绕“{topic}”，已完成现状评估和三年改进路线，本年度计划的六项措施完成五项，余下一项年底前完成。",
        "“{topic}”由专人负责，流程已在运维平台固化，每半年复盘一次并据此修订。",
        "已就“{topic}”开展专项建设，核心系统全部纳入，外围系统完成约七成，缺口和计划在附件中列明。",
    ),
    RequirementKind.RATIO: (
        "“{topic}”按年度决算口径统计，数据经财务部复核，计算过程见附件。",
        "“{topic}”较上期有所提高，主要来自安全团队扩充和自主研发投入，分项明细见附件。",
    ),
}
JUSTIFICATIONS = {
    RequirementKind.EVIDENCE: (
        "文件已正式印发并在有效期内，执行记录完整。",
        "材料齐备，最近一次检查未发现问题。",
        "已完成，后续按年度更新。",
    ),
    RequirementKind.MATURITY: (
        "制度、流程和工具均已到位，量化指标连续两个季度达标。",
        "制度已覆盖主要业务，自动化程度仍有提升空间。",
        "流程已建立并执行，尚未形成量化考核。",
    ),
    RequirementKind.RATIO: ("取自年度决算，经财务部复核。", "按监管统计口径计算，与报送的统计报表一致。"),
}
REASONS = {
    RequirementKind.EVIDENCE: (
        "附件未加盖公章，也未标注签发日期，请补充正式印发的版本。",
        "说明中提到的过程记录没有随附件提供，请补充签到表和总结报告。",
        "所附文件的有效期已过，请提供现行版本，或者说明修订进展。",
        "说明较为笼统，请写明责任部门、完成时间和下一步计划。",
    ),
    RequirementKind.MATURITY: (
        "覆盖范围只写到总部，请说明分支机构的落实情况并提供证明。",
        "所附制度是征求意见稿，请提供正式印发的版本。",
        "未见量化指标和考核结果，请补充最近两个季度的统计。",
    ),
    RequirementKind.RATIO: (
        "统计口径与要求不一致，请按年度决算口径重新计算并附计算过程。",
        "附件中的分项合计与总数不符，请核对后重新提供。",
    ),
}
ACCEPTED_COMMENTS = ("", "", "", "材料齐全，予以通过。", "落实情况较好，请继续保持并按年更新。")
RETURNED_COMMENTS = ("请按各项理由补充后重新报送。", "总体进展正常，个别证明材料需要补充。")
ACCEPTED_REMARKS = (
    "材料充分，建议作为同类机构的参考。",
    "予以认可；下期请补充量化数据。",
    "已落实，请关注制度的定期修订。",
)
MEASURES = (
    "修订相关制度并补齐流程，完成后组织一次内部检查。",
    "列入年度信息技术预算，分两个阶段建设，先覆盖核心系统。",
    "成立专项小组，按月跟踪整改进度并向信息技术治理委员会报告。",
    "补充人员和工具，先在总部试行，再推广到分支机构。",
)
OWNERS = ("信息技术部", "信息安全部", "运行维护部", "合规风控部", "研发中心")
REPLIES = (
    "已按意见补充正式印发的版本，见附件。",
    "已补充分支机构的落实情况和最近两个季度的统计。",
    "已重新核对口径并更新计算过程，结果见说明。",
)
SENT_BACK = ("附件二是旧版本，请换成最新印发的文件。", "请补充分支机构的情况后再提交签署。")
EXEMPTIONS = {
    20: "该机构未向客户提供移动终端应用，本任务不适用；开展此项业务后恢复。",
    22: "该机构未建设大数据平台，本任务不适用；建设时恢复。",
    23: "该机构未开展程序化交易业务，本任务不适用；开展此项业务后恢复。",
    24: "该机构无跨境业务，本任务不适用；开展此项业务后恢复。",
}
NOT_CONCERNED = "经核实，该机构的业务不涉及本任务，不适用。"
MORE_TIME = (
    "系统改造的外部供应商延期交付，联调测试和切换演练须顺延一个月。已签订补充协议，计划见说明。",
    "本任务与年内的交易系统升级同步实施，升级窗口推迟到下一个长假，申请相应延期。",
    "设备到货推迟，机房改造不能按期完工。已先行完成制度和人员部分，其余申请延期。",
)
NOT_OURS = (
    "本机构未开展本任务所涉业务，也没有开展的计划，申请认定不适用。",
    "相关系统由母公司统一建设和运维，本机构没有需要单独落实的内容，申请认定不适用。",
)
NOT_GRANTED = (
    "所述事项在年初即可预见，请调配资源按原期限完成。",
    "理由与上次报送的情况不符，请补充说明后重新申请。",
)


def statement(rng: random.Random, kind: str, topic: str) -> str:
    return rng.choice(STATEMENTS[RequirementKind(kind)]).format(topic=topic)


def justification(rng: random.Random, kind: str) -> str:
    return rng.choice(JUSTIFICATIONS[RequirementKind(kind)])


def reason(rng: random.Random, kind: str) -> str:
    return rng.choice(REASONS[RequirementKind(kind)])
