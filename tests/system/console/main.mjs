// Every page and action of the console, in one browser.
// usage: node main.mjs '{"open": URL, "empty": URL, "locked": URL, "tokens": {...}, "shots": FOLDER, "chromium": FILE, "manyArms": N}'
import { chromium } from "playwright-core";
import { Viewer } from "./viewer.mjs";
import * as access from "./access.mjs";
import * as actions from "./actions.mjs";
import * as looks from "./looks.mjs";
import * as sizes from "./sizes.mjs";

const given = JSON.parse(process.argv[2]);
const browser = await chromium.launch({ executablePath: given.chromium, args: ["--disable-dev-shm-usage"] });
const only = process.argv[3];
let failed = 0;
try {
  for (const [name, check] of [sizes, looks, actions, access].flatMap((group) => Object.entries(group))) {
    if (only && only !== name) continue;
    const began = performance.now();
    const viewer = new Viewer(browser, given);
    try {
      await check(viewer, given);
      await viewer.close();
      console.log(`${name}: passed, ${((performance.now() - began) / 1000).toFixed(1)} s`);
    } catch (error) {
      failed += 1;
      console.log(`${name}: FAILED\n${error.stack}`);
      await viewer.close().catch((why) => console.log(`${why.message}`));
    }
  }
} finally {
  await browser.close();
}
process.exit(failed ? 1 : 0);
