//! What every page says.

use super::messages;

messages! {
    // The navigation.
    NAV_OVERVIEW = "Overview", "概览";
    NAV_DEVICES = "Devices", "设备";
    NAV_ENROLL = "Enroll a device", "注册设备";
    NAV_GROUPS = "Groups", "分组";
    NAV_POLICIES = "Policies", "策略";
    NAV_COMPLIANCE = "Compliance", "合规";
    NAV_ACTIVITIES = "Activities", "操作记录";
    NAV_GEOFENCES = "Geofences", "地理围栏";
    NAV_PACKAGES = "Packages", "应用包";
    NAV_SITE = "Site", "站点";
    NAV_DEVICE_TYPES = "Device types", "设备类型";
    NAV_CERTIFICATES = "Certificates", "证书";
    NAV_USERS = "Users", "用户";
    NAV_ROLES = "Roles", "角色";
    NAV_TOKENS = "API tokens", "API 令牌";
    NAV_AUDIT = "Audit", "审计";
    NAV_SETTINGS = "Settings", "设置";
    NAV_REFERENCE = "API reference", "API 参考";
    NAV_ABOUT = "About", "关于";
    NAV_NOTIFICATIONS = "Notifications", "通知";
    NAV_ACCOUNT = "Your account", "我的账户";
    MENU = "Menu", "菜单";
    SKIP = "Skip to the content", "跳到正文";
    FIND = "Search devices", "搜索设备";
    PERSON = "You", "我";
    PREFERENCES = "Preferences", "偏好";
    LANGUAGE = "Language", "语言";
    THEME = "Colours", "配色";
    THEME_AUTO = "Automatic", "自动";
    THEME_LIGHT = "Light", "浅色";
    THEME_DARK = "Dark", "深色";
    LOG_IN = "Log in", "登录";
    LOG_OUT = "Log out", "退出登录";

    // The live mark.
    LIVE_ON = "Live", "实时";
    LIVE_WAIT = "Reconnecting", "正在重连";
    LIVE_STALE = "Stale since {}", "数据停留在 {}";
    LIVE_OFF = "Not live", "非实时";

    // The command lines.
    CURL = "The same with curl", "等效的 curl 命令";
    CURL_HINT = "With the certificate of this site and a token:", "需要本站证书和令牌：";
    COPY = "Copy", "复制";
    COPIED = "Copied", "已复制";

    // Keys.
    KEYS = "Keyboard shortcuts", "键盘快捷键";
    KEY_FIND = "Search devices", "搜索设备";
    KEY_ROWS = "Next and previous row", "下一行 / 上一行";
    KEY_OPEN = "Open the row", "打开该行";
    KEY_TICK = "Tick the row", "勾选该行";

    // Buttons.
    CONFIRM = "Yes, go on", "确认";
    TYPE_NAME = "Type {} to confirm", "输入 {} 以确认";
    TYPE_ITS_NAME = "Type its name to confirm", "输入名称以确认";
    NOT_TYPED = "type the name as it stands above", "请输入与上方一致的名称";
    CANCEL = "Cancel", "取消";
    CLOSE = "Close", "关闭";
    PAGES = "Pages", "分页";
    FIRST_PAGE = "First page", "首页";
    NEXT_PAGE = "Next page", "下一页";
    NEVER = "never", "从未";

    // Failures.
    BAD_REQUEST = "That cannot be", "请求无效";
    UNAUTHORIZED = "Please log in", "请先登录";
    FORBIDDEN = "You may not do that", "没有权限";
    FORBIDDEN_HINT = "An administrator can give you a role that allows it.", "管理员可以为您分配有此权限的角色。";
    FORGED = "This form is not from here", "表单来源无效";
    NOT_FOUND = "There is nothing here", "未找到";
    CONFLICT = "That contradicts what is there", "与现有内容冲突";
    TOO_MANY = "Too many attempts", "尝试次数过多";
    BUSY = "Busy at the moment", "服务繁忙";
    FAILED = "Something went wrong", "出现错误";
    SEND_FAILED = "Pym could not be reached. Nothing was lost; try again.", "无法连接到 Pym，输入内容仍在，请重试。";

    // Where a device stands.
    STATUS_CREATED = "Created", "已创建";
    STATUS_ACTIVE = "Active", "正常";
    STATUS_INACTIVE = "Inactive", "未活跃";
    STATUS_UNREACHABLE = "Unreachable", "失联";
    STATUS_UNCLAIMED = "Unclaimed", "未认领";
    STATUS_SUSPENDED = "Suspended", "已暂停";
    STATUS_BLOCKED = "Blocked", "已封锁";
    STATUS_REMOVED = "Removed", "已移除";
    STATUS_DISENROLLMENT_REQUESTED = "Leaving", "正在注销";

    // Where an operation stands.
    OPERATION_PENDING = "Pending", "等待中";
    OPERATION_IN_PROGRESS = "In progress", "进行中";
    OPERATION_COMPLETED = "Completed", "已完成";
    OPERATION_ERROR = "Failed", "失败";
    OPERATION_REPEATED = "Repeated", "重复";
    OPERATION_NOT_NOW = "Not now", "稍后";
    OPERATION_EXPIRED = "Expired", "已过期";
    OPERATION_CANCELLED = "Cancelled", "已取消";
}
