// What every part of the page uses: elements, the control API, the simulated time.
import { locale, t } from "./words.js";

export const $ = id => document.getElementById(id);

/// An element: `on…` are handlers, `data` is its dataset, the rest are attributes.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    // ARIA spells out both; for other attributes false means that it is not there.
    if (name.startsWith("aria-")) node.setAttribute(name, String(value));
    else if (value === false) continue;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter(child => child !== undefined && child !== null && child !== ""));
  return node;
}

/// A button that reports what goes wrong and cannot be pressed twice at once.
export function button(text, act, attributes = {}) {
  const press = async event => {
    event.currentTarget.disabled = true;
    const node = event.currentTarget;
    try { await act(); } catch (error) { report(error); } finally { node.disabled = "spent" in node.dataset; }
  };
  return el("button", { type: "button", onclick: press, ...attributes }, text);
}

export function select(options, attributes = {}) {
  return el("select", attributes, options.map(([value, text]) => el("option", { value }, text)));
}

/// A call of the control API; without a body it is a GET.
export async function api(path, body, method) {
  const answer = await fetch("/mock" + path, {
    method: method || (body === undefined ? "GET" : "POST"),
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(value.error || `HTTP ${answer.status}`);
  return value;
}

export function say(text, bad = false) {
  // From the first message on, a change of language must not bring "connecting" back.
  delete $("status").dataset.t;
  $("status").textContent = text;
  $("status").classList.toggle("bad", bad);
}

export const report = error => say(t("failed") + error.message, true);

/// Tells how the receivers took the callbacks of a control call.
export function tellPushed(pushed) {
  const push = (pushed.pushes || []).find(one => one.error || one.http_status !== 200) || (pushed.pushes || [])[0];
  if (!push) return say(t("noReceiver"));
  if (push.pending) return say(t("pushPending"));
  if (push.error || push.http_status !== 200) return say(t("pushFailed") + (push.error || `HTTP ${push.http_status}`), true);
  say(t("delivered"));
}

/// Replaces the children of a node only when what they show has changed, so that nothing
/// is torn away under a hand that is typing or pressing.
const shown = new WeakMap();
export function paint(node, facts, render) {
  const key = locale() + JSON.stringify(facts);
  if (shown.get(node) === key) return;
  shown.set(node, key);
  node.replaceChildren(...[render()].flat());
}

let offset = 0;
export function learnClock(clock) { offset = clock.now_ms - Date.now(); }
export const now = () => Math.floor((Date.now() + offset) / 1000);
export const clockOffset = () => offset;

const zone = { timeZone: "Asia/Shanghai" };
export const timeText = secs => new Date(secs * 1000).toLocaleTimeString(locale(), { ...zone, hour12: false });
export const dateText = secs => new Date(secs * 1000).toLocaleString(locale(), { ...zone, hour12: false });
export const dayText = secs => new Date(secs * 1000).toLocaleDateString(locale(), zone);
