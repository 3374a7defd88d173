// The page: who is played, what is shown, and the events that keep it up to date.
import { $, api, learnClock, report, say } from "./kit.js";
import { addCall, showCalls, startCalls } from "./calls.js";
import { addLine, markLine, showChat, showWays, startChat } from "./chat.js";
import { showClock, showSteps, startClock } from "./clock.js";
import { showFaults, startFaults } from "./faults.js";
import { showPeople, startPeople } from "./people.js";
import { showProfile } from "./profile.js";
import { showTasks } from "./tasks.js";
import { t, toggleLanguage, translatePage } from "./words.js";

const app = { state: null, kind: "customer", who: null, refresh, choose, open, start };
let refreshing = null, online = false;

function showAll() {
  showPeople(app);
  showWays(app);
  showProfile(app);
  showTasks(app);
  showFaults(app);
  showClock();
}

async function refresh() {
  app.state = await api("/state");
  $("corp").textContent = app.state.corp_id;
  showAll();
}

/// Many events in a row ask for the state once.
function refreshSoon() {
  clearTimeout(refreshing);
  refreshing = setTimeout(() => refresh().catch(report), 120);
}

async function choose(kind, who) {
  Object.assign(app, { kind, who });
  showAll();
  await showChat(app);
  if (who && document.body.dataset.tab === "people") open("chat");
}

/// Brings a part to the front; the people and the chat have places of their own on a wide page.
function open(tab) {
  document.body.dataset.tab = tab;
  const side = document.querySelector(`.side[data-panel="${tab}"]`);
  for (const panel of document.querySelectorAll(".panel")) {
    panel.classList.toggle("front", panel.dataset.panel === tab);
    if (side) panel.classList.toggle("side-front", panel === side);
  }
  for (const node of $("tabs").children) node.setAttribute("aria-current", node.dataset.tab === tab);
  // Faults and switches change without an event of their own.
  if (app.state) refreshSoon();
}

async function start() {
  await refresh();
  const first = Object.keys(app.state.customers)[0] ?? null;
  const known = app.who && (app.state.customers[app.who] || app.state.book.members[app.who?.toLowerCase()] || app.state.groups[app.who]);
  await choose(known ? app.kind : "customer", known ? app.who : first);
  await showCalls();
}

function watch() {
  const events = new EventSource("/mock/events");
  let lost = false;
  events.onopen = () => {
    online = true;
    say(t("connected"));
    // What happened while the connection was gone is read again.
    if (lost) start().catch(report);
    lost = false;
  };
  events.onerror = () => { lost = true; online = false; say(t("reconnecting"), true); };
  events.addEventListener("chat", event => {
    const line = JSON.parse(event.data);
    if (line.with === app.who) addLine(app, line);
    refreshSoon();
  });
  events.addEventListener("chat_status", event => markLine(JSON.parse(event.data)));
  events.addEventListener("journal", event => { addCall(JSON.parse(event.data)); refreshSoon(); });
  events.addEventListener("clock", event => { learnClock(JSON.parse(event.data)); showClock(); refreshSoon(); });
  for (const name of ["missed", "restored"]) events.addEventListener(name, () => start().catch(report));
}

function translate() {
  translatePage();
  if (online) say(t("connected"));
  showSteps(app);
  if (app.state) {
    showAll();
    showChat(app).then(showCalls).catch(report);
  }
}

async function begin() {
  open("profile");
  if (matchMedia("(max-width: 64rem)").matches) open("chat");
  for (const node of $("tabs").children) node.onclick = () => open(node.dataset.tab);
  $("language").onclick = () => { toggleLanguage(); translate(); };
  translate();
  startPeople(app);
  startChat(app);
  startCalls();
  await startClock(app);
  await start();
  watch();
  await startFaults(app);
}

begin().catch(report);
