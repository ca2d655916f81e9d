"use strict";
const assert = require("node:assert/strict");
const { execFileSync, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { folder, start, why } = require("../testing/real.js");
const { CONTRACT, PROTO, contract } = require("../script/stubs.js");

const ROOT = path.join(__dirname, "..");
const MANIFEST = require("../package.json");
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET/;
const PRELUDE = 'const llm = async (arm) => ({ text: arm, input: 12, output: 3 });\n';

function npm(...words) {
  return spawnSync("npm", words, { encoding: "utf8", shell: process.platform === "win32" });
}

// The README's first example, for the server of this test.
function example(address, outbox) {
  const [, code] = /```js\n([\s\S]*?)```/.exec(fs.readFileSync(path.join(ROOT, "README.md"), "utf8"));
  const filled = code.replace("127.0.0.1:7717", address).replace("pointsman.outbox", outbox)
    .replace("defaultArm", "deadlineMs: 20000, defaultArm")
    .replace("await router.close();", "await router.close();\nconsole.log(id, JSON.stringify(await router.status()));");
  return PRELUDE + filled;
}

function play(file, server, outbox) {
  fs.writeFileSync(file, example(server.address, outbox));
  const [id, status] = execFileSync(process.execPath, [file], { encoding: "utf8" }).trim().split(" ");
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(status, '{"waiting":0,"dropped":0,"rejected":0}');
  const shown = server.explain(id);
  if (shown !== null) assert.match(shown, /quality 1/);
}

test("the contract is that of proto/", { skip: fs.existsSync(PROTO) ? false : "needs the whole repository" }, () => {
  assert.equal(fs.readFileSync(CONTRACT, "utf8"), contract(), "run: npm run stubs");
});

test("the version is the server's", () => {
  const cmake = path.join(ROOT, "../../CMakeLists.txt");
  if (!fs.existsSync(cmake)) return;
  const [, version] = /project\([^)]*VERSION\s+([\d.]+)/.exec(fs.readFileSync(cmake, "utf8"));
  assert.equal(MANIFEST.version, version);
});

test("the lock file names no host", () => {
  assert.doesNotMatch(fs.readFileSync(path.join(ROOT, "package-lock.json"), "utf8"), /"resolved"/);
});

for (const name of ["@pointsman/client", "@pointsman/client/openai"]) {
  test(`import and require of ${name} give the same`, async () => {
    const required = require(name);
    const imported = await import(name);
    assert.deepEqual(Object.keys(required).sort(), Object.keys(imported).sort());
    for (const key of Object.keys(required)) assert.equal(required[key], imported[key]);
  });
}

test("the README's example runs", { skip: why }, async (t) => {
  const server = await start();
  t.after(() => server.stop());
  const work = path.join(ROOT, `example-${process.pid}.mjs`); // here the package finds itself
  t.after(() => fs.rmSync(work, { force: true }));
  play(work, server, path.join(folder(), "outbox"));
});

test("the packed package installs into an empty folder, and runs there", { skip: why }, async (t) => {
  const work = folder();
  const packed = npm("pack", ROOT, "--pack-destination", work, "--json");
  assert.equal(packed.status, 0, packed.stderr);
  const [{ filename, files }] = JSON.parse(packed.stdout);
  const names = files.map((file) => file.path);
  for (const file of ["README.md", "LICENSE", "src/index.mjs", "src/index.d.ts", "src/contract.json"]) {
    assert.ok(names.includes(file), file);
  }
  assert.deepEqual(names.filter((name) => /^(test|testing|script|driver)/.test(name)), []);
  const app = path.join(work, "app");
  fs.mkdirSync(app);
  fs.writeFileSync(path.join(app, "package.json"), '{"private": true}');
  const installed = npm("install", path.join(work, filename), "--prefix", app, "--ignore-scripts", "--no-audit",
    "--no-fund", "--prefer-offline");
  if (installed.status !== 0 && NO_NETWORK.test(installed.stderr)) return t.skip("npm has no network");
  assert.equal(installed.status, 0, installed.stderr);
  const server = await start();
  t.after(() => server.stop());
  return play(path.join(app, "example.mjs"), server, path.join(work, "outbox"));
});
