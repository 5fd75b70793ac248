import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fail, ok, type Result } from '@sightline/base';
import { parse } from 'yaml';
import type { TargetGroup } from '../config/scrape-job.ts';
import { readGroups } from './read-groups.ts';

const filesLimit = 1000;

/** Target groups of all files that match (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config). */
export async function findInFiles(patterns: readonly string[]): Promise<Result<readonly TargetGroup[], string>> {
  const groups: TargetGroup[] = [];
  try {
    for (const file of await matching(patterns)) {
      const text = await readFile(file, 'utf8');
      const content: unknown = file.endsWith('.json') ? JSON.parse(text) : parse(text, { maxAliasCount: 100 });
      const read = readGroups(content, file, [['__meta_filepath', file]]);
      if (!read.ok) return read;
      groups.push(...read.value);
    }
  } catch (error) {
    return fail(error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'a file cannot be read');
  }
  return ok(groups);
}

async function matching(patterns: readonly string[]): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const pattern of patterns) {
    const [folder, name] = [path.dirname(pattern), path.basename(pattern)];
    if (!name.includes('*')) {
      files.add(pattern);
      continue;
    }
    const [before = '', ...rest] = name.split('*');
    const after = rest.join('*');
    for (const entry of await readdir(folder)) {
      const fits = entry.startsWith(before) && entry.endsWith(after) && entry.length >= before.length + after.length;
      if (fits && files.size < filesLimit) files.add(path.join(folder, entry));
    }
  }
  return [...files].sort();
}
