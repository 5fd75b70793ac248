import { isIP } from 'node:net';
import type { Meta } from './objects.ts';

/** Labels of a target or a group; undefined ones are left out. */
export type Labels = Readonly<Record<string, string | undefined>>;

export function labelMap(...parts: readonly Labels[]): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const part of parts)
    for (const [name, value] of Object.entries(part)) if (value !== undefined) labels.set(name, value);
  return labels;
}

export const meta = (name: string): string => `__meta_kubernetes_${name}`;

/** Labels and annotations of an object, as `__meta_kubernetes_<kind>_label_<name>` and whether they are there at all. */
export function metadataOf(kind: string, { labels = {}, annotations = {} }: Meta): Labels {
  const made: Record<string, string> = {};
  for (const [word, pairs] of [
    ['label', labels],
    ['annotation', annotations],
  ] as const)
    for (const [name, value] of Object.entries(pairs)) {
      const plain = name.replace(/[^a-zA-Z0-9_]/g, '_');
      made[meta(`${kind}_${word}_${plain}`)] = value;
      made[meta(`${kind}_${word}present_${plain}`)] = 'true';
    }
  return made;
}

/** `host:port`, with brackets where an address has colons. */
export const hostPort = (host: string, port: number | string): string =>
  `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
