//! What the pages of application packages and tags say.

use super::messages;

messages! {
    TITLE = "Packages", "应用包";
    NONE = "No packages", "没有应用包";
    NONE_HINT = "An application that is uploaded here once can be installed on any Android device of the site.", "在此上传一次的应用，可以安装到本站的任意 Android 设备。";
    NAME = "Name", "名称";
    IDENTIFIER = "Application", "应用标识符";
    IDENTIFIER_HINT = "Such as com.example.app", "例如 com.example.app";
    VERSION = "Version", "版本";
    SIZE = "Size", "大小";
    UPLOADED = "Uploaded", "上传时间";
    UPLOADED_BY = "By", "上传者";
    FILE = "APK file", "APK 文件";
    UPLOAD = "Upload a package", "上传应用包";
    UPLOAD_BUTTON = "Upload", "上传";
    UPLOADING = "Uploading", "正在上传";
    UPLOAD_SCRIPT = "Uploading from the browser needs scripting. The command at the end of this page does the same.", "浏览器上传需要启用脚本，也可以使用页面底部的命令。";
    INSTALL = "Install", "安装";
    UPDATE = "Update", "更新";
    UNINSTALL = "Uninstall", "卸载";
    APPLY = "On devices", "应用到设备";
    APPLY_HINT = "Choose a group, or find devices, and see first which they are.", "选择分组或查找设备，并先预览目标设备。";
    WHAT = "What to do", "操作";
    GROUP = "Group", "分组";
    GROUP_NONE = "no group: by the query", "不按分组，使用查询";
    QUERY = "Devices", "设备";
    QUERY_HINT = "A name or a query, such as tag:lobby os>=10", "名称或查询，例如 tag:lobby os>=10";
    PREVIEW = "Show the devices", "预览设备";
    PREVIEW_OF = "{}: devices {}", "{}：{} 台设备";
    PREVIEW_MORE = "The first {} are shown.", "仅显示前 {} 台。";
    PREVIEW_CHANGED = "Other devices fit now than in the preview: look at it again before you go on. Nothing was done.", "与预览时相比，符合条件的设备已发生变化。尚未执行任何操作，请重新确认。";
    PREVIEW_NONE = "No Android device fits.", "没有符合条件的 Android 设备。";
    DO_ASK = "{} {} on devices: {}?", "{} {}，目标设备 {} 台，确定？";
    SENT = "It is sent to devices: {}.", "已发送到 {} 台设备。";
    NO_TARGET = "choose a group or say which devices", "请选择分组或指定设备";
    DELETE = "Delete the package", "删除应用包";
    DELETE_HINT = "Devices keep what they have installed. Operations that wait to install it will fail.", "设备上已安装的应用不受影响；等待安装的操作将会失败。";
    DELETE_ASK = "Delete the package {}?", "确定删除应用包 {}？";
    DELETED = "The package is deleted.", "应用包已删除。";
    CONTENT = "Download the APK", "下载 APK";
    CHECKSUM = "SHA-256", "SHA-256";

    TAGS = "Tags", "标签";
    TAGS_NONE = "No tags", "没有标签";
    TAGS_NONE_HINT = "Tags are stuck on devices in the device list, or as they enroll. A group by query can follow them.", "可在设备列表中或注册时为设备添加标签，按查询的分组可以引用标签。";
    TAG = "Tag", "标签";
    DEVICES = "Devices", "设备";
    AS_GROUP = "Make a group of it", "据此创建分组";
}
