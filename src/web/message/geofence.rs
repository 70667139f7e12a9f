//! What the pages of geofences say.

use super::messages;

messages! {
    TITLE = "Geofences", "地理围栏";
    NEW = "New geofence", "新建围栏";
    EDIT_TITLE = "Edit {}", "编辑 {}";
    EDIT = "Edit", "编辑";
    NONE = "No geofences", "没有地理围栏";
    NONE_HINT = "A geofence is an area on the map. Pym tells when devices that report their location enter or leave it.", "地理围栏是地图上的区域。上报位置的设备进入或离开时，Pym 会发出通知。";
    MAP = "Map of the geofences", "围栏地图";
    MAP_OF = "Map of {}", "{} 的地图";
    NAME = "Name", "名称";
    DESCRIPTION = "Description", "说明";
    AREA = "Area", "区域";
    WATCHES = "Watches", "监视对象";
    EVERY_DEVICE = "every device", "全部设备";
    NOTIFY = "Notify", "通知";
    NOTIFY_ENTER = "when a device enters", "设备进入时";
    NOTIFY_LEAVE = "when a device leaves", "设备离开时";
    NOTIFY_BOTH = "when a device enters or leaves", "设备进入或离开时";
    NOTIFY_NONE = "never", "从不";
    INSIDE = "Inside now", "当前在围栏内";
    CREATED = "Made", "创建时间";
    CIRCLE = "Circle", "圆形";
    POLYGON = "Polygon", "多边形";
    CIRCLE_OF = "circle, {} m around {}", "圆形，半径 {} 米，圆心 {}";
    POLYGON_OF = "polygon of {} corners", "{} 个顶点的多边形";
    SHAPE = "Shape", "形状";
    LATITUDE = "Latitude of the centre", "圆心纬度";
    LONGITUDE = "Longitude of the centre", "圆心经度";
    RADIUS = "Radius in metres", "半径（米）";
    CORNERS = "Corners", "顶点";
    CORNERS_HINT = "One a line, latitude and longitude in degrees: 52.5163, 13.3777. At least three, in their order.", "每行一个，依次为纬度和经度（度）：52.5163, 13.3777。按顺序至少三个。";
    CORNER_WRONG = "line {} is no latitude and longitude", "第 {} 行不是有效的纬度和经度";
    NUMBER_WRONG = "this is no number", "不是有效的数字";
    SAVE = "Save", "保存";
    MAKE = "Make the geofence", "创建围栏";
    MADE = "The geofence is made.", "围栏已创建。";
    SAVED = "The geofence is saved.", "围栏已保存。";
    SAVE_HINT = "With another area or group, every device is seen for the first time again.", "更改区域或分组后，所有设备将被视为首次出现。";
    DEVICES_INSIDE = "Devices inside", "围栏内的设备";
    NOBODY_INSIDE = "No device is inside, as far as devices told.", "据已上报的位置，围栏内没有设备。";
    MORE_INSIDE = "And {} more.", "另有 {} 台。";
    DELETE = "Delete the geofence", "删除围栏";
    DELETE_HINT = "No device is watched by it any more.", "此后不再监视任何设备。";
    DELETE_ASK = "Delete the geofence {}?", "确定删除围栏 {}？";
    DELETED = "The geofence is deleted.", "围栏已删除。";
}
