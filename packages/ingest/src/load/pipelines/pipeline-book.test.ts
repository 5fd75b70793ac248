import { ManualClock, silentLogger } from '@sightline/base';
import type { Pipeline } from '@sightline/record';
import { beforeEach, expect, test } from 'vitest';
import { CachedPipelineBook, pipelinesSettleMs, type PipelineVersion } from './pipeline-book.ts';

const start = 1_800_000_000_000;
const on: Pipeline = { id: 'p', name: 'p', enabled: true, filter: '', steps: [] };

let clock: ManualClock;
let saved: PipelineVersion[];
let looks: number;
let failing: boolean;
let book: CachedPipelineBook;

beforeEach(() => {
  clock = new ManualClock(start);
  saved = [];
  looks = 0;
  failing = false;
  const sql = { stages: [], parameters: {}, steps: [], caps: false, metrics: false };
  book = new CachedPipelineBook(
    {
      savedSince: async (fromMs) => {
        looks++;
        if (failing) throw new Error('no database');
        return saved.filter(({ savedAtMs }) => savedAtMs >= fromMs);
      },
      compile: () => sql,
    },
    clock,
    silentLogger,
  );
});

function save(version: number, pipelines: readonly Pipeline[]): void {
  const savedAtMs = clock.now();
  saved.push({ organisation: 'o', version, takesEffectAtMs: savedAtMs + pipelinesSettleMs, savedAtMs, pipelines });
}

/** The version that treats what is received now; undefined where none does. */
async function now(): Promise<number | undefined> {
  await book.ready(clock.now());
  return book.of('o', clock.now())?.version;
}

test('a record is treated by the version of its time, whenever it is loaded', async () => {
  expect(await now()).toBeUndefined();
  save(1, [on]);
  expect(await now()).toBeUndefined();
  clock.advance(pipelinesSettleMs);
  const firstMs = clock.now();
  expect(await now()).toBe(1);
  save(2, [{ ...on, enabled: false }]);
  clock.advance(pipelinesSettleMs - 1);
  expect(await now()).toBe(1);
  clock.advance(1);
  expect(await now()).toBeUndefined();
  save(3, [on]);
  clock.advance(3_600_000);
  expect(await now()).toBe(3);
  expect(book.of('o', firstMs)?.version).toBe(1);
  expect(book.of('o', start)).toBeUndefined();
  expect(book.of('other', clock.now())).toBeUndefined();
});

test('asks again only for what may have been saved in time for the records', async () => {
  await book.ready(clock.now());
  await book.ready(clock.now() + 400);
  await book.ready(clock.now() - 60_000);
  expect(looks).toBe(1);
  clock.advance(5000);
  await Promise.all([book.ready(clock.now()), book.ready(clock.now())]);
  expect(looks).toBe(2);
});

test('a record from the future does not keep it looking', async () => {
  await book.ready(clock.now() + 3_600_000);
  expect(looks).toBe(1);
});

test('waits while nothing was ever read, and goes on with what is known after that', async () => {
  failing = true;
  await expect(book.ready(clock.now())).rejects.toMatchObject({ kind: 'unavailable' });
  failing = false;
  save(1, [on]);
  clock.advance(pipelinesSettleMs);
  expect(await now()).toBe(1);
  failing = true;
  clock.advance(60_000);
  expect(await now()).toBe(1);
});
