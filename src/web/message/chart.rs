//! Words of drawings: charts and maps.

use super::messages;

messages! {
    SUMMARY = "{} to {}, on average {}, last {}; {} values", "{} 至 {}，平均 {}，最新 {}；共 {} 个值";
    CHANGES = "{} changes, last to {}", "{} 次变化，最新为 {}";
    NO_VALUES = "No values in this time.", "此时段没有数据。";
    GAPS = "gaps: {}", "中断：{} 处";
    AS_TABLE = "As a table", "以表格显示";
    TIME = "Time", "时间";
    LEAST = "Least", "最小";
    AVERAGE = "Average", "平均";
    GREATEST = "Greatest", "最大";
    LAST = "Last", "最新";
    VALUES = "Values", "数量";
    VALUE = "Value", "值";
    YES = "yes", "是";
    NO = "no", "否";
    ONLY_NEWEST = "Only the newest changes are shown.", "仅显示最近的变化。";

    MAP_SUMMARY = "{} positions; the newest at {}", "{} 个位置；最新位置 {}";
    AS_LIST = "As a list", "以列表显示";
    NEWEST = "newest", "最新";
    POSITION = "Position", "位置";
    ADDRESS = "Address", "地址";
    INSIDE = "inside", "围栏内";
    OUTSIDE = "outside", "围栏外";
    GEOFENCE = "Geofence", "地理围栏";
    METRES = "{} m", "{} 米";
    KILOMETRES = "{} km", "{} 公里";
}
