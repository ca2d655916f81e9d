// What a page of another site does with connect-web. Runs in the browser.
import { createConnectTransport } from "@connectrpc/connect-web";
import { Contract, withHeaders } from "./contract.mjs";

const contract = new Contract(new Uint8Array(await (await fetch("contract.binpb")).arrayBuffer()));

async function story(url, useBinaryFormat, token) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const { router, admin } = contract.clients(createConnectTransport({
    baseUrl: url, useBinaryFormat, interceptors: [withHeaders(headers)],
    jsonOptions: { ignoreUnknownFields: false },
  }));
  const { pools } = await admin.listPools({});
  const decision = await router.route({ query: "Is 91 a prime? 🚆" }, { timeoutMs: 30_000 });
  const { result } = await router.feedback({ decisionId: decision.decisionId, quality: 1 });
  return {
    pools: pools.map((pool) => pool.name),
    arm: decision.arm,
    isBig: typeof decision.snapshotVersion === "bigint",
    result,
    unknown: await contract.failure(router.route({ pool: "nowhere", query: "x" })),
    empty: await contract.failure(router.route({})),
  };
}

const route = (url, more = {}) => contract.clients(createConnectTransport({
  baseUrl: url, interceptors: [withHeaders(more.headers ?? {})],
})).router.route({ query: more.query ?? "x" });

window.page = {
  story,
  failure: async (url, more) => contract.failure(route(url, more)),
  // What HTML forms of any site can send without asking first.
  form: async (path, type) => {
    const body = new Blob(['{"query":"x"}'], type ? { type } : {});
    await fetch(path, { method: "POST", mode: "no-cors", body });
  },
};
