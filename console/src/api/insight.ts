// The messages of proto/pointsman/v1/insight.proto as JSON.
import type { Expected, Group, Int64, OutcomeSeen, Preference, RouteResponse } from "./types";

export interface PoolLog {
  pool: string; sequence?: Int64; snapshotSequence?: Int64; firstSequence?: Int64; experienceSize?: Int64;
}
export interface EmbedderState {
  endpoint: string; model?: string; calls?: Int64; failed?: Int64; texts?: Int64; waiting?: Int64; lastFault?: string;
}
export interface LimitValue { name: string; value?: Int64; isLive?: boolean }
export interface GetServerResponse {
  version?: string; startedAtUnixMs?: Int64; nowUnixMs?: Int64; caller?: string; scopes?: string[]; dataBytes?: Int64;
  diskFreeBytes?: Int64; queueDepth?: Int64; queueDepthMax?: Int64; storageProblem?: string; snapshotProblem?: string;
  pools?: PoolLog[]; embedders?: EmbedderState[]; limits?: LimitValue[];
}

export interface Sums { count?: Int64; sum?: number; sumOfSquares?: number }
export interface ArmBucket {
  arm?: string; decisions?: Int64; quality?: Sums; costUsd?: Sums; latencyMs?: Sums; calls?: Int64; failed?: Int64;
}
export interface HistoryBucket {
  startUnixMs?: Int64; decisions?: Int64; explored?: Int64; firstFeedback?: Int64; feedbackLagS?: Sums;
  savedUsd?: Sums; arms?: ArmBucket[];
}
export interface GetHistoryResponse {
  stepS?: Int64; buckets?: HistoryBucket[]; firstUnixMs?: Int64; nowUnixMs?: Int64;
}

export interface DecisionSummary {
  decisionId: string; timeUnixMs?: Int64; arm?: string; propensity?: number; isBest?: boolean; mode?: string;
  expected?: Expected; queryText?: string; outcome?: OutcomeSeen; candidates?: number; group?: Group;
}
export interface ListDecisionsResponse {
  decisions?: DecisionSummary[]; nextPageToken?: string; searched?: number;
}

export interface PreferenceResult {
  preference?: Preference; arms?: { arm: string; share?: number }[]; quality?: Sums; costUsd?: Sums; latencyMs?: Sums;
}
export interface TryPreferencesResponse {
  decisions?: number; firstUnixMs?: Int64; results?: PreferenceResult[]; preference?: Preference;
}

export interface UtilityParts { arm: string; quality?: number; cost?: number; latency?: number }
export interface SimilarQuery {
  similarity?: number; arm?: string; quality?: number; weight?: number; sequence?: Int64; decisionId?: string;
  queryText?: string; timeUnixMs?: Int64;
}
export interface TryQueryResponse {
  decision?: RouteResponse; preference?: Preference; costScaleUsd?: number; latencyScaleMs?: number;
  parts?: UtilityParts[]; neighbours?: SimilarQuery[];
}

export interface QueryGroup {
  share?: number; words?: string[]; examples?: string[]; arms?: { arm: string; quality?: Sums }[];
}
export interface ListQueryGroupsResponse { groups?: QueryGroup[]; outcomes?: number; hasWords?: boolean }

export interface Policy { arm?: string; preference?: Preference; uniform?: boolean }
export interface Bounds { lower?: number; upper?: number }
export interface PolicyEstimate {
  outcomes?: number; silent?: number; dr?: number; drStderr?: number; ips?: number; snips?: number; effectiveSampleSize?: number;
  weightMax?: number; matchShare?: number; bounds?: Bounds; silentBounds?: Bounds; isTooFew?: boolean;
}
export interface PolicyResult { policy?: Policy; quality?: PolicyEstimate; costUsd?: PolicyEstimate; leftOut?: number }
export interface GroupFigures {
  decisions?: number; quality?: Sums; costUsd?: Sums; latencyMs?: Sums; qualityBounds?: Bounds; costBoundsUsd?: Bounds;
}
export interface GroupComparison {
  treated?: GroupFigures; control?: GroupFigures; qualityGain?: Bounds; savedUsd?: Bounds; firstUnixMs?: Int64; holdoutShare?: number;
  holdoutArm?: string;
}
export interface ComparePoliciesResponse {
  decisions?: number; leftOut?: number; firstUnixMs?: Int64; costCapUsd?: number; clipped?: number; served?: PolicyResult;
  results?: PolicyResult[]; groups?: GroupComparison;
}
export interface RecomputeDecisionResponse {
  result?: "NOT_POSSIBLE" | "SAME" | "DIFFERENT"; why?: string; snapshotVersion?: Int64; replayed?: Int64; arm?: string; propensity?: number;
}
