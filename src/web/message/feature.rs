//! Words of the forms that are drawn from a feature's description.

use super::messages;

messages! {
    PAYLOAD = "Payload", "载荷";
    NO_PAYLOAD = "This operation needs no payload.", "此操作不需要载荷。";
    ANY_HINT = "Sent to the device as it is; may stay empty.", "原样发送给设备，可留空。";
    JSON_HINT = "A JSON object", "一个 JSON 对象";
    WITH_PAYLOAD = "With these details", "附带以下内容";
    MORE = "Other members", "其他成员";
    MORE_HINT = "A JSON object with members that are not listed above; they are passed on as they are.",
        "JSON 对象，包含上面未列出的成员，原样传递。";
    REQUIRED = "required", "必填";
    CHOOSE = "Choose…", "请选择…";
    NOT_SET = "Not set", "不设置";
    YES = "Yes", "是";
    NO = "No", "否";
    UNCHANGED = "Unchanged", "保持不变";
    CLEAR = "Remove the value", "清除此值";
    ROW = "Entry {}", "第 {} 项";
    ADD_ROW = "Add an entry", "添加一项";
    REMOVE_ROW = "Remove this entry", "移除此项";
    ONE_A_LINE = "One a line", "每行一项";
    BETWEEN = "{} to {}", "{} 至 {}";
    AT_LEAST = "at least {}", "至少 {}";
    AT_MOST = "at most {}", "至多 {}";
    CHARACTERS = "{} characters", "{} 个字符";
    ELEMENTS = "{} entries", "{} 项";
    FORMAT_URL = "an address such as https://host/path", "网址，例如 https://host/path";
    FORMAT_PACKAGE = "an application's name such as com.example.app", "应用包名，例如 com.example.app";
    FORMAT_HOST = "a host name or an IP address", "主机名或 IP 地址";
    FORMAT_PORT = "a port from 1 to 65535", "端口，1 至 65535";
    FORMAT_TIME = "a time of the day as HH:MM", "时刻，格式 HH:MM";
}
