import { ApiFault } from './fault.ts';

const runningLimit = 16;
const waitingLimit = 200;

/** Lets so many queries of each organisation run at a time; others wait their turn, and more than can wait are refused. */
export class QueryGate {
  private readonly open = new Map<string, { running: number; readonly waiting: (() => void)[] }>();

  /** Runs `query` when there is room. `signal` ends the waiting: by a time limit or because the client has gone. */
  async run<T>(organisation: string, signal: AbortSignal, query: () => Promise<T>): Promise<T | ApiFault> {
    const turn = this.open.get(organisation) ?? { running: 0, waiting: [] };
    this.open.set(organisation, turn);
    if (turn.running >= runningLimit) {
      if (turn.waiting.length >= waitingLimit) {
        return new ApiFault(
          'too_many_requests',
          `more than ${runningLimit} queries run and ${waitingLimit} wait; try again`,
        );
      }
      if (!(await waitTurn(turn.waiting, signal))) {
        const late = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
        return late
          ? new ApiFault('timeout', 'query timed out in query queue')
          : new ApiFault('canceled', 'query was canceled in query queue');
      }
    } else {
      turn.running += 1;
    }
    try {
      return await query();
    } finally {
      const next = turn.waiting.shift();
      if (next) next();
      else {
        turn.running -= 1;
        if (turn.running === 0) this.open.delete(organisation);
      }
    }
  }
}

/** True when it is our turn: whoever ends hands its place on. False when the signal came first. */
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
