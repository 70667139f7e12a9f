//! Settings, storage and backup.

use super::messages;

messages! {
    TITLE = "Settings", "设置";
    INTRO = "What is set here counts at once. What the configuration file decides is shown with the name of its key.", "此处的设置立即生效。由配置文件决定的项目会显示其配置键名。";
    AREAS = "What people change", "可更改的设置";
    AREA = "Area", "范围";
    GENERAL = "Platform", "平台";
    SET = "Set", "已设置";
    DEFAULTS = "defaults", "默认值";
    AREA_TITLE = "Settings of {}", "{} 的设置";
    SITE_NAME = "The site's name", "站点名称";
    FREQUENCY_GENERAL = "Compliance is checked every (ms)", "合规检查间隔（毫秒）";
    FREQUENCY_TYPE = "Agents ask for operations every (ms)", "代理查询操作的间隔（毫秒）";
    FREQUENCY_HINT = "1,000 to 86,400,000; empty means the default. Agents of the type are told when it changes.", "1,000 到 86,400,000；留空表示默认值。更改后会通知该类型的代理。";
    FREQUENCY_GENERAL_HINT = "1,000 to 86,400,000; empty means what policy.monitor_interval says.", "1,000 到 86,400,000；留空表示采用 policy.monitor_interval。";
    NOTIFIER = "Agents hear of operations", "代理获知操作的方式";
    NOTIFIER_DEFAULT = "as by default: by asking", "默认：主动查询";
    NOTIFIER_LOCAL = "by asking (1)", "主动查询（1）";
    NOTIFIER_PUSH = "by the push service of their maker (2)", "厂商推送服务（2）";
    EULA = "Licence that owners of Android devices agree to", "Android 设备所有者须同意的许可协议";
    OTHERS = "Other settings", "其他设置";
    OTHERS_HINT = "Kept as they are, by the names that the Entgra API has for them. An empty name takes a line away.", "按 Entgra API 的名称原样保存。名称留空即删除该行。";
    NAME = "Name", "名称";
    VALUE = "Value", "值";
    NEW_NAME = "Another name", "新名称";
    NEW_VALUE = "Its value", "新值";
    SAVE = "Save", "保存";
    SAVED = "Settings saved.", "设置已保存。";

    ADDRESSES = "Addresses and TLS", "地址与 TLS";
    OFF = "off", "已关闭";
    PUBLIC_HOST = "Devices are told to connect to", "告知设备连接的地址";
    PUBLIC_HOST_NONE = "the address they came by", "其访问时所用的地址";
    SERVER_CERTIFICATE = "Server certificate expires", "服务器证书到期时间";
    RENEWED = "renewed by itself", "自动续期";
    CA_FINGERPRINT = "CA fingerprint (SHA-256)", "CA 指纹（SHA-256）";
    CERTIFICATES = "Certificates and the CA", "证书与 CA";

    CONFIGURATION = "Decided by the configuration", "由配置决定";
    CONFIGURATION_HINT = "In /etc/pym/pym.toml, or as PYM_… in the environment; changed there, and counting from the next start of the daemon.", "位于 /etc/pym/pym.toml，或环境变量 PYM_…；请在该处更改，守护进程下次启动时生效。";
    KEY = "Key", "键";
    MEANING = "Meaning", "含义";
    UNREACHABLE = "Silence after which a device is UNREACHABLE", "设备无响应多久后标记为 UNREACHABLE";
    INACTIVE = "Silence after which a device is INACTIVE", "设备无响应多久后标记为 INACTIVE";
    TOKEN_TTL = "Life of a device's access token", "设备访问令牌的有效期";
    EVALUATION = "Which policy counts where several address a device", "多个策略同时适用于设备时的取用方式";
    MONITOR = "From one round of compliance questions to the next", "两轮合规检查之间的间隔";
    RETRIES = "How often a policy is sent again to a device that violates it", "向违规设备重发策略的次数";
    DATA_DIR = "Where everything is kept", "数据存放位置";

    RETENTION = "What is kept", "数据保留";
    RETENTION_HINT = "The newest stay; these bounds are part of Pym and have no key.", "保留最新的记录；这些上限由 Pym 规定，没有配置键。";
    LINES_OF_AUDIT = "Lines of the audit trail", "审计记录";
    NOTIFICATIONS = "Notifications", "通知";
    STATUS_CHANGES = "Status changes of one device", "每台设备的状态变更";
    LOCATIONS = "Locations of one device", "每台设备的位置";
    RESPONSES = "Answers to one operation", "每项操作的响应";
    VERSIONS = "Versions of one policy", "每个策略的版本";

    STORAGE = "Storage", "存储";
    DATABASE = "Database", "数据库";
    PACKAGES = "Application packages", "应用包";
    OTHER = "Everything else on the disk", "磁盘上的其他内容";
    FREE = "Free", "可用空间";
    OF_DISK = "{} of {} used", "已用 {}，共 {}";
    NOT_MEASURED = "The disk has not been measured yet.", "尚未测量磁盘。";

    BACKUP = "Backup", "备份";
    BACKUP_HINT = "A consistent copy of the database, made while Pym serves. It holds password hashes and every secret of the site: keep it as carefully as the board itself. The CA's key (ca/) and application packages (packages/) are files of the data directory and not in it.", "在 Pym 运行期间生成的一致性数据库副本。其中包含密码散列和站点的全部机密，请像保管网关本身一样妥善保管。CA 私钥（ca/）和应用包（packages/）是数据目录中的文件，不包含在内。";
    BACKUP_CONFIRM = "Yes, hand me the whole database", "是的，下载整个数据库";
    BACKUP_UNCONFIRMED = "tick the box to say that you mean it", "请勾选确认框以确认操作";
    BACKUP_BUTTON = "Download the backup", "下载备份";
    RESTORE = "Restore", "恢复";
    RESTORE_1 = "Stop the daemon: systemctl stop pymd.socket pymd, or stop the container.", "停止守护进程：systemctl stop pymd.socket pymd，或停止容器。";
    RESTORE_2 = "In the data directory, {}, put the copy in the place of pym.db and remove pym.db-wal and pym.db-shm.", "在数据目录 {} 中，用备份替换 pym.db，并删除 pym.db-wal 和 pym.db-shm。";
    RESTORE_3 = "Give the file to the user pymd runs as (chown pym: pym.db) and mode 0600.", "将文件属主改为运行 pymd 的用户（chown pym: pym.db），权限设为 0600。";
    RESTORE_4 = "Start the daemon. An older copy is brought to the current layout by itself; a newer one than the program is refused.", "启动守护进程。旧版本的备份会自动升级；比程序更新的备份会被拒绝。";
    RESTORE_5 = "On another board, bring the directory ca along, or devices will not trust the new one.", "若在另一台网关上恢复，请一并复制 ca 目录，否则设备将不信任新网关。";

    BALENA = "balena", "balena";
    FLEET = "Fleet", "设备群（Fleet）";
    BALENA_DEVICE = "Device", "设备";
    UUID = "UUID", "UUID";
    SERVICE = "Service", "服务";
    BALENA_TYPE = "Device type", "设备类型";
    HOST_OS = "Host OS", "宿主系统";
    SUPERVISOR = "Supervisor", "Supervisor";
}
