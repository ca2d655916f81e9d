"use strict";
const assert = require("node:assert/strict");
const path = require("node:path");
const { after, afterEach, before, test } = require("node:test");
const { status } = require("@grpc/grpc-js");
const { OpenAI } = require("openai");
const { Fake } = require("../testing/fake.js");
const { startProvider } = require("../testing/provider.js");
const { folder, start, why } = require("../testing/real.js");
const { Router } = require("../src/index.js");
const { decisionOf, wrap } = require("../src/openai.js");

let fake;
let provider;
let router;
let plain;
let client;
let routes;

before(async () => {
  fake = await new Fake().start();
  provider = await startProvider();
  router = new Router({ address: fake.address, deadlineMs: 20000, outbox: path.join(folder(), "outbox") });
  plain = new OpenAI({ apiKey: "none", baseURL: provider.url, maxRetries: 0 });
  client = wrap(plain, router, { pool: "chat" });
  const answer = fake.onRoute;
  routes = [];
  fake.onRoute = (request) => {
    routes.push(request);
    return answer(request);
  };
});

afterEach(() => {
  for (const list of [fake.feedback, provider.bodies, routes]) list.length = 0;
});

after(async () => {
  await router.close();
  fake.stop();
  provider.stop();
});

const ask = (content, more = {}, options = undefined) =>
  client.chat.completions.create({ model: "auto", messages: [{ role: "user", content }], ...more }, options);

async function reported() {
  assert.equal((await router.flush()).waiting, 0);
  return fake.feedback;
}

test("the model auto is routed, called as the arm, and reported", async () => {
  const answer = await ask("what is 2 + 2?", { max_tokens: 50 });
  assert.equal(answer.choices[0].message.content, "four");
  assert.equal(answer.model, "large");
  assert.equal(provider.bodies[0].model, "large");
  assert.equal(routes[0].query, "what is 2 + 2?");
  assert.equal(routes[0].pool, "chat");
  assert.equal(routes[0].max_output_tokens, 50);
  assert.equal(decisionOf(answer), routes[0].decision_id);
  assert.equal(answer._pointsman.decisionId, routes[0].decision_id);
  assert.ok(!JSON.stringify(answer).includes("_pointsman"));
  answer._pointsman.rate(1);
  const [outcome, rating] = await reported();
  assert.ok(outcome.latency_ms > 0);
  assert.deepEqual([outcome.input_tokens, outcome.output_tokens, outcome.cached_input_tokens], [20, 5, 8]);
  assert.equal(rating.quality, 1);
});

test("pointsman/POOL names the pool, and the query is the text of the last user turn", async () => {
  await ask("-", { model: "pointsman/code", messages: [
    { role: "system", content: "long" }, { role: "user", content: "first" }, { role: "assistant", content: "yes" },
    { role: "user", content: [{ type: "text", text: "and" }, { type: "image_url", image_url: { url: "data:," } },
      { type: "text", text: "now?" }] },
    { role: "assistant", content: "well" },
  ] });
  assert.equal(routes[0].pool, "code");
  assert.equal(routes[0].query, "and\nnow?");
  await reported();
});

test("other models pass through untouched", async () => {
  const answer = await ask("hello", { model: "gpt-4o" });
  assert.equal(answer.model, "gpt-4o");
  assert.equal(decisionOf(answer), undefined);
  assert.equal(routes.length, 0);
  assert.equal((await reported()).length, 0);
});

test("a stream is passed on as it is, with its first token and its usage", async () => {
  const options = { stream: true, stream_options: { include_usage: true } };
  const text = async (chunks) => {
    const all = [];
    for await (const chunk of chunks) all.push(chunk);
    return JSON.stringify(all);
  };
  const direct = await plain.chat.completions.create(
    { model: "large", messages: [{ role: "user", content: "count" }], ...options });
  const expected = await text(direct);
  const stream = await ask("count", options);
  assert.equal(stream.constructor, direct.constructor);
  assert.equal(decisionOf(stream), routes[0].decision_id);
  assert.equal(await text(stream), expected);
  const [outcome] = await reported();
  assert.ok(outcome.first_token_ms >= 20 && outcome.first_token_ms <= outcome.latency_ms, JSON.stringify(outcome));
  assert.deepEqual([outcome.input_tokens, outcome.output_tokens, outcome.cached_input_tokens], [20, 5, 8]);
  await text(await ask("count", { stream: true }));
  const second = (await reported())[1];
  assert.equal(second.input_tokens, undefined);
  assert.deepEqual(Object.keys(provider.bodies.at(-1)).sort(), ["messages", "model", "stream"]);
});

test("both halves of a split stream get all, and the call counts once", async () => {
  const [left, right] = (await ask("count", { stream: true })).tee();
  for (const half of [left, right]) {
    let text = "";
    for await (const chunk of half) text += chunk.choices[0].delta.content ?? "";
    assert.equal(text, "one two three");
  }
  assert.equal((await reported()).length, 1);
});

test("a stream that breaks off is a failure, one that the app leaves is cancelled", async () => {
  await assert.rejects(async () => {
    for await (const chunk of await ask("break off", { stream: true })) assert.ok(chunk);
  });
  for await (const chunk of await ask("go on for ever", { stream: true })) {
    if (chunk.choices[0].delta.content) break;
  }
  const aborted = await ask("go on for ever", { stream: true });
  setTimeout(() => aborted.controller.abort(), 20);
  for await (const chunk of aborted) assert.ok(chunk);
  assert.deepEqual((await reported()).map(({ error_kind: kind }) => kind), ["PROVIDER", "CANCELLED", "CANCELLED"]);
});

test("errors are reported and reach the app", async () => {
  await assert.rejects(ask("fail with 429"), OpenAI.RateLimitError);
  await assert.rejects(ask("fail with 500"), OpenAI.InternalServerError);
  await assert.rejects(ask("fail with 400", { stream: true }), OpenAI.BadRequestError);
  await assert.rejects(ask("say nothing", {}, { timeout: 50 }), OpenAI.APIConnectionTimeoutError);
  await assert.rejects(ask("say nothing", {}, { signal: AbortSignal.abort() }), OpenAI.APIUserAbortError);
  assert.deepEqual((await reported()).map(({ error_kind: kind, retry_after_ms: ms }) => [kind, ms]),
    [["RATE_LIMITED", 3000], ["PROVIDER", undefined], ["CALLER", undefined], ["TIMEOUT", undefined],
      ["CANCELLED", undefined]]);
});

test("without pointsmand and a default arm the app gets the error", async (t) => {
  const broken = fake.onRoute;
  t.after(() => {
    fake.onRoute = broken;
  });
  fake.onRoute = () => ({ code: status.UNAVAILABLE, details: "away" });
  await assert.rejects(ask("hello"), { code: status.UNAVAILABLE });
  const other = new Router({
    address: fake.address, deadlineMs: 20000, defaultArm: "small", outbox: path.join(folder(), "outbox"),
  });
  const answer = await wrap(plain, other).chat.completions.create(
    { model: "auto", messages: [{ role: "user", content: "hello" }] });
  assert.equal(answer.model, "small");
  fake.onRoute = broken;
  await other.close();
});

test("the promise has what the package's own has", async () => {
  const { data, response, request_id: id } = await ask("hello").withResponse();
  assert.equal(data.model, "large");
  assert.equal(response.status, 200);
  assert.equal(id, "r1");
  assert.equal((await ask("hello").asResponse()).headers.get("x-request-id"), "r1");
  assert.equal((await ask("hello").finally(() => {})).model, "large");
  assert.equal(await ask("fail with 500").catch(() => "caught"), "caught");
  assert.equal((await reported()).length, 4);
});

test("helpers of the package are routed too", async () => {
  const parsed = await client.chat.completions.parse({
    model: "auto", messages: [{ role: "user", content: "as json" }],
    response_format: { type: "json_schema", json_schema: { name: "x", strict: true, schema: {} } },
  });
  assert.equal(parsed.model, "large");
  assert.ok(decisionOf(parsed));
  const runner = client.chat.completions.stream({ model: "auto", messages: [{ role: "user", content: "count" }] });
  assert.equal(await runner.finalContent(), "one two three");
  assert.equal((await reported()).length, 2);
});

test("the wrapped client is still a client, and the first is not changed", async () => {
  assert.ok(client instanceof OpenAI);
  assert.equal(client.baseURL, provider.url);
  assert.equal(typeof client.withOptions, "function");
  assert.equal(typeof client.embeddings.create, "function");
  await plain.chat.completions.create({ model: "auto", messages: [{ role: "user", content: "hello" }] });
  assert.equal(provider.bodies[0].model, "auto");
  assert.equal(routes.length, 0);
});

test("a real server learns what was reported", { skip: why }, async (t) => {
  const server = await start();
  t.after(() => server.stop());
  const real = new Router({ address: server.address, deadlineMs: 20000, outbox: path.join(folder(), "outbox") });
  t.after(() => real.close());
  const answer = await wrap(plain, real).chat.completions.create(
    { model: "auto", messages: [{ role: "user", content: "what is 2 + 2?" }] });
  real.rate(decisionOf(answer), 0.625);
  assert.deepEqual(await real.flush(), { waiting: 0, dropped: 0, rejected: 0 });
  const shown = server.explain(decisionOf(answer));
  if (shown !== null) assert.match(shown, /0\.625/);
});
