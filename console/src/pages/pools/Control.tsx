// What the pool earns next to its control group.
import { comparePolicies } from "../../api/calls";
import type { Bounds, GroupComparison, GroupFigures } from "../../api/insight";
import { estimate, int } from "../../api/numbers";
import type { Pool } from "../../api/types";
import * as f from "../../text/format";
import { Card, Load, Skeleton, Stat } from "../../ui/parts";
import { useCall } from "../../ui/useCall";

const REFRESH_MS = 60_000;
const DECISIONS = 20_000;

export function Control({ pool }: { pool: Pool }) {
  const { holdoutShare = 0, holdoutArm = "" } = pool.settings ?? {};
  const loaded = useCall(holdoutShare > 0 ? `control ${pool.name}` : undefined,
                         (signal) => comparePolicies({ pool: pool.name, decisions: DECISIONS }, signal), { everyMs: REFRESH_MS });
  if (holdoutShare === 0) return null;
  const baseline = holdoutArm || "any arm with equal chances";
  return (
    <Card title="Next to the control group" note={`${f.percent(holdoutShare)} of the decisions get the baseline: ${baseline}.`}>
      <Load of={loaded} skeleton={<Skeleton lines={2} />}>
        {(data) => (data.groups ? <Shown groups={data.groups} since={int(data.firstUnixMs)} />
          : <p class="note">No decision that is kept has a group yet.</p>)}
      </Load>
    </Card>
  );
}

const between = (format: f.Format, bounds: Bounds | undefined, times = 1) =>
  `between ${format((bounds?.lower ?? 0) * times)} and ${format((bounds?.upper ?? 0) * times)}`;

const signed = (format: f.Format, value: number | undefined) => (value === undefined ? f.UNKNOWN : `${value > 0 ? "+" : ""}${format(value)}`);
const meanOf = (group: GroupFigures | undefined, get: "quality" | "costUsd") => estimate(group?.[get])?.mean;
const less = (a: number | undefined, b: number | undefined) => (a === undefined || b === undefined ? undefined : a - b);

function Shown({ groups, since }: { groups: GroupComparison; since: number }) {
  const { treated, control } = groups;
  const gain = less(meanOf(treated, "quality"), meanOf(control, "quality"));
  const saved = less(meanOf(control, "costUsd"), meanOf(treated, "costUsd"));
  const count = treated?.decisions ?? 0;
  return (
    <div class="stack">
      <dl class="stats">
        <Stat name="Quality gained" value={signed(f.quality, gain)} note={between(f.quality, groups.qualityGain)} />
        <Stat name="Saved per answer" value={signed(f.usd, saved)} note={between(f.usd, groups.savedUsd)} />
        <Stat name="Saved in all" value={signed(f.usd, saved === undefined ? undefined : saved * count)} note={between(f.usd, groups.savedUsd, count)} />
        <Stat name="The pool" value={f.quality(meanOf(treated, "quality"))} note={`${f.usd(meanOf(treated, "costUsd"))} an answer, ${f.plural(count, "decision")}`} />
        <Stat name="The baseline" value={f.quality(meanOf(control, "quality"))} note={`${f.usd(meanOf(control, "costUsd"))} an answer, ${f.plural(control?.decisions ?? 0, "decision")}`} />
      </dl>
      <p class="note">Since {f.time(since)}. The bounds hold with 95%, however often you look; they take decisions without feedback to be like the others.</p>
    </div>
  );
}
