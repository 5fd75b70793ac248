import type { ErrorEvent } from '@sightline/contract';

/** Why frames of a stack stayed as the browser saw them, the commonest reason first. */
export interface UnmappedFrames {
  readonly frames: number;
  readonly reasons: readonly string[];
}

/** The frames that no source map could read; undefined where there are none. */
export function unmappedFrames(exceptions: ErrorEvent['exceptions']): UnmappedFrames | undefined {
  const counts = new Map<string, number>();
  for (const { frames } of exceptions)
    for (const { minified, unresolved = '' } of frames)
      if (minified === undefined && unresolved !== '') counts.set(unresolved, (counts.get(unresolved) ?? 0) + 1);
  if (counts.size === 0) return undefined;
  return {
    frames: [...counts.values()].reduce((sum, count) => sum + count, 0),
    reasons: [...counts].toSorted(([, a], [, b]) => b - a).map(([reason]) => reason),
  };
}

/** What to run after a build so that its stacks are read; `dist` is '' where the client tells none. */
export function uploadCommands(release: string, dist: string): string {
  const quoted = (text: string): string => (/^[\w.@+/:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
  const named = [
    ...(release === '' ? [] : ['--release', quoted(release)]),
    ...(dist === '' ? [] : ['--dist', quoted(dist)]),
  ];
  return ['sentry-cli sourcemaps inject dist', ['sentry-cli sourcemaps upload', ...named, 'dist'].join(' ')].join('\n');
}
