// One who looks at the console: a window with a size, colours and perhaps a token.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SHOWS_MS = 20_000; // on a busy machine

export class Viewer {
  said = [];
  pages = [];

  constructor(browser, given) {
    this.browser = browser;
    this.given = given;
  }

  // `expects`: what the browser may say of answers with an error, such as 401.
  async open(url, { width = 1280, height = 900, colours = "light", token = "", expects } = {}) {
    const context = await this.browser.newContext({ viewport: { width, height }, colorScheme: colours });
    const page = await context.newPage();
    page.setDefaultTimeout(SHOWS_MS);
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !expects?.test(message.text())) this.said.push(message.text());
    });
    page.on("pageerror", (error) => this.said.push(`${error.stack}`));
    await page.addInitScript((secret) => {
      if (secret) sessionStorage.setItem("pointsman.token", secret);
      document.addEventListener("securitypolicyviolation", (event) =>
        console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
    }, token);
    await page.goto(url);
    this.pages.push(page);
    return page;
  }

  // The page says nothing that it should not have said.
  async close() {
    for (const page of this.pages) await page.context().close();
    assert.deepEqual(this.said, [], "the browser's console is quiet");
  }
}

export async function go(page, hash) {
  await page.evaluate((to) => { location.hash = to; }, hash);
}

export const title = (page, text) => page.getByRole("heading", { level: 1, name: text, exact: true }).waitFor();

// Nothing loads any more, and nothing failed.
export async function settled(page) {
  await page.waitForFunction(() => !document.querySelector(".skeleton"));
  assert.deepEqual(await page.locator(".failure").allTextContents(), [], "nothing failed");
}

export async function accessible(page, what) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.filter((one) => one.impact !== "minor")
    .map((one) => `${one.impact} ${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(found, [], `axe finds nothing in ${what}`);
}

export async function fits(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${what} is no wider than the screen; it is by ${over} px`);
}

export async function call(url, method, message) {
  const answer = await fetch(`${url}/pointsman.v1.${method}`,
    { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(message) });
  assert.ok(answer.ok, `${method} answers: ${answer.status}`);
  return answer.json();
}
