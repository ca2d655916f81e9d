import type { Call, CallOptions, Router } from "./index.js";

export interface WrapOptions {
  /** The pool of the model "auto". The router's if not given. */
  pool?: string;
  /** What to route by. The text of the last user turn if not given. */
  query?: (body: any) => string;
  /** Further options of the call, such as a preference. */
  route?: (body: any) => CallOptions;
}

/**
 * The same client, but chat.completions with the model "auto" or "pointsman/POOL" are routed and reported.
 * The client that is passed in is not changed.
 */
export function wrap<Client extends object>(client: Client, router: Router, options?: WrapOptions): Client;

/** The decision's id of a completion or a stream, to rate it. Undefined if it was not routed. */
export function decisionOf(response: object): string | undefined;

/** A routed completion or stream has its call, too: `response._pointsman.rate(1)`. */
export interface Routed {
  readonly _pointsman: Call;
}
