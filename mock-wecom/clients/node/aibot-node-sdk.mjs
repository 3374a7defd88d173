// @wecom/aibot-node-sdk 1.0.7, Tencent's SDK of the long connection.
import { MOCK, PNG, Round, assert, control, load } from "./kit.mjs";

const { WSClient } = load("@wecom/aibot-node-sdk");
const round = await new Round("@wecom/aibot-node-sdk 1.0.7").begin();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const connect = (secret) => new WSClient({
  botId: "sample-bot", secret, wsUrl: `${MOCK.replace("http", "ws")}/`, logger: quiet,
  heartbeatInterval: 200, maxReconnectAttempts: 0, maxAuthFailureAttempts: 0,
});
const once = (client, event) => new Promise((resolve, reject) => {
  const late = setTimeout(() => reject(new Error(`no ${event} within 5 s`)), 5000);
  client.once(event, (frame) => { clearTimeout(late); resolve(frame); });
});

const client = connect("sample-bot-secret");
await round.check("subscribe", async () => {
  const ready = once(client, "authenticated");
  client.connect();
  await ready;
});
const say = (body) => control("aibot/say", { receiver: "sample-bot", userid: "lin.mei", ...body });
const turn = async (body, event, answer) => {
  const heard = once(client, event);
  const said = say(body);
  const frame = await heard;
  const result = await answer(frame);
  await said;
  return result;
};
await round.check("text, streamed answer", async () => {
  const ack = await turn({ content: "库存" }, "message.text", async (frame) => {
    assert.equal(frame.body.text.content, "库存");
    await client.replyStream(frame, "S1", "查询中", false);
    return client.replyStream(frame, "S1", "还有 3 件", true);
  });
  assert.equal(ack.errcode, 0);
});
await round.check("group message, stream with card", async () => {
  const card = { card_type: "text_notice", main_title: { title: "库存" }, card_action: { type: 1, url: "http://a.invalid" } };
  await turn({ content: "@小助手 库存", chatid: "CHAT_1" }, "message.text", async (frame) => {
    assert.equal(frame.body.chattype, "group");
    await client.replyStreamWithCard(frame, "S2", "见卡片", true, { templateCard: card });
  });
});
let media;
await round.check("upload, image answer", async () => {
  media = await client.uploadMedia(PNG, { type: "image", filename: "dot.png" });
  await turn({ content: "图" }, "message.text", (frame) => client.replyMedia(frame, "image", media.media_id));
});
await round.check("enter_chat, welcome", async () => {
  const heard = once(client, "event.enter_chat");
  const event = control("aibot/event", { receiver: "sample-bot", userid: "lin.mei", eventtype: "enter_chat" });
  await client.replyWelcome(await heard, { msgtype: "text", text: { content: "欢迎" } });
  await event;
});
await round.check("card, click, update", async () => {
  const card = { card_type: "button_interaction", main_title: { title: "批准？" }, button_list: [{ text: "是", style: 1, key: "yes" }], task_id: "t1" };
  await turn({ content: "审批" }, "message.text", (frame) => client.replyTemplateCard(frame, card));
  const heard = once(client, "event.template_card_event");
  const event = control("aibot/event", {
    receiver: "sample-bot", userid: "lin.mei", eventtype: "template_card_event",
    payload: { card_type: "button_interaction", event_key: "yes", task_id: "t1" },
  });
  const frame = await heard;
  assert.equal(frame.body.event.template_card_event.event_key, "yes");
  await client.updateTemplateCard(frame, { ...card, button_list: undefined, card_type: "text_notice", card_action: { type: 1, url: "http://a.invalid" } });
  await event;
});
await round.check("push markdown and media", async () => {
  await client.sendMessage("lin.mei", { msgtype: "markdown", markdown: { content: "**提醒**" } });
  await client.sendMediaMessage("lin.mei", "image", media.media_id);
});
await round.check("image message, download and decrypt", async () => {
  await control("media", { kind: "image", media_id: "IN_1", filename: "in.png", text: "hello, picture" });
  await turn({ msgtype: "image", payload: { media_id: "IN_1" } }, "message.image", async (frame) => {
    const { buffer } = await client.downloadFile(frame.body.image.url, frame.body.image.aeskey);
    assert.equal(buffer.toString(), "hello, picture");
    await client.replyStream(frame, "S9", "收到图片", true);
  });
});
await round.check("heartbeat", () => new Promise((resolve) => { setTimeout(resolve, 700); }).then(() => assert.ok(client.isConnected)));
await round.check("a second connection takes over", async () => {
  const told = once(client, "event.disconnected_event");
  const second = connect("sample-bot-secret");
  second.connect();
  await told;
  second.disconnect();
});
await round.check("a wrong secret is refused", async () => {
  const wrong = connect("wrong");
  const refused = once(wrong, "error");
  wrong.connect();
  await refused;
  wrong.disconnect();
});
client.disconnect();
round.end();
setTimeout(() => process.exit(), 100);
