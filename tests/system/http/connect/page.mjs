// What a page of another site does with connect-web. Runs in the browser.
import { createConnectTransport } from "@connectrpc/connect-web";
import * as calls from "./calls.mjs";
import { Contract, notingIn, withHeaders } from "./contract.mjs";

const contract = new Contract(new Uint8Array(await (await fetch("contract.binpb")).arrayBuffer()));

// Runs steps of calls.mjs. Returns the methods that were answered, and what failed.
async function runCalls(url, useBinaryFormat, token, steps, pool) {
  const answered = new Set();
  const failures = [];
  const clients = contract.clients(createConnectTransport({
    baseUrl: url, useBinaryFormat, jsonOptions: { ignoreUnknownFields: false },
    interceptors: [withHeaders(token ? { Authorization: `Bearer ${token}` } : {}), notingIn(answered)],
  }));
  for (const step of steps) {
    try {
      await calls[step](clients, pool);
    } catch (error) {
      failures.push(`${step}: ${error.stack}`);
    }
  }
  return { answered: [...answered].sort(), failures };
}

const route = (url, more = {}) => contract.clients(createConnectTransport({
  baseUrl: url, interceptors: [withHeaders(more.headers ?? {})],
})).router.route({ query: more.query ?? "x" });

window.page = {
  runCalls,
  failure: async (url, more) => contract.failure(route(url, more)),
  // What HTML forms of any site can send without asking first.
  form: async (path, type) => {
    const body = new Blob(['{"query":"x"}'], type ? { type } : {});
    await fetch(path, { method: "POST", mode: "no-cors", body });
  },
};
