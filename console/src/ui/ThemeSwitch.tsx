import { useStore } from "../store";
import { chooseTheme, theme, type Theme } from "./theme";

const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
const NAMES: Record<Theme, string> = { auto: "◐ Auto", light: "☀ Light", dark: "☾ Dark" };

export function ThemeSwitch() {
  const choice = useStore(theme);
  return (
    <button type="button" class="plain theme" onClick={() => chooseTheme(NEXT[choice])}>
      <span class="hidden">Colours: </span>{NAMES[choice]}
    </button>
  );
}
