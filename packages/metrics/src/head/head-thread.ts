/** The thread that holds the head: it decodes, appends, logs and cuts, and answers the index, away from the server's event loop. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Logger, systemClock } from '@sightline/base';
import { answerIndexCalls } from '../index-port.ts';
import { Head } from './head.ts';
import { HeadIndex } from './head-index.ts';
import type { FromHead, HeadThreadData, ToHead } from './head-messages.ts';
import type { HeadEngine } from './head-settings.ts';
import { FamilyLoader } from './load-families.ts';
import { StoredBlocks } from './stored-blocks.ts';

const tickEveryMs = 1000;

const main = parentPort;
if (!main) throw new Error('this file is the entry of a thread');
const { settings } = workerData as HeadThreadData;

function tell(message: FromHead): void {
  main?.postMessage(message, []);
}

function loggerWith(base: Record<string, unknown>): Logger {
  const log =
    (level: Exclude<keyof Logger, 'with'>) =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      const plain = Object.entries({ ...base, ...fields }).map(([name, value]) => [
        name,
        value instanceof Error ? value.message : value,
      ]);
      tell({ kind: 'log', level, message, fields: Object.fromEntries(plain) as Record<string, unknown> });
    };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    with: (fields) => loggerWith({ ...base, ...fields }),
  };
}
const logger = loggerWith({});

/** Statements that the main thread runs for us. */
const running = new Map<number, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();
let statements = 0;
const engine: HeadEngine = {
  execute: (sql, parameters, token) =>
    new Promise((resolve, reject) => {
      const id = statements++;
      running.set(id, { resolve, reject });
      tell({ kind: 'execute', id, sql, parameters, token });
    }),
};

const opening = Head.open({ settings, engine, clock: systemClock, logger });
let timer: NodeJS.Timeout | undefined;

async function answer(id: number, work: (head: Head) => Promise<FromHead & { kind: 'answer' }>): Promise<void> {
  try {
    tell(await work(await opening));
  } catch (error) {
    tell({ kind: 'answer', id, error: error instanceof Error ? error.message : String(error) });
  }
}

main.on('message', (message: ToHead) => {
  switch (message.kind) {
    case 'executed': {
      const statement = running.get(message.id);
      running.delete(message.id);
      if (message.error === undefined) statement?.resolve();
      else statement?.reject(new Error(message.error));
      break;
    }
    case 'load':
      void answer(message.id, async (head) => {
        const { entries, culprits, readBytes } = await head.load(message.segment);
        return { kind: 'answer', id: message.id, value: { entries, culprits, readBytes } };
      });
      break;
    case 'cut':
      void answer(message.id, async (head) => {
        await head.cutAll();
        return { kind: 'answer', id: message.id };
      });
      break;
    case 'close':
      void answer(message.id, async (head) => {
        clearInterval(timer);
        await head.close();
        return { kind: 'answer', id: message.id };
      });
      break;
    case 'promote':
      void opening.then((head) => head.promote(message.promotion));
      break;
    case 'index':
      void opening.then((head) => answerIndexCalls(message.port, indexOf(head), logger));
      break;
  }
});

let index: HeadIndex | undefined;
function indexOf(head: Head): HeadIndex {
  if (!index) {
    const { folder } = settings;
    const loader = new FamilyLoader({ folder, engine, catalogue: head.catalogue });
    const stored = new StoredBlocks({ folder, engine, head });
    index = new HeadIndex(head, loader, stored);
  }
  return index;
}

// A head that cannot open ends the thread: the main thread learns of it by the error.
const head = await opening;
timer = setInterval(() => {
  head.tick();
  tell({ kind: 'figures', figures: head.figures() });
}, tickEveryMs);
tell({ kind: 'ready' });
