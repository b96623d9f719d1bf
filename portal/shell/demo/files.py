"""The handful of documents that all evidence of the demo points to: real files, made here, stored once each."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw
from weasyprint import HTML

from portal.audit.canonical import digests
from vault.enums import Place
from vault.places import storage_of

PDF = "application/pdf"
PNG = "image/png"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

# Title, sections and tag by key.
PAGES = {
    "policy": ("信息安全管理办法", ("总则", "职责分工", "日常管理", "检查与考核", "附则"), "制度"),
    "appointment": ("关于任命首席信息官的通知", ("任命决定", "职责与授权", "生效日期"), "任命"),
    "minutes": ("信息技术治理委员会会议纪要", ("出席人员", "审议事项", "议定事项", "后续安排"), "会议"),
    "drill": ("应急演练总结报告", ("演练目标", "演练过程", "发现的问题", "改进措施"), "应急"),
    "audit": ("信息技术审计报告", ("审计范围", "审计发现", "整改建议", "结论"), "审计"),
    "training": ("信息安全培训记录", ("培训内容", "参加人员", "考核结果"), "培训"),
    "certificate": ("信息安全管理体系认证证书", ("认证范围", "认证结论", "有效期"), "证书"),
}
# How long the documents that expire are good for after their upload.
VALID_DAYS = {"certificate": 365}
PARAGRAPH = (
    "本节内容为演示而虚构，不涉及任何真实机构和人员。责任部门按本节要求执行，执行情况每季度汇总一次，并由内部审计复核。"
)
STYLE = """
@page { size: A4; margin: 25mm 22mm; @bottom-center { content: counter(page); font-size: 9pt } }
body { font: 11pt/1.8 "Noto Sans CJK SC", sans-serif } h1 { text-align: center; font-size: 18pt }
h2 { font-size: 13pt; margin-top: 8mm } p { text-indent: 2em } .note { text-align: center; color: #777 }
"""


@dataclass(frozen=True)
class Document:
    """A stored file and what the rows of each institution repeat of it. `valid_days` count from its upload."""

    file: str
    name: str
    content_type: str
    size: int
    sha256: str
    sm3: str
    tags: list[str]
    valid_days: int | None


def store_documents() -> list[Document]:
    """Make and store them; a file left from an earlier demo is replaced."""
    documents = [
        _store(key, f"{title}.pdf", PDF, _pdf(title, parts), [tag]) for key, (title, parts, tag) in PAGES.items()
    ]
    documents.append(_store("monitoring", "运行监控截图.png", PNG, _png(), ["监控"]))
    documents.append(_store("ledger", "落实情况说明.docx", DOCX, _docx("落实情况说明"), []))
    return documents


def _store(key: str, name: str, content_type: str, content: bytes, tags: list[str]) -> Document:
    storage = storage_of(Place.DISK)
    path = f"evidence/demo/{key}"
    if storage.exists(path):
        storage.delete(path)
    stored = storage.save(path, ContentFile(content))
    return Document(stored, name, content_type, len(content), *digests(content), tags, VALID_DAYS.get(key))


def _pdf(title: str, parts: tuple[str, ...]) -> bytes:
    body = "".join(f"<h2>{number} {part}</h2><p>{PARAGRAPH}</p>" for number, part in enumerate(parts, start=1))
    note = '<p class="note">演示材料 · 内容为虚构</p>'
    page = f'<html lang="zh-hans"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>{note}{body}</html>'
    return HTML(string=page).write_pdf()


def _png() -> bytes:
    """A monitoring screen: two curves over a grid."""
    image = Image.new("RGB", (960, 540), "#f7f8fa")
    draw = ImageDraw.Draw(image)
    for y in range(60, 540, 60):
        draw.line([(60, y), (920, y)], fill="#d5dae1")
    for colour, height, wave in (("#1d4e89", 300, 90), ("#1d5c29", 380, 40)):
        points = [(x, height - (x * x // 97 + x * 7) % wave) for x in range(60, 921, 20)]
        draw.line(points, fill=colour, width=3)
    draw.text((60, 24), "CPU / network load, last 24 h (demo)", fill="#262d37")
    output = io.BytesIO()
    image.save(output, "PNG")
    return output.getvalue()


def _docx(title: str) -> bytes:
    """The smallest document that word processors open."""
    office = "http://schemas.openxmlformats.org"
    paragraphs = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in (title, PARAGRAPH))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{office}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{DOCX}.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
        "</Relationships>",
        "word/document.xml": f'<w:document xmlns:w="{office}/wordprocessingml/2006/main">'
        f"<w:body>{paragraphs}</w:body></w:document>",
    }
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return output.getvalue()
