// One decision: what was known then, what was chosen, and how it went.
import { useState } from "preact/hooks";
import { explain, recomputeDecision } from "../../api/calls";
import { half95, int } from "../../api/numbers";
import type { ExplainResponse, OutcomeSeen, Pool, Preference, RankedArm } from "../../api/types";
import { reachOf, UtilityBar, Whisker, type Parts } from "../../charts/bars";
import { link } from "../../route";
import * as f from "../../text/format";
import { DataTable } from "../../ui/DataTable";
import { Badge, Card, Empty, Head, Load, Skeleton, Stat } from "../../ui/parts";
import { useCall } from "../../ui/useCall";
import { normalised, preferenceText } from "../../text/preference";

const REFRESH_MS = 10_000;
const SAME = 1e-4;

export function Decision({ pool, id }: { pool: Pool; id: string }) {
  const loaded = useCall(`${pool.name} ${id}`, (signal) => explain(pool.name, id, signal), { everyMs: REFRESH_MS });
  return (
    <>
      <Head title="Decision" lead={<code>{id}</code>}><a href={link(["pool", pool.name, "decisions"])}>All decisions</a></Head>
      <Load of={loaded} skeleton={<Card><Skeleton lines={6} tall /></Card>}>{(data) => <Shown data={data} pool={pool} />}</Load>
    </>
  );
}

function bestOf(candidates: RankedArm[]): RankedArm | undefined {
  return candidates.reduce<RankedArm | undefined>(
    (best, one) => (best === undefined || (one.utility ?? 0) > (best.utility ?? 0) ? one : best), undefined);
}

// The parts of each utility with the pool's scales of today; nothing, if these are not the scales of then.
function partsOf(candidates: RankedArm[], pool: Pool, preference: Preference | undefined): Map<string, Parts> {
  const weights = normalised(preference);
  const { costScaleUsd = 0.01, latencyScaleMs = 1000 } = pool.settings ?? {};
  const parts = new Map<string, Parts>();
  for (const { arm, utility = 0, expected = {} } of candidates) {
    const one = { quality: weights.quality * (expected.quality ?? 0), cost: (weights.cost * (expected.costUsd ?? 0)) / costScaleUsd,
                  latency: (weights.latency * (expected.latencyMs ?? 0)) / latencyScaleMs };
    if (Math.abs(one.quality - one.cost - one.latency - utility) < SAME) parts.set(arm, one);
  }
  return parts;
}

function Shown({ data, pool }: { data: ExplainResponse; pool: Pool }) {
  const candidates = [...(data.candidates ?? [])].sort((a, b) => (b.utility ?? 0) - (a.utility ?? 0));
  const chosen = data.chosen ?? [];
  const parts = partsOf(candidates, pool, data.preference);
  const reach = reachOf([...parts.values()]);
  const best = bestOf(candidates);
  const took = candidates.find((one) => one.arm === chosen[0]?.arm);
  const isBest = best !== undefined && took !== undefined && (took.utility ?? 0) >= (best.utility ?? 0);
  const chance = `with a chance of ${f.percent(chosen[0]?.propensity ?? 0)}`;
  return (
    <>
      <Card>
        <p class="answer"><strong>{chosen[0]?.arm ?? "No arm"}</strong> was chosen {chance}. {data.group === "CONTROL" ? <Badge kind="quiet">control group: the baseline chose</Badge>
          : isBest ? <Badge kind="good">the best by utility was taken</Badge>
          : <Badge kind="quiet">explored: the best by utility was {best?.arm}</Badge>}</p>
        {data.queryText ? <blockquote tabIndex={0} aria-label="The query">{data.queryText}</blockquote>
          : <p class="note">The text of the query is not known: this pool does not store it.</p>}
        <dl class="stats">
          <Stat name="Made at" value={<span class="note">{f.time(int(data.timeUnixMs))}</span>} />
          <Stat name="Preference" value={<span class="note">{preferenceText(data.preference)}</span>} />
          <Stat name="Mode" value={<span class="note">{(data.mode ?? "EXPLORE").toLowerCase()}</span>} />
          <Stat name="Learned state" value={<span class="note">log position {f.count(int(data.snapshotVersion))}</span>} />
        </dl>
      </Card>
      <Card title="How it went">
        {(data.outcomes ?? []).length === 0
          ? <Empty title="No outcome was reported"><p>Feedback for this decision will appear here.</p></Empty>
          : <Outcomes outcomes={data.outcomes ?? []} candidates={candidates} />}
      </Card>
      <Card title="Made again"><Recomputed pool={pool.name} id={data.decisionId ?? ""} /></Card>
      <Card title="Candidates as they were then" note="The best by utility first. Lines are 95% intervals of the quality.">
        <DataTable label="Candidates" rows={candidates} rowKey={(one) => one.arm} columns={[
          { name: "Arm", cell: (one) => <>{one.arm}{chosen.some((other) => other.arm === one.arm) && <> <Badge kind="good">chosen</Badge></>}</>,
            note: (one) => one.reason },
          { name: "Chance", kind: "number", cell: (one) => f.percent(one.probability ?? 0) },
          { name: "Utility", kind: "number", cell: (one) => f.quality(one.utility ?? 0) },
          parts.size > 0 && { name: "Quality − cost − latency", kind: "drawing", cell: (one) => parts.has(one.arm) && <UtilityBar parts={parts.get(one.arm)!} reach={reach} />,
            note: (one) => { const of = parts.get(one.arm); return of && `${f.quality(of.quality)} − ${f.quality(of.cost)} − ${f.quality(of.latency)}`; } },
          { name: "Expected quality", kind: "drawing", cell: (one) => <Whisker mean={one.expected?.quality ?? 0} half={half95(one.expected?.qualityStddev)} />,
            note: (one) => f.interval(f.quality, one.expected?.quality ?? 0, half95(one.expected?.qualityStddev)) },
          { name: "Expected cost", kind: "number", cell: (one) => f.usd(one.expected?.costUsd) },
          { name: "Expected latency", kind: "number", cell: (one) => f.ms(one.expected?.latencyMs) },
        ]} />
      </Card>
    </>
  );
}

function Outcomes({ outcomes, candidates }: { outcomes: OutcomeSeen[]; candidates: RankedArm[] }) {
  const expected = (one: OutcomeSeen) => candidates.find((other) => other.arm === one.arm)?.expected;
  const result = (one: OutcomeSeen) => (one.error || one.errorKind
    ? <Badge kind="bad">{(one.errorKind ?? "failed").toLowerCase().replaceAll("_", " ")}</Badge> : <Badge kind="good">answered</Badge>);
  return (
    <DataTable label="Outcomes" rows={outcomes} rowKey={(_, i) => String(i)} columns={[
      { name: "Arm", cell: (one) => one.arm },
      { name: "Result", cell: result },
      { name: "Quality", kind: "number", cell: (one) => f.quality(one.quality), note: (one) => `expected ${f.quality(expected(one)?.quality)}` },
      { name: "Cost", kind: "number", cell: (one) => f.usd(one.costUsd), note: (one) => `expected ${f.usd(expected(one)?.costUsd)}` },
      { name: "Latency", kind: "number", cell: (one) => f.ms(one.latencyMs), note: (one) => `expected ${f.ms(expected(one)?.latencyMs)}` },
      { name: "Tokens in, out", kind: "number", cell: (one) => `${one.inputTokens ?? f.UNKNOWN}, ${one.outputTokens ?? f.UNKNOWN}` },
    ]} />
  );
}

// The learned state of then is made again from the log, and decides anew. That takes the server up to half a second.
function Recomputed({ pool, id }: { pool: string; id: string }) {
  const [isAsked, setIsAsked] = useState(false);
  const loaded = useCall(isAsked ? `recomputed ${pool} ${id}` : undefined, (signal) => recomputeDecision(pool, id, signal));
  if (!isAsked) return <button type="button" onClick={() => setIsAsked(true)}>Decide again from the log</button>;
  return (
    <Load of={loaded} skeleton={<Skeleton lines={1} />}>{(data) => {
      const position = `The learned state of log position ${f.count(int(data.snapshotVersion))}`;
      const how = int(data.replayed) > 0 ? `${position} was made again from ${f.plural(int(data.replayed), "event")}.` : `${position} was at hand.`;
      if (data.result === "SAME") return <p><Badge kind="good">recomputed: same pick</Badge> {data.arm}, with a chance of {f.percent(data.propensity ?? 0)}. Every estimate is the same, bit by bit. {how}</p>;
      if (data.result === "DIFFERENT") return <p><Badge kind="bad">recomputed: not the same</Badge> {data.why}. {how} Another version of pointsmand may have decided.</p>;
      return <p><Badge kind="quiet">not recomputed</Badge> {data.why}.</p>;
    }}</Load>
  );
}
