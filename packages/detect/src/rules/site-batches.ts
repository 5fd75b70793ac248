import { ask, readGauges, type Gauge } from '@sightline/query';
import type { TelemetryReads } from '@sightline/query';
import type { QueryLimits } from '@sightline/store/port';
import { groupLimit, type AskedAt, type Batch } from './batch.ts';
import { groupOf, questionKey, type Answer, type SeenQuestion, type VitalQuestion } from './questions.ts';

/** CPU, memory, disk and queues of all sites: one query for every rule about them. */
export class VitalBatch implements Batch {
  readonly answers: readonly string[];
  readonly #vitals: readonly Gauge[];

  constructor(questions: readonly VitalQuestion[]) {
    this.#vitals = [...new Set(questions.map((question) => question.vital))];
    this.answers = this.#vitals.map((vital) => questionKey({ kind: 'vital', vital }));
  }

  async ask(reader: TelemetryReads, at: AskedAt, limits: QueryLimits): Promise<ReadonlyMap<string, Answer>> {
    const gauges = await readGauges(
      reader,
      { organisation: at.organisation, environment: '', nowMs: at.endMs },
      limits,
    );
    return new Map(
      this.#vitals.map((vital) => {
        const values = [...gauges].flatMap(([site, levels]): [string, number][] => {
          const level = levels[vital];
          return level === null ? [] : [[groupOf([site]), level]];
        });
        return [
          questionKey({ kind: 'vital', vital }),
          { values: new Map(values.slice(0, groupLimit)), overflow: values.length > groupLimit },
        ];
      }),
    );
  }

  halves(): undefined {
    return undefined;
  }
}

interface SeenRow {
  readonly site: string;
  readonly service: string;
  readonly environment: string;
  readonly heardMs: number;
}

/** When every site and service was last heard: one query for every rule about silence. */
export class SeenBatch implements Batch {
  readonly answers: readonly string[];
  readonly #questions: readonly SeenQuestion[];

  constructor(questions: readonly SeenQuestion[]) {
    this.#questions = questions;
    this.answers = questions.map(questionKey);
  }

  async ask(reader: TelemetryReads, at: AskedAt, limits: QueryLimits): Promise<ReadonlyMap<string, Answer>> {
    const rows = await ask<SeenRow>(
      reader,
      `SELECT toString(site) AS site, toString(service) AS service, toString(environment) AS environment,
        toFloat64(toUnixTimestamp64Milli(max(last_seen))) AS heardMs
      FROM seen WHERE organisation = {organisation:String} GROUP BY site, service, environment
      ORDER BY heardMs DESC LIMIT ${groupLimit * 5}`,
      { organisation: at.organisation },
      limits,
    );
    return new Map(this.#questions.map((question) => [questionKey(question), lastHeard(question, rows)]));
  }

  halves(): undefined {
    return undefined;
  }
}

function lastHeard(question: SeenQuestion, rows: readonly SeenRow[]): Answer {
  const wanted = Object.entries(question.where).map(
    ([name, value]) => [name as keyof SeenRow, value.toLowerCase()] as const,
  );
  const values = new Map<string, number>();
  for (const row of rows) {
    if (question.by.some((name) => row[name] === '')) continue;
    if (wanted.some(([name, value]) => String(row[name]).toLowerCase() !== value)) continue;
    const group = groupOf(question.by.map((name) => row[name]));
    values.set(group, Math.max(values.get(group) ?? 0, row.heardMs));
  }
  return { values, overflow: rows.length === groupLimit * 5 };
}
