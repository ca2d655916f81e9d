// What a pool's history says: totals, curves and warnings.
import type { ArmBucket, GetHistoryResponse, HistoryBucket } from "../api/insight";
import { added, estimate, int, type Estimate } from "../api/numbers";
import type { Arm, GetStatsResponse, Pool } from "../api/types";
import { count, percent, plural, time } from "./format";

export const SPANS = { hour: 3600, day: 86_400, week: 604_800 } as const;
export type Span = keyof typeof SPANS;

export interface Totals {
  decisions: number; explored: number; told: number; calls: number; failed: number;
  quality?: Estimate; cost?: Estimate; latency?: Estimate; lag?: Estimate; saved?: Estimate;
}

const armsOf = (buckets: HistoryBucket[]): ArmBucket[] => buckets.flatMap((bucket) => bucket.arms ?? []);

export function totals(buckets: HistoryBucket[]): Totals {
  const sum = (get: (bucket: HistoryBucket) => string | undefined) => buckets.reduce((all, one) => all + int(get(one)), 0);
  const arms = armsOf(buckets);
  const known: Totals = {
    decisions: sum((one) => one.decisions), explored: sum((one) => one.explored), told: sum((one) => one.firstFeedback),
    calls: arms.reduce((all, one) => all + int(one.calls), 0), failed: arms.reduce((all, one) => all + int(one.failed), 0),
  };
  const put = (name: "quality" | "cost" | "latency" | "lag" | "saved", value: Estimate | undefined) => {
    if (value) known[name] = value;
  };
  put("quality", estimate(added(arms.map((one) => one.quality))));
  put("cost", estimate(added(arms.map((one) => one.costUsd))));
  put("latency", estimate(added(arms.map((one) => one.latencyMs))));
  put("lag", estimate(added(buckets.map((one) => one.feedbackLagS))));
  put("saved", estimate(added(buckets.map((one) => one.savedUsd))));
  return known;
}

export interface Series { x: number[]; buckets: (HistoryBucket | undefined)[] }

const FEWEST = 12;

// All buckets of the span, those without any event too: a gap in time is a gap in the curve.
export function filled(history: GetHistoryResponse): Series {
  const step = int(history.stepS) * 1000 || 60_000;
  const byStart = new Map((history.buckets ?? []).map((bucket) => [int(bucket.startUnixMs), bucket]));
  const first = int(history.firstUnixMs);
  const x: number[] = [];
  const buckets: (HistoryBucket | undefined)[] = [];
  // A young server has no long past to show.
  const begun = Math.min(...byStart.keys(), int(history.nowUnixMs));
  for (let at = Math.max(first, Math.floor(Math.min(begun - step, int(history.nowUnixMs) - FEWEST * step) / step) * step); at <= int(history.nowUnixMs); at += step) {
    x.push(at / 1000);
    buckets.push(byStart.get(at));
  }
  return { x, buckets };
}

// Arms by their decisions, the busiest first. What the server put together is "".
export function busiest(buckets: HistoryBucket[]): { arm: string; decisions: number }[] {
  const sums = new Map<string, number>();
  for (const one of armsOf(buckets)) sums.set(one.arm ?? "", (sums.get(one.arm ?? "") ?? 0) + int(one.decisions));
  return [...sums].map(([arm, decisions]) => ({ arm, decisions })).sort((a, b) => b.decisions - a.decisions);
}

export function shareOf(bucket: HistoryBucket | undefined, isMeant: (arm: string) => boolean): number | null {
  const all = (bucket?.arms ?? []).reduce((sum, one) => sum + int(one.decisions), 0);
  if (all === 0) return null;
  const those = (bucket?.arms ?? []).filter((one) => isMeant(one.arm ?? ""));
  return those.reduce((sum, one) => sum + int(one.decisions), 0) / all;
}

export interface Warning { kind: "warn" | "bad" | "quiet"; text: string }

const NAMES_SHOWN = 3;

function named(names: string[]): string {
  const rest = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(", ") + (rest > 0 ? ` and ${count(rest)} more` : "");
}

export const hasPrice = (arm: Arm) =>
  arm.usdPer1mInput !== undefined || arm.usdPer1mOutput !== undefined || arm.usdPerRequest !== undefined;

const FAILING = 0.1;
const ENOUGH = 20;

export function warnings(pool: Pool, arms: Arm[], stats: GetStatsResponse | undefined, sums: Totals | undefined,
                         spanName: string): Warning[] {
  const found: Warning[] = [];
  const say = (kind: Warning["kind"], text: string) => found.push({ kind, text });
  if (pool.problem) say("bad", `Queries cannot be embedded: ${pool.problem}`);
  const active = arms.filter((arm) => arm.status === "ACTIVE");
  if ((pool.armsActive ?? 0) === 0) say("bad", "No arm is active, so every Route fails. Add an arm or resume one.");
  const unpriced = active.filter((arm) => !hasPrice(arm)).map((arm) => arm.name);
  if (unpriced.length > 0) {
    say("warn", `${named(unpriced)} ${unpriced.length === 1 ? "has" : "have"} no price. The cost is then known from feedback alone.`);
  }
  if (sums && sums.decisions >= ENOUGH && sums.told < sums.decisions / 2) {
    say("warn", `${percent(1 - sums.told / sums.decisions)} of the decisions of this ${spanName} got no feedback.`);
  }
  for (const arm of stats?.arms ?? []) {
    if ((arm.errorRate ?? 0) > FAILING && arm.status === "ACTIVE") {
      say("bad", `${arm.name} fails in ${percent(arm.errorRate)} of its calls.`);
    }
    if (arm.isWatched) say("warn", `${arm.name} is watched after it failed or fell: it gets a share of the choices until that is clear.`);
    if (int(arm.rateLimitedUntilUnixMs) > Date.now()) {
      say("warn", `${arm.name} is left out until ${time(int(arm.rateLimitedUntilUnixMs))}: its provider limits the rate.`);
    }
  }
  const late = int(stats?.feedback?.late), refused = int(stats?.feedback?.refused), over = int(stats?.feedback?.overWeight);
  if (late > 0) say("warn", `${plural(late, "feedback")} came after the feedback window and taught nothing.`);
  if (refused > 0) say("warn", `${count(refused)} feedbacks were refused.`);
  if (over > 0) say("warn", `${count(over)} feedbacks were over a client's weight and taught nothing.`);
  if (int(stats?.embedderFallbacks) > 0) {
    say("warn", `${count(int(stats?.embedderFallbacks))} decisions were made without a vector, since the embedder failed.`);
  }
  const paused = pool.armsPaused ?? 0;
  if (paused > 0) say("quiet", `${plural(paused, "arm is", "arms are")} paused.`);
  return found;
}
