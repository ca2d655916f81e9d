"use strict";
const assert = require("node:assert/strict");
const { once } = require("node:events");
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const { test } = require("node:test");
const { setTimeout: sleep } = require("node:timers/promises");
const { status } = require("@grpc/grpc-js");
const { Fake } = require("../testing/fake.js");
const { folder } = require("../testing/real.js");
const { Router } = require("../src/index.js");

const WRITER = path.join(__dirname, "../testing/writer.js");

async function setUp(t, options = {}) {
  const fake = await new Fake().start();
  const reports = [];
  const outbox = path.join(folder(), "outbox");
  const router = new Router({
    address: fake.address, defaultArm: "small", deadlineMs: 20000, outbox, onReport: (report) => reports.push(report),
    ...options,
  });
  t.after(async () => {
    fake.stop();
    await router.close();
  });
  return { fake, router, reports, outbox };
}

// A test that fails here ends by the time limit of the runner of all tests.
async function until(condition) {
  while (!(await condition())) await sleep(5);
}

const ratings = (fake) => fake.feedback.map(({ decision_id: id }) => id);

test("feedback goes in batches of up to 64, in order, and goes by itself", async (t) => {
  const { fake, router } = await setUp(t);
  await router.ready();
  for (let i = 0; i < 150; ++i) router.rate(`d${i}`, 1);
  await router.flush();
  assert.deepEqual(fake.batches, [64, 64, 22]);
  assert.deepEqual(ratings(fake), Array.from({ length: 150 }, (_, i) => `d${i}`));
  router.rate("late", 1);
  await until(() => fake.feedback.length === 151);
});

test("each feedback has an id of its own, which stays the same when it is sent again", async (t) => {
  const { fake, router } = await setUp(t);
  const seen = [];
  fake.onBatch = (requests) => {
    seen.push(requests[0].feedback_id);
    return seen.length < 3 ? { code: status.UNAVAILABLE, details: "away" } : null;
  };
  router.rate("d", 0.5);
  await router.flush();
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen).size, 1);
  assert.match(seen[0], /^[0-9a-f]{32}$/);
});

test("the pause between tries doubles", async (t) => {
  const { fake, router } = await setUp(t);
  const times = [];
  fake.onBatch = () => {
    times.push(performance.now());
    return { code: status.RESOURCE_EXHAUSTED, details: "full" };
  };
  router.rate("d", 1);
  await until(() => times.length >= 4);
  const pauses = times.slice(1).map((time, i) => time - times[i]);
  [100, 200, 400].forEach((ms, i) => assert.ok(pauses[i] >= 0.75 * ms, `${pauses}`));
});

test("one item that can never be taken is rejected and reported, the others are taken", async (t) => {
  const { fake, router, reports } = await setUp(t);
  fake.onFeedback = ({ decision_id: id }) => (id === "bad" ? { code: status.NOT_FOUND, message: "never seen" } : null);
  for (const id of ["a", "bad", "b"]) router.rate(id, 1);
  assert.deepEqual(await router.flush(), { waiting: 0, dropped: 0, rejected: 1 });
  assert.deepEqual(ratings(fake), ["a", "b"]);
  assert.deepEqual(reports, [{ kind: "rejected", decisionId: "bad", code: "NOT_FOUND", message: "never seen" }]);
});

test("one item that may be taken later waits alone, with all of its decision", async (t) => {
  const { fake, router } = await setUp(t);
  let isFull = true;
  fake.onFeedback = ({ decision_id: id }) =>
    (id === "slow" && isFull ? { code: status.PERMISSION_DENIED, message: "not yet" } : null);
  for (const id of ["slow", "a", "b"]) router.rate(id, 1);
  await until(async () => (await router.status()).waiting === 1);
  assert.deepEqual(ratings(fake), ["a", "b"]);
  isFull = false;
  assert.deepEqual(await router.flush(), { waiting: 0, dropped: 0, rejected: 0 });
});

test("a token that is not valid yet loses nothing, and is reported", async (t) => {
  const { fake, router, reports } = await setUp(t);
  fake.onBatch = () => ({ code: status.UNAUTHENTICATED, details: "no such token" });
  router.rate("d", 1);
  await until(() => reports.length > 0);
  fake.onBatch = () => null;
  assert.deepEqual(await router.flush(), { waiting: 0, dropped: 0, rejected: 0 });
  assert.equal(reports.length, 1);
  assert.equal(reports[0].kind, "waiting");
  assert.equal(reports[0].code, "UNAUTHENTICATED");
});

test("an entry for which every batch is refused does not stop the others", async (t) => {
  const { fake, router } = await setUp(t);
  fake.onBatch = (requests) => (requests.some(({ decision_id: id }) => id === "huge")
    ? { code: status.RESOURCE_EXHAUSTED, details: "message too large" } : null);
  router.rate("huge", 1);
  for (let i = 0; i < 20; ++i) router.rate(`d${i}`, 1);
  await until(async () => (await router.status()).waiting === 1);
  const size = fake.batches.length;
  router.rate("after", 1);
  await until(() => fake.feedback.length === 21);
  assert.ok(fake.batches.length - size <= 3, "it does not have to look for the entry again");
  assert.equal((await router.status()).rejected, 0);
});

test("the default arm's feedback brings its Route first", async (t) => {
  const { fake, router } = await setUp(t);
  const { port } = fake;
  await router.ready();
  fake.stop();
  let call;
  await router.call("what?", { preference: [0.5, 0.5] }, (given) => {
    call = given;
  });
  call.rate(0.25);
  router.rate(call.decisionId, 0.5);
  assert.equal(call.source, "default");
  const again = await new Fake().start(port);
  t.after(() => again.stop());
  assert.deepEqual(await router.flush(), { waiting: 0, dropped: 0, rejected: 0 });
  assert.equal(again.routes.length, 1);
  assert.equal(again.routes[0].decision_id, call.decisionId);
  assert.equal(again.routes[0].query, "what?");
  assert.deepEqual(again.feedback.map(({ served_arm: arm, quality }) => [arm, quality]),
    [["small", undefined], ["small", 0.25], [undefined, 0.5]]);
});

test("a Route that the server refuses drops its feedback; one that it cannot store waits", async (t) => {
  const { fake, router } = await setUp(t);
  const answer = fake.onRoute;
  fake.onRoute = () => ({ code: status.UNAVAILABLE, details: "away" });
  for (const query of ["bad", "later"]) await router.call(query, {}, () => {});
  fake.onRoute = (request) => (request.query === "bad"
    ? { code: status.INVALID_ARGUMENT, details: "bad" } : { ...answer(request), logged: false });
  await until(async () => (await router.status()).rejected === 1);
  assert.equal((await router.status()).waiting, 1);
  fake.onRoute = answer;
  assert.deepEqual(await router.flush(), { waiting: 0, dropped: 0, rejected: 1 });
  assert.equal(fake.feedback.length, 1);
});

test("what does not fit is dropped, the oldest first, and reported", async (t) => {
  const { fake, router, reports } = await setUp(t, { outboxMax: 3 });
  fake.onBatch = () => ({ code: status.UNAVAILABLE, details: "away" });
  for (const id of ["a", "b", "c", "d", "e"]) router.rate(id, 1);
  assert.deepEqual(await router.status(), { waiting: 3, dropped: 2, rejected: 0 });
  fake.onBatch = () => null;
  await router.flush();
  assert.deepEqual(ratings(fake), ["c", "d", "e"]);
  const dropped = () => reports.filter(({ kind }) => kind === "dropped");
  await until(() => dropped().length > 0);
  assert.deepEqual(dropped().map(({ count }) => count), [2]);
});

test("an outbox that cannot be written keeps feedback in memory, says so, and sends it", async (t) => {
  const { fake, router, reports } = await setUp(t, { outbox: "/proc/no/outbox" });
  router.rate("a", 1);
  router.rate("b", 1);
  assert.equal((await router.flush()).waiting, 0);
  assert.deepEqual(ratings(fake), ["a", "b"]);
  assert.deepEqual(reports.map(({ kind }) => kind), ["unwritten"]);
});

test("close delivers, and gives up after 2 s", async (t) => {
  const { fake, router } = await setUp(t);
  router.rate("a", 1);
  await router.close();
  assert.deepEqual(ratings(fake), ["a"]);
  const second = await setUp(t);
  second.fake.onBatch = () => ({ code: status.UNAVAILABLE, details: "away" });
  second.router.rate("b", 1);
  const began = performance.now();
  await second.router.close();
  const took = performance.now() - began;
  assert.ok(took > 1900 && took < 8000, `${took} ms`);
  await assert.rejects(second.router.begin("q"), /closed/);
});

test("an app that forgets close ends all the same", async (t) => {
  const { fake, outbox } = await setUp(t);
  const code = `const {Router} = require(${JSON.stringify(path.join(__dirname, "../src/index.js"))});
    const router = new Router({address: "${fake.address}", outbox: "${outbox}2", deadlineMs: 20000});
    router.call("q", () => {});`;
  const child = spawn(process.execPath, ["-e", code], { stdio: "inherit" });
  assert.deepEqual(await once(child, "exit"), [0, null]);
});

async function untilKilled(child, said) {
  const count = 10 + Math.floor(50 * Math.random());
  let own = 0;
  for await (const line of readline.createInterface({ input: child.stdout })) {
    said.push(line);
    if (++own === count) child.kill("SIGKILL");
  }
}

test("processes that share an outbox and are killed lose nothing", async (t) => {
  const { fake, router, outbox } = await setUp(t);
  await router.close(); // the others send
  const said = [];
  const life = async (name) => {
    for (let i = 0; i < 3; ++i) {
      const child = spawn(process.execPath, [WRITER, fake.address, outbox, `${name}${i}`], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await untilKilled(child, said);
    }
  };
  await Promise.all(["x", "y", "z"].map(life));
  const last = new Router({ address: fake.address, outbox });
  t.after(() => last.close());
  assert.equal((await last.flush(20000)).waiting, 0);
  const taken = new Set(ratings(fake));
  assert.ok(said.length >= 90, `${said.length} ratings`);
  assert.deepEqual(said.filter((id) => !taken.has(id)), []);
  await last.close();
  assert.deepEqual(fs.readdirSync(path.dirname(outbox)), []);
});

test("another process takes over the sending within seconds", async (t) => {
  const { fake, outbox, router } = await setUp(t);
  const other = new Router({ address: fake.address, outbox });
  t.after(() => other.close());
  other.rate("by the first", 1);
  await until(() => fake.feedback.length === 1);
  await router.close();
  other.rate("by itself", 1);
  await until(() => fake.feedback.length === 2);
  assert.deepEqual(ratings(fake), ["by the first", "by itself"]);
});
