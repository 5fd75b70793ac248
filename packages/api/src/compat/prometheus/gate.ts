import { ApiFault } from './fault.ts';

interface GateLimits {
  readonly running: number;
  readonly waiting: number;
}

/** Lets so many reads of each organisation run at a time; others wait their turn, and more than can wait are refused. */
export class QueryGate {
  private readonly limits: GateLimits;
  private readonly open = new Map<string, { running: number; readonly waiting: (() => void)[] }>();

  /** Of each organisation. */
  constructor(limits: GateLimits = { running: 16, waiting: 200 }) {
    this.limits = limits;
  }

  /**
   * Runs `read` when there is room, for at most `limitMs` with the waiting. The signal that it is handed aborts at the limit or
   * when the client has gone; what it then answers is that it was late, or cancelled.
   */
  async run<T>(
    organisation: string,
    { gone, limitMs }: { readonly gone: AbortSignal; readonly limitMs: number },
    read: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | ApiFault> {
    const end = new AbortController();
    const leave = (): void => end.abort();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end.abort();
    }, limitMs);
    gone.addEventListener('abort', leave, { once: true });
    if (gone.aborted) end.abort();
    const ended = (where: string): ApiFault =>
      late
        ? new ApiFault('timeout', `query timed out in ${where}`)
        : new ApiFault('canceled', `query was canceled in ${where}`);
    try {
      const turn = await this.enter(organisation, end.signal);
      if (turn === 'full') {
        const text = `${this.limits.running} queries of this organisation run and ${this.limits.waiting} wait; try again`;
        return new ApiFault('too_many_requests', text);
      }
      if (turn === 'ended') return ended('query queue');
      try {
        const answer = await read(end.signal);
        return end.signal.aborted ? ended('expression evaluation') : answer;
      } finally {
        this.leave(organisation);
      }
    } finally {
      clearTimeout(timer);
      gone.removeEventListener('abort', leave);
    }
  }

  private async enter(organisation: string, signal: AbortSignal): Promise<'entered' | 'full' | 'ended'> {
    const turn = this.open.get(organisation) ?? { running: 0, waiting: [] };
    if (turn.running < this.limits.running) {
      this.open.set(organisation, turn);
      turn.running += 1;
      return 'entered';
    }
    if (turn.waiting.length >= this.limits.waiting) return 'full';
    return (await waitTurn(turn.waiting, signal)) ? 'entered' : 'ended';
  }

  /** Whoever waits longest takes the place over. */
  private leave(organisation: string): void {
    const turn = this.open.get(organisation);
    if (!turn) return;
    const next = turn.waiting.shift();
    if (next) return next();
    turn.running -= 1;
    if (turn.running === 0) this.open.delete(organisation);
  }
}

/** True when it is our turn, false when the signal came first. */
function waitTurn(waiting: (() => void)[], signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const start = (): void => {
      signal.removeEventListener('abort', leave);
      resolve(true);
    };
    const leave = (): void => {
      const at = waiting.indexOf(start);
      if (at >= 0) waiting.splice(at, 1);
      resolve(false);
    };
    if (signal.aborted) return resolve(false);
    waiting.push(start);
    signal.addEventListener('abort', leave, { once: true });
  });
}
