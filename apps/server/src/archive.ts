/**
 * `npm run archive`: what somebody who has the keys does with an archive, without a server: read its encrypted files as plain
 * Parquet, and take the keys out for that. Exit code 0 when all was done, 1 when a file could not be read, 2 when nothing was begun.
 */
import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ArchiveReader, exportKeys, SealedFileError, writeDurably } from '@sightline/store';
import { keysFrom, targetOf, wrongDayOf } from './archive-options.ts';
import { say, stopWith } from './say.ts';
import { openKeyring } from './stages/archive.ts';

const help = `
  npm run archive -- export <archive> --to <folder> (--data <folder> | --keys <file>)
                     [--organisation <id>] [--class <name>] [--from <day>] [--through <day>]
  npm run archive -- keys --data <folder> --to <file> [--organisation <id>]

  export            Writes archived files as plain Parquet: <folder>/<organisation>/<day>/<class>/<site>-0001.parquet.
                    Files that are there already are left as they are. It checks no signature: npm run verify does.
  keys              Writes the data keys of a server's archive into a file, for use elsewhere. Whoever has the file
                    reads the archive: keep it as you keep the data, and remember that a key destroyed in the server
                    lives on in it.

  --data <folder>   The server's data folder: its keys lie in secrets/.
  --keys <file>     Keys that "keys" wrote.
  --organisation <id>, --class <name>, --from <day>, --through <day>   Only these; without them everything.
`;

interface Options {
  readonly to?: string;
  readonly data?: string;
  readonly keys?: string;
  readonly organisation?: string;
  readonly class?: string;
  readonly from?: string;
  readonly through?: string;
}

async function exportFiles(place: string, options: Options): Promise<void> {
  const { to = '', organisation = '', class: kept = '', from = '', through = '' } = options;
  if (to === '') stopWith('Where to? --to <folder> names the folder for the plain files.');
  const wrongDay = wrongDayOf(from, through);
  if (wrongDay !== undefined) stopWith(wrongDay);
  const keys = await keysFrom(options);
  if (!keys.ok) stopWith(keys.error);
  if (!keys.value) stopWith('With which keys? --data <folder> or --keys <file>.');
  const target = targetOf(place, process.env);
  if (!target.ok) stopWith(target.error);
  const reader = new ArchiveReader({ target: target.value, keys: keys.value, scratch: to });
  const organisations = organisation === '' ? await reader.organisations() : [organisation];
  const done = { files: 0, rows: 0, gone: 0, failed: 0 };
  for (const name of organisations)
    for (const day of await reader.days(name)) {
      if (day < from || (through !== '' && day > through)) continue;
      for (const file of (await reader.manifest(name, day))?.files ?? []) {
        if (kept !== '' && file.class !== kept) continue;
        const plain = path.join(to, name, day, file.path.replace(/\.sealed$/, ''));
        try {
          if (await reader.isGone({ organisation: name, day, file })) {
            done.gone++;
            continue;
          }
          if (await stat(plain).catch(() => undefined)) continue;
          await mkdir(path.dirname(plain), { recursive: true, mode: 0o700 });
          await writeDurably(plain, reader.pieces({ organisation: name, day, file }));
          done.files++;
          done.rows += file.rows;
        } catch (error) {
          if (!(error instanceof SealedFileError)) throw error;
          await rm(plain, { force: true });
          done.failed++;
          say(`${name}/${day}/${file.path}: ${(error as Error).message}`);
        }
      }
    }
  const { files, rows, gone, failed } = done;
  say(
    `${files} files with ${rows} rows were written to ${to}; ${gone} are not there any more, ${failed} could not be read.`,
  );
  process.exitCode = done.failed > 0 ? 1 : 0;
}

async function writeKeys({ to = '', data = '', organisation = '' }: Options): Promise<void> {
  if (data === '') stopWith("Whose? --data <folder> names the server's data folder.");
  if (to === '') stopWith('Where to? --to <file> names the new file for the keys.');
  const { text, keys } = await exportKeys(await openKeyring(data), organisation);
  await writeDurably(to, text);
  say(`${keys} keys were written to ${to}. Whoever has this file reads the archive.`);
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      to: { type: 'string' },
      data: { type: 'string' },
      keys: { type: 'string' },
      organisation: { type: 'string' },
      class: { type: 'string' },
      from: { type: 'string' },
      through: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [command, place, more] = positionals;
  if (values.help) say(help);
  else if (command === 'export' && place !== undefined && more === undefined) await exportFiles(place, values);
  else if (command === 'keys' && place === undefined) await writeKeys(values);
  else stopWith(`Say what to do.\n${help}`);
} catch (error) {
  stopWith((error as Error).message);
}
