//! The API reference.

use super::messages;

messages! {
    TITLE = "API reference", "API 参考";
    INTRO = "Drawn from the document that this very daemon serves. Everything the dashboard does, a script can do.", "根据本守护进程提供的文档生成。仪表板能做的一切，脚本也能做。";
    DOCUMENT = "OpenAPI document", "OpenAPI 文档";
    FILTER = "Find a path, a method or a word", "查找路径、方法或关键词";
    TYPES = "Types", "类型";
    TYPES_INTRO = "The shapes of requests and answers.", "请求与响应的数据结构。";
    RESOURCES = "Resources", "资源";
    NEEDS = "Needs", "所需权限";
    EVERYONE = "nothing: everyone may ask", "无：任何人均可调用";
    ANYONE_KNOWN = "credentials", "登录凭据";
    PARAMETERS = "Parameters", "参数";
    NAME = "Name", "名称";
    PLACE = "In", "位置";
    TYPE = "Type", "类型";
    MEANING = "Meaning", "说明";
    REQUIRED = "required", "必填";
    DEFAULT = "default {}", "默认 {}";
    BODY = "Body", "请求体";
    ANSWERS = "Answers", "响应";
    STATUS = "Status", "状态码";
    CURL = "With curl", "使用 curl";
    NO_MEMBERS = "No members.", "没有成员。";
    MAP_OF = "map of {}", "{} 的映射";
    LIST_OF = "list of {}", "{} 列表";
}
