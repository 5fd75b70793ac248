import type { KeyObject } from 'node:crypto';
import {
  type DayHead,
  headNumbers,
  isSignedHead,
  readHead,
  readLine,
  rootOfLines,
  type SignedRow,
} from './day-heads.ts';
import { fingerprint, sha256, type SignedHead } from './manifest.ts';
import type { ArchiveTarget } from './target.ts';

/** What the newest manifest took over from the heads. */
export interface TakenOver {
  /** The last head of the days that manifests sign; absent where none had any. */
  readonly head?: SignedHead | undefined;
  /** End of the last of those days, ISO 8601 in UTC; '' where there is no manifest. */
  readonly until: string;
}

/** The heads of an organisation that no manifest has taken over yet, as far as they are proved. */
export interface HeadChain {
  /** The newest; undefined where there is none. */
  readonly last: { readonly head: DayHead; readonly sha256: string } | undefined;
  /** Heads that are proved, in order, with the end of their range. */
  readonly heads: readonly (SignedHead & { readonly to: string })[];
  /** The last one that is there, proved or not, or that a manifest took over: the next one follows it. */
  readonly tip: SignedHead | undefined;
  /** Records that are signed and not yet under a manifest's head. */
  readonly rows: readonly SignedRow[];
  /** True where there are more than are held here. */
  readonly cut: boolean;
  /** One sentence each. */
  readonly faults: readonly string[];
  /** Keys that heads name which were not signed by this one; one for each such fault. */
  readonly otherKeys: readonly string[];
  /** Times at which Sightline changed records itself and signed them anew, one sentence each: no faults. */
  readonly notes: readonly string[];
}

/** Records that are held at once, some 200 bytes each. */
const rowsAtMost = 2_000_000;

/**
 * Reads and checks the heads after what manifests took over: numbers without a gap, each hash of the one before, signatures, roots. Older heads may be gone.
 */
export async function readHeads(
  target: ArchiveTarget,
  organisation: string,
  publicKey: KeyObject,
  { head: sealed, until }: TakenOver,
): Promise<HeadChain> {
  const faults: string[] = [];
  const otherKeys: string[] = [];
  const restated: Restated[] = [];
  let rows: SignedRow[] = [];
  let cut = false;
  let last: HeadChain['last'];
  let tip = sealed;
  const heads: HeadChain['heads'][number][] = [];
  const numbers = await headNumbers(target, organisation);
  let expected = (sealed?.number ?? 0) + 1;
  let previous: string | null | undefined = sealed?.sha256 ?? null;
  for (const number of numbers.filter((one) => one >= expected)) {
    if (number > expected)
      faults.push(
        number === expected + 1 ? `head ${expected} is missing.` : `heads ${expected} to ${number - 1} are missing.`,
      );
    if (number > expected) previous = undefined;
    expected = number + 1;
    const stored = await readHead(target, organisation, number);
    const { head } = stored ?? {};
    if (stored) tip = { number, sha256: stored.sha256 };
    if (!stored || !head) {
      faults.push(`head ${number} cannot be read.`);
      previous = undefined;
      continue;
    }
    if (!isSignedHead(stored, publicKey)) {
      const isOther = head.key !== fingerprint(publicKey);
      if (isOther) otherKeys.push(head.key);
      faults.push(
        !isOther
          ? `head ${number} has a signature that is not its own: it was changed or forged.`
          : `head ${number} was not signed by this key; it names the key ${head.key}.`,
      );
      previous = undefined;
      continue;
    }
    if (head.organisation !== organisation || head.number !== number)
      faults.push(`head ${number} is number ${head.number} of ${head.organisation}: it was put in another place.`);
    if (previous !== undefined && head.previous !== previous)
      faults.push(`head ${number} does not follow from the one before: one of the two was replaced.`);
    previous = stored.sha256;
    last = { head, sha256: stored.sha256 };
    heads.push({ number, sha256: stored.sha256, to: head.to });
    if (head.restated !== undefined) {
      restated.push({ at: head.at, why: head.restated });
      rows = [];
    }
    if (stored.lines.length !== head.records || rootOfLines(stored.lines) !== head.root) {
      faults.push(`head ${number} signs other records than stand in its file: a line was changed, added or removed.`);
      continue;
    }
    for (const line of stored.lines) {
      const row = readLine(line);
      if (!row || row.received < until) continue;
      if (rows.length < rowsAtMost) rows.push(row);
      else cut = true;
    }
  }
  return { last, heads, tip, rows, cut, faults, otherKeys, notes: notesOf(restated) };
}

/** When Sightline changed records itself, and why. */
interface Restated {
  readonly at: string;
  readonly why: string;
}

/** One sentence for what was done again and again for one reason: a run over many days signs anew with each of its batches. */
function notesOf(restated: readonly Restated[]): readonly string[] {
  const runs: { why: string; from: string; to: string; times: number }[] = [];
  for (const { at, why } of restated) {
    const run = runs.at(-1);
    if (run?.why === why) Object.assign(run, { to: at, times: run.times + 1 });
    else runs.push({ why, from: at, to: at, times: 1 });
  }
  return runs.map(({ why, from, to, times }) =>
    times === 1
      ? `records were signed anew on ${from}: ${why}.`
      : `records were signed anew ${times} times from ${from} to ${to}: ${why}.`,
  );
}

/** What became of signed records. */
export interface Unlike {
  /** Signed, and not there any more. */
  readonly missing: readonly SignedRow[];
  /** Signed, and another record of the same moment, site and service is there that nobody signed. */
  readonly changed: readonly SignedRow[];
  /** There and not signed: came late, or since the last head. */
  readonly unsigned: readonly SignedRow[];
}

/** Tells what is signed from what is there; records that are equal to the letter count as often as they are there. */
export async function compareRows(
  signed: readonly SignedRow[],
  there: AsyncIterable<SignedRow> | Iterable<SignedRow>,
): Promise<Unlike> {
  const open = new Map<string, SignedRow[]>();
  for (const row of signed) {
    const same = open.get(row.sha256);
    if (same) same.push(row);
    else open.set(row.sha256, [row]);
  }
  const unsigned: SignedRow[] = [];
  const placeOf = ({ received, site, service }: SignedRow): string => JSON.stringify([received, site, service]);
  const strangers = new Map<string, number>();
  for await (const row of there) {
    const same = open.get(row.sha256);
    if (same) {
      same.pop();
      if (same.length === 0) open.delete(row.sha256);
    } else {
      unsigned.push(row);
      const place = placeOf(row);
      strangers.set(place, (strangers.get(place) ?? 0) + 1);
    }
  }
  const missing: SignedRow[] = [];
  const changed: SignedRow[] = [];
  for (const row of [...open.values()].flat()) {
    const place = placeOf(row);
    const left = strangers.get(place) ?? 0;
    if (left > 0) strangers.set(place, left - 1);
    (left > 0 ? changed : missing).push(row);
  }
  return { missing, changed, unsigned };
}

/** `the record of STORE_047, payment, received on 2026-10-05T10:12:33.123456Z`. */
export function nameOf({ received, site, service }: SignedRow): string {
  const where = [site, service].filter((part) => part !== '').join(', ');
  return `the record ${where === '' ? '' : `of ${where}, `}received on ${received}`;
}

const namedAtMost = 1000;

/** One sentence for each signed record that is missing or was changed, the first thousand; then how many more. */
export function faultsOf({ missing, changed }: Pick<Unlike, 'missing' | 'changed'>): string[] {
  const all = [
    ...missing.map((row) => `${nameOf(row)} is missing: it was signed on that day.`),
    ...changed.map((row) => `${nameOf(row)} was changed since it was signed.`),
  ];
  const more = all.length - namedAtMost;
  return more > 0 ? [...all.slice(0, namedAtMost), `${more} more signed records are missing or were changed.`] : all;
}

/**
 * Compares signed records with their texts, one line each, as a server hands them out (`GET /api/v1/archive/today/records`); answers faults.
 * */
export async function compareTexts(signed: readonly SignedRow[], lines: AsyncIterable<string>): Promise<string[]> {
  return faultsOf(await compareRows(signed, rowsOf(lines)));
}

async function* rowsOf(lines: AsyncIterable<string>): AsyncGenerator<SignedRow> {
  for await (const line of lines) {
    if (line === '') continue;
    let fields: unknown;
    try {
      fields = JSON.parse(line);
    } catch {
      // A line that somebody changed: its hash is nobody's.
      fields = [];
    }
    const text = (at: number): string => (Array.isArray(fields) && typeof fields[at] === 'string' ? fields[at] : '');
    // Columns as `textOfRow` has them; the time has nanoseconds and a blank there.
    const received = `${text(8).slice(0, 26).replace(' ', 'T')}Z`;
    yield { sha256: sha256(Buffer.from(line)), received, site: text(2), service: text(5) };
  }
}
