import { isAscii, isUtf8 } from 'node:buffer';
import { isIdentity } from '../logs/field-kinds.ts';
import type { Shape } from '../logs/flat/shape.ts';
import { FlatLogs } from '../logs/flat/flat-logs.ts';
import type { LogBatch } from '../logs/log-batch.ts';
import { facilities } from './facilities.ts';

const [space, dash, lower, greater, equals, open, close, quote, backslash] = [32, 45, 60, 62, 61, 91, 93, 34, 92];
const [brace, at] = [123, 64];
const longestMessage = 65_536;
const longestName = 128;
/** Time, host, application, process and message id, each no longer than RFC 5424 has it. */
const header = [
  { name: 'time', longest: 64 },
  { name: 'host', longest: 255 },
  { name: 'app', longest: 128 },
  { name: 'process.pid', longest: 128 },
  { name: 'syslog.msgid', longest: 128 },
] as const;
const [messageField, severityField, facilityField] = [0, 1, 2];

/** Whether a byte may stand in the header: printable ASCII. */
const isPrintable = (byte: number | undefined): boolean => byte !== undefined && byte > space && byte < 127;

/**
 * Messages of RFC 5424 from their bytes into a batch, as `readSyslog` makes them of objects: the same bytes come out. What is out of the ordinary
 * (the older form, keys, escapes, lines that are JSON) is left to `readSyslog`.
 */
export class FlatSyslog {
  readonly #logs = new FlatLogs();
  #root: Shape<unknown> | undefined;
  /** Shapes of headers by which of their parts are there. */
  #headers: (Shape<unknown> | undefined)[] = [];
  #at = 0;
  /** Where the name of the element of structured data begins that is being read. */
  #element = 0;

  /** Adds a message; false, and nothing added, where it must be read the long way. */
  add(batch: LogBatch, bytes: Buffer, receivedAtMs: number): boolean {
    const end = trimmedEnd(bytes);
    if (end > longestMessage || (!isAscii(bytes) && !isUtf8(bytes))) return false;
    const { fields } = this.#logs;
    fields.begin(bytes);
    this.#at = 0;
    const priority = this.#priority(bytes);
    if (priority < 0 || !this.#header(bytes, end) || !this.#data(bytes, end)) return false;
    const from = bytes[this.#at] === space ? this.#at + 1 : this.#at;
    const first = from < end ? bytes[from] : undefined;
    if (!isPrintable(first) || first === brace || first === at) return false;
    fields.setText(messageField, from, end);
    fields.setNumber(severityField, priority % 8);
    return fields.setAside(facilityField, facilities[priority >> 3] ?? '') && this.#logs.add(batch, receivedAtMs);
  }

  /** `<134>1 `; -1 where it is anything else. */
  #priority(bytes: Buffer): number {
    if (bytes[0] !== lower) return -1;
    let value = 0;
    let digits = 1;
    for (; digits <= 3; digits++) {
      const digit = (bytes[digits] ?? 0) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const isModern = bytes[digits] === greater && bytes[digits + 1] === 49 && bytes[digits + 2] === space;
    this.#at = digits + 3;
    return digits > 1 && isModern && value < facilities.length * 8 ? value : -1;
  }

  #header(bytes: Buffer, end: number): boolean {
    const { fields } = this.#logs;
    let there = 0;
    let field = facilityField + 1;
    for (let part = 0; part < header.length; part++) {
      const start = this.#at;
      let to = start;
      while (to < end && isPrintable(bytes[to])) to++;
      const length = to - start;
      if (length === 0 || length > (header[part]?.longest ?? 0)) return false;
      if (part < header.length - 1 ? bytes[to] !== space : to < end && bytes[to] !== space) return false;
      if (length > 1 || bytes[start] !== dash) {
        fields.setText(field++, start, to);
        there |= 1 << part;
      }
      this.#at = Math.min(to + 1, end);
    }
    fields.shape = this.#headerShape(there) as typeof fields.shape;
    return true;
  }

  #headerShape(there: number): Shape<unknown> {
    const { fields } = this.#logs;
    if (this.#root !== fields.shapes.root) {
      this.#root = fields.shapes.root;
      this.#headers = [];
    }
    const known = this.#headers[there];
    if (known) return known;
    const names = header.filter((_, part) => (there & (1 << part)) !== 0).map(({ name }) => name);
    // A name behind a zero: no structured data is written so.
    for (const name of ['message', 'severity', 'syslog.facility', ...names]) fields.name(`\0${name}`, name);
    this.#headers[there] = fields.shape;
    return fields.shape;
  }

  /** Structured data, or the dash in its place. */
  #data(bytes: Buffer, end: number): boolean {
    if (this.#at >= end || bytes[this.#at] === dash) {
      this.#at = Math.min(this.#at + 1, end);
      return true;
    }
    if (bytes[this.#at] !== open) return false;
    for (;;) {
      const start = this.#at;
      if (!this.#member(bytes, end)) return false;
      if (bytes[this.#at] === close) {
        this.#at++;
        if (bytes[this.#at] !== open) return true;
      } else if (bytes[this.#at] !== space || this.#at === start) return false;
    }
  }

  /** ` name="value"`, the first one of an element with that element's name before it. */
  #member(bytes: Buffer, end: number): boolean {
    const { fields } = this.#logs;
    const start = this.#at;
    if (bytes[start] === open) this.#element = start + 1;
    const guessed = fields.shape.guess(bytes, start);
    const from = guessed ? start + guessed.raw.length : nameEnd(bytes, start, end);
    const to = guessed?.to ?? this.#step(bytes, start, from);
    if (!to?.isPlain) return false;
    let valueEnd = from;
    while (valueEnd < end && bytes[valueEnd] !== quote && bytes[valueEnd] !== backslash) valueEnd++;
    // One that is empty is no field, but would stand for the element's next name as well.
    if (valueEnd === from || valueEnd >= end || bytes[valueEnd] !== quote) return false;
    fields.setText(to.names.length - 1, from, valueEnd);
    fields.shape = to as typeof fields.shape;
    this.#at = valueEnd + 1;
    return true;
  }

  /** The step of a member that is written from `start` to behind the quote at which its value begins. */
  #step(bytes: Buffer, start: number, valueStart: number): Shape<unknown> | undefined {
    if (valueStart < 0) return undefined;
    const { fields } = this.#logs;
    const raw = bytes.toString('latin1', start, valueStart);
    const known = fields.shape.find(raw);
    if (known) return known;
    const id = /^[^\s=\]"]{1,128}/.exec(bytes.toString('latin1', this.#element, valueStart))?.[0];
    const name = /^(?:\[[^\s=\]"]+)? ([^\s=\]"]{1,128})="$/.exec(raw)?.[1];
    if (id === undefined || name === undefined || !/^[\x21-\x7e]+$/.test(id + name)) return undefined;
    const plainId = id.replace(/@[\d.]*$/, '');
    if (plainId === 'sightline' && (name === 'key' || name === 'token')) return undefined;
    const { names } = fields.shape;
    if (isIdentity(name) && names.includes(name)) return undefined;
    return fields.shapes.step(
      fields.shape,
      raw,
      plainId === 'sightline' || isIdentity(name) ? name : `${plainId}.${name}`,
    );
  }
}

function trimmedEnd(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 10 || bytes[end - 1] === 13 || bytes[end - 1] === 0)) end--;
  return end;
}

/** Where the value begins of the name that is written at `start`; -1 where there is none. */
function nameEnd(bytes: Buffer, start: number, end: number): number {
  const longest = Math.min(end, start + 3 * longestName);
  for (let i = start; i < longest; i++) if (bytes[i] === equals) return bytes[i + 1] === quote ? i + 2 : -1;
  return -1;
}
