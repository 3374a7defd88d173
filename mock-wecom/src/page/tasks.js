// Mass-sending tasks and moments: nothing goes out until each member has confirmed.
import { $, api, button, dateText, el, paint, say } from "./kit.js";
import { nameOf } from "./people.js";
import { t } from "./words.js";

function part(app, task, userid) {
  const { state } = app;
  const targets = task.targets.filter(target => target.userid === userid);
  const count = status => targets.filter(target => target.status === status).length;
  const open = count(0) > 0 && !task.cancelled;
  const words = [t("sentOf", { n: count(1), m: targets.length }),
    count(2) && t("lost", { n: count(2) }), count(3) && t("capped", { n: count(3) })].filter(Boolean).join(" · ");
  const confirm = async () => {
    const done = await api("/mass/confirm", { msgid: task.msgid, userid });
    say(t("sentOf", { n: done.sent, m: targets.length }));
    await app.refresh();
  };
  return el("div", { class: "row", data: { member: userid } },
    el("span", { class: "grow" }, nameOf(state, userid), " ", el("span", { class: "soft" }, words)),
    open ? button(t("confirm"), confirm) : "");
}

function showTask(app, task) {
  const { state } = app;
  const members = [...new Set(task.targets.map(target => target.userid))];
  const attachments = Array.isArray(task.attachments) ? task.attachments.length : 0;
  const names = [...new Set(task.targets.map(target => nameOf(state, target.target)))];
  const whom = names.slice(0, 8).join("、") + (names.length > 8 ? ` … ${names.length}` : "");
  return el("div", { class: "box", data: { task: task.msgid } },
    el("h4", {}, dateText(task.created_at), task.cancelled ? el("span", { class: "state bad" }, t("cancelled")) : ""),
    el("p", {}, task.text?.content || "", " ", attachments ? el("span", { class: "soft" }, t("attachments", { n: attachments })) : ""),
    el("p", { class: "soft" }, whom),
    members.map(userid => part(app, task, userid)));
}

/// A moment waits for its members in the same way.
function showMoment(app, moment) {
  const publish = async userid => {
    await api("/moment/publish", { moment_id: moment.moment_id, userid });
    say(t("published"));
    await app.refresh();
  };
  return el("div", { class: "box", data: { moment: moment.moment_id } },
    el("h4", {}, dateText(moment.created_at), moment.cancelled ? el("span", { class: "state bad" }, t("cancelled")) : ""),
    el("p", {}, moment.text?.content || ""),
    moment.publishers.map(one => el("div", { class: "row", data: { member: one.userid } },
      el("span", { class: "grow" }, nameOf(app.state, one.userid), " ",
        el("span", { class: "soft" }, one.published_at ? `${t("published")} ${dateText(one.published_at)}` : "")),
      one.published_at || moment.cancelled ? "" : button(t("publish"), () => publish(one.userid)))));
}

export function showTasks(app) {
  const tasks = Object.values(app.state.mass.tasks).sort((a, b) => b.created_at - a.created_at);
  const moments = Object.values(app.state.moments || {}).sort((a, b) => b.created_at - a.created_at);
  paint($("tasks"), [tasks, moments], () => [
    ...(tasks.length ? tasks.map(task => showTask(app, task)) : [el("p", { class: "empty" }, t("noTasks"))]),
    ...(moments.length ? [el("h3", {}, t("moments")), ...moments.map(moment => showMoment(app, moment))] : []),
  ]);
}
