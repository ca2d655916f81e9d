// Asks while the reader drags: one call at a time, and then the newest preference only.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { tryPreferences } from "../../api/calls";
import { asFault, type Fault } from "../../api/errors";
import type { PreferenceResult } from "../../api/insight";
import type { Weights } from "../../text/preference";

export function useAnswer(pool: string, weights: Weights, decisions: number) {
  const [answer, setAnswer] = useState<PreferenceResult>();
  const [fault, setFault] = useState<Fault>();
  const [turn, setTurn] = useState(0);
  const wanted = useRef(weights);
  const isBusy = useRef(false);
  const isGone = useRef(false);
  wanted.current = weights;

  async function ask() {
    if (isBusy.current) return;
    isBusy.current = true;
    let asked: Weights;
    do {
      asked = wanted.current;
      try {
        const got = await tryPreferences(pool, [asked], decisions);
        if (!isGone.current) setAnswer(got.results?.[0]);
        if (!isGone.current) setFault(undefined);
      } catch (error) {
        if (!isGone.current) setFault(asFault(error));
      }
    } while (asked !== wanted.current && !isGone.current);
    isBusy.current = false;
  }

  // Before the browser draws: the answer then comes a frame earlier.
  useLayoutEffect(() => void ask(), [pool, weights, turn]);
  useEffect(() => () => { isGone.current = true; }, []);
  return { answer, fault, retry: () => setTurn((old) => old + 1) };
}
