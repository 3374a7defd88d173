const { start } = require("./mock-wecom");

const CUSTOMER = "wmSAMPLE00000000000000000000001";
const KF = "wkSAMPLE00000000000000000000001";
let mock;

beforeAll(async () => { mock = await start(); });
beforeEach(() => mock.call("reset", {}));
afterAll(() => mock.stop());

/// Stands for your bot: point its base URL at the mock instead of qyapi.weixin.qq.com.
async function send(text) {
  const json = async (path, options) => (await fetch(mock.baseUrl + path, options)).json();
  const { access_token } = await json("/cgi-bin/gettoken?corpid=ww0000000000000001&corpsecret=kf-secret");
  const body = { touser: CUSTOMER, open_kfid: KF, msgtype: "text", text: { content: text } };
  return json(`/cgi-bin/kf/send_msg?access_token=${access_token}`, { method: "POST", body: JSON.stringify(body) });
}

test("the customer gets an answer", async () => {
  await mock.call("kf/say", { external_userid: CUSTOMER, content: "价格表" });
  expect(await send("这是价格表")).toMatchObject({ errcode: 0 });
  await mock.expectCall("kf/send_msg", { body: { touser: CUSTOMER, text: { content: { $contains: "价格" } } }, count: 1 });
  const lines = await mock.call(`chat?external_userid=${CUSTOMER}`);
  expect(lines.at(-1).text).toBe("这是价格表");
});

test("a busy platform", async () => {
  await mock.call("kf/say", { external_userid: CUSTOMER, content: "在吗" });
  await mock.call("faults", { path: "kf/send_msg", action: "errcode", code: 45009 });
  expect((await send("您好")).errcode).toBe(45009);
  expect((await send("您好")).errcode).toBe(0);
});
