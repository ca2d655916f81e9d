// The imports that this tab made: the server has no list of them.
import { makeStore } from "../../store";

const KEY = "pointsman.imports";

function stored(): string[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as string[];
  } catch {
    return [];
  }
}

export const imports = makeStore(stored());

export function rememberImport(pool: string, id: string) {
  const name = `${pool}\n${id}`;
  const all = [name, ...imports.get().filter((one) => one !== name)].slice(0, 20);
  try {
    sessionStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // They are then known until the page is left.
  }
  imports.set(all);
}
