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
  const { holdoutShare = 0 } = pool.settings ?? {};
  const loaded = useCall(holdoutShare > 0 ? `control ${pool.name}` : undefined,
                         (signal) => comparePolicies({ pool: pool.name, decisions: DECISIONS }, signal), { everyMs: REFRESH_MS });
  if (holdoutShare === 0) return null;
  const groups = loaded.data?.groups;
  const { holdoutArm } = groups ?? pool.settings ?? {};
  return (
    <Card title="Next to the control group"
          note={`${f.percent(groups?.holdoutShare ?? holdoutShare)} of the decisions get the baseline: ${holdoutArm || "any arm with equal chances"}.`}>
      <Load of={loaded} skeleton={<Skeleton lines={2} />}>
        {(data) => (data.groups ? <Shown groups={data.groups} cap={(data.clipped ?? 0) > 0 ? data.costCapUsd : undefined} />
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

// `cap`: costs over it count as it in the bounds.
function Shown({ groups, cap }: { groups: GroupComparison; cap: number | undefined }) {
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
      <p class="note">Since {f.time(int(groups.firstUnixMs))}. The bounds hold with 95%. They take decisions without feedback to be like the others
        {cap !== undefined && `, and costs over ${f.usd(cap)} to be that`}.</p>
    </div>
  );
}
