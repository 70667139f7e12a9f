//! Roles, and what scopes allow.

use super::messages;

messages! {
    TITLE = "Roles", "角色";
    WHY = "What people may do. A person has the scopes of all their roles together.", "角色决定用户可以做什么。用户拥有其所有角色的权限之和。";
    NAME = "Name", "名称";
    NAME_HINT = "Letters, digits, _ - and .; it stays, for policies and groups refer to it.", "字母、数字、_ - 和 .；策略和分组会引用它，因此创建后不可更改。";
    DESCRIPTION = "Description", "说明";
    SCOPES = "Scopes", "权限范围";
    PEOPLE = "People", "成员";
    BUILT_IN = "built in", "内置";
    BUILT_IN_WHY = "It came with Pym: its scopes stay as they are, its people can be chosen.", "Pym 自带的角色：权限范围不可更改，但可以选择成员。";
    ADD = "Add a role", "添加角色";
    ADDED = "The role {} is added.", "已添加角色 {}。";
    EDIT = "Description and scopes", "说明与权限范围";
    EDIT_WHY = "Who may do less by it loses open connections at once.", "权限因此减少的用户会立即断开连接。";
    SAVE = "Save", "保存";
    SAVED = "The role {} is saved.", "已保存角色 {}。";
    MEMBERS = "People with this role", "拥有此角色的用户";
    MEMBERS_HINT = "Who is not ticked loses it. Everybody keeps at least one role, and somebody the role admin.", "未勾选的用户将失去此角色。每位用户至少保留一个角色，且至少一人拥有 admin 角色。";
    MEMBERS_SAVED = "The people of {} are saved.", "已保存 {} 的成员。";
    MEMBERS_MANY = "{} people have this role: too many to tick here. Give and take it on each person's page.", "{} 人拥有此角色，人数过多，无法在此勾选。请在各用户页面中授予或移除。";
    PERMISSIONS = "Permissions of the Entgra API", "Entgra API 权限";
    PERMISSIONS_WHY = "Kept for the client that gave them; they allow nothing by themselves.", "为设置它们的客户端保留，本身不授予任何权限。";
    DELETE_TITLE = "Delete this role", "删除此角色";
    DELETE_WHY = "People and groups lose it.", "用户和分组将失去此角色。";
    DELETE = "Delete", "删除";
    DELETED = "The role {} is deleted.", "已删除角色 {}。";
    READ = "See devices, operations, telemetry, the board and the events", "查看设备、操作、遥测、网关和事件";
    OPERATE = "Send and cancel operations, edit devices and groups", "下发和取消操作，编辑设备和分组";
    ENROLL = "Enroll devices: agent downloads and device tokens", "注册设备：下载代理程序、签发设备令牌";
    ADMIN = "Users, roles, tokens, certificates, audit, backup, and everything else", "用户、角色、令牌、证书、审计、备份以及其他一切";
    METRICS = "Scrape /metrics", "抓取 /metrics";
    BROKER = "Any MQTT topic", "任意 MQTT 主题";
    OWN = "See and command one's own devices, and those of shared groups", "查看并操作自己的设备以及共享分组中的设备";
    POLICY = "Make and apply policies, geofences and packages", "制定并应用策略、地理围栏和应用包";
    IS_ADMIN = "Everything", "全部权限";
    IS_OPERATOR = "See and command every device, and set policies", "查看并操作所有设备，制定策略";
    IS_VIEWER = "See every device", "查看所有设备";
    IS_OWNER = "Enroll devices, and see and command one's own", "注册设备，查看并操作自己的设备";
}
