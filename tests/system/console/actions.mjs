// Everything that an operator can do here, and what it does to the server.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { accessible, call, go, settled, title } from "./viewer.mjs";


async function armOf(given, name) {
  const { arms = [] } = await call(given.open, "Admin/ListArms", { pool: "default", includeRemoved: true });
  return arms.filter((arm) => arm.name === name).at(-1);
}

async function press(page, name) {
  await page.getByRole("dialog").getByRole("button", { name, exact: true }).click();
}

export async function arms(viewer, given) {
  const page = await viewer.open(`${given.open}/#/pool/default/arms`);
  await page.getByRole("button", { name: "Add an arm" }).click();
  await page.getByRole("dialog").getByLabel(/^Name/).fill("console-arm");
  await page.getByLabel("USD per million input tokens").fill("2");
  await accessible(page, "the form of an arm");
  await press(page, "Review");
  await page.getByText("arm console-arm: new").waitFor();
  assert.equal(await armOf(given, "console-arm"), undefined, "a review changes nothing");
  await press(page, "Add");
  await page.getByRole("button", { name: "Edit console-arm" }).click();
  await page.getByLabel("USD per million input tokens").fill("");
  await page.getByLabel("USD per million output tokens").fill("3");
  await press(page, "Review");
  await page.getByText(/usd_per_1m_output: .*3/).waitFor();
  await page.getByText(/usd_per_1m_input: 2 → unset/).waitFor();
  await accessible(page, "a difference");
  await press(page, "Back");
  assert.equal(await page.getByLabel("USD per million output tokens").inputValue(), "3", "what was typed is still there");
  await press(page, "Review");
  await page.getByText(/usd_per_1m_output/).waitFor();
  await press(page, "Apply");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  const edited = await armOf(given, "console-arm");
  assert.deepEqual([edited.usdPer1mInput, edited.usdPer1mOutput], [undefined, 3], "the edit is on the server");

  for (const [button, change, verb, status] of [["Pause", /status: active → paused/, "Pause", "PAUSED"],
    ["Resume", /status: paused → active/, "Resume", "ACTIVE"], ["Remove", /status → removed/, "Remove", "REMOVED"]]) {
    if (button === "Remove") await reset(page);
    await page.getByRole("button", { name: `${button} console-arm` }).click();
    await page.getByText(change).waitFor();
    await press(page, verb);
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.equal((await armOf(given, "console-arm")).status, status, `${button} works`);
  }
}

async function reset(page) {
  await page.getByRole("button", { name: "Reset console-arm" }).click();
  await page.getByLabel("Start with what another arm learned").fill("gpt-4o");
  await press(page, "Review");
  await page.getByText(/what gpt-4o learned, counting as 10 outcomes/).waitFor();
  await press(page, "Reset");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
}

export async function keyboard(viewer, given) {
  const page = await viewer.open(`${given.open}/#/pool/default/arms`);
  const edit = page.getByRole("button", { name: "Edit gpt-4o", exact: true });
  await edit.waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main", "the first link skips to the page");
  await edit.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.ok(await edit.evaluate((button) => button === document.activeElement), "the focus is back where it was");
}

export async function tradeoff(viewer, given) {
  const page = await viewer.open(`${given.open}/#/pool/default/tradeoff`);
  await page.locator(".share-list li").first().waitFor();
  await settled(page);
  // From a moved slider to the changed figures. Two preferences may have the same figures, so the status says which
  // preference its figures are for.
  const took = await page.evaluate(async () => {
    const all = [];
    const slider = document.querySelector("input[type=range]");
    const figures = document.querySelector(".tradeoff [role=status]");
    for (const value of [0.2, 1, 0.4, 0.95, 0.3, 0.9]) {
      const before = figures.textContent, began = performance.now();
      slider.value = value;
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      while (figures.textContent === before && performance.now() - began < 1000) await new Promise(requestAnimationFrame);
      all.push(performance.now() - began);
    }
    return all;
  });
  console.log(`slider: answered after ${took.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  assert.ok(took.every((ms) => ms < 1000), `the slider changes the figures: ${took}`);
  const dot = page.locator(".triangle .dot");
  const moved = async (from, what) => {
    await page.waitForFunction((old) => document.querySelector(".triangle .dot").getAttribute("cx") !== old, from)
      .catch(() => assert.fail(what));
    return dot.getAttribute("cx");
  };
  const box = await page.locator(".triangle").boundingBox();
  const before = await dot.getAttribute("cx");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 30, box.y + box.height / 2 + 30);
  await page.mouse.up();
  const dragged = await moved(before, "the point follows the pointer");
  await page.locator(".triangle").focus();
  await page.keyboard.press("ArrowLeft");
  await moved(dragged, "the arrow keys move the point");
  await page.getByText(/default_preference: \{quality: 0\.\d+/).waitFor();
  await page.getByRole("button", { name: "Make it the default" }).click();
  await page.getByRole("dialog").getByText(/default_preference/).waitFor();
  await press(page, "Apply");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  const { pool } = await call(given.open, "Admin/GetPool", { name: "default" });
  assert.notEqual(pool.settings.defaultPreference.quality, 0.9, "the pool has another default");
  await call(given.open, "Admin/PutPool", { name: "default", settings: { defaultPreference: { quality: 0.9, cost: 0.1 } } });
}

export async function tryQuery(viewer, given) {
  const page = await viewer.open(`${given.open}/#/pool/default/try`);
  const decisions = async () => (await call(given.open, "Insight/ListDecisions", { text: "only a preview" })).decisions ?? [];
  await page.getByLabel("Query", { exact: true }).fill("only a preview of a question");
  await page.getByText("Constraints").click();
  await page.getByLabel("None of these arms").fill("gpt-4o");
  await page.getByRole("button", { name: "Decide" }).click();
  await page.getByRole("table", { name: "Candidates" }).waitFor();
  await page.getByRole("table", { name: "Arms that could not be chosen" }).getByText("gpt-4o", { exact: true }).waitFor();
  await page.getByRole("table", { name: "Similar past queries" }).waitFor();
  assert.equal((await decisions()).length, 0, "a preview is not recorded");
}

export async function decisions(viewer, given) {
  const page = await viewer.open(`${given.open}/#/pool/default/decisions?arm=mathstral-7b&feedback=FAILED`);
  await page.getByText("provider").first().waitFor();
  assert.equal(await page.getByLabel("Arm").inputValue(), "mathstral-7b", "the address fills the filters");
  await page.getByLabel("Feedback").selectOption("TOLD");
  await page.waitForFunction(() => location.hash.includes("feedback=TOLD"));
  await page.getByRole("button", { name: "Clear" }).click();
  await page.waitForFunction(() => !location.hash.includes("?"));
  await page.getByText("50 decisions shown").waitFor();
  await page.getByRole("button", { name: "Older decisions" }).click();
  await page.getByText("100 decisions shown").waitFor();
  await page.getByLabel("Text of the query").fill("no query has this text");
  await page.getByText("No decision passes these filters").waitFor();
  await page.getByLabel("Text of the query").fill("a hard question");
  await page.getByRole("table", { name: "Decisions" }).getByRole("link").first().click();
  await title(page, "Decision");
  await page.getByText("a hard question").waitFor();
  await page.getByText(/the best by utility/).waitFor();
  await page.getByRole("button", { name: "Decide again from the log" }).click();
  await page.getByText("recomputed: same pick").waitFor();
}

export async function policies(viewer, given) {
  const page = await viewer.open(`${given.open}/#/pool/default/learning`);
  const table = page.getByRole("table", { name: "Policies" });
  await table.getByText("always gpt-4o", { exact: true }).waitFor();
  await table.getByText("any arm, with equal chances").waitFor();
  const served = await table.getByRole("row").nth(1).getByRole("cell").first().textContent();
  const { served: told } = await call(given.open, "Insight/ComparePolicies", { pool: "default" });
  assert.ok(Math.abs(Number.parseFloat(served) - told.quality.dr) < 0.05, `what was served earned ${served}, and the server says ${told.quality.dr}`);
  await page.getByRole("group", { name: "Figure of the policies" }).getByRole("radio", { name: "Cost" }).check();
  await page.getByText(/Costs over \$/).waitFor();
  await page.getByRole("radio", { name: "20,000" }).check();
  await page.getByText(/decisions since/).waitFor();
  await settled(page);
  await accessible(page, "policies");
}

export async function controlGroup(viewer, given) {
  await call(given.open, "Admin/PutPool", { name: "grouped", arms: [{ name: "dear", usdPerRequest: 0.01 }, { name: "cheap", usdPerRequest: 0.001 }],
                                            settings: { holdoutShare: 0.4, holdoutArm: "dear", defaultPreference: { quality: 0.5, cost: 0.5 } } });
  for (let i = 0; i < 80; i++) {
    const { decisionId, arm } = await call(given.open, "Router/Route", { pool: "grouped", query: `question ${i}` });
    await call(given.open, "Router/Feedback", { pool: "grouped", decisionId, quality: 1, costUsd: arm === "dear" ? 0.01 : 0.001 });
  }
  const page = await viewer.open(`${given.open}/#/pool/grouped/overview`);
  await page.getByText("40.0% of the decisions get the baseline: dear.").waitFor();
  const saved = page.locator(".stat", { hasText: "Saved per answer" });
  await saved.getByText("between").waitFor();
  assert.match(await saved.textContent(), /\+\$0\.00\d/, "the pool saves, next to the dear baseline");
  await settled(page);
  await accessible(page, "the control group");
  await go(page, "#/pool/grouped/decisions");
  await page.getByText("control group").first().waitFor();
  await call(given.open, "Admin/DeletePool", { name: "grouped" });
}

export async function dataReplay(viewer, given) {
  const page = await viewer.open(`${given.open}/#/pool/hollow/learning`);
  const outcomes = async () => Number((await call(given.open, "Admin/GetStats", { pool: "hollow" })).outcomes ?? 0);
  const before = await outcomes();
  const count = 60;
  const text = (lines) => Buffer.from(lines.join("\n"));
  const numbers = Array.from({ length: count }, (_, i) => i);
  const files = [
    { name: "models.json", mimeType: "application/json", buffer: Buffer.from('[{"name": "strong"}, {"name": "weak"}]') },
    { name: "queries.jsonl.gz", mimeType: "application/gzip", buffer: gzipSync(text(numbers.map((i) => JSON.stringify({ id: `q${i}`, text: `question ${i}` })))) },
    { name: "outcomes.tsv", mimeType: "text/plain", buffer: text(["id\tmodel\tquality\tcost_usd", ...numbers.flatMap((i) => [`q${i}\tstrong\t1\t0.01`, `q${i}\tweak\t0\t0.001`])]) },
  ];
  await page.getByLabel("Files").setInputFiles(files.slice(0, 2));
  await page.getByText("Choose the files queries, outcomes and models").waitFor();
  await page.getByLabel("Files").setInputFiles(files);
  await page.getByText(`${count} questions, 2 arms.`).waitFor();
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await page.getByText(`${count} of ${count} played`).waitFor();
  const table = page.getByRole("table", { name: "Replayed next to fixed choices" });
  await table.getByText("always strong").waitFor();
  const own = Number.parseFloat(await table.getByRole("row").nth(1).getByRole("cell").nth(1).textContent());
  assert.ok(own > 0.5 && own <= 1, `two arms are told apart soon: quality ${own}`);
  await page.getByRole("button", { name: "Play again" }).waitFor();
  await settled(page);
  await accessible(page, "a replay");
  const { pools = [] } = await call(given.open, "Admin/ListPools", {});
  assert.ok(pools.every((pool) => !pool.name.startsWith("replay-")), "the replay's pool is deleted");
  assert.equal(await outcomes(), before, "this pool learned nothing");
}

export async function imports(viewer, given) {
  const page = await viewer.open(`${given.open}/#/pool/hollow/learning`);
  await call(given.open, "Admin/PutArm", { pool: "hollow", arm: { name: "left" } });
  const rows = ["text,arm,quality,note", '"one, of two",left,80,x', "two,left,90,x", "three,right,50,x", "four,left,900,x"];
  await page.getByLabel(/^File(?!s)/).setInputFiles({ name: "known.csv", mimeType: "text/csv", buffer: Buffer.from(rows.join("\n")) });
  await page.getByLabel("Qualities are from 0 to").selectOption("100");
  await page.getByText("2 outcomes of 2 queries from known.csv").waitFor();
  await page.getByText("of right, which is no arm of this pool").waitFor();
  await page.getByText("a quality of 900 is outside 0 to 100").waitFor();
  await accessible(page, "the preview of an import");
  const outcomes = async () => Number((await call(given.open, "Admin/GetStats", { pool: "hollow" })).outcomes ?? 0);
  assert.equal(await outcomes(), 0, "a preview teaches nothing");
  await page.getByLabel("Name of the import").first().fill("test-import");
  await page.getByRole("button", { name: "Import 2 outcomes" }).click();
  await page.getByText("2 outcomes of 2 queries learned.").waitFor();
  assert.equal(await outcomes(), 2, "the pool learned them");
  await page.getByRole("button", { name: "test-import" }).click();
  await page.getByRole("button", { name: "Review" }).click();
  await press(page, "Undo");
  await page.getByText("2 outcomes of 2 queries taken back.").waitFor();
  await page.getByLabel(/^File(?!s)/).setInputFiles({ name: "broken.jsonl", mimeType: "text/plain", buffer: Buffer.from('{"text": "a"}\n{oops') });
  await page.getByText("Line 2 is not JSON.").waitFor();
}

export async function backup(viewer, given) {
  const page = await viewer.open(`${given.open}/#/system`);
  await page.getByLabel("Name", { exact: true }).fill("from-the-console");
  await page.getByRole("button", { name: "Back up now" }).click();
  await page.getByText(/from-the-console.*: \d+ files/).waitFor();
  await page.getByLabel("Search").fill("arms_per_pool");
  await page.getByText("arms_per_pool_max").waitFor();
  await go(page, "#/pools");
  await title(page, "Pools");
}
