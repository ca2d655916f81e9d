// 64-bit numbers, means and intervals.
import type { Sums } from "./insight";

// Counts and times of the API stay below 2^53.
export function int(value: string | number | undefined): number {
  return value === undefined ? 0 : Number(value);
}

export interface Estimate { mean: number; half: number; count: number }

const Z95 = 1.96;

export function estimate(sums: Sums | undefined): Estimate | undefined {
  const count = int(sums?.count);
  if (!sums || count === 0) return undefined;
  const mean = (sums.sum ?? 0) / count;
  const variance = Math.max(0, (sums.sumOfSquares ?? 0) / count - mean * mean);
  // One observation says nothing of the spread.
  return { mean, half: count > 1 ? Z95 * Math.sqrt(variance / (count - 1)) : Number.NaN, count };
}

export function added(all: (Sums | undefined)[]): Sums {
  let count = 0, sum = 0, sumOfSquares = 0;
  for (const one of all) {
    count += int(one?.count);
    sum += one?.sum ?? 0;
    sumOfSquares += one?.sumOfSquares ?? 0;
  }
  return { count: String(count), sum, sumOfSquares };
}

export function half95(stddev: number | undefined): number {
  return stddev === undefined ? Number.NaN : Z95 * stddev;
}
