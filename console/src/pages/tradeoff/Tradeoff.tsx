// What another preference would choose, on the pool's own last decisions.
import { useMemo, useState } from "preact/hooks";
import { putPool, tryPreferences } from "../../api/calls";
import type { PreferenceResult, TryPreferencesResponse } from "../../api/insight";
import { estimate, int, type Estimate } from "../../api/numbers";
import type { Pool } from "../../api/types";
import { ShareBar } from "../../charts/bars";
import { colorNames, Swatch } from "../../charts/colors";
import { Triangle, type Lead } from "../../charts/Triangle";
import * as f from "../../text/format";
import { normalised, preferenceText, rounded, type Weights } from "../../text/preference";
import { Card, Empty, Failure, Head, Load, ReadOnly, Skeleton, Stat } from "../../ui/parts";
import { Review, type Plan } from "../../ui/Review";
import { useCall } from "../../ui/useCall";
import { useViewer } from "../../ui/viewer";
import { WeightSliders } from "../../ui/Weights";
import { Copies } from "./Copies";
import { useAnswer } from "./useAnswer";

const STEPS = 9; // 55 preferences: one call takes at most 64
const DECISIONS = 1000;

function lattice(): Weights[] {
  const all: Weights[] = [];
  for (let i = 0; i <= STEPS; i++) {
    for (let k = 0; k <= STEPS - i; k++) all.push({ quality: i / STEPS, cost: k / STEPS, latency: (STEPS - i - k) / STEPS });
  }
  return all;
}
const LATTICE = lattice();

interface PreferenceMap { all: TryPreferencesResponse; home: Weights; atHome: PreferenceResult | undefined }

// The first answer tells the pool's default.
async function readMap(pool: string, signal: AbortSignal): Promise<PreferenceMap> {
  const all = await tryPreferences(pool, LATTICE, DECISIONS, signal);
  const home = normalised(all.preference);
  return { all, home, atHome: (await tryPreferences(pool, [home], DECISIONS, signal)).results?.[0] };
}

export function Tradeoff({ pool }: { pool: Pool }) {
  const map = useCall(pool.name, (signal) => readMap(pool.name, signal));
  const leads = useMemo<Lead[]>(() => (map.data?.all.results ?? []).map((one, i) => ({ at: LATTICE[i]!, arm: one.arms?.[0]?.arm ?? "", share: one.arms?.[0]?.share ?? 0 })), [map.data]);
  return (
    <>
      <Head title="Trade-off" lead="Drag the preference, and see which arms this pool would use, and what that would earn and cost, on its own last decisions." />
      <Load of={map} skeleton={<div class="tradeoff"><Card><Skeleton lines={6} tall /></Card><Card><Skeleton lines={6} tall /></Card></div>}>
        {({ all, home, atHome }) => (all.decisions ?? 0) === 0
          ? <Empty title="No decision is kept"><p>This page computes with the pool's own last decisions. Send some queries first.</p></Empty>
          : <Chooser pool={pool} leads={leads} decisions={all.decisions ?? 0} since={int(all.firstUnixMs)} home={home} atHome={atHome} />}
      </Load>
    </>
  );
}

function Chooser({ pool, leads, decisions, since, home, atHome }:
    { pool: Pool; leads: Lead[]; decisions: number; since: number; home: Weights; atHome: PreferenceResult | undefined }) {
  const [weights, setWeights] = useState<Weights>(() => rounded(home));
  const [plan, setPlan] = useState<Plan>();
  const { mayEdit } = useViewer();
  const { answer, fault, retry } = useAnswer(pool.name, weights, DECISIONS);
  const arms = useMemo(() => [...new Set(leads.map((one) => one.arm))], [leads]);
  const colors = useMemo(() => colorNames([...new Set([...arms, ...(answer?.arms ?? []).map((one) => one.arm)])]), [arms, answer]);
  const change = (next: Weights) => setWeights(rounded(next));
  return (
    <>
      <div class="tradeoff">
        <Card title="Preference">
          <Triangle weights={weights} home={home} leads={leads} steps={STEPS} colors={colors} onChange={change} />
          <div class="key"><span>Colours: the arm that most decisions would take; the stronger, the more of them.</span>
            {arms.slice(0, 10).map((arm) => <span key={arm}><Swatch name={colors.get(arm) ?? "--c-other"} />{arm}</span>)}</div>
          <WeightSliders weights={weights} onChange={change} />
          <p class="note">The dashed ring is the pool's default: {preferenceText(home)}.</p>
          <div class="tools">
            <button type="button" onClick={() => setWeights(rounded(home))}>Back to the default</button>
            {mayEdit && <button type="button" onClick={() => setPlan(defaultPlan(pool.name, weights))}>Make it the default</button>}
          </div>
          <ReadOnly />
        </Card>
        <Card title="What it would do" note={`If the last ${f.plural(decisions, "decision")} (since ${f.time(since)}) had taken the best arm for this preference, as estimated when each was made.`}>
          <div>
            {fault && <Failure fault={fault} retry={retry} />}
            {answer ? <Result chosen={answer} home={atHome ?? {}} colors={colors} /> : !fault && <Skeleton lines={6} tall />}
          </div>
        </Card>
      </div>
      <Copies pool={pool.name} weights={weights} />
      {plan && <Review plan={plan} onClose={() => setPlan(undefined)} onDone={() => setPlan(undefined)} />}
    </>
  );
}

function defaultPlan(pool: string, weights: Weights): Plan {
  const request = { name: pool, settings: { defaultPreference: weights } };
  return {
    title: "Change the default preference", verb: "Apply", done: "The pool has a new default preference",
    async difference() {
      const said = await putPool({ ...request, dryRun: true });
      return { changes: said.changes ?? [], notes: said.notes ?? [] };
    },
    apply: () => putPool(request),
  };
}

function against(format: f.Format, here: Estimate | undefined, there: Estimate | undefined): string {
  if (!here || !there) return "";
  const by = here.mean - there.mean;
  if (format(Math.abs(by)) === format(0)) return "as with the default";
  return `${by > 0 ? "+" : "−"}${format(Math.abs(by))} against the default`;
}

const noteOf = (format: f.Format, here: Estimate | undefined, there: Estimate | undefined) =>
  (here ? <>± {format(here.half)}<br />{against(format, here, there)}</> : "not known");

function Result({ chosen, home, colors }: { chosen: PreferenceResult; home: PreferenceResult; colors: Map<string, string> }) {
  const [quality, cost, latency] = [estimate(chosen.quality), estimate(chosen.costUsd), estimate(chosen.latencyMs)];
  return (
    <div class="stack">
      <dl class="stats">
        <Stat name="Expected quality" value={f.quality(quality?.mean)} note={noteOf(f.quality, quality, estimate(home.quality))} />
        <Stat name="Cost per answer" value={f.usd(cost?.mean)} note={noteOf(f.usd, cost, estimate(home.costUsd))} />
        <Stat name="Latency" value={f.ms(latency?.mean)} note={noteOf(f.ms, latency, estimate(home.latencyMs))} />
        <Stat name="Cost of a million answers" value={f.usd(cost && cost.mean * 1e6)} />
      </dl>
      <p class="hidden" role="status">With {preferenceText(chosen.preference)}: quality {f.quality(quality?.mean)}, cost {f.usd(cost?.mean)}, latency {f.ms(latency?.mean)}</p>
      <h3>Arms that it would use</h3>
      <ShareBar shares={(chosen.arms ?? []).map((one) => ({ arm: one.arm, share: one.share ?? 0 }))} colors={colors} />
    </div>
  );
}
