// A preference as a point in a triangle. The colours show which arm leads at each preference.
import { useRef } from "preact/hooks";
import { GOALS, normalised, type Weights } from "../text/preference";
import { colorOf } from "./colors";

const WIDTH = 320, HEIGHT = 296, LEFT = 30, TOP = 26, SIDE = 260;
const TALL = (SIDE * Math.sqrt(3)) / 2;
const CORNERS = { quality: [LEFT + SIDE / 2, TOP], cost: [LEFT, TOP + TALL], latency: [LEFT + SIDE, TOP + TALL] } as const;
const STEP = 0.05, FINE_STEP = 0.01;

export interface Lead { at: Weights; arm: string; share: number }

function place(weights: Weights): [number, number] {
  let x = 0, y = 0;
  for (const goal of GOALS) {
    x += CORNERS[goal][0] * weights[goal];
    y += CORNERS[goal][1] * weights[goal];
  }
  return [x, y];
}

// The nearest preference to a point of the drawing.
function weightsAt(x: number, y: number): Weights {
  const quality = 1 - (y - TOP) / TALL;
  const latency = (x - LEFT) / SIDE - quality / 2;
  const cut = (value: number) => Math.min(1, Math.max(0, value));
  return normalised({ quality: cut(quality), latency: cut(latency), cost: cut(1 - quality - latency) });
}

// Cells of a triangular lattice with `steps` steps along a side: each is drawn as a hexagon that the edge cuts.
function hexagon([x, y]: [number, number], steps: number): string {
  const radius = SIDE / steps / Math.sqrt(3);
  return Array.from({ length: 6 }, (_, i) => {
    const angle = (Math.PI / 3) * i + Math.PI / 6;
    return `${(x + radius * Math.cos(angle)).toFixed(1)},${(y + radius * Math.sin(angle)).toFixed(1)}`;
  }).join(" ");
}

const EDGE = GOALS.map((goal) => CORNERS[goal].map((one) => one.toFixed(1)).join(",")).join(" ");

export function Triangle({ weights, home, leads, steps, colors, onChange }: {
  weights: Weights; home: Weights | undefined; leads: Lead[]; steps: number; colors: Map<string, string>;
  onChange: (weights: Weights) => void;
}) {
  const drawing = useRef<SVGSVGElement>(null);
  const isDragging = useRef(false);
  function follow(event: PointerEvent) {
    const box = drawing.current!.getBoundingClientRect();
    onChange(weightsAt(((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT));
  }
  function onKey(event: KeyboardEvent) {
    const step = event.shiftKey ? FINE_STEP : STEP;
    const [x, y] = place(weights);
    const moves: Record<string, [number, number]> = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    onChange(weightsAt(x + move[0] * step * SIDE, y + move[1] * step * TALL));
  }
  const [x, y] = place(weights);
  return (
    <svg ref={drawing} class="triangle" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="application" tabindex={0}
         aria-label={`Preference: ${GOALS.map((goal) => `${goal} ${weights[goal].toFixed(2)}`).join(", ")}. The arrow keys move it; the sliders below do the same.`}
         onKeyDown={onKey}
         onPointerDown={(event) => { isDragging.current = true; drawing.current!.setPointerCapture(event.pointerId); follow(event); }}
         onPointerMove={(event) => { if (isDragging.current) follow(event); }}
         onPointerUp={() => { isDragging.current = false; }} onPointerCancel={() => { isDragging.current = false; }}>
      <clipPath id="triangle"><polygon points={EDGE} /></clipPath>
      <g clip-path="url(#triangle)">
        {leads.map((lead, i) => <polygon key={i} points={hexagon(place(lead.at), steps)} fill={`var(${colorOf(colors, lead.arm)})`}
                                              fill-opacity={(0.1 + 0.75 * lead.share).toFixed(2)} />)}
      </g>
      <polygon class="edge" points={EDGE} />
      <text x={WIDTH / 2} y={16} text-anchor="middle">quality</text>
      <text x={8} y={HEIGHT - 22}>cost</text>
      <text x={WIDTH - 4} y={HEIGHT - 22} text-anchor="end">latency</text>
      {home && <circle class="home" cx={place(home)[0]} cy={place(home)[1]} r="11" />}
      <circle class="dot" cx={x} cy={y} r="8" />
    </svg>
  );
}
