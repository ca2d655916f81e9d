// The page's address is in the part after "#", so that the server serves files alone.
import { makeStore } from "./store";

export interface Address { path: string[]; query: URLSearchParams }

function read(): Address {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // someone typed a lone "%"
  }
}

export const address = makeStore(read());
addEventListener("hashchange", () => address.set(read()));

export function link(path: string[], query: Record<string, string | undefined> = {}): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) words.set(name, value);
  const text = words.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export function go(to: string) {
  location.hash = to;
}

// Filters are no steps of the history.
export function replaceQuery(query: Record<string, string | undefined>) {
  history.replaceState(null, "", link(address.get().path, query));
  address.set(read());
}
