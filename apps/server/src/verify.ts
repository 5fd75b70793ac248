/**
 * `npm run verify`: proves an archive, or an exported audit trail, without server and database. Exit code 0 when all is as it
 * was signed, 1 when something is not, 2 when it could not be asked.
 */
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { verifyAuditExport } from '@sightline/control';
import { compareTexts, readPublicKey, type Verified, verifyArchive } from '@sightline/store';
import { keysFrom, targetOf, wrongDayOf } from './archive-options.ts';
import { say, stopWith } from './say.ts';
import { wrongKeySentence } from './wrong-key.ts';

const help = `
  npm run verify -- <folder> --key <file> [--from <day>] [--through <day>] [--until <time>] [--keys <file> | --data <folder>]
  npm run verify -- <folder> --key <file> --audit <file>
  npm run verify -- <folder> --key <file> --records <file>
  npm run verify -- --audit <file>

  Checks an archive of logs, in a folder or in a bucket (s3://bucket/prefix; SIGHTLINE_ARCHIVE_ENDPOINT, AWS_REGION,
  AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY as for the server): signatures, the chain of days, roots, and each file's length, hash and rows.

  --key <file>      The public key (PEM), from whoever runs the server. Not the one in the folder, if you do not
                    trust the folder: a forger would have exchanged both.
  --from <day>      Each organisation must have every day from here on (YYYY-MM-DD) …
  --through <day>   … and to here. Without it nobody can tell whether the newest days were taken away.
  --until <time>    What is signed must reach this moment (2026-11-30T14:00:00Z), as a day or as heads of the current one. Without it
                    nobody can tell whether the newest heads, or all of them, were taken away: nothing in the folder knows
                    of them. Note the time when you have verified, or when something happened that must be proved.
  --keys <file>     Data keys, as "npm run archive -- keys" writes them: encrypted files are decrypted and their rows
                    counted too. All else is proved without any of them.
  --data <folder>   The same, with the keys in a server's data folder.
  --records <file>  Compares what was signed since the last day with the records as GET /api/v1/archive/today/records gave them:
                    names each that is missing or was changed.
  --audit <file>    Checks an audit trail as GET /api/v1/audit/export gave it. With a folder, against what the signed manifests
                    of its organisation say of it: so a trail that was written anew, or lost its newest entries, is named.

  Ends with 0 when all is as it was signed, 1 when it is not, 2 when it could not be checked.
`;

/** Sentences that are printed; the rest is counted. */
const mostSaid = 1000;

function report(faults: readonly string[], otherKeys: ReadonlyMap<string, number> = new Map()): void {
  for (const fault of faults.slice(0, mostSaid)) say(fault);
  if (faults.length > mostSaid) say(`… and ${faults.length - mostSaid} more.`);
  const wrongKey = wrongKeySentence(faults.length, otherKeys);
  if (wrongKey !== undefined) say(wrongKey);
  say(faults.length === 0 ? 'No fault was found.' : `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}.`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

interface Options {
  readonly key?: string;
  readonly from?: string;
  readonly through?: string;
  readonly until?: string;
  readonly keys?: string;
  readonly data?: string;
  readonly audit?: string;
  readonly records?: string;
}

async function checkArchive(folder: string, options: Options): Promise<void> {
  const { key = '', from = '', through = '', until = '' } = options;
  if (key === '') stopWith('Which key? --key <file> names the public key (PEM).');
  const wrongDay = wrongDayOf(from, through);
  if (wrongDay !== undefined) stopWith(wrongDay);
  const untilMs = until === '' ? undefined : Date.parse(until);
  if (Number.isNaN(untilMs)) stopWith(`--until takes a moment such as 2026-11-30T14:00:00Z, not "${until}".`);
  if (!existsSync(key)) stopWith(`There is no file ${key}: --key names the public key (PEM).`);
  const publicKey = readPublicKey(readFileSync(key, 'utf8'));
  if (!publicKey) stopWith(`${key} holds no public Ed25519 key in PEM.`);
  const keys = await keysFrom(options);
  if (!keys.ok) stopWith(keys.error);
  const given = keys.value ? { keys: keys.value } : {};
  const target = targetOf(folder, process.env);
  if (!target.ok) stopWith(target.error);
  const asked = { from, through, ...(untilMs === undefined ? {} : { untilMs }) };
  const found = await verifyArchive({ target: target.value, publicKey, ...asked, ...given });
  say(`${found.days} days, ${found.files} files, ${found.rows} rows, ${found.bytes} bytes.`);
  if (found.sealed > 0) {
    const opened = keys.value ? `${found.opened} of them decrypted and counted` : 'proved without their keys';
    say(`${found.sealed} files are encrypted; ${opened}.`);
  }
  for (const { name, first, last, lastManifest, lastRecord, heads } of found.organisations) {
    const record = lastRecord === '' ? '' : `; last record ${lastRecord}`;
    const days = first === '' ? 'no day yet' : `${first} to ${last}; last manifest ${lastManifest || 'unknown'}`;
    say(`${name}: ${days}${record}`);
    if (heads.last !== '')
      say(`${name}: ${heads.rows.length} records since then are signed, up to ${heads.until}; last head ${heads.last}`);
    else say(`${name}: no head is here, so nothing that came since then is proved by this copy.`);
  }
  for (const note of found.notes) say(note);
  const auditFaults = options.audit === undefined ? [] : await checkAudit(options.audit, found.organisations);
  const recordFaults = options.records === undefined ? [] : await checkRecords(options.records, found.organisations);
  if (through === '') say('Days after these cannot be known from the folder: --through asks for them.');
  if (until === '') say('Nor can records that were signed after these: --until asks for them.');
  report([...found.faults, ...auditFaults, ...recordFaults], found.otherKeys);
}

const linesOf = (file: string): AsyncIterable<string> =>
  createInterface({ input: createReadStream(file), crlfDelay: Infinity });

/** Compares records as a server gave them with what heads sign; answers the faults. */
async function checkRecords(file: string, archived: Verified['organisations']): Promise<readonly string[]> {
  const organisation = await firstField(file);
  const own = archived.find(({ name }) => name === organisation) ?? (archived.length === 1 ? archived[0] : undefined);
  if (!own) return [`${file} does not say of which organisation its records are.`];
  const faults = await compareTexts(own.heads.rows, linesOf(file));
  say(`${own.name}: ${own.heads.rows.length} signed records compared with ${file}.`);
  return faults.map((fault) => `${own.name}: ${fault}`);
}

/** The organisation of the first record; '' where there is none. */
async function firstField(file: string): Promise<string> {
  for await (const line of linesOf(file)) return /^\["([^"]+)"/.exec(line)?.[1] ?? '';
  return '';
}

/** Checks an export, against what manifests sign of it where there are some; answers the faults. */
async function checkAudit(file: string, archived: Verified['organisations'] = []): Promise<readonly string[]> {
  const organisation = archived.length === 0 ? '' : await organisationOf(linesOf(file));
  const own = archived.find(({ name }) => name === organisation);
  const signed = own?.auditHeads ?? [];
  const { entries, lastHash, proved, faults } = await verifyAuditExport(linesOf(file), signed);
  say(`${entries} entries of the audit trail; last hash ${lastHash || 'unknown'}`);
  if (archived.length === 0) return faults;
  if (!own)
    return [...faults, `The archive holds nothing of ${organisation || 'the organisation of this audit trail'}.`];
  if (signed.length === 0) say(`No manifest of ${organisation} signs its audit trail: they are of an earlier version.`);
  else if (proved > 0) say(`Entries 1 to ${proved} are those that the manifests sign.`);
  return faults;
}

/** The organisation that the first entry names; '' where it names none. */
async function organisationOf(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    try {
      const found = JSON.parse(line) as { readonly organisation?: unknown } | null;
      return typeof found?.organisation === 'string' ? found.organisation : '';
    } catch {
      return '';
    }
  }
  return '';
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      from: { type: 'string' },
      through: { type: 'string' },
      until: { type: 'string' },
      keys: { type: 'string' },
      data: { type: 'string' },
      audit: { type: 'string' },
      records: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [folder, more] = positionals;
  if (values.help) say(help);
  else if (values.audit !== undefined && folder === undefined) report(await checkAudit(values.audit));
  else if (folder === undefined || more !== undefined) stopWith(`Name one folder.\n${help}`);
  else await checkArchive(folder, values);
} catch (error) {
  stopWith((error as Error).message);
}
