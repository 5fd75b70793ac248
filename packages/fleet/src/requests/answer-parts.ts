import { fail, ok, type Result } from '@sightline/base';
import { type AgentMessage, answerLimitBytes } from '../messages/index.ts';

type Answer = Extract<AgentMessage, { type: 'answer' }>;

/** Puts the parts of one answer together: in order, bounded, whole or not at all. */
export class AnswerParts {
  readonly #texts: string[] = [];
  #sizeBytes = 0;
  #next = 0;

  /** Takes the next part. Undefined while more are to come; the reply's JSON value when it is whole; else what is wrong. */
  add({ part, done, data }: Answer): Result<unknown, string> | undefined {
    if (part !== this.#next) return fail(`part ${part} of the answer came where part ${this.#next} was due`);
    this.#next += 1;
    if (part === 0 && done && typeof data !== 'string') return ok(data);
    if (typeof data !== 'string' && data !== undefined) return fail('a part of a long answer is not a text');
    this.#sizeBytes += Buffer.byteLength(data ?? '');
    if (this.#sizeBytes > answerLimitBytes) return fail(`the answer is longer than ${answerLimitBytes >> 20} MB`);
    this.#texts.push(data ?? '');
    if (!done) return undefined;
    try {
      return ok(JSON.parse(this.#texts.join('')));
    } catch {
      return fail('the parts of the answer do not make JSON');
    }
  }
}
