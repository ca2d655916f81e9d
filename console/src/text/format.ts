// Numbers as people read them. What is not known is a dash, never a zero.
import type { Estimate } from "../api/numbers";

export const UNKNOWN = "–";

const isKnown = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value);

function significant(value: number, digits: number): string {
  if (value === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.min(8, Math.max(0, digits - 1 - size)));
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

export function quality(value: number | undefined): string {
  return isKnown(value) ? value.toFixed(3) : UNKNOWN;
}

export function usd(value: number | undefined): string {
  if (!isKnown(value)) return UNKNOWN;
  const sign = value < 0 ? "−" : "";
  const size = Math.abs(value);
  if (size >= 1000) return `${sign}$${count(size)}`;
  if (size >= 1) return `${sign}$${size.toFixed(2)}`;
  return `${sign}$${significant(size, 3)}`;
}

export function ms(value: number | undefined): string {
  if (!isKnown(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  if (size >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return size >= 10 ? `${value.toFixed(0)} ms` : `${significant(value, 2)} ms`;
}

export function percent(value: number | undefined): string {
  if (!isKnown(value)) return UNKNOWN;
  const hundred = value * 100;
  if (hundred !== 0 && Math.abs(hundred) < 0.1) return "<0.1%";
  return `${Math.abs(hundred) >= 99.95 ? hundred.toFixed(0) : hundred.toFixed(1)}%`;
}

export function bytes(value: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let size = value, unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${size} bytes` : `${significant(size, 3)} ${units[unit]}`;
}

export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${significant(seconds, 2)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function time(unixMs: number): string {
  return unixMs > 0 ? DAY_AND_TIME.format(unixMs) : UNKNOWN;
}

export type Format = (value: number | undefined) => string;

// "0.553 ± 0.061": the half-width of the 95% interval.
export function interval(format: Format, mean: number | undefined, half: number): string {
  if (!isKnown(mean)) return UNKNOWN;
  return Number.isFinite(half) ? `${format(mean)} ± ${format(half)}` : format(mean);
}

export function estimated(format: Format, value: Estimate | undefined): string {
  return value ? interval(format, value.mean, value.half) : UNKNOWN;
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

// The server writes "usd_per_1m_input: 5 -> 6".
export function arrow(change: string): string {
  return change.replaceAll("->", "→");
}
