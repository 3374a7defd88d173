// Faults on purpose, and the switches.
import { $, api, el, paint, report, say } from "./kit.js";
import { has, t } from "./words.js";

const ACTIONS = ["errcode", "errcode_applied", "http", "http_applied", "hang", "drop_before", "drop_after", "delay_ms", "truncate", "garble",
  "revoke_token", "duplicate", "lose", "reorder"];
const NEEDS = { errcode: "code", errcode_applied: "code", http: "status", http_applied: "status", delay_ms: "ms", reorder: "ms", duplicate: "copies" };

/// The fault that the form describes.
function described(form) {
  const { path, action, code, status, ms, copies, times, skip } = form.elements;
  const need = NEEDS[action.value];
  return {
    path: path.value.trim(), action: action.value.replace("_applied", ""),
    ...(need && { [need]: Number({ code, status, ms, copies }[need].value) }),
    ...(action.value.endsWith("_applied") && { applied: true }),
    times: Number(times.value), skip: Number(skip.value),
  };
}

function showNeeded() {
  const need = NEEDS[$("fault").elements.action.value];
  for (const label of $("fault").querySelectorAll("[data-for]")) label.hidden = label.dataset.for !== need;
}

function showActions() {
  const field = $("fault").elements.action, before = field.value;
  paint(field, ACTIONS, () => ACTIONS.map(action => el("option", { value: action }, t(action))));
  if (before) field.value = before;
  showNeeded();
}

function words(fault) {
  const { path, times, skip, action, ...rest } = fault;
  const values = Object.values(rest).filter(value => typeof value === "number");
  const name = rest.applied ? action + "_applied" : action;
  return [has(name) ? t(name) : String(action ?? ""), ...values, times ? t("timesLeft", { n: times }) : ""].filter(word => word !== "").join(" · ");
}

async function change(name, value) {
  try {
    await api("/switches", { [name]: value });
    say(t("done"));
  } catch (error) { report(error); }
}

function showSwitch([name, value]) {
  const field = typeof value === "boolean"
    ? el("input", { type: "checkbox", checked: value, onchange: event => change(name, event.target.checked) })
    : el("input", {
      type: typeof value === "number" ? "number" : "text", value,
      onchange: event => change(name, typeof value === "number" ? Number(event.target.value) : event.target.value),
    });
  return el("label", { class: "switch" }, el("code", {}, name), field);
}

/// What a fault can strike: every endpoint, and the callbacks to each receiver.
let endpoints = [];
function showPaths(app) {
  const callbacks = ["callback/*", ...app.state.receivers.map(receiver => "callback/" + receiver.name)];
  const paths = ["*", ...endpoints.map(one => one.path.replace("/cgi-bin/", "")), ...callbacks];
  paint($("paths"), paths, () => paths.map(value => el("option", { value })));
}

export function showFaults(app) {
  const faults = [app.state.faults].flat().filter(fault => fault?.path);
  showActions();
  paint($("faults"), faults, () => (faults.length
    ? faults.map(fault => el("div", { class: "box" }, el("code", {}, fault.path), " ", el("span", { class: "soft" }, words(fault))))
    : el("p", { class: "empty" }, t("noFaults"))));
  const chaos = app.state.storm?.chaos;
  $("chaos-now").textContent = chaos ? t("chaosOn", { s: chaos.seed, p: chaos.percent }) : t("chaosOff");
  showPaths(app);
  paint($("switches"), app.state.switches, () => Object.entries(app.state.switches).map(showSwitch));
}

export async function startFaults(app) {
  const form = $("fault");
  form.elements.action.onchange = showNeeded;
  form.onsubmit = async event => {
    event.preventDefault();
    try {
      await api("/faults", described(form));
      say(t("done"));
      await app.refresh();
    } catch (error) { report(error); }
  };
  $("faults-clear").onclick = () => api("/faults", undefined, "DELETE").then(app.refresh).catch(report);
  $("revoke").onclick = () => api("/tokens/revoke", {}).then(done => say(t("revoked", { n: done.revoked }))).catch(report);
  $("chaos").onsubmit = async event => {
    event.preventDefault();
    const { seed, percent } = event.target.elements;
    try {
      await api("/chaos", { seed: Number(seed.value), percent: Number(percent.value) });
      await app.refresh();
    } catch (error) { report(error); }
  };
  $("chaos-stop").onclick = () => api("/chaos", undefined, "DELETE").then(app.refresh).catch(report);
  endpoints = await api("/endpoints");
  showPaths(app);
}
