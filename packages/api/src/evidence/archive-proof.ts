import type { EvidenceSection } from '@sightline/contract';
import type { ProvedPeriod, TakenOut } from '@sightline/store/port';
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

/** Signed records of files that were deleted and keys that were destroyed. */
export function recordsTable(records: readonly TakenOut[]): EvidenceSection['tables'][number] {
  return table(
    'Taken out of the archive in the period, each on a signed record',
    ['Record', 'When', 'By', 'Reason', 'What', 'Files', 'Records', 'Signature', 'SHA-256'],
    records.map((one) => {
      const gone = one.kind === 'files-deleted' ? one : one.unreadable;
      return [
        String(one.number),
        iso(one.atMs),
        one.by,
        one.reason,
        one.kind === 'files-deleted'
          ? `files of ${one.firstDay} to ${one.lastDay} deleted`
          : `${count(one.keys)} keys of ${one.class || 'every class'} destroyed`,
        count(gone.files),
        count(gone.rows),
        one.fault === ''
          ? one.checked
            ? 'of this installation'
            : 'not checked: its key is not known here'
          : one.fault,
        one.sha256,
      ];
    }),
  );
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
