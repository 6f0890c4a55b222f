"""Approve before pay: no payment without an approval that cannot be passed by."""

from engine.errors import N_
from engine.lint.examples.example import Example

TITLE = N_("Approve before pay")
EXAMPLES = (
    Example(
        "policy-approval-missing",
        N_("A way round an approval"),
        N_(
            "On some way through this drawing the payment is reached without the approval that a policy demands; the "
            "steps below show which. Such a drawing cannot be published, and the payment would be refused. Draw the "
            "approval on every way there, and let a gateway ask whether it agreed."
        ),
        N_("Refused or not, the payment follows."),
        N_("A gateway asks for the outcome before the payment."),
        "pay",
        """
  start asked 已申请|Asked
  user check 财务审批|Finance approves @finance
    <troika:approval mode="any" onReject="flow"/>
    <troika:policy provides="finance_approval" subject="= payment_request_id" subjectType="erp_payment_request"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
+ xor ok 同意？|Agreed? [default="ok_refused"]
+ end refused 已拒绝|Refused
  service pay 付款|Pay
    <zeebe:taskDefinition type="erp.execute_payment"/>
    <zeebe:ioMapping><zeebe:input source="= payment_request_id" target="request_id"/></zeebe:ioMapping>
  end done 已付款|Paid
- asked > check > pay > done
+ asked > check > ok
+ ok > pay : 是|Yes ? approval.check.outcome = "agree"
+ ok > refused : 否|No
+ pay > done
""",
    ),
    Example(
        "policy-unproved",
        N_("Whether it is approved cannot be proved"),
        N_(
            "The check has to follow every way to the payment, and here it cannot see what happens: the called process "
            "is only known when it runs, or too much goes on at once. Without a proof the process cannot be published. "
            "Name what is called, or take it out of the process that pays."
        ),
        N_("Which process is called is known only at run time."),
        N_("A step that can be seen takes its place."),
        "more",
        """
  start asked 已申请|Asked
- call more 其他流程|Some process
-   <zeebe:calledElement processId="= which" bindingType="deployment"/>
+ user more 核对单据|Check documents @finance
  user check 财务审批|Finance approves @finance
    <troika:approval mode="any" onReject="end"/>
    <troika:policy provides="finance_approval" subject="= payment_request_id" subjectType="erp_payment_request"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
  service pay 付款|Pay
    <zeebe:taskDefinition type="erp.execute_payment"/>
    <zeebe:ioMapping><zeebe:input source="= payment_request_id" target="request_id"/></zeebe:ioMapping>
  end done 已付款|Paid
  asked > more > check > pay > done
""",
    ),
    Example(
        "automatic-approval-guarded",
        N_("An approval that passes by itself"),
        N_(
            "The approval counts for a payment, but when nobody is found, when time is up or from a list it would pass "
            "without anybody who has looked at it. Such a pass never counts, and the payment would be refused. Let "
            "somebody else be asked instead."
        ),
        N_("With nobody to ask, it counts as agreed."),
        N_("With nobody to ask, an administrator decides."),
        "check",
        """
  start asked 已申请|Asked
  user check 财务审批|Finance approves @finance
    <troika:approval mode="any"/>
-   <troika:onEmpty do="autoPass"/>
+   <troika:onEmpty do="processAdmin"/>
    <troika:policy provides="finance_approval" subject="= payment_request_id" subjectType="erp_payment_request"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
  end done 已审批|Decided
  asked > check > done
""",
    ),
    Example(
        "approver-chosen-by-requester",
        N_("The requester chooses who approves"),
        N_(
            "The approval counts for a payment, but whoever asks for the money, or the approver before, may choose who "
            "gives it: a friend, or somebody who does not look. Name a group, a chain of leaders or a decision table "
            "instead."
        ),
        N_("A field of the form names the approver."),
        N_("The group finance approves."),
        "check",
        """
  start asked 已申请|Asked
- user check 自选人审批|Whoever is chosen approves
-   <troika:assignment strategy="formUser" field="boss"/>
-   <troika:onEmpty do="processAdmin"/>
+ user check 财务审批|Finance approves @finance
    <troika:approval mode="any"/>
    <troika:policy provides="finance_approval" subject="= payment_request_id" subjectType="erp_payment_request"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
  end done 已审批|Decided
  asked > check > done
""",
    ),
    Example(
        "acting-person-known",
        N_("Anybody can say who did it"),
        N_(
            "This input says whose act it is, which keeps him from approving it himself. It is read from data that "
            "somebody may have typed, so he could name another person and confirm his own bank details. Read what the "
            "engine knows: who began the request, or who decided a step."
        ),
        N_("A field of the form says who entered the account."),
        N_("The engine says who began the request."),
        "enter",
        """
  start asked 已申请|Asked
  service enter 登记账户|Enter account
    <zeebe:taskDefinition type="erp.change_payee_account"/>
-   <zeebe:ioMapping>
-   <zeebe:input source="= kind" target="owner_kind"/>
-   <zeebe:input source="= account_name" target="account_name"/>
-   <zeebe:input source="= bank_name" target="bank_name"/>
-   <zeebe:input source="= account_no" target="account_no"/>
-   <zeebe:input source="= clerk" target="entered_by"/>
-   </zeebe:ioMapping>
+   <zeebe:ioMapping>
+   <zeebe:input source="= kind" target="owner_kind"/>
+   <zeebe:input source="= account_name" target="account_name"/>
+   <zeebe:input source="= bank_name" target="bank_name"/>
+   <zeebe:input source="= account_no" target="account_no"/>
+   <zeebe:input source="= process.initiator.id" target="entered_by"/>
+   </zeebe:ioMapping>
  end done 已登记|Entered
  asked > enter > done
""",
    ),
    Example(
        "bank-host-guarded",
        N_("A bank is called directly"),
        N_(
            "The step calls the host of a bank by a plain call, past the approval that every payment needs. Let the "
            "operation that executes payments do it; it refuses what was not approved."
        ),
        N_("A plain call goes to the bank."),
        N_("The operation for payments pays."),
        "pay",
        """
  start asked 已申请|Asked
+ user check 财务审批|Finance approves @finance
+   <troika:approval mode="any" onReject="end"/>
+   <troika:policy provides="finance_approval" subject="= payment_request_id" subjectType="erp_payment_request"/>
+   <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
  service pay 付款|Pay
-   <zeebe:taskDefinition type="net.post"/>
-   <zeebe:ioMapping><zeebe:input source="https://pay.bank.example/transfers" target="url"/></zeebe:ioMapping>
+   <zeebe:taskDefinition type="erp.execute_payment"/>
+   <zeebe:ioMapping><zeebe:input source="= payment_request_id" target="request_id"/></zeebe:ioMapping>
  end done 已付款|Paid
- asked > pay > done
+ asked > check > pay > done
""",
    ),
    Example(
        "policy-without-approval",
        N_("It counts for a policy, but is no approval"),
        N_(
            "The task is to count as an approval, but says nothing about how it is decided: nobody agrees or refuses "
            "in it, so it never counts. Make an approval of it in the panel."
        ),
        N_("The task is only done, not decided."),
        N_("One of finance agrees or refuses."),
        "check",
        """
  start asked 已申请|Asked
  user check 财务审批|Finance approves @finance
+   <troika:approval mode="any"/>
    <troika:policy provides="finance_approval" subject="= payment_request_id" subjectType="erp_payment_request"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
  end done 已审批|Decided
  asked > check > done
""",
    ),
)
