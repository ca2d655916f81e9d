// What one pool earns, and what needs attention.
import { useState } from "preact/hooks";
import { getHistory, getStats, listArms } from "../../api/calls";
import type { GetHistoryResponse } from "../../api/insight";
import { int } from "../../api/numbers";
import type { Arm, GetStatsResponse, Pool } from "../../api/types";
import { link } from "../../route";
import * as f from "../../text/format";
import { SPANS, totals, warnings, type Span, type Totals } from "../../text/history";
import { Card, Empty, Head, Load, Skeleton, Stat } from "../../ui/parts";
import { useCall } from "../../ui/useCall";
import { Control } from "./Control";
import { Curves } from "./Curves";
import { spread } from "./Pools";
import { SpanChoice } from "./SpanChoice";

const REFRESH_MS = 5000;
const SLOW_REFRESH_MS = 30_000;
// Of larger pools the overview names no single arm.
export const ARMS_WITH_STATS = 1000;

export function armsOf(pool: Pool): number {
  return (pool.armsActive ?? 0) + (pool.armsPaused ?? 0);
}

export function PoolPage({ pool }: { pool: Pool }) {
  const [span, setSpan] = useState<Span>("hour");
  const history = useCall(`${pool.name} ${span}`, (signal) => getHistory(pool.name, SPANS[span], signal),
                          { everyMs: REFRESH_MS, keep: true });
  const which = armsOf(pool) > ARMS_WITH_STATS ? { withoutArms: true } : {};
  const arms = useCall(`arms ${pool.name}`, (signal) => listArms({ pool: pool.name }, signal), { everyMs: SLOW_REFRESH_MS });
  const stats = useCall(`stats ${pool.name}`, (signal) => getStats(pool.name, which, signal),
                        { everyMs: SLOW_REFRESH_MS });
  return (
    <>
      <Head title={pool.name} lead={`What this pool did in the last ${span}. Intervals are 95% intervals.`}>
        <SpanChoice span={span} onChange={setSpan} />
      </Head>
      <Load of={history} skeleton={<><Card><Skeleton lines={4} tall /></Card><Card><Skeleton lines={6} tall /></Card></>}>
        {(data) => <Overview pool={pool} span={span} history={data} arms={arms.data?.arms} stats={stats.data} />}
      </Load>
    </>
  );
}

interface Known { pool: Pool; span: Span; history: GetHistoryResponse; arms: Arm[] | undefined; stats: GetStatsResponse | undefined }

function Overview({ pool, span, history, arms, stats }: Known) {
  const sums = totals(history.buckets ?? []);
  const found = arms ? warnings(pool, arms, stats, sums, span) : [];
  return (
    <>
      {found.length > 0 && (
        <Card title="What needs attention">
          <ul class="warnings">{found.map((one) => <li key={one.text} class={one.kind}>{one.text}</li>)}</ul>
        </Card>
      )}
      <Card title="In short"><Figures sums={sums} stats={stats} /></Card>
      <Control pool={pool} />
      {sums.decisions === 0 && sums.calls === 0
        ? <Empty title={`Nothing happened in the last ${span}`}>
            <p>Choose a longer time, <a href={link(["pool", pool.name, "try"])}>try a query</a>, or send one:</p>
            <pre tabIndex={0}>{`pointsman route --pool ${pool.name} "your query"`}</pre>
          </Empty>
        : <Curves history={history} span={span} />}
    </>
  );
}

function Figures({ sums, stats }: { sums: Totals; stats: GetStatsResponse | undefined }) {
  const { saved, cost } = sums;
  const total = saved && { mean: saved.mean * saved.count, half: saved.half * saved.count };
  const part = saved && cost && saved.mean + cost.mean > 0 ? saved.mean / (saved.mean + cost.mean) : undefined;
  return (
    <dl class="stats">
      <Stat name="Decisions" value={f.count(sums.decisions)} />
      <Stat name="Quality" value={f.quality(sums.quality?.mean)} note={spread(f.quality, sums.quality?.half) ?? "no feedback yet"} />
      <Stat name="Cost per answer" value={f.usd(cost?.mean)} note={spread(f.usd, cost?.half)} />
      <Stat name="Latency" value={f.ms(sums.latency?.mean)} note={spread(f.ms, sums.latency?.half)} />
      <Stat name="Calls that failed" value={sums.calls ? f.percent(sums.failed / sums.calls) : f.UNKNOWN}
            note={sums.calls ? `${f.count(sums.failed)} of ${f.count(sums.calls)}` : undefined} />
      <Stat name="Explored" value={sums.decisions ? f.percent(sums.explored / sums.decisions) : f.UNKNOWN}
            note="took another arm than the best" />
      <Stat name="With feedback" value={sums.decisions ? f.percent(Math.min(1, sums.told / sums.decisions)) : f.UNKNOWN}
            note={sums.lag ? `after ${f.duration(sums.lag.mean)} on average` : undefined} />
      <Stat name="Saved" value={f.usd(total?.mean)}
            note={total ? `${spread(f.usd, total.half) ?? ""} against the most expensive arm${part === undefined ? "" : `, ${f.percent(part)} of its cost`}` : undefined} />
      {stats && <Stat name="Learned from" value={f.count(int(stats.outcomes))} note="outcomes, ever" />}
      {stats && <Stat name="Never reported" value={f.count(int(stats.missing))} note="outcomes, ever" />}
    </dl>
  );
}
