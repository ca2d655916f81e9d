// All pools at a glance.
import { useState } from "preact/hooks";
import { getHistory } from "../../api/calls";
import { int } from "../../api/numbers";
import type { Pool } from "../../api/types";
import { Spark } from "../../charts/bars";
import { link } from "../../route";
import * as f from "../../text/format";
import { filled, SPANS, totals, type Span } from "../../text/history";
import { Card, Empty, Head, Load, Skeleton, Stat } from "../../ui/parts";
import { useCall } from "../../ui/useCall";
import { SpanChoice } from "./SpanChoice";

const REFRESH_MS = 5000;
const SHOWN = 12;

export function Pools({ pools }: { pools: Pool[] }) {
  const [span, setSpan] = useState<Span>("hour");
  const [shown, setShown] = useState(SHOWN);
  return (
    <>
      <Head title="Pools" lead="A pool is a set of arms with its own settings and its own learned state.">
        <SpanChoice span={span} onChange={setSpan} />
      </Head>
      {pools.length === 0 && (
        <Empty title="There is no pool yet">
          <p>Make one from a file, then come back:</p>
          <pre tabIndex={0}>pointsman pool create deploy/pool.example.yaml</pre>
        </Empty>
      )}
      <div class="grid">{pools.slice(0, shown).map((pool) => <PoolCard key={pool.name} pool={pool} span={span} />)}</div>
      {pools.length > shown && (
        <div class="pager">
          <button type="button" onClick={() => setShown(shown + SHOWN)}>Show more</button>
          {shown} of {f.count(pools.length)} pools
        </div>
      )}
    </>
  );
}

function PoolCard({ pool, span }: { pool: Pool; span: Span }) {
  const history = useCall(`${pool.name} ${span}`, (signal) => getHistory(pool.name, SPANS[span], signal),
                          { everyMs: REFRESH_MS, keep: true });
  const active = pool.armsActive ?? 0, paused = pool.armsPaused ?? 0;
  return (
    <Card class="pool-card" title={<a href={link(["pool", pool.name, "overview"])}>{pool.name}</a>}
          note={`${f.plural(active, "arm")}${paused ? `, ${f.count(paused)} paused` : ""} · ${f.plural(int(pool.snapshotVersion), "event")} in the log`}>
      {pool.problem && <p class="failure">{pool.problem}</p>}
      <Load of={history} skeleton={<Skeleton lines={4} />}>
        {(data) => {
          const sums = totals(data.buckets ?? []);
          const { buckets } = filled(data);
          return (
            <>
              <dl class="stats">
                <Stat name="Decisions" value={f.count(sums.decisions)} note={`in the last ${span}`} />
                <Stat name="Quality" value={f.quality(sums.quality?.mean)} note={spread(f.quality, sums.quality?.half)} />
                <Stat name="Cost per answer" value={f.usd(sums.cost?.mean)} note={spread(f.usd, sums.cost?.half)} />
                <Stat name="Latency" value={f.ms(sums.latency?.mean)} note={spread(f.ms, sums.latency?.half)} />
              </dl>
              <Spark values={buckets.map((one) => int(one?.decisions))} />
            </>
          );
        }}
      </Load>
    </Card>
  );
}

export function spread(format: f.Format, half: number | undefined): string | undefined {
  return half !== undefined && Number.isFinite(half) ? `± ${format(half)}` : undefined;
}
