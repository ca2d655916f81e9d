"use strict";
// A real pointsmand with the example pool: that of POINTSMAN_SERVER, or a new one from POINTSMAN_BIN_DIR.
const { execFileSync, spawn } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const readline = require("node:readline");

const { POINTSMAN_SERVER, POINTSMAN_BIN_DIR } = process.env;
const POOL = path.join(__dirname, "../../../deploy/pool.example.yaml");

const why = POINTSMAN_SERVER || POINTSMAN_BIN_DIR ? false : "needs POINTSMAN_SERVER or POINTSMAN_BIN_DIR";

function folder() {
  return fs.mkdtempSync(path.join(os.tmpdir(), "pointsman-client-"));
}

function pointsman(address, ...words) {
  return execFileSync(path.join(POINTSMAN_BIN_DIR, "pointsman"), ["--server", address, ...words], { encoding: "utf8" });
}

async function start() {
  if (POINTSMAN_SERVER) return { address: POINTSMAN_SERVER, explain: () => null, stop() {} };
  const data = folder();
  const child = spawn(path.join(POINTSMAN_BIN_DIR, "pointsmand"),
    ["--data-dir", data, "--listen", "127.0.0.1:0", "--no-admin"], { stdio: ["ignore", "ignore", "pipe"] });
  const lines = readline.createInterface({ input: child.stderr });
  const port = await new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      const found = /listening on .*\(port (\d+)\)/.exec(line);
      if (found) resolve(found[1]);
    });
    child.on("exit", (code) => reject(new Error(`pointsmand ended with ${code}`)));
  });
  const address = `127.0.0.1:${port}`;
  pointsman(address, "pool", "create", POOL);
  return {
    address,
    explain: (decisionId) => pointsman(address, "explain", decisionId),
    async stop() {
      const gone = new Promise((resolve) => child.on("exit", resolve));
      child.kill("SIGKILL");
      await gone;
      fs.rmSync(data, { recursive: true, force: true });
    },
  };
}

module.exports = { folder, start, why };
