/** A process that holds a head, to be killed: takes the segments of a folder as they come, removes each as the loader would, and cuts often. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { connectStore, exactlyOnceSettings } from '@sightline/store';
import { Head } from '../head/head.ts';
import { defaultHeadSettings } from '../head/head-settings.ts';

const [folder = '', socketPath = ''] = process.argv.slice(2);
const store = await connectStore({ url: 'http://engine', socketPath, clock: systemClock });
const head = await Head.open({
  settings: { ...defaultHeadSettings, folder: path.join(folder, 'metrics'), memoryBytes: 2_000_000 },
  engine: {
    execute: (sql, parameters, token) =>
      store.execute(sql, parameters, {
        settings: token === '' ? {} : { ...exactlyOnceSettings, insert_deduplication_token: token },
      }),
  },
  clock: systemClock,
  logger: silentLogger,
});
const spool = path.join(folder, 'spool');
for (let turn = 0; ; turn++) {
  const names = readdirSync(spool).filter((name) => name.endsWith('.segment'));
  for (const name of names.sort()) {
    const file = path.join(spool, name);
    await head.load({ name: path.basename(name, '.segment'), path: file, format: 'rw1' });
    // Some time between "durable" and "gone", in which a kill has the segment come again.
    if (turn % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    rmSync(file);
  }
  if (turn % 5 === 4) void head.cutAll();
  if (names.length === 0 && readdirSync(folder).includes('finish')) break;
  await new Promise((resolve) => setTimeout(resolve, 10));
}
await head.cutAll();
await head.close();
await store.close();
writeFileSync(path.join(folder, 'finished'), '');
