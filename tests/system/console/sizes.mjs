// How fast the first page is, and what is shown with nothing, with very much, and without a server.
import assert from "node:assert/strict";
import { accessible, fits, go, settled, title } from "./viewer.mjs";

const FIRST_PAGE_BYTES = 300_000;
const TRIES = 5; // the time is printed and judged by nobody: the machine may be busy with other tests
const NODES_MAX = 6000;

export async function firstPage(viewer, given) {
  const took = [];
  for (let i = 0; i < TRIES; i++) {
    const page = await viewer.open(given.open);
    await page.getByRole("link", { name: "default" }).waitFor();
    const seen = await page.evaluate(() => ({
      ms: performance.getEntriesByType("navigation")[0].loadEventEnd,
      painted: performance.getEntriesByName("first-contentful-paint")[0].startTime,
      bytes: [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")]
        .filter((one) => !one.name.includes("pointsman.v1.")).reduce((sum, one) => sum + one.encodedBodySize, 0),
      hosts: performance.getEntriesByType("resource").map((one) => new URL(one.name).host),
      own: location.host,
    }));
    took.push(Math.max(seen.ms, seen.painted));
    assert.ok(seen.bytes < FIRST_PAGE_BYTES, `the first page has ${seen.bytes} bytes`);
    assert.ok(seen.hosts.every((host) => host === seen.own), `no other host is asked: ${seen.hosts}`);
  }
  console.log(`first page: loaded and painted after ${took.map((ms) => ms.toFixed(0)).join(", ")} ms`);
}

export async function withoutPools(viewer, given) {
  const page = await viewer.open(given.empty, { width: 375 });
  await page.getByText("There is no pool yet").waitFor();
  await accessible(page, "no pool");
  await go(page, "#/system");
  await title(page, "System");
  await settled(page);
  await go(page, "#/pool/nowhere/arms");
  await page.getByText('There is no pool "nowhere"').waitFor();
  await go(page, "#/strange");
  await page.getByText("There is no such page").waitFor();
}

export async function withoutArms(viewer, given) {
  const page = await viewer.open(`${given.open}/#/pool/hollow/arms`);
  for (const [name, text] of [["arms", "This pool has no arm"], ["overview", "Nothing happened in the last hour"],
    ["tradeoff", "No decision is kept"], ["decisions", "No decision is kept"], ["learning", "No outcome was learned"], ["try", "No query yet"]]) {
    await go(page, `#/pool/hollow/${name}`);
    await page.getByText(text).waitFor();
    await settled(page);
    await accessible(page, `${name} of an empty pool`);
  }
  await page.getByLabel("Query", { exact: true }).fill("anything");
  await page.getByRole("button", { name: "Decide" }).click();
  await page.locator(".failure").waitFor();
  viewer.said.splice(0); // the browser tells of the answer's status
}

export async function withManyArms(viewer, given) {
  const page = await viewer.open(`${given.open}/#/pool/many/arms`);
  await page.getByText("arm-000000").waitFor();
  await page.getByText(`1 to 50 of ${given.manyArms.toLocaleString("en-US")}`).waitFor();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("arm-000050").waitFor();
  const last = `arm-${String(given.manyArms - 1).padStart(6, "0")}`;
  await page.getByLabel("Search by name").fill(last);
  await page.getByRole("rowheader", { name: new RegExp(last) }).waitFor();
  await page.getByText("arm-000050").waitFor({ state: "hidden" });
  const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
  assert.ok(nodes < NODES_MAX, `the page has ${nodes} nodes`);
  await page.getByLabel("Search by name").fill("none of them");
  await page.getByText('No arm has "none of them" in its name').waitFor();
  await go(page, "#/pool/many/overview");
  await title(page, "many");
  await settled(page);
  await fits(page, "the overview of many arms");
}

export async function withoutServer(viewer, given) {
  const page = await viewer.open(`${given.open}/#/pool/default/decisions`, { expects: /ERR_FAILED|Failed to load/ });
  await page.getByRole("table", { name: "Decisions" }).waitFor();
  await page.route("**/pointsman.v1.*/**", (route) => route.abort());
  await go(page, "#/pool/default/learning");
  await page.getByText("The server does not answer").first().waitFor();
  await accessible(page, "learning without a server");
  await page.unroute("**/pointsman.v1.*/**");
  const again = page.getByRole("button", { name: "Try again" });
  for (let tries = 0; (await again.count()) > 0 && tries < 20; tries++) {
    await again.first().click();
    await page.waitForTimeout(200);
  }
  await page.locator(".canvas canvas").nth(1).waitFor();
  await settled(page);
}
