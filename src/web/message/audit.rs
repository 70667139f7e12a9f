//! The audit trail.

use super::messages;

messages! {
    TITLE = "Audit", "审计";
    FOUND_ONE = "1 line", "共 1 条记录";
    FOUND = "{} lines", "共 {} 条记录";
    NUMBER = "No.", "编号";
    TIME = "Time", "时间";
    ACTOR = "Actor", "操作者";
    ACTOR_HINT = "A user name, device:type/id, uid:0, system", "用户名、device:类型/标识符、uid:0、system";
    ORIGIN = "From", "来源";
    ACTION = "Action", "动作";
    ACTION_HINT = "device.enroll, or device for all of them", "如 device.enroll，或用 device 匹配该类全部动作";
    TARGET = "Target", "对象";
    TARGET_HINT = "Such as raspberrypi:kitchen", "如 raspberrypi:kitchen";
    OUTCOME = "Outcome", "结果";
    ANY = "Any", "任意";
    DONE = "done", "成功";
    REFUSED = "refused", "被拒绝";
    FAILED = "failed", "失败";
    DETAIL = "Detail", "详情";
    SINCE = "Since (UTC)", "起始时间（UTC）";
    UNTIL = "Before (UTC)", "截止时间（UTC）";
    FILTER = "Filter", "筛选";
    CLEAR = "Clear", "清除";
    CSV = "Export CSV", "导出 CSV";
    JSON = "Export JSON", "导出 JSON";
    EXPORT_WHY = "The whole list as it is filtered; a spreadsheet takes every field for text.", "导出当前筛选的全部记录；电子表格会把每个字段视为文本。";
    NONE = "Nothing fits", "没有符合条件的记录";
    NONE_WHY = "No line of the trail fits the filters. The oldest are forgotten beyond a million.", "没有记录符合筛选条件。超过一百万条后，最早的记录会被清除。";
    NEWEST = "Newest", "最新";
    OLDER = "Older", "更早";
    BAD_TIME = "a time is written like 2026-11-24T10:00, in UTC", "时间格式如 2026-11-24T10:00（UTC）";
}
