// Loads the other pages once, after the first one was drawn.
import { useEffect, useState } from "preact/hooks";
import { CallFailed, type Fault } from "../api/errors";

export type Rest = typeof import("../pages/rest");

export function useRest(): { pages: Rest | undefined; fault: Fault | undefined } {
  const [pages, setPages] = useState<Rest>();
  const [fault, setFault] = useState<Fault>();
  useEffect(() => {
    import("../pages/rest").then(setPages, () => setFault(
      new CallFailed("unavailable", "A part of the console could not be loaded. The server may have been updated: load the page again.", "", 200)));
  }, []);
  return { pages, fault };
}
