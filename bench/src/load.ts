import { Agent, request } from 'node:http';

export interface LoadResult {
  readonly requests: number;
  readonly refused: number;
  readonly seconds: number;
  /** Milliseconds, sorted. */
  readonly latenciesMs: readonly number[];
}

/** Sends `total` requests over `connections` kept-alive connections, each asking for the next body in turn. */
export async function sendLoad(
  target: { url: string; headers: Record<string, string> },
  bodyOf: (request: number) => Buffer,
  total: number,
  connections: number,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latenciesMs: number[] = [];
  let sent = 0;
  let refused = 0;
  const startedMs = performance.now();
  const worker = async (): Promise<void> => {
    while (sent < total) {
      const body = bodyOf(sent++);
      const atMs = performance.now();
      // A server that asks to slow down is asked again: what counts is what was accepted in the end.
      for (let tries = 0; tries < 200; tries++) {
        const { status, retryAfterS } = await post(agent, target, body);
        if (status < 300) break;
        refused++;
        await new Promise((resolve) => setTimeout(resolve, Math.min(retryAfterS, 1) * 1000 || 50));
      }
      latenciesMs.push(performance.now() - atMs);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  return {
    requests: total,
    refused,
    seconds: (performance.now() - startedMs) / 1000,
    latenciesMs: latenciesMs.sort((a, b) => a - b),
  };
}

function post(
  agent: Agent,
  target: { url: string; headers: Record<string, string> },
  body: Buffer,
): Promise<{ status: number; retryAfterS: number }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      target.url,
      { method: 'POST', agent, headers: { ...target.headers, 'content-length': body.length }, timeout: 30_000 },
      (reply) => {
        reply.resume();
        reply.on('end', () =>
          resolve({ status: reply.statusCode ?? 0, retryAfterS: Number(reply.headers['retry-after'] ?? 0) }),
        );
      },
    );
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error('no answer within 30 s')));
    sent.end(body);
  });
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
