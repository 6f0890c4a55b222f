"""The people of 杭州青禾食品有限公司 as plain data: units, accounts, management line, groups. All of it is invented."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OrgUnit:
    """`leader` is a login."""

    key: str
    name: str
    name_en: str
    parent: str | None
    leader: str


@dataclass(frozen=True, slots=True)
class Group:
    """`capabilities`: words separated by spaces. `members`: logins."""

    key: str
    name: str
    name_en: str
    capabilities: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """`signs_in`: has a password in the demo. `manager`: a login that comes earlier."""

    login: str
    name: str
    name_en: str
    org_unit: str
    position: str
    position_en: str
    manager: str | None
    signs_in: bool
    grade: str


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """Everything that accounts are made from."""

    org_units: tuple[OrgUnit, ...]
    groups: tuple[Group, ...]
    people: tuple[Person, ...]


_UNITS = (
    OrgUnit("head_office", "总经办", "General office", None, "gao"),
    OrgUnit("sales", "销售部", "Sales", "head_office", "sun"),
    OrgUnit("marketing", "市场部", "Marketing", "head_office", "ma"),
    OrgUnit("service", "客服部", "Customer service", "sales", "fang"),
    OrgUnit("purchasing", "采购部", "Purchasing", "head_office", "cai"),
    OrgUnit("warehouse", "仓储部", "Warehouse", "head_office", "ku"),
    OrgUnit("production", "生产部", "Production", "head_office", "chan"),
    OrgUnit("finance", "财务部", "Finance", "head_office", "qian"),
    OrgUnit("administration", "行政人事部", "Administration and HR", "head_office", "xing"),
)

# login, name, English name, unit, position, English position, manager, signs in, grade
_PEOPLE = (
    ("gao", "高远", "Gao Yuan", "head_office", "总经理", "General manager", None, True, "executive"),
    ("dina", "丁娜", "Dina Ding", "head_office", "副总经理", "Deputy general manager", "gao", True, "executive"),
    ("sun", "孙立", "Sun Li", "sales", "销售总监", "Sales director", "dina", True, "director"),
    ("cai", "蔡明", "Cai Ming", "purchasing", "采购总监", "Head of purchasing", "dina", True, "director"),
    ("ku", "库建国", "Ku Jianguo", "warehouse", "仓储经理", "Warehouse manager", "dina", True, "manager"),
    ("chan", "产志强", "Chan Zhiqiang", "production", "生产经理", "Production manager", "dina", False, "manager"),
    ("qian", "钱进", "Qian Jin", "finance", "财务总监", "Chief financial officer", "gao", True, "director"),
    ("xing", "邢政", "Xing Zheng", "administration", "行政人事经理", "HR manager", "gao", True, "manager"),
    ("ma", "马晓", "Ma Xiao", "marketing", "市场经理", "Marketing manager", "dina", True, "manager"),
    ("bob", "包博", "Bob Bao", "sales", "销售经理", "Sales manager", "sun", True, "manager"),
    ("fang", "方静", "Fang Jing", "service", "客服主管", "Head of service", "sun", True, "manager"),
    ("ann", "安然", "Ann An", "sales", "销售代表", "Sales representative", "bob", True, "staff"),
    ("li", "李雷", "Li Lei", "sales", "销售代表", "Sales representative", "bob", True, "staff"),
    ("han", "韩梅", "Han Mei", "sales", "销售代表", "Sales representative", "bob", False, "staff"),
    ("zhou", "周涛", "Zhou Tao", "sales", "销售代表", "Sales representative", "bob", False, "staff"),
    ("wu", "吴迪", "Wu Di", "sales", "渠道专员", "Channel specialist", "bob", False, "staff"),
    ("zheng", "郑洁", "Zheng Jie", "sales", "销售助理", "Sales assistant", "bob", False, "staff"),
    ("wang", "王芳", "Wang Fang", "sales", "信用专员", "Credit officer", "sun", True, "staff"),
    ("feng", "冯磊", "Feng Lei", "marketing", "市场专员", "Marketing specialist", "ma", False, "staff"),
    ("chen", "陈晨", "Chen Chen", "marketing", "流程分析师", "Process analyst", "ma", True, "staff"),
    ("chu", "褚卫", "Chu Wei", "marketing", "品牌专员", "Brand specialist", "ma", False, "staff"),
    ("wei", "卫兰", "Wei Lan", "service", "客服专员", "Service agent", "fang", True, "staff"),
    ("jiang", "蒋欣", "Jiang Xin", "service", "客服专员", "Service agent", "fang", False, "staff"),
    ("shen", "沈阳", "Shen Yang", "service", "售后工程师", "Technician", "fang", False, "staff"),
    ("yang", "杨帆", "Yang Fan", "service", "客服专员", "Service agent", "fang", False, "staff"),
    ("eve", "叶薇", "Eve Ye", "purchasing", "采购员", "Buyer", "cai", True, "staff"),
    ("zhu", "朱江", "Zhu Jiang", "purchasing", "采购员", "Buyer", "cai", False, "staff"),
    ("qin", "秦岭", "Qin Ling", "purchasing", "采购员", "Buyer", "cai", False, "staff"),
    ("you", "尤佳", "You Jia", "purchasing", "供应商管理", "Supplier manager", "cai", False, "staff"),
    ("wes", "魏森", "Wes Wei", "warehouse", "仓管员", "Storekeeper", "ku", True, "staff"),
    ("xu", "许强", "Xu Qiang", "warehouse", "仓管员", "Storekeeper", "ku", False, "staff"),
    ("he", "何平", "He Ping", "warehouse", "拣货员", "Picker", "ku", False, "staff"),
    ("lv", "吕东", "Lv Dong", "warehouse", "拣货员", "Picker", "ku", False, "staff"),
    ("shi", "施工", "Shi Gong", "warehouse", "叉车司机", "Forklift driver", "ku", False, "staff"),
    ("zhang", "张伟", "Zhang Wei", "warehouse", "嘉兴仓主管", "Jiaxing supervisor", "ku", False, "staff"),
    ("kong", "孔亮", "Kong Liang", "production", "班组长", "Team leader", "chan", False, "staff"),
    ("cao", "曹操云", "Cao Caoyun", "production", "包装工", "Packer", "kong", False, "staff"),
    ("yan", "严谨", "Yan Jin", "production", "质检员", "Quality inspector", "chan", False, "staff"),
    ("hua", "华丽", "Hua Li", "production", "包装工", "Packer", "kong", False, "staff"),
    ("fin", "金菲", "Fin Jin", "finance", "应付会计", "Accounts payable", "qian", True, "staff"),
    ("cash", "车凯", "Cash Che", "finance", "出纳", "Cashier", "qian", True, "staff"),
    ("tao", "陶然", "Tao Ran", "finance", "应收会计", "Accounts receivable", "qian", False, "staff"),
    ("jiangyi", "姜易", "Jiang Yi", "finance", "财务经理", "Finance manager", "qian", True, "manager"),
    ("qi", "戚薇", "Qi Wei", "finance", "税务会计", "Tax accountant", "jiangyi", False, "staff"),
    ("adam", "安达", "Adam An", "administration", "系统管理员", "Administrator", "xing", True, "staff"),
    ("hr", "贺蓉", "He Rong", "administration", "人事专员", "HR officer", "xing", True, "staff"),
    ("xie", "谢宁", "Xie Ning", "administration", "行政专员", "Office administrator", "xing", False, "staff"),
    ("zou", "邹云", "Zou Yun", "administration", "前台", "Receptionist", "xing", False, "staff"),
)

_GROUPS = (
    ("managers", "经理", "Managers", "", "bob ku chan xing ma fang jiangyi"),
    ("directors", "总监", "Directors", "reports", "sun cai qian"),
    ("general_manager", "总经理", "General manager", "reports", "gao"),
    ("cfo", "财务总监", "Chief financial officer", "reports finance", "qian"),
    ("controllers", "内部控制", "Internal control", "policy", "qian dina"),
    ("auditors", "审计员", "Auditors", "audit read_only", ""),
    ("internal_audit", "内部审计", "Internal audit", "audit", "gao xing"),
    ("finance", "财务审核", "Finance", "records finance", "fin jiangyi"),
    ("treasury", "出纳", "Treasury", "records finance", "cash"),
    ("purchasing", "采购", "Purchasing", "records", "eve cai zhu qin"),
    ("warehouse", "仓库", "Warehouse", "records", "wes ku xu zhang"),
    ("sales", "销售", "Sales", "records", "ann li han zhou wu zheng"),
    ("sales_managers", "销售经理", "Sales managers", "records reports", "bob sun"),
    ("credit", "信用", "Credit", "records", "wang jiangyi"),
    ("service", "客服", "Service", "records", "fang wei jiang yang"),
    ("hr", "人事", "Human resources", "records hr people", "hr xing"),
    ("administration", "行政审核", "Administration", "", "xing xie hr"),
    ("budget_owners", "预算负责人", "Budget owners", "", "dina ma"),
    ("pre_approvers", "预审", "Pre-approvers", "", "jiangyi fang"),
    ("supervisors", "主管", "Supervisors", "", "bob fang ku"),
    ("analysts", "流程分析师", "Process analysts", "process.design records", "chen"),
    ("process_admin", "流程管理员", "Process administrators", "cockpit records", "adam chen"),
    ("admins", "系统管理员", "Administrators", "admin", "adam"),
)


def demo_data() -> DemoPeople:
    """9 units, 48 people of whom 22 sign in, 4 levels of management; managers come before their people."""
    return DemoPeople(
        _UNITS,
        tuple(
            Group(key, name, name_en, capabilities, tuple(members.split()))
            for key, name, name_en, capabilities, members in _GROUPS
        ),
        tuple(Person(*row) for row in _PEOPLE),
    )
