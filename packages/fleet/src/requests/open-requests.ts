import { randomUUID } from 'node:crypto';
import { type Clock, fail, ok, type Result } from '@sightline/base';
import type { AgentMessage, AnswerFault, Diagnostic } from '../messages/index.ts';
import type { LinkSession } from '../sessions/link-session.ts';
import { AnswerParts } from './answer-parts.ts';

type Answer = Extract<AgentMessage, { type: 'answer' }>;

/** Why there is no answer: the agent's own reasons, and ours. */
export interface AskFault {
  readonly reason: AnswerFault['reason'] | 'cancelled';
  /** A sentence for the person who asked. */
  readonly message: string;
}

export interface Question {
  readonly diagnostic: Diagnostic;
  /** As the diagnostic's input schema read it. */
  readonly input: unknown;
  /** Who asks, for the site's own log. */
  readonly by: string;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

interface OpenRequest {
  readonly session: LinkSession;
  readonly parts: AnswerParts;
  readonly settle: (ending: Result<unknown, AskFault>) => void;
}

const perSessionAtMost = 16;
/** How much longer than the agent we wait: its own "timed out" says more than ours. */
const graceMs = 2000;

/** Requests that wait for an agent's answer. Each ends once: by its answer, its deadline, the link's end or the asker's. */
export class OpenRequests {
  readonly #clock: Clock;
  readonly #open = new Map<string, OpenRequest>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Requests that wait. */
  get size(): number {
    return this.#open.size;
  }

  /** Asks over `session` and waits for the whole answer. */
  async ask(session: LinkSession, { diagnostic, input, by, signal }: Question): Promise<Result<unknown, AskFault>> {
    const { site } = session.owner;
    if (signal.aborted) return fail(cancelled);
    const busy = [...this.#open.values()].filter((request) => request.session === session).length;
    if (busy >= perSessionAtMost)
      return fail({
        reason: 'busy',
        message: `${site} works on ${busy} requests already. Try again in a few seconds.`,
      });
    const id = randomUUID();
    const { promise, resolve: settle } = Promise.withResolvers<Result<unknown, AskFault>>();
    const over = new AbortController();
    this.#open.set(id, { session, parts: new AnswerParts(), settle });
    const stopWaiting = (fault: AskFault): void => {
      session.send({ type: 'cancel', id });
      settle(fail(fault));
    };
    const goneAway = (): void => stopWaiting(cancelled);
    const cut = (): void => settle(fail(linkLost(site, diagnostic)));
    signal.addEventListener('abort', goneAway, { once: true });
    session.ended.addEventListener('abort', cut, { once: true });
    void this.#clock.sleep(diagnostic.deadlineMs + graceMs, over.signal).then(() => {
      if (!over.signal.aborted) stopWaiting(tooLate(site, diagnostic));
    });
    session.send({ type: 'request', id, diagnostic: diagnostic.name, input, deadlineMs: diagnostic.deadlineMs, by });
    if (session.ended.aborted) cut();
    const ending = await promise;
    this.#open.delete(id);
    over.abort();
    signal.removeEventListener('abort', goneAway);
    session.ended.removeEventListener('abort', cut);
    return ending.ok ? checked(site, diagnostic, ending.value) : ending;
  }

  /** Takes a part of an answer. False for what answers no open request of this session: it came too late, or is none of ours. */
  take(session: LinkSession, answer: Answer): boolean {
    const request = this.#open.get(answer.id);
    if (!request || request.session !== session) return false;
    if (answer.fault) {
      request.settle(fail(answer.fault));
      return true;
    }
    const whole = request.parts.add(answer);
    if (!whole) return true;
    if (!whole.ok) session.send({ type: 'cancel', id: answer.id });
    request.settle(
      whole.ok ? ok(whole.value) : fail({ reason: 'bug', message: `${session.owner.site}: ${whole.error}.` }),
    );
    return true;
  }
}

const cancelled: AskFault = { reason: 'cancelled', message: 'Nobody waited for the answer any more.' };

/** For what changes something, it must be said that we do not know how it ended. */
const inDoubt = ({ changes }: Diagnostic): string =>
  changes ? ' It may have been done all the same: look before you ask again.' : '';

const linkLost = (site: string, diagnostic: Diagnostic): AskFault => ({
  reason: 'unavailable',
  message: `The link to ${site} was lost before the answer came.${inDoubt(diagnostic)}`,
});

const tooLate = (site: string, diagnostic: Diagnostic): AskFault => ({
  reason: 'timeout',
  message: `${site} did not answer within ${Math.round(diagnostic.deadlineMs / 1000)} s.${inDoubt(diagnostic)}`,
});

function checked(site: string, diagnostic: Diagnostic, value: unknown): Result<unknown, AskFault> {
  const read = diagnostic.reply.safeParse(value);
  if (read.success) return ok(read.data);
  const issue = read.error.issues[0];
  return fail({
    reason: 'bug',
    message: `${site} answered ${diagnostic.name} in a form that is not agreed (${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}). Its agent may be of another version.`,
  });
}
