//! One's own account.

use super::messages;

messages! {
    TITLE = "Your account", "我的账户";
    PROFILE = "Profile", "个人资料";
    NAME = "User name", "用户名";
    ROLES = "Roles", "角色";
    MAY = "May", "权限";
    FIRST_NAME = "First name", "名";
    LAST_NAME = "Last name", "姓";
    EMAIL = "E-mail", "电子邮箱";
    SAVE = "Save", "保存";
    SAVED = "Your profile is saved.", "个人资料已保存。";
    PASSWORD = "Password", "密码";
    OLD_PASSWORD = "Password so far", "当前密码";
    NEW_PASSWORD = "New password", "新密码";
    CHANGE_PASSWORD = "Change password", "更改密码";
    PASSWORD_WHY = "Your other sessions end with it. API tokens and the agents of your devices go on.", "更改后其他会话将结束；API 令牌和设备上的代理程序不受影响。";
    PASSWORD_CHANGED = "The password is changed, and your other sessions are ended.", "密码已更改，其他会话已结束。";
    SESSIONS = "Sessions", "会话";
    SESSION_FROM = "From", "来源";
    SESSION_OPENED = "Opened", "登录时间";
    SESSION_USED = "Last used", "最近使用";
    THIS_SESSION = "this one", "当前会话";
    END = "End", "结束";
    END_OF = "End the session from {}", "结束来自 {} 的会话";
    ENDED = "The session is ended.", "会话已结束。";
    LOG_OUT_EVERYWHERE = "Log out everywhere", "在所有设备上退出";
    LOG_OUT_EVERYWHERE_SURE = "End every session of yours, this one too?", "结束您的所有会话（包括当前会话）？";
    SECOND_FACTOR = "Second factor", "双重验证";
    IS_ON = "On", "已开启";
    IS_OFF = "Off", "未开启";
    SINCE = "since", "开启于";
    OFF_WHY = "With it a stolen password opens nothing: logging in takes a code from an authenticator app on your phone as well.", "开启后，仅凭被盗的密码无法登录：登录时还需要手机上身份验证器应用中的验证码。";
    ON_WHY = "Logging in takes a code from your phone. Where a client has a single field for the password, type the code right after it.", "登录时需要手机上的验证码。如果客户端只有一个密码输入框，请把验证码直接接在密码后面输入。";
    CODES_LEFT = "{} of {} recovery codes left", "剩余恢复码：{} / {}";
    CODES_FEW = "Make a new set soon.", "请尽快生成一组新的恢复码。";
    SET_UP = "Set up", "开始设置";
    YOUR_PASSWORD = "Your password", "您的密码";
    YOUR_PASSWORD_HINT = "So that nobody who finds this page open can lock you out.", "以防他人趁页面未关闭时将您锁在门外。";
    PROOF = "Your password or a code", "您的密码或验证码";
    TURN_OFF = "Turn off", "关闭";
    TURN_OFF_SURE = "Turn the second factor off? From then on your password alone is enough.", "关闭双重验证？之后仅凭密码即可登录。";
    TURNED_OFF = "The second factor is off.", "双重验证已关闭。";
    NEW_CODES = "New recovery codes", "生成新的恢复码";
    NEW_CODES_SURE = "Make a new set? The old codes stop working.", "生成一组新的恢复码？旧的恢复码将失效。";
    SCAN_TITLE = "Set up the second factor", "设置双重验证";
    SCAN = "Scan this with your authenticator app", "用身份验证器应用扫描此二维码";
    SCAN_OR = "Or type the key into the app: time-based, six digits, 30 seconds.", "或在应用中手动输入密钥：基于时间、六位数字、30 秒。";
    THEN_CODE = "Then type the code it shows", "然后输入应用显示的验证码";
    CONFIRM = "Turn on", "开启";
    CODES_TITLE = "Your recovery codes", "您的恢复码";
    CODES_ONCE = "Each opens the door once, without the phone. They are shown this once: print them, or keep them where you keep your passwords.", "每个恢复码可在没有手机时登录一次。它们只显示这一次：请打印，或与密码一同妥善保存。";
    CODES_ON = "The second factor is on, and your other sessions are ended.", "双重验证已开启，其他会话已结束。";
    KEPT = "I have kept them", "我已保存";
}
