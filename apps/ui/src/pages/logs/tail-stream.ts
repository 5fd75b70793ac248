import { problem as problemSchema } from '@sightline/contract';
import { ProblemError } from '../../data/problem.ts';
import { lostSince, onReach } from '../../data/reach.ts';

/** What a reader of a live tail is told. */
export interface TailListener {
  /** The server follows. */
  readonly onOpen: () => void;
  /** A line, as the server wrote it. */
  readonly onRow: (text: string) => void;
  /** A count of lines that the server left out, as it wrote it. */
  readonly onDropped: (text: string) => void;
  /** It broke off; it is tried again in so many ms. */
  readonly onLost: (why: ProblemError, retryInMs: number) => void;
  /** It is over and not tried again by itself. */
  readonly onEnded: (why: ProblemError) => void;
}

export interface TailGiven {
  readonly fetch: (address: string, init: RequestInit) => Promise<Response>;
  /** Resolves after so many ms, or when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A connection that says nothing for so long is lost: the server sends a heartbeat every 15 s. */
  readonly silentMs: number;
}

const longestWaitMs = 30_000;
/** In a row, without a line or a heartbeat between them: some two minutes. */
export const mostTailTries = 8;
/** No event of the server is as long. */
const mostEventChars = 16 * 1024 * 1024;

/** How long to wait before the next try: a second, then twice as long each time, at most half a minute. */
export const tailWaitMs = (failures: number): number => Math.min(longestWaitMs, 1000 * 2 ** Math.max(0, failures - 1));

/**
 * Follows a live tail (server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html) until the signal
 * aborts, or there is no sense in going on. An `EventSource` would not tell why the server refused, nor try again after it did.
 * What passes (no connection, a busy server) is tried again with growing pauses, at most `mostTailTries` times in a row; a
 * search that cannot be read is told and not tried again. Never rejects.
 */
export async function followTail(
  address: string,
  listener: TailListener,
  signal: AbortSignal,
  given: TailGiven,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const lives = (): void => {
      failures = 0;
    };
    const why = await oneConnection(address, { listener, lives }, signal, given);
    if (signal.aborted) return;
    failures += 1;
    if (!why.passing || failures >= mostTailTries) {
      listener.onEnded(why);
      return;
    }
    const waitMs = tailWaitMs(failures);
    listener.onLost(why, waitMs);
    await given.sleep(waitMs, signal);
  }
}

/** Reads one connection to its end and tells why it ended. */
async function oneConnection(
  address: string,
  { listener, lives }: { readonly listener: TailListener; readonly lives: () => void },
  signal: AbortSignal,
  { fetch, silentMs }: TailGiven,
): Promise<ProblemError> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), silentMs);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), silentMs);
  };
  try {
    const answer = await fetch(address, {
      headers: { accept: 'text/event-stream' },
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!answer.ok || answer.body === null) return refusalOf(answer.status, await answer.text());
    listener.onOpen();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let held = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return lost();
      heard();
      held += value;
      const events = held.split('\n\n');
      held = events.pop() ?? '';
      for (const event of events) {
        // A server that opens and then fails at once has not come about.
        if (/^(?:event: (?:row|dropped)|: still here)/.test(event)) lives();
        const fault = tell(event, listener);
        if (fault === undefined) continue;
        await reader.cancel();
        return fault;
      }
      if (held.length > mostEventChars) {
        await reader.cancel();
        return lost();
      }
    }
  } catch {
    // Of a fetch and its body nothing more is told than that there was no connection.
    return lost();
  } finally {
    clearTimeout(timer);
  }
}

/** Hands one event on; what ends the tail is answered. */
function tell(event: string, listener: TailListener): ProblemError | undefined {
  let name = '';
  let data = '';
  for (const line of event.split('\n')) {
    if (line.startsWith('event: ')) name = line.slice(7);
    else if (line.startsWith('data: ')) data = line.slice(6);
  }
  if (name === 'row') listener.onRow(data);
  else if (name === 'dropped') listener.onDropped(data);
  else if (name === 'fault') return refusalOf(0, data);
  return undefined;
}

function refusalOf(status: number, text: string): ProblemError {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const read = problemSchema.safeParse(value);
  if (read.success) return new ProblemError('refused', read.data);
  return new ProblemError('refused', {
    status,
    title: status === 0 ? 'The live tail ended' : `The server answered ${status}`,
    detail: 'It did not say why.',
  });
}

const lost = (): ProblemError =>
  new ProblemError('unreachable', { title: 'Connection lost', detail: 'The connection to the server was lost.' });

/** For a browser: its own fetch and clock. */
export const browserTail: TailGiven = {
  fetch: async (address, init) => fetch(address, init),
  sleep: async (ms, signal) =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = setTimeout(() => end(), ms);
      // Somebody else heard from the server again: no need to wait for the tail's own turn.
      const stop = onReach(() => {
        if (lostSince() === undefined) end();
      });
      signal.addEventListener('abort', end, { once: true });
    }),
  silentMs: 45_000,
};
