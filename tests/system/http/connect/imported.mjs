// The messages of an import of `count` outcomes, with the id "i".
import { setTimeout as sleep } from "node:timers/promises";

export async function* imported(pool, count) {
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
