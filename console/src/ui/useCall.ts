// Loads what a page shows, and again every few seconds while the tab is visible.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { token } from "../api/client";
import { asFault, type Fault } from "../api/errors";
import { useStore } from "../store";

export interface Loaded<T> { data: T | undefined; fault: Fault | undefined; isLoading: boolean; reload: () => void }

interface Options { everyMs?: number; keep?: boolean }

// `key` names what is loaded. Another key loads again; with `keep` the old answer stays until then.
export function useCall<T>(key: string | undefined, run: (signal: AbortSignal) => Promise<T>,
                           { everyMs = 0, keep = false }: Options = {}): Loaded<T> {
  const [state, setState] = useState<{ key?: string; data?: T; fault?: Fault }>({});
  const [isLoading, setIsLoading] = useState(true);
  const [turn, setTurn] = useState(0);
  const access = useStore(token);
  const latest = useRef(run);
  latest.current = run;

  useEffect(() => {
    if (key === undefined) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isBusy = false;
    async function load() {
      clearTimeout(timer);
      if (isBusy) return;
      isBusy = true;
      try {
        const data = await latest.current(abort.signal);
        if (!abort.signal.aborted) setState({ key: key!, data });
      } catch (error) {
        // What was shown before is better than nothing.
        if (!abort.signal.aborted) {
          setState((old) => (old.key === key ? { ...old, fault: asFault(error) } : { key: key!, fault: asFault(error) }));
        }
      }
      isBusy = false;
      if (abort.signal.aborted) return;
      setIsLoading(false);
      if (everyMs > 0 && !document.hidden) timer = setTimeout(load, everyMs);
    }
    const onVisible = () => {
      if (!document.hidden && everyMs > 0) void load();
    };
    setIsLoading(true);
    void load();
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [key, everyMs, turn, access]);

  const isShown = state.key === key || keep;
  const reload = useCallback(() => setTurn((old) => old + 1), []);
  return { data: isShown ? state.data : undefined, fault: isShown ? state.fault : undefined, isLoading, reload };
}
