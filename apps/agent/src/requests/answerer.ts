import { fail, type Clock, type Logger, type Result } from '@sightline/base';
import { cutAnswer, type AgentMessage, type AnswerFault, type ServerMessage } from '@sightline/fleet/messages';
import type { AgentDiagnostic, DiagnosticTools } from '../diagnostics/diagnostic.ts';
import { readPolicy } from '../policy/policy.ts';
import type { ActionLog } from './action-log.ts';

type Request = Extract<ServerMessage, { type: 'request' }>;
type Answer = Extract<AgentMessage, { type: 'answer' }>;

/** Requests at work at once; further ones are refused as `busy`. */
const mostAtOnce = 4;

export interface AnswererParts {
  readonly diagnostics: readonly AgentDiagnostic[];
  readonly tools: DiagnosticTools;
  readonly policyFile: string;
  readonly log: ActionLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Answers what the server asks: each id once, within the site's policy and the deadline, a few at a time. What was asked
 * over a link that is gone is not answered over the next one: `dropAll` ends it.
 */
export class Answerer {
  readonly #parts: AnswererParts;
  readonly #running = new Map<string, AbortController>();

  constructor(parts: AnswererParts) {
    this.#parts = parts;
  }

  /**
   * Takes a request; its frames go to `send` in order. Resolves when nobody waits for it any more. Never rejects. Work that
   * cannot be broken off (a restart) goes on, keeps its place, and its end is noted in the site's log.
   */
  async answer(request: Request, send: (answer: Answer) => void): Promise<void> {
    const { id } = request;
    const refused = this.#refuse(request);
    if (refused) return send(lastFrame(id, refused));
    const controller = new AbortController();
    this.#running.set(id, controller);
    const result = await Promise.race([this.#work(request, controller.signal), this.#tooLate(request, controller)]);
    if (result === 'cancelled') return;
    for (const frame of result.ok ? cutAnswer(id, result.value) : [lastFrame(id, result.error)]) send(frame);
  }

  /** The server no longer waits for `id`. */
  cancel(id: string): void {
    this.#running.get(id)?.abort('cancelled');
  }

  /** The link is gone: nobody waits for anything. */
  dropAll(): void {
    for (const controller of this.#running.values()) controller.abort('cancelled');
  }

  #refuse(request: Request): AnswerFault | undefined {
    const { id, by, diagnostic, input } = request;
    if (this.#running.size >= mostAtOnce)
      return { reason: 'busy', message: `${mostAtOnce} requests are at work here.` };
    let refused: 'replayed' | 'busy' | undefined;
    try {
      refused = this.#parts.log.admit({ id, by, diagnostic, input });
    } catch (error) {
      this.#parts.logger.error('a request was refused because it could not be written into the log of actions', {
        error,
      });
      const why = (error as Error).message;
      return { reason: 'unavailable', message: `The agent acts on nothing that it cannot note in its log: ${why}` };
    }
    if (!refused) return undefined;
    this.#parts.logger.warn('request refused', { id, by, diagnostic, reason: refused });
    if (refused === 'replayed')
      return {
        reason: 'replayed',
        message: `A request with the id ${id} was already taken; each id is good for once.`,
      };
    return { reason: 'busy', message: 'More requests than this site can remember were made within ten minutes.' };
  }

  /** Runs the diagnostic to its end and notes it. */
  async #work(request: Request, signal: AbortSignal): Promise<Result<unknown, AnswerFault>> {
    const { log, clock, logger } = this.#parts;
    const { id, by, diagnostic, input } = request;
    const startedMs = clock.now();
    const result = await this.#run(request, signal);
    this.#running.get(id)?.abort('ended');
    this.#running.delete(id);
    const outcome = result.ok ? 'done' : `${result.error.reason}: ${result.error.message}`;
    try {
      log.ended(id, outcome, Math.max(0, clock.now() - startedMs));
    } catch (error) {
      logger.error('the end of a request could not be noted', { id, error });
    }
    logger.info('request answered', { id, by, diagnostic, input, outcome });
    return result;
  }

  /** Resolves at the deadline, or when the request is cancelled; never when it has ended. */
  #tooLate({ deadlineMs }: Request, controller: AbortController): Promise<Result<unknown, AnswerFault> | 'cancelled'> {
    const { signal } = controller;
    void this.#parts.clock.sleep(deadlineMs, signal).then(() => controller.abort('timeout'));
    return new Promise((resolve) => {
      signal.addEventListener(
        'abort',
        () => {
          const message = `The site did not finish within ${deadlineMs / 1000} s.`;
          if (signal.reason === 'timeout') resolve(fail({ reason: 'timeout', message }));
          if (signal.reason === 'cancelled') resolve('cancelled');
        },
        { once: true },
      );
    });
  }

  async #run(request: Request, signal: AbortSignal): Promise<Result<unknown, AnswerFault>> {
    const { diagnostics, tools, policyFile, logger } = this.#parts;
    const member = diagnostics.find((one) => one.definition.name === request.diagnostic);
    if (!member) {
      const known = diagnostics.map((one) => one.definition.name).join(', ');
      const message = `This agent (${tools.version}) has no diagnostic "${request.diagnostic}"; it has ${known}.`;
      return fail({ reason: 'not-found', message });
    }
    try {
      return await member.answer(request.input, readPolicy(policyFile), tools, signal);
    } catch (error) {
      logger.error('a diagnostic failed unexpectedly', { diagnostic: request.diagnostic, error });
      return fail({ reason: 'bug', message: `The agent failed: ${(error as Error).message}`.slice(0, 1000) });
    }
  }
}

function lastFrame(id: string, fault: AnswerFault): Answer {
  return { type: 'answer', id, part: 0, done: true, fault: { ...fault, message: fault.message.slice(0, 1000) } };
}
