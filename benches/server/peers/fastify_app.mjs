// The usual callback in Node: fastify with @wecom/crypto, which keeps nothing.

import { createRequire } from "node:module";

const require = createRequire(process.env.BENCH_MODULES + "/");
const fastify = require("fastify");
const { getSignature, decrypt } = require("@wecom/crypto");
const { XMLParser } = require("fast-xml-parser");

const TOKEN = "TestToken01";
const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const xml = new XMLParser();
const app = fastify();
app.addContentTypeParser("text/xml", { parseAs: "string" }, (_, body, done) => done(null, body));

app.post("/callback/:name", async (request, reply) => {
  const { msg_signature, timestamp, nonce } = request.query;
  const { Encrypt } = xml.parse(request.body).xml;
  if (getSignature(TOKEN, timestamp, nonce, Encrypt) !== msg_signature) {
    return reply.code(403).send();
  }
  const message = xml.parse(decrypt(KEY, Encrypt).message).xml;
  return reply.code(message.Content ? 200 : 400).send();
});

const address = await app.listen({ port: 0, host: "127.0.0.1" });
console.log(address.replace("http://", ""));
