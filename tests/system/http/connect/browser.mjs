// connect-web in Chromium: a page calls servers of another origin, which allow its origin or do not.
// usage: node browser.mjs '{"contract": FILE, "page": ORIGIN, "url": ..., "lockedUrl": ..., "strangeUrl": ...,
//                           "tokens": {"all": ...}, "chromium": FILE, "messageBytesMax": N}'
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createConnectTransport } from "@connectrpc/connect-node";
import { chromium } from "playwright-core";
import { Contract, withHeaders } from "./contract.mjs";
import { imported } from "./imported.mjs";

const given = JSON.parse(process.argv[2]);
const contract = new Contract(readFileSync(given.contract));

// Browsers know no packages; a map of their files needs no bundler.
function importMap() {
  const imports = {};
  for (const name of ["@bufbuild/protobuf", "@connectrpc/connect", "@connectrpc/connect-web", "chai"]) {
    const folder = `node_modules/${name}`;
    const { exports, main } = JSON.parse(readFileSync(`${folder}/package.json`));
    for (const [path, files] of Object.entries(exports ?? { ".": { import: main } })) {
      if (files.import) imports[name + path.slice(1)] = new URL(files.import, `${given.page}/${folder}/`).href;
    }
  }
  return JSON.stringify({ imports });
}

writeFileSync("page.html", `<!doctype html><title>a page</title><link rel="icon" href="data:,">
<script type="importmap">${importMap()}</script><script type="module" src="page.mjs"></script>\n`);

async function decisions(url) {
  const answer = await fetch(`${url}/pointsman.v1.Admin/GetStats`,
    { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  return (await answer.json()).decisions;
}

const failure = (page, ...words) => page.evaluate((all) => window.page.failure(...all), words);

// connect-web sends no streams, since browsers send none over HTTP/1.1: Node sends the import.
async function importFor(url, token, pool) {
  const { admin } = contract.clients(createConnectTransport({
    baseUrl: url, httpVersion: "1.1", interceptors: [withHeaders(token ? { Authorization: `Bearer ${token}` } : {})],
  }));
  await admin.importOutcomes(imported(pool, 200));
}

async function checkCalls(page, useBinaryFormat, url, token) {
  const pool = `page-${useBinaryFormat ? "binary" : "json"}`;
  const run = (...steps) => page.evaluate((words) => window.page.runCalls(...words),
    [url, useBinaryFormat, token, steps, pool]);
  const first = await run("checkPools", "checkDecisions", "checkInsight");
  await importFor(url, token, pool);
  const second = await run("checkImported", "checkServer", "checkErrors", "checkEnd");
  const what = `in a page, ${pool} at ${url}`;
  assert.deepEqual([...first.failures, ...second.failures], [], what);
  const answered = new Set([...first.answered, ...second.answered]);
  assert.deepEqual([...answered].sort(), contract.names("unary"), `every unary RPC was answered ${what}`);
}

async function checkAllowed(page) {
  for (const useBinaryFormat of [false, true]) {
    await checkCalls(page, useBinaryFormat, given.url);
    await checkCalls(page, useBinaryFormat, given.lockedUrl, given.tokens.all);
  }
  const closed = await failure(page, given.lockedUrl);
  assert.equal(closed.code, "Unauthenticated", `and that its token is missing: ${closed.message}`);
}

async function checkLarge(page) {
  const large = await failure(page, given.url, { query: "x".repeat(given.messageBytesMax + 100) });
  assert.equal(large.code, "ResourceExhausted", `a page reads that its message is too large: ${large.message}`);
}

async function checkRefused(page) {
  const before = await decisions(given.strangeUrl);
  const refused = await failure(page, given.strangeUrl);
  assert.equal(refused.code, "Unknown", "a server that does not name the origin is not called");
  assert.match(refused.message, /fetch/);
  const path = `${given.strangeUrl}/pointsman.v1.Router/Route`;
  for (const type of ["text/plain", "application/x-www-form-urlencoded", undefined]) {
    await page.evaluate((words) => window.page.form(...words), [path, type]);
  }
  assert.equal(await decisions(given.strangeUrl), before, "it decided nothing, for scripts and forms alike");
}

const browser = await chromium.launch({ executablePath: given.chromium, args: ["--disable-dev-shm-usage"] });
try {
  const page = await browser.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => assert.fail(`the page: ${error}`));
  await page.goto(`${given.page}/page.html`);
  await page.waitForFunction(() => window.page);
  await checkAllowed(page);
  said.length = 0;
  await checkRefused(page);
  assert.ok(said.some((text) => text.includes("CORS policy")), `the browser names CORS: ${said}`);
  await checkLarge(page);
  console.log(`browser: Chromium ${browser.version()}`);
} finally {
  await browser.close();
}
