// Curves by uPlot, with a legend that follows the pointer, and a table for those who do not see the drawing.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useStore } from "../store";
import type { Format } from "../text/format";
import { color, paint } from "../ui/theme";
import { Swatch } from "./colors";

export type Points = (number | null)[];
export interface Curve { name: string; color: string; values: Points; low?: Points; high?: Points; isFilled?: boolean }
export interface Mark { x: number; text: string }

interface Props {
  title: string;
  summary: ComponentChildren;
  x: number[];
  xFormat: (x: number) => string;
  tickFormat?: (x: number) => string;
  isTime?: boolean;
  curves: Curve[];
  format: Format;
  range?: [number | null, number | null];
  marks?: Mark[];
  height?: number;
  isStacked?: boolean;
}

const TABLE_ROWS = 24;

export function Lines(props: Props) {
  const [at, setAt] = useState<number | null>(null);
  const { x, curves, format } = props;
  const isKnown = (i: number) => curves.some((curve) => (curve.values[i] ?? null) !== null);
  const last = x.findLastIndex((_, i) => isKnown(i));
  return (
    <figure class="chart">
      <figcaption><h3>{props.title}</h3><p class="note">{props.summary}</p></figcaption>
      <Canvas {...props} onPoint={setAt} />
      <ul class="legend" aria-hidden="true">
        {curves.map((curve) => (
          <li key={curve.name}>
            <Swatch name={curve.color} />{curve.name} <b>{format(curve.values[at ?? last] ?? undefined)}</b>
          </li>
        ))}
        <li class="legend-x">{x[at ?? last] === undefined ? "" : `${at === null ? "latest: " : ""}${props.xFormat(x[at ?? last]!)}`}</li>
      </ul>
      <AsTable {...props} />
    </figure>
  );
}

function AsTable({ title, x, xFormat, curves, format }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  const step = Math.max(1, Math.ceil(x.length / TABLE_ROWS));
  const rows = x.map((_, i) => i).filter((i) => (x.length - 1 - i) % step === 0);
  return (
    <details class="as-table" onToggle={(event) => setIsOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>Show as a table<span class="hidden"> ({title})</span></summary>
      {isOpen && (
        <div class="scroll" tabIndex={0} role="region" aria-label={`${title} as a table`}>
          <table>
            <thead><tr><th scope="col">at</th>{curves.map((curve) => <th key={curve.name} scope="col" class="num">{curve.name}</th>)}</tr></thead>
            <tbody>
              {rows.map((i) => (
                <tr key={i}>
                  <th scope="row">{xFormat(x[i]!)}</th>
                  {curves.map((curve) => <td key={curve.name} class="num">{format(curve.values[i] ?? undefined)}</td>)}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

// The values in the order that uPlot takes: x, then each curve with its bounds.
function dataOf({ x, curves, isStacked }: Props): uPlot.AlignedData {
  const sums = x.map(() => 0);
  const data: Points[] = [];
  for (const curve of curves) {
    if (isStacked) {
      data.push(curve.values.map((value, i) => (value === null ? null : (sums[i]! += value))));
      continue;
    }
    data.push(curve.values);
    if (curve.low && curve.high) data.push(curve.high, curve.low);
  }
  return [x, ...data] as uPlot.AlignedData;
}

function faint(name: string, part: string): string {
  return `color-mix(in srgb, ${color(name)} ${part}, transparent)`;
}

// A value between two gaps has no line, so it gets a point.
function alone(plot: uPlot, index: number): number[] {
  const values = plot.data[index]!;
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null) found.push(i);
  }
  return found;
}

function seriesOf({ curves, isStacked, x }: Props): { series: uPlot.Series[]; bands: uPlot.Band[] } {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  const points = { show: x.length < 3, size: 5, filter: alone };
  curves.forEach((curve, i) => {
    const stroke = color(curve.color);
    if (isStacked) {
      series.push({ stroke, width: 1, fill: i === 0 ? faint(curve.color, "70%") : "transparent", points: { show: false } });
      if (i > 0) bands.push({ series: [i + 1, i], fill: faint(curve.color, "70%") });
      return;
    }
    series.push({ stroke, width: 1.75, points, ...(curve.isFilled ? { fill: faint(curve.color, "12%") } : {}) });
    if (curve.low && curve.high) {
      const high = series.length;
      series.push({ width: 0, points: { show: false } }, { width: 0, points: { show: false } });
      bands.push({ series: [high, high + 1], fill: faint(curve.color, "16%") });
    }
  });
  return { series, bands };
}

function drawMarks(marks: Mark[]) {
  return (plot: uPlot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = color("--warn");
    ctx.setLineDash([4, 4]);
    for (const mark of marks) {
      const left = plot.valToPos(mark.x, "x", true);
      ctx.beginPath();
      ctx.moveTo(left, bbox.top);
      ctx.lineTo(left, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  };
}

function optionsOf(props: Props, width: number, onPoint: (index: number | null) => void): uPlot.Options {
  const axis = { stroke: color("--muted"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false },
                 font: "11px system-ui, sans-serif" };
  const [low, high] = props.range ?? [null, null];
  return {
    width, height: props.height ?? 180, legend: { show: false }, padding: [10, 26, 0, 0],
    cursor: { y: false, points: { show: !props.isStacked }, drag: { x: false, y: false } },
    scales: { x: { time: props.isTime ?? false },
              y: { range: (_, least, most) => {
                const bottom = low ?? Math.min(least ?? 0, 0);
                const top = high ?? (most ?? 1) + ((most ?? 1) - bottom) * 0.08;
                return [bottom, top > bottom ? top : bottom + 1];
              } } },
    axes: [{ ...axis, size: 28, space: 84, values: (_, all) => all.map(props.tickFormat ?? props.xFormat) },
           { ...axis, size: 62, space: 36, values: (_, all) => all.map((value) => props.format(value)) }],
    ...seriesOf(props),
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)], draw: [drawMarks(props.marks ?? [])] },
  };
}

function Canvas(props: Props & { onPoint: (index: number | null) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const paints = useStore(paint);
  const shape = props.curves.map((curve) => `${curve.name} ${curve.color} ${!!curve.low}`).join("|") +
    props.marks?.map((mark) => mark.x).join() + (props.x.length < 3);
  const data = useMemo(() => dataOf(props), [props.x, props.curves]);
  const known = useRef(props);
  known.current = props;

  useEffect(() => {
    const element = box.current!;
    const made = new uPlot(optionsOf(known.current, element.clientWidth || 300, props.onPoint), dataOf(known.current), element);
    plot.current = made;
    const watch = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height: known.current.height ?? 180 });
    });
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [shape, paints]);
  useEffect(() => plot.current?.setData(data), [data]);

  const label = `${props.title}: a drawing. The same is below as a table.`;
  return <div ref={box} class="canvas" role="img" aria-label={label} style={{ minHeight: `${props.height ?? 180}px` }} />;
}
