//! What the pages of groups say.

use super::messages;

messages! {
    TITLE = "Groups", "分组";
    TAGS = "Tags", "标签";
    NEW = "New group", "新建分组";
    NEW_TITLE = "New group", "新建分组";
    EDIT_TITLE = "Edit {}", "编辑 {}";
    NONE = "No groups", "没有分组";
    NONE_HINT = "A group holds devices that you put in, or all that fit a query. Policies, geofences and people are given groups.", "分组可以手动添加设备，也可以自动包含符合查询条件的设备。策略、地理围栏和人员权限都可按分组分配。";
    NAME = "Name", "名称";
    KIND = "Filled", "成员来源";
    BY_HAND = "By hand", "手动";
    BY_QUERY = "By query", "按查询";
    DEVICES = "Devices", "设备";
    OWNER = "Owner", "所有者";
    DESCRIPTION = "Description", "说明";
    CREATED = "Made", "创建时间";
    QUERY = "Query", "查询";
    QUERY_HINT = "Left empty, devices are put in by hand. Else it holds what fits, such as status:active tag:lobby os<9. It may name neither groups nor policies.", "留空则手动添加设备；填写则自动包含符合条件的设备，例如 status:active tag:lobby os<9（不能引用分组、策略或合规状态）。";
    CHECK = "Check the query", "检查查询";
    FITS_ONE = "1 device fits", "1 台设备符合";
    FITS = "{} devices fit", "{} 台设备符合";
    WRONG_AT = "Wrong at character {}: {}", "第 {} 个字符处有误：{}";
    WRONG = "That cannot fill a group: {}", "不能用作分组查询：{}";
    EMPTY_QUERY = "Without a query, devices are put in by hand.", "没有查询，设备需手动添加。";
    SAVE = "Save", "保存";
    MAKE = "Make the group", "创建分组";
    MADE = "The group is made.", "分组已创建。";
    SAVED = "The group is saved.", "分组已保存。";
    EDIT = "Edit", "编辑";
    ALL_MEMBERS = "Show them in the device list", "在设备列表中查看";
    FIRST_MEMBERS = "The first {}; {} in all.", "显示前 {} 台，共 {} 台。";
    NO_MEMBERS = "It holds no devices.", "分组中没有设备。";
    TAKE_OUT = "Take out", "移出";
    TAKEN_OUT = "The device is taken out.", "设备已移出。";
    ADD = "Add devices", "添加设备";
    FIND = "Name, identifier or query", "名称、标识符或查询";
    FIND_BUTTON = "Find", "查找";
    FOUND_NONE = "No device was found that is not in the group.", "没有找到尚未加入的设备。";
    ADD_TICKED = "Add those ticked", "添加所选";
    ADDED = "Devices were added: {}.", "已添加 {} 台设备。";
    NONE_TICKED = "tick at least one device", "请至少勾选一台设备";
    SHARED = "Shared with", "共享给";
    SHARED_HINT = "Who has one of these roles, and may see and command their own devices, sees and commands those of this group too.", "拥有这些角色之一且可管理自己设备的人员，也可查看和操作此分组中的设备。";
    SHARED_NONE = "nobody", "无";
    SHARE = "Save sharing", "保存共享";
    SHARED_SAVED = "Sharing is saved.", "共享设置已保存。";
    DELETE = "Delete the group", "删除分组";
    DELETE_HINT = "Its devices stay. Policies and geofences that name it reach them no longer.", "设备会保留；引用该分组的策略和地理围栏将不再作用于这些设备。";
    DELETE_ASK = "Delete the group {}?", "确定删除分组 {}？";
    DELETED = "The group is deleted.", "分组已删除。";
    STATUS = "Status", "状态";
    TYPE = "Type", "类型";
    DEVICE = "Device", "设备";
}
