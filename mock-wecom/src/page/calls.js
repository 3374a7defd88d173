// Calls and callbacks as they come, callbacks with their decrypted bodies.
import { $, api, el, report, timeText } from "./kit.js";
import { t } from "./words.js";

const KEPT = 300;
const pretty = value => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

/// XML with a line for each element, for reading only.
function layOut(text) {
  if (!text.startsWith("<")) {
    try { return pretty(JSON.parse(text)); } catch { return text; }
  }
  return text.replace(/<xml>/, "<xml>\n").replace(/(<\/[A-Za-z]+>)(?=<)/g, "$1\n");
}

function parts(entry) {
  if (entry.kind === "callback") {
    return [["plain", layOut(entry.request.plain || "")], ["response", pretty({ url: entry.request.url, ...entry.response, reply: undefined })],
      entry.response.reply && ["reply", pretty(entry.response.reply)]];
  }
  const { body, ...head } = entry.request;
  return [["request", pretty(body === null ? head : entry.request)], ["response", pretty(entry.response)]];
}

function wanted(node) {
  const show = $("calls-show").value;
  return show === "all" || show === node.dataset.kind || (show === "bad" && node.classList.contains("wrong"));
}

/// What a callback is about, from its decrypted body.
function subject(entry) {
  const plain = entry.request.plain || "";
  const found = name => plain.match(new RegExp(`<${name}><!\\[CDATA\\[(.*?)\\]\\]>`))?.[1] || plain.match(new RegExp(`"${name}":"(.*?)"`))?.[1];
  return [found("Event") || found("eventtype") || found("MsgType") || found("msgtype"), found("ChangeType")].filter(Boolean).join(" / ");
}

function render(entry) {
  const code = entry.kind === "call" ? entry.errcode : entry.response.http_status;
  const good = entry.applied && !(entry.problems || []).length && (entry.kind === "callback" || !entry.errcode);
  const notes = [entry.fault, ...(entry.problems || []), entry.applied ? "" : t("notApplied")].filter(Boolean);
  const path = entry.kind === "call" ? entry.path.replace("/cgi-bin/", "") : `${entry.path} · ${subject(entry)}`;
  const open = event => {
    const node = event.currentTarget;
    if (!node.open || node.dataset.full) return;
    node.dataset.full = "1";
    for (const part of parts(entry).filter(Boolean)) node.append(el("span", { class: "soft" }, t(part[0])), el("pre", {}, part[1]));
  };
  return el("details", { class: `entry ${good ? "" : "wrong"}`, ontoggle: open, data: { id: entry.id, kind: entry.kind } },
    el("summary", {}, el("span", {}, entry.kind === "call" ? "→" : "←"),
      el("span", { class: "path" }, path, notes.length ? el("div", { class: "problem" }, notes.join("; ")) : ""),
      el("span", { class: "code" }, String(code ?? "×")), el("time", {}, timeText(entry.time_ms / 1000))));
}

export function addCall(entry) {
  const list = $("calls");
  list.querySelector(".empty")?.remove();
  const node = render(entry);
  node.hidden = !wanted(node);
  list.prepend(node);
  while (list.childElementCount > KEPT) list.lastChild.remove();
}

export async function showCalls() {
  const entries = await api(`/journal?last=${KEPT}`);
  $("calls").replaceChildren();
  entries.forEach(addCall);
  if (!entries.length) $("calls").append(el("p", { class: "empty" }, t("noCalls")));
}

export function startCalls() {
  $("calls-show").onchange = () => { for (const node of $("calls").children) if (node.dataset.kind) node.hidden = !wanted(node); };
  $("calls-clear").onclick = () => api("/journal", undefined, "DELETE").then(showCalls).catch(report);
}
