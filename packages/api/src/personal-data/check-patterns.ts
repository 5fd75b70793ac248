import type { CustomScrubRule } from '@sightline/record';
import type { TelemetryReader } from '@sightline/store/port';
import { StoreError } from '@sightline/store/port';

/** Texts in which a pattern that finds the empty text changes nothing but by adding. */
const probes = ['', 'a', 'a b', '1-2', 'A_z.', '~'];
const timeoutMs = 5000;

/**
 * Why the engine would not take the patterns, by the rule's place: `custom.2.pattern`; undefined when it takes them all.
 * Throws `StoreError` when it does not answer.
 */
export async function patternFaults(
  reader: TelemetryReader,
  rules: readonly Pick<CustomScrubRule, 'pattern'>[],
  signal?: AbortSignal,
): Promise<Record<string, string> | undefined> {
  const faults: Record<string, string> = {};
  for (const [i, { pattern }] of rules.entries()) {
    const fault = await faultOf(reader, pattern, signal);
    if (fault !== undefined) faults[`custom.${i}.pattern`] = fault;
  }
  return Object.keys(faults).length > 0 ? faults : undefined;
}

async function faultOf(reader: TelemetryReader, pattern: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    // By itself first: `a)(b` would pass within the group that it gets when it is used.
    const [row] = await reader.query<{ empty: number }>(
      `SELECT match('', {pattern:String}) OR arrayExists(probe -> replaceRegexpAll(probe, {pattern:String}, '!') != probe
           AND replaceAll(replaceRegexpAll(probe, {whole:String}, '!'), '!', '') = probe, {probes:Array(String)}) AS empty`,
      { pattern, whole: `(${pattern})`, probes },
      { timeoutMs, ...(signal ? { signal } : {}) },
    );
    return row && row.empty === 1
      ? 'It finds the empty text: say what has to be there at least, a + in place of a * for instance.'
      : undefined;
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind === 'unavailable' || error.kind === 'cancelled') throw error;
    return reasonOf(error.message);
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
