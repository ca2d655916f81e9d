// Connect-ES in Node against a real pointsmand: every RPC, errors, time and tokens, in JSON and in protobuf's bytes.
// usage: node node.mjs '{"contract": FILE, "url": ..., "lockedUrl": ..., "tokens": {"all": ..., "route": ...},
//                        "messageBytesMax": N}'
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { compressionGzip, createConnectTransport } from "@connectrpc/connect-node";
import * as calls from "./calls.mjs";
import { Contract, notingIn, withHeaders } from "./contract.mjs";
import { imported } from "./imported.mjs";

const { assert } = calls;
const given = JSON.parse(process.argv[2]);
const contract = new Contract(readFileSync(given.contract));
const answered = new Set();

function connect(useBinaryFormat, { headers = {}, url = given.url, ...more } = {}) {
  return contract.clients(createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    useBinaryFormat,
    jsonOptions: { ignoreUnknownFields: false }, // a name that the contract does not have is a fault
    interceptors: [withHeaders(headers), notingIn(answered)],
    ...more,
  }));
}

async function checkImports({ admin }, pool) {
  const learned = await admin.importOutcomes(imported(pool, 200));
  assert.deepEqual([learned.queriesLearned, learned.outcomesLearned, learned.queriesMissing], [200n, 200n, 0n]);
  assert.deepEqual(learned.arms.map((arm) => [arm.arm, arm.learned]), [["große", 200n]]);
  const again = await admin.importOutcomes(imported(pool, 200));
  assert.deepEqual([again.outcomesLearned, again.outcomesKnown], [0n, 200n]);
}

async function checkImportErrors({ contract, admin }) {
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
  assert.ok(results.every((result) => result === contract.value("FeedbackResult", "APPLIED")), "200 calls at once");
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

async function checkAnswered() {
  const names = contract.names("unary", "client_streaming");
  // A stream in both directions is answered too: with its error.
  assert.deepEqual([...answered].filter((name) => names.includes(name)).sort(), names, "every RPC was answered");
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
  for (const step of [calls.checkPools, calls.checkDecisions, calls.checkInsight, checkImports, calls.checkImported, calls.checkServer,
                      calls.checkErrors, checkImportErrors, checkBothWays, checkCrowd]) {
    await attempt(format, step, clients, pool);
  }
  for (const step of [checkTime, checkStreamTime, checkCompression, checkTokens, checkEarlyErrors, checkLarge]) {
    await attempt(format, step, useBinaryFormat);
  }
  await attempt(format, calls.checkEnd, clients, pool);
  await attempt(format, checkAnswered);
  console.log(`node, ${format}: ${answered.size} RPCs were answered`);
  answered.clear();
}
if (failures.length > 0) {
  console.log(failures.join("\n"));
  process.exit(1);
}
