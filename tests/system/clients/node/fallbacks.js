"use strict";
// Calls the arms of a decision in turn until one answers: the decision's id, and the answer or null.
async function answer(stub, query, call) {
  const ask = (method, request, ms) => new Promise((resolve, reject) => {
    stub[method](request, { deadline: Date.now() + ms }, (error, given) => (error ? reject(error) : resolve(given)));
  });
  const decision = await ask("Route", { query, arm_count: 3, purpose: "FALLBACK" }, 200);
  const attempts = [];
  let text = null;
  for (const arm of [decision.arm, ...decision.further.map((further) => further.arm)]) {
    const attempt = { arm };
    const began = performance.now();
    try {
      text = await call(arm, query);
    } catch (error) {
      attempt.error_kind = error.name === "TimeoutError" ? "TIMEOUT" : "PROVIDER";
    }
    attempt.latency_ms = performance.now() - began;
    attempts.push(attempt);
    if (text !== null) break;
  }
  await ask("Feedback", { decision_id: decision.decision_id, attempts }, 2000);
  return [decision.decision_id, text];
}

module.exports = { answer };
