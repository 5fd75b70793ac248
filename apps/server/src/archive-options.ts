import { readFile } from 'node:fs/promises';
import { fail, ok, type Result, systemClock } from '@sightline/base';
import {
  type ArchiveKeys,
  type ArchiveTarget,
  dayName,
  DiskTarget,
  readExportedKeys,
  S3Target,
} from '@sightline/store';
import { readBucket } from './config.ts';
import { openKeyring } from './stages/archive.ts';

/**
 * The archive that somebody names on the command line: a folder, or `s3://bucket/prefix` with endpoint, region and keys from the
 * environment as the server takes them. The error is a sentence.
 */
export function targetOf(
  place: string,
  environment: Readonly<Record<string, string | undefined>>,
): Result<ArchiveTarget, string> {
  const endpoint: [string, string] = [environment['SIGHTLINE_ARCHIVE_ENDPOINT'] ?? '', 'SIGHTLINE_ARCHIVE_ENDPOINT'];
  const bucket = readBucket(place, endpoint, environment['AWS_REGION'] || 'us-east-1', environment);
  if (!bucket.ok) return fail(bucket.error.sentence);
  if (!bucket.value) return ok(new DiskTarget(place));
  // Nothing is written there: only the server prepares days.
  return ok(new S3Target({ place: bucket.value, clock: systemClock, scratch: '' }));
}

/** A sentence where one of them is no day; '' stands for none. */
export function wrongDayOf(...days: readonly string[]): string | undefined {
  const wrong = days.find((day) => day !== '' && !(dayName.test(day) && !Number.isNaN(Date.parse(day))));
  return wrong === undefined ? undefined : `--from and --through take a day such as 2026-01-31, not "${wrong}".`;
}

/** The data keys that `--keys` or `--data` name; undefined where neither is given. The error is a sentence. */
export async function keysFrom(options: {
  readonly keys?: string;
  readonly data?: string;
}): Promise<Result<ArchiveKeys | undefined, string>> {
  const { keys = '', data = '' } = options;
  if (keys !== '' && data !== '') return fail('--keys and --data both name keys: give one of them.');
  if (data !== '') return ok(await openKeyring(data));
  if (keys === '') return ok(undefined);
  const read = readExportedKeys(await readFile(keys, 'utf8'));
  return read.ok ? read : fail(`${keys} cannot be used: ${read.error}.`);
}
