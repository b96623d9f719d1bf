"""Invented names. Every institution's name says （示例）, so that none can be taken for a real firm's."""

from __future__ import annotations

import random
from typing import NamedTuple

from portal.accounts.credit_code import ALPHABET, check_character
from portal.accounts.enums import InstitutionKind

FIRST = {
    "青": "Qing", "云": "Yun", "松": "Song", "澄": "Cheng", "岚": "Lan", "霁": "Ji", "溪": "Xi", "砚": "Yan",
    "竹": "Zhu", "鹭": "Lu", "星": "Xing", "沐": "Mu", "晴": "Qing", "柏": "Bai", "雁": "Yan", "枫": "Feng",
    "汀": "Ting", "苇": "Wei", "朗": "Lang", "榆": "Yu", "潮": "Chao", "桐": "Tong", "麓": "Lu", "棠": "Tang",
}  # fmt: skip
SECOND = {
    "禾": "he", "屿": "yu", "渚": "zhu", "垣": "yuan", "川": "chuan", "原": "yuan", "舟": "zhou", "野": "ye",
    "衡": "heng", "岑": "cen", "泊": "bo", "笙": "sheng", "石": "shi", "洲": "zhou", "桥": "qiao", "汐": "xi",
    "田": "tian", "岭": "ling", "井": "jing", "湾": "wan", "谷": "gu", "坪": "ping", "浦": "pu", "陌": "mo",
}  # fmt: skip
THIRD = {"": "", "元": "yuan", "和": "he", "明": "ming", "安": "an", "远": "yuan", "正": "zheng", "宁": "ning"} | {
    "同": "tong", "初": "chu", "平": "ping", "朴": "pu", "知": "zhi", "行": "xing", "守": "shou", "致": "zhi",
    "德": "de", "信": "xin", "益": "yi", "广": "guang", "达": "da", "利": "li", "亨": "heng", "贞": "zhen",
}  # fmt: skip

SUFFIXES = {
    InstitutionKind.SECURITIES: ("证券有限公司", "证券", "Securities Co., Ltd."),
    InstitutionKind.FUTURES: ("期货有限公司", "期货", "Futures Co., Ltd."),
    InstitutionKind.FUND: ("基金管理有限公司", "基金", "Fund Management Co., Ltd."),
}
CORE = [
    ("示例证券交易所", "Example Stock Exchange"),
    ("示例期货交易所", "Example Futures Exchange"),
    ("示例登记结算有限公司", "Example Depository and Clearing Co., Ltd."),
    ("示例期货市场监测中心", "Example Futures Market Surveillance Centre"),
    ("示例商品交易所", "Example Commodity Exchange"),
    ("示例金融衍生品交易所", "Example Financial Derivatives Exchange"),
    ("示例股份报价系统有限公司", "Example Share Quotation System Co., Ltd."),
    ("示例投资者保护基金有限公司", "Example Investor Protection Fund Co., Ltd."),
]
ASSOCIATIONS = [
    ("示例证券行业协会", "Example Securities Industry Association"),
    ("示例期货行业协会", "Example Futures Industry Association"),
    ("示例基金行业协会", "Example Fund Industry Association"),
]
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈"
    "钟姜崔谭陆范汪廖石金贾韦夏付方"
)
GIVEN = (
    "晓雯", "建国", "志远", "雅琴", "文博", "思源", "海燕", "立新", "佳宁", "俊杰", "丽华", "明哲", "春梅", "国栋",
    "静怡", "子涵", "永强", "晓东", "慧敏", "天成", "雪梅", "浩然", "玉兰", "振宇", "嘉欣", "卫东", "秀英", "一鸣",
    "红霞", "少华", "梦洁", "承志", "美玲", "家豪", "若彤", "庆丰", "芳", "磊", "敏", "涛", "静", "勇", "洁", "军",
)  # fmt: skip


class Name(NamedTuple):
    full: str
    english: str
    short: str


def institution_name(kind: InstitutionKind, index: int) -> Name:
    """The name of the institution number `index`, from 0, of its kind; the first ones carry no invented word."""
    if kind in (InstitutionKind.CORE, InstitutionKind.ASSOCIATION):
        full, english = (CORE if kind == InstitutionKind.CORE else ASSOCIATIONS)[index]
        return Name(full, english, full)
    suffix, short_suffix, english_suffix = SUFFIXES[kind]
    if index == 0:
        return Name(f"示例{suffix}", f"Example {english_suffix}", f"示例{short_suffix}")
    word, english = _word(index - 1, offset=list(SUFFIXES).index(kind) * 200)
    return Name(f"{word}（示例）{suffix}", f"{english} (Example) {english_suffix}", f"{word}{short_suffix}")


def _word(index: int, offset: int) -> tuple[str, str]:
    """An invented word: every pair of characters once, then with a third one, and so on."""
    firsts, seconds, thirds = list(FIRST), list(SECOND), list(THIRD)
    round_, pair = divmod(index + offset, len(firsts) * len(seconds))
    row, column = divmod(pair, len(firsts))
    first, second, third = firsts[column], seconds[(row + column) % len(seconds)], thirds[round_]
    return first + second + third, FIRST[first] + SECOND[second] + THIRD[third]


def person_name(rng: random.Random) -> str:
    return rng.choice(SURNAMES) + rng.choice(GIVEN)


def credit_code(number: int) -> str:
    """A valid code for each number: registry 91 (enterprises), region 000000, which no registry issues."""
    serial = ""
    for _position in range(9):
        number, digit = divmod(number, len(ALPHABET))
        serial = ALPHABET[digit] + serial
    first_17 = f"91000000{serial}"
    return first_17 + check_character(first_17)
