// An app that asks pointsmand which model should answer, and works without it too.
//
// Reads commands from standard input and prints one JSON object for each:
//   ask TEXT                              which arm should answer?
//   rate DECISION_ID QUALITY RATING_ID    how good was the answer, from 0 to 1
//   deliver                               send the feedback that was kept while pointsmand was away
"use strict";
const { randomUUID } = require("node:crypto");
const fs = require("node:fs");
const readline = require("node:readline");
const { parseArgs } = require("node:util");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

// Worth another try later. Any other code says that the request is wrong: fix it, do not repeat it.
const TEMPORARY = [
  grpc.status.UNAVAILABLE,
  grpc.status.DEADLINE_EXCEEDED,
  grpc.status.RESOURCE_EXHAUSTED,
  grpc.status.CANCELLED, // what gRPC answers for a server that is just shutting down
];
// Unless told, gRPC may wait two minutes before it looks for a restarted server.
const CHANNEL_OPTIONS = {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
};
const isTemporary = (error) => TEMPORARY.includes(error.code);

class Pointsman {
  constructor(args) {
    this.args = args;
    const definition = protoLoader.loadSync("pointsman/v1/router.proto", {
      includeDirs: [args.proto], keepCase: true, enums: String, longs: Number, defaults: true,
    });
    const { Router } = grpc.loadPackageDefinition(definition).pointsman.v1;
    this.stub = new Router(args.server, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
    // Decisions that pointsmand may not know yet. An app with a database keeps them there.
    this.unanswered = new Map();
  }

  call(method, request, deadlineMs, waitForReady) {
    const options = { deadline: Date.now() + deadlineMs };
    return new Promise((resolve, reject) => {
      this.stub[method](request, new grpc.Metadata({ waitForReady }), options,
        (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  }

  async ask(query) {
    // The app's own id: the same id again gets the same decision, so a repeat is harmless.
    const route = { pool: this.args.pool, query, decision_id: randomUUID() };
    try {
      const answer = await this.call("Route", route, this.args.routeDeadlineMs, false);
      return { decision_id: answer.decision_id, arm: answer.arm, source: "pointsmand",
               propensity: answer.propensity, logged: answer.logged };
    } catch (error) {
      if (!isTemporary(error)) throw error;
      this.unanswered.set(route.decision_id, route);
      return { decision_id: route.decision_id, arm: this.args.defaultArm,
               source: "fallback", why: grpc.status[error.code] };
    }
  }

  async rate(decisionId, quality, ratingId) {
    const item = { feedback: { pool: this.args.pool, decision_id: decisionId,
                               feedback_id: ratingId, quality, at_unix_ms: Date.now() } };
    if (this.unanswered.has(decisionId)) {
      item.route = this.unanswered.get(decisionId);
      item.feedback.served_arm = this.args.defaultArm;
    }
    try {
      return { feedback: await this.send(item, false) };
    } catch (error) {
      if (!isTemporary(error)) throw error;
      this.keep(item);
      return { feedback: "KEPT", why: grpc.status[error.code] };
    }
  }

  // One piece of feedback; first the decision, if pointsmand did not answer when asked.
  async send(item, wait) {
    const deadlineMs = this.args.feedbackDeadlineMs;
    if (item.route) await this.call("Route", item.route, deadlineMs, wait);
    return (await this.call("Feedback", item.feedback, deadlineMs, wait)).result;
  }

  kept() {
    const text = fs.existsSync(this.args.kept) ? fs.readFileSync(this.args.kept, "utf8") : "";
    return text.split("\n").filter(Boolean);
  }

  write(path, flags, text) {
    const file = fs.openSync(path, flags);
    fs.writeSync(file, text);
    fs.fsyncSync(file);
    fs.closeSync(file);
  }

  keep(item) {
    this.write(this.args.kept, "a", JSON.stringify(item) + "\n");
  }

  // Call it at the start and every minute. Ending half way is harmless: what is sent twice has the
  // same feedback_id and is counted once.
  async deliver() {
    const results = [];
    const done = new Set();
    for (const line of this.kept()) {
      try {
        results.push(await this.send(JSON.parse(line), true));
      } catch (error) {
        if (isTemporary(error)) break;
        if (error.code === undefined) throw error;
        results.push(`REFUSED ${grpc.status[error.code]}: ${error.details}`);
      }
      done.add(line);
    }
    // Nothing is awaited from here on, so nothing can be kept in between and get lost.
    const rest = this.kept().filter((line) => !done.has(line));
    this.write(this.args.kept + ".new", "w", rest.map((line) => line + "\n").join(""));
    fs.renameSync(this.args.kept + ".new", this.args.kept);
    return { delivered: results, kept: rest.length };
  }
}

function run(app, line) {
  const [command, ...words] = line.split(" ");
  if (command === "ask") return app.ask(words.join(" "));
  if (command === "rate") return app.rate(words[0], Number(words[1]), words[2]);
  if (command === "deliver") return app.deliver();
  console.error(`unknown command ${command}; there are ask, rate and deliver`);
  return process.exit(1);
}

async function main() {
  const text = (value) => ({ type: "string", default: value });
  const { values } = parseArgs({ options: {
    server: text("127.0.0.1:7717"), pool: text("default"), "default-arm": text(),
    kept: text("kept-feedback.jsonl"), proto: text("proto"),
    "route-deadline-ms": text("200"), "feedback-deadline-ms": text("2000"),
  } });
  if (!values["default-arm"]) throw new Error("--default-arm is missing: who answers otherwise?");
  const app = new Pointsman({
    server: values.server, pool: values.pool, defaultArm: values["default-arm"],
    kept: values.kept, proto: values.proto,
    routeDeadlineMs: Number(values["route-deadline-ms"]),
    feedbackDeadlineMs: Number(values["feedback-deadline-ms"]),
  });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = await run(app, line);
    } catch (error) {
      if (error.code === undefined) throw error;
      answer = { error: grpc.status[error.code], message: error.details };
    }
    console.log(JSON.stringify(answer));
  }
  app.stub.close();
}

main();
