import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { lengthOfFiles } from './process-tree.ts';

export interface Partition {
  readonly bytes: number;
  readonly parts: number;
}

interface Part {
  readonly partition: string;
  readonly first: number;
  readonly last: number;
  readonly level: number;
  readonly folder: string;
}

/** Folders of the engine's tables whose names begin with `prefix`, by name: a table's definition names the folder of its rows. */
function tableFolders(dataFolder: string, prefix: string): Map<string, string> {
  const store = path.join(dataFolder, 'telemetry/store');
  const folders = new Map<string, string>();
  for (const file of readdirSync(store, { recursive: true, encoding: 'utf8' })) {
    const name = path.basename(file, '.sql');
    if (!file.endsWith('.sql') || !name.startsWith(prefix)) continue;
    const uuid = /UUID '([0-9a-f-]+)'/.exec(readFileSync(path.join(store, file), 'utf8'))?.[1];
    if (uuid) folders.set(name, path.join(store, uuid.slice(0, 3), uuid));
  }
  return folders;
}

function partsOf(folder: string): Part[] {
  const parts: Part[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const [, partition, first, last, level] = /^(\w+)_(\d+)_(\d+)_(\d+)(?:_\d+)?$/.exec(entry.name) ?? [];
    if (!entry.isDirectory() || partition === undefined || partition.startsWith('tmp')) continue;
    parts.push({
      partition,
      first: Number(first),
      last: Number(last),
      level: Number(level),
      folder: path.join(folder, entry.name),
    });
  }
  return parts;
}

/** Bytes and number of parts of each partition of each table; parts that were merged into others, and are removed after some minutes, are not counted. */
export function sizesByPartition(dataFolder: string, prefix: string): Map<string, Map<string, Partition>> {
  const tables = new Map<string, Map<string, Partition>>();
  for (const [table, folder] of tableFolders(dataFolder, prefix)) {
    const partitions = new Map<string, Partition>();
    const parts = partsOf(folder);
    for (const part of parts) {
      const isMerged = parts.some(
        (other) =>
          other.partition === part.partition &&
          other.first <= part.first &&
          other.last >= part.last &&
          other.level > part.level,
      );
      if (isMerged) continue;
      const { bytes, parts: others } = partitions.get(part.partition) ?? { bytes: 0, parts: 0 };
      partitions.set(part.partition, { bytes: bytes + lengthOfFiles(part.folder), parts: others + 1 });
    }
    tables.set(table, partitions);
  }
  return tables;
}
