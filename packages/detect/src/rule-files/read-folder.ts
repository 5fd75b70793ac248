import { glob, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ruleFileBytes } from './parse-rule-file.ts';

export interface FileOnDisk {
  readonly name: string;
  /** Changes with the file. */
  readonly digest: string;
  readonly content: string;
}
export interface FolderRead {
  readonly files: readonly FileOnDisk[];
  /** What could not be read, and why; `name` is '' where it is no one file. */
  readonly faults: readonly { readonly name: string; readonly why: string }[];
}

const filesMax = 1000;

/** Files of a folder (`*.yml`, `*.yaml`, `*.rules`) or of globs, several joined by commas. `known` are read again only when changed. */
export async function readRuleFolder(setting: string, known: ReadonlyMap<string, FileOnDisk>): Promise<FolderRead> {
  const files: FileOnDisk[] = [];
  const faults: { name: string; why: string }[] = [];
  for (const part of setting.split(',').map((text) => text.trim())) {
    if (part === '') continue;
    const folder = await stat(part).then(
      (found) => found.isDirectory(),
      () => false,
    );
    const pattern = folder ? path.join(part, '*.{yml,yaml,rules}') : part;
    for await (const name of glob(pattern)) {
      if (files.length === filesMax) {
        faults.push({ name: '', why: `more than ${filesMax} rule files: the rest is left out` });
        break;
      }
      try {
        const { mtimeMs, size } = await stat(name);
        const digest = `${mtimeMs} ${size}`;
        const before = known.get(name);
        if (size > ruleFileBytes) faults.push({ name, why: `${name} is longer than ${ruleFileBytes} bytes` });
        else if (before?.digest === digest) files.push(before);
        else files.push({ name, digest, content: await readFile(name, 'utf8') });
      } catch (error) {
        faults.push({ name, why: `${name} cannot be read: ${(error as Error).message}` });
      }
    }
  }
  return { files: files.toSorted((a, b) => (a.name < b.name ? -1 : 1)), faults };
}
