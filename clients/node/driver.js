"use strict";
// Plays clients/conformance/cases.json with this package: a JSON object a line in, one out.
const readline = require("node:readline");
const { setTimeout: sleep } = require("node:timers/promises");
const { parseArgs } = require("node:util");
const { status } = require("@grpc/grpc-js");
const { Router } = require("./src/index.js");

const FAILURES = {
  error: () => new Error("the provider failed"),
  timeout: () => Object.assign(new Error("too slow"), { name: "TimeoutError" }),
  cancelled: () => Object.assign(new Error("given up"), { name: "AbortError" }),
  rate_limited: () => Object.assign(new Error("too many"), { status: 429, headers: { "retry-after": "2" } }),
  bad_request: () => Object.assign(new Error("bad request"), { status: 400 }),
};

class Driver {
  constructor(router) {
    this.router = router;
    this.calls = new Map();
  }

  async call({ query, as, ms = 0, fails, usage, preference }) {
    let call;
    let failure;
    let raised = false;
    let waitedMs;
    const began = performance.now();
    try {
      await this.router.call(query, { preference }, async (given) => {
        waitedMs = performance.now() - began;
        call = given;
        await sleep(ms);
        if (usage) {
          const { input_tokens, output_tokens, cost_usd } = usage;
          call.usage({ inputTokens: input_tokens, outputTokens: output_tokens, costUsd: cost_usd });
        }
        if (fails) throw (failure = FAILURES[fails]());
      });
    } catch (error) {
      if (error !== failure) throw error;
      raised = true;
    }
    if (as) this.calls.set(as, call);
    const { arm, decisionId, source, propensity } = call;
    return { arm, decision_id: decisionId, source, propensity, waited_ms: waitedMs, ...(raised ? { raised } : {}) };
  }

  async run({ query, fail_first = 0 }) {
    const tries = [];
    let decisionId;
    try {
      await this.router.run(query, {}, async (arm, attempt) => {
        decisionId = attempt.decisionId;
        tries.push(arm);
        if (tries.length <= fail_first) throw FAILURES.error();
      });
    } catch (error) {
      if (tries.length === 0) throw error;
      return { decision_id: decisionId, tries, raised: true };
    }
    return { arm: tries.at(-1), decision_id: decisionId, tries };
  }

  rate({ of, quality }) {
    const call = this.calls.get(of);
    if (!call) throw Object.assign(new Error(`there is no call ${of}`), { code: status.NOT_FOUND });
    call.rate(quality);
    return {};
  }

  rate_id({ decision_id, quality }) {
    this.router.rate(decision_id, quality);
    return {};
  }

  flush({ within_ms }) {
    return this.router.flush(within_ms);
  }

  status() {
    return this.router.status();
  }

  async close() {
    await this.router.close();
    return {};
  }
}

const COMMANDS = ["call", "run", "rate", "rate_id", "flush", "status", "close"];

async function answer(driver, line) {
  try {
    const command = JSON.parse(line);
    if (!COMMANDS.includes(command.do)) throw new Error(`there is no command ${command.do}`);
    return await driver[command.do](command);
  } catch (error) {
    return { error: status[error.code] ?? "INVALID_ARGUMENT", message: error.message };
  }
}

async function main() {
  const text = { type: "string" };
  const { values } = parseArgs({ options: {
    server: text, outbox: text, "default-arm": text, "deadline-ms": text, "outbox-max": text,
  } });
  const number = (value) => (value === undefined ? undefined : Number(value));
  const router = new Router({
    address: values.server, outbox: values.outbox, defaultArm: values["default-arm"],
    deadlineMs: number(values["deadline-ms"]), outboxMax: number(values["outbox-max"]),
    onReport: (report) => console.error(JSON.stringify(report)),
  });
  await router.ready(); // as an app does at its start
  const driver = new Driver(router);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line.trim() === "") continue;
    console.log(JSON.stringify(await answer(driver, line)));
    if (router.closing) break;
  }
  await router.close();
  process.stdin.destroy(); // a pipe that is still open would keep this program
}

main();
