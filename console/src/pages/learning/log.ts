// The outcomes of a log as curves over its positions.
import { int } from "../../api/numbers";
import type { ListOutcomesResponse, LoggedOutcome } from "../../api/types";

export type Figure = "quality" | "costUsd" | "latencyMs";
export interface Entry { at: number; arm: string; quality?: number; costUsd?: number; latencyMs?: number; failed: boolean }
export interface Log { entries: Map<string, Entry>; resets: { at: number; arm: string }[]; next: string; first: number; read: number; through: number }

export const emptyLog = (): Log => ({ entries: new Map(), resets: [], next: "", first: 0, read: 0, through: 0 });

function put(entries: Map<string, Entry>, one: LoggedOutcome) {
  const key = `${one.decisionId} ${one.arm} ${one.attempt ?? 0}`;
  if (one.isWithdrawn) {
    entries.delete(key);
    return;
  }
  // A later report of the same call adds to it or replaces it; the call keeps its place.
  const entry = entries.get(key) ?? { at: int(one.sequence), arm: one.arm ?? "", failed: false };
  if (one.quality !== undefined) entry.quality = one.quality;
  if (one.costUsd !== undefined) entry.costUsd = one.costUsd;
  if (one.latencyMs !== undefined) entry.latencyMs = one.latencyMs;
  if (one.error !== undefined) entry.failed = one.error;
  entries.set(key, entry);
}

export function extend(log: Log, page: ListOutcomesResponse): Log {
  for (const one of page.outcomes ?? []) put(log.entries, one);
  const last = page.outcomes?.at(-1);
  return {
    entries: log.entries, next: page.nextPageToken ?? "", first: log.first || int(page.firstSequence), read: log.read + (page.outcomes?.length ?? 0),
    resets: [...log.resets, ...(page.resets ?? []).map((one) => ({ at: int(one.sequence), arm: one.arm ?? "" }))],
    through: last ? int(last.sequence) : log.through,
  };
}

export interface Binned { x: number[]; all: Means; perArm: Map<string, Means> }
export interface Means { values: (number | null)[]; low: (number | null)[]; high: (number | null)[]; count: number }
const BINS = 80;
const FEW = 40;
// Curves of single arms are smoothed: what is a bin older has this part of the weight.
const KEPT = 0.75;
const Z95 = 1.96;

class Sums {
  n = 0;
  sum = 0;
  squares = 0;
  add(value: number) {
    this.n += 1;
    this.sum += value;
    this.squares += value * value;
  }
  get half() {
    const mean = this.sum / this.n;
    return this.n > 1 ? Z95 * Math.sqrt(Math.max(0, this.squares / this.n - mean * mean) / (this.n - 1)) : 0;
  }
}

function meansOf(bins: (Sums | undefined)[], size: number): Means {
  const all = Array.from({ length: size }, (_, i) => bins[i]);
  const of = (get: (sums: Sums) => number) => all.map((one) => (one && one.n > 0 ? get(one) : null));
  return { values: of((one) => one.sum / one.n), low: of((one) => one.sum / one.n - one.half), high: of((one) => one.sum / one.n + one.half),
           count: all.reduce((sum, one) => sum + (one?.n ?? 0), 0) };
}

// Equal ranges of log positions, each with the mean of its outcomes.
function smoothed(bins: (Sums | undefined)[], size: number): Means {
  let n = 0, sum = 0, count = 0;
  const values = Array.from({ length: size }, (_, i) => {
    n = n * KEPT + (bins[i]?.n ?? 0);
    sum = sum * KEPT + (bins[i]?.sum ?? 0);
    count += bins[i]?.n ?? 0;
    return n >= 1 ? sum / n : null;
  });
  return { values, low: [], high: [], count };
}

export function binned(log: Log, figure: Figure): Binned {
  const known = [...log.entries.values()].filter((one) => one[figure] !== undefined);
  const size = Math.max(1, Math.min(BINS, Math.floor(known.length / FEW)));
  const from = log.first, width = Math.max(1, (log.through - from + 1) / size);
  const all: Sums[] = [];
  const perArm = new Map<string, Sums[]>();
  for (const one of known) {
    const bin = Math.min(size - 1, Math.max(0, Math.floor((one.at - from) / width)));
    (all[bin] ??= new Sums()).add(one[figure]!);
    const arm = perArm.get(one.arm) ?? [];
    (arm[bin] ??= new Sums()).add(one[figure]!);
    perArm.set(one.arm, arm);
  }
  return { x: Array.from({ length: size }, (_, i) => Math.round(from + (i + 0.5) * width)), all: meansOf(all, size),
           perArm: new Map([...perArm].map(([arm, bins]) => [arm, smoothed(bins, size)])) };
}
