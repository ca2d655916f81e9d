import type { ChannelCredentials, ChannelOptions } from "@grpc/grpc-js";

/** Weights of quality, cost and latency. Only their ratios matter. */
export type Preference =
  | { quality?: number; cost?: number; latency?: number }
  | readonly [quality: number, cost?: number, latency?: number];

/** Arms that do not pass are no candidates. */
export interface Constraints {
  maxCostUsd?: number;
  maxLatencyMs?: number;
  requireTags?: string[];
  allowArms?: string[];
  denyArms?: string[];
  contextTokens?: number;
  allowUnknown?: boolean;
}

/** What happened to feedback in the background. */
export type Report =
  /** The outbox was full: its oldest entries are lost. At most once a minute. */
  | { kind: "dropped"; count: number; message: string }
  /** The server will never take this feedback. `code` is a gRPC code's name. */
  | { kind: "rejected"; decisionId: string; code: string; message: string }
  /** The server does not take feedback now. It is sent again later. At most once a minute. */
  | { kind: "waiting"; code: string; message: string }
  /** The outbox cannot be written. Feedback is in memory only until it can. */
  | { kind: "unwritten"; message: string };

export interface RouterOptions {
  /** HOST:PORT of pointsmand. "127.0.0.1:7717" if not given. */
  address?: string;
  /** "default" if not given. */
  pool?: string;
  /** Answers when pointsmand does not. Without it such a call throws. */
  defaultArm?: string;
  /** The longest that a call waits for pointsmand: 50 ms if not given. */
  deadlineMs?: number;
  /** Goes along as `authorization: Bearer`. A function is asked at each call. */
  token?: string | (() => string | undefined);
  /** True: the system's certificates. Or PEM texts. */
  tls?: boolean | { ca?: string | Buffer; key?: string | Buffer; cert?: string | Buffer };
  /** gRPC's own credentials instead of `tls`. */
  credentials?: ChannelCredentials;
  channelOptions?: ChannelOptions;
  /** A file on a local disk. Processes that use the same server may share it. Without it, one in ~/.local/state for this server. */
  outbox?: string;
  /** 100000 entries if not given. Then the oldest are dropped. */
  outboxMax?: number;
  preference?: Preference;
  /** A warning of the process if not given. */
  onReport?: (report: Report) => void;
}

export interface CallOptions {
  pool?: string;
  preference?: Preference;
  constraints?: Constraints;
  /** Numbers that the pool's settings declare. */
  features?: Record<string, number>;
  /** Your own vector. The query is then null. */
  embedding?: ArrayLike<number>;
  /** What will be paid for. The server estimates it if not given. */
  inputTokens?: number;
  maxOutputTokens?: number;
  latencyKind?: "TOTAL" | "FIRST_TOKEN";
  mode?: "EXPLORE" | "GREEDY" | "PREVIEW";
  purpose?: "FALLBACK" | "PANEL";
  explain?: boolean;
  /** A random one if not given. */
  decisionId?: string;
  defaultArm?: string;
  deadlineMs?: number;
}

export interface RunOptions extends CallOptions {
  /** How many arms `run` may try: 3 if not given. */
  armCount?: number;
}

export interface Usage {
  inputTokens?: number | null;
  outputTokens?: number | null;
  costUsd?: number | null;
  /** These are part of `inputTokens`. */
  cachedInputTokens?: number | null;
}

interface Decided {
  /** Call this one. */
  readonly arm: string;
  /** Store it with the answer, to rate it later. */
  readonly decisionId: string;
  /** "default": pointsmand did not answer. */
  readonly source: "server" | "default";
  /** The exact probability with which the arm was drawn. Undefined for the default arm. */
  readonly propensity: number | undefined;
  /** What the call used. */
  usage(usage: Usage): void;
  /** Now the first token of the answer is here. */
  firstToken(): void;
  /** From 0 to 1. On disk when this returns. */
  rate(quality: number): void;
}

export interface Call extends Decided {
  /** The probability with which the arm became a candidate. */
  readonly inclusion: number | undefined;
  /** False: the server could not store the decision, so no feedback is sent. */
  readonly logged: boolean;
  /** Route's answer as the contract has it. Undefined for the default arm. */
  readonly answer: Record<string, unknown> | undefined;
  /** The arm has answered. On disk when this returns. */
  end(): void;
  /** The arm has failed. On disk when this returns. */
  fail(error: unknown): void;
  /** Runs `work` with this call's span as the parent of its spans. */
  within<T>(work: () => T): T;
}

export interface Attempt extends Decided {
  /** 0 for the first. */
  readonly index: number;
}

type Work<T> = (arm: string, attempt: Attempt) => Promise<T> | T;

export interface Status {
  /** Entries in the outbox, of all processes that share it. */
  waiting: number;
  /** By this process, since it started. */
  dropped: number;
  rejected: number;
}

export class Router {
  constructor(options?: RouterOptions);
  /** Routes, calls `work`, reports how long it took or that it threw, and passes on what it returned or threw. */
  call<T>(query: string | null, options: CallOptions, work: (call: Call) => Promise<T> | T): Promise<T>;
  call<T>(query: string, work: (call: Call) => Promise<T> | T): Promise<T>;
  /** Routes only. Then call `end()` or `fail()` of the answer. */
  begin(query: string | null, options?: CallOptions): Promise<Call>;
  /** Calls `work` with one arm after the other until one does not throw. */
  run<T>(query: string | null, options: RunOptions, work: Work<T>): Promise<T>;
  run<T>(query: string, work: Work<T>): Promise<T>;
  /** From any process. On disk when this returns. */
  rate(decisionId: string, quality: number, options?: { servedArm?: string; pool?: string }): void;
  /** Waits for the connection, 1000 ms if not given, and warms up. For the start of an app. */
  ready(ms?: number): Promise<boolean>;
  status(): Promise<Status>;
  /** Waits until the outbox is empty, or for that time. */
  flush(ms?: number): Promise<Status>;
  /** Sends what it can within 2 s. What is left stays in the outbox. */
  close(): Promise<void>;
}
