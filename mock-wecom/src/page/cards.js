// Template cards and menus as people see them, with buttons that can be pressed.
import { el, button } from "./kit.js";
import { t } from "./words.js";

const link = (url, text) => el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text || url);
const question = item => item.question_key;

function optionFields(card) {
  const lists = [...(card.select_list || []), ...(card.button_selection ? [card.button_selection] : [])];
  const fields = lists.map(list => el("label", {}, list.title || "", " ",
    el("select", { name: question(list), "aria-label": list.title || question(list), disabled: list.disable },
      (list.option_list || []).map(option => el("option", { value: option.id, selected: option.id === list.selected_id }, option.text)))));
  const box = card.checkbox;
  if (box) {
    const type = box.mode === 1 ? "checkbox" : "radio";
    fields.push(el("fieldset", {}, (box.option_list || []).map(option => el("label", {},
      el("input", { type, name: question(box), value: option.id, checked: option.is_checked, disabled: box.disable }), " ", option.text))));
  }
  return fields;
}

/// What was chosen on a card: [question key, option ids].
function chosen(node) {
  const answers = new Map();
  for (const field of node.querySelectorAll("select, input")) {
    if (field.tagName === "INPUT" && !field.checked) continue;
    answers.set(field.name, [...(answers.get(field.name) || []), field.value]);
  }
  return [...answers];
}

/// A card; `press(key, answers)` is called when a button is pressed.
export function showCard(card, press) {
  const node = el("form", { class: "card", onsubmit: event => event.preventDefault() });
  const title = card.main_title || {};
  node.append(...[
    card.source?.desc && el("small", {}, card.source.desc),
    title.title && el("strong", {}, title.title),
    title.desc && el("span", {}, title.desc),
    card.emphasis_content?.title && el("span", { class: "big" }, card.emphasis_content.title),
    card.sub_title_text && el("span", {}, card.sub_title_text),
    card.quote_area?.quote_text && el("span", { class: "soft" }, card.quote_area.quote_text),
  ].filter(Boolean));
  const rows = (card.horizontal_content_list || []).flatMap(row => [el("dt", {}, row.keyname || ""), el("dd", {}, row.value || "")]);
  if (rows.length) node.append(el("dl", {}, rows));
  node.append(...(card.vertical_content_list || []).map(row => el("span", {}, el("b", {}, row.title || ""), " ", row.desc || "")));
  node.append(...optionFields(card));
  const keys = (card.button_list || []).map(one => [one.key, one.text]);
  if (card.submit_button) keys.push([card.submit_button.key, card.submit_button.text || t("submit")]);
  for (const item of card.action_menu?.action_list || []) keys.push([item.key, item.text, "template_card_menu_event"]);
  const buttons = keys.map(([key, text, event]) => button(text || key, () => press(key, chosen(node), event), { data: { key } }));
  if (buttons.length) node.append(el("div", { class: "buttons" }, buttons));
  node.append(...(card.jump_list || []).filter(jump => jump.url).map(jump => link(jump.url, jump.title)));
  if (card.card_action?.url && /_notice$/.test(card.card_type)) node.append(link(card.card_action.url));
  return node;
}

/// A menu of customer service; `choose(id, text)` is called when an item is pressed.
export function showMenu(menu, choose) {
  const items = (menu.list || []).map(item => {
    const one = item[item.type] || {};
    if (item.type === "click") return button(one.content, () => choose(one.id, one.content), { data: { menu: one.id ?? "" } });
    if (item.type === "view") return link(one.url, one.content);
    return el("span", {}, one.content || one.title || "");
  });
  return [menu.head_content, el("div", { class: "menu" }, items), menu.tail_content];
}

/// Titles with links: link, news, textcard.
export function showLinks(content) {
  const articles = content.articles || content.news?.articles || [content];
  return articles.map(one => el("div", {},
    one.url && /^https?:/.test(one.url) ? link(one.url, one.title) : (one.title || ""),
    one.desc || one.description ? el("div", { class: "soft" }, one.desc || one.description) : ""));
}
