import { auditChainStart, hashAuditEntry } from './audit.ts';
import type { ExportedAuditEntry } from './control.ts';

/** An entry of the trail as the manifest of a day signs it. */
export interface SignedAuditEntry {
  readonly day: string;
  readonly number: number;
  readonly sha256: string;
}

/** Sentences that are kept; a chain that was written anew has one for each entry. */
const mostFaults = 10_000;

/**
 * Checks an exported audit trail, one JSON entry a line, without the database: each entry's hash, that it follows from the one
 * before, and that none is missing in between. Entries taken from the end leave no trace: whoever noted `lastHash`, or has `signed` of it
 * (entries as an archive's manifests sign them, in order), can tell; an export that was made before those were signed is then said to lack them.
 */
export async function verifyAuditExport(
  lines: AsyncIterable<string>,
  signed: readonly SignedAuditEntry[] = [],
): Promise<{
  readonly entries: number;
  readonly lastHash: string;
  /** The newest entry that a manifest signs as it stands here, and with it all before; 0 for none. */
  readonly proved: number;
  readonly faults: readonly string[];
}> {
  const faults: string[] = [];
  const fault = (sentence: string): void => void (faults.length < mostFaults && faults.push(sentence));
  let before = { organisation: '', number: 0, hash: auditChainStart.toString('hex') };
  const heads = new Map(signed.map((one) => [one.number, one]));
  let proved = 0;
  let entries = 0;
  let line = 0;
  for await (const text of lines) {
    line++;
    if (text.trim() === '') continue;
    const entry = readEntry(text);
    if (!entry) {
      fault(`Line ${line} is no entry of an audit trail.`);
      continue;
    }
    const { number } = entry;
    entries++;
    if (before.organisation !== '' && entry.organisation !== before.organisation)
      fault(`Entry ${number} is that of another organisation.`);
    const expected = before.number + 1;
    if (number > expected)
      fault(
        number === expected + 1 ? `Entry ${expected} is missing.` : `Entries ${expected} to ${number - 1} are missing.`,
      );
    else if (number < expected) fault(`Entry ${number} stands behind entry ${before.number}.`);
    else if (entry.previousHash !== before.hash)
      fault(`Entry ${number} does not follow from the one before: one of the two was replaced.`);
    if (hashOf(entry) !== entry.hash) fault(`Entry ${number} was changed: its hash is not that of its content.`);
    const head = heads.get(number);
    if (head && head.sha256 !== entry.hash)
      fault(`Entry ${number} is not the one that the manifest of ${head.day} signs: the trail was written anew.`);
    else if (head) proved = Math.max(proved, number);
    before = entry;
  }
  if (entries === 0) fault('There is no entry.');
  const beyond = signed.filter(({ number }) => number > before.number);
  const [first] = beyond;
  if (first)
    fault(
      `The trail ends with entry ${before.number}, and the manifest of ${first.day} signs entry ${first.number}: the newest were taken away, or the export is older than that day.`,
    );
  return { entries, lastHash: entries === 0 ? '' : before.hash, proved, faults };
}

function hashOf(entry: ExportedAuditEntry): string {
  const { at, previousHash } = entry;
  return hashAuditEntry({
    ...entry,
    at: new Date(at),
    previousHash: Buffer.from(previousHash, 'hex'),
  }).toString('hex');
}

const texts = ['organisation', 'actor', 'address', 'action', 'subject', 'detail', 'previousHash', 'hash'];

function readEntry(text: string): ExportedAuditEntry | undefined {
  try {
    const found = JSON.parse(text) as Record<string, unknown> | null;
    const whole =
      typeof found === 'object' &&
      found !== null &&
      texts.every((name) => typeof found[name] === 'string') &&
      Number.isSafeInteger(found['number']) &&
      Number.isSafeInteger(found['at']);
    return whole ? (found as unknown as ExportedAuditEntry) : undefined;
  } catch {
    return undefined;
  }
}
