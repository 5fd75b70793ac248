import type { CustomScrubRule } from '@sightline/record';
import type { TelemetryReader } from '@sightline/store/port';
import { StoreError } from '@sightline/store/port';

/** Texts in which a pattern that finds the empty text changes nothing but by adding. */
const probes = ['', 'a', 'a b', '1-2', 'A_z.', '~'];
const timeoutMs = 5000;

/**
 * Why the engine would not take the patterns, by the rule's place: `custom.2.pattern`; `custom.2.sample` where a pattern does not
 * find anything in its sample. undefined when it takes them all.
 * Throws `StoreError` when it does not answer.
 */
export async function patternFaults(
  reader: TelemetryReader,
  rules: readonly Pick<CustomScrubRule, 'pattern' | 'sample'>[],
  signal?: AbortSignal,
): Promise<Record<string, string> | undefined> {
  const faults: Record<string, string> = {};
  for (const [i, { pattern, sample = '' }] of rules.entries()) {
    const fault = await faultOf(reader, pattern, sample, signal);
    if (fault) faults[`custom.${i}.${fault.part}`] = fault.words;
  }
  return Object.keys(faults).length > 0 ? faults : undefined;
}

interface Fault {
  readonly part: 'pattern' | 'sample';
  readonly words: string;
}

async function faultOf(
  reader: TelemetryReader,
  pattern: string,
  sample: string,
  signal?: AbortSignal,
): Promise<Fault | undefined> {
  try {
    // By itself first: `a)(b` would pass within the group that it gets when it is used.
    const [row] = await reader.query<{ empty: number; matches: number }>(
      `SELECT match('', {pattern:String}) OR arrayExists(probe -> replaceRegexpAll(probe, {pattern:String}, '!') != probe
           AND replaceAll(replaceRegexpAll(probe, {whole:String}, '!'), '!', '') = probe, {probes:Array(String)}) AS empty,
         match({sample:String}, {pattern:String}) AS matches`,
      { pattern, whole: `(${pattern})`, probes, sample },
      { timeoutMs, ...(signal ? { signal } : {}) },
    );
    if (row?.empty === 1)
      return {
        part: 'pattern',
        words: 'It finds the empty text: say what has to be there at least, a + in place of a * for instance.',
      };
    return sample !== '' && row?.matches !== 1
      ? { part: 'sample', words: 'The pattern finds nothing in its sample.' }
      : undefined;
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind === 'unavailable' || error.kind === 'cancelled') throw error;
    return { part: 'pattern', words: reasonOf(error.message) };
  }
}

const words: Readonly<Record<string, string>> = {
  'invalid perl operator': 'RE2 has no look-ahead, look-behind or possessive operators',
  'invalid escape sequence': 'RE2 does not know this escape; it has no back-references',
  'missing )': 'a bracket ( is not closed',
  'unexpected )': 'a bracket ) was never opened',
  'missing ]': 'a bracket [ is not closed',
  'missing argument to repetition operator': 'there is nothing before *, + or ? that could be repeated',
  'no argument for repetition operator': 'there is nothing before *, + or ? that could be repeated',
  'bad repetition operator': 'two repetitions stand one after the other',
  'invalid repetition size': 'a repetition may be 1,000 at most',
  'invalid character class range': 'a range in [ ] ends before it begins',
  'pattern too large': 'it would need too much memory: shorten its repetitions',
};

/** The engine's reason in words, with its own beside them. */
function reasonOf(message: string): string {
  const said = /(?:, error: |valid re2 pattern: )(.{1,1200}?)(?:\. Look at|: while executing|$)/s.exec(message)?.[1];
  if (said === undefined) return 'The engine does not take it.';
  const known = Object.entries(words).find(([start]) => said.startsWith(start));
  return known ? `${known[1]} (engine: ${said}).` : `The engine does not take it: ${said}.`;
}
