// What went wrong, and what to do about it.

export interface Fault { code: string; reason: string; message: string; status: number }

export class CallFailed extends Error implements Fault {
  constructor(readonly code: string, message: string, readonly reason: string, readonly status: number) {
    super(message);
  }
}

interface ErrorBody { code?: string; message?: string; details?: { debug?: { reason?: string } }[] }

export async function failureOf(answer: Response): Promise<CallFailed> {
  let body: ErrorBody = {};
  try {
    body = (await answer.json()) as ErrorBody;
  } catch {
    // A proxy in front of the server may answer with a page of its own.
  }
  return failureOfBody(body, answer.status);
}

export function failureOfBody(body: ErrorBody, status: number): CallFailed {
  const reason = body.details?.map((detail) => detail.debug?.reason).find(Boolean) ?? "";
  const code = body.code ?? (status === 401 ? "unauthenticated" : status === 403 ? "permission_denied" : "unknown");
  return new CallFailed(code, body.message ?? `the server answered with status ${status}`, reason, status);
}

export function asFault(error: unknown): Fault {
  if (error instanceof CallFailed) return error;
  return new CallFailed("unavailable", "The server does not answer.", "NO_ANSWER", 0);
}

// What the reader can do. Messages of the server say the rest.
export function adviceFor(fault: Fault): string {
  switch (fault.code) {
    case "unavailable":
      return fault.status === 0 ? "Check that pointsmand runs and that this machine reaches it. Then try again."
        : "Wait a moment and try again.";
    case "deadline_exceeded":
    case "resource_exhausted":
      return "Wait a moment and try again.";
    case "permission_denied":
      return "Ask whoever runs the server for a token with this scope and pool.";
    case "unauthenticated":
      return "Enter a token.";
    case "not_found":
      return "It may have been removed or have expired. Go back and choose another.";
    case "unimplemented":
      return "This server is older than the console. Update pointsmand.";
    case "internal":
    case "unknown":
    case "data_loss":
      return "This is a fault of the server. Its log says more.";
    default:
      return "Change what the message names, then try again.";
  }
}
