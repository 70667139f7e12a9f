//! Certificates.

use super::messages;

messages! {
    TITLE = "Certificates", "证书";
    INTRO = "What devices log in with instead of tokens, signed by this site's own authority.", "设备用以代替令牌登录的证书，由本站点的证书颁发机构签发。";
    FOUND_ONE = "1 certificate", "共 1 张证书";
    FOUND = "{} certificates", "共 {} 张证书";
    NOTHING = "No certificates yet.", "尚无证书。";
    NOTHING_HINT = "Sign a device's request below, or let an agent ask for one by itself.", "可在下方签署设备的请求，也可由代理自行申请。";
    SUBJECT = "Subject", "主体";
    SERIAL = "Serial number", "序列号";
    DEVICE = "Device", "设备";
    NO_DEVICE = "names no device", "不属于任何设备";
    STATE = "State", "状态";
    EXPIRES = "Expires", "到期时间";
    ISSUED_BY = "Asked for by", "申请者";
    ISSUER = "Issuer", "颁发者";
    VALID_FROM = "Valid from", "生效时间";
    MADE = "On record since", "登记时间";
    FINGERPRINT = "SHA-256 fingerprint", "SHA-256 指纹";
    REVOKED_AT = "Revoked", "吊销时间";
    BY = "by {}", "由 {}";
    PEM = "Certificate (PEM)", "证书（PEM）";
    GOOD = "Good", "有效";
    EXPIRING = "Expires soon", "即将到期";
    EXPIRED = "Expired", "已过期";
    REVOKED = "Revoked", "已吊销";
    ONE = "Certificate {}", "证书 {}";
    EVERY = "Certificates of every device", "所有设备的证书";

    REVOKE = "Revoke", "吊销";
    REVOKE_TITLE = "Revoke this certificate", "吊销此证书";
    REVOKE_WARNING = "The device is cut off at once and cannot log in with this certificate again. This cannot be undone; the device can be given another certificate.", "设备将立即断开，且无法再使用此证书登录。此操作不可撤销；可为设备另行签发证书。";
    REVOKE_CONFIRM = "Yes, revoke this certificate", "是的，吊销此证书";
    REVOKE_UNCONFIRMED = "tick the box to say that you mean it", "请勾选确认框以确认操作";
    REVOKED_NOW = "Certificate revoked.", "证书已吊销。";

    AUTHORITY = "The site's authority", "站点证书颁发机构";
    AUTHORITY_HINT = "Install this certificate where Pym's own is to be trusted. Compare the fingerprint with the one on the board (pymctl status) first.", "请在需要信任 Pym 的设备上安装此证书。安装前请先与网关上的指纹（pymctl status）核对。";
    CA_DOWNLOAD = "CA certificate (PEM)", "CA 证书（PEM）";
    CRL_DOWNLOAD = "Revocation list (CRL)", "吊销列表（CRL）";

    VERIFY = "Verify a certificate", "验证证书";
    VERIFY_HINT = "Would it let a device in? Paste the certificate in PEM.", "此证书能否让设备登录？请粘贴 PEM 格式的证书。";
    VERIFY_BUTTON = "Verify", "验证";
    VERDICT_GOOD = "This certificate lets its device in.", "此证书可让其设备登录。";
    VERDICT_BAD = "This certificate opens no door: {}.", "此证书无法用于登录：{}。";

    SIGN = "Sign a request", "签署请求";
    SIGN_HINT = "Only the key of the request is taken; the subject is the device's own, and the certificate lasts two years.", "仅采用请求中的密钥；主体为设备自身，证书有效期两年。";
    SIGN_DEVICE = "Device", "设备";
    SIGN_DEVICE_HINT = "Its type and identifier, such as raspberrypi:kitchen, or its id", "类型和标识符，例如 raspberrypi:kitchen，或设备 ID";
    CSR = "Certificate signing request (PEM)", "证书签名请求（PEM）";
    SIGN_BUTTON = "Sign", "签署";
    SIGNED = "Certificate signed", "证书已签发";
    SIGNED_BEFORE = "The device has a certificate for this key already", "设备已有此密钥的证书";
}
