//! The first page.

use super::messages;

messages! {
    TITLE = "Overview", "概览";
    DEVICES = "Devices", "设备";
    ONLINE = "{} connected now", "{} 台在线";
    OPERATIONS = "Operations", "操作";
    WAITING = "{} waiting", "{} 个等待中";
    FAILED = "{} failed in a day", "24 小时内 {} 个失败";
    NOTIFICATIONS = "Notifications", "通知";
    UNREAD = "to be ticked off", "待处理";
    MESSAGES = "Messages per second", "每秒消息数";
    MESSAGES_IN = "{} in · {} out", "接收 {} · 发送 {}";
    COMPLIANCE = "Compliance", "合规";
    COMPLY = "{} of {} comply", "{} / {} 台合规";
    VIOLATING = "{} violating, {} not known yet", "{} 台违规，{} 台未知";
    BOARD = "This board", "网关";
    CPU = "CPU", "CPU";
    LOAD = "load {}", "负载 {}";
    MEMORY = "Memory", "内存";
    DISK = "Disk", "磁盘";
    OF = "{} of {}", "{} / {}";
    TEMPERATURE = "Temperature", "温度";
    POWER_FINE = "No throttling", "无降频";
    POWER_UNDER = "Under-voltage", "电压不足";
    POWER_THROTTLED = "Throttled", "已降频";
    POWER_BEFORE = "Was throttled since the start", "启动后曾降频";
    POWER_UNKNOWN = "This board does not tell", "网关不提供";
    UPTIME = "Up for {}", "已运行 {}";
    NO_DEVICES = "No devices yet", "还没有设备";
    NO_DEVICES_HINT = "Enroll the first one: a phone, a Raspberry Pi, an Arduino, or anything that speaks HTTP or MQTT.",
        "注册第一台设备：手机、树莓派、Arduino，或任何支持 HTTP 或 MQTT 的设备。";
    ENROLL = "Enroll a device", "注册设备";
    RECENT = "What happened lately", "最近动态";
    QUIET = "Nothing has happened since Pym started.", "Pym 启动以来没有动态。";
}
