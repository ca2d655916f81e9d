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

function headersOf(type: string): Record<string, string> {
  return token.get() ? { "Content-Type": type, Authorization: `Bearer ${token.get()}` } : { "Content-Type": type };
}

export async function post(method: string, body: BodyInit, type: string, signal?: AbortSignal): Promise<Response> {
  const answer = await fetch(urlOf(method), { method: "POST", headers: headersOf(type), body, signal: signal ?? null });
  if (answer.ok) return answer;
  const failure = await failureOf(answer);
  if (failure.code === "unauthenticated") isLocked.set(true);
  throw failure;
}

export async function call<Answer>(method: string, request: object, signal?: AbortSignal): Promise<Answer> {
  const answer = await post(method, JSON.stringify(request), "application/json", signal);
  return (await answer.json()) as Answer;
}

// A call of a page that is being left: it goes out although nobody waits for its answer.
export function send(method: string, request: object) {
  fetch(urlOf(method), { method: "POST", headers: headersOf("application/json"), body: JSON.stringify(request), keepalive: true }).catch(() => {});
}
