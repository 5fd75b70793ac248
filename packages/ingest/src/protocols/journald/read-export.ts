/** An entry of a journal: fields as they were written, the first of a name. */
export type JournalEntry = ReadonlyMap<string, string>;

const newline = 10;
const equals = 61;
const maxFieldBytes = 1_048_576;
const maxFields = 1024;

/**
 * Goes through a journal's export format (https://systemd.io/JOURNAL_EXPORT_FORMATS): fields one a line, or as a name, the length of eight
 * bytes and the value; an empty line ends an entry. A broken entry is a text that says why, and the next one begins after the next empty line.
 */
export function* readExport(bytes: Buffer): Generator<JournalEntry | string> {
  let fields = new Map<string, string>();
  let broken = '';
  let at = 0;
  while (at < bytes.length) {
    const found = bytes.indexOf(newline, at);
    const end = found < 0 ? bytes.length : found;
    if (end === at) {
      if (broken !== '') yield broken;
      else if (fields.size > 0) yield fields;
      fields = new Map();
      broken = '';
      at = end + 1;
      continue;
    }
    const split = bytes.subarray(at, end).indexOf(equals);
    const name = bytes.toString('latin1', at, split < 0 ? end : at + split);
    if (!/^[A-Z0-9_]{1,64}$/.test(name)) {
      broken ||= `"${name.slice(0, 40).replace(/[^\x20-\x7e]/g, '?')}" is no name of a field`;
      at = end + 1;
      continue;
    }
    let value: string | undefined;
    if (split >= 0) {
      const from = at + split + 1;
      value = end - from > maxFieldBytes ? undefined : bytes.toString('utf8', from, end);
      at = end + 1;
    } else {
      const from = end + 9;
      const sizeBytes = from <= bytes.length ? bytes.readBigUInt64LE(end + 1) : -1n;
      if (
        sizeBytes < 0n ||
        BigInt(from) + sizeBytes >= BigInt(bytes.length) ||
        bytes[from + Number(sizeBytes)] !== newline
      ) {
        broken ||= `the value of ${name} is cut or of a wrong length`;
        at = end + 1;
        continue;
      }
      const to = from + Number(sizeBytes);
      value = to - from > maxFieldBytes ? undefined : bytes.toString('utf8', from, to);
      at = to + 1;
    }
    if (value === undefined) broken ||= `the value of ${name} is larger than ${maxFieldBytes} bytes`;
    else if (fields.size < maxFields && !fields.has(name)) fields.set(name, value);
  }
  if (broken !== '') yield broken;
  else if (fields.size > 0) yield fields;
}
