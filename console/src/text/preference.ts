// Weights of quality, cost and latency.
import type { Preference } from "../api/types";

export interface Weights { quality: number; cost: number; latency: number }

export const GOALS = ["quality", "cost", "latency"] as const;
export type Goal = (typeof GOALS)[number];

export function normalised(given: Preference | undefined): Weights {
  const { quality = 0, cost = 0, latency = 0 } = given ?? {};
  const sum = quality + cost + latency;
  return sum > 0 ? { quality: quality / sum, cost: cost / sum, latency: latency / sum } : { quality: 1, cost: 0, latency: 0 };
}

// Whole hundredths that sum to one: what is shown is what is sent.
export function rounded(given: Weights): Weights {
  const quality = Math.round(given.quality * 100), cost = Math.min(100 - quality, Math.round(given.cost * 100));
  return { quality: quality / 100, cost: cost / 100, latency: (100 - quality - cost) / 100 };
}

// One weight changes; the others keep their ratio.
export function withWeight(old: Weights, goal: Goal, value: number): Weights {
  const others = GOALS.filter((one) => one !== goal);
  const sum = others.reduce((all, one) => all + old[one], 0);
  const next = { ...old, [goal]: value };
  for (const one of others) next[one] = sum > 0 ? (old[one] / sum) * (1 - value) : (1 - value) / 2;
  return next;
}

export function preferenceText(given: Preference | undefined): string {
  const weights = normalised(given);
  return GOALS.map((goal) => `${goal} ${weights[goal].toFixed(2)}`).join(", ");
}
