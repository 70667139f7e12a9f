//! One device.

use super::messages;

messages! {
    // The head and the tabs.
    TAB_OVERVIEW = "Overview", "概览";
    TAB_METRICS = "Metrics", "遥测";
    TAB_LOCATION = "Location", "位置";
    TAB_APPLICATIONS = "Applications", "应用";
    TAB_POLICY = "Policy", "策略";
    TAB_OPERATIONS = "Operations", "操作";
    TAB_CERTIFICATES = "Certificates", "证书";
    TAB_MANAGE = "Manage", "管理";
    TAB_JSON = "JSON", "JSON";
    TABS = "This device", "此设备";
    ALL_DEVICES = "All devices", "全部设备";
    ONLINE = "Connected", "已连接";
    OFFLINE = "Not connected", "未连接";
    LAST_SEEN = "Last seen", "最近在线";
    OWNED_BY = "Owner", "所有者";
    SEND = "Send an operation", "发送操作";
    IS_REMOVED = "This device is removed: its record and its history stay. Enroll it again to manage it.",
        "此设备已移除，仅保留其记录与历史。如需继续管理，请重新注册。";

    // Facts.
    FACTS = "Facts", "基本信息";
    TYPE = "Type", "类型";
    IDENTIFIER = "Identifier", "标识符";
    NUMBER = "Number", "编号";
    NAME = "Name", "名称";
    DESCRIPTION = "Description", "说明";
    OWNERSHIP = "Ownership", "归属";
    BYOD = "personal (BYOD)", "个人（BYOD）";
    COPE = "of the organisation (COPE)", "单位（COPE）";
    ENROLLED = "Enrolled", "注册时间";
    UPDATED = "Changed", "变更时间";
    TAGS = "Tags", "标签";
    GROUPS = "Groups", "分组";
    NONE = "none", "无";
    PROPERTIES = "Properties", "属性";
    NO_PROPERTIES = "The device has told nothing about itself yet.", "设备尚未上报属性。";
    HISTORY = "Status history", "状态历史";
    HISTORY_LINE = "{}, by {}", "{}，操作者 {}";
    ENROLLMENTS = "Enrollments", "注册记录";
    UNTIL_NOW = "until now", "至今";

    // Notes.
    NOTE = "Note", "备注";
    NOTE_HINT = "For people alone; the device does not see it. At most 4,096 bytes.", "仅供人员查看，设备不可见。最多 4096 字节。";
    NO_NOTE = "Nobody has written anything down about this device.", "尚无备注。";
    NOTE_BY = "by {}", "由 {} 编写";
    EDIT = "Edit", "编辑";
    SAVE = "Save", "保存";
    SAVED = "Saved.", "已保存。";

    // Metrics.
    METRICS_NOW = "Measured last", "最新数据";
    NO_METRICS = "No measurements yet", "暂无遥测数据";
    NO_METRICS_HINT = "Values that the device reports over MQTT or HTTP appear here by themselves.",
        "设备通过 MQTT 或 HTTP 上报的数据会自动显示在这里。";
    METRIC = "Metric", "指标";
    VALUE = "Value", "值";
    MEASURED = "Measured", "测量时间";
    LAST_DAY = "Last 24 h", "近 24 小时";
    RANGE = "Range", "时间范围";
    RANGE_HOUR = "1 hour", "1 小时";
    RANGE_DAY = "24 hours", "24 小时";
    RANGE_WEEK = "7 days", "7 天";
    RANGE_MONTH = "30 days", "30 天";
    MORE_METRICS = "{} further metrics", "另有 {} 项指标";
    EVERY_METRIC = "All metrics", "全部指标";

    // Location.
    NO_LOCATION = "It has not told where it is", "设备未上报位置";
    NO_LOCATION_HINT = "A position appears when the device reports one, such as the values latitude and longitude, or answers DEVICE_LOCATION.",
        "设备上报位置（如 latitude 与 longitude）或回复 DEVICE_LOCATION 后会显示在这里。";
    NO_POSITIONS = "No positions in this time; the last one is older.", "此时段没有位置，最近一次更早。";
    LAST_POSITION = "Last position", "最近位置";
    WHERE = "Where it is", "所在位置";
    ADDRESS = "Address", "地址";
    FENCES = "Geofences", "地理围栏";
    NO_FENCES = "No geofence watches this device.", "没有地理围栏监控此设备。";
    INSIDE = "inside", "围栏内";
    OUTSIDE = "outside", "围栏外";
    SINCE = "Since", "起始时间";
    STATE = "State", "状态";
    EVER = "Everything", "全部";

    // Applications.
    NO_APPLICATIONS = "No applications known", "暂无应用信息";
    NO_APPLICATIONS_HINT = "A device that can list its applications does so after APPLICATION_LIST.",
        "支持应用列表的设备会在收到 APPLICATION_LIST 后上报。";
    APPLICATION = "Application", "应用";
    VERSION = "Version", "版本";
    MEMORY = "Memory", "内存";
    RUNNING = "running", "运行中";
    SYSTEM = "system", "系统应用";
    REPORTED = "Told", "上报时间";
    FIND_APPLICATION = "Part of a name", "按名称筛选";
    WITH_SYSTEM = "with those of the system", "包含系统应用";
    FIND = "Find", "筛选";
    FOUND = "{} of {} applications", "{} / {} 个应用";

    // Policy and compliance.
    NO_POLICY = "No policy", "无策略";
    NO_POLICY_HINT = "No active policy is meant for this device: not its type, its groups, its owner or its ownership.",
        "没有适用于此设备（类型、分组、所有者、归属）的已启用策略。";
    COMPLIANCE = "Compliance", "合规";
    COMPLIANT = "Compliant", "合规";
    VIOLATING = "Violating", "违规";
    UNKNOWN = "Not known yet", "尚未知晓";
    ASKED = "Asked", "询问时间";
    ANSWERED = "Answered", "回复时间";
    FAILED = "Last violation", "最近违规";
    ATTEMPTS = "Unanswered questions", "未回复次数";
    ENFORCEMENTS = "Sent again", "重新下发次数";
    MONITOR_NOW = "Ask now", "立即检查";
    MONITORING = "The device is being asked.", "已向设备发送检查请求。";
    FEATURE = "Feature", "功能";
    REASON = "Reason", "原因";
    EFFECTIVE = "Effective policy", "生效策略";
    MADE_OF = "Made of", "来源策略";
    MODE = "When violated", "违规时";
    MODE_ENFORCE = "enforce: send it again", "强制：重新下发";
    MODE_WARN = "warn: tell people", "警告：通知人员";
    MODE_BLOCK = "block: suspend the device", "阻止：暂停设备";
    TOLD_AT = "Told to the device", "下发时间";
    PENDING = "Changes wait to be applied", "有变更待应用";
    IN_FORCE = "As it was told", "与已下发一致";

    // Operations.
    NO_OPERATIONS = "No operations", "暂无操作";
    NO_OPERATIONS_HINT = "What the device is told appears here, with how far it has come.", "发送给设备的操作及其进度会显示在这里。";
    NONE_FITS = "None fits these conditions", "没有符合条件的操作";
    ALL = "All", "全部";
    BY = "by {}", "由 {} 发起";
    ACTIVITY = "Activity {}", "操作记录 {}";
    PAYLOAD = "Payload", "载荷";
    RESPONSE = "Response", "响应";
    PUSHED = "handed over", "已下发";
    EXPIRES = "expires", "过期";
    RETRY = "Send again", "重新发送";
    RETRIED = "Sent again as activity {}.", "已作为操作记录 {} 重新发送。";
    CANCEL = "Take back", "撤回";
    CANCELLED = "Taken back.", "已撤回。";
    CUT = "The rest is left out here; the API has all of it.", "此处省略其余内容，可通过 API 获取全部。";
    RECENT = "Latest operations", "最近操作";
    DETAILS = "Details", "详情";

    // Sending.
    SEND_TITLE = "Send an operation to {}", "向 {} 发送操作";
    OPERATION = "Operation", "操作";
    CHOOSE = "Choose", "选择";
    CHOOSE_HINT = "Choose what the device is to do.", "请选择要让设备执行的操作。";
    GIVE_UP = "Give up after", "有效期";
    NEVER = "never", "永久";
    MINUTES_10 = "10 minutes", "10 分钟";
    HOUR_1 = "1 hour", "1 小时";
    DAY_1 = "1 day", "1 天";
    WEEK_1 = "7 days", "7 天";
    SEND_IT = "Send", "发送";
    SURE = "I mean it: {} interrupts or erases something on the device.", "我确认：{} 会中断设备运行或清除数据。";
    ASK_SURE = "{}: send it to {}?", "{}：确定发送到 {} 吗？";
    SURE_NEEDED = "tick the box first: this interrupts or erases something", "请先勾选确认：此操作会中断运行或清除数据";
    SENT = "{} is on its way (activity {}).", "{} 已发送（操作记录 {}）。";
    CANNOT_RECEIVE = "The device takes no operations while it is {}.", "设备处于“{}”状态，无法接收操作。";

    // Certificates.
    NO_CERTIFICATES = "No certificates", "暂无证书";
    NO_CERTIFICATES_HINT = "A device that sends a signing request gets a certificate, and may connect with it in the place of a token.",
        "设备提交签名请求后会获得证书，可代替令牌连接。";
    SUBJECT = "Subject", "主体";
    SERIAL = "Serial number", "序列号";
    VALID = "Valid", "有效期";
    REVOKED = "Revoked", "已吊销";
    CERTIFICATE_VALID = "Valid", "有效";
    CERTIFICATE_EXPIRED = "Expired", "已过期";
    REVOKE = "Revoke", "吊销";
    ASK_REVOKE = "Revoke this certificate? The device can no longer connect with it.", "确定吊销此证书吗？设备将无法再使用它连接。";
    REVOKED_NOW = "Revoked.", "已吊销。";

    // Managing.
    DETAILS_TITLE = "Name and owner", "名称与所有者";
    TAGS_HINT = "With commas between; at most 50.", "以逗号分隔，最多 50 个。";
    GROUPS_HINT = "Groups with a query fill themselves.", "按查询的分组会自动维护成员。";
    BY_QUERY = "by its query", "按查询";
    NO_GROUPS = "There are no groups that are filled by hand.", "没有手动维护的分组。";
    STATUS_TITLE = "Status", "状态";
    SUSPEND = "Suspend", "暂停";
    SUSPEND_HINT = "A suspended device may speak and is sent nothing. A blocked one is shut out.",
        "暂停的设备可以上报但不会收到任何操作；封锁的设备将被拒绝接入。";
    RESUME = "Resume", "恢复";
    BLOCK = "Block", "封锁";
    ASK_BLOCK = "Block {}? Its connections end at once.", "确定封锁 {} 吗？其连接将立即断开。";
    REMOVE_TITLE = "Remove", "移除";
    REMOVE_HINT = "The device loses its credentials, certificates, groups and tags, and what waits for it is called off. Its record and its history stay.",
        "设备将失去凭据、证书、分组与标签，等待中的操作会被取消；其记录与历史会保留。";
    REMOVE_CONFIRM = "Type the name of the device: {}", "请输入设备名称：{}";
    REMOVE = "Remove the device", "移除设备";
    REMOVED = "{} is removed.", "{} 已移除。";
    NOT_THE_NAME = "that is not the name of the device", "与设备名称不符";
    RAW_HINT = "All that the API tells of this device.", "API 提供的此设备全部信息。";
    MAY_NOT = "Your role lets you look at this device and not change it.", "您的角色只能查看此设备，无法修改。";
}
