"use strict";
// Sends the outbox in the background.
const { DEADLINE_EXCEEDED, mayBeOfTheContent, nameOf } = require("../codes");
const { deliver, Fate } = require("./delivery");

const TICK_MS = 20;
const CARE_MS = 1000;
const REPORT_MS = 60000;
const BATCH = 64;
const BATCH_BYTES = 1 << 20;
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 10000;

function pauseMs(failures) {
  const ms = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 20));
  return ms * (0.8 + 0.4 * Math.random());
}

class Sender {
  constructor(link, journal, lease, { max, report }) {
    Object.assign(this, { link, journal, lease, max, report });
    this.dropped = 0;
    this.rejected = 0;
    this.failures = 0; // of calls, in a row
    this.pauseUntil = 0;
    this.holds = new Map(); // decision: { failures, isAlone, until }
    this.limit = BATCH;
    this.reportedDropped = 0;
    this.lastReport = { dropped: -Infinity, waiting: -Infinity };
    this.lastCare = -Infinity;
    this.busy = null;
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
    this.tick();
  }

  tick() {
    const now = performance.now();
    if (now - this.lastCare >= CARE_MS) this.care(now);
    if (!this.lease.isHeld || this.busy || this.isStopped || now < this.pauseUntil) return;
    if (this.journal.entries.size === 0 && !this.journal.hasNews()) return;
    this.busy = this.work().catch((error) => this.fail(error)).finally(() => {
      this.busy = null;
    });
  }

  care(now) {
    this.lastCare = now;
    this.lease.renew();
    this.journal.writeUnwritten();
    this.reportDropped(now);
    if (!this.lease.isHeld) return;
    this.caring ??= this.refresh().finally(() => {
      this.caring = null;
    });
  }

  async refresh() {
    await this.journal.readAll();
    if (this.lease.isHeld) this.keepBound();
  }

  keepBound() {
    this.dropped += this.journal.dropOldest(this.max);
  }

  reportDropped(now) {
    const count = this.dropped - this.reportedDropped;
    if (count === 0 || now - this.lastReport.dropped < REPORT_MS) return;
    this.lastReport.dropped = now;
    this.reportedDropped = this.dropped;
    this.report({ kind: "dropped", count, message: `the outbox is full: ${count} of the oldest entries were dropped` });
  }

  async work() {
    await this.caring;
    while (!this.isStopped) {
      this.journal.readHead();
      this.keepBound();
      const batch = this.pick(performance.now());
      if (batch.length === 0 || !(await this.send(batch))) return;
    }
  }

  pick(now) {
    const batch = [];
    let bytes = 0;
    for (const entry of this.journal.entries.values()) {
      const hold = this.holds.get(entry.decisionId);
      if (hold?.until > now) continue;
      if (hold?.isAlone) {
        if (batch.length > 0) continue;
        return [entry];
      }
      bytes += entry.length;
      if (batch.length > 0 && bytes > BATCH_BYTES) break;
      batch.push(entry);
      if (batch.length === this.limit) break;
    }
    return batch;
  }

  // True: the next batch may go at once.
  async send(batch) {
    const records = this.journal.read(batch);
    if (records.length === 0) return true;
    const fate = new Fate();
    let failure = null;
    try {
      await deliver(this.link, records, fate);
    } catch (error) {
      failure = error;
    }
    this.settle(fate, records);
    if (failure) return this.onFailure(failure, records);
    if (fate.taken.length + fate.rejected.length === 0) {
      this.fail([...fate.later.values()][0]);
      return false;
    }
    this.failures = 0;
    this.limit = Math.min(BATCH, this.limit * 2);
    return true;
  }

  // One entry may be what the server refuses, such as a message over its limit. Smaller batches find it, and then it
  // waits without the others.
  onFailure(failure, records) {
    const mayBeOne = mayBeOfTheContent(failure.code);
    if (mayBeOne && records.length === 1) {
      const wasAlone = this.holds.get(records[0][2])?.isAlone;
      this.hold(records[0][2], true);
      if (wasAlone) return true;
    }
    if (mayBeOne) this.limit = Math.max(1, Math.floor(records.length / 2));
    this.fail(failure);
    return false;
  }

  settle(fate, records) {
    const taken = new Set(fate.taken);
    for (const [, key, decisionId] of records) {
      if (taken.has(key)) this.holds.delete(decisionId);
    }
    for (const decisionId of fate.later.keys()) this.hold(decisionId);
    for (const { decisionId, code, message } of fate.rejected) {
      this.rejected += 1;
      this.holds.delete(decisionId);
      this.report({ kind: "rejected", decisionId, code, message });
    }
    this.journal.done([...fate.taken, ...fate.rejected.map(({ key }) => key)]);
    if (this.journal.entries.size === 0) this.holds.clear(); // those of entries that were dropped
  }

  // Later entries of the decision wait too: the server may learn of it by the first one only.
  hold(decisionId, isAlone = false) {
    const failures = (this.holds.get(decisionId)?.failures ?? 0) + 1;
    this.holds.set(decisionId, { failures, isAlone, until: performance.now() + pauseMs(failures) });
  }

  fail(error) {
    if (this.isStopped) return;
    this.failures += 1;
    const now = performance.now();
    this.pauseUntil = now + pauseMs(this.failures);
    if (error.code === DEADLINE_EXCEEDED) this.link.renew();
    if (now - this.lastReport.waiting < REPORT_MS) return;
    this.lastReport.waiting = now;
    this.report({
      kind: "waiting", code: nameOf(error.code), message: `feedback waits in the outbox: ${error.message}`,
    });
  }

  hurry() {
    this.pauseUntil = 0;
    for (const hold of this.holds.values()) hold.until = 0;
    this.tick();
  }

  stop() {
    this.isStopped = true;
    clearInterval(this.timer);
    this.reportDropped(Infinity);
  }
}

module.exports = { Sender };
