//! About: the version and what it is made of.

use super::messages;

messages! {
    TITLE = "About", "关于";
    VERSION = "Version", "版本";
    STARTED = "Started", "启动时间";
    UPTIME = "The board is up for", "网关已运行";
    SITE = "Site", "站点";
    BOARD = "Board", "网关";
    SYSTEM = "System", "系统";
    LICENCE = "Licence", "许可证";
    LICENCE_TEXT = "Pym is free software under the Apache License, version 2.0.", "Pym 是自由软件，采用 Apache 许可证 2.0 版。";
    PYM = "Pym is an EMM and IoT device-management server in one process, small enough for a Raspberry Pi.", "Pym 是单进程的 EMM 与物联网设备管理服务器，小到可以运行在树莓派上。";
    DEPENDENCIES = "Made of", "组成";
    DEPENDENCIES_HINT = "{} crates are compiled into the programs. SQLite, which is in the public domain, is compiled in by libsqlite3-sys.", "程序中编译了 {} 个 crate。SQLite 属于公有领域，由 libsqlite3-sys 编译并入。";
    BUILD_ONLY = "{} more only build or test them", "另有 {} 个仅用于构建或测试";
    CRATE = "Crate", "Crate";
    FILTER = "Find a crate or a licence", "查找 crate 或许可证";
}
