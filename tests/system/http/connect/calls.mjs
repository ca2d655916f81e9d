// What every client sees of every unary RPC, in Node and in browsers alike: values that JSON can lose, errors, and
// what was learned.
import { assert as chai } from "chai";

export const TEXT = "Wie heißt 東京 auf Deutsch? 🚆 \"\\\n\u2028";
const BIG = 2n ** 64n - 1n; // JSON's own numbers are exact only up to 2^53
const UNSHORT = 0.1 + 0.2; // 17 digits

// node:assert's names, strict as there.
export const assert = {
  ok: chai.ok, equal: chai.strictEqual, deepEqual: chai.deepEqual, match: chai.match, doesNotMatch: chai.notMatch,
};

export async function checkPools({ contract, admin }, pool) {
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
  assert.equal(byName.third.status, contract.value("ArmStatus", "REMOVED"));
  assert.equal(byName.small.usdPer1mCachedInput, undefined, "what is unset stays unset");
}

export async function checkDecisions({ contract, router, admin }, pool) {
  const decision = await router.route({ pool, query: TEXT, explain: true, features: { length: 2.5 } });
  assert.ok(decision.propensity > 0 && decision.propensity <= 1 && decision.logged);
  assert.deepEqual(decision.ranking.map((arm) => arm.arm).sort(), ["große", "small"]);
  assert.ok(["große", "small"].includes(decision.arm));
  const batch = await router.routeBatch({ pool, requests: [{ query: "one" }, {}, { query: "three" }] });
  assert.deepEqual(batch.items.map((item) => item.result.case), ["response", "error", "response"]);
  assert.equal(batch.items[1].result.value.code, 3);

  const report = { pool, decisionId: decision.decisionId, quality: 1, inputTokens: 12n, latencyMs: UNSHORT };
  const told = await router.feedback({ ...report, feedbackId: "f" });
  assert.equal(told.result, contract.value("FeedbackResult", "APPLIED"));
  assert.ok(told.sequence > 0n);
  const again = await router.feedback({ ...report, feedbackId: "f" });
  assert.equal(again.result, contract.value("FeedbackResult", "ALREADY_APPLIED"));
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
  const bare = await admin.getStats({ pool, withChecksum: true, withoutArms: true });
  assert.deepEqual([bare.arms.length, bare.stateChecksum], [0, stats.stateChecksum]);
}

export async function checkInsight({ contract, insight }, pool) {
  const server = await insight.getServer({});
  const [log] = server.pools.filter((one) => one.pool === pool);
  assert.ok(server.version && server.scopes.includes("read") && log.sequence > 0n && server.limits.length > 0);
  const { buckets, stepS } = await insight.getHistory({ pool });
  const sum = (name) => buckets.reduce((total, bucket) => total + bucket[name], 0n);
  assert.deepEqual([stepS, sum("decisions"), sum("firstFeedback")], [60n, 3n, 3n]);
  const { decisions } = await insight.listDecisions({ pool, text: "HEISST", feedback: contract.value("FeedbackFilter", "TOLD") });
  assert.equal(decisions.length, 0, "only ASCII letters are the same in both cases");
  const found = await insight.listDecisions({ pool, text: "wie HEI", pageSize: 5 });
  assert.deepEqual(found.decisions.map((one) => [one.queryText, one.outcome.quality]), [[TEXT, 1]]);
  const tried = await insight.tryPreferences({ pool, preferences: [{ quality: 1 }, { cost: 1 }] });
  assert.deepEqual([tried.decisions, tried.results.length], [3, 2]);
  assert.ok(tried.results.every((one) => Math.abs(one.arms.reduce((all, arm) => all + arm.share, 0) - 1) < 1e-9));
  const query = await insight.tryQuery({ request: { pool, query: TEXT }, neighbours: 1 });
  assert.equal(query.parts.length, query.decision.ranking.length);
  assert.deepEqual([query.neighbours[0].queryText, query.decision.logged], [TEXT, false]);
  const { groups, outcomes, hasWords } = await insight.listQueryGroups({ pool, groups: 2 });
  assert.ok(groups.length > 0 && outcomes === 3 && hasWords);
  const compared = await insight.comparePolicies({ pool, policies: [{ policy: { case: "uniform", value: true } }] });
  assert.deepEqual([compared.decisions, compared.served.quality.outcomes, compared.results.length, compared.groups], [3, 3, 1, undefined]);
  assert.ok(Math.abs(compared.served.quality.dr - 2 / 3) < 1e-9, "qualities of 1, 0.5 and 0.5");
  const again = await insight.recomputeDecision({ pool, decisionId: found.decisions[0].decisionId });
  assert.deepEqual([again.result, again.arm], [contract.value("RecomputeResult", "SAME"), found.decisions[0].arm]);
}

// Needs the import "i", of 200 outcomes.
export async function checkImported({ admin }, pool) {
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

export async function checkServer({ admin }, pool) {
  const tried = await admin.tryEmbedder({ endpoint: "quick", texts: ["one", "two words"] });
  assert.deepEqual([tried.model, tried.dimension, tried.tokensEach], ["words", 32, 1.5]);
  const backup = await admin.backup({ name: pool });
  assert.ok(backup.folder.endsWith(pool) && backup.files > 0n && backup.bytes > 0n);
}

export async function checkErrors({ contract, router, admin }, pool) {
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
}

export async function checkEnd({ contract, router, admin }, pool) {
  await admin.deletePool({ name: pool });
  const { reason } = await contract.failure(router.route({ pool, query: "x" }));
  assert.equal(reason, "POOL_UNKNOWN");
}
