// The conversation: lines as they come, and the person's own words.
import { $, api, el, report, tellPushed, timeText } from "./kit.js";
import { showCard, showLinks, showMenu } from "./cards.js";
import { nameOf } from "./people.js";
import { t } from "./words.js";

const mine = line => line.from === "customer" || (line.from === "member" && ["app", "aibot"].includes(line.channel));

/// Presses a button of a card as the member who sees it.
async function pressCard(app, line, key, answers, event = "template_card_event") {
  const card = line.content;
  if (line.channel === "aibot") {
    const items = answers.map(([question_key, ids]) => ({ question_key, option_ids: { option_id: ids } }));
    return tellPushed(await api("/aibot/event", {
      userid: app.who, receiver: line.via, eventtype: "template_card_event",
      payload: { card_type: card.card_type, event_key: key, task_id: card.task_id, selected_items: { selected_item: items } },
    }));
  }
  const items = answers.map(([QuestionKey, ids]) => ({ QuestionKey, OptionIds: { OptionId: ids } }));
  tellPushed(await api("/app/event", {
    userid: app.who, agent_id: Number(line.via) || null, event, event_key: key, msgid: line.msgid,
    payload: items.length ? { SelectedItems: { SelectedItem: items } } : {},
  }));
}

async function pressMenu(app, line, id, text) {
  tellPushed(await api("/kf/say", {
    external_userid: app.who, open_kfid: line.via, payload: { content: text, menu_id: id },
  }));
}

function body(app, line) {
  const { msgtype, content } = line;
  if (msgtype === "template_card" || (msgtype === "update_template_card" && content?.card_type)) {
    return showCard(content || {}, (key, answers, event) => pressCard(app, line, key, answers, event));
  }
  if (msgtype === "msgmenu") return showMenu(content, (id, text) => pressMenu(app, line, id, text));
  if (["link", "news", "textcard"].includes(msgtype) && content) return showLinks(content);
  if (msgtype === "update_template_card" || msgtype === "update_button") {
    return `${t("cardChanged")} ${content?.replace_name || content?.Button?.ReplaceName || ""}`;
  }
  const media = content?.media_id || content?.MediaId;
  return media ? `${line.text} ${media}` : line.text;
}

function row(app, line) {
  const status = ["failed", "recalled"].includes(line.status) ? t("status_" + line.status) : "";
  const who = line.from === "member" || line.from === "servicer" ? nameOf(app.state, line.by || (mine(line) ? line.with : line.via)) : t("from_" + line.from);
  return el("div", {
    class: ["line", mine(line) ? "mine" : "", line.status].join(" "),
    data: { msgid: line.msgid, stream: line.msgtype === "stream" ? line.content?.id ?? "" : "" },
  }, el("div", { class: "bubble" }, body(app, line)),
  el("small", {}, [who, line.channel, timeText(line.time), status].filter(Boolean).join(" · ")));
}

/// Adds a line, or puts it in the place of the one that it renews.
export function addLine(app, line) {
  const chat = $("chat");
  chat.querySelector(".empty")?.remove();
  const made = row(app, line);
  const stream = made.dataset.stream;
  const old = stream
    ? [...chat.children].find(node => node.dataset.stream === stream)
    : line.msgtype === "update_template_card" && [...chat.children].find(node => node.dataset.msgid === line.msgid);
  if (old && line.msgtype === "update_template_card" && !line.content?.card_type) {
    // The press that led here may still be under way; it must not bring its button back.
    for (const node of old.querySelectorAll("button, input, select")) Object.assign(node, { disabled: true }).dataset.spent = "";
    old.querySelector(".buttons")?.append(el("span", { class: "soft" }, line.content?.replace_name || ""));
  } else if (old) {
    old.replaceWith(made);
  } else {
    chat.append(made);
  }
  chat.scrollTop = chat.scrollHeight;
}

export function markLine({ msgid, status }) {
  for (const node of $("chat").children) {
    if (node.dataset.msgid === msgid) node.className = `line ${node.classList.contains("mine") ? "mine" : ""} ${status}`;
  }
}

export async function showChat(app) {
  const who = app.who;
  $("who").textContent = who ? nameOf(app.state, who) : t("chat");
  const lines = who ? await api("/chat?id=" + encodeURIComponent(who)) : [];
  if (who !== app.who) return;
  $("chat").replaceChildren();
  lines.slice(-500).forEach(line => addLine(app, line));
  if (!lines.length) $("chat").append(el("p", { class: "empty" }, who ? t("silence") : t("pick")));
}

/// Where the chosen person can write: [value, name].
function ways(app) {
  const { state, kind } = app;
  if (kind === "customer") {
    return Object.values(state.kf.accounts).flatMap(account => [["kf:" + account.open_kfid, account.name || account.open_kfid],
      ...account.servicers.map(one => [`servicer:${account.open_kfid}/${one.userid}`, t("asServicer", { n: nameOf(state, one.userid) })])]);
  }
  const bots = [...new Set([...state.receivers.filter(r => r.kind === "aibot").map(r => r.name), ...Object.keys(state.links.bots)])];
  if (kind === "group") {
    // In an internal group its members can write to a bot, which hears only what names it.
    const people = state.app.chats[app.who]?.userlist ?? [];
    return people.flatMap(userid => bots.map(bot => [`groupbot:${bot}/${userid}`, t("asMember", { n: nameOf(state, userid), b: bot })]));
  }
  const agents = new Set([...state.secrets, ...state.receivers.filter(r => r.kind === "app")].map(one => one.agent_id).filter(Boolean));
  return [
    ...[...agents].map(id => ["app:" + id, `app ${id}`]),
    ...bots.map(name => ["aibot:" + name, `aibot ${name}`]),
  ];
}

/// Offers the accounts, apps and bots that the chosen person can write to.
export function showWays(app) {
  const list = ways(app), field = $("say").elements.via;
  const key = JSON.stringify(list);
  if (field.dataset.key !== key) {
    const before = field.value;
    field.dataset.key = key;
    field.replaceChildren(...list.map(([value, text]) => el("option", { value }, text)));
    if (list.some(([value]) => value === before)) field.value = before;
  }
  const mute = !app.who || list.length === 0;
  $("say").hidden = mute;
  $("enter").hidden = mute || app.kind === "group";
}

/// `kf:wk…` as its two halves.
const halves = (text, mark) => [text.slice(0, text.indexOf(mark)), text.slice(text.indexOf(mark) + 1)];

async function speak(app, via, text) {
  const [channel, id] = halves(via, ":");
  if (channel === "servicer") {
    const [open_kfid, servicer_userid] = halves(id, "/");
    return api("/kf/say", { external_userid: app.who, open_kfid, servicer_userid, content: text });
  }
  if (channel === "kf") return api("/kf/say", { external_userid: app.who, open_kfid: id, content: text });
  if (channel === "groupbot") {
    const [receiver, userid] = halves(id, "/");
    return api("/aibot/say", { userid, receiver, chatid: app.who, content: `@${receiver} ${text}`, follow: true });
  }
  if (channel === "app") return api("/app/say", { userid: app.who, agent_id: Number(id), content: text });
  return api("/aibot/say", { userid: app.who, receiver: id, content: text, follow: true });
}

async function enter(app, via) {
  const [channel, id] = halves(via, ":");
  if (channel === "kf" || channel === "servicer") return api("/kf/enter", { external_userid: app.who, open_kfid: halves(id + "/", "/")[0] });
  if (channel === "app") return api("/app/event", { userid: app.who, agent_id: Number(id), event: "enter_agent" });
  return api("/aibot/event", { userid: app.who, receiver: id, eventtype: "enter_chat" });
}

export function startChat(app) {
  $("say").onsubmit = async event => {
    event.preventDefault();
    const { via, text } = event.target.elements;
    const words = text.value.trim();
    if (!words || !app.who) return;
    text.value = "";
    try { tellPushed(await speak(app, via.value, words)); } catch (error) { text.value = words; report(error); }
  };
  $("enter").onclick = async () => {
    try { tellPushed(await enter(app, $("say").elements.via.value)); } catch (error) { report(error); }
  };
}
