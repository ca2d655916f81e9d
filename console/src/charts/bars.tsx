// Small drawings of HTML: they stand next to the number that they show, so screen readers skip them.
import { colorOf, Swatch } from "./colors";
import { percent } from "../text/format";

const inside = (value: number) => `${Math.min(100, Math.max(0, value * 100))}%`;

// A dot at the mean and a line over the interval, on a scale from `low` to `high`.
export function Whisker({ mean, half, low = 0, high = 1, color = "--accent" }:
    { mean: number | undefined; half: number; low?: number; high?: number; color?: string }) {
  if (mean === undefined) return <span class="whisker" aria-hidden="true" />;
  const width = high - low || 1;
  const place = (value: number) => (value - low) / width;
  const around = Number.isFinite(half) ? half : 0;
  const left = Math.max(0, place(mean - around));
  const right = Math.min(1, place(mean + around));
  return (
    <span class="whisker" aria-hidden="true">
      <i style={{ left: inside(left), width: inside(right - left), background: `var(${color})` }} />
      <b style={{ left: inside(place(mean)), background: `var(${color})` }} />
    </span>
  );
}

// A dot at an estimate and a line over its bounds, which need not lie evenly around it.
export function Range({ at, lower, upper, low, high, color = "--accent" }:
    { at: number | undefined; lower: number; upper: number; low: number; high: number; color?: string }) {
  const place = (value: number) => (value - low) / (high - low || 1);
  const left = Math.max(0, place(lower)), right = Math.min(1, place(upper));
  return (
    <span class="whisker" aria-hidden="true">
      <i style={{ left: inside(left), width: inside(right - left), background: `var(${color})` }} />
      {at !== undefined && <b style={{ left: inside(place(at)), background: `var(${color})` }} />}
    </span>
  );
}

export interface Share { arm: string; share: number }

// One bar that is cut into shares, with a list that says the same.
export function ShareBar({ shares, colors, shown = 8 }: { shares: Share[]; colors: Map<string, string>; shown?: number }) {
  const first = shares.slice(0, shown);
  const rest = shares.slice(shown);
  const all = rest.length === 0 ? first
    : [...first, { arm: `${rest.length} more`, share: rest.reduce((sum, one) => sum + one.share, 0) }];
  return (
    <div>
      <div class="share-bar" aria-hidden="true">
        {all.map((one) => <i key={one.arm} style={{ width: inside(one.share), background: `var(${colorOf(colors, one.arm)})` }} />)}
      </div>
      <ul class="share-list">
        {all.map((one) => (
          <li key={one.arm}><Swatch name={colorOf(colors, one.arm)} /><span>{one.arm}</span><b>{percent(one.share)}</b></li>
        ))}
      </ul>
    </div>
  );
}

export interface Parts { quality: number; cost: number; latency: number }

// What a utility is made of: quality to the right of zero, cost and latency to the left of it.
export function UtilityBar({ parts, reach }: { parts: Parts; reach: { left: number; right: number } }) {
  const width = reach.left + reach.right || 1;
  const zero = reach.left / width;
  const of = (value: number) => Math.abs(value) / width;
  const loss = of(parts.cost) + of(parts.latency);
  return (
    <span class="utility" aria-hidden="true">
      <i class="part-latency" style={{ left: inside(zero - loss), width: inside(of(parts.latency)) }} />
      <i class="part-cost" style={{ left: inside(zero - of(parts.cost)), width: inside(of(parts.cost)) }} />
      <i class="part-quality" style={{ left: inside(zero), width: inside(of(parts.quality)) }} />
      <u style={{ left: inside(zero) }} />
      <b style={{ left: inside(zero + (parts.quality - parts.cost - parts.latency) / width) }} />
    </span>
  );
}

export function reachOf(all: Parts[]): { left: number; right: number } {
  return { left: Math.max(0, ...all.map((one) => one.cost + one.latency)) || 0.001,
           right: Math.max(0, ...all.map((one) => one.quality)) || 0.001 };
}

// A small curve without axes.
export function Spark({ values, color = "--accent" }: { values: (number | null)[]; color?: string }) {
  const known = values.filter((value): value is number => value !== null);
  const least = Math.min(...known), most = Math.max(...known);
  const scale = most > least ? most - least : 1;
  const step = 100 / Math.max(1, values.length - 1);
  let path = "";
  values.forEach((value, i) => {
    if (value === null) return;
    path += `${path ? "L" : "M"}${(i * step).toFixed(1)} ${(22 - ((value - least) / scale) * 20).toFixed(1)}`;
  });
  return (
    <svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <path d={path} fill="none" stroke={`var(${color})`} stroke-width="1.5" vector-effect="non-scaling-stroke" />
    </svg>
  );
}
