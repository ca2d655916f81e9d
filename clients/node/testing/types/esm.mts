import OpenAI from "openai";
import { Router, type Call, type Report } from "@pointsman/client";
import { decisionOf, wrap, type Routed } from "@pointsman/client/openai";

const router = new Router({
  address: "127.0.0.1:7717", defaultArm: "a", tls: { ca: "pem" }, preference: [0.9, 0.1],
  onReport: (report: Report) => console.log(report.kind === "dropped" ? report.count : report.message),
});
const text: string = await router.call("q", { constraints: { maxCostUsd: 1 } }, async (call: Call) => {
  call.usage({ inputTokens: 1, costUsd: null });
  return call.arm;
});
const length: number = await router.run("q", (arm, attempt) => arm.length + attempt.index);
const call = await router.begin(null, { embedding: new Float32Array(3) });
call.fail(new Error(text + length));
router.rate(call.decisionId, 1, { servedArm: call.arm });
const { waiting }: { waiting: number } = await router.flush(10);

const openai: OpenAI = wrap(new OpenAI(), router, { pool: "chat" });
const answer = await openai.chat.completions.create({ model: "auto", messages: [{ role: "user", content: "q" }] });
const id: string | undefined = decisionOf(answer);
(answer as typeof answer & Routed)._pointsman.rate(waiting);

// @ts-expect-error: a quality is a number
router.rate(id ?? "", "good");
// @ts-expect-error: there is no such option
new Router({ adress: "127.0.0.1:7717" });
