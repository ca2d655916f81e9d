"use strict";
const { randomBytes } = require("node:crypto");
const { homedir } = require("node:os");
const { join } = require("node:path");
const { Attempt, Call, Decision } = require("./call");
const { getsDefaultArm } = require("./codes");
const { Link } = require("./link");
const { checkedQuality } = require("./outcome");
const { Outbox } = require("./outbox/outbox");
const { routeRequest } = require("./request");
const { startSpan } = require("./tracing");

const CLOSE_MS = 2000;
const TRIES = 3;

function warn({ message }) {
  process.emitWarning(message, "PointsmanWarning");
}

// What the app does with a report must not stop what makes it.
function guarded(onReport) {
  return (report) => {
    try {
      onReport(report);
    } catch (error) {
      process.emitWarning(`onReport failed: ${error?.message ?? error}`, "PointsmanWarning");
    }
  };
}

// In the user's state folder, a file per server.
function defaultOutbox(address) {
  const folder = process.env.XDG_STATE_HOME || join(homedir(), ".local", "state");
  return join(folder, "pointsman", `${address.replace(/[^A-Za-z0-9.-]/g, "_")}.node`);
}

class Router {
  constructor({
    address = "127.0.0.1:7717", pool = "", defaultArm, deadlineMs = 50, token, tls, credentials, channelOptions,
    outbox = defaultOutbox(address), outboxMax = 100000, preference, onReport = warn,
  } = {}) {
    if (!(outboxMax >= 1)) throw new RangeError(`outboxMax must be at least 1: got ${outboxMax}`);
    if (!(deadlineMs > 0)) throw new RangeError(`deadlineMs must be more than 0: got ${deadlineMs}`);
    this.defaults = { pool, defaultArm, deadlineMs, preference };
    this.link = new Link({ address, token, tls, credentials, channelOptions });
    this.outbox = new Outbox(this.link, { path: outbox, max: outboxMax, report: guarded(onReport) });
  }

  async call(query, options, work) {
    if (typeof options === "function") return this.call(query, {}, options);
    const call = await this.begin(query, options);
    let value;
    try {
      value = await call.within(() => work(call));
    } catch (error) {
      call.fail(error);
      throw error;
    }
    call.end();
    return value;
  }

  async begin(query, options = {}) {
    const span = startSpan();
    return new Call(await this.#decide(query, options, span), span);
  }

  async run(query, options, work) {
    if (typeof options === "function") return this.run(query, {}, options);
    const span = startSpan();
    const decision = await this.#decide(query, { armCount: TRIES, ...options }, span);
    const attempts = [];
    let last;
    for (let index = 0; index < decision.arms.length; ++index) {
      const attempt = new Attempt(decision, index);
      last = {};
      try {
        last.value = await span.within(() => work(attempt.arm, attempt));
      } catch (error) {
        last.error = error ?? new Error("the call failed");
      }
      const outcome = attempt.outcome(last.error);
      attempts.push(outcome.attempt);
      last.extra = outcome.extra;
      // After a cancellation nobody waits for another arm.
      if (!last.error || outcome.attempt.error_kind === "CANCELLED") break;
    }
    decision.report({ attempts, ...last.extra });
    span.end(last.error);
    if (last.error) throw last.error;
    return last.value;
  }

  rate(decisionId, quality, { servedArm, pool = this.defaults.pool } = {}) {
    if (typeof decisionId !== "string" || decisionId === "") {
      throw new TypeError(`the decision's id must be a string: got ${decisionId}`);
    }
    const feedback = { decision_id: decisionId, quality: checkedQuality(quality) };
    if (pool) feedback.pool = pool;
    if (servedArm) feedback.served_arm = servedArm;
    this.outbox.add(feedback);
  }

  // For the start of an app: its first calls then need not use the default arm.
  ready(ms = 1000) {
    return this.link.ready(ms);
  }

  status() {
    return this.outbox.status();
  }

  flush(ms = 10000) {
    return this.outbox.flush(ms);
  }

  close() {
    this.closing ??= this.outbox.close(CLOSE_MS).finally(() => this.link.close());
    return this.closing;
  }

  async #decide(query, options, span) {
    if (this.closing) throw new Error("this Router is closed");
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    const { defaultArm, deadlineMs, ...rest } = { ...this.defaults, ...Object.fromEntries(given) };
    const decisionId = options.decisionId ?? randomBytes(16).toString("hex");
    let decision;
    try {
      const route = routeRequest(query, decisionId, rest);
      decision = await this.#ask(route, { defaultArm, deadlineMs, headers: span.headers });
    } catch (error) {
      span.end(error);
      throw error;
    }
    span.routed({ arm: decision.arms[0], decisionId, propensity: decision.answer?.propensity });
    return decision;
  }

  async #ask(route, { defaultArm, deadlineMs, headers }) {
    const made = { pool: route.pool, decisionId: route.decision_id };
    try {
      const answer = await this.link.call("Route", route, deadlineMs, headers);
      return new Decision(this, { ...made, answer });
    } catch (error) {
      if (!defaultArm || !getsDefaultArm(error.code)) throw error;
      return new Decision(this, { ...made, route, arm: defaultArm });
    }
  }
}

module.exports = { Router };
