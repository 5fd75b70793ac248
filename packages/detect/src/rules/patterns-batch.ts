import { findNewPatterns, type TelemetryReads } from '@sightline/query';
import type { QueryLimits } from '@sightline/store/port';
import type { AskedAt, Batch } from './batch.ts';
import { groupOf, questionKey, type Answer, type PatternsQuestion } from './questions.ts';

const longestTemplate = 400;
const longestLine = 300;
const namedSites = 5;

/** One question about new templates of log lines: each kind of line has a memory of its own. */
export class PatternsBatch implements Batch {
  readonly answers: readonly string[];
  readonly #question: PatternsQuestion;

  constructor(question: PatternsQuestion) {
    this.#question = question;
    this.answers = [questionKey(question)];
  }

  async ask(reader: TelemetryReads, at: AskedAt, limits: QueryLimits): Promise<ReadonlyMap<string, Answer>> {
    const found = await findNewPatterns(reader, reader.templates, { ...this.#question, ...at }, limits);
    const values = new Map<string, number>();
    const details = new Map<string, string>();
    for (const { template, count, firstLine, sites, services } of found.patterns) {
      // A variable stands for what is cut off, so that a search for its words still finds it.
      const shown = template.length > longestTemplate ? `${template.slice(0, longestTemplate)}<_>` : template;
      const group = groupOf([shown]);
      values.set(group, (values.get(group) ?? 0) + count);
      details.set(
        group,
        [placesOf(sites), services.join(', '), `first line: ${cut(firstLine)}`].filter(Boolean).join('; '),
      );
    }
    return new Map([[questionKey(this.#question), { values, details, overflow: found.overflow }]]);
  }

  halves(): undefined {
    return undefined;
  }
}

const cut = (line: string): string => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line);

function placesOf(sites: readonly string[]): string {
  if (sites.length === 0) return '';
  const more = sites.length - namedSites;
  return `at ${sites.slice(0, namedSites).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
