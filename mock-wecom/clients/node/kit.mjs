// What the rounds of all Node clients share: the control API, checks, a callback receiver.
import assert from "node:assert/strict";
import http from "node:http";
import { createRequire } from "node:module";

export { assert };
export const MOCK = process.env.MOCK_WECOM ?? "http://127.0.0.1:8090";
export const CORP = "ww0000000000000001";
export const CUSTOMER = "wmSAMPLE00000000000000000000001";
export const KF = "wkSAMPLE00000000000000000000001";
export const TOKEN = "tok";
export const AES_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/** A red dot. */
export const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
);

/** Loads a package from the directory that the clients were installed into. */
export const load = createRequire(`${process.env.CLIENTS_DIR ?? process.cwd()}/package.json`);

/** Calls the control API. */
export async function control(path, body) {
  const answer = await fetch(`${MOCK}/mock/${path}`, {
    method: body === undefined ? "GET" : "POST",
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const json = await answer.json();
  assert.ok(answer.ok, `${path}: ${JSON.stringify(json)}`);
  return json;
}

/** One client's round: each step is printed, and what left the contract without being refused. */
export class Round {
  failed = 0;
  constructor(client) {
    this.client = client;
  }

  async begin() {
    await control("reset", {});
    return this;
  }

  async check(what, step) {
    const last = (await control("journal?last=1")).at(-1)?.id ?? 0;
    try {
      const got = await step();
      console.log(`ok    ${this.client}  ${what}`);
      return got;
    } catch (error) {
      this.failed += 1;
      console.log(`FAIL  ${this.client}  ${what}: ${error?.message ?? JSON.stringify(error)}`);
      return undefined;
    } finally {
      for (const entry of await control(`journal?since=${last}&problems=true`)) {
        console.log(`note  ${this.client}  ${entry.path}: ${entry.problems.join("; ")}`);
      }
    }
  }

  end() {
    process.exitCode = this.failed ? 1 : 0;
  }
}

/** Serves a callback URL; `handle` is what `http.createServer` takes. */
export function serve(handle) {
  const server = http.createServer(handle);
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({ url: `http://127.0.0.1:${server.address().port}/callback`, close: () => server.close() });
    });
  });
}

/** Serves a callback URL; `answer(query, body)` gives the body of the reply. */
export function receive(answer) {
  return serve(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const query = Object.fromEntries(new URL(request.url, "http://x").searchParams);
    try {
      response.end(await answer(query, Buffer.concat(chunks).toString()));
    } catch (error) {
      response.statusCode = 500;
      response.end(String(error));
    }
  });
}
