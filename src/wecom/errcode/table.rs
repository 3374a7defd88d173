//! The table itself, sorted by code. Source: page 90313 and the endpoint pages.

use super::Entry;
use crate::wecom::error::Disposition;
use std::time::Duration;

/// A reaction and whether a person should hear of it.
type Reaction = (Disposition, bool);

const REFRESH: Reaction = (Disposition::RefreshToken, false);
const AMBIGUOUS: Reaction = (Disposition::Ambiguous, false);
const DROP: Reaction = (Disposition::Drop, false);
const DROP_ALERT: Reaction = (Disposition::Drop, true);
const FIX: Reaction = (Disposition::Fix, true);
const SKIP: Reaction = (Disposition::Skip, false);
const RELOAD: Reaction = (Disposition::Reload, false);
const BACKOFF: Reaction = (Disposition::Backoff { after: None }, false);
const SECONDS: Reaction = pause(2);
const HALF_MINUTE: Reaction = pause(30);
const MINUTE: Reaction = pause(60);
const DAY: Reaction = pause(24 * 60 * 60);

const fn pause(secs: u64) -> Reaction {
    let after = Some(Duration::from_secs(secs));
    (Disposition::Backoff { after }, false)
}

/// Keeps one code a line, which `rustfmt` would spread over seven.
macro_rules! table {
    ($($first:literal $(..= $last:literal)? $reaction:ident $en:literal $zh:literal;)*) => {
        &[$(Entry {
            first: $first,
            last: table!(@last $first $($last)?),
            disposition: $reaction.0,
            alert: $reaction.1,
            en: $en,
            zh: $zh,
        }),*]
    };
    (@last $first:literal) => { $first };
    (@last $first:literal $last:literal) => { $last };
}

#[rustfmt::skip]
pub(super) const TABLE: &[Entry] = table! {
    -1 AMBIGUOUS "system busy" "系统繁忙";
    40001 FIX "secret is invalid" "Secret 无效";
    40003 DROP "userid is invalid or not in the corp" "成员 UserID 无效";
    40004..=40006 DROP "media kind, type or size is invalid" "媒体文件类型或大小不合法";
    40007 RELOAD "media_id is invalid or expired" "media_id 无效或已过期";
    40008 DROP "msgtype is invalid" "消息类型不合法";
    40009 DROP "image size is invalid" "图片大小不合法";
    40011 DROP "video size is invalid" "视频大小不合法";
    40013 FIX "CorpID is invalid" "企业 ID 无效";
    40014 REFRESH "access token is invalid" "access_token 无效";
    40029 DROP "login code is invalid or used" "登录 code 无效或已使用";
    40031 DROP "userid list is invalid" "UserID 列表不合法";
    40033 DROP "illegal characters in the request" "请求含非法字符";
    40035 DROP "parameter is invalid" "参数不合法";
    40039 DROP "url is too long" "url 过长";
    40050 RELOAD "chatid does not exist" "群聊 ID 不存在";
    40054..=40055 FIX "menu URL is invalid" "菜单链接不合法";
    40056 FIX "agentid is invalid" "AgentID 无效";
    40057 FIX "callback URL check failed" "回调地址校验失败";
    40058 DROP "parameter is invalid, missing or too long" "参数不合法、缺失或过长";
    40063 DROP "parameter is empty" "参数为空";
    40066 DROP "department list is invalid" "部门列表不合法";
    40068 RELOAD "tag or tag group does not exist" "标签或标签组不存在";
    40071 RELOAD "tag name exists or is invalid" "标签名已存在或不合法";
    40078 DROP "temporary authorisation code is invalid" "临时授权码无效";
    40096 DROP "external_userid is invalid" "外部联系人 ID 无效";
    40097 DROP "the member has not left the corp" "成员尚未离职";
    40098 DROP_ALERT "the member is not verified by name" "成员尚未实名认证";
    40099 RELOAD "the taker's customer limit is reached" "接替成员的客户数已达上限";
    40100 SKIP "the customer is already being transferred" "客户正在转接中";
    40123 DROP "image data is invalid" "图片内容不合法";
    41001 REFRESH "access token is missing" "缺少 access_token";
    41002 FIX "corpid is missing" "缺少 corpid";
    41004 FIX "secret is missing" "缺少 secret";
    41006..=41010 DROP "a required field is missing" "缺少必填参数";
    41011 FIX "agentid is missing" "缺少 agentid";
    41012..=41019 DROP "a required field is missing" "缺少必填参数";
    41037..=41044 DROP "contact way parameter is invalid" "联系我配置参数不合法";
    41045 DROP_ALERT "the corp has too many contact ways" "联系我数量已达上限";
    41046..=41047 DROP "group message id is missing or invalid" "群发消息 ID 缺失或无效";
    41048 SKIP "no customer can receive the group message" "没有可发送的客户";
    41049 SKIP "welcome code is missing" "缺少欢迎语 code";
    41050 SKIP "welcome code is invalid or past its 20 s" "欢迎语 code 无效或已过 20 秒";
    41051 SKIP "the conversation has begun, welcome already sent" "已开始聊天,欢迎语已发送";
    41053 SKIP "the customer has not consented to archiving" "客户未同意会话存档";
    41054 DROP_ALERT "the member is not activated" "成员未激活";
    41055 DROP_ALERT "too many group welcome templates" "入群欢迎语素材数已达上限";
    41058 DROP_ALERT "no right to edit this group welcome template" "无权编辑该入群欢迎语素材";
    41063 HALF_MINUTE "the group message is still being dispatched" "群发任务正在下发";
    41064..=41065 DROP "attachment count or type is invalid" "附件数量或类型不合法";
    41072 DROP "attachment scene is invalid" "附件使用场景不合法";
    41078 MINUTE "too many moment tasks are running" "朋友圈任务过多";
    41079 HALF_MINUTE "the moment task is still being dispatched" "朋友圈任务正在下发";
    41080..=41082 DROP "attachment size or resolution is invalid" "附件大小或分辨率不合法";
    41088..=41090 DROP "attachment is empty or its video is invalid" "附件为空或视频不合法";
    41091 DROP "a join way takes at most five groups" "入群方式最多关联五个群";
    41093 SKIP "the task was cancelled" "任务已取消";
    41094 DAY "too many reminders for this task" "提醒过于频繁";
    41095 DROP_ALERT "the corp has too many acquisition links" "获客链接数量已达上限";
    41096 SECONDS "another app is sending the welcome message" "其他应用正在发送欢迎语";
    42001 REFRESH "access token has expired" "access_token 已过期";
    42003 DROP "login code has expired" "登录 code 已过期";
    42012 RELOAD "jsapi_ticket is unusable" "jsapi_ticket 不可用";
    42014..=42020 DROP "task card id or key is invalid" "任务卡片 ID 或 key 不合法";
    42022 DROP "login code was used already" "登录 code 已使用";
    42027..=42051 DROP "template card field is invalid" "模板卡片字段不合法";
    42052 SKIP "the message is older than 24 h" "消息已超过 24 小时";
    43004 DROP "the member has not bound WeChat" "成员未关注微信插件";
    43012 FIX "the app needs a callback URL" "应用需要配置回调地址";
    44001 DROP "media file is empty" "媒体文件为空";
    44004 DROP "text is empty" "文本内容为空";
    45001 DROP "media file is too large" "媒体文件过大";
    45002 DROP "content is too large" "消息内容过长";
    45007 DROP "voice is longer than 60 s" "语音超过 60 秒";
    45008 DROP "more than eight articles" "图文超过八条";
    45009 MINUTE "call frequency exceeded" "接口调用超过频率限制";
    45024 DROP_ALERT "too many accounts" "账号数量已达上限";
    45029 DROP "the answer would be too large, narrow the query" "返回数据过大,请缩小查询范围";
    45032 DROP "author is too long" "作者过长";
    45033 BACKOFF "too many calls at the same time" "接口并发调用过多";
    45034 DROP "url lacks its scheme" "url 缺少协议头";
    46004 RELOAD "the user does not exist" "成员不存在";
    48001 FIX "the app may not use this API" "应用未获得该接口的权限";
    48002 FIX "the API is not open to this app" "应用不可调用该接口";
    48004 FIX "the authorisation is invalid" "授权关系无效";
    48005 FIX "the API has been withdrawn" "接口已废弃";
    48006 FIX "the permission was revoked" "接口权限已被收回";
    48007 FIX "the kf account is not granted to the app" "客服账号未授权给应用";
    50001 FIX "redirect domain is not trusted" "跳转域名未登记为可信域名";
    50002 DROP_ALERT "the member is outside the permission scope" "成员不在权限范围内";
    50003 FIX "the app is disabled" "应用已停用";
    50100 RELOAD "paging cursor is invalid" "分页游标无效";
    60003 RELOAD "the department does not exist" "部门不存在";
    60011 DROP_ALERT "no permission for the member, department or tag" "无权访问该成员、部门或标签";
    60020 FIX "caller IP is not in the trusted list" "来源 IP 不在企业可信 IP 中";
    60021 DROP_ALERT "the member is outside the app's visibility" "成员不在应用可见范围内";
    60030..=60031 FIX "beyond the app's visibility or banned from the API" "超出应用可见范围或接口被禁用";
    60111 RELOAD "the userid does not exist" "UserID 不存在";
    60123 RELOAD "the department id is invalid" "部门 ID 无效";
    60140 SKIP "response code is invalid, used or expired" "response_code 无效、已使用或已过期";
    60251..=60253 DROP "kf account or servicer is missing or illegal" "客服账号或接待人员不合法";
    81011 DROP_ALERT "no right to change this tag" "无权操作该标签";
    81013 DROP_ALERT "no receiver is valid and visible" "接收人全部无效或不可见";
    81017 DROP "too many items, narrow the query" "数据过多,请缩小查询范围";
    82001..=82004 DROP "receivers or content are not acceptable" "接收人为空、过多或内容不可发送";
    84014..=84015 DROP "user_ticket is invalid or expired" "user_ticket 无效或已过期";
    84061 SKIP "no contact between member and customer" "成员与客户不是联系人关系";
    84074 DROP "no external contact permission" "没有外部联系人权限";
    84083..=84084 DROP "the member does not serve this customer" "成员未在服务该客户";
    85002 DROP_ALERT "the text contains forbidden words" "内容含有违禁词";
    86001 DROP "group chat parameter is invalid" "群聊参数不合法";
    86003 RELOAD "the group chat does not exist" "群聊不存在";
    86004..=86008 DROP "group chat parameter is invalid" "群聊参数不合法";
    86101 DROP "group chat parameter is invalid" "群聊参数不合法";
    86201..=86207 DROP "group chat parameter is invalid" "群聊参数不合法";
    86214..=86224 DROP "group chat parameter is invalid" "群聊参数不合法";
    90200..=90208 DROP "miniprogram notice field is invalid" "小程序通知字段不合法";
    90456..=90499 DROP "calendar or schedule field is invalid" "日历或日程字段不合法";
    90500..=90511 RELOAD "the group cannot be transferred as asked" "群聊无法按要求转接";
    90700..=90710 DROP "calendar or schedule field is invalid" "日历或日程字段不合法";
    93000 FIX "webhook key is invalid or the robot was removed" "机器人 key 无效或已被移除";
    93004 FIX "the robot is disabled" "机器人已停用";
    93006 DROP "group id is illegal" "群 ID 不合法";
    93008 DROP "not in the group" "不在该群中";
    95000 FIX "open_kfid is illegal" "客服账号 ID 不合法";
    95001 DROP "the five messages of this conversation are used up" "本轮五条消息已用完";
    95002 DROP "more than 48 h since the customer's message" "距客户上次发言超过 48 小时";
    95003 FIX "consult ceiling of an unverified corp" "未认证企业的咨询量已达上限";
    95004 FIX "open_kfid does not exist" "客服账号不存在";
    95005..=95006 DROP "kf account count or name is not acceptable" "客服账号数量或名称不合法";
    95007 RELOAD "kf message token is invalid or expired" "客服消息 token 无效或已过期";
    95008..=95009 DROP "kf menu item is invalid" "客服菜单项不合法";
    95011..=95012 FIX "the token belongs to another kf edition" "凭证与客服版本不符";
    95013 RELOAD "the kf session has ended" "客服会话已结束";
    95014 RELOAD "not a servicer, or not activated" "不是接待人员或未激活";
    95015 SKIP "exclusive service is configured already" "专属服务已配置";
    95016 RELOAD "the session cannot change to that state" "会话状态不允许这样变更";
    95017 FIX "the kf API switch is off" "客服 API 开关未打开";
    95018 RELOAD "the session state does not allow sending" "会话状态不允许发送消息";
    95019 RELOAD "the servicer is paused" "接待人员已停止接待";
    95022 DROP "location type is illegal" "位置类型不合法";
    95023 FIX "kf is managed by another app" "客服已授权给其他应用";
    95026..=95027 DROP_ALERT "no further kf account can be created" "无法再创建客服账号";
    95030 DROP "message type is forbidden by a component" "消息类型被组件禁用";
    95031 DROP "the customer has been silent for 48 h" "客户已 48 小时未发言";
    95032 FIX "a component lost the record permission" "组件失去会话记录权限";
    301002 FIX "the token belongs to another agentid" "凭证与 AgentID 不符";
    640019 DAY "file space quota is used up" "微盘接口额度已用完";
    701002 FIX "interface licence is invalid" "接口许可无效";
    701008 FIX "none of the members is licensed" "成员均无接口许可";
    701016 FIX "interface licence has expired" "接口许可已过期";
    830001..=830003 DROP "media url, size or range is not acceptable" "媒体链接、大小或范围不合法";
    846605 DROP "the bot reply does not fit its request" "机器人回复与请求不符";
};
