"use strict";
// Sends one batch of entries, and says what became of each.
const { mayBeTakenLater, nameOf } = require("../codes");

const ROUTE_MS = 5000;
const FEEDBACK_MS = 5000;

// An answer that lacks an item says nothing of it.
function errorOf(item) {
  if (!item) return { code: 2, message: "the answer lacks this item" };
  return item.error ?? null;
}

class Fate {
  constructor() {
    this.taken = [];
    this.rejected = []; // { key, decisionId, code, message }
    this.later = new Map(); // decision: why
  }

  rejectAll(records, { code, message }) {
    for (const [, key, decisionId] of records) {
      this.rejected.push({ key, decisionId, code: nameOf(code), message });
    }
  }
}

// The decisions that the server may not know yet. Without its decision, a feedback would be refused for good.
async function sendRoutes(link, records, fate) {
  const routes = new Map();
  for (const [, , decisionId, , route] of records) {
    if (route) routes.set(decisionId, route);
  }
  if (routes.size === 0) return records;
  const { items } = await link.call("RouteBatch", { requests: [...routes.values()] }, ROUTE_MS);
  const dropped = new Set();
  [...routes.keys()].forEach((decisionId, i) => {
    const error = errorOf(items[i]);
    if (error && !mayBeTakenLater(error.code)) {
      dropped.add(decisionId);
      fate.rejectAll(records.filter((record) => record[2] === decisionId), error);
    } else if (error || !items[i].response.logged) {
      fate.later.set(decisionId, error ?? { code: 14, message: "the server cannot store the decision" });
    }
  });
  return records.filter(([, , decisionId]) => !dropped.has(decisionId) && !fate.later.has(decisionId));
}

// Throws the error of a call as a whole. What was found out before is in `fate` all the same.
async function deliver(link, records, fate) {
  const rest = await sendRoutes(link, records, fate);
  if (rest.length === 0) return;
  const { items } = await link.call("FeedbackBatch", { requests: rest.map((record) => record[3]) }, FEEDBACK_MS);
  rest.forEach((record, i) => {
    const error = errorOf(items[i]);
    if (!error) fate.taken.push(record[1]);
    else if (mayBeTakenLater(error.code)) fate.later.set(record[2], error);
    else fate.rejectAll([record], error);
  });
}

module.exports = { deliver, Fate };
