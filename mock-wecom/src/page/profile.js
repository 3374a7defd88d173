// Beside the chat: followers with tags and remarks, the session, groups, ways to become friends.
import { $, api, button, dateText, dayText, el, now, paint, select, tellPushed, timeText } from "./kit.js";
import { nameOf } from "./people.js";
import { t } from "./words.js";

const TWO_DAYS = 48 * 3600;
/// Does something in the corp and shows what became of it, whether or not anybody is told.
async function act(app, path, body) {
  tellPushed(await api(path, body));
  await app.refresh();
}
const rows = pairs => el("dl", {}, pairs.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
const title = key => el("h3", {}, t(key));
const empty = key => el("p", { class: "empty" }, t(key));
const members = state => Object.values(state.book.members).map(m => [m.userid, m.name]);

function follower(app, customer, follow) {
  const { state } = app;
  const edit = change => act(app, "/contact/edit", { external_userid: customer.external_userid, userid: follow.userid, ...change });
  const remark = el("input", { value: follow.remark, "aria-label": t("remark"), placeholder: t("remark"), name: "remark" });
  const tags = state.tags.flatMap(group => group.tag).map(tag => {
    const on = follow.tags.includes(tag.id);
    return button(tag.name, () => edit(on ? { remove_tag: [tag.id] } : { add_tag: [tag.id] }), { class: "tag", "aria-pressed": on });
  });
  const cut = by_customer => act(app, "/contact/delete", { external_userid: customer.external_userid, userid: follow.userid, by_customer });
  return el("div", { class: "box", data: { follower: follow.userid } },
    el("h4", {}, nameOf(state, follow.userid), el("span", { class: "soft" }, follow.userid)),
    rows([
      [t("description"), follow.description], [t("company"), follow.remark_corp_name],
      [t("mobiles"), follow.remark_mobiles.join(" ")], [t("source"), follow.state],
      [t("since"), dateText(follow.createtime)],
    ]),
    el("div", { class: "row" }, remark, button(t("save"), () => edit({ remark: remark.value }), { class: "quiet" })),
    el("div", { class: "tags" }, tags),
    el("div", { class: "row wrap" },
      button(t("byCustomer"), () => cut(true), { class: "quiet danger" }),
      button(t("byMember"), () => cut(false), { class: "quiet danger" })));
}

function session(app, key, talk) {
  const { state } = app;
  const [open_kfid, external_userid] = [key.slice(0, key.indexOf("/")), app.who];
  const until = (talk.last_customer_at ?? 0) + TWO_DAYS;
  const code = until > now() ? talk.state : 4;
  const account = state.kf.accounts[open_kfid] || { servicers: [] };
  const who = select(account.servicers.map(s => [s.userid, nameOf(state, s.userid)]), { "aria-label": t("servicer") });
  const change = type => act(app, "/kf/session", {
    open_kfid, external_userid, change_type: type, servicer_userid: who.value || null,
  });
  const steps = { 2: [[1, "take"]], 3: [[2, "handOn"], [3, "finish"]], 4: [[4, "reopen"]] }[code] || [[1, "take"], [3, "finish"]];
  const budget = t("budgetOf", { n: Math.max(0, 5 - talk.sent_since), t: `${dayText(until)} ${timeText(until)}` });
  return el("div", { class: "box", data: { session: open_kfid, state: code } },
    el("h4", {}, account.name || open_kfid, el("span", { class: "state" }, t("state" + code))),
    rows([[t("servicer"), talk.servicer && nameOf(state, talk.servicer)], [t("budget"), code < 2 && budget]]),
    el("div", { class: "row wrap" }, account.servicers.length ? who : "",
      steps.map(([type, word]) => button(t(word), () => change(type), { class: "quiet" }))));
}

function friends(app) {
  const { state, who } = app;
  const codes = Object.values(state.greetings.ways);
  const list = codes.map(way => el("div", { class: "box", data: { way: way.config_id } },
    el("h4", {}, way.fields.remark || way.fields.state || way.config_id,
      button(t("scan"), () => act(app, "/contact/scan", { config_id: way.config_id, external_userid: who }))),
    rows([[t("source"), way.fields.state], [t("member"), (way.fields.user || []).map(id => nameOf(state, id)).join("、")]])));
  const whom = select(members(state), { "aria-label": t("member") });
  return [
    title("scanCode"), ...(list.length ? list : [empty("noWay")]),
    title("addFriend"),
    el("div", { class: "row bare" }, whom, button(t("directly"), () => act(app, "/contact/add", { external_userid: who, userid: whom.value }))),
  ];
}

/// The codes by which a customer can join a group.
function joinWays(app) {
  const { state, who } = app;
  const ways = Object.values(state.shelves?.join_ways || {});
  if (!ways.length) return [];
  return [title("joinWay"), ...ways.map(way => el("div", { class: "box", data: { join: way.id } },
    el("h4", {}, way.fields.remark || way.fields.state || way.id,
      button(t("joinCode"), () => act(app, "/group/scan", { config_id: way.id, external_userid: who }))),
    rows([[t("source"), way.fields.state], [t("groups"), (way.fields.chat_id_list || []).map(id => nameOf(state, id)).join("、")]])))];
}

const isIn = who => group => group.members.some(member => member.userid === who);

function groupsOf(app) {
  const { state, who } = app;
  const all = Object.values(state.groups);
  const mine = all.filter(isIn(who));
  const others = all.filter(group => !isIn(who)(group));
  const list = mine.map(group => el("div", { class: "box", data: { group: group.chat_id } }, el("h4", {}, group.name || group.chat_id,
    button(t("leave"), () => act(app, "/group/leave", { chat_id: group.chat_id, members: [who], scene: 0 }), { class: "quiet" }))));
  const which = select(others.map(group => [group.chat_id, group.name || group.chat_id]), { "aria-label": t("groups"), name: "group" });
  const join = () => act(app, "/group/join", { chat_id: which.value, members: [who], scene: 3 });
  return [title("inGroups"), ...(list.length ? list : [empty("noGroup")]),
    others.length ? el("div", { class: "row bare" }, which, button(t("joinCode"), join)) : ""];
}

const talksOf = ({ state, who }) => Object.entries(state.kf.sessions).filter(([key]) => key.endsWith("/" + who));
const customerOf = ({ state, who }) => state.customers[who] || { external_userid: who, followers: [] };

function sessions(app) {
  const talks = talksOf(app);
  return [title("session"), ...(talks.length ? talks.map(([key, talk]) => session(app, key, talk)) : [empty("noSession")])];
}

function followers(app) {
  const customer = customerOf(app);
  const list = customer.followers.map(follow => follower(app, customer, follow));
  return [title("friends"), ...(list.length ? list : [empty("noFriend")])];
}

const isMine = who => customer => customer.followers.some(follow => follow.userid.toLowerCase() === who.toLowerCase());

function memberCard(app) {
  const { state, who } = app;
  const member = state.book.members[who.toLowerCase()] || { department: [] };
  const departments = member.department.map(id => state.book.departments[id]?.name || id).join("、");
  const customers = Object.values(state.customers).filter(isMine(who));
  return [
    title("member"), rows([["userid", member.userid], [t("department"), departments], [t("position"), member.position]]),
    title("hisCustomers"),
    ...(customers.length ? customers.map(c => button([c.name, el("small", {}, c.external_userid)],
      () => app.choose("customer", c.external_userid), { class: "person-button" })) : [empty("none")]),
  ];
}

function groupPage(app) {
  const { state, who } = app;
  const group = state.groups[who];
  if (!group) {
    const chat = state.app.chats[who];
    const list = chat ? chat.userlist.map(id => nameOf(state, id)).join("、") : t("none");
    return [title("appChat"), rows([["ID", who], [t("members"), list]]),
      chat ? el("p", { class: "empty" }, t("groupBot")) : ""];
  }
  const outside = Object.values(state.customers).filter(c => !isIn(c.external_userid)(group));
  const whom = select(outside.map(c => [c.external_userid, c.name]), { "aria-label": t("customers") });
  return [
    title("customerGroup"), rows([["ID", who], [t("owner"), nameOf(state, group.owner)], [t("notice"), group.notice]]),
    el("p", { class: "empty" }, t("onlyWatched")),
    title("members"), ...group.members.map(member => el("div", { class: "box" }, el("h4", {}, nameOf(state, member.userid),
      button(t("leave"), () => act(app, "/group/leave", { chat_id: who, members: [member.userid], scene: 0 }), { class: "quiet" })))),
    outside.length ? el("div", { class: "row bare" }, whom,
      button(t("joinCode"), () => act(app, "/group/join", { chat_id: who, members: [whom.value], scene: 3 }))) : "",
  ];
}

/// The parts of each kind of profile: how it is drawn, and from which facts. A part is drawn
/// anew only when its own facts change, so that a message does not wipe out a half-written remark.
const PARTS = {
  customer: [
    [sessions, app => [talksOf(app), app.state.kf.accounts, Math.floor(now() / 3600)]],
    [followers, app => [customerOf(app).followers, app.state.tags]],
    [groupsOf, app => app.state.groups],
    [joinWays, app => app.state.shelves?.join_ways],
    [friends, app => [app.state.greetings.ways, Object.keys(app.state.book.members)]],
  ],
  member: [
    [memberCard, app => [app.state.book.members[app.who.toLowerCase()], Object.values(app.state.customers).filter(isMine(app.who)).map(c => c.name)]],
    [groupsOf, app => app.state.groups],
  ],
  group: [[groupPage, app => [app.state.groups[app.who], app.state.app.chats[app.who], Object.keys(app.state.customers)]]],
};

export function showProfile(app) {
  if (!app.state) return;
  const node = $("profile");
  const parts = app.who ? PARTS[app.kind] : [];
  paint(node, [app.who, app.kind], () => (app.who ? parts.map(() => el("div")) : el("p", { class: "empty" }, t("pick"))));
  parts.forEach(([render, facts], at) => paint(node.children[at], facts(app) ?? null, () => render(app)));
}
