/** How a protocol writes a record's time; each takes the same number of bytes whatever the time. */
export type TimeForm = 'fixed64' | 'digits' | 'iso' | 'varints';

/** A request whose records are written anew with times that follow its sending, as a shipper that sends each second has them. */
export interface TimedRequest {
  readonly body: Buffer;
  readonly form: TimeForm;
  /** Where each record's time is, in the order of the records. */
  readonly timeOffsets: readonly number[];
}

const batchMs = 1000;

/** The request's bytes with times spread evenly over the second before `nowMs`. */
export function timed({ body, form, timeOffsets }: TimedRequest, nowMs: number): Buffer {
  const copy = Buffer.from(body);
  const write = forms[form];
  timeOffsets.forEach((offset, i) => {
    const backMs = (batchMs * (timeOffsets.length - i)) / timeOffsets.length;
    write(copy, offset, BigInt(Math.round((nowMs - backMs) * 1000)) * 1000n);
  });
  return copy;
}

/** `encode` gets a time for each record and must write all of them, in their order. Throws where one is missing. */
export function timedRequest(
  form: TimeForm,
  records: number,
  endMs: number,
  encode: (timesNs: readonly bigint[]) => Buffer,
): TimedRequest {
  // Whole microseconds: not all forms hold more.
  const timesNs = Array.from({ length: records }, (_, i) => BigInt(endMs) * 1_000_000n + BigInt(i) * 1000n);
  const body = encode(timesNs);
  let from = 0;
  const timeOffsets = timesNs.map((timeNs) => {
    const bytes = timeBytes(form, timeNs);
    const offset = body.indexOf(bytes, from);
    if (offset < 0) throw new Error('a record without its time');
    from = offset + bytes.length;
    return offset;
  });
  return { body, form, timeOffsets };
}

const isoLength = '2026-11-29T00:00:00.000000Z'.length;
/** A protobuf `Timestamp`: field 1 and field 2 as varints of five bytes each. */
const varintsLength = 12;
const lengths: Readonly<Record<TimeForm, number>> = { fixed64: 8, digits: 19, iso: isoLength, varints: varintsLength };

/** The bytes of one time, to be put into a request. */
export function timeBytes(form: TimeForm, timeNs: bigint): Buffer {
  const bytes = Buffer.alloc(lengths[form]);
  forms[form](bytes, 0, timeNs);
  return bytes;
}

let lastSecond = { ms: Number.NaN, text: '' };

function isoText(timeNs: bigint): string {
  const micros = Number(timeNs / 1000n);
  const ms = Math.floor(micros / 1_000_000) * 1000;
  if (ms !== lastSecond.ms) lastSecond = { ms, text: new Date(ms).toISOString().slice(0, 19) };
  return `${lastSecond.text}.${String(micros % 1_000_000).padStart(6, '0')}Z`;
}

/** Five bytes, as many as the largest takes: longer than it must be is allowed and read alike. */
function writeVarint(bytes: Buffer, at: number, value: number): void {
  let rest = value;
  for (let i = 0; i < 4; i++) {
    bytes[at + i] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  bytes[at + 4] = rest;
}

const forms: Readonly<Record<TimeForm, (bytes: Buffer, at: number, timeNs: bigint) => void>> = {
  fixed64: (bytes, at, timeNs) => bytes.writeBigUInt64LE(timeNs, at),
  digits: (bytes, at, timeNs) => bytes.write(String(timeNs), at, 'latin1'),
  iso: (bytes, at, timeNs) => bytes.write(isoText(timeNs), at, 'latin1'),
  varints: (bytes, at, timeNs) => {
    bytes[at] = 8;
    writeVarint(bytes, at + 1, Number(timeNs / 1_000_000_000n));
    bytes[at + 6] = 16;
    writeVarint(bytes, at + 7, Number(timeNs % 1_000_000_000n));
  },
};
