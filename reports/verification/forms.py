from __future__ import annotations

from django import forms
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.verification import uploads
from reports.verification.codes import clean_code


class VerificationForm(forms.Form):
    """A code and a file. That a code is unknown is no error here: only with the right file is anything said of it."""

    code = forms.CharField(
        label=gettext_lazy("验证码"),
        help_text=gettext_lazy("在报告最后一页，或 Excel 的说明页，形如 XXXX-XXXX-XXXX。"),
        max_length=30,
        error_messages={"required": gettext_lazy("请输入报告上的验证码。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
    )
    file = forms.FileField(
        label=gettext_lazy("报告文件"),
        help_text=gettext_lazy("只计算文件的摘要值并与签发时的记录比对，文件不会保存。"),
        allow_empty_file=True,
        error_messages={"required": gettext_lazy("请选择要核验的 PDF 或 Excel 文件。")},
        widget=forms.FileInput(attrs={"accept": ".pdf,.xlsx"}),
    )

    def clean_code(self) -> str:
        code = clean_code(self.cleaned_data["code"])
        if code is None:
            raise forms.ValidationError(_("验证码有误：请对照报告逐字核对。"))
        return code

    def clean_file(self) -> uploads.MeasuredFile:
        file = self.cleaned_data["file"]
        if file.size > uploads.MAX_BYTES:
            limit = filesizeformat(uploads.MAX_BYTES)
            raise forms.ValidationError(_("文件超过 %(limit)s 的上限，不是本平台签发的报告。") % {"limit": limit})
        return file
