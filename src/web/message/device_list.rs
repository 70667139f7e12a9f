//! What the list of devices says, and the pages that do one thing to many.

use super::messages;

messages! {
    TITLE = "Devices", "设备";
    FOUND = "{}–{} of {}", "第 {}–{} 台，共 {} 台";
    FOUND_OF = "{}–{} of {} ({} devices in all)", "第 {}–{} 台，共 {} 台（全部 {} 台）";
    ENROLL = "Enroll a device", "注册设备";

    // The search.
    SEARCH = "Search", "搜索";
    SEARCH_LABEL = "Which devices", "筛选设备";
    SEARCH_PLACEHOLDER = "type:android os<9 tag:lobby", "type:android os<9 tag:lobby";
    CLEAR = "Clear", "清除";
    WRONG_AT = "Character {}:", "第 {} 个字符：";
    HELP = "How to search", "搜索语法";
    HELP_WORD = "part of a name or identifier", "名称或标识符的一部分";
    HELP_STATUS = "with one of these statuses", "处于其中任一状态";
    HELP_TAG = "in that group, with that tag", "属于该分组、带有该标签";
    HELP_OS = "older than version 9 of the operating system; 13 and 13.1", "操作系统版本低于 9；13 与 13.1";
    HELP_SEEN = "not heard for a day; heard within the hour", "超过一天未联系；一小时内联系过";
    HELP_COMPLIANT = "violating its policy", "违反其策略";
    HELP_METRIC = "by the last value of a metric, by any property", "按指标的最新值、按任意属性";
    HELP_LOGIC = "combined: beside each other is “and”", "组合条件：并列即“且”";

    // Facets.
    FACETS = "Narrow down", "缩小范围";
    STATUS = "Status", "状态";
    TYPE = "Type", "类型";
    GROUP = "Group", "分组";
    OWNERSHIP = "Ownership", "归属";
    COMPLIANCE = "Compliance", "合规";
    BYOD = "Personal (BYOD)", "个人 (BYOD)";
    COPE = "Organisation (COPE)", "单位 (COPE)";
    COMPLIANT_YES = "Compliant", "合规";
    COMPLIANT_NO = "Violating", "违规";
    COMPLIANT_UNKNOWN = "Unknown", "未知";

    // Columns.
    COLUMNS = "Columns", "列";
    SHOW_COLUMNS = "Show these", "显示所选列";
    NAME = "Name", "名称";
    IDENTIFIER = "Identifier", "标识符";
    ONLINE = "Connection", "连接";
    OWNER = "Owner", "所有者";
    GROUPS = "Groups", "分组";
    TAGS = "Tags", "标签";
    WAITING = "Waiting", "待办";
    OS = "OS version", "系统版本";
    MODEL = "Model", "型号";
    VENDOR = "Vendor", "厂商";
    BATTERY = "Battery", "电量";
    ENROLLED_AT = "Enrolled", "注册时间";
    UPDATED_AT = "Changed", "更改时间";
    LAST_SEEN = "Last seen", "最近在线";
    NUMBER = "Number", "编号";
    ID = "Id", "ID";
    DESCRIPTION = "Description", "说明";
    IS_ONLINE = "Connected", "已连接";
    IS_OFFLINE = "Not connected", "未连接";

    // Paging and export.
    PREVIOUS = "Previous", "上一页";
    NEXT = "Next", "下一页";
    PAGE_SIZE = "Rows a page", "每页行数";
    EXPORT = "Export", "导出";
    EXPORT_CSV = "As CSV", "导出为 CSV";
    EXPORT_JSON = "As JSON", "导出为 JSON";

    // Views.
    VIEWS = "Views", "视图";
    SAVE_VIEW = "Keep this view", "保存此视图";
    VIEW_NAME = "Name of the view", "视图名称";
    KEEP = "Keep", "保存";
    DELETE_VIEW = "Delete the view {}", "删除视图 {}";
    VIEW_KEPT = "The view is kept.", "视图已保存。";
    VIEW_DELETED = "The view is deleted.", "视图已删除。";

    // Empty.
    NONE_YET = "No devices yet", "还没有设备";
    NONE_YET_HINT = "Devices appear here as soon as they enroll.", "设备注册后会立即出现在这里。";
    NO_MATCH = "No device fits", "没有符合条件的设备";
    NO_MATCH_HINT = "Take a condition away, or begin anew.", "请减少条件，或重新开始筛选。";
    SHOW_ALL = "Show all devices", "显示全部设备";

    // Many at once.
    TICK_ALL = "Tick every row of this page", "勾选本页所有行";
    TICK = "Tick {}", "勾选 {}";
    TICKED = "ticked", "已勾选";
    WITH_TICKED = "Do to the ticked ones", "对勾选的设备执行";
    ALL_MATCHING = "All {} that match, not only the ticked ones", "全部 {} 台符合条件的设备，而不仅是勾选的";
    GO_ON = "Continue…", "继续…";
    DO_SEND = "Send an operation", "发送操作";
    DO_TAG = "Tag", "加减标签";
    DO_JOIN = "Put into a group", "加入分组";
    DO_LEAVE = "Take out of a group", "移出分组";
    DO_SUSPEND = "Suspend", "暂停";
    DO_RESUME = "Resume", "恢复";
    DO_REMOVE = "Remove", "移除";
    ADD_TAGS = "Tags to add", "要添加的标签";
    REMOVE_TAGS = "Tags to take off", "要去除的标签";
    TAGS_HINT = "Between commas", "用逗号分隔";
    CHOOSE_OPERATION = "Choose the operation", "选择操作";
    NO_OPERATION = "No type of these devices knows an operation.", "所选设备的类型均不支持任何操作。";
    NO_GROUP = "There is no group that is filled by hand.", "没有可手动添加设备的分组。";
    PREVIEW = "What will happen", "执行预览";
    MEANT = "Devices meant", "选中的设备";
    ABLE = "It is done to", "将会执行";
    LEFT_OUT = "Left out", "将被跳过";
    LEFT_STATUS = "{} × {}", "{} 台：{}";
    LEFT_TYPE = "{} × the type {} does not know the operation", "{} 台：类型 {} 不支持此操作";
    SUCH_AS = "such as {}", "例如 {}";
    AND_MORE = "{} and more", "{} 等";
    TYPE_SHARE = "{}: {} of {}", "{}：{} / {} 台";
    NOBODY = "None of these devices can have this done to it.", "这些设备均无法执行此操作。";
    CHANGED = "Other devices are meant now than in the preview: look at it again before you go on. Nothing was done.", "与预览时相比，选中的设备已发生变化。尚未执行任何操作，请重新确认。";
    DO_IT = "{}: {} devices", "{}：{} 台设备";
    ASK_SEND = "Send {} to {} devices?", "确定发送 {} 到 {} 台设备吗？";
    ASK_SUSPEND = "Suspend {} devices? They receive nothing until they are resumed.", "确定暂停 {} 台设备吗？恢复之前它们收不到任何操作。";
    CONFIRM_REMOVE = "Type {} to remove that many devices. They lose their credentials and leave their groups.", "请输入 {} 以移除这些设备。它们将失去凭据并退出所有分组。";
    CONFIRM_LABEL = "How many", "设备数量";
    CONFIRM_WRONG = "the number does not agree: {} devices are meant", "数字不符：所选为 {} 台设备";
    CONFIRM_NUMBER = "Type {} to say that as many devices are meant.", "请输入 {} 以确认设备数量。";
    BACK = "Back to the list", "返回列表";
    DONE_SENT = "{} was sent to {} devices.", "已发送 {}，共 {} 台设备。";
    DONE_TAGGED = "The tags of {} devices changed.", "已更改 {} 台设备的标签。";
    DONE_JOINED = "{} devices are in the group.", "{} 台设备已在该分组中。";
    DONE_LEFT = "{} devices are not in the group.", "{} 台设备已不在该分组中。";
    DONE_SUSPENDED = "{} devices are suspended.", "已暂停 {} 台设备。";
    DONE_RESUMED = "{} devices are resumed.", "已恢复 {} 台设备。";
    DONE_REMOVED = "{} devices are removed.", "已移除 {} 台设备。";
    DONE_LEFT_OUT = "{} were left out.", "跳过了 {} 台。";
}
