"use strict";
const assert = require("node:assert/strict");
const path = require("node:path");
const { test } = require("node:test");
const { setTimeout: sleep } = require("node:timers/promises");
const { status } = require("@grpc/grpc-js");
const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
const { W3CTraceContextPropagator } = require("@opentelemetry/core");
const otel = require("@opentelemetry/api");
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-base");
const { Fake } = require("../testing/fake.js");
const { folder } = require("../testing/real.js");
const { Router } = require("../src/index.js");

async function setUp(t, options = {}) {
  const fake = await new Fake().start();
  const router = new Router({
    address: fake.address, defaultArm: "small", deadlineMs: 20000, outbox: path.join(folder(), "outbox"), ...options,
  });
  t.after(async () => {
    await router.close();
    fake.stop();
  });
  return { fake, router };
}

test("a call is measured, and its value passed on", async (t) => {
  const { fake, router } = await setUp(t, { pool: "chat", token: "secret" });
  const value = await router.call("what?", { maxOutputTokens: 9, constraints: { denyArms: ["x"] } }, async (call) => {
    assert.equal(call.arm, "large");
    assert.equal(call.propensity, 0.75);
    assert.equal(call.source, "server");
    call.firstToken();
    await sleep(30);
    call.usage({ inputTokens: 12, cachedInputTokens: 2, costUsd: 0.001 });
    call.usage({ outputTokens: 34 });
    return 6;
  });
  assert.equal(value, 6);
  await router.flush();
  const [given] = fake.feedback;
  assert.equal(given.pool, "chat");
  assert.ok(given.latency_ms >= 25 && given.first_token_ms < given.latency_ms);
  assert.deepEqual([given.input_tokens, given.cached_input_tokens, given.output_tokens, given.cost_usd],
    [12, 2, 34, 0.001]);
  assert.equal(given.error_kind, undefined);
  assert.ok(Math.abs(given.at_unix_ms - Date.now()) < 5000);
  assert.equal(fake.metadata[0].authorization, "Bearer secret");
});

test("what an exception means", async (t) => {
  const { fake, router } = await setUp(t);
  const cases = [
    [new Error("x"), "PROVIDER"],
    ["not even an error", "PROVIDER"],
    [undefined, "PROVIDER"],
    [AbortSignal.timeout(0), "TIMEOUT"],
    [Object.assign(new Error("x"), { code: "ETIMEDOUT" }), "TIMEOUT"],
    [new TypeError("fetch failed", { cause: { code: "UND_ERR_HEADERS_TIMEOUT" } }), "TIMEOUT"],
    [AbortSignal.abort(), "CANCELLED"],
    [{ status: 429, headers: new Headers({ "retry-after": "2" }) }, "RATE_LIMITED", 2000],
    [{ response: { status: 429, headers: { "retry-after": "0.5" } } }, "RATE_LIMITED", 500],
    [{ statusCode: 429, headers: { "retry-after": new Date(Date.now() - 9000).toUTCString() } }, "RATE_LIMITED", 0],
    [{ status: 429 }, "RATE_LIMITED"],
    [{ status: 400 }, "CALLER"],
    [{ status: 408 }, "PROVIDER"],
    [{ status: 500 }, "PROVIDER"],
  ];
  await sleep(5);
  for (const [thrown] of cases) {
    const error = thrown instanceof AbortSignal ? thrown.reason : thrown;
    let caught = "nothing";
    await router.call("q", () => {
      throw error;
    }).catch((raised) => {
      caught = raised;
    });
    assert.equal(caught, error);
  }
  await router.flush();
  assert.deepEqual(fake.feedback.map((given) => [given.error_kind, given.retry_after_ms]),
    cases.map(([, kind, retry]) => [kind, retry]));
  assert.ok(fake.feedback.every(({ latency_ms: ms }) => ms >= 0));
});

test("begin: the end counts once, and usage may come after it", async (t) => {
  const { fake, router } = await setUp(t);
  const call = await router.begin("q");
  call.end();
  call.end();
  call.fail(new Error("too late"));
  call.usage({ outputTokens: 5 });
  call.rate(0.5);
  await router.flush();
  assert.equal(fake.feedback.length, 3);
  assert.equal(fake.feedback[1].output_tokens, 5);
  assert.equal(fake.feedback[2].quality, 0.5);
});

test("run tries the arms in order and reports all", async (t) => {
  const { fake, router } = await setUp(t);
  const failure = new Error("down");
  const value = await router.run("q", {}, (arm, attempt) => {
    if (attempt.index === 0) throw failure;
    attempt.usage({ inputTokens: 7, cachedInputTokens: 3 });
    attempt.firstToken();
    attempt.rate(1);
    return arm;
  });
  assert.equal(value, "small");
  await assert.rejects(router.run("q", { armCount: 2 }, () => Promise.reject(failure)), failure);
  const aborted = AbortSignal.abort().reason;
  await assert.rejects(router.run("q", () => Promise.reject(aborted)), aborted);
  await router.flush();
  const [rating, first, second, third] = fake.feedback;
  assert.deepEqual([rating.served_arm, rating.quality], ["small", 1]);
  const shape = (given) => given.attempts.map(({ arm, error_kind: kind }) => [arm, kind]);
  assert.deepEqual(shape(first), [["large", "PROVIDER"], ["small", undefined]]);
  assert.equal(first.attempts[1].input_tokens, 7);
  assert.equal(first.cached_input_tokens, 3);
  assert.ok(first.first_token_ms >= 0);
  assert.deepEqual(shape(second), [["large", "PROVIDER"], ["small", "PROVIDER"]]);
  assert.deepEqual(shape(third), [["large", "CANCELLED"]]);
});

test("the default arm answers for errors of the server only", async (t) => {
  const { fake, router } = await setUp(t);
  const isDefault = ["UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED", "INTERNAL", "UNKNOWN",
    "DATA_LOSS", "ABORTED"];
  for (const name of Object.keys(status).filter((key) => Number.isNaN(Number(key)) && key !== "OK")) {
    fake.onRoute = () => ({ code: status[name], details: name });
    if (isDefault.includes(name)) {
      const call = await router.begin("q");
      assert.deepEqual([call.source, call.arm, call.propensity], ["default", "small", undefined], name);
      await assert.rejects(router.begin("q", { defaultArm: "" }), { code: status[name] });
    } else {
      await assert.rejects(router.begin("q"), { code: status[name] });
    }
  }
});

test("a decision that the server did not log gets no feedback", async (t) => {
  const { fake, router } = await setUp(t);
  const answer = fake.onRoute;
  fake.onRoute = (request) => ({ ...answer(request), logged: false });
  const call = await router.begin("q");
  assert.equal(call.logged, false);
  call.end();
  assert.equal((await router.flush()).waiting, 0);
  assert.equal(fake.feedback.length, 0);
});

test("wrong arguments say what is wrong", async (t) => {
  const { router } = await setUp(t);
  await assert.rejects(router.begin(7), /the query must be a string/);
  assert.throws(() => router.rate("d", "good"), /quality must be a number from 0 to 1: got good/);
  assert.throws(() => router.rate(undefined, 1), /id must be a string/);
  const call = await router.begin("q");
  assert.throws(() => call.usage({ costUsd: "1 USD" }), /usage.costUsd must be a number/);
  assert.throws(() => new Router({ outboxMax: 0 }), /outboxMax must be at least 1/);
});

test("a proxy of the environment does not stand between an app and its own machine", async (t) => {
  process.env.http_proxy = "http://127.0.0.1:1";
  t.after(() => {
    delete process.env.http_proxy;
  });
  const { router } = await setUp(t);
  assert.equal((await router.begin("q")).source, "server");
});

test("with OpenTelemetry a call is a span, and the trace goes along", async (t) => {
  const spans = new InMemorySpanExporter();
  otel.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  otel.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  otel.propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const { fake, router } = await setUp(t);
  let id;
  await assert.rejects(router.call("q", async (call) => {
    id = call.decisionId;
    otel.trace.getTracer("app").startSpan("llm").end();
    throw new Error("down");
  }));
  await router.run("q", () => 1);
  const [llm, failed, run] = spans.getFinishedSpans();
  assert.equal(failed.name, "pointsman.call");
  assert.deepEqual(failed.attributes,
    { "pointsman.arm": "large", "pointsman.decision_id": id, "pointsman.propensity": 0.75 });
  assert.equal(failed.status.code, otel.SpanStatusCode.ERROR);
  assert.equal(llm.parentSpanContext.spanId, failed.spanContext().spanId);
  assert.equal(run.name, "pointsman.call");
  assert.ok(fake.metadata[0].traceparent.includes(failed.spanContext().traceId));
});
