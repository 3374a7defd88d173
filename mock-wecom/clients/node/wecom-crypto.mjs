// @wecom/crypto 1.0.1, Tencent's own codec: it opens our envelopes and ours opens its replies.
import { AES_KEY, CORP, Round, TOKEN, assert, control, load, receive } from "./kit.mjs";

const { decrypt, encrypt, getSignature, getJsApiSignature } = load("@wecom/crypto");
const round = await new Round("@wecom/crypto 1.0.1").begin();
const seen = [];

/** One receiver for XML; the reply is closed with `id`, as the scenario demands. */
const xml = await receive((query, body) => {
  const encrypted = query.echostr ?? body.match(/<Encrypt><!\[CDATA\[(.*?)\]\]><\/Encrypt>/)[1];
  assert.equal(getSignature(TOKEN, query.timestamp, query.nonce, encrypted), query.msg_signature);
  const plain = decrypt(AES_KEY, encrypted);
  assert.equal(plain.id, CORP);
  if (query.echostr) return plain.message;
  seen.push(plain.message);
  const user = plain.message.match(/<FromUserName><!\[CDATA\[(.*?)\]\]>/)?.[1] ?? "sys";
  const reply = `<xml><ToUserName><![CDATA[${user}]]></ToUserName><FromUserName><![CDATA[${CORP}]]></FromUserName><CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[${"界".repeat(seen.length)}]]></Content></xml>`;
  const sealed = encrypt(AES_KEY, reply, CORP);
  const signature = getSignature(TOKEN, "1760000000", "n0nce", sealed);
  return `<xml><Encrypt><![CDATA[${sealed}]]></Encrypt><MsgSignature><![CDATA[${signature}]]></MsgSignature><TimeStamp>1760000000</TimeStamp><Nonce><![CDATA[n0nce]]></Nonce></xml>`;
});
await control("receivers", { name: "app", kind: "app", url: xml.url, token: TOKEN, encoding_aes_key: AES_KEY, agent_id: 1000002 });
await round.check("URL verification", async () => assert.equal((await control("receivers/verify", { name: "app" })).ok, true));
await round.check("every pad length, both ways", async () => {
  for (let length = 1; length <= 33; length += 1) {
    const said = await control("app/say", { userid: "lin.mei", content: "x".repeat(length) });
    assert.equal(said.http_status, 200, JSON.stringify(said));
    assert.match(seen.at(-1), new RegExp(`<Content><!\\[CDATA\\[x{${length}}\\]\\]>`));
    assert.match(JSON.stringify(said.reply), new RegExp(`"界{${seen.length}}"`));
  }
});
await round.check("JS-SDK signature", async () => {
  const made = getJsApiSignature({ url: "http://a.invalid/", ticket: "T", nonceStr: "N", timestamp: 1 });
  assert.equal(made.signature.length, 40);
});
xml.close();

/** An intelligent bot: JSON envelopes, an empty receive id. */
const bot = await receive((query, body) => {
  const encrypted = query.echostr ?? JSON.parse(body).encrypt;
  assert.equal(getSignature(TOKEN, query.timestamp, query.nonce, encrypted), query.msg_signature);
  const plain = decrypt(AES_KEY, encrypted);
  assert.equal(plain.id, "");
  if (query.echostr) return plain.message;
  const message = JSON.parse(plain.message);
  const stream = { msgtype: "stream", stream: { id: "S1", finish: true, content: `收到：${message.text.content}` } };
  const sealed = encrypt(AES_KEY, JSON.stringify(stream), "");
  const timestamp = Math.floor(Date.now() / 1000);
  return JSON.stringify({ encrypt: sealed, msgsignature: getSignature(TOKEN, timestamp, query.nonce, sealed), timestamp, nonce: query.nonce });
});
await control("receivers", { name: "bot", kind: "aibot", url: bot.url, token: TOKEN, encoding_aes_key: AES_KEY });
await round.check("aibot: URL verification", async () => assert.equal((await control("receivers/verify", { name: "bot" })).ok, true));
await round.check("aibot: message and stream", async () => {
  const said = await control("aibot/say", { receiver: "bot", userid: "lin.mei", content: "库存" });
  assert.equal(said.reply?.stream?.content, "收到：库存");
});
bot.close();
round.end();
