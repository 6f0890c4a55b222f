"""Evidence on A4, Chinese first and English beside it, whoever asks for it: it is read by others."""

import io
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta, timezone
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

from flask_babel import gettext
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table

from engine.audit import verifier
from engine.policy import statement
from webui import evidence_words, languages, policy_conditions, policy_names, policy_words
from webui.printing.paper import FONT, GREY, HEADING, LABEL, LINE, MARGIN, SHADE, SMALL, SUBTITLE, TEXT, TITLE, WIDTH

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_SHANGHAI = timezone(timedelta(hours=8), "+08:00")
_GRID = [
    ("GRID", (0, 0), (-1, -1), 0.5, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
]  # fmt: skip
_DECISIONS = {
    "agreed": "同意 agreed", "rejected": "不同意 rejected", "abstained": "弃权 abstained", "handled": "已办理 handled",
    "returned": "退回 sent back", "advised": "意见 advised",
}  # fmt: skip
_NOT_SAME = {
    "now": "之后有变化，此为现值 changed since, as it is now",
    "recorded": "所属流程已结束，此为决定所写 its process has ended, what decisions in it wrote",
    "erased": "内容已清除 erased",
}
_SOURCES = {"human": "本人 in person", "carried": "沿用 carried"}


def pdf(document: dict[str, Any]) -> bytes:
    """The same document gives the same bytes."""
    out = io.BytesIO()
    payment, request, definition = document["payment"], document["request"], document["definition"]
    made = BaseDocTemplate(
        out, pagesize=A4, title=f"付款证据 {payment['title']}", author="Troika", invariant=1,
        leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
    )  # fmt: skip
    frame = Frame(MARGIN, MARGIN + 4 * mm, WIDTH, A4[1] - 2 * MARGIN - 4 * mm, 0, 0, 0, 0)
    made.addPageTemplates(PageTemplate(frames=[frame], onPage=_foot))
    story: list[Flowable] = [
        Paragraph(f"付款证据 Evidence of payment {escape(payment['title'])}", TITLE),
        Paragraph(f"制作于 made at {_at(document['made_at'])}", SUBTITLE),
        *_section("付款 Payment", _fields(payment["fields"])),
        *_section("申请 Request", _pairs([
            ("单号 Number", request["number"] or "–"), ("标题 Title", request["title"]),
            ("流程 Process", f"{request['process']} v{definition['version']}"),
            ("发起人 Requested by", _person(request["starter"])), ("发起 Started", _at(request["started_at"])),
        ])),
        _fields(request["fields"]),
        *(_fields(line["fields"]) for line in request["lines"]),
        *_section("批准所绑定的事实 Facts that the approvals are bound to", _pairs(
            [(_fact(name), _value(value)) for name, value in sorted(document["facts"].items())]
        )),
    ]  # fmt: skip
    for shown in document["display"]:
        same = "与批准时相同 same as approved" if shown["same"] else "批准后已变化 changed since the approval"
        story += _section(
            f"审批页所示 What approvers were shown（{same}）",
            _pairs([(_label(name), text) for name, text in shown["labels"].items()]),
        )
    called = _Called(document["policies"])
    story += _section("决定 Decisions", *[_decision(one, called) for one in document["decisions"]])
    if document["emergencies"]:
        story += _section("应急放行 Emergency", *[_emergency(one, called) for one in document["emergencies"]])
    story += _section("策略版本 Policy versions", *[_policy(one, called) for one in document["policies"]])
    said = {"proved": "已证明 proved", "unknown": "无法证明 unknown", "assumed": "在别的流程中批准 approved elsewhere"}
    proof = said.get(definition["proof"], "未通过 violated")
    story += _section("流程版本的证明 Proof of the process version", _pairs([
        ("版本 Version", f"{definition['name']} {definition['key']} v{definition['version']}"),
        ("摘要 Digest", definition["digest"]), ("结论 Verdict", f"{proof}（{_at(definition['proved_at'])}）"),
        *(("发现 Finding", _both(one)) for one in definition["findings"]),
    ]))  # fmt: skip
    for chain in document["chains"]:
        story += _section(f"链 Chain {escape(chain['stream'])}", _anchor(chain), _links(chain["links"]))
    story += _section("公钥 Public keys", *[Paragraph(key, SMALL) for key in document["keys"]])
    steps = zip(document["steps"]["zh"], document["steps"]["en"], strict=True)
    story += _section("如何验证 How to verify", *[
        Paragraph(f"{place}. {escape(zh)}<br/>{escape(en)}", TEXT) for place, (zh, en) in enumerate(steps, 1)
    ])  # fmt: skip
    made.build(story)
    return out.getvalue()


def _foot(canvas: Canvas, document: Any) -> None:
    canvas.setStrokeColor(LINE)
    canvas.line(MARGIN, MARGIN, A4[0] - MARGIN, MARGIN)
    canvas.setFont(FONT, 8)
    canvas.setFillColor(GREY)
    canvas.drawString(MARGIN, MARGIN - 4 * mm, document.title)
    canvas.drawRightString(A4[0] - MARGIN, MARGIN - 4 * mm, str(document.page))


def _section(title: str, *parts: Flowable) -> list[Flowable]:
    return [Paragraph(title, HEADING), *parts]


def _fields(fields: Iterable[tuple[str, str, Any]]) -> Flowable:
    return _pairs([(f"{zh} {en}", _value(value)) for zh, en, value in fields])


def _pairs(pairs: list[tuple[str, str]]) -> Flowable:
    if not pairs:
        return Paragraph("–", TEXT)
    table = Table([[_text(name, LABEL), _text(value)] for name, value in pairs], colWidths=[WIDTH * 0.3, WIDTH * 0.7])
    table.setStyle([*_GRID, ("BACKGROUND", (0, 0), (0, -1), SHADE)])
    table.spaceAfter = 2 * mm
    return table


class _Called:
    """Names of policies and approvals, as the versions say under which it was paid."""

    def __init__(self, versions: Iterable[dict[str, Any]]) -> None:
        self._policies = {one["policy"]: statement.parse(one["statement"]) for one in versions}
        self._approvals = {need.approval: dict(need.names) for one in self._policies.values() for need in one.asked}

    def policy(self, key: str) -> str:
        """Title in both languages, and the number."""
        found = self._policies.get(key)
        return key if found is None else f"{_both(found.title.labels)} ({key})"

    def version(self, name: str) -> str:
        """Of `PAY-001@2`."""
        key, _, number = name.partition("@")
        return f"{self.policy(key)} v{number}"

    def approval(self, name: str) -> str:
        """In both languages; as drawings name it where no policy calls it anything."""
        return _both(self._approvals.get(name) or {}) or name


def _decision(one: dict[str, Any], called: _Called) -> Flowable:
    source = _SOURCES.get(one["source"], f"系统 automatic ({one['source']})")
    void = "（已作废 void）" if one["void"] else ""
    pairs = [
        ("环节 Step", f"{one['task']['zh']} {one['task']['en'] if one['task']['en'] != one['task']['zh'] else ''}"),
        ("谁 Who", _person(one["who"]) if one["who"] else "系统 system"),
        ("决定 Decision", f"{_DECISIONS.get(one['decision'], one['decision'])}，{source}{void}"),
        ("时间 At", _at(one["at"])),
    ]
    if one["on_behalf_of"]:
        pairs.append(("代表 On behalf of", _person(one["on_behalf_of"])))
    if one["opinion"]:
        pairs.append(("意见 Opinion", one["opinion"]))
    if one["because"]:
        pairs.append(("由其决定的原因 Why he was asked", _both(one["because"])))
    elif one["reason"]:
        pairs.append(("由其决定的原因 Why he was asked", one["reason"]))
    if one["policy_versions"]:
        under = ", ".join(map(called.version, one["policy_versions"]))
        pairs.append(("依据的策略版本 Under policy version", under))
    for rule in one["authority"] or ():
        who = _in_both(partial(policy_conditions.said, rule["eligible"])) if rule["eligible"] else "–"
        pairs.append(
            ("权限规则 Authority", f"{called.policy(rule['policy'])}\n{called.approval(rule['approval'])}: {who}")
        )
    if one["decided_by_rule"]:
        pairs.append(("规则与输入 Rule and inputs", _lines(one["decided_by_rule"])))
    form = one["form"]
    if form:
        same = "与点击时相同 as at the click" if form["same"] else _NOT_SAME[form.get("values_of", "now")]
        values = "\n".join(f"{zh} {en if en != zh else ''}: {_value(value)}" for zh, en, value in form["fields"])
        pairs.append((f"表单 Form {form['id']}（{same}）", values))
        if files := "\n".join(f"{file['name']} {file['sha256']}" for file in form.get("files", ())):
            pairs.append(("文件 Files (SHA-256)", files))
    elif one.get("form_lost"):
        pairs.append(("表单 Form", _in_both(partial(_form_lost, one["form_lost"]))))
    return _pairs(pairs)


def _form_lost(digest: str) -> str:
    return gettext(
        "The form that was shown (SHA-256 %(digest)s) is gone, or not as it was deployed: what stood on it cannot be "
        "shown.", digest=digest,
    )  # fmt: skip


def _emergency(one: dict[str, Any], called: _Called) -> Flowable:
    pairs = [
        ("策略 Policy", f"{called.policy(one['policy'])} v{one['version']}"),
        ("提出人 Asked by", f"{_person(one['asked_by'])}，{_at(one['asked_at'])}"),
        ("理由 Reason", one["reason"]),
        *((f"签署人 {place} Signed by", f"{_person(signed['who'])}，{_at(signed['at'])}")
          for place, signed in enumerate(one["signed"], 1)),
        ("有效至 Expires", _at(one["expires_at"])),
        ("所见事实 What they answered for", "\n".join(f"{_fact(name)}: {_value(value)}"
                                              for name, value in sorted(one["facts"].items()))),
    ]  # fmt: skip
    looked = "尚未复核 not reviewed yet"
    if one["reviewed_by"]:
        looked = f"{_person(one['reviewed_by'])}，{_at(one['reviewed_at'])}\n{one['review']}"
    return _pairs([*pairs, ("事后复核 Reviewed by", looked)])


def _policy(one: dict[str, Any], called: _Called) -> Flowable:
    who = f"{_person(one['proposed_by'])} / {_person(one['approved_by'])}"
    return _pairs([
        ("策略 Policy", f"{called.policy(one['policy'])} v{one['version']}"),
        ("生效 In force since", _at(one["valid_from"])),
        ("提出 / 批准 Proposed / approved by", who if one["approved_by"] else "随产品提供 shipped"),
        ("要求 What it asks", _sentences(one["statement"])),
        ("条文 Statement", _lines(one["statement"])),
    ])  # fmt: skip


def _lines(value: Any, depth: int = 0) -> str:
    """A statement as indented lines."""
    lead = "　" * depth
    if isinstance(value, dict):
        return "\n".join(
            f"{lead}{name}: {_value(part)}"
            if not isinstance(part, dict | list)
            else f"{lead}{name}:\n{_lines(part, depth + 1)}"
            for name, part in value.items()
        )
    if isinstance(value, list):
        return "\n".join(
            _lines(part, depth) if isinstance(part, dict | list) else f"{lead}- {_value(part)}" for part in value
        )
    return f"{lead}{_value(value)}"


def _anchor(chain: dict[str, Any]) -> Flowable:
    if chain["anchor"] is None:
        return _text(
            "尚未被检查点覆盖：下次锚定后请重新导出。 Not held by a checkpoint yet: export again after the next."
        )
    checkpoint, (_, seq, tip) = chain["anchor"]["checkpoint"], chain["leaf"]
    path = "\n".join(f"{side} {other}" for side, other in chain["path"]) or "–"
    return _pairs([
        ("检查点 Checkpoint", f"{checkpoint['number']}，{_at(checkpoint['at'])}"), ("根 Root", checkpoint["root"]),
        ("叶 Leaf", f"{seq} {tip}"), ("路径 Path", path), ("密钥 Key", checkpoint["key"]),
        ("签名 Signature", chain["anchor"]["signature"]),
    ])  # fmt: skip


def _links(links: list[list[str]]) -> Flowable:
    rows = [[_text(name, LABEL) for name in ("环 Link", "内容 Content", "SHA-256")]]
    rows += [
        [_text(str(place), SMALL), _text(text[:400] + ("…" if len(text) > 400 else ""), SMALL), _text(tip, SMALL)]
        for place, (tip, text) in enumerate(links, 1)
    ]
    table = Table(rows, colWidths=[WIDTH * 0.07, WIDTH * 0.63, WIDTH * 0.3], repeatRows=1)
    table.setStyle([*_GRID, ("BACKGROUND", (0, 0), (-1, 0), SHADE)])
    return table


def _text(text: Any, style: Any = TEXT) -> Paragraph:
    return Paragraph("<br/>".join(escape(part) for part in str(text).splitlines()) or "–", style)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_value(part) for part in value) or "–"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_value(part)}" for name, part in value.items()) or "–"
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return _at(value)
    return "–" if value is None or value == "" else str(value)


def _both(labels: Mapping[str, str]) -> str:
    """A name in both languages, once where they are the same."""
    return " ".join(dict.fromkeys(text for language in languages.LANGUAGES if (text := labels.get(language))))


def _in_both(say: Callable[[], str]) -> str:
    """What pages say, in both languages."""
    return _both(evidence_words.in_each(say))


def _label(name: str) -> str:
    """Of what approvers were shown."""
    return _in_both(lambda: gettext(name))


def _fact(name: str) -> str:
    return _in_both(lambda: policy_names.fact(name))


def _sentences(stated: dict[str, Any]) -> str:
    read = statement.parse(stated)
    return _in_both(lambda: "\n".join(policy_words.sentences(read)) + "\n")


def _person(person: dict[str, str] | None) -> str:
    if person is None:
        return "–"
    return f"{person['zh']} {person['en'] if person['en'] != person['zh'] else ''}".strip() or person["id"]


def _at(at: str) -> str:
    return f"{verifier.parsed(at).astimezone(_SHANGHAI).strftime('%Y-%m-%d %H:%M:%S')} (+08:00)"
