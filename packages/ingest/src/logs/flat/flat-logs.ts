import { msJudgement } from '../../errors/event-time.ts';
import { fieldsByKind, type FieldKind } from '../field-kinds.ts';
import type { LogBatch } from '../log-batch.ts';
import { logsKeptDays, longestOrigin, originKinds } from '../read-log.ts';
import { textOf } from '../../errors/json-reader.ts';
import { addFlatLog, encodedKey, type LogLayout, nothing } from './encode-log.ts';
import { FlatFields, valueKinds } from './flat-fields.ts';
import { flatLevel, noLevel } from './flat-levels.ts';
import { FlatTime } from './flat-time.ts';

/** What the fields of a shape stand for; -1: none does. */
interface LogPlan {
  readonly time: number;
  readonly level: number;
  readonly origins: readonly { readonly attribute: string; readonly field: number }[];
  /** Fields that must be texts, because they become one. */
  readonly texts: readonly number[];
  readonly layout: LogLayout;
}

/** Attributes that stand beside the fields of all records of one request. */
export interface Lead {
  readonly names: readonly string[];
  readonly bytes: Uint8Array;
}

export const noLead: Lead = { names: [], bytes: nothing };
const originBytes = 5 * 4 * longestOrigin;

/**
 * Records as `readLogObject` reads them, from their bytes into OTLP's without an object for any of them: the same bytes come out. What is out of the
 * ordinary is left to `readLogObject`.
 */
export class FlatLogs {
  readonly fields = new FlatFields<LogPlan | 'none'>();
  readonly #time = new FlatTime();
  readonly #origin = Buffer.allocUnsafeSlow(originBytes);
  #originOf: LogPlan | undefined;
  /** Where each of its texts ends. */
  readonly #originEnds = new Uint32Array(originKinds.length);
  #group = '';

  /** Adds the record whose fields were read last; false, and nothing added, where it must be read the long way. */
  add(batch: LogBatch, receivedAtMs: number, lead: Lead = noLead): boolean {
    const { fields } = this;
    const { shape } = fields;
    if (!shape.isPlain) return false;
    const plan = (shape.plan ??= planOf(shape.names) ?? 'none');
    if (plan === 'none' || lead.names.some((name) => shape.names.includes(name))) return false;
    for (const field of plan.texts) if (!fields.isText(field)) return false;
    if (plan.level >= 0 && (fields.kinds[plan.level] ?? 0) > valueKinds.integer) return false;
    if (!this.#readTime(plan.time, receivedAtMs)) return false;
    const level = plan.level < 0 ? noLevel : flatLevel(fields, plan.level);
    this.#enter(batch, plan);
    return addFlatLog(batch.builder, fields, this.#time, plan.layout, { level: level.encoded, lead: lead.bytes });
  }

  /** False where the time cannot be read or kept: it is for the long way to say why. */
  #readTime(field: number, receivedAtMs: number): boolean {
    const { fields } = this;
    if (field < 0) {
      this.#time.setMs(receivedAtMs);
      return true;
    }
    const number = fields.numbers[field] ?? 0;
    if (fields.isText(field)) {
      const [start, end] = [fields.starts[field] ?? 0, fields.ends[field] ?? 0];
      if (!this.#time.readIso(fields.sourceOf(field), start, end)) return false;
    } else if (fields.kinds[field] === valueKinds.integer && number >= 1e11 && number < 1e14) this.#time.setMs(number);
    else return false;
    return msJudgement(this.#time.ms, receivedAtMs, logsKeptDays) === 'good';
  }

  /** Records mostly come from where the last one did. */
  #enter(batch: LogBatch, plan: LogPlan): void {
    if (this.#originOf === plan && batch.isIn(this.#group) && this.#isSameOrigin(plan)) return;
    const { fields } = this;
    const resource: Record<string, string> = {};
    let at = 0;
    let fits = true;
    for (const [i, { attribute, field }] of plan.origins.entries()) {
      const text = fields.text(field);
      resource[attribute] = textOf(text, longestOrigin);
      fits &&= text.length <= longestOrigin;
      if (fits) at += this.#origin.write(text, at);
      this.#originEnds[i] = at;
    }
    this.#group = batch.enter(resource);
    this.#originOf = fits ? plan : undefined;
  }

  #isSameOrigin({ origins }: LogPlan): boolean {
    const { fields } = this;
    let at = 0;
    for (let i = 0; i < origins.length; i++) {
      const field = origins[i]?.field ?? 0;
      const source = fields.sourceOf(field);
      const end = fields.ends[field] ?? 0;
      if (at + fields.lengthOf(field) !== this.#originEnds[i]) return false;
      for (let from = fields.starts[field] ?? 0; from < end; from++)
        if (source[from] !== this.#origin[at++]) return false;
    }
    return true;
  }
}

/** Undefined where a record has no message: its body is then its own text. */
function planOf(names: readonly string[]): LogPlan | undefined {
  const kinds = fieldsByKind(names);
  const fieldOf = (kind: FieldKind): number => {
    const name = kinds[kind];
    return name === undefined ? -1 : names.indexOf(name);
  };
  const body = fieldOf('message');
  if (body < 0) return undefined;
  const origins = originKinds
    .map(([attribute, kind]) => ({ attribute, field: fieldOf(kind) }))
    .filter(({ field }) => field >= 0);
  const [time, level, traceId, spanId, correlation] = [
    fieldOf('time'),
    fieldOf('level'),
    fieldOf('traceId'),
    fieldOf('spanId'),
    fieldOf('correlationId'),
  ];
  const placed = new Set([time, level, body, traceId, spanId, correlation, ...origins.map(({ field }) => field)]);
  const attributes = names.map((_, field) => field).filter((field) => !placed.has(field));
  const keys = attributes.map((field) => encodedKey(names[field] ?? ''));
  if (correlation >= 0) {
    attributes.push(correlation);
    keys.push(encodedKey('correlation.id'));
  }
  const texts = [body, ...origins.map(({ field }) => field), ...(correlation < 0 ? [] : [correlation])];
  return { time, level, origins, texts, layout: { body, traceId, spanId, attributes, keys } };
}
