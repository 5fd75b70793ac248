import { msJudgement } from '../../errors/event-time.ts';
import { pickName } from '../../errors/identity.ts';
import { addFlatLog, encodedKey, encodedLevel, type LogLayout, nothing } from '../../logs/flat/encode-log.ts';
import { FlatFields } from '../../logs/flat/flat-fields.ts';
import { flatLevel } from '../../logs/flat/flat-levels.ts';
import { FlatTime } from '../../logs/flat/flat-time.ts';
import { sliceText } from '../../logs/flat/read-flat-json.ts';
import { correlationIdNames, siteNames, spanIdNames, traceIdNames } from '../../logs/identity-names.ts';
import { type Level, levelNames, levelOfLine } from '../../logs/level.ts';
import { logsKeptDays } from '../../logs/read-log.ts';
import type { LogsRequestBuilder } from '../../otlp/build-logs.ts';
import { entryDeviceNames, type OpenStream } from './stream-records.ts';

/** The line lies where no field does. */
export const lineField = 255;
const brace = 123;
/** `levelOfLine` looks at 512 characters; a character is at most four bytes. */
const headBytes = 2048;
const longestLine = 65_536;

/** What the structured metadata of a shape stands for; -1: none does. */
interface EntryPlan {
  readonly level: number;
  /** Fields that must say something, because otherwise another one would be taken. */
  readonly picked: readonly number[];
  readonly layout: LogLayout;
}

/** Entries of Loki's streams from their bytes into OTLP's, as `addStream` makes them of objects: the same bytes come out. */
export class FlatEntries {
  readonly fields = new FlatFields<EntryPlan | 'none'>();
  readonly time = new FlatTime();

  /**
   * Adds the entry whose time, line and metadata were read last to the stream of which the labels tell `told`. False, and nothing added, where it must
   * be read the long way.
   */
  add(stream: OpenStream, builder: LogsRequestBuilder, receivedAtMs: number, told: Level): boolean {
    const { fields, time } = this;
    const { shape } = fields;
    if (!shape.isPlain || msJudgement(time.ms, receivedAtMs, logsKeptDays) !== 'good') return false;
    const source = fields.sourceOf(lineField);
    if (fields.lengthOf(lineField) > longestLine || source[fields.starts[lineField] ?? 0] === brace) return false;
    const plan = (shape.plan ??= planOf(shape.names) ?? 'none');
    if (plan === 'none') return false;
    for (const field of plan.picked) if (fields.lengthOf(field) === 0) return false;
    const level = this.#level(plan.level, told);
    if (level === undefined) return false;
    stream.open();
    return addFlatLog(builder, fields, time, plan.layout, { level, lead: nothing });
  }

  /** From metadata, labels, or the line itself; undefined where a word is none that is known. */
  #level(field: number, told: Level): Uint8Array | undefined {
    if (field >= 0) {
      const { level, encoded } = flatLevel(this.fields, field);
      return level.number > 0 ? encoded : undefined;
    }
    if (told.number > 0) return encodedLevel(told);
    const start = this.fields.starts[lineField] ?? 0;
    const length = Math.min(this.fields.lengthOf(lineField), headBytes);
    const found = levelOfLine(sliceText(this.fields.sourceOf(lineField), start, start + length));
    return encodedLevel(found.number > 0 ? found : told);
  }
}

/** Undefined where a name is one that entries are given. */
function planOf(names: readonly string[]): EntryPlan | undefined {
  const fieldOf = (wanted: readonly string[]): number => {
    const name = pickName(names, wanted);
    return name === undefined ? -1 : names.indexOf(name);
  };
  const given = {
    'store.id': fieldOf(siteNames),
    'device.id': fieldOf(entryDeviceNames),
    'correlation.id': fieldOf(correlationIdNames),
  };
  if (names.some((name) => name in given)) return undefined;
  const [level, traceId, spanId] = [fieldOf(levelNames), fieldOf(traceIdNames), fieldOf(spanIdNames)];
  const more = Object.entries(given).filter(([, field]) => field >= 0);
  return {
    level,
    picked: [level, traceId, spanId, ...more.map(([, field]) => field)].filter((field) => field >= 0),
    layout: {
      body: lineField,
      traceId,
      spanId,
      attributes: [...names.keys(), ...more.map(([, field]) => field)],
      keys: [...names, ...more.map(([name]) => name)].map(encodedKey),
    },
  };
}
