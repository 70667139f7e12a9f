//! Policies, and how devices comply with them.

use super::messages;

messages! {
    TITLE = "Policies", "策略";
    NEW = "New policy", "新建策略";
    NONE = "No policies yet", "还没有策略";
    NONE_HINT = "A policy sets devices of a type to what you want, and tells you which of them are otherwise.",
        "策略把一类设备设置成您期望的状态，并告诉您哪些设备与之不符。";
    ORDER_HINT = "The first policy that is meant for a device counts.", "对同一台设备，排在最前的适用策略生效。";
    SUMMARY = "Policies in the order of their priority", "按优先级排列的策略";
    PRIORITY = "Priority", "优先级";
    NAME = "Name", "名称";
    STATE = "Status", "状态";
    TYPE = "Device type", "设备类型";
    TARGETS = "For", "适用范围";
    MODE = "When violated", "违规处理";
    DEVICES = "Devices", "设备数";
    COMPLIANCE = "Compliance", "合规";
    ACTIVE = "Active", "已启用";
    DRAFT = "Draft", "草稿";
    NOT_APPLIED = "Changed, not applied", "已修改，未下发";
    OFF_NOT_APPLIED = "Deactivated, not applied", "已停用，未下发";
    EVERYONE = "Every device of the type", "该类型的全部设备";
    SUM_ROLES = "roles {}", "角色 {}";
    SUM_USERS = "owners {}", "所有者 {}";
    SUM_GROUPS = "groups {}", "分组 {}";
    SUM_DEVICES = "{} named devices", "{} 台指定设备";
    ENFORCE = "Enforce: send again", "强制：重新下发";
    WARN = "Warn: notify people", "警告：发出通知";
    BLOCK = "Block: suspend the device", "封锁：暂停设备";
    UP = "Move up: {}", "上移：{}";
    DOWN = "Move down: {}", "下移：{}";
    HANDLE = "Move {}: drag, or arrow keys", "移动“{}”：拖动或按方向键";
    MOVED = "{} is now at place {} of {}. Save to keep the order.", "“{}”现在排在第 {} 位，共 {} 位。保存后生效。";
    SAVE_ORDER = "Save the order", "保存顺序";
    UNDO_ORDER = "Undo", "撤销";
    ORDERED = "The order is saved. Apply the changes to tell the devices.", "顺序已保存。下发更改后设备才会收到。";
    APPLY = "Apply changes…", "下发更改…";
    UNAPPLIED_ONE = "1 policy was changed and not applied: devices do not know of it yet.", "1 个策略已修改但未下发，设备尚不知情。";
    UNAPPLIED = "{} policies were changed and not applied: devices do not know of it yet.", "{} 个策略已修改但未下发，设备尚不知情。";
    LOOSE_ONE = "1 device has a policy that is gone, or did not get its own.", "1 台设备仍持有已删除的策略，或未收到应有的策略。";
    LOOSE = "{} devices have a policy that is gone, or did not get their own.", "{} 台设备仍持有已删除的策略，或未收到应有的策略。";

    // Applying, and trying.
    APPLY_TITLE = "Apply changes", "下发更改";
    APPLY_HINT = "This is what applying would do now. Devices that have what they are to have are left alone.",
        "以下是现在下发会产生的影响。已符合要求的设备不受影响。";
    NOTHING = "Every device has been told", "所有设备均已下发";
    NOTHING_HINT = "Applying the policies would change nothing.", "现在下发不会产生任何变化。";
    APPLY_NOW = "Apply to devices", "下发到设备";
    APPLIED = "{} devices are sent a policy; it is taken back from {}.", "正在向 {} 台设备下发策略，从 {} 台设备收回。";
    GAINS = "Gets a policy", "获得策略";
    LOSES = "Loses its policy", "失去策略";
    CHANGES = "Gets other settings", "设置变更";
    REPEATS = "Told once more", "再次下发";
    AFFECTED = "Devices affected", "受影响的设备";
    FIRST_OF = "The first {} of {} devices are shown.", "仅显示前 {} 台，共 {} 台。";
    DEVICE = "Device", "设备";
    IMPACT = "Effect", "影响";
    TRIED = "What this policy would do", "此策略的影响";
    TRIED_HINT = "Tried as if it were active; nothing has been saved.", "按启用状态试算，尚未保存任何内容。";
    TRIED_NONE = "It would change no device.", "不会改变任何设备。";

    // Making and changing.
    EDIT = "Edit", "编辑";
    EDIT_TITLE = "Edit {}", "编辑 {}";
    CHOOSE_TYPE = "Choose", "选择";
    TYPE_HINT = "A policy is for one device type, for good.", "每个策略只针对一种设备类型，之后不可更改。";
    NO_FEATURES = "Devices of this type have nothing that a policy could set.", "该类型的设备没有可由策略设置的内容。";
    GENERAL = "General", "基本信息";
    DESCRIPTION = "Description", "说明";
    WHOM = "Whom it is for", "适用对象";
    WHOM_HINT = "Every list that is not empty must fit; with all of them empty it is for every device of the type.",
        "每个非空条件都必须满足；全部留空则适用于该类型的所有设备。";
    ROLES = "Roles of the owner", "所有者的角色";
    USERS = "Owners", "所有者";
    ONE_A_LINE = "One a line", "每行一个";
    GROUPS = "Groups", "分组";
    GROUP_NONE = "There are no groups.", "还没有分组。";
    NAMED = "Devices", "设备";
    NAMED_HINT = "Identifiers, one a line", "设备标识符，每行一个";
    OWNERSHIP = "Ownership", "归属";
    ANY = "Any", "任意";
    WHAT = "What it sets", "设置内容";
    WHAT_HINT = "Tick what the policy is to set.", "勾选此策略要设置的项目。";
    MODE_LABEL = "When a device violates it", "设备违规时";
    ACTIVATE_IT = "Active: devices get it with the next applying", "启用：下次下发时生效";
    NOTE = "Note for this version", "版本备注";
    NOTE_HINT = "Why it was changed, for whoever looks back", "说明修改原因，便于日后查阅";
    SAVE = "Save", "保存";
    TRY = "Try it first", "先试算";
    AS_JSON = "As JSON instead", "改用 JSON";
    JSON = "Policy", "策略";
    JSON_HINT = "The same document as the API takes: name, device_type, mode, targets, features, active, note",
        "与 API 接受的文档相同：name、device_type、mode、targets、features、active、note";
    SAVED = "Saved. Apply the changes to tell the devices.", "已保存。下发更改后设备才会收到。";

    // One policy.
    DEFINITION = "Definition", "定义";
    VERSION = "Version {}", "版本 {}";
    UPDATED = "Changed", "更改时间";
    CREATED = "Made", "创建时间";
    BY = "by {}", "由 {}";
    ACTIVATE = "Activate", "启用";
    DEACTIVATE = "Deactivate", "停用";
    ACTIVATED = "Activated. Apply the changes to tell the devices.", "已启用。下发更改后设备才会收到。";
    DEACTIVATED = "Deactivated. Apply the changes to tell the devices.", "已停用。下发更改后设备才会收到。";
    EFFECTIVE = "Devices that have it", "已下发的设备";
    EFFECTIVE_NONE = "No device was told this policy yet.", "还没有设备收到此策略。";
    ALL_DEVICES = "All {} devices", "全部 {} 台设备";
    VERSIONS = "Versions", "历史版本";
    IN_FORCE = "in force", "当前";
    FIRST = "The first version.", "首个版本。";
    OLDEST = "The oldest version that is kept.", "保留的最早版本。";
    ADDED = "added", "新增";
    REMOVED = "removed", "移除";
    CHANGED = "changed", "修改";
    RESTORE = "Restore", "恢复";
    RESTORE_ASK = "Make version {} the newest one again?", "将版本 {} 恢复为最新版本？";
    RESTORED = "Version {} is in force again. Apply the changes to tell the devices.", "版本 {} 已恢复。下发更改后设备才会收到。";
    OLDER = "Show all versions", "显示全部版本";
    DELETE = "Delete this policy", "删除此策略";
    DELETE_HINT = "Devices keep it until the changes are applied. Its versions are gone for good.",
        "下发更改前设备仍保留此策略。其历史版本将永久删除。";
    NOT_CONFIRMED = "The name is not the one of this policy.", "输入的名称与此策略不符。";
    DELETED = "Deleted. Apply the changes to tell the devices.", "已删除。下发更改后设备才会收到。";

    // Compliance.
    REPORT = "Compliance", "合规";
    COMPLIANT = "Compliant", "合规";
    VIOLATING = "Violating", "违规";
    UNKNOWN = "Not known", "未知";
    ALL = "All", "全部";
    PER_CENT = "{} % of devices with a policy", "占有策略设备的 {} %";
    EXPORT = "Export CSV", "导出 CSV";
    FILTER = "Filter", "筛选";
    POLICY = "Policy", "策略";
    FEATURE = "Setting", "设置项";
    QUERY = "Devices", "设备";
    QUERY_HINT = "Such as tag:lobby or os<9", "例如 tag:lobby 或 os<9";
    BY_POLICY = "By policy", "按策略";
    BY_FEATURE = "By setting", "按设置项";
    REASONS = "Reasons", "原因";
    ANSWERED = "Last answer", "最近应答";
    OWNER = "Owner", "所有者";
    UNTOLD = "The policy did not reach it: {}", "策略未送达：{}";
    UNTOLD_SHORT = "{} not reached", "{} 台未送达";
    UNDERWAY = "The policy is on its way.", "策略正在下发。";
    NOT_ASKED = "It was not asked yet.", "尚未询问。";
    NO_ANSWER = "It has not answered yet.", "尚未应答。";
    REPORT_NONE = "No device fits", "没有符合条件的设备";
    REPORT_NONE_HINT = "No device with a policy stands like that.", "没有处于该状态的受策略管理的设备。";
    CLEAN = "Every device that answered complies", "已应答的设备全部合规";
    CLEAN_HINT = "Devices are asked again and again; violations show here by themselves.", "系统会持续询问设备，违规会自动显示在这里。";
    UNMANAGED = "No device has a policy", "没有设备受策略管理";
    UNMANAGED_HINT = "Make a policy and apply it; how the devices comply shows here.", "新建并下发策略后，设备的合规情况会显示在这里。";
    FOUND_ONE = "1 device", "1 台设备";
    FOUND = "{} devices", "{} 台设备";
}
