// The messages of proto/pointsman/v1 as JSON: 64-bit numbers are strings, and fields with their default are left out.

export type Int64 = string;

export interface Preference { quality?: number; cost?: number; latency?: number }

export interface Expected {
  quality?: number; qualityStddev?: number; costUsd?: number; costStddevUsd?: number; latencyMs?: number;
  latencyStddevMs?: number; errorRate?: number; inputTokens?: number; outputTokens?: number;
}

export interface PriceTier {
  aboveInputTokens?: Int64; usdPer1mInput?: number; usdPer1mOutput?: number; usdPer1mCachedInput?: number;
}

export type ArmStatus = "ACTIVE" | "PAUSED" | "REMOVED";

export interface Arm {
  name: string; description?: string; tags?: string[]; usdPer1mInput?: number; usdPer1mOutput?: number;
  usdPer1mCachedInput?: number; usdPerRequest?: number; contextTokensMax?: Int64; outputTokensMax?: Int64;
  priorQuality?: number; priorStrength?: number; priorLatencyMs?: number; priorOutputTokens?: number;
  status?: ArmStatus; priceTiers?: PriceTier[]; version?: string; aliases?: string[];
}

export type Group = "TREATED" | "CONTROL";

export interface PoolSettings {
  embedder?: { name?: string; dimension?: number; projected?: number; endpoint?: string; model?: string };
  features?: { name: string; center?: number; scale?: number; weight?: number }[];
  learner?: { qualityModel?: string; exploration?: string; explorationFloor?: number };
  costScaleUsd?: number; latencyScaleMs?: number; storeQueryText?: boolean; feedbackWindowS?: Int64;
  defaultPreference?: Preference; latencyKind?: string; missingFeedback?: string;
  holdoutShare?: number; holdoutArm?: string;
}

export interface Pool {
  name: string; settings?: PoolSettings; createdAtUnixMs?: Int64; armsActive?: number; armsPaused?: number;
  snapshotVersion?: Int64; problem?: string;
}

export interface PutPoolResponse {
  pool?: Pool; created?: boolean; changes?: string[]; armsNotNamed?: string[]; notes?: string[];
}
export interface PutArmResponse { arm?: Arm; created?: boolean; changes?: string[]; notes?: string[] }
export interface ListArmsResponse { arms?: Arm[]; nextPageToken?: string }

export interface ArmStats {
  name: string; status?: ArmStatus; decisions?: Int64; share?: number; outcomes?: Int64; quality?: number;
  latencyMs?: number; latencyP95Ms?: number; costUsd?: number; outputTokens?: number; errorRate?: number;
  level?: number; levelStddev?: number; firstTokenMs?: number; rateLimitedUntilUnixMs?: Int64; expected?: Expected; isWatched?: boolean;
}
export interface FeedbackCounts {
  applied?: Int64; merged?: Int64; corrected?: Int64; alreadyApplied?: Int64; late?: Int64; refused?: Int64;
  overWeight?: Int64; closed?: Int64;
}
export interface GetStatsResponse {
  pool: string; snapshotVersion?: Int64; decisions?: Int64; outcomes?: Int64; feedback?: FeedbackCounts;
  arms?: ArmStats[]; experienceSize?: Int64; qualityModel?: string; exploration?: string; missing?: Int64;
  embedderFallbacks?: Int64;
}

export interface LoggedReset { sequence?: Int64; arm?: string; inheritFrom?: string }
export interface LoggedOutcome {
  sequence?: Int64; timeUnixMs?: Int64; decisionId?: string; arm?: string; weight?: number; quality?: number;
  latencyMs?: number; costUsd?: number; error?: boolean; isWithdrawn?: boolean; attempt?: number;
}
export interface ListOutcomesResponse {
  outcomes?: LoggedOutcome[]; nextPageToken?: string; firstSequence?: Int64; resets?: LoggedReset[];
}

export interface RankedArm {
  arm: string; probability?: number; utility?: number; expected?: Expected; reason?: string; inclusion?: number;
}
export interface FurtherArm { arm: string; propensity?: number; inclusion?: number }
export interface RouteResponse {
  decisionId?: string; arm?: string; propensity?: number; ranking?: RankedArm[]; snapshotVersion?: Int64;
  embedderFallback?: boolean; further?: FurtherArm[]; notes?: string[];
  notCandidates?: { arm: string; reason?: string }[]; group?: Group; logged?: boolean;
}
export interface OutcomeSeen {
  arm?: string; quality?: number; latencyMs?: number; costUsd?: number; inputTokens?: Int64; outputTokens?: Int64;
  error?: boolean; firstTokenMs?: number; cachedInputTokens?: Int64; errorKind?: string; retryAfterMs?: Int64;
}
export interface ExplainResponse {
  decisionId?: string; timeUnixMs?: Int64; snapshotVersion?: Int64; preference?: Preference; mode?: string;
  candidates?: RankedArm[]; chosen?: FurtherArm[]; queryText?: string; outcomes?: OutcomeSeen[]; group?: Group;
}

export interface ImportOutcomesResponse {
  queriesLearned?: Int64; queriesKnown?: Int64; queriesMissing?: Int64; outcomesLearned?: Int64;
  outcomesKnown?: Int64; arms?: { arm: string; learned?: Int64; known?: Int64; weight?: number }[]; sequence?: Int64;
}
export interface UndoImportResponse { outcomes?: Int64; queries?: Int64; sequence?: Int64 }
export interface BackupResponse { folder?: string; files?: Int64; bytes?: Int64 }
