"use strict";
// Feedback that must not get lost: on disk before the app goes on, then sent in the background.
const { randomBytes } = require("node:crypto");
const fs = require("node:fs");
const { dirname } = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");
const { Journal } = require("./journal");
const { Lease } = require("./lease");
const { Sender } = require("./sender");

const LOOK_MS = 20;
const LOOK_AT_OTHERS_MS = 100;

// What cannot be made is there already, or the first entry reports that it cannot be written. (mkdir's own `recursive`
// does not end in some file systems, such as /proc.)
function makeFolders(folder) {
  if (fs.existsSync(folder) || dirname(folder) === folder) return;
  makeFolders(dirname(folder));
  try {
    fs.mkdirSync(folder, 0o700);
  } catch {
    // see above
  }
}

class Outbox {
  constructor(link, { path, max, report }) {
    this.report = report;
    this.journal = new Journal(path);
    makeFolders(dirname(this.journal.path));
    this.lease = new Lease(this.journal.path);
    this.sender = new Sender(link, this.journal, this.lease, { max, report });
  }

  add(feedback, route) {
    const key = randomBytes(16).toString("hex");
    const error = this.journal.append(key, { ...feedback, feedback_id: key, at_unix_ms: Date.now() }, route);
    if (error && !this.isUnwritable) {
      this.report({ kind: "unwritten", message: `feedback is kept in memory only: ${error.message}` });
    }
    this.isUnwritable = error !== null;
    if (error) this.sender.keepBound();
  }

  async status() {
    await this.sender.refresh();
    return { waiting: this.journal.entries.size, dropped: this.sender.dropped, rejected: this.sender.rejected };
  }

  async flush(ms) {
    const end = performance.now() + ms;
    this.sender.hurry();
    for (;;) {
      const status = await this.status();
      const left = end - performance.now();
      if (status.waiting === 0 || left <= 0) return status;
      const step = this.lease.isHeld ? LOOK_MS : LOOK_AT_OTHERS_MS;
      await sleep(Math.min(step, left));
      this.sender.tick();
    }
  }

  // If another process sends, it sends this one's entries too.
  async close(ms) {
    if (this.lease.isHeld) await this.flush(ms);
    this.sender.stop();
    this.lease.release();
  }
}

module.exports = { Outbox };
