"use strict";
const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { test } = require("node:test");
const { folder } = require("../testing/real.js");
const { Lease } = require("../src/outbox/lease.js");

const place = () => path.join(folder(), "outbox");

function write(file, holder, ageMs = 0) {
  fs.writeFileSync(file + ".lock", JSON.stringify(holder));
  const then = new Date(Date.now() - ageMs);
  fs.utimesSync(file + ".lock", then, then);
}

test("one of two has the lease, and gives it back", () => {
  const file = place();
  const [first, second] = [new Lease(file), new Lease(file)];
  assert.ok(first.renew());
  assert.ok(!second.renew());
  assert.ok(first.renew());
  second.release();
  assert.ok(!second.renew());
  first.release();
  assert.ok(second.renew());
});

test("the lease of a dead process is taken at once", () => {
  const file = place();
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  write(file, { pid, host: os.hostname(), token: "x" });
  assert.ok(new Lease(file).renew());
});

test("a process of another host is believed to live for five seconds", () => {
  const file = place();
  write(file, { pid: 1, host: "elsewhere", token: "x" }, 3000);
  assert.ok(!new Lease(file).renew());
  write(file, { pid: 1, host: "elsewhere", token: "x" }, 6000);
  assert.ok(new Lease(file).renew());
});

test("a number that another process has now keeps a lease for five seconds only", () => {
  const file = place();
  write(file, { pid: process.pid, host: os.hostname(), token: "x" }, 6000);
  assert.ok(new Lease(file).renew());
});

test("who lost the lease notices", () => {
  const file = place();
  const lease = new Lease(file);
  assert.ok(lease.renew());
  write(file, { pid: process.pid, host: os.hostname(), token: "another" });
  assert.ok(!lease.renew());
  lease.release();
  assert.ok(fs.existsSync(file + ".lock"));
});

test("half a lock file of a killed process is not for ever", () => {
  const file = place();
  fs.writeFileSync(file + ".lock", '{"pid":');
  assert.ok(!new Lease(file).renew());
  const then = new Date(Date.now() - 6000);
  fs.utimesSync(file + ".lock", then, then);
  assert.ok(new Lease(file).renew());
});
