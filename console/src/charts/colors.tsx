// Colours of arms: by their place among the arms that are shown. The rest shares a grey.
export const COLORS = 10;

export function colorNames(arms: string[]): Map<string, string> {
  const names = [...arms].filter(Boolean).sort();
  return new Map(names.map((arm, i) => [arm, i < COLORS ? `--c${i}` : "--c-other"]));
}

export function colorOf(names: Map<string, string>, arm: string): string {
  return names.get(arm) ?? "--c-other";
}

export function Swatch({ name }: { name: string }) {
  return <span class="swatch" style={{ background: `var(${name})` }} aria-hidden="true" />;
}
