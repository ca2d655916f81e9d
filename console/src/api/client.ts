// Calls of the server that this page came from.
import { makeStore } from "../store";
import { failureOf } from "./errors";

const KEY = "pointsman.token";

function stored(): string {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // a browser may forbid storage
  }
}

export const token = makeStore(stored());
// The server refused the last call for want of a token.
export const isLocked = makeStore(false);

export function keepToken(text: string) {
  try {
    if (text) sessionStorage.setItem(KEY, text);
    else sessionStorage.removeItem(KEY);
  } catch {
    // The token then lasts until the page is left.
  }
  token.set(text);
  isLocked.set(false);
}

export function urlOf(method: string): string {
  return new URL(`pointsman.v1.${method}`, document.baseURI).href;
}

export async function post(method: string, body: BodyInit, type: string, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { "Content-Type": type };
  if (token.get()) headers["Authorization"] = `Bearer ${token.get()}`;
  const answer = await fetch(urlOf(method), { method: "POST", headers, body, signal: signal ?? null });
  if (answer.ok) return answer;
  const failure = await failureOf(answer);
  if (failure.code === "unauthenticated") isLocked.set(true);
  throw failure;
}

export async function call<Answer>(method: string, request: object, signal?: AbortSignal): Promise<Answer> {
  const answer = await post(method, JSON.stringify(request), "application/json", signal);
  return (await answer.json()) as Answer;
}
