//! First run and login.

use super::messages;

messages! {
    SETUP = "Set up this site", "设置此站点";
    SETUP_WHY = "This site has no administrator yet. Whoever has the setup code makes the first one.", "此站点还没有管理员。持有设置码的人可以创建第一位管理员。";
    SETUP_CODE = "Setup code", "设置码";
    SETUP_CODE_HINT = "In the log of the daemon, on the board's own screen (pym-tui), or by pymctl status. It changes with every start.", "可在守护进程日志、网关屏幕界面（pym-tui）或 pymctl status 中找到。每次启动都会更换。";
    SETUP_STEP = "Step {} of 2", "第 {} 步，共 2 步";
    ADMINISTRATOR = "Your user name", "用户名";
    ADMINISTRATOR_HINT = "Letters, digits, _ - . and @; kept in lower case.", "字母、数字、_ - . 和 @，统一存为小写。";
    CREATE_ADMINISTRATOR = "Create the administrator", "创建管理员";
    SITE_NAME = "Name of the site", "站点名称";
    SITE_NAME_HINT = "What people call this place: it stands on every page and in authenticator apps. It can be changed under Settings.", "人们对这个地点的称呼，显示在每个页面和身份验证器应用中。之后可在“设置”中更改。";
    SITE_NAMED = "Everything is ready: enroll your first device", "一切就绪，可以注册第一台设备了";
    SITE_TITLE = "Name this site", "为站点命名";
    SITE_WELCOME = "You are logged in as {}. One more thing:", "您已以 {} 登录。最后一步：";
    FINISH = "Finish", "完成";
    LATER = "Later", "以后再说";
    LOGIN = "Log in", "登录";
    NAME = "User name", "用户名";
    PASSWORD = "Password", "密码";
    PASSWORD_AGAIN = "Password again", "再次输入密码";
    PASSWORD_RULES = "{} bytes or more, and not your user name. A few words in a row are easy to remember and hard to guess.", "至少 {} 字节，且不得与用户名相同。几个单词连用既好记又难猜。";
    PASSWORDS_DIFFER = "the two passwords differ", "两次输入的密码不一致";
    CODE_TITLE = "Second factor", "双重验证";
    CODE = "Code", "验证码";
    CODE_HINT = "Six digits from your authenticator app, or one of your recovery codes.", "身份验证器应用中的六位数字，或一个恢复码。";
    CODE_WHY = "The password was right. This account asks for a code too.", "密码正确。此账户还需要验证码。";
    CODE_LOST = "Phone and recovery codes lost? An administrator can reset your second factor; on the board itself, pymctl users reset-second-factor does.", "手机和恢复码都丢失了？管理员可以重置您的双重验证；也可在网关上运行 pymctl users reset-second-factor。";
    CONTINUE = "Continue", "继续";
    BEGIN_AGAIN = "Begin again", "重新登录";
    LOGIN_OVER = "That login took too long or had too many wrong codes. Begin again.", "登录超时或验证码错误次数过多，请重新登录。";
    LOGGED_OUT = "You are logged out.", "您已退出登录。";
    LOST_PASSWORD = "Password lost? An administrator can give you a new one.", "忘记密码？管理员可以为您设置新密码。";
    WRONG = "The name or the password is wrong.", "用户名或密码错误。";
    WRONG_CODE = "The code is wrong, or was used before. The clock of the phone has to be right.", "验证码错误或已使用过。请确认手机时间准确。";
    WRONG_SETUP_CODE = "The setup code is wrong.", "设置码错误。";
    WAIT = "Too many attempts. Try again in {} s.", "尝试次数过多，请在 {} 秒后重试。";
}
