// What viewers with different tokens see.
import assert from "node:assert/strict";
import { accessible, go, settled, title } from "./viewer.mjs";

const REFUSED = /status of 40[13]/;

export async function tokenBox(viewer, given) {
  const page = await viewer.open(given.locked, { expects: REFUSED });
  await title(page, "This server asks for a token");
  await accessible(page, "the token box");
  await page.getByLabel("Token").fill("pm1.wrong.token");
  await page.getByRole("button", { name: "Use this token" }).click();
  await page.getByText("The server does not accept this token").waitFor();
  await page.getByLabel("Token").fill(given.tokens.admin);
  await page.getByRole("button", { name: "Use this token" }).click();
  await title(page, "Pools");
  await page.getByRole("link", { name: "default" }).waitFor();
  await page.getByText("admin", { exact: true }).waitFor();
  await page.reload();
  await title(page, "Pools");
  const kept = await page.evaluate(() => [sessionStorage.length, localStorage.getItem("pointsman.token")]);
  assert.equal(kept[1], null, "the token is not kept beyond the tab");
  await go(page, "#/pool/default/arms");
  await page.getByRole("button", { name: "Edit gpt-4o", exact: true }).waitFor();
}

export async function reader(viewer, given) {
  const page = await viewer.open(`${given.locked}/#/pool/default/arms`, { token: given.tokens.reader });
  await page.getByText(/You can look but not change: the token "reader" has the scopes read/).waitFor();
  await page.getByRole("rowheader", { name: /gpt-4o-mini/ }).waitFor();
  for (const name of [/^Edit/, /^Pause/, /^Reset/, /^Remove/, /^Add/]) {
    assert.equal(await page.getByRole("button", { name }).count(), 0, `a reader has no button ${name}`);
  }
  await accessible(page, "arms for a reader");
  for (const name of ["overview", "tradeoff", "try", "decisions", "learning"]) {
    await go(page, `#/pool/default/${name}`);
    await page.locator("h1").waitFor();
    await settled(page);
    assert.equal(await page.getByRole("button", { name: /Import|Make it the default/ }).count(), 0, `a reader changes nothing in ${name}`);
  }
  await go(page, "#/system");
  await title(page, "System");
  assert.equal(await page.getByRole("button", { name: "Back up now" }).count(), 0, "a reader makes no backup");
}

export async function router(viewer, given) {
  const page = await viewer.open(given.locked, { token: given.tokens.router, expects: REFUSED });
  await page.getByText("You have no permission for this").waitFor();
  await page.getByText(/Ask whoever runs the server/).waitFor();
  await accessible(page, "no permission");
}
