import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Catalogue, Organisation } from '../series/catalogue.ts';
import { type Family, sortedPairs } from '../series/family.ts';
import { type HeadEngine, pathLiteral } from './head-settings.ts';
import { RowBinaryReader } from './row-binary.ts';

/** Families that are asked for in one statement. */
const familiesAtOnce = 500;
/** Series that one load may bring. */
const seriesLimit = 5_000_000;

/** Brings series that the head does not hold from the engine's table into memory, when a query first asks for their metric. */
export class FamilyLoader {
  readonly #folder: string;
  readonly #engine: HeadEngine;
  readonly #catalogue: Catalogue;
  readonly #loading = new Map<string, Promise<void>>();
  #files = 0;

  constructor(parts: { readonly folder: string; readonly engine: HeadEngine; readonly catalogue: Catalogue }) {
    this.#folder = parts.folder;
    this.#engine = parts.engine;
    this.#catalogue = parts.catalogue;
  }

  /** Makes sure that all metrics of an organisation are known by name. */
  async names(organisation: Organisation): Promise<void> {
    if (organisation.named) return;
    await this.#once(`names\u0000${organisation.name}`, async () => {
      const reader = await this.#read(
        'SELECT DISTINCT toString(metric) FROM metric_series WHERE organisation = {organisation:String}',
        'metric String',
        { organisation: organisation.name },
      );
      while (reader.more) this.#catalogue.family(organisation, reader.string());
      organisation.named = true;
    });
  }

  /** Makes sure that all series of these metrics are in memory. */
  async families(organisation: Organisation, families: readonly Family[]): Promise<void> {
    const missing = families.filter((family) => !family.complete);
    for (let at = 0; at < missing.length; at += familiesAtOnce) {
      const part = missing.slice(at, at + familiesAtOnce);
      const key = `${organisation.name}\u0000${part.map(({ metric }) => metric).join('\u0000')}`;
      await this.#once(key, () => this.#load(organisation, part));
    }
  }

  async #load(organisation: Organisation, families: readonly Family[]): Promise<void> {
    const names = families.map(({ metric }) => literal(metric)).join(', ');
    const reader = await this.#read(
      `SELECT toString(metric), fp, min(first_seen), max(last_seen), any(arrayFlatten(arrayMap((k, v) -> [toString(k), v], mapKeys(labels), mapValues(labels))))
       FROM metric_series WHERE organisation = {organisation:String} AND metric IN (${names}) GROUP BY metric, fp LIMIT ${seriesLimit}`,
      'metric String, fp UInt64, first_seen Int64, last_seen Int64, pairs Array(String)',
      { organisation: organisation.name },
    );
    while (reader.more) {
      const family = this.#catalogue.family(organisation, reader.string());
      const [lo, hi, first, last] = [reader.uint32(), reader.uint32(), reader.int64(), reader.int64()];
      const pairs = reader.strings();
      const member = family.byFp.get(lo, hi);
      if (member < 0) family.add(lo, hi, sortedPairs(pairs), first, last);
      else {
        family.first[member] = Math.min(family.first[member] as number, first);
        family.last[member] = Math.max(family.last[member] as number, last);
      }
    }
    for (const family of families) family.complete = true;
  }

  async #read(sql: string, structure: string, parameters: Readonly<Record<string, string>>): Promise<RowBinaryReader> {
    const file = path.join(this.#folder, `series-${this.#files++}-${process.pid}.rows`);
    try {
      await this.#engine.execute(
        `INSERT INTO FUNCTION file(${pathLiteral(file)}, RowBinary, '${structure}') ${sql} SETTINGS engine_file_truncate_on_insert = 1`,
        parameters,
        '',
      );
      return new RowBinaryReader(await readFile(file));
    } catch (error) {
      // No rows, no file.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new RowBinaryReader(Buffer.alloc(0));
      throw error;
    } finally {
      await rm(file, { force: true });
    }
  }

  #once(key: string, work: () => Promise<void>): Promise<void> {
    let running = this.#loading.get(key);
    if (!running) {
      running = work().finally(() => this.#loading.delete(key));
      this.#loading.set(key, running);
    }
    return running;
  }
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
