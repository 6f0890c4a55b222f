"""Who does a task, and until when."""

from engine.errors import N_
from engine.lint.examples.example import Example

TITLE = N_("Who does it, and until when")
EXAMPLES = (
    Example(
        "assignment-required",
        N_("A task for nobody"),
        N_(
            "The task does not say who does it, so it appears in nobody's inbox and the request stands still. Choose a "
            "person, a group or a rule such as “manager of the requester” in the panel."
        ),
        N_("Nobody is named."),
        N_("The group finance is asked."),
        "check",
        """
  start asked 已申请|Asked
- user check 审核|Check
+ user check 财务组审核|Check by finance @finance
  end done 已审核|Checked
  asked > check > done
""",
    ),
    Example(
        "people-exist",
        N_("Someone who is not there"),
        N_(
            "The person, group or department that is named does not exist in the organisation, perhaps because of a "
            "typing mistake or because it was removed. Nobody would ever see the task. Choose one that exists."
        ),
        N_("The group “finanse” was never made."),
        N_("The group “finance” exists."),
        "check",
        """
  start asked 已申请|Asked
- user check finanse 审核|Check by finanse @finanse
+ user check finance 审核|Check by finance @finance
  end done 已审核|Checked
  asked > check > done
""",
    ),
    Example(
        "many-people",
        N_("A crowd is asked"),
        N_(
            "Each of these people gets a task of his own, and a rule such as “all agree” waits for every one. That "
            "fills inboxes and hardly ever ends. Let one of a group claim the task, or ask fewer people."
        ),
        N_("Everybody in the company gets a task."),
        N_("One of the office claims it."),
        "check",
        """
  start asked 已申请|Asked
- user check 全员确认|Confirm by all
-   <troika:assignment strategy="userGroup" userGroup="everybody"/>
+ user check 行政确认|Confirm by office @office
  end done 已确认|Confirmed
  asked > check > done
""",
    ),
    Example(
        "due-date-required",
        N_("An approval without a deadline"),
        N_(
            "Nobody is reminded of this approval, and nothing happens when it is left lying: the request may wait for "
            "weeks. Enter a due date, or attach a timer that reminds or escalates."
        ),
        N_("It may lie for ever."),
        N_("A reminder follows after three days."),
        "check",
        """
  start asked 已申请|Asked
  user check 审批|Approve @finance
    <troika:approval mode="any"/>
+ boundary late 三天未办|Three days passed [attachedToRef="check" cancelActivity="false"]
+   <timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>
+ user remind 催办|Remind @managers
+ end told 已催办|Reminded
  end done 已审批|Decided
  asked > check > done
+ late > remind > told
""",
    ),
    Example(
        "timeout-wrong",
        N_("A time limit that cannot be read"),
        N_(
            "What is to happen when time is up needs a duration such as P3D (three days). With this text it would "
            "never happen, and the approval would lie for ever. Enter the duration in the panel."
        ),
        N_("“3 days” is no duration."),
        N_("P3D: three days."),
        "check",
        """
  start asked 已申请|Asked
  user check 审批|Approve @finance
    <troika:approval mode="any"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
-   <troika:timeout><troika:step after="3 days" do="remind"/></troika:timeout>
+   <troika:timeout><troika:step after="P3D" do="remind"/></troika:timeout>
  end done 已审批|Decided
  asked > check > done
""",
    ),
    Example(
        "return-target-missing",
        N_("Sent back to a step that is not there"),
        N_(
            "The approval may send a request back to a step that is no longer in this drawing, so whoever chooses it "
            "gets an error. Choose a step that exists, or let it go back to the requester."
        ),
        N_("It sends back to a step that was removed."),
        N_("It sends back to “Fill in”."),
        "check",
        """
  start asked 已申请|Asked
  user write 填写|Fill in @staff
  user check 审批|Approve @finance
    <troika:approval mode="any"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
-   <troika:return targets="removed" resubmit="stepwise"/>
+   <troika:return targets="write" resubmit="stepwise"/>
  end done 已审批|Decided
  asked > write > check > done
""",
    ),
    Example(
        "branch-reject-unused",
        N_("Waiting for the others without effect"),
        N_(
            "The approval is to wait for the other branches before a rejection takes effect. That only means something "
            "where a rejection ends the request or sends it back; here it just goes on. Choose what a rejection does, "
            "or remove the setting."
        ),
        N_("A rejection goes on in the drawing, and is to wait."),
        N_("A rejection ends the request, once all have decided."),
        "check",
        """
  start asked 已申请|Asked
  user check 审批|Approve @finance
-   <troika:approval mode="any" onReject="flow" branchReject="waitOthers"/>
+   <troika:approval mode="any" onReject="end" branchReject="waitOthers"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
  end done 已审批|Decided
  asked > check > done
""",
    ),
    Example(
        "approval-completion-condition",
        N_("An approval with a condition of its own"),
        N_(
            "How many have to agree is said by the mode of the approval: one, all, a majority, one after the other. A "
            "completion condition beside it is not executed. Choose the mode and remove the condition."
        ),
        N_("A completion condition is to end the vote."),
        N_("The mode says that all have to agree."),
        "check",
        """
  start asked 已申请|Asked
  user check 会签|Countersign @finance
-   <troika:approval mode="any"/>
+   <troika:approval mode="all"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
-   <multiInstanceLoopCharacteristics><loopCardinality>= 3</loopCardinality>
-   <completionCondition>= done > 2</completionCondition></multiInstanceLoopCharacteristics>
  end done 已审批|Decided
  asked > check > done
""",
    ),
)
