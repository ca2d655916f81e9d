// Who looks at the console, and what the server lets them do.
import { makeStore, useStore } from "../store";
import type { GetServerResponse } from "../api/insight";

export interface Viewer { name: string; mayEdit: boolean; why: string; server?: GetServerResponse }

export const viewer = makeStore<Viewer>({ name: "", mayEdit: false, why: "" });

export function viewerOf(server: GetServerResponse): Viewer {
  const name = server.caller ?? "";
  const mayEdit = name === "" || (server.scopes ?? []).includes("admin");
  const scopes = (server.scopes ?? []).join(", ") || "none";
  return { name, mayEdit, server,
           why: mayEdit ? "" : `You can look but not change: the token "${name}" has the scopes ${scopes}, and changes need admin.` };
}

export const useViewer = () => useStore(viewer);
