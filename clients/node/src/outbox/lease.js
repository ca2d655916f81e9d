"use strict";
// Says which of the processes that share an outbox sends. Two at once do no harm, so this may be wrong for a moment.
const { randomUUID } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");

const STALE_MS = 5000;

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== "ESRCH";
  }
}

class Lease {
  constructor(file) {
    this.file = file + ".lock";
    this.token = randomUUID();
    this.isHeld = false;
  }

  // Once a second: takes the lease if nobody has it, or says that this process is still there.
  renew() {
    this.isHeld = this.isHeld ? this.touch() : this.acquire();
    return this.isHeld;
  }

  acquire() {
    for (let tries = 0; tries < 2; ++tries) {
      try {
        fs.writeFileSync(this.file, JSON.stringify({ pid: process.pid, host: os.hostname(), token: this.token }),
          { flag: "wx", mode: 0o600 });
        return true;
      } catch (error) {
        // Where nobody can write, nobody else sends what is in this process' memory.
        if (error.code !== "EEXIST") return true;
      }
      if (!this.isStale()) return false;
      this.takeAway();
    }
    return false;
  }

  holder() {
    try {
      return JSON.parse(fs.readFileSync(this.file, "utf8"));
    } catch {
      return null;
    }
  }

  isStale() {
    const stat = fs.statSync(this.file, { throwIfNoEntry: false });
    if (!stat || Math.abs(Date.now() - stat.mtimeMs) > STALE_MS) return true;
    const holder = this.holder();
    return holder !== null && holder.host === os.hostname() && !isAlive(holder.pid);
  }

  takeAway() {
    const old = `${this.file}.${this.token}`;
    try {
      fs.renameSync(this.file, old);
      fs.rmSync(old, { force: true });
    } catch {
      // Another process was first.
    }
  }

  touch() {
    const holder = this.holder();
    if (holder && holder.token !== this.token) return false;
    try {
      const now = new Date();
      fs.utimesSync(this.file, now, now);
      return true;
    } catch {
      return this.acquire();
    }
  }

  release() {
    if (this.isHeld && this.holder()?.token === this.token) fs.rmSync(this.file, { force: true });
    this.isHeld = false;
  }
}

module.exports = { Lease };
