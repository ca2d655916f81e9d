// Connect-ES in Node against a real pointsmand: every RPC, errors, time and tokens, in JSON and in protobuf's bytes.
// usage: node node.mjs '{"contract": FILE, "url": ..., "lockedUrl": ..., "tokens": {"all": ..., "route": ...},
//                        "messageBytesMax": N}'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { compressionGzip, createConnectTransport } from "@connectrpc/connect-node";
import { Contract, withHeaders } from "./contract.mjs";

const given = JSON.parse(process.argv[2]);
const contract = new Contract(readFileSync(given.contract));
const TEXT = "Wie heißt 東京 auf Deutsch? 🚆 \"\\\n\u2028";
const BIG = 2n ** 64n - 1n; // JSON's own numbers are exact only up to 2^53
const UNSHORT = 0.1 + 0.2; // 17 digits
const answered = new Set();

const noteAnswered = (next) => async (request) => {
  const answer = await next(request);
  answered.add(`${request.service.typeName}/${request.method.name}`);
  return answer;
};

function connect(useBinaryFormat, { headers = {}, url = given.url, ...more } = {}) {
  return contract.clients(createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    useBinaryFormat,
    jsonOptions: { ignoreUnknownFields: false }, // a name that the contract does not have is a fault
    interceptors: [withHeaders(headers), noteAnswered],
    ...more,
  }));
}

const valueOf = (type, name) => contract.registry.getEnum(`pointsman.v1.${type}`).values
  .find((value) => value.name === name).number;

async function checkPools({ admin }, pool) {
  const put = await admin.putPool({
    name: pool,
    createOnly: true,
    settings: {
      embedder: { projectionSeed: BIG },
      costScaleUsd: UNSHORT,
      storeQueryText: true,
      features: [{ name: "length", center: -0.5, scale: 1e-7 }],
    },
    arms: [{ name: "small", usdPer1mInput: 0.15, usdPer1mOutput: 0.6, tags: ["chat"] },
           { name: "große", usdPer1mInput: 5, usdPer1mOutput: 15, description: TEXT }],
  });
  assert.ok(put.created);
  const { pool: got } = await admin.getPool({ name: pool });
  assert.equal(got.settings.embedder.projectionSeed, BIG, "64 bits stay exact");
  assert.equal(got.settings.costScaleUsd, UNSHORT, "and so do doubles");
  assert.equal(got.settings.features[0].scale, 1e-7);
  assert.equal(got.settings.storeQueryText, true);
  assert.equal(got.armsActive, 2);
  assert.equal(typeof got.snapshotVersion, "bigint");
  const { pools } = await admin.listPools({});
  assert.ok(pools.some((one) => one.name === pool));

  const third = await admin.putArm({ pool, arm: { name: "third", contextTokensMax: 128000n } });
  assert.ok(third.created && third.notes.length > 0, "an arm without prices is noted");
  await admin.removeArm({ pool, arm: "third" });
  const arms = [];
  for (let pageToken = ""; ;) {
    const page = await admin.listArms({ pool, includeRemoved: true, pageSize: 2, pageToken });
    arms.push(...page.arms);
    pageToken = page.nextPageToken;
    if (!pageToken) break;
  }
  const byName = Object.fromEntries(arms.map((arm) => [arm.name, arm]));
  assert.deepEqual(Object.keys(byName).sort(), ["große", "small", "third"]);
  assert.equal(byName["große"].description, TEXT, "text stays as it is");
  assert.equal(byName.third.contextTokensMax, 128000n);
  assert.equal(byName.third.status, valueOf("ArmStatus", "REMOVED"));
  assert.equal(byName.small.usdPer1mCachedInput, undefined, "what is unset stays unset");
}

async function checkDecisions({ router, admin }, pool) {
  const decision = await router.route({ pool, query: TEXT, explain: true, features: { length: 2.5 } });
  assert.ok(decision.propensity > 0 && decision.propensity <= 1 && decision.logged);
  assert.deepEqual(decision.ranking.map((arm) => arm.arm).sort(), ["große", "small"]);
  assert.ok(["große", "small"].includes(decision.arm));
  const batch = await router.routeBatch({ pool, requests: [{ query: "one" }, {}, { query: "three" }] });
  assert.deepEqual(batch.items.map((item) => item.result.case), ["response", "error", "response"]);
  assert.equal(batch.items[1].result.value.code, 3);

  const report = { pool, decisionId: decision.decisionId, quality: 1, inputTokens: 12n, latencyMs: UNSHORT };
  const told = await router.feedback({ ...report, feedbackId: "f" });
  assert.equal(told.result, valueOf("FeedbackResult", "APPLIED"));
  assert.ok(told.sequence > 0n);
  const again = await router.feedback({ ...report, feedbackId: "f" });
  assert.equal(again.result, valueOf("FeedbackResult", "ALREADY_APPLIED"));
  const others = batch.items.flatMap(({ result }) => (result.case === "response" ? [result.value.decisionId] : []));
  const many = await router.feedbackBatch({
    pool, requests: [...others.map((decisionId) => ({ decisionId, quality: 0.5 })), { decisionId: "", quality: 1 }],
  });
  assert.deepEqual(many.items.map((item) => item.result.case), ["response", "response", "error"]);

  const explained = await admin.explain({ pool, decisionId: decision.decisionId });
  assert.equal(explained.queryText, TEXT);
  assert.equal(explained.candidates.length, 2);
  const [seen] = explained.outcomes;
  assert.deepEqual([seen.quality, seen.inputTokens, seen.latencyMs, seen.error], [1, 12n, UNSHORT, undefined]);
  const stats = await admin.getStats({ pool, withChecksum: true });
  assert.deepEqual([stats.decisions, stats.outcomes, stats.feedback.applied], [3n, 3n, 3n]);
  assert.ok(stats.stateChecksum > 0n);
}

async function* imported(pool, count) {
  yield { part: { case: "start", value: { pool, importId: "i", queries: BigInt(count), strength: 5,
                                          armOutcomes: { große: BigInt(count) } } } };
  for (let i = 0; i < count; i += 10) {
    const queries = Array.from({ length: 10 }, (_, k) => ({
      query: `question ${i + k}`, features: { length: k }, outcomes: [{ arm: "große", quality: k / 10 }],
    }));
    yield { part: { case: "chunk", value: { queries } } };
    await sleep(1); // so that the chunks travel alone
  }
}

async function checkImports({ admin }, pool) {
  const learned = await admin.importOutcomes(imported(pool, 200));
  assert.deepEqual([learned.queriesLearned, learned.outcomesLearned, learned.queriesMissing], [200n, 200n, 0n]);
  assert.deepEqual(learned.arms.map((arm) => [arm.arm, arm.learned]), [["große", 200n]]);
  const again = await admin.importOutcomes(imported(pool, 200));
  assert.deepEqual([again.outcomesLearned, again.outcomesKnown], [0n, 200n]);
  const outcomes = [];
  for (let pageToken = ""; ;) {
    const page = await admin.listOutcomes({ pool, pageSize: 50, pageToken });
    outcomes.push(...page.outcomes);
    pageToken = page.nextPageToken;
    if (!pageToken) break;
  }
  assert.equal(outcomes.length, 203);
  assert.ok(outcomes.every((one, i) => i === 0 || one.sequence > outcomes[i - 1].sequence), "in order");
  const undone = await admin.undoImport({ pool, importId: "i" });
  assert.equal(undone.outcomes, 200n);
  const recall = await admin.measureRecall({ pool, queries: ["question 7", "what is a prime number?"] });
  assert.ok(recall.queries > 0 && recall.neighbourRecall >= 0 && recall.neighbourRecall <= 1);
}

async function checkServer({ admin }, pool) {
  const tried = await admin.tryEmbedder({ endpoint: "quick", texts: ["one", "two words"] });
  assert.deepEqual([tried.model, tried.dimension, tried.tokensEach], ["words", 32, 1.5]);
  const backup = await admin.backup({ name: pool });
  assert.ok(backup.folder.endsWith(pool) && backup.files > 0n && backup.bytes > 0n);
}

async function checkErrors(clients, pool) {
  const { router, admin } = clients;
  const unknown = await contract.failure(router.route({ pool: "nowhere", query: "x" }));
  assert.deepEqual([unknown.code, unknown.reason, unknown.domain], ["NotFound", "POOL_UNKNOWN", "pointsman"]);
  assert.match(unknown.message, /nowhere/);
  const empty = await contract.failure(router.route({ pool }));
  assert.deepEqual([empty.code, empty.fields], ["InvalidArgument", ["query"]]);
  for (const quality of [NaN, Infinity, 2]) {
    const wrong = await contract.failure(router.feedback({ pool, decisionId: "d", quality }));
    assert.deepEqual([wrong.code, wrong.fields], ["InvalidArgument", ["quality"]], `quality ${quality}`);
  }
  assert.equal((await contract.failure(admin.putPool({ name: pool, createOnly: true }))).code, "AlreadyExists");
  const quoted = await contract.failure(admin.getPool({ name: TEXT }));
  assert.ok(["NotFound", "InvalidArgument"].includes(quoted.code), `an error that quotes: ${quoted.code}`);

  const lost = await contract.failure(admin.importOutcomes(imported("nowhere", 10)));
  assert.deepEqual([lost.code, lost.reason], ["NotFound", "POOL_UNKNOWN"], "the error of a stream");
  async function* noStart() { yield { part: { case: "chunk", value: { queries: [] } } }; }
  assert.equal((await contract.failure(admin.importOutcomes(noStart()))).code, "InvalidArgument");
}

// An error that comes while the client is still sending must arrive, too: no reset may overtake it.
async function checkEarlyErrors(useBinaryFormat) {
  const { admin } = connect(useBinaryFormat);
  async function* long() {
    yield { part: { case: "start", value: { pool: "nowhere", importId: "i", queries: 1000n, strength: 1 } } };
    const outcomes = [{ arm: "small", quality: 1 }];
    for (let i = 0; i < 100; i++) {
      yield { part: { case: "chunk", value: { queries: [{ query: "x".repeat(1 << 18), outcomes }] } } };
    }
  }
  const lost = await contract.failure(admin.importOutcomes(long()));
  assert.equal(lost.code, "NotFound", `26 MB for an unknown pool: ${lost.message}`);
}

async function checkLarge(useBinaryFormat) {
  const { router } = connect(useBinaryFormat);
  const large = await contract.failure(router.route({ query: "x".repeat(given.messageBytesMax + (4 << 20)) }));
  assert.equal(large.code, "ResourceExhausted", `a message over message_bytes_max: ${large.message}`);
}

// Without a timer of its own, a client shows what the server says.
const patient = (useBinaryFormat) => connect(useBinaryFormat, { headers: { "Connect-Timeout-Ms": "200" } });

async function checkTime(useBinaryFormat) {
  const { router, admin } = connect(useBinaryFormat);
  const slow = { endpoint: "hanging", texts: ["x"] }; // it never answers
  const own = await contract.failure(admin.tryEmbedder(slow, { timeoutMs: 200 }));
  assert.equal(own.code, "DeadlineExceeded", "the client's timeout");
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  assert.equal((await contract.failure(admin.tryEmbedder(slow, { signal: stop.signal }))).code, "Canceled");
  assert.ok((await router.route({ query: "x" }, { timeoutMs: 30_000 })).arm, "a call within its time");
  const late = await contract.failure(patient(useBinaryFormat).admin.tryEmbedder(slow));
  assert.deepEqual([late.code, /200 ms/.test(late.message)], ["DeadlineExceeded", true], "the server's timeout");
}

async function checkStreamTime(useBinaryFormat) {
  async function* waiting() { await sleep(600); }
  const stream = await contract.failure(patient(useBinaryFormat).admin.importOutcomes(waiting()));
  assert.equal(stream.code, "DeadlineExceeded", `the server's timeout of a stream: ${stream.message}`);
}

// Clients may compress only what a server can decompress; it says so by `unimplemented`.
async function checkCompression(useBinaryFormat) {
  const { router, admin } = connect(useBinaryFormat, { sendCompression: compressionGzip, compressMinBytes: 0 });
  for (const call of [() => router.route({ query: "x" }), () => admin.importOutcomes(imported("nowhere", 10))]) {
    assert.equal((await contract.failure(call())).code, "Unimplemented");
  }
}

// HTTP/1.1 cannot carry answers while a request is sent: such streams are for gRPC.
async function checkBothWays(clients) {
  async function* none() {}
  for (const method of contract.methods().filter((one) => one.methodKind === "bidi_streaming")) {
    const client = method.parent.name === "Router" ? clients.router : clients.admin;
    const all = async () => { for await (const one of client[method.localName](none())) return one; };
    assert.equal((await contract.failure(all())).code, "Unimplemented", method.name);
  }
}

async function checkCrowd({ router }, pool) {
  const work = async (i) => {
    const { decisionId } = await router.route({ pool, query: `question ${i}` });
    return (await router.feedback({ pool, decisionId, quality: 0.5 })).result;
  };
  const results = await Promise.all(Array.from({ length: 200 }, (_, i) => work(i)));
  assert.ok(results.every((result) => result === valueOf("FeedbackResult", "APPLIED")), "200 calls at once");
}

async function checkTokens(useBinaryFormat) {
  const as = (token) => connect(useBinaryFormat, {
    url: given.lockedUrl, headers: token ? { Authorization: `Bearer ${token}` } : {},
  });
  const { all, route } = given.tokens;
  assert.ok((await as(all).admin.listPools({})).pools.length > 0, "a good token is let in");
  assert.ok((await as(route).router.route({ query: "x" })).arm);
  for (const [what, token, wanted] of [["no token", undefined, "Unauthenticated"],
                                       ["a wrong token", all.slice(0, -4), "Unauthenticated"],
                                       ["another scope", route, "PermissionDenied"]]) {
    const { admin } = as(token);
    for (const [kind, call] of [["unary", () => admin.listPools({})],
                                ["stream", () => admin.importOutcomes(imported("x", 10))]]) {
      const refused = await contract.failure(call());
      assert.equal(refused.code, wanted, `${what}, ${kind}: ${refused.message}`);
      // A client that finds no error of the protocol makes one of the status: "HTTP 401".
      assert.doesNotMatch(refused.message, /^HTTP \d/, `${what}, ${kind}: the server's own message arrives`);
    }
  }
}

async function checkEnd({ router, admin }, pool) {
  await admin.deletePool({ name: pool });
  assert.equal((await contract.failure(router.route({ pool, query: "x" }))).reason, "POOL_UNKNOWN");
  const callable = contract.methods().filter((method) => method.methodKind !== "bidi_streaming");
  const names = callable.map((method) => `${method.parent.typeName}/${method.name}`);
  // A stream in both directions is answered too: with its error.
  const got = [...answered].filter((name) => names.includes(name));
  assert.deepEqual(got.sort(), names.sort(), "every RPC was answered");
}

// Tries the other steps too, since one run should tell of all faults.
const failures = [];
async function attempt(format, step, ...words) {
  try {
    await step(...words);
  } catch (error) {
    failures.push(`${format}, ${step.name}: ${error.stack}`);
  }
}

for (const useBinaryFormat of [false, true]) {
  const format = useBinaryFormat ? "binary" : "json";
  const pool = `by-${format}`;
  const clients = connect(useBinaryFormat);
  for (const step of [checkPools, checkDecisions, checkImports, checkServer, checkErrors, checkBothWays, checkCrowd]) {
    await attempt(format, step, clients, pool);
  }
  for (const step of [checkTime, checkStreamTime, checkCompression, checkTokens, checkEarlyErrors, checkLarge]) {
    await attempt(format, step, useBinaryFormat);
  }
  await attempt(format, checkEnd, clients, pool);
  console.log(`node, ${format}: ${answered.size} RPCs were answered`);
  answered.clear();
}
if (failures.length > 0) {
  console.log(failures.join("\n"));
  process.exit(1);
}
