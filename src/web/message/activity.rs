//! Activities and operations.

use super::messages;

messages! {
    TITLE = "Activities", "操作记录";
    INTRO = "What was sent to devices: one operation for one device or for many.", "发送给设备的内容：一项操作可发给一台或多台设备。";
    FOUND_ONE = "1 activity", "共 1 条操作记录";
    FOUND = "{} activities", "共 {} 条操作记录";
    NOTHING = "No activities fit.", "没有符合条件的操作记录。";
    NOTHING_HINT = "Other filters may find some.", "可尝试其他筛选条件。";
    NOTHING_YET_HINT = "Choose devices on the devices page and send them an operation.", "请在设备页面选择设备并发送操作。";
    NO_OPERATIONS_HINT = "That is as it should be: nothing waits here.", "一切正常：此处没有等待处理的操作。";
    NOTHING_YET = "Nothing has been sent yet.", "尚未发送任何操作。";
    NUMBER = "No.", "编号";
    CODE = "Operation", "操作";
    KIND = "Kind", "类别";
    INITIATOR = "Sent by", "发起者";
    STATUS = "Status", "状态";
    SENT = "Sent", "发送时间";
    DEVICES = "Devices", "设备";
    PROGRESS = "Progress", "进度";
    FROM = "Sent since (UTC)", "起始日期（UTC）";
    UNTIL = "Until (UTC)", "截止日期（UTC）";
    ANY = "Any", "不限";
    APPLY = "Filter", "筛选";
    CLEAR = "Clear", "清除";
    ACTIVITY = "Activity {}: {}", "操作记录 {}：{}";
    PAYLOAD = "Payload", "载荷";
    NO_PAYLOAD = "none", "无";
    EXPIRES = "Given up", "过期时间";
    NEVER = "never", "永不";
    DONE_OF = "{} of {} ended", "已结束 {} / {}";
    CANCEL_ALL = "Cancel what is pending", "取消未完成的操作";
    CANCEL_ALL_ASK = "Cancel the operations of this activity that have not ended? What devices do already is not undone.", "确定取消此次操作中尚未结束的操作吗？设备已执行的部分不会撤销。";
    CANCELLED_ALL = "{} operations cancelled", "已取消 {} 项操作";
    CANCEL = "Cancel", "取消";
    CANCELLED = "Operation cancelled.", "操作已取消。";
    RETRY = "Send again", "重新发送";
    DEVICE = "Device", "设备";
    REASON = "Why", "原因";
    UPDATED = "Changed", "更新时间";
    RESPONSES = "Answers", "响应";
    ALL_STATUSES = "All", "全部";

    OPERATIONS = "Operations", "操作";
    OPERATIONS_INTRO = "Each operation on each device, newest first.", "每台设备上的每项操作，最新的在前。";
    OPERATIONS_FOUND_ONE = "1 operation", "共 1 项操作";
    OPERATIONS_FOUND = "{} operations", "共 {} 项操作";
    NO_OPERATIONS = "No operations of this status.", "没有此状态的操作。";
    WAITING = "Waiting", "等待中";
    FAILED = "Went wrong", "未成功";
    ALL = "All", "全部";
    GONE_DEVICE = "a device that is gone", "已不存在的设备";
}
