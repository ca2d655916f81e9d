"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { folder } = require("../testing/real.js");
const { Journal } = require("../src/outbox/journal.js");

function journal(file = path.join(folder(), "outbox")) {
  return new Journal(file);
}

function add(into, ...keys) {
  for (const key of keys) assert.equal(into.append(key, { decision_id: `of ${key}` }, null), null);
}

async function keysOf(file) {
  const reader = journal(file);
  await reader.readAll();
  return reader.read([...reader.entries.values()]).map(([, key]) => key);
}

const filesOf = (file) => fs.readdirSync(path.dirname(file));

test("entries are on disk when append returns, in order", async () => {
  const writer = journal();
  add(writer, "a", "b", "c");
  assert.deepEqual(await keysOf(writer.path), ["a", "b", "c"]);
});

test("a torn last line is ignored, and spoils nothing that comes after it", async () => {
  const writer = journal();
  add(writer, "a");
  const whole = fs.readFileSync(writer.path);
  for (let length = 1; length < whole.length - 1; ++length) {
    fs.writeFileSync(writer.path, whole);
    fs.appendFileSync(writer.path, whole.subarray(0, length));
    add(writer, "b");
    assert.deepEqual(await keysOf(writer.path), ["a", "b"], `torn after ${length} bytes`);
  }
});

test("a reader takes a line only when it is whole", () => {
  const reader = journal();
  const line = '["+","a","d",{"decision_id":"d"},null]\n';
  fs.writeFileSync(reader.path, line.slice(0, 9));
  reader.readHead();
  assert.equal(reader.entries.size, 0);
  fs.appendFileSync(reader.path, line.slice(9));
  reader.readHead();
  assert.deepEqual([...reader.entries.keys()], ["a"]);
});

test("zeros and other rubbish of a broken disk are ignored", async () => {
  const writer = journal();
  fs.writeFileSync(writer.path, Buffer.alloc(5000));
  fs.appendFileSync(writer.path, '\nnull\n{"a":1}\n["?"]\n[]\n');
  add(writer, "a");
  assert.deepEqual(await keysOf(writer.path), ["a"]);
});

test("what is done stays done for the next process, and frees the disk with its file", async () => {
  const writer = journal();
  add(writer, "a", "b", "c");
  writer.readHead();
  writer.done(["a", "c"]);
  assert.deepEqual(await keysOf(writer.path), ["b"]);
  writer.done(["b"]);
  assert.deepEqual(filesOf(writer.path), []);
});

test("an entry that comes while the rest is done is kept", async () => {
  const writer = journal();
  add(writer, "a");
  writer.readHead();
  add(journal(writer.path), "late");
  writer.done(["a"]);
  assert.deepEqual([...writer.entries.keys()], ["late"]);
  assert.deepEqual(await keysOf(writer.path), ["late"]);
});

test("a writer writes again if its file was sealed under it", async () => {
  const writer = journal();
  const other = journal(writer.path);
  add(writer, "a");
  const realStat = fs.statSync;
  let wasSealed = false;
  fs.statSync = (...words) => {
    fs.statSync = realStat;
    other.readHead();
    wasSealed = other.entries.has("b");
    other.done(["a", "b"]); // right after "b" was written: deletes the file
    return realStat(...words);
  };
  add(writer, "b");
  assert.ok(wasSealed);
  assert.deepEqual(await keysOf(writer.path), ["b"]);
});

test("a process that looks on knows what another one has sealed", async () => {
  const sender = journal();
  const onlooker = journal(sender.path);
  add(sender, "a", "b", "c");
  await onlooker.readAll();
  sender.readHead();
  sender.seal();
  add(sender, "d");
  sender.done(["a"]);
  await onlooker.readAll();
  assert.deepEqual([...onlooker.entries.keys()], ["b", "c", "d"]);
  assert.deepEqual(onlooker.read([...onlooker.entries.values()]).map(([, key]) => key), ["b", "c", "d"]);
  onlooker.done(["b", "c", "d"]);
  assert.deepEqual(filesOf(sender.path), []);
  await sender.readAll();
  assert.equal(sender.entries.size, 0);
});

test("an entry that was written twice outlives one of its files", async () => {
  const reader = journal();
  add(reader, "a", "twice");
  reader.readHead();
  const sealed = reader.seal().path;
  add(reader, "twice");
  await reader.readAll();
  assert.equal(reader.entries.size, 2);
  fs.rmSync(sealed);
  await reader.readAll();
  await reader.readAll();
  assert.deepEqual(reader.read([...reader.entries.values()]).map(([, key]) => key), ["twice"]);
});

test("the oldest are dropped, and a server that is away for long does not fill the disk", async () => {
  const writer = journal();
  for (let i = 0; i < 20000; ++i) {
    add(writer, `k${i}`);
    if (i % 100 !== 99) continue;
    writer.readHead();
    writer.dropOldest(2500);
  }
  const keys = await keysOf(writer.path);
  assert.equal(keys.length, 2500);
  assert.equal(keys[0], "k17500");
  const bytes = filesOf(writer.path).reduce(
    (sum, name) => sum + fs.statSync(path.join(path.dirname(writer.path), name)).size, 0);
  assert.ok(bytes < 5000 * 60, `${bytes} bytes for 2500 entries`);
});

test("what cannot be written waits in memory until it can", async () => {
  const writer = journal(path.join(folder(), "away", "outbox"));
  assert.equal(writer.append("a", { decision_id: "d" }, null).code, "ENOENT");
  assert.equal(writer.read([...writer.entries.values()])[0][1], "a");
  fs.mkdirSync(path.dirname(writer.path));
  writer.writeUnwritten();
  assert.equal(writer.entries.size, 0);
  assert.deepEqual(await keysOf(writer.path), ["a"]);
});
