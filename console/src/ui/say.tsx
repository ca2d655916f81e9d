// Tells screen readers what changed, and shows it for a moment.
import { makeStore, useStore } from "../store";

const said = makeStore("");
let wasShown = true;
let timer: ReturnType<typeof setTimeout> | undefined;

// `isShown`: false where the page shows it already.
export function say(text: string, isShown = true) {
  wasShown = isShown;
  said.set(text);
  clearTimeout(timer);
  timer = setTimeout(() => said.set(""), 6000);
}

export function Said() {
  const text = useStore(said);
  return <div class={text ? (wasShown ? "said said-on" : "hidden") : "said"} role="status" aria-live="polite">{text}</div>;
}
