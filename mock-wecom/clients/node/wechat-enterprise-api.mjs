// wechat-enterprise-api 0.3.0: the oldest client still installed a lot; urllib, callbacks.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { CORP, MOCK, PNG, Round, assert, control, load } from "./kit.mjs";

const API = load("wechat-enterprise-api");
const round = await new Round("wechat-enterprise-api 0.3.0").begin();

function client(secret) {
  const api = new API(CORP, secret, 1000002);
  api.prefix = `${MOCK}/cgi-bin/`;
  return new Proxy(api, { get: (target, name) => (...args) =>
    new Promise((resolve, reject) => {
      target[name](...args, (error, data) => (error ? reject(error) : resolve(data)));
    }) });
}

// It counts on `fetch_child`, which the platform has dropped for newer apps.
await control("switches", { fetch_child: true });
const api = client("app-secret");
await round.check("gettoken", () => api.getAccessToken());
await round.check("getcallbackip", async () => assert.ok((await api.getCallbackIP()).length));
await round.check("user/get", async () => assert.equal((await api.getUser("lin.mei")).userid, "lin.mei"));
await round.check("user/simplelist", async () => {
  assert.ok((await api.getDepartmentUsers(1, 1, 0)).userlist.length >= 3);
});
await round.check("user/list", async () => {
  assert.ok((await api.getDepartmentUsersDetail(1, 1, 0)).userlist[0].name);
});
await round.check("department/list", async () => assert.ok((await api.getDepartments()).department.length));
await round.check("user/getuserinfo", async () => {
  const { code } = await control("oauth/login", { userid: "lin.mei" });
  assert.equal((await api.getUserIdByCode(code)).UserId, "lin.mei");
});
await round.check("message/send text", async () => {
  const sent = await api.send({ touser: "lin.mei" }, { msgtype: "text", text: { content: "hi" }, safe: "0" });
  assert.equal(sent.errcode, 0);
});
await round.check("message/send news", () =>
  api.send(
    { touser: "@all" },
    { msgtype: "news", news: { articles: [{ title: "T", description: "D", url: "http://a.invalid", picurl: "http://a.invalid/p.png" }] } },
  ));
const file = path.join(os.tmpdir(), `dot-${process.pid}.png`);
fs.writeFileSync(file, PNG);
const media = await round.check("media/upload", () => api.uploadMedia(file, "image"));
await round.check("media/get", async () => {
  const got = await api.getMedia(media.media_id);
  assert.deepEqual(Buffer.from(got), PNG);
});
fs.unlinkSync(file);
await round.check("get_jsapi_ticket", async () => {
  const config = await api.getJsConfig({ debug: false, jsApiList: ["scanQRCode"], url: "http://a.invalid/" });
  assert.equal(config.signature.length, 40);
});
await round.check("menu/create, get, delete", async () => {
  await api.createMenu({ button: [{ type: "click", name: "菜单", key: "M" }] });
  assert.equal((await api.getMenu()).button[0].key, "M");
  await api.removeMenu();
});
await round.check("agent/get", async () => assert.equal((await api.getAgent(1000002)).agentid, 1000002));

const book = client("book-secret");
await round.check("user/create, update, delete", async () => {
  await book.createUser({ userid: "new.one", name: "新人", department: [1], mobile: "13800000000" });
  await book.updateUser({ userid: "new.one", name: "老人" });
  assert.equal((await book.getUser("new.one")).name, "老人");
  await book.deleteUser("new.one");
});
await round.check("department/create, update, delete", async () => {
  const { id } = await book.createDepartment("新部门", { parentid: 1, order: 7 });
  await book.updateDepartment(id, { name: "改名" });
  await book.deleteDepartment(id);
});
await round.check("tag/create, addtagusers, get, list, delete", async () => {
  const { tagid } = await book.createTag("标签", {});
  await book.addTagUsers(tagid, ["lin.mei"]);
  assert.equal((await book.getTagUsers(tagid)).userlist[0].userid, "lin.mei");
  assert.ok((await book.listTags()).taglist.some((tag) => tag.tagid === tagid));
  await book.deleteTagUsers(tagid, ["lin.mei"]);
  await book.deleteTag(tagid);
});
round.end();
