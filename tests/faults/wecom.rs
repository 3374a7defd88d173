//! A small WeCom: what it was told, what it did, and what it would refuse.
//!
//! It shares no code with the agent: bodies are JSON values, read and written by hand. The
//! large stand-in is `mock-wecom`; this one has no sockets and no clock of its own, so that
//! everything in it happens in the order that a seed says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// The one service account.
pub(crate) const KF: &str = "wk1";
/// The member whom every customer has.
pub(crate) const MEMBER: &str = "lin.mei";
/// Where tasks of mass sending are made.
pub(crate) const MASS: &str = "externalcontact/add_msg_template";
/// The tags of the library.
pub(crate) const TAGS: [&str; 3] = ["等级/高", "等级/低", "来源/新客"];

const FREQUENT: i64 = 45009;
const TOKEN_INVALID: i64 = 40014;
const PARAMETER: i64 = 40058;
const CODE_USED: i64 = 41051;
const MINUTE: i64 = 60_000;

/// Something that reached a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Said {
    /// When, by WeCom's own clock.
    pub(crate) at: i64,
    /// Through which endpoint.
    pub(crate) path: String,
    /// To whom.
    pub(crate) to: String,
    /// What.
    pub(crate) text: String,
}

/// One message in the log of the service account.
#[derive(Debug, Clone)]
struct Logged {
    customer: String,
    text: String,
    at: i64,
}

/// A task that the member has confirmed at once.
#[derive(Debug, Clone)]
struct Task {
    customers: Vec<Value>,
    text: String,
    secs: i64,
}

/// What WeCom leaves undocumented, decided by the seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    /// The refusal of a repeated `msgid`: a code that no page names, or a general one.
    pub(crate) names_msgid: bool,
    /// So many messages in a page of `kf/sync_msg`.
    pub(crate) page: usize,
}

/// WeCom's side.
pub(crate) struct Wecom {
    pub(crate) habits: Habits,
    pub(crate) said: Vec<Said>,
    /// Tags by customer.
    pub(crate) tags: BTreeMap<String, BTreeSet<String>>,
    log: Vec<Logged>,
    msgids: BTreeSet<String>,
    codes: BTreeSet<String>,
    /// Tasks of mass sending, in their order.
    tasks: Vec<Task>,
    /// Messages with the duplicate check: what, and until when a repeat is swallowed.
    recent: BTreeMap<String, i64>,
    tokens: u32,
    /// The oldest token that is still good.
    good_from: u32,
}

fn ok(more: Value) -> Value {
    let mut answer = json!({"errcode": 0, "errmsg": "ok"});
    if let (Some(answer), Value::Object(more)) = (answer.as_object_mut(), more) {
        answer.extend(more);
    }
    answer
}

/// A refusal.
pub(crate) fn no(errcode: i64, errmsg: &str) -> Value {
    json!({"errcode": errcode, "errmsg": errmsg})
}

fn text<'v>(body: &'v Value, name: &str) -> &'v str {
    body[name].as_str().unwrap_or_default()
}

impl Wecom {
    pub(crate) fn new(habits: Habits) -> Self {
        Self {
            habits,
            said: Vec::new(),
            tags: BTreeMap::new(),
            log: Vec::new(),
            msgids: BTreeSet::new(),
            codes: BTreeSet::new(),
            tasks: Vec::new(),
            recent: BTreeMap::new(),
            tokens: 0,
            good_from: 1,
        }
    }

    /// A customer writes to the service account.
    pub(crate) fn customer_writes(&mut self, customer: &str, text: &str, at: i64) {
        self.log.push(Logged {
            customer: customer.to_owned(),
            text: text.to_owned(),
            at,
        });
    }

    /// What customers wrote, in their order.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&str, &str)> {
        let log = self.log.iter();
        log.map(|line| (line.customer.as_str(), line.text.as_str()))
    }

    /// Every token that was given out is worth nothing any more.
    pub(crate) fn revoke(&mut self) {
        self.good_from = self.tokens + 1;
    }

    /// Carries a call out and answers it.
    pub(crate) fn call(
        &mut self,
        path: &str,
        query: &BTreeMap<String, String>,
        body: &Value,
        now: i64,
    ) -> Value {
        if path == "gettoken" {
            self.tokens += 1;
            return ok(json!({"access_token": format!("T{}", self.tokens), "expires_in": 7200}));
        }
        if path != "webhook/send" {
            let token = query
                .get("access_token")
                .and_then(|token| token.strip_prefix('T'));
            let number = token.and_then(|number| number.parse::<u32>().ok());
            if number.is_none_or(|number| number < self.good_from) {
                return no(TOKEN_INVALID, "invalid access_token");
            }
        }
        self.authorised(path, query, body, now)
    }

    fn authorised(
        &mut self,
        path: &str,
        query: &BTreeMap<String, String>,
        body: &Value,
        now: i64,
    ) -> Value {
        match path {
            "kf/account/list" => ok(json!({"account_list": [{"open_kfid": KF, "name": "客服"}]})),
            "kf/sync_msg" => self.page(body),
            "kf/service_state/get" => ok(json!({"service_state": 1})),
            "kf/customer/batchget" => ok(json!({"customer_list": []})),
            "kf/send_msg" => self.kf_message(body, now),
            "externalcontact/get" => {
                self.customer(query.get("external_userid").map_or("", String::as_str))
            }
            "externalcontact/get_corp_tag_list" => library(),
            "externalcontact/mark_tag" => self.mark(body),
            "externalcontact/send_welcome_msg" => self.welcome(body, now),
            "user/get" => ok(json!({"userid": query.get("userid"), "name": "成员"})),
            "message/send" => self.app_message(body, now),
            "externalcontact/add_msg_template" => self.mass(body, now),
            "externalcontact/get_groupmsg_list_v2" => self.list_tasks(body),
            "externalcontact/get_groupmsg_task" => {
                ok(json!({"task_list": [{"userid": MEMBER, "status": 2, "send_time": now / 1000}]}))
            }
            "externalcontact/get_groupmsg_send_result" => self.reached(body),
            "webhook/send" => {
                let robot = query.get("key").cloned().unwrap_or_default();
                self.limited(path, &robot, &body["text"]["content"], 20, now)
            }
            "appchat/send" => {
                let chat = text(body, "chatid").to_owned();
                self.limited(path, &chat, &body["text"]["content"], 200, now)
            }
            other => panic!("nobody has taught this WeCom {other}: {body}"),
        }
    }

    fn page(&self, body: &Value) -> Value {
        let from: usize = text(body, "cursor")
            .strip_prefix('c')
            .map_or(0, |n| n.parse().expect("a cursor of ours"));
        let to = self.log.len().min(from + self.habits.page);
        let lines = self.log[from..to].iter().enumerate().map(|(index, line)| {
            json!({
                "msgid": format!("kf-{}", from + index), "open_kfid": KF, "origin": 3, "msgtype": "text",
                "external_userid": line.customer, "send_time": line.at / 1000,
                "text": {"content": line.text},
            })
        });
        let lines: Vec<Value> = lines.collect();
        let more = u8::from(to < self.log.len());
        ok(json!({"next_cursor": format!("c{to}"), "has_more": more, "msg_list": lines}))
    }

    fn kf_message(&mut self, body: &Value, now: i64) -> Value {
        let msgid = text(body, "msgid").to_owned();
        if !msgid.is_empty() && !self.msgids.insert(msgid.clone()) {
            return match self.habits.names_msgid {
                true => no(PARAMETER, "invalid Request Parameter: msgid duplicate"),
                false => no(95_999, "duplicate"),
            };
        }
        self.say(
            "kf/send_msg",
            text(body, "touser"),
            &body["text"]["content"],
            now,
        );
        ok(json!({"msgid": msgid}))
    }

    fn customer(&self, id: &str) -> Value {
        let tags = self.tags.get(id).into_iter().flatten().map(|tag| {
            let (group, name) = tag.split_once('/').expect("a group and a name");
            json!({"group_name": group, "tag_name": name, "tag_id": tag, "type": 1})
        });
        let tags: Vec<Value> = tags.collect();
        ok(json!({
            "external_contact": {"external_userid": id, "name": "客户", "type": 1},
            "follow_user": [{"userid": MEMBER, "createtime": 1, "tags": tags}],
        }))
    }

    fn mark(&mut self, body: &Value) -> Value {
        let tags = self
            .tags
            .entry(text(body, "external_userid").to_owned())
            .or_default();
        for tag in body["add_tag"].as_array().into_iter().flatten() {
            tags.insert(tag.as_str().expect("an id").to_owned());
        }
        for tag in body["remove_tag"].as_array().into_iter().flatten() {
            tags.remove(tag.as_str().expect("an id"));
        }
        ok(json!({}))
    }

    fn welcome(&mut self, body: &Value, now: i64) -> Value {
        let code = text(body, "welcome_code");
        if !self.codes.insert(code.to_owned()) {
            return no(CODE_USED, "welcome_code has been used");
        }
        self.say(
            "externalcontact/send_welcome_msg",
            code,
            &body["text"]["content"],
            now,
        );
        ok(json!({}))
    }

    fn mass(&mut self, body: &Value, now: i64) -> Value {
        let customers = body["external_userid"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for customer in &customers {
            let to = customer.as_str().expect("an id");
            self.say(MASS, to, &body["text"]["content"], now);
        }
        self.tasks.push(Task {
            customers,
            text: text(&body["text"], "content").to_owned(),
            secs: now / 1000,
        });
        ok(json!({"msgid": format!("task{}", self.tasks.len()), "fail_list": []}))
    }

    fn list_tasks(&self, body: &Value) -> Value {
        let from = body["start_time"].as_i64().unwrap_or_default();
        let until = body["end_time"].as_i64().unwrap_or_default();
        let tasks = self.tasks.iter().enumerate();
        let tasks = tasks.filter(|(_, task)| (from..=until).contains(&task.secs));
        let tasks = tasks.map(|(index, task)| {
            json!({
                "msgid": format!("task{}", index + 1), "create_time": task.secs,
                "text": {"content": task.text},
            })
        });
        let tasks: Vec<Value> = tasks.collect();
        ok(json!({"group_msg_list": tasks}))
    }

    fn reached(&self, body: &Value) -> Value {
        let number = text(body, "msgid").strip_prefix("task");
        let number: usize = number
            .and_then(|number| number.parse().ok())
            .expect("a task of ours");
        let customers = self.tasks[number - 1].customers.iter();
        let rows: Vec<Value> = customers
            .map(|id| json!({"external_userid": id, "userid": MEMBER, "status": 1}))
            .collect();
        ok(json!({"send_list": rows}))
    }

    fn app_message(&mut self, body: &Value, now: i64) -> Value {
        let to = text(body, "touser").to_owned();
        if body["enable_duplicate_check"] == 1 {
            let window = body["duplicate_check_interval"].as_i64().unwrap_or(1800) * 1000;
            let what = format!("{to}\n{}\n{}", body["text"], body["template_card"]);
            let until = self.recent.insert(what, now + window);
            if until.is_some_and(|until| now < until) {
                return ok(json!({"msgid": "swallowed"}));
            }
        }
        let words = match body["msgtype"].as_str() {
            Some("template_card") => &body["template_card"]["sub_title_text"],
            _ => &body["text"]["content"],
        };
        self.limited("message/send", &to, words, 30, now)
    }

    /// Says it unless that were too many in a minute.
    fn limited(&mut self, path: &str, to: &str, said: &Value, most: usize, now: i64) -> Value {
        let recent = self
            .said
            .iter()
            .rev()
            .take_while(|said| said.at > now - MINUTE);
        if recent
            .filter(|said| said.path == path && said.to == to)
            .count()
            >= most
        {
            return no(FREQUENT, "api freq out of limit");
        }
        self.say(path, to, said, now);
        ok(json!({"msgid": "m"}))
    }

    fn say(&mut self, path: &str, to: &str, said: &Value, at: i64) {
        let (path, to) = (path.to_owned(), to.to_owned());
        let text = said.as_str().unwrap_or_default().to_owned();
        self.said.push(Said { at, path, to, text });
    }
}

fn library() -> Value {
    let mut groups: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for tag in TAGS {
        let (group, name) = tag.split_once('/').expect("a group and a name");
        groups
            .entry(group)
            .or_default()
            .push(json!({"id": tag, "name": name}));
    }
    let groups: Vec<Value> = groups
        .into_iter()
        .map(|(group, tags)| json!({"group_id": group, "group_name": group, "tag": tags}))
        .collect();
    ok(json!({"tag_group": groups}))
}
