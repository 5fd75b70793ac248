import { findIssues, type TelemetryReads } from '@sightline/query';
import type { QueryLimits } from '@sightline/store/port';
import type { AskedAt, Batch } from './batch.ts';
import { groupOf, questionKey, type Answer, type IssuesQuestion } from './questions.ts';

/** One question about issues: what was decided about them differs from one to the next too much to be asked together. */
export class IssuesBatch implements Batch {
  readonly answers: readonly string[];
  readonly #question: IssuesQuestion;

  constructor(question: IssuesQuestion) {
    this.#question = question;
    this.answers = [questionKey(question)];
  }

  async ask(reader: TelemetryReads, at: AskedAt, limits: QueryLimits): Promise<ReadonlyMap<string, Answer>> {
    const decided = (await reader.issues?.(at.organisation)) ?? { decisions: new Map(), merged: new Map() };
    const { issues, overflow } = await findIssues(reader, { ...this.#question, ...at, ...decided }, limits);
    const values = new Map(issues.map(({ issue, type, service, events }) => [groupOf([issue, type, service]), events]));
    return new Map([[questionKey(this.#question), { values, overflow }]]);
  }

  halves(): undefined {
    return undefined;
  }
}
