"use strict";
// The outbox on disk: files of JSON lines.
//
//   PATH                          every process appends to it
//   PATH.<time>-<random>.sealed   takes no more entries; deleted when all of its entries are done
//
//   ["+", key, decision_id, feedback, route or null]    an entry
//   ["-", key, key, ...]                                these are done
//
// Nothing here needs a lock. A sealed file is never written again, except for what is done. If two processes send at
// once, an entry is sent twice, and its feedback_id makes that harmless.
const { randomBytes } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { setImmediate: breathe } = require("node:timers/promises");

// The oldest entries of a full outbox free the disk only with their whole file.
const SEAL_ENTRIES = 1000;
const SEAL_BYTES = 1 << 20;
const SEALED = ".sealed";

function identity(stat) {
  return `${stat.dev}:${stat.ino}:${stat.birthtimeNs}`;
}

function statOf(file) {
  return fs.statSync(file, { bigint: true, throwIfNoEntry: false });
}

// A writer may have died in the middle of its line. The first newline keeps that away from this one.
function lineOf(record) {
  return Buffer.from(`\n${JSON.stringify(record)}\n`);
}

function parse(line) {
  if (line.length < 2) return null;
  try {
    const record = JSON.parse(line.toString());
    return Array.isArray(record) ? record : null;
  } catch {
    return null; // torn
  }
}

class Journal {
  constructor(file) {
    this.path = path.resolve(file);
    this.files = new Map(); // path: { path, id, offset, entries, live: keys }
    this.entries = new Map(); // key: { key, decisionId, path, at, length } or, unwritten, { ..., record }
  }

  append(key, feedback, route) {
    const record = ["+", key, feedback.decision_id, feedback, route ?? null];
    try {
      this.write(lineOf(record));
      return null;
    } catch (error) {
      this.entries.set(key, { key, decisionId: feedback.decision_id, length: 256, record });
      return error;
    }
  }

  // Writes again if another process has sealed the file meanwhile: its reader may have been at the end already.
  write(line) {
    for (let tries = 0; tries < 100; ++tries) {
      const file = fs.openSync(this.path, "a", 0o600);
      try {
        // Half a line is of no use to anybody, and the rest could land behind a line of another process.
        if (fs.writeSync(file, line) !== line.length) continue;
        const now = statOf(this.path);
        if (now && identity(now) === identity(fs.fstatSync(file, { bigint: true }))) return;
      } finally {
        fs.closeSync(file);
      }
    }
    throw new Error(`${this.path} cannot be written`);
  }

  // Tries again to write what could only be kept in memory.
  writeUnwritten() {
    for (const entry of this.entries.values()) {
      if (!entry.record) continue;
      try {
        this.write(lineOf(entry.record));
      } catch {
        return;
      }
      this.entries.delete(entry.key);
    }
  }

  hasNews() {
    const stat = fs.statSync(this.path, { throwIfNoEntry: false });
    return stat !== undefined && stat.size !== (this.files.get(this.path)?.offset ?? 0);
  }

  // Reads what is new in PATH.
  readHead() {
    const head = this.scan(this.path);
    if (head && (head.entries >= SEAL_ENTRIES || head.offset >= SEAL_BYTES)) this.seal();
  }

  // Reads what is new in all files. Lets the app run in between.
  async readAll() {
    const folder = path.dirname(this.path);
    const prefix = path.basename(this.path) + ".";
    let names;
    try {
      names = fs.readdirSync(folder);
    } catch {
      return;
    }
    const sealed = names.filter((name) => name.startsWith(prefix) && name.endsWith(SEALED)).sort();
    for (const file of sealed.map((name) => path.join(folder, name))) {
      if (!this.files.has(file) && this.isHead(file)) this.rename(file); // another process has sealed it
      const before = this.files.get(file)?.offset ?? 0;
      const record = this.scan(file);
      if (record && record.live.size === 0) this.remove(record);
      if (record && record.offset !== before) await breathe();
    }
    for (const file of this.files.keys()) {
      if (file !== this.path && !fs.existsSync(file)) this.leave(file);
    }
    this.scan(this.path);
  }

  isHead(file) {
    const stat = statOf(file);
    return stat !== undefined && identity(stat) === this.files.get(this.path)?.id;
  }

  scan(file) {
    let handle;
    try {
      handle = fs.openSync(file, "r");
    } catch {
      this.leave(file);
      return null;
    }
    try {
      const stat = fs.fstatSync(handle, { bigint: true });
      const id = identity(stat);
      if (this.files.get(file)?.id !== id || this.files.get(file).offset > stat.size) this.leave(file);
      let record = this.files.get(file);
      if (!record) {
        record = { path: file, id, offset: 0, entries: 0, live: new Set() };
        this.files.set(file, record);
      }
      const bytes = Buffer.alloc(Number(stat.size) - record.offset);
      const length = fs.readSync(handle, bytes, 0, bytes.length, record.offset);
      this.take(record, bytes.subarray(0, length));
      return record;
    } finally {
      fs.closeSync(handle);
    }
  }

  take(record, bytes) {
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      const parsed = parse(bytes.subarray(from, end));
      if (parsed?.[0] === "+") {
        const [, key, decisionId] = parsed;
        record.entries += 1;
        record.live.add(key);
        if (!this.entries.has(key)) {
          this.entries.set(key, { key, decisionId, path: record.path, at: record.offset + from, length: end - from });
        }
      } else if (parsed?.[0] === "-") {
        for (const key of parsed.slice(1)) {
          record.live.delete(key);
          if (this.entries.get(key)?.path === record.path) this.entries.delete(key);
        }
      }
      from = end + 1;
    }
    record.offset += from;
  }

  // Forgets a file that is not there any more, or is another one now.
  leave(file) {
    const record = this.files.get(file);
    if (!record) return;
    this.files.delete(file);
    const gone = [...record.live].filter((key) => this.entries.get(key)?.path === file);
    for (const key of gone) this.entries.delete(key);
    // Where a writer wrote twice, another file has the entry too. It is read again.
    for (const other of [...this.files.values()]) {
      if (gone.some((key) => other.live.has(key))) this.leave(other.path);
    }
  }

  seal() {
    const random = randomBytes(4).toString("hex");
    const name = `${this.path}.${String(Date.now()).padStart(15, "0")}-${random}${SEALED}`;
    try {
      fs.renameSync(this.path, name);
    } catch {
      return null; // another process was first, or has it open on Windows
    }
    this.rename(name);
    return this.scan(name);
  }

  // What is known of PATH is true of `name` now.
  rename(name) {
    const record = this.files.get(this.path);
    if (!record) return;
    this.files.delete(this.path);
    this.files.set(name, record);
    record.path = name;
    for (const key of record.live) {
      const entry = this.entries.get(key);
      if (entry?.path === this.path) entry.path = name;
    }
  }

  // The entries' records, as they were appended. Entries whose file is gone are left out.
  read(entries) {
    const handles = new Map();
    const records = [];
    try {
      for (const entry of entries) {
        const record = entry.record ?? this.readEntry(entry, handles);
        if (record) records.push(record);
      }
    } finally {
      for (const handle of handles.values()) fs.closeSync(handle);
    }
    return records;
  }

  readEntry(entry, handles) {
    try {
      if (!handles.has(entry.path)) handles.set(entry.path, fs.openSync(entry.path, "r"));
      const bytes = Buffer.alloc(entry.length);
      fs.readSync(handles.get(entry.path), bytes, 0, entry.length, entry.at);
      const record = parse(bytes);
      if (record?.[1] === entry.key) return record;
    } catch {
      // Another process that sends has deleted it.
    }
    this.leave(entry.path);
    this.entries.delete(entry.key);
    return null;
  }

  done(keys) {
    for (const key of keys) this.entries.delete(key);
    for (const record of [...this.files.values()]) {
      const own = keys.filter((key) => record.live.delete(key));
      if (own.length > 0) this.mark(record, own);
    }
  }

  mark(record, keys) {
    if (record.live.size === 0) {
      // Only a sealed file may be deleted: another process may be about to append to PATH.
      const sealed = record.path === this.path ? this.seal() : record;
      if (sealed && sealed.live.size === 0) return this.remove(sealed);
    }
    try {
      fs.appendFileSync(record.path, lineOf(["-", ...keys]));
    } catch {
      // After a crash these are sent again, which is harmless.
    }
  }

  remove(record) {
    fs.rmSync(record.path, { force: true });
    this.files.delete(record.path);
  }

  dropOldest(max) {
    const count = this.entries.size - max;
    if (count <= 0) return 0;
    const keys = [];
    for (const key of this.entries.keys()) {
      if (keys.length === count) break;
      keys.push(key);
    }
    this.done(keys);
    return count;
  }
}

module.exports = { Journal };
