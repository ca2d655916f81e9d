"use strict";
const { checkedQuality, failureOf, usageFields } = require("./outcome");

const roundMs = (ms) => Math.round(ms * 1000) / 1000;

// One call of an arm: measures it, and collects what it used.
class Measured {
  constructor() {
    this.fields = {};
    this.began = performance.now();
  }

  usage(usage) {
    Object.assign(this.fields, usageFields(usage));
  }

  firstToken() {
    this.fields.first_token_ms ??= roundMs(performance.now() - this.began);
  }

  stop() {
    this.fields.latency_ms = roundMs(performance.now() - this.began);
  }
}

// What Route said, or what took its place.
class Decision {
  constructor(router, { pool, decisionId, answer, route, arm }) {
    this.router = router;
    this.pool = pool;
    this.decisionId = decisionId;
    this.answer = answer;
    this.route = route; // of the default arm: the server may not know the decision
    this.arms = answer ? [answer.arm, ...answer.further.map((further) => further.arm)] : [arm];
    // The server keeps no decision that it could not log, so it would refuse the feedback.
    this.isKept = answer ? answer.logged : route.mode !== "PREVIEW" && route.mode !== 3;
  }

  get source() {
    return this.answer ? "server" : "default";
  }

  report(fields, servedArm = this.route && this.arms[0]) {
    if (!this.isKept) return;
    const feedback = { decision_id: this.decisionId, ...fields };
    if (this.pool) feedback.pool = this.pool;
    if (servedArm) feedback.served_arm = servedArm;
    this.router.outbox.add(feedback, this.route);
  }
}

class Call {
  #decision;
  #span;
  #measured = new Measured();
  #isOver = false;

  constructor(decision, span) {
    this.#decision = decision;
    this.#span = span;
    this.arm = decision.arms[0];
    this.decisionId = decision.decisionId;
    this.source = decision.source;
    this.propensity = decision.answer?.propensity;
    this.inclusion = decision.answer?.inclusion;
    this.logged = decision.answer?.logged ?? false;
    this.answer = decision.answer;
  }

  // After the end it is reported at once.
  usage(usage) {
    if (this.#isOver) this.#decision.report(usageFields(usage));
    else this.#measured.usage(usage);
  }

  firstToken() {
    if (!this.#isOver) this.#measured.firstToken();
  }

  end() {
    this.#finish({});
  }

  fail(error) {
    this.#finish(failureOf(error), error ?? new Error("the call failed"));
  }

  rate(quality) {
    this.#decision.report({ quality: checkedQuality(quality) });
  }

  // Spans that `work` starts are children of this call's span.
  within(work) {
    return this.#span.within(work);
  }

  #finish(failure, error) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#measured.stop();
    this.#span.end(error);
    this.#decision.report({ ...this.#measured.fields, ...failure });
  }
}

// One of the calls of `run`.
class Attempt {
  #decision;
  #measured = new Measured();

  constructor(decision, index) {
    this.#decision = decision;
    this.index = index;
    this.arm = decision.arms[index];
    this.decisionId = decision.decisionId;
    this.source = decision.source;
    this.propensity = decision.answer?.propensity;
  }

  usage(usage) {
    this.#measured.usage(usage);
  }

  firstToken() {
    this.#measured.firstToken();
  }

  rate(quality) {
    this.#decision.report({ quality: checkedQuality(quality) }, this.arm);
  }

  // What the feedback says of this call: its part of `attempts`, and what only the last call can have.
  outcome(error) {
    this.#measured.stop();
    const failure = error === undefined ? {} : failureOf(error);
    const { first_token_ms, cached_input_tokens, ...fields } = this.#measured.fields;
    const extra = {};
    if (first_token_ms !== undefined) extra.first_token_ms = first_token_ms;
    if (cached_input_tokens !== undefined) extra.cached_input_tokens = cached_input_tokens;
    return { attempt: { arm: this.arm, ...fields, ...failure }, extra };
  }
}

module.exports = { Attempt, Call, Decision };
