// Light or dark: the system's choice, until the reader makes another.
import { makeStore } from "../store";

export type Theme = "auto" | "light" | "dark";
const KEY = "pointsman.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme {
  try {
    const text = localStorage.getItem(KEY);
    return text === "light" || text === "dark" ? text : "auto";
  } catch {
    return "auto";
  }
}

export const theme = makeStore<Theme>(stored());
// Grows with each change of colours: drawings on a canvas must then be made again.
export const paint = makeStore(0);

function apply() {
  const choice = theme.get();
  document.documentElement.dataset["theme"] = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
  paint.set(paint.get() + 1);
}

export function chooseTheme(choice: Theme) {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // The choice then lasts until the page is left.
  }
  theme.set(choice);
  apply();
}

system.addEventListener("change", apply);
apply();

export function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
