import { isUtf8 } from 'node:buffer';
import { encodedLead } from '../../logs/flat/encode-log.ts';
import { FlatLogs, type Lead, noLead } from '../../logs/flat/flat-logs.ts';
import { pastSpace, readFlatJson } from '../../logs/flat/read-flat-json.ts';
import type { LogBatch } from '../../logs/log-batch.ts';
import type { Lines } from './lines.ts';

const indexAttribute = 'elasticsearch.index';
const idAttribute = 'elasticsearch.id';
const longestDocument = 65_536;

/** Names and their meaning stay known from request to request. */
const logs = new FlatLogs();

/** Documents of one request that go into the batch from their bytes, without being made objects. */
export class FlatDocuments {
  readonly #body: Buffer;
  readonly #receivedAtMs: number;
  readonly #isUtf8: boolean;
  #index = '';
  #lead: Lead = noLead;

  constructor(body: Buffer, receivedAtMs: number) {
    this.#body = body;
    this.#receivedAtMs = receivedAtMs;
    this.#isUtf8 = isUtf8(body);
  }

  /** Adds the document of the current line, with the id that its client gave it or ''; false, and nothing added, where it must be read the long way. */
  add(batch: LogBatch, { start, end, length }: Lines, index: string, id: string): boolean {
    if (!this.#isUtf8 || length > longestDocument) return false;
    const { fields } = logs;
    fields.begin(this.#body);
    const from = pastSpace(this.#body, start);
    const to = readFlatJson(fields, from, end, { skipsEmpty: true, textsOnly: false });
    return to >= 0 && pastSpace(this.#body, to) >= end && logs.add(batch, this.#receivedAtMs, this.#leadOf(index, id));
  }

  #leadOf(index: string, id: string): Lead {
    if (id !== '') {
      const about = { ...(index === '' ? {} : { [indexAttribute]: index }), [idAttribute]: id };
      return { names: Object.keys(about), bytes: encodedLead(about) };
    }
    if (index === this.#index) return this.#lead;
    this.#index = index;
    this.#lead = { names: [indexAttribute], bytes: encodedLead({ [indexAttribute]: index }) };
    return this.#lead;
  }
}
