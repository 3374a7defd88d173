// node-easywechat 3.6.2: axios, form-data uploads, a callback server, JS-SDK tickets, OAuth.
import { AES_KEY, CORP, CUSTOMER, KF, MOCK, PNG, Round, TOKEN, assert, control, load, serve } from "./kit.mjs";

const { Work, FormData, ServerRequest } = load("node-easywechat");
const round = await new Round("node-easywechat 3.6.2").begin();
const settings = (secret) => ({
  corp_id: CORP, secret, token: TOKEN, aes_key: AES_KEY, agent_id: 1000002,
  http: { baseURL: `${MOCK}/`, throw: true },
  file_cache: { path: `/tmp/easywechat-${process.pid}-${secret}/` },
});
const work = (secret) => new Work(settings(secret));
const app = work("app-secret");
const api = app.getClient();
const contact = work("contact-secret").getClient();
const kf = work("kf-secret").getClient();
const good = (response) => {
  const body = response.toObject();
  assert.equal(body.errcode ?? 0, 0, JSON.stringify(body));
  return body;
};

await round.check("gettoken", () => app.getAccessToken().getToken());
await round.check("message/send", async () =>
  good(await api.postJson("/cgi-bin/message/send", { touser: "lin.mei", msgtype: "text", agentid: 1000002, text: { content: "你好" } })));
await round.check("message/send as form json string", async () =>
  good(await api.post("/cgi-bin/message/send", { json: { touser: "lin.mei", msgtype: "markdown", agentid: "1000002", markdown: { content: "**x**" } } })));
await round.check("user/get", async () => good(await api.get("/cgi-bin/user/get", { params: { userid: "lin.mei" } })));
await round.check("department/list", async () => good(await api.get("/cgi-bin/department/list")));
const media = await round.check("media/upload", async () => {
  const form = new FormData();
  form.append("media", PNG, { filename: "dot.png" });
  return good(await api.post("/cgi-bin/media/upload", { params: { type: "image" }, data: form, headers: form.getHeaders() }));
});
await round.check("media/get", async () => {
  const got = await api.get("/cgi-bin/media/get", { params: { media_id: media.media_id }, responseType: "arraybuffer" });
  assert.deepEqual(Buffer.from(got.getContent()), PNG);
});
await round.check("appchat/create, get, update, send", async () => {
  const { chatid } = good(await api.postJson("/cgi-bin/appchat/create", { name: "群", owner: "lin.mei", userlist: ["lin.mei", "wang.wei"] }));
  good(await api.get("/cgi-bin/appchat/get", { params: { chatid } }));
  good(await api.postJson("/cgi-bin/appchat/update", { chatid, name: "新群", add_user_list: ["zhao.min"] }));
  good(await api.postJson("/cgi-bin/appchat/send", { chatid, msgtype: "text", text: { content: "大家好" }, safe: 0 }));
});
await round.check("externalcontact: list, get, remark, mark_tag", async () => {
  assert.ok(good(await contact.get("/cgi-bin/externalcontact/list", { params: { userid: "lin.mei" } })).external_userid.length);
  good(await contact.get("/cgi-bin/externalcontact/get", { params: { external_userid: CUSTOMER } }));
  good(await contact.postJson("/cgi-bin/externalcontact/remark", { userid: "lin.mei", external_userid: CUSTOMER, remark: "老客户" }));
  const { tag_group } = good(await contact.postJson("/cgi-bin/externalcontact/get_corp_tag_list", {}));
  good(await contact.postJson("/cgi-bin/externalcontact/mark_tag", { userid: "lin.mei", external_userid: CUSTOMER, add_tag: [tag_group[0].tag[0].id], remove_tag: [] }));
});
await round.check("kf: account/list, sync_msg, send_msg", async () => {
  assert.equal(good(await kf.postJson("/cgi-bin/kf/account/list", {})).account_list[0].open_kfid, KF);
  await control("kf/say", { external_userid: CUSTOMER, content: "在吗" });
  const page = good(await kf.postJson("/cgi-bin/kf/sync_msg", { cursor: "", token: "", limit: 1000, open_kfid: KF }));
  assert.equal(page.msg_list.at(-1).text.content, "在吗");
  good(await kf.postJson("/cgi-bin/kf/send_msg", { touser: CUSTOMER, open_kfid: KF, msgtype: "text", text: { content: "在" } }));
});
await round.check("a refusal is read", async () => {
  const refused = await api.postJson("/cgi-bin/message/send", { touser: "nobody", msgtype: "text", agentid: 1000002, text: { content: "x" } });
  assert.equal(refused.toObject().errcode, 81013);
});
await round.check("JS-SDK config", async () => {
  const config = await app.getUtils().buildJsSdkConfig("http://a.invalid/");
  assert.equal(config.signature.length, 40);
  await app.getTicket().getAgentTicket(1000002);
});
await round.check("OAuth: user from code", async () => {
  const { code } = await control("oauth/login", { userid: "lin.mei" });
  const oauth = await app.getOAuth();
  const http = load("axios").create({ baseURL: MOCK });
  const redirect = oauth.redirect("http://a.invalid/back");
  assert.match(redirect, /appid=ww0000000000000001/);
  const got = await http.get("/cgi-bin/auth/getuserinfo", { params: { access_token: await app.getAccessToken().getToken(), code } });
  assert.equal(got.data.userid, "lin.mei");
});

const server = await serve(async (request, response) => {
  const instance = work("app-secret");
  instance.setRequest(await ServerRequest.createFromIncomingMessage(request));
  const handler = instance.getServer();
  handler.addMessageListener("text", (message) => `回：${message.Content}`);
  handler.addEventListener("click", (message) => `点：${message.EventKey}`);
  const answer = await handler.serve();
  response.writeHead(answer.getStatusCode(), answer.getHeaders());
  response.end(answer.getBody().toString());
});
await control("receivers", { name: "app", kind: "app", url: server.url, token: TOKEN, encoding_aes_key: AES_KEY, agent_id: 1000002 });
await round.check("callback: text and passive reply", async () => {
  const said = await control("app/say", { userid: "lin.mei", content: "在吗" });
  assert.match(JSON.stringify(said.reply), /回：在吗/);
});
await round.check("callback: event and passive reply", async () => {
  const said = await control("app/event", { userid: "lin.mei", event: "click", event_key: "K" });
  assert.match(JSON.stringify(said.reply), /点：K/);
});
await round.check("callback: URL verification", async () => {
  const verified = await control("receivers/verify", { name: "app" });
  assert.equal(verified.ok, true, verified.error);
});
server.close();
round.end();
