// The simulated clock, snapshots and the way back to the start.
import { $, api, button, clockOffset, dateText, el, learnClock, now, report, say, timeText } from "./kit.js";
import { locale, t } from "./words.js";

const STEPS = [[60, "minute"], [3600, "hour"], [86400, "day"], [30 * 86400, "month"]];

/// A stretch of time in words, as a person would say it.
function stretch(ms) {
  const units = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1_000]];
  const [unit, size] = units.find(([, size]) => Math.abs(ms) >= size) || units[3];
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 1 }).format(Math.abs(ms) / size);
}

function tick() {
  $("clock-now").textContent = timeText(now());
  $("clock-long").textContent = dateText(now());
}

export function showClock() {
  const offset = clockOffset();
  const far = Math.abs(offset) > 2_000;
  $("clock-offset").textContent = far ? t(offset > 0 ? "ahead" : "behind", { t: stretch(offset) }) : t("realTime");
  tick();
}

async function move(app, change) {
  learnClock(await api("/clock", change));
  showClock();
  await app.refresh();
}

export function showSteps(app) {
  $("clock-steps").replaceChildren(...STEPS.map(([secs, word]) => button("+ " + t(word), () => move(app, { advance_secs: secs }), { class: "quiet", data: { secs } })));
}

export async function startClock(app) {
  learnClock(await api("/clock"));
  setInterval(tick, 1000);
  $("clock-now").onclick = () => app.open("clock");
  $("clock-set").onsubmit = event => {
    event.preventDefault();
    // The page shows the company's time, which is China's.
    const at = Date.parse(event.target.elements.at.value + "+08:00");
    if (Number.isFinite(at)) move(app, { set: Math.floor(at / 1000) }).catch(report);
  };
  $("snapshot-file").onchange = async event => {
    const file = event.target.files[0];
    event.target.value = "";
    if (!file) return;
    try {
      await api("/restore", JSON.parse(await file.text()));
      await app.start();
      say(t("restored"));
    } catch (error) { report(error); }
  };
  $("reset").onclick = async () => {
    if (!confirm(t("resetSure"))) return;
    try { await api("/reset", {}); await app.start(); } catch (error) { report(error); }
  };
}
