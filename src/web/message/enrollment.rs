//! What the pages say by which devices come in.

use super::messages;

messages! {
    TITLE = "Enroll a device", "注册设备";
    TITLE_OF = "Enroll: {}", "注册：{}";
    HINT = "What kind of device is it? The next page shows the ways that fit it, and the device as it arrives.", "请选择设备类型。下一页将显示适合该类型的注册方式，设备接入后会自动出现。";
    TYPES = "Device types", "设备类型";
    OTHER = "Another type", "选择其他类型";
    WAY_ADDRESS = "By its own agent and a QR code", "使用设备代理和二维码";
    WAY_AGENT = "Agent to download, or a command", "下载代理或使用命令";
    WAY_COMMAND = "By a command with a token", "使用令牌和命令";

    // Android.
    ADDRESS = "With the agent on the device", "使用设备上的代理";
    ADDRESS_HINT = "The address of this site:", "本站地址：";
    CODE = "QR code of the address", "地址二维码";
    STEP_NETWORK = "Connect the phone or tablet to a network that reaches this address.", "将手机或平板连接到能访问此地址的网络。";
    STEP_INSTALL = "Install the agent on it: the Android device-management agent of the Entgra IoT Server.", "安装代理：Entgra IoT Server 的 Android 设备管理代理。";
    STEP_ADDRESS = "Open the agent. Where it asks for the server, type the address, or take it from the QR code with the camera.", "打开代理，在询问服务器时输入上述地址，或用相机扫描二维码获取。";
    STEP_LOG_IN = "Log in with your name and password on this site.", "使用本站的用户名和密码登录。";
    STEP_AGREE = "Agree to what the agent asks for. The device is enrolled, and yours.", "同意代理请求的权限，设备即完成注册并归您所有。";
    PUBLIC = "For people without an account here, the same steps stand at", "没有本站账户的人员可在此处查看相同步骤：";
    NO_ADDRESS = "No address for agents is open: {}", "没有可供代理使用的地址：{}";

    // An agent to download.
    AGENT = "With an agent to download", "下载代理程序";
    AGENT_HINT = "The program for one device, with its keys filled in. Whoever has the file is the device: keep it secret.", "适用于一台设备的程序，已填入密钥。持有该文件即等同于该设备，请妥善保管。";
    NAME = "Name of the device", "设备名称";
    DOWNLOAD = "Enroll and download the agent", "注册并下载代理";
    AGENT_NEXT = "Unpack the file on the device and follow its README.md.", "在设备上解压文件，并按照其中的 README.md 操作。";

    // A token.
    TOKEN = "With a token, where nobody stands by", "使用令牌，无人值守注册";
    TOKEN_HINT = "A token enrolls as many devices as it says, until its end, and does nothing else. The commands that use it come with it.", "令牌可在到期前注册指定数量的设备，除此之外没有任何权限。生成后会附上可直接使用的命令。";
    MAKE = "Make a token", "生成令牌";
    NOTE = "What it is for", "用途";
    COUNT = "How many devices", "设备数量";
    LIFE = "Good for", "有效期";
    LIFE_HOUR = "an hour", "1 小时";
    LIFE_DAY = "a day", "1 天";
    LIFE_WEEK = "a week", "7 天";
    LIFE_MONTH = "30 days", "30 天";
    LIFE_YEAR = "a year", "1 年";
    GIVES = "What enrolled devices get", "注册后赋予设备";
    OWNER = "Owner", "所有者";
    OWNER_HINT = "A person of this site; you, when left empty.", "本站用户；留空则为您本人。";
    GROUP = "Group", "分组";
    NO_GROUP = "none", "无";
    TAGS = "Tags", "标签";
    TAGS_HINT = "Separated by commas.", "以逗号分隔。";

    // A token that was made.
    MADE = "Token for: {}", "注册令牌：{}";
    MADE_ONCE = "This is shown once. Copy it now.", "令牌仅显示一次，请立即复制。";
    SECRET = "Enrollment token", "注册令牌";
    COMMANDS = "On the device", "在设备上";
    COMMAND_CA = "Take the certificate of this site's authority. Its SHA-256 fingerprint is:", "下载本站证书颁发机构的证书，其 SHA-256 指纹为：";
    COMMAND_ENROLL = "Enroll it; its own keys go to a file:", "注册设备，其密钥保存到文件：";
    COMMAND_SEND = "Send a first measurement over MQTT:", "通过 MQTT 发送第一条遥测数据：";
    COMMAND_AGENT = "Or, instead, fetch the agent with keys of its own:", "或者直接下载已填入密钥的代理：";
    FOLLOW = "Follow what it enrolls", "查看由其注册的设备";

    // Tokens.
    TOKENS = "Enrollment tokens", "注册令牌";
    NO_TOKENS = "No enrollment tokens", "没有注册令牌";
    NO_TOKENS_HINT = "Choose a device type above to make one.", "选择上方的设备类型即可生成。";
    TOKEN_TITLE = "Enrollment token", "注册令牌";
    ANY_TYPE = "any type", "任意类型";
    TYPE = "Type", "类型";
    USES = "Enrolled", "已注册";
    USES_OF = "{} of {}", "{} / {}";
    EXPIRES = "Until", "到期时间";
    MADE_BY = "Made by", "创建者";
    MADE_AT = "Made", "创建时间";
    LAST_USED = "Last used", "上次使用";
    STATE = "State", "状态";
    OPEN = "Open", "可用";
    SPENT = "Used up", "已用完";
    EXPIRED = "Expired", "已过期";
    GROUPS = "Groups", "分组";
    ENROLLED_BY = "Devices enrolled by it", "由其注册的设备";
    REVOKE = "Revoke", "撤销";
    REVOKE_ASK = "Revoke this token? Devices it enrolled stay.", "确定撤销此令牌吗？已注册的设备不受影响。";
    REVOKED = "The token is revoked.", "令牌已撤销。";
    UNNAMED = "without a note", "无备注";

    // Arrivals.
    ARRIVED = "Devices that arrived", "已接入的设备";
    WAITING = "Waiting for the first device. It shows here by itself; without scripting, load the page again.", "正在等待第一台设备，接入后会自动显示；若未启用脚本，请刷新页面。";
    SINCE = "Since", "起始时间：";
    NO_DEVICES = "Nothing has been enrolled by it yet.", "尚未注册任何设备。";
}
