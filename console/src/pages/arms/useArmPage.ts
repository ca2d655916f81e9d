// One page of arms with what was learned of each. The server pages and searches, so the pool may have any number of arms.
import { useState } from "preact/hooks";
import { getStats, listArms } from "../../api/calls";
import type { Arm, ArmStats, Pool } from "../../api/types";
import { useCall } from "../../ui/useCall";

export const PER_PAGE = 50;
const REFRESH_MS = 5000;

export interface ArmPage { arms: Arm[]; stats: Map<string, ArmStats>; next: string }

async function read(request: { pool: string }, signal: AbortSignal): Promise<ArmPage> {
  const page = await listArms(request, signal);
  const arms = page.arms ?? [];
  // Removed arms have no statistics.
  const names = arms.filter((arm) => arm.status !== "REMOVED").map((arm) => arm.name);
  const stats = names.length > 0 ? (await getStats(request.pool, { arms: names }, signal)).arms ?? [] : [];
  return { arms, stats: new Map(stats.map((one) => [one.name, one])), next: page.nextPageToken ?? "" };
}

export function useArmPage(pool: Pool, search: string, withRemoved: boolean) {
  // The tokens of the pages before this one and of this one: the server gives tokens for the next page only.
  const [trail, setTrail] = useState<{ of: string; tokens: string[] }>({ of: "", tokens: [""] });
  const of = JSON.stringify([search, withRemoved]);
  const tokens = trail.of === of ? trail.tokens : [""];
  const request = { pool: pool.name, pageSize: PER_PAGE, pageToken: tokens.at(-1) ?? "",
                    ...(search ? { nameContains: search } : {}), ...(withRemoved ? { includeRemoved: true } : {}) };
  const loaded = useCall(JSON.stringify(request), (signal) => read(request, signal), { everyMs: REFRESH_MS, keep: true });
  return {
    ...loaded, page: tokens.length - 1,
    toNext: () => setTrail({ of, tokens: [...tokens, loaded.data?.next ?? ""] }),
    toPrevious: () => setTrail({ of, tokens: tokens.slice(0, -1) }),
  };
}
