//! People.

use super::messages;

messages! {
    TITLE = "Users", "用户";
    FOUND_ONE = "1 user", "共 1 位用户";
    FOUND = "{} users", "共 {} 位用户";
    SEARCH = "Find by name", "按姓名查找";
    ANY_ROLE = "Any role", "任意角色";
    FIND = "Find", "查找";
    NONE = "Nobody fits", "没有符合条件的用户";
    NONE_WHY = "Try another name or role.", "请尝试其他姓名或角色。";
    NAME = "User name", "用户名";
    NAME_HINT = "Letters, digits, _ - . and @; kept in lower case. It stays.", "字母、数字、_ - . 和 @，统一存为小写，创建后不可更改。";
    WHOLE_NAME = "Name", "姓名";
    FIRST_NAME = "First name", "名";
    LAST_NAME = "Last name", "姓";
    EMAIL = "E-mail", "电子邮箱";
    ROLES = "Roles", "角色";
    ADDED = "Added", "添加时间";
    SECOND_FACTOR = "Second factor", "双重验证";
    ON = "on", "已开启";
    OFF = "off", "未开启";
    ADD = "Add a user", "添加用户";
    ADDED_NOW = "{} is added", "已添加 {}";
    PASSWORD = "Password", "密码";
    PASSWORD_HINT = "{} bytes or more. Hand it over in person; they change it under their account.", "至少 {} 字节。请当面告知，用户可在“我的账户”中更改。";
    EDIT = "Profile and roles", "资料与角色";
    SAVE = "Save", "保存";
    SAVED = "{} is saved", "已保存 {}";
    MAY = "May", "权限";
    NEW_PASSWORD = "New password", "新密码";
    NEW_PASSWORD_WHY = "It ends their sessions. API tokens and the agents of their devices go on.", "这会结束其会话；API 令牌和设备上的代理程序不受影响。";
    SET_PASSWORD = "Set password", "设置密码";
    PASSWORD_SET = "{} has a new password", "已为 {} 设置新密码";
    SESSIONS = "Sessions", "会话";
    NO_SESSIONS = "No open sessions.", "没有打开的会话。";
    END_ALL = "End all sessions", "结束所有会话";
    END_ALL_SURE = "End every session of {}?", "结束 {} 的所有会话？";
    ENDED_ALL = "Every session of {} is ended.", "已结束 {} 的所有会话。";
    RESET = "Reset second factor", "重置双重验证";
    RESET_WHY = "For whoever has lost phone and recovery codes. Until they set it up anew, their password alone is enough.", "适用于手机和恢复码都丢失的用户。在其重新设置之前，仅凭密码即可登录。";
    RESET_SURE = "Reset the second factor of {}?", "重置 {} 的双重验证？";
    RESET_DONE = "The second factor of {} is reset.", "已重置 {} 的双重验证。";
    OWN = "This is you; the password and the second factor are under", "这是您自己；密码和双重验证请见";
    DELETE = "Delete", "删除";
    DELETE_TITLE = "Delete this user", "删除此用户";
    DELETE_WHY = "Their sessions, API tokens and OAuth tokens go with them. The devices they own stay enrolled.", "其会话、API 令牌和 OAuth 令牌将一并删除；其拥有的设备仍保持注册。";
    DELETED = "{} is deleted", "已删除 {}";
    DEVICES = "Devices they own", "其拥有的设备";
    TRAIL = "What they did", "其审计记录";
    NOT_CONFIRMED = "type the name to confirm", "请输入名称以确认";
}
