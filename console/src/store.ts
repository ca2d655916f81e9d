// A value that parts of the page share. A change draws again only those that use it.
import { useEffect, useState } from "preact/hooks";

export interface Store<T> { get(): T; set(value: T): void; listen(run: () => void): () => void }

export function makeStore<T>(first: T): Store<T> {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(value, next)) return;
      value = next;
      for (const run of [...listeners]) run();
    },
    listen(run) {
      listeners.add(run);
      return () => listeners.delete(run);
    },
  };
}

export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(store.get);
  useEffect(() => {
    const update = () => setValue(() => store.get());
    update(); // it may have changed between drawing and this effect
    return store.listen(update);
  }, [store]);
  return value;
}
