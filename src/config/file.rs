//! `agent.toml` as it is written. Unknown keys are errors; `Config` is what it means.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::secret::Setting;

/// 配置文件 `agent.toml` / the config file `agent.toml`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// 企业 / the company.
    pub corp: CorpSection,
    /// 本机监听 / where to listen.
    #[serde(default)]
    pub server: ServerSection,
    /// 企业微信接口 / the WeCom API.
    #[serde(default)]
    pub wecom: WecomSection,
    /// 每个回调地址一段 / one for each callback URL.
    #[serde(default, rename = "app")]
    #[schemars(with = "Vec<AppSection>")]
    pub apps: Vec<Spanned<AppSection>>,
    /// 数据存放 / where data lives.
    #[serde(default)]
    pub store: StoreSection,
    /// 文件夹 / folders.
    #[serde(default)]
    pub paths: PathsSection,
    /// 客户与标签 / customers and tags.
    #[serde(default)]
    pub contacts: ContactsSection,
    /// 客户资料同步 / keeping contacts in step.
    #[serde(default)]
    pub sync: SyncSection,
    /// 业务系统写入客户资料 / what the company's own systems tell about customers.
    #[serde(default)]
    #[schemars(with = "Option<IngestSection>")]
    pub ingest: Option<Spanned<IngestSection>>,
    /// 接待组：组名 = 成员账号 / servicer groups: name = member ids.
    #[serde(default)]
    pub servicers: BTreeMap<String, Vec<String>>,
    /// 群机器人：名称 = key / group robots: name = key.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub robots: BTreeMap<String, Spanned<Setting>>,
    /// 应用建的内部群：名称 = chatid / internal groups that the app opened: name = chatid.
    #[serde(default)]
    pub appchats: BTreeMap<String, String>,
    /// 自有系统的接口 / the company's own endpoints.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, WebhookSection>")]
    pub webhooks: BTreeMap<String, Spanned<WebhookSection>>,
    /// 保留多久 / how long data is kept.
    #[serde(default)]
    pub retention: RetentionSection,
    /// 出了事告诉谁 / who is told when something goes wrong.
    #[serde(default)]
    #[schemars(with = "Option<AlertsSection>")]
    pub alerts: Option<Spanned<AlertsSection>>,
    /// 员工提醒 / reminders of members.
    #[serde(default)]
    pub reminders: RemindersSection,
    /// 群发 / broadcasts.
    #[serde(default)]
    pub broadcasts: BroadcastsSection,
    /// 防止自动应答没完没了 / keeps automatic answers from running away.
    #[serde(default)]
    pub guard: GuardSection,
}

/// `[corp]`
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorpSection {
    /// 企业 ID / the `CorpID`.
    #[schemars(with = "Setting")]
    pub id: Spanned<Setting>,
    /// 时区 / the IANA time zone.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub timezone: Option<Spanned<String>>,
}

/// `[server]`
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerSection {
    /// 监听地址 / address and port.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub listen: Option<Spanned<String>>,
    /// /healthz、/readyz、/metrics 另开的地址；写了就只在这里 / a listener of their own for
    /// /healthz, /readyz and /metrics, which are then nowhere else.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub admin: Option<Spanned<String>>,
    /// 回调直接用 HTTPS；通常由反向代理做 / HTTPS for callbacks; usually a reverse proxy's job.
    #[serde(default)]
    #[schemars(with = "Option<TlsSection>")]
    pub tls: Option<Spanned<TlsSection>>,
}

/// `server.tls`, files relative to the config file.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsSection {
    /// 证书（PEM，连同中间证书） / the certificate and those that vouch for it (PEM).
    pub cert: String,
    /// 私钥（PEM） / its private key (PEM).
    pub key: String,
}

/// `[wecom]`
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WecomSection {
    /// 接口地址 / the base URL of the API.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub api_base: Option<Spanned<String>>,
    /// 单次调用的时限 / time limit of one call.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub timeout: Option<Spanned<String>>,
}

/// 回调的种类 / the kind of a callback URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AppKind {
    /// 微信客服
    Kf,
    /// 自建应用
    App,
    /// 客户联系
    Contact,
    /// 智能机器人
    Aibot,
}

/// `[[app]]`
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppSection {
    /// 名称，回调地址为 /callback/名称 / the name in /callback/NAME.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// 种类 / kind.
    pub kind: AppKind,
    /// 应用 ID / agent id (kind = "app").
    #[serde(default)]
    pub agent_id: Option<i64>,
    /// 应用的 Secret / the app's secret.
    #[serde(default)]
    #[schemars(with = "Option<Setting>")]
    pub secret: Option<Spanned<Setting>>,
    /// 回调的 Token / the callback's token.
    #[schemars(with = "Setting")]
    pub token: Spanned<Setting>,
    /// 回调的 `EncodingAESKey` / the callback's key.
    #[schemars(with = "Setting")]
    pub encoding_aes_key: Spanned<Setting>,
    /// 解密后核对的 receiveid；一般不用填 / checked after decryption; rarely needed.
    #[serde(default)]
    #[schemars(with = "Option<Setting>")]
    pub receive_id: Option<Spanned<Setting>>,
    /// 成员消息直接在回调里应答 / answer members in the callback itself (kind = "app").
    #[serde(default)]
    pub passive_reply: bool,
    /// 没有推送时多久拉取一次（kf） / how often to pull without a push (kf).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub poll_every: Option<Spanned<String>>,
    /// 首次启动忽略多久以前的消息（kf） / the first start ignores messages older than this (kf).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub ignore_older_than: Option<Spanned<String>>,
}

/// `[store]`
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum StoreSection {
    /// 内置，默认 / embedded, the default.
    Redb {
        /// 文件夹 / the folder.
        path: String,
    },
    /// 内置 / embedded.
    Sled {
        /// 文件夹 / the folder.
        path: String,
    },
    /// `PostgreSQL`，可多实例 / `PostgreSQL`, for several replicas.
    Postgres {
        /// 连接地址 / `postgres://user:password@host:5432/database?sslmode=verify-full`.
        url: Setting,
    },
}

impl Default for StoreSection {
    fn default() -> Self {
        Self::Redb {
            path: "data".to_owned(),
        }
    }
}

/// `[paths]`, relative to the config file.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PathsSection {
    /// 规则 / rules.
    pub rules: String,
    /// 话术 / templates.
    pub templates: String,
    /// SOP.
    pub sops: String,
    /// 渠道活码 / channel codes (a file).
    pub channels: String,
}

impl Default for PathsSection {
    fn default() -> Self {
        Self {
            rules: "rules".into(),
            templates: "templates".into(),
            sops: "sops".into(),
            channels: "channels.yaml".into(),
        }
    }
}

/// `[contacts]`
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactsSection {
    /// 企业标签库里没有的标签自动创建 / create missing tags in the corp's library.
    pub create_tags: bool,
}

impl Default for ContactsSection {
    fn default() -> Self {
        Self { create_tags: true }
    }
}

/// `[sync]`
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncSection {
    /// 多久全部核对一遍，off 表示不核对 / how often everything is read again; off: never.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub every: Option<Spanned<String>>,
    /// 每分钟最多调用几次接口 / at most so many calls a minute.
    #[serde(default)]
    #[schemars(with = "Option<u32>")]
    pub calls_per_minute: Option<Spanned<u32>>,
}

/// `[ingest]`
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IngestSection {
    /// 对方在 Authorization: Bearer 里出示的口令 / the bearer token.
    #[schemars(with = "Setting")]
    pub token: Spanned<Setting>,
}

/// `[webhooks.NAME]`
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSection {
    /// 地址 / its address.
    pub url: Setting,
    /// 签名密钥（Standard Webhooks） / signing secret.
    #[serde(default)]
    pub secret: Option<Setting>,
}

/// `[retention]`
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionSection {
    /// 消息和它们的去向 / messages and what became of them.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub history: Option<Spanned<String>>,
    /// 处理轨迹；没办成的同消息一样久 / traces; those of failures stay as long as messages.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub traces: Option<Spanned<String>>,
    /// SOP 各步和群发的结果，报表从这里来 / outcomes of steps and broadcasts: what reports are
    /// made of.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub reports: Option<Spanned<String>>,
    /// 操作记录 / what operators did.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub audit: Option<Spanned<String>>,
    /// 流失的客户（没有成员再加着他）多久后忘掉；默认 off，不忘 / customers that no member has
    /// any more are forgotten after so long; default: "off".
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub lost_customers: Option<Spanned<String>>,
}

/// `[alerts]`
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertsSection {
    /// 从哪个自建应用发；默认第一个 / the app (kind = "app") to send by; default: the first.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub app: Option<Spanned<String>>,
    /// 成员账号或接待组 / member ids or servicer groups.
    #[schemars(with = "Vec<String>")]
    pub to: Spanned<Vec<String>>,
    /// 用哪种语言 / in which language.
    #[serde(default)]
    pub lang: AlertLang,
}

/// 提醒用的语言 / the language of alerts.
#[derive(Debug, Clone, Copy, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertLang {
    /// 中文
    #[default]
    Zh,
    /// English
    En,
}

/// `[reminders]`
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RemindersSection {
    /// 员工在哪个自建应用里设提醒；默认第一个 / the app (kind = "app") that members speak to; default: the first.
    #[schemars(with = "Option<String>")]
    pub app: Option<Spanned<String>>,
    /// 员工可以说「提醒我明天下午3点回访张三」 / members can say what to be reminded of.
    pub commands: bool,
    /// 提醒带按钮（完成、稍后、转交）；false 只发文字 / reminders have buttons; false: texts only.
    pub cards: bool,
}

impl Default for RemindersSection {
    fn default() -> Self {
        Self {
            app: None,
            commands: true,
            cards: true,
        }
    }
}

/// `[broadcasts]`
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BroadcastsSection {
    /// 每位客户、每个群能收到的群发上限，按管理后台的设置 / what each target can receive, as set in the console.
    #[serde(default)]
    pub ceiling: CeilingWord,
    /// 成员没有确认时多久提醒一次 / members who have not confirmed are reminded this often.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub remind_every: Option<Spanned<String>>,
    /// 最多提醒几次，0 表示不提醒 / at most so many times; 0: never.
    #[serde(default)]
    pub reminders: Option<u32>,
    /// 多久没有确认就收回 / taken back when it is not confirmed within this time.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub give_up_after: Option<Spanned<String>>,
}

/// 群发上限 / how many mass messages one customer or group can receive.
#[derive(Debug, Clone, Copy, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CeilingWord {
    /// 每天 1 条 / one a day
    Day,
    /// 每周 7 条 / seven a week
    Week,
    /// 每月当月天数条 / as many a month as it has days
    #[default]
    Month,
}

/// `[guard]`
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardSection {
    /// 对同一个人最多自动回答几次，0 表示不限 / automatic answers to one person; 0: no limit.
    #[serde(default)]
    #[schemars(with = "Option<u32>")]
    pub answers: Option<Spanned<u32>>,
    /// 在多长时间里 / within this time.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub within: Option<Spanned<String>>,
}
