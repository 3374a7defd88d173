// wechat-enterprise 0.1.1 (with wechat-crypto 0.0.2): a callback receiver as a connect middleware.
import { AES_KEY, CORP, Round, TOKEN, assert, control, load, serve } from "./kit.mjs";

const wechat = load("wechat-enterprise");
const round = await new Round("wechat-enterprise 0.1.1").begin();

const middleware = wechat({ token: TOKEN, encodingAESKey: AES_KEY, corpId: CORP }, (request, response) => {
  const message = request.weixin;
  if (message.MsgType === "event") {
    response.reply(`事件 ${message.Event} ${message.EventKey}`);
  } else if (message.MsgType === "text" && message.Content === "图文") {
    response.reply([{ title: "题", description: "述", picurl: "http://a.invalid/p.png", url: "http://a.invalid" }]);
  } else {
    response.reply(`收到 ${message.MsgType} ${message.Content ?? message.MediaId ?? ""}`);
  }
});
const server = await serve((request, response) => {
  request.query = Object.fromEntries(new URL(request.url, "http://x").searchParams);
  middleware(request, response, (error) => response.writeHead(500).end(String(error)));
});
await control("receivers", { name: "app", kind: "app", url: server.url, token: TOKEN, encoding_aes_key: AES_KEY, agent_id: 1000002 });

await round.check("URL verification", async () => assert.equal((await control("receivers/verify", { name: "app" })).ok, true));
await round.check("text message, passive text", async () => {
  const said = await control("app/say", { userid: "lin.mei", content: "你好 <&>" });
  assert.match(JSON.stringify(said.reply), /收到 text 你好/);
});
await round.check("text message, passive news", async () => {
  const said = await control("app/say", { userid: "lin.mei", content: "图文" });
  assert.match(JSON.stringify(said.reply), /news/);
});
await round.check("event click", async () => {
  const said = await control("app/event", { userid: "lin.mei", event: "click", event_key: "MENU" });
  assert.match(JSON.stringify(said.reply), /事件 click MENU/);
});
server.close();
round.end();
