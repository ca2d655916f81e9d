// Three linked sliders: moving one moves the others, so that they always sum to one.
import { GOALS, withWeight, type Weights } from "../text/preference";

export function WeightSliders({ weights, onChange }: { weights: Weights; onChange: (weights: Weights) => void }) {
  return (
    <div class="stack" role="group" aria-label="Preference">
      {GOALS.map((goal) => (
        <label key={goal} class="slider">
          <span>{goal[0]!.toUpperCase() + goal.slice(1)}</span>
          <input type="range" min={0} max={1} step={0.01} value={weights[goal]}
                 onInput={(event) => onChange(withWeight(weights, goal, event.currentTarget.valueAsNumber))} />
          <output>{weights[goal].toFixed(2)}</output>
        </label>
      ))}
    </div>
  );
}
