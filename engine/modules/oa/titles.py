"""What the inputs and results of these operations are called; `operation.name` where one means something else by it."""

from engine.operations import titles

titles(
    "oa",
    {
        "balance": ("剩余天数", "Balance in days"),
        "cancelled": ("已取消", "Cancelled"),
        "days": ("天数", "Days"),
        "employee_id": ("员工", "Employee"),
        "end_half": ("结束日只到中午", "Ends at noon"),
        "ends": ("结束日期", "Last day"),
        "enough": ("假期足够", "Enough is left"),
        "entitled": ("可休天数", "Days granted"),
        "existing": ("原已存在", "Was there already"),
        "grade": ("职级", "Grade"),
        "hired": ("入职日期", "Hired on"),
        "leave_id": ("请假单", "Leave"),
        "leave_no": ("请假单号", "Number of the leave"),
        "leave_type": ("假期类型", "Type of leave"),
        "limited": ("有额度限制", "Has a limit"),
        "manager_user_id": ("直属上级", "Manager"),
        "name": ("姓名", "Name"),
        "no": ("工号", "Employee number"),
        "org_unit_id": ("部门", "Department"),
        "overlaps": ("与已有请假重叠", "Overlaps another leave"),
        "position": ("岗位", "Position"),
        "reason": ("原因", "Reason"),
        "reference": ("申请编号", "Number of the request"),
        "start_half": ("开始日从中午起", "Begins at noon"),
        "starts": ("开始日期", "First day"),
        "user_id": ("员工账号", "Account of the employee"),
        "year": ("年度", "Year"),
    },
)
