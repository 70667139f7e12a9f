//! API tokens.

use super::messages;

messages! {
    TITLE = "API tokens", "API 令牌";
    WHY = "A token lets a script do what its scopes say, and never more than its owner may. Its secret is shown once, when it is made.", "令牌允许脚本在其权限范围内操作，且绝不超出其所有者的权限。密钥只在创建时显示一次。";
    NONE = "No tokens yet", "还没有令牌";
    NONE_WHY = "Make one for a script, a monitor that scrapes /metrics, or pymctl from afar.", "可为脚本、抓取 /metrics 的监控系统或远程 pymctl 创建令牌。";
    NAME = "Name", "名称";
    NAME_HINT = "What it is for, such as backup-script.", "用途，例如 backup-script。";
    OWNER = "Owner", "所有者";
    SCOPES = "Scopes", "权限范围";
    MADE = "Made", "创建时间";
    EXPIRES = "Expires", "到期";
    EXPIRED = "expired", "已过期";
    NEVER = "never", "永不";
    USED = "Last used", "最近使用";
    NEW = "New token", "新建令牌";
    MAKE = "Make token", "创建令牌";
    LIFE = "Good for", "有效期";
    LIFE_WRONG = "choose one of the times that are offered", "请选择所列的有效期之一";
    DAYS = "{} days", "{} 天";
    UNTIL_REVOKED = "until it is revoked", "直到撤销";
    MADE_TITLE = "The token is made", "令牌已创建";
    MADE_ONCE = "This is its secret. It is shown this once; keep it where the script finds it and nobody else does.", "这是令牌密钥，只显示这一次。请保存在仅供该脚本读取的位置。";
    SECRET = "Secret", "密钥";
    DONE = "Done", "完成";
    TRY = "Try it", "试用";
    REVOKE = "Revoke", "撤销";
    REVOKE_OF = "Revoke the token {}", "撤销令牌 {}";
    REVOKE_SURE = "Revoke {}? What uses it stops at once.", "撤销 {}？使用它的程序将立即失效。";
    REVOKED = "The token is revoked.", "令牌已撤销。";
}
