import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explainGrouping } from '@sightline/ingest';

/** What decides an event's issue. `fallback`: nothing that tells it from others of its kind. */
const bases = ['stack', 'value', 'message', 'fingerprint', 'hybrid', 'csp', 'fallback'] as const;
type Basis = (typeof bases)[number];
/** Of which stack a frame is: an exception by its place in the event, the event's thread, or its own stack. */
type Owner = number | 'thread' | 'stack';

/** A file of `expected/`: how another program groups the event of the same name in `inputs/`. */
interface Verdict {
  readonly platform: string;
  readonly kind: Basis;
  /** Places of the exceptions that count, as the event lists them. */
  readonly exceptions: readonly number[];
  /** Frames that count: their stack and their place in it, as the event lists them. */
  readonly frames: readonly (readonly [Owner, number])[];
  /** Equal for events of one issue; only verdicts of the same `config` are compared. */
  readonly hash?: string;
  readonly config?: string;
  readonly rules?: { readonly fingerprint?: string; readonly stack?: string };
}

/** What grouping made of one event, in the same words. */
interface Found {
  readonly issue: string;
  readonly kind: Basis;
  /** Types of the exceptions that count. */
  readonly types: ReadonlySet<string>;
  /** Every frame's name and place as grouping sees it, by stack and place, and whether it counts. */
  readonly frames: ReadonlyMap<string, { readonly label: string; readonly used: boolean; readonly why: string }>;
}

interface Case {
  readonly name: string;
  readonly verdict: Verdict;
  /** Types of the exceptions that count in the verdict. */
  readonly types: ReadonlySet<string>;
  readonly found: Found;
}

interface Disagreement {
  readonly name: string;
  readonly what: string;
}

export interface GroupingAgreement {
  readonly table: readonly Readonly<Record<string, string | number>>[];
  readonly disagreements: readonly Disagreement[];
}

/**
 * How far our grouping agrees with another program's. The folder holds `inputs/NAME.json`, each a Sentry event or a browser's
 * `{"csp-report": …}`, and `expected/NAME.json`, each a `Verdict`.
 */
export function compareGrouping(folder: string): GroupingAgreement {
  const cases = readdirSync(join(folder, 'expected'))
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => readCase(folder, file));
  const platforms = [...new Set(cases.map((one) => one.verdict.platform))].sort();
  const table = [...platforms, 'all'].map((platform) =>
    rowOf(
      platform,
      cases.filter((one) => platform === 'all' || one.verdict.platform === platform),
    ),
  );
  return { table, disagreements: [...cases.flatMap((one) => disagreementsOf(one)), ...splitPairs(cases)] };
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

function readCase(folder: string, file: string): Case {
  const verdict = readJson(join(folder, 'expected', file)) as Verdict;
  const event = readJson(join(folder, 'inputs', file)) as Record<string, unknown>;
  if (!bases.includes(verdict.kind)) throw new Error(`${file}: "${verdict.kind}" is none of ${bases.join(', ')}`);
  const types = verdict.exceptions.map((place) => String(listOf(event['exception'])[place]?.['type']));
  return {
    name: file.replace(/\.json$/, ''),
    verdict,
    types: new Set(types),
    found: found(file, event, verdict.rules ?? {}),
  };
}

function found(file: string, event: Record<string, unknown>, rules: NonNullable<Verdict['rules']>): Found {
  const explained = explainGrouping(event, { fingerprint: rules.fingerprint ?? '', stack: rules.stack ?? '' });
  if (!explained.ok) throw new Error(`${file}: rules cannot be read: ${JSON.stringify(explained.error)}`);
  const { issue, parts } = explained.value;
  const stacks = stacksOf(event);
  const frames = new Map<string, { label: string; used: boolean; why: string }>();
  const types = new Set<string>();
  // The exception thrown first comes first, its innermost frame first: both the other way round than in an event.
  let at = -1;
  let frame = 0;
  for (const part of parts) {
    if (part.kind === 'type' || part.kind === 'cause') {
      at++;
      frame = 0;
      if (part.used && typeof stacks[at]?.owner === 'number') types.add(part.value);
    } else if (part.kind === 'frame') {
      const stack = stacks[Math.max(at, 0)];
      if (stack) {
        const place = stack.frames - 1 - frame++;
        frames.set(`${stack.owner} ${place}`, { label: part.value, used: part.used, why: part.why });
      }
    }
  }
  const used = (kind: string): boolean => parts.some((part) => part.kind === kind && part.used);
  return { issue, kind: basisOf(event, used), types, frames };
}

function basisOf(event: Record<string, unknown>, used: (kind: string) => boolean): Basis {
  if (used('rule')) return 'fingerprint';
  const rest = used('frame') || used('message') || used('type');
  if (used('fingerprint')) return rest ? 'hybrid' : event['csp-report'] === undefined ? 'fingerprint' : 'csp';
  if (used('frame')) return 'stack';
  if (used('message')) return used('type') ? 'value' : 'message';
  return used('culprit') || !('exception' in event) ? 'fallback' : 'value';
}

interface Stack {
  readonly owner: Owner;
  readonly frames: number;
}

function listOf(value: unknown): Record<string, unknown>[] {
  const inner = Array.isArray(value) ? value : (value as { values?: unknown } | undefined)?.values;
  if (Array.isArray(inner)) return inner as Record<string, unknown>[];
  return typeof value === 'object' && value !== null ? [value as Record<string, unknown>] : [];
}

function stacksOf(event: Record<string, unknown>): Stack[] {
  const framesIn = (holder: Record<string, unknown> | undefined): number =>
    ((holder?.['stacktrace'] as { frames?: unknown[] } | undefined)?.frames ?? []).length;
  const exceptions = listOf(event['exception']).map((one, i) => ({ owner: i, frames: framesIn(one) }));
  if (exceptions.length > 0) return exceptions.reverse();
  if (framesIn(event) > 0) return [{ owner: 'stack', frames: framesIn(event) }];
  return [{ owner: 'thread', frames: framesIn(listOf(event['threads'])[0]) }];
}

/** Frames that are one function at one place count once, so that a recursion is no disagreement. */
function framesOf({ verdict, found: ours }: Case): { readonly theirs: Set<string>; readonly ours: Set<string> } {
  const label = (key: string): string => `${key.split(' ')[0]} ${ours.frames.get(key)?.label ?? key}`;
  return {
    theirs: new Set(verdict.frames.map(([owner, place]) => label(`${owner} ${place}`))),
    ours: new Set([...ours.frames].flatMap(([key, { used }]) => (used ? [label(key)] : []))),
  };
}

const equalSets = (one: ReadonlySet<unknown>, other: ReadonlySet<unknown>): boolean =>
  one.size === other.size && [...one].every((member) => other.has(member));
const sameKind = ({ verdict, found: ours }: Case): boolean => verdict.kind === ours.kind;
const sameExceptions = ({ types, found: ours }: Case): boolean => equalSets(types, ours.types);
const isOfStack = ({ verdict, found: ours }: Case): boolean => verdict.kind === 'stack' && ours.kind === 'stack';

const isNamed = (frame: string): boolean => !/^\S+ anonymous function /.test(frame);
/** Functions without a name aside: whether these count is a matter of opinion where others have one. */
function sameNamed(one: Case): boolean {
  const { theirs, ours } = framesOf(one);
  return equalSets(new Set([...theirs].filter(isNamed)), new Set([...ours].filter(isNamed)));
}

function rowOf(platform: string, cases: readonly Case[]): Record<string, string | number> {
  const share = (part: number, of: number): string => (of === 0 ? '–' : `${part} of ${of}`);
  const stacks = cases.filter(isOfStack);
  const same = stacks.filter((one) => equalSets(framesOf(one).theirs, framesOf(one).ours));
  const within = stacks.filter((one) => {
    const { theirs, ours } = framesOf(one);
    return [...ours].every((frame) => theirs.has(frame));
  });
  const chains = cases.filter(({ types }) => types.size > 0);
  const pairs = pairsOf(cases);
  return {
    platform,
    inputs: cases.length,
    'same basis': share(cases.filter(sameKind).length, cases.length),
    'same exceptions': share(chains.filter((one) => sameExceptions(one)).length, chains.length),
    'same frames': share(same.length, stacks.length),
    'same named frames': share(stacks.filter((one) => sameNamed(one)).length, stacks.length),
    'ours within theirs': share(within.length, stacks.length),
    'pairs judged alike': share(pairs.filter((pair) => pair.ours === pair.theirs).length, pairs.length),
    'their pairs kept': share(
      pairs.filter((pair) => pair.theirs && pair.ours).length,
      pairs.filter((pair) => pair.theirs).length,
    ),
  };
}

interface Pair {
  readonly one: Case;
  readonly other: Case;
  readonly theirs: boolean;
  readonly ours: boolean;
}

/** Pairs that both sides can judge: what has nothing to go by is one heap for them, which is no verdict. */
function pairsOf(cases: readonly Case[]): Pair[] {
  const judged = cases.filter(({ verdict }) => verdict.hash !== undefined && verdict.kind !== 'fallback');
  return judged.flatMap((one, i) =>
    judged
      .slice(i + 1)
      .filter((other) => other.verdict.config === one.verdict.config)
      .map((other) => ({
        one,
        other,
        theirs: one.verdict.hash === other.verdict.hash,
        ours: one.found.issue === other.found.issue,
      })),
  );
}

function disagreementsOf(one: Case): Disagreement[] {
  const { name, verdict, found: ours } = one;
  if (!sameKind(one)) return [{ name, what: `decided by ${verdict.kind}, by ours ${ours.kind}` }];
  const said: Disagreement[] = [];
  if (['stack', 'value'].includes(verdict.kind) && verdict.exceptions.length > 0 && !sameExceptions(one))
    said.push({ name, what: `exceptions ${[...one.types].join(', ')}; ours ${[...ours.types].join(', ')}` });
  if (!isOfStack(one)) return said;
  const { theirs, ours: own } = framesOf(one);
  const why = (frame: string): string => {
    const [, label] = /^\S+ (.*)$/.exec(frame) ?? [];
    return [...ours.frames.values()].find((seen) => seen.label === label)?.why ?? '';
  };
  const missing = [...theirs].filter((frame) => !own.has(frame)).map((frame) => `- ${frame} (${why(frame)})`);
  const added = [...own].filter((frame) => !theirs.has(frame)).map((frame) => `+ ${frame} (${why(frame)})`);
  if (missing.length + added.length > 0) said.push({ name, what: [...added, ...missing].join('; ') });
  return said;
}

function splitPairs(cases: readonly Case[]): Disagreement[] {
  return pairsOf(cases).flatMap(({ one, other, theirs, ours }) =>
    ours === theirs
      ? []
      : [
          {
            name: `${one.name} and ${other.name}`,
            what: theirs ? 'one issue, two of ours' : 'two issues, one of ours',
          },
        ],
  );
}
