import type { ErrorFrame } from '@sightline/record';
import { familyOf } from './family.ts';
import { compileGlob } from './glob.ts';
import type { RawMatcher } from './read-rules.ts';

export type FrameTest = (frame: ErrorFrame, platform: string) => boolean;

/** What of a frame each matcher of frames looks at. */
const frameTexts: Readonly<Record<string, (frame: ErrorFrame) => string>> = {
  'stack.abs_path': (frame) => frame.file,
  'stack.module': (frame) => frame.module,
  'stack.function': (frame) => frame.function,
  'stack.package': (frame) => frame.file,
  path: (frame) => frame.file,
  module: (frame) => frame.module,
  function: (frame) => frame.function,
  package: (frame) => frame.file,
};

export const isFrameMatcher = (name: string): boolean => Object.hasOwn(frameTexts, name) || isFrameFlag(name);
const isFrameFlag = (name: string): boolean => ['app', 'in_app', 'stack.in_app', 'family'].includes(name);
const isPath = (name: string): boolean => /path|package/.test(name);

/** A test of single frames; a sentence where the pattern is none. */
export function frameTest({ name, pattern, negated }: RawMatcher): FrameTest | string {
  if (name === 'family') {
    const families = pattern.split(',').map((one) => one.trim());
    const unknown = families.find((one) => !['javascript', 'native', 'other', 'all'].includes(one));
    if (unknown !== undefined) return `"${unknown}" is no family: javascript, native, other`;
    return (_, platform) => (families.includes('all') || families.includes(familyOf(platform))) !== negated;
  }
  if (isFrameFlag(name)) {
    const yes = /^(?:yes|true|1)$/i.test(pattern);
    if (!yes && !/^(?:no|false|0)$/i.test(pattern)) return `"${name}" takes yes or no`;
    return (frame) => (frame.inApp === yes) !== negated;
  }
  const textOf = frameTexts[name];
  if (!textOf) return `"${name}" is no matcher of frames`;
  const holds = compileGlob(pattern, isPath(name));
  // What a frame does not have fits no pattern, `*` neither.
  return (frame) => (textOf(frame) !== '' && holds(textOf(frame))) !== negated;
}
