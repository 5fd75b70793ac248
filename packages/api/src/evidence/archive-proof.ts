import type { EvidenceSection } from '@sightline/contract';
import type { ProvedPeriod } from '@sightline/store/port';
import { count, table } from './table.ts';

const iso = (at: number): string => new Date(at).toISOString();
const faultsOf = ({ faults, days }: ProvedPeriod): string[] => [...faults, ...days.flatMap((one) => one.faults)];

/** What the report's own check of the archive gave. */
export function proofFacts(proved: ProvedPeriod): EvidenceSection['facts'] {
  const { days, unread, key } = proved;
  const sum = (of: 'files' | 'rows' | 'bytes'): string => count(days.reduce((all, one) => all + one[of], 0));
  const found = faultsOf(proved).length;
  const oldest = Math.min(...days.map(({ at }) => at));
  const what = `${count(days.length)} of ${count(days.length + unread.length)} days (${sum('files')} files, ${sum('rows')} records, ${sum('bytes')} bytes)`;
  return [
    {
      name: 'Signatures, chain of manifests and hashes of files, checked for this report',
      value: `${found === 0 ? 'no fault' : `${count(found)} ${found === 1 ? 'fault' : 'faults'}`} in ${what}`,
    },
    { name: 'Oldest of these checks of files', value: days.length === 0 ? 'none' : iso(oldest) },
    { name: 'Key that signs the archive', value: key },
  ];
}

export function proofTables(proved: ProvedPeriod): EvidenceSection['tables'] {
  return [
    table(
      'Faults in the archive',
      ['Fault'],
      faultsOf(proved).map((sentence) => [sentence]),
    ),
    table(
      'Archived days whose files were checked',
      ['Day', 'Checked', 'Files', 'Records', 'Result', 'SHA-256 of the manifest'],
      proved.days.map(({ day, at, files, rows, faults, manifest }) => [
        day,
        iso(at),
        count(files),
        count(rows),
        faults.length === 0 ? 'as it was signed' : `${count(faults.length)} faults`,
        manifest,
      ]),
    ),
  ];
}

export function proofUnknown({ unread }: ProvedPeriod): string[] {
  const [first, last] = [unread[0], unread.at(-1)];
  return [
    ...(first === undefined
      ? []
      : [
          `Files of ${count(unread.length)} archived days, ${first} to ${last}: a report reads 2 GiB in 15 s at most, and no day that is larger. A further report goes on; npm run verify checks all.`,
        ]),
    'Whether this server checks honestly: npm run verify does the same on another machine, with the key from a safe place.',
  ];
}
