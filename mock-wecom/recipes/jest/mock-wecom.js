// A mock-wecom for a test file, and a small client of its control API.
//
// Needs Node 18 or later. MOCK_WECOM names the program (default: the one in PATH);
// MOCK_WECOM_URL uses a mock that is already running, such as a container.
const { spawn } = require("node:child_process");
const { createInterface } = require("node:readline");

async function start() {
  if (process.env.MOCK_WECOM_URL) return client(process.env.MOCK_WECOM_URL, () => {});
  const program = spawn(process.env.MOCK_WECOM || "mock-wecom", ["serve", "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // The first line reads "mock-wecom listening on http://127.0.0.1:PORT".
  const line = await new Promise((resolve, reject) => {
    program.once("error", reject);
    createInterface({ input: program.stdout }).once("line", resolve);
  });
  return client(line.split(" ").pop(), () => program.kill());
}

function client(baseUrl, stop) {
  /// `mock.call("kf/say", {...})` posts to /mock/kf/say, `mock.call("state")` gets.
  async function call(path, body) {
    const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(`${baseUrl}/mock/${path}`, options);
    const value = await answer.json();
    if (!answer.ok) throw new Error(value.error);
    return value;
  }
  /// Calls of an endpoint, waited for; throws with what came closest.
  async function expectCall(path, wanted = {}) {
    const met = await call("journal/assert", { kind: "call", path, wait_ms: 5000, ...wanted });
    return met.entries;
  }
  return { baseUrl, call, expectCall, stop };
}

module.exports = { start };
