"""The events that people are told of, in both languages: a mail and a group read both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

APP, MAIL, ROBOT = "app", "mail", "robot"
DIGEST = "digest"
"""handler of the job that mails what was collected for a person"""
PERSONAL_CHANNELS = (APP, MAIL)


@dataclass(frozen=True, slots=True)
class Event:
    """`zh`, `en`: its name. `line_zh`, `line_en`: what a notice says. `defaults`: channels, unless somebody chose."""

    key: str
    zh: str
    en: str
    line_zh: str
    line_en: str
    defaults: frozenset[str] = frozenset((APP, MAIL))
    always: frozenset[str] = frozenset()
    """channels that nobody can switch off"""
    of_item: bool = False
    """about one item that is open: dropped when it is not any more"""
    urgent: bool = False
    """not collected: it is meant to be read at once"""
    private: bool = False
    """never told to a group"""
    asks: str = ""
    """capabilities of those whom it is told, joined by |; "": anybody may meet it"""


@dataclass(frozen=True, slots=True)
class Notice:
    """One event for one person or, by a robot, for one group. `facts` fill the line; `name_en` is for English.

    `about_id`: the substitution, receiver, comment or review that it is about, when it is no request; `link` is in the
    facts then.
    """

    event: str
    recipient_id: UUID
    item_id: UUID | None
    seq: int
    node: str | None
    facts: Mapping[str, str] = field(default_factory=dict)
    about_id: UUID | None = None

    @property
    def about(self) -> str:
        """What may be told once only: an event of an item, or a fact."""
        once = EVENTS[self.event].of_item and self.event not in _EACH_TIME and self.item_id is not None
        return str(self.item_id) if once else f"{self.seq}:{self.item_id or ''}"


SUBSTITUTIONS = ("substitution_given", "substitution_asked", "substitution_judged", "substitution_ended")
"""events of a substitution itself; its words are in the facts"""
RECEIVER_OFF = "receiver_off"
POLICY_CHANGE = "policy_change"
DRAWING_COMMENT, DRAWING_REVIEW = "drawing_comment", "drawing_review"
_MAIL_ONLY = frozenset((MAIL,))  # the inbox shows it already
_EACH_TIME = ("urge", "timeout_warning")
_LIST = (
    Event("todo", "待办", "To do", "请处理「{node}」", "Please handle “{node}”", _MAIL_ONLY, of_item=True),
    Event(
        "todo_claimable", "待领取", "Free to claim", "「{node}」可以领取", "“{node}” is free to claim", frozenset(),
        of_item=True,
    ),
    Event(
        "decided", "审批进展", "Decisions on my requests", "{who}在「{node}」：{decision}",
        "{who} decided “{node}”: {decision_en}", frozenset(),
    ),
    Event(
        "result", "申请结果", "Results of my requests", "申请{status}", "Your request: {status_en}",
        always=frozenset((APP,)),
    ),
    Event("returned", "退回", "Returned to me", "{who}退回，请修改后重新提交", "{who} returned it for changes"),
    Event(
        "withdrawn", "撤回与作废", "Withdrawn requests", "{who}的操作：申请{status}",
        "{who} ended the request: {status_en}", frozenset((APP,)),
    ),
    Event("cc", "抄送", "Copies", "{who}抄送给您", "{who} sent you a copy", frozenset((APP,))),
    Event("mention", "提到我", "Mentions of me", "{who}在评论中提到您", "{who} mentioned you in a comment"),
    Event(
        "consult", "沟通", "Private conversations", "{who}在沟通中留言", "{who} wrote to you in private", private=True
    ),
    Event(
        "urge", "催办", "Urges", "{who}催办「{node}」", "{who} asks you to hurry with “{node}”", of_item=True,
        urgent=True,
    ),
    Event(
        "transferred", "转办", "Transferred to me", "{who}将「{node}」转给您办理", "{who} transferred “{node}” to you",
        of_item=True,
    ),
    Event(
        "handed_over", "离职交接", "Handed over to me", "{who}将「{node}」交接给您办理",
        "{who} handed “{node}” over to you", frozenset((APP,)), of_item=True,
    ),
    Event(
        "delegated", "征询意见", "Advice asked of me", "{who}请您就「{node}」提出意见",
        "{who} asks your advice on “{node}”", of_item=True,
    ),
    Event(
        "advice_given", "意见已答复", "Advice given", "{who}已就「{node}」答复", "{who} has given advice on “{node}”"
    ),
    Event(
        "added_signer", "加签", "Added as signer", "{who}请您加签「{node}」", "{who} asks you to sign “{node}” too",
        of_item=True,
    ),
    Event(
        "confirm", "待我确认", "To confirm", "{who}代您在「{node}」：{decision}，请确认",
        "{who} decided “{node}” for you: {decision_en}. Please confirm", of_item=True,
    ),
    Event(
        "confirmed", "代理决定已确认", "Decisions for others that stand", "您代为作出的决定已生效：「{node}」",
        "What you decided for somebody else now counts: “{node}”", frozenset((APP,)),
    ),
    Event(
        "refused", "代理决定未确认", "Decisions for others that fell", "您代为作出的决定未获确认：「{node}」",
        "What you decided for somebody else was not confirmed: “{node}”",
    ),
    Event(
        "acted", "以我名义作出的决定", "Decisions in my name", "{who}代您在「{node}」：{decision}",
        "{who} decided “{node}” for you: {decision_en}", frozenset((APP,)),
    ),
    Event("substitution_given", "代理授权", "Acting for others", "{said}", "{said_en}"),
    Event("substitution_asked", "待我审批的代理", "Substitutions to approve", "{said}", "{said_en}"),
    Event("substitution_judged", "代理审批结果", "Answers to substitutions", "{said}", "{said_en}"),
    Event("substitution_ended", "代理结束", "Substitutions that end", "{said}", "{said_en}"),
    Event(
        "timeout_warning", "超时提醒", "Time limits that run out", "「{node}」已等待过久，请尽快处理",
        "“{node}” has waited too long: please handle it", of_item=True,
    ),
    Event(
        "timeout_acted", "超时处理", "Acts after a time limit", "「{node}」超时，{did}",
        "“{node}” ran out of time: {did_en}", frozenset((APP,)),
    ),
    Event(
        "hold", "付款暂缓", "Held payments", "「{node}」暂缓，等待所需的审批",
        "“{node}” is held until its approvals are there", frozenset((APP,)),
        urgent=True,
    ),
    Event(
        "lapsed", "审批失效", "Approvals that lapsed", "审批后内容已变（{what}），原审批失效，付款前须重新审批",
        "What was approved has changed ({what}): it needs approval again before it is paid", urgent=True,
    ),
    Event(
        "policy", "付款控制", "Payment control", "付款控制需要您关注：{about}",
        "Payment control needs a look: {about_en}",
        always=frozenset((APP,)), urgent=True,
    ),
    Event(
        POLICY_CHANGE, "策略变更（内控与审计）", "Changes of policies (controllers and auditors)", "{said}",
        "{said_en}", always=frozenset((APP,)), asks="policy|audit",
    ),
    Event(
        "retention", "待放行的到期申请", "Requests to release for erasing", "保留期已满，放行后即可删除",
        "Its time is over: it may be erased once your group releases it", frozenset((APP,)),
    ),
    Event(
        DRAWING_COMMENT, "设计评论（设计人员）", "Comments in the designer (designers)", "{said}", "{said_en}",
        private=True, asks="process.design",
    ),
    Event(
        DRAWING_REVIEW, "设计复核（设计人员）", "Reviews in the designer (designers)", "{said}", "{said_en}",
        private=True, asks="process.design",
    ),
    Event(
        RECEIVER_OFF, "Webhook 接收方停用（管理员）", "Webhook receivers switched off (administrators)",
        "Webhook 接收方 {receiver} 已停用：自{since}起{n}次发送均未成功",
        "The webhook receiver {receiver} was switched off: nothing has arrived since {since}, in {n} attempts",
        urgent=True, private=True, asks="admin",
    ),
)  # fmt: skip
EVENTS = {event.key: event for event in _LIST}

DECISIONS = {
    "agree": ("同意", "agreed"), "reject": ("不同意", "rejected"), "abstain": ("弃权", "abstained"),
    "handled": ("已办理", "done"), "returned": ("退回", "sent back"), "advised": ("已答复意见", "advised"),
}  # fmt: skip
STATUSES = {
    "completed": ("已完成", "completed"), "rejected": ("未通过", "rejected"), "terminated": ("已终止", "terminated"),
    "withdrawn": ("已撤回", "withdrawn"), "voided": ("已作废", "voided"), "failed": ("已失败", "failed"),
}  # fmt: skip
TIMEOUTS = {
    "transfer": ("已转交他人", "it was handed over"), "return": ("已自动退回", "it was sent back"),
    "agree": ("已自动同意", "it agreed by itself"), "reject": ("已自动不同意", "it was rejected by itself"),
}  # fmt: skip
POLICY = {
    "policy.escalated": ("暂缓的付款已超过三个工作日", "held for more than three working days"),
    "policy.emergency_asked": ("有人申请紧急放行", "somebody asks to do without the approvals"),
    "policy.emergency_signed": ("有人为紧急放行签字", "somebody answers for doing without the approvals"),
}


def line(notice: Notice, language: str) -> str:
    """What the notice says in one language."""
    event = EVENTS[notice.event]
    facts: dict[str, Any] = {
        "who": "系统" if language == "zh" else "The system",
        "node": "",
        "what": "–",
        **notice.facts,
    }
    if language == "en":
        facts |= {
            name.removesuffix("_en"): text for name, text in notice.facts.items() if name.endswith("_en") and text
        }
    return (event.line_zh if language == "zh" else event.line_en).format_map(facts)
