import type { ErrorFrame } from '@sightline/record';
import { functionName } from './grouping/version-2/function-name.ts';
import { firstText } from './json-reader.ts';

/** Where it happened, in one line (`charge (payment.ts)`): the innermost frame of ours, the innermost call first; else what was `given`. */
export function culpritOf(
  frames: readonly Pick<ErrorFrame, 'inApp' | 'function' | 'file' | 'module'>[],
  given: string,
): string {
  const frame = frames.find((f) => f.inApp) ?? frames[0];
  if (frame === undefined) return given;
  const name = functionName(frame.function);
  const file =
    frame.file
      .split(/[/\\]/)
      .at(-1)
      ?.replace(/[?#].*$/, '') ?? '';
  return name === '' ? firstText(given, file) : `${name} (${firstText(file, frame.module)})`;
}
