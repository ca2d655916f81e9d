// Other policies on the decisions that are kept, by off-policy estimates.
import { useState } from "preact/hooks";
import { comparePolicies, getStats, listArms } from "../../api/calls";
import type { ComparePoliciesResponse, Policy, PolicyEstimate, PolicyResult } from "../../api/insight";
import { int } from "../../api/numbers";
import type { Pool } from "../../api/types";
import { Range } from "../../charts/bars";
import * as f from "../../text/format";
import { normalised, preferenceText } from "../../text/preference";
import { DataTable } from "../../ui/DataTable";
import { Badge, Card, Choice, Empty, Load, Skeleton } from "../../ui/parts";
import { useCall } from "../../ui/useCall";
import { ARMS_WITH_STATS, armsOf } from "../pools/PoolPage";

const ARMS_COMPARED = 10;
type Figure = "quality" | "costUsd";
type Count = "1000" | "5000" | "20000";

// The arms with the most outcomes.
async function busiestArms(pool: Pool, signal: AbortSignal): Promise<string[]> {
  if (armsOf(pool) > ARMS_WITH_STATS) {
    const page = await listArms({ pool: pool.name, pageSize: ARMS_COMPARED }, signal);
    return (page.arms ?? []).map((one) => one.name);
  }
  const stats = await getStats(pool.name, {}, signal);
  return [...(stats.arms ?? [])].filter((one) => one.status !== "REMOVED").sort((a, b) => int(b.outcomes) - int(a.outcomes)).map((one) => one.name)
    .slice(0, ARMS_COMPARED);
}

async function compare(pool: Pool, decisions: number, signal: AbortSignal): Promise<ComparePoliciesResponse> {
  const own = normalised(pool.settings?.defaultPreference);
  const preferences = [own, { quality: 1, cost: 0, latency: 0 }].slice(0, own.quality < 1 ? 2 : 1);
  const policies: Policy[] = [...(await busiestArms(pool, signal)).map((arm) => ({ arm })), { uniform: true },
                              ...preferences.map((preference) => ({ preference }))];
  return comparePolicies({ pool: pool.name, policies, decisions }, signal);
}

function nameOf(policy: Policy | undefined): string {
  if (policy?.arm) return `always ${policy.arm}`;
  if (policy?.uniform) return "any arm, with equal chances";
  return policy?.preference ? `the best for ${preferenceText(policy.preference)}` : "as it was";
}

export function Policies({ pool }: { pool: Pool }) {
  const [figure, setFigure] = useState<Figure>("quality");
  const [count, setCount] = useState<Count>("5000");
  const loaded = useCall(`${pool.name} ${count}`, (signal) => compare(pool, Number(count), signal), { keep: true });
  return (
    <Card title="Other policies on your own decisions" note="What each would have earned, from the outcomes and chances that were recorded. Nothing was routed for it.">
      <div class="tools">
        <Choice label="Figure of the policies" value={figure} onChange={setFigure} options={[["quality", "Quality"], ["costUsd", "Cost"]]} />
        <Choice label="Decisions" value={count} onChange={setCount} options={[["1000", "Last 1,000"], ["5000", "5,000"], ["20000", "20,000"]]} />
      </div>
      <Load of={loaded} skeleton={<Skeleton lines={6} />}>
        {(data) => ((data.decisions ?? 0) === 0 ? <Empty title="No decision is kept" /> : <Shown data={data} figure={figure} />)}
      </Load>
    </Card>
  );
}

function Shown({ data, figure }: { data: ComparePoliciesResponse; figure: Figure }) {
  const format: f.Format = figure === "quality" ? f.quality : f.usd;
  const of = (one: PolicyResult): PolicyEstimate => one[figure] ?? {};
  const [served, ...rest] = [data.served ?? {}, ...(data.results ?? [])];
  const better = figure === "quality" ? -1 : 1;
  // Where too few decisions speak for a policy, its estimate would mislead.
  const isKnown = (one: PolicyResult) => !of(one).isTooFew;
  const rows = [served!, ...rest.sort((a, b) => Number(isKnown(b)) - Number(isKnown(a)) || better * ((of(a).dr ?? 0) - (of(b).dr ?? 0)))];
  const high = figure === "quality" ? 1 : Math.max(...rows.map((one) => of(one).bounds?.upper ?? 0));
  const silent = of(served!).silent ?? 0;
  return (
    <>
      <DataTable label="Policies" rows={rows} rowKey={(one) => nameOf(one.policy)} columns={[
        { name: "Policy", cell: (one) => nameOf(one.policy),
          note: (one) => ((one.leftOut ?? 0) > 0 ? `was no candidate of ${f.plural(one.leftOut ?? 0, "decision")}` : undefined) },
        { name: "Estimate", kind: "number", cell: (one) => (isKnown(one) ? format(of(one).dr ?? 0) : f.UNKNOWN),
          note: (one) => (isKnown(one) ? `± ${format(1.96 * (of(one).drStderr ?? 0))} for one look` : undefined) },
        { name: "Bounds", kind: "drawing",
          cell: (one) => <Range at={isKnown(one) ? of(one).dr ?? 0 : undefined} lower={of(one).bounds?.lower ?? 0} upper={of(one).bounds?.upper ?? 0} low={0} high={high} />,
          note: (one) => `${format(of(one).bounds?.lower ?? 0)} to ${format(of(one).bounds?.upper ?? 0)}` },
        { name: "Effective sample", kind: "number", cell: (one) => f.count(of(one).effectiveSampleSize ?? 0),
          note: (one) => !isKnown(one) && <Badge kind="warn">too few to say</Badge> },
        { name: "IPS", kind: "number", cell: (one) => (isKnown(one) ? format(of(one).ips ?? 0) : f.UNKNOWN),
          note: (one) => isKnown(one) && `SNIPS ${format(of(one).snips ?? 0)}` },
      ]} />
      <p class="note">
        {f.plural(data.decisions ?? 0, "decision")} since {f.time(int(data.firstUnixMs))}
        {silent > 0 && `, ${f.count(silent)} of them without this outcome: they are taken to be like the others`}
        {(data.leftOut ?? 0) > 0 && `; ${f.count(data.leftOut ?? 0)} were left out, since nothing was drawn or another arm served`}.
        The estimate is doubly robust. The bounds hold with 95% for all policies together.
        {figure === "costUsd" && ` Costs over ${f.usd(data.costCapUsd)} count as that.`}
      </p>
    </>
  );
}
