//! Notifications.

use super::messages;

messages! {
    TITLE = "Notifications", "通知";
    INTRO = "What a person has to see and tick off.", "需要人工查看并确认的事项。";
    OPEN = "Open", "未确认";
    ALL = "All", "全部";
    KIND = "Kind", "类别";
    ANY_KIND = "Any kind", "所有类别";
    DEVICE = "Device", "设备";
    EVERY_DEVICE = "Every device", "所有设备";
    TEXT = "What happened", "内容";
    AT = "When", "时间";
    OPERATION = "Activity {}", "操作记录 {}";
    TICK = "Tick off", "确认";
    TICK_ALL = "Tick off all", "全部确认";
    TICK_ALL_ASK = "Tick off every notification you may see, on all pages?", "确定确认您可见的全部通知（包括其他页）吗？";
    TICKED = "Ticked off.", "已确认。";
    TICKED_ALL = "{} notifications ticked off", "已确认 {} 条通知";
    TICKED_BY = "ticked off by {}", "由 {} 确认";
    NOTHING_OPEN = "Nothing waits to be seen.", "没有待确认的通知。";
    NOTHING_OPEN_HINT = "Failed operations, policies that are not complied with and crossed geofences appear here by themselves.", "操作失败、策略不合规以及进出地理围栏都会自动显示在这里。";
    NOTHING = "No notifications fit.", "没有符合条件的通知。";
    NOTHING_HINT = "Notifications of another kind or about another device may be there.", "其他类别或其他设备可能有通知。";
    FOUND_ONE = "1 notification", "共 1 条通知";
    FOUND = "{} notifications", "共 {} 条通知";

    OF_OPERATION = "Operation", "操作";
    OF_COMPLIANCE = "Compliance", "合规";
    OF_GEOFENCE = "Geofence", "地理围栏";
    OF_DEVICE = "Device", "设备";
    OF_DAEMON = "Pym", "Pym";
}
