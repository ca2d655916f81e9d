// Every page, wide and light, narrow and dark: it shows something, fits, and axe finds nothing.
import assert from "node:assert/strict";
import { join } from "node:path";
import { accessible, call, fits, go, settled, title } from "./viewer.mjs";

const POOL = "#/pool/default";

async function decided(page) {
  await page.getByLabel("Query", { exact: true }).fill("Prove that the square root of 2 is irrational");
  await page.getByRole("button", { name: "Decide" }).click();
  await page.getByRole("table", { name: "Candidates" }).waitFor();
}

// name, address, title, and what is there when the page is complete
const PAGES = [
  ["pools", "#/pools", "Pools", (page) => page.getByRole("link", { name: "default" }).waitFor()],
  ["overview", `${POOL}/overview`, "default", (page) => page.locator(".canvas canvas").nth(5).waitFor()],
  ["arms", `${POOL}/arms`, "Arms", (page) => page.locator(".group-arms").first().waitFor()],
  ["tradeoff", `${POOL}/tradeoff`, "Trade-off", (page) => page.locator(".share-list li").first().waitFor()],
  ["try", `${POOL}/try`, "Try a query", decided],
  ["decisions", `${POOL}/decisions`, "Decisions", (page) => page.getByRole("table", { name: "Decisions" }).waitFor()],
  ["learning", `${POOL}/learning`, "Learning", (page) => page.locator(".canvas canvas").nth(1).waitFor()],
  ["system", "#/system", "System", (page) => page.getByRole("table", { name: "Limits" }).waitFor()],
];

async function lookAt(viewer, given, name, options) {
  const page = await viewer.open(given.open, options);
  const { decisions } = await call(given.open, "Insight/ListDecisions", { feedback: "TOLD", pageSize: 1 });
  const one = ["decision", `${POOL}/decisions/${decisions[0].decisionId}`, "Decision",
               (on) => on.getByRole("table", { name: "Outcomes" }).waitFor()];
  for (const [shot, hash, heading, isComplete] of [...PAGES, one]) {
    await go(page, hash);
    await title(page, heading);
    await isComplete(page);
    await settled(page);
    const what = `${shot}, ${name}`;
    assert.ok((await page.title()).includes("Pointsman"), `${what} has a title`);
    await fits(page, what);
    await accessible(page, what);
    await page.screenshot({ path: join(given.shots, `${shot}-${name}.png`) });
  }
}

export const wideAndLight = (viewer, given) => lookAt(viewer, given, "light", { colours: "light" });
export const narrowAndDark = (viewer, given) => lookAt(viewer, given, "phone", { width: 375, height: 812, colours: "dark" });

export async function dark(viewer, given) {
  const page = await viewer.open(`${given.open}/${POOL}/overview`, { colours: "dark" });
  await page.locator(".canvas canvas").nth(5).waitFor();
  await settled(page);
  await accessible(page, "overview, dark");
  await page.screenshot({ path: join(given.shots, "overview-dark.png") });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await background();
  await page.getByRole("button", { name: /Colours/ }).click();
  assert.notEqual(await background(), before, "the switch makes it light");
  await page.reload();
  await page.locator(".canvas canvas").nth(5).waitFor();
  assert.notEqual(await background(), before, "and it stays light");
}

export async function warns(viewer, given) {
  const page = await viewer.open(`${given.open}/${POOL}/overview`);
  await page.getByText(/unpriced has no price/).waitFor();
  await page.locator(".as-table summary").first().click();
  await page.getByRole("region", { name: "Share of each arm as a table" }).waitFor();
  for (const span of ["Day", "Week"]) {
    await page.getByRole("radio", { name: span }).check();
    await page.getByText(`in the last ${span.toLowerCase()}`).first().waitFor();
    await settled(page);
  }
  await go(page, "#/pool/failing/overview");
  await page.getByText(/broken has no price/).waitFor();
  await page.getByText(/broken (fails in \d|is watched)/).first().waitFor();
  await page.getByText(/of the decisions of this hour got no feedback/).waitFor();
}
