// The list of people and groups, and who is played at the moment.
import { $, api, button, el, paint, report } from "./kit.js";
import { t } from "./words.js";

export function nameOf(state, id) {
  const member = state.book.members[id?.toLowerCase?.()];
  const customer = state.customers[id];
  const group = state.groups[id] || state.app.chats[id];
  return member?.name || customer?.name || group?.name || state.app.robots[id]?.name || id;
}

/// Everyone of a kind as [id, name, remark about them].
export function everyone(state, kind) {
  if (kind === "customer") return Object.values(state.customers).map(c => [c.external_userid, c.name, c.external_userid]);
  if (kind === "member") return Object.values(state.book.members).map(m => [m.userid, m.name, m.userid]);
  return [
    ...Object.values(state.groups).map(g => [g.chat_id, g.name, t("customerGroup")]),
    ...Object.values(state.app.chats).map(c => [c.chatid, c.name, t("appChat")]),
    ...Object.values(state.app.robots).map(r => [r.key, r.name, t("robots")]),
  ];
}

export function showPeople(app) {
  const people = everyone(app.state, app.kind);
  for (const node of $("kinds").children) node.setAttribute("aria-pressed", node.dataset.kind === app.kind);
  const hints = { customer: "newName", member: "newMember", group: "newGroup" };
  const input = $("new").elements.name;
  input.placeholder = t(hints[app.kind]);
  input.setAttribute("aria-label", input.placeholder);
  paint($("people"), [people, app.who], () => people.length === 0
    ? el("p", { class: "empty" }, t("nobody"))
    : people.map(([id, name, note]) => button([name || id, el("small", {}, note)], () => app.choose(app.kind, id), {
      class: "person-button", "aria-current": id === app.who, data: { id },
    })));
}

async function make(app, name) {
  if (app.kind === "customer") return (await api("/contacts", { name })).external_userid[0];
  if (app.kind === "member") {
    const userid = "user." + Object.keys(app.state.book.members).length;
    await api("/members", { userid, name });
    return userid;
  }
  const owner = Object.values(app.state.book.members)[0];
  return (await api("/group/create", { name, owner: owner?.userid ?? "" })).chat_id;
}

export function startPeople(app) {
  for (const node of $("kinds").children) {
    node.onclick = () => { app.kind = node.dataset.kind; showPeople(app); };
  }
  $("new").onsubmit = async event => {
    event.preventDefault();
    const form = event.target;
    try {
      const id = await make(app, form.elements.name.value.trim());
      form.reset();
      await app.refresh();
      await app.choose(app.kind, id);
    } catch (error) { report(error); }
  };
}
