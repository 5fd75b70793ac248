import { hash as digest } from 'node:crypto';
import type { ErrorException, GroupingPart } from '@sightline/record';
import type { Groupable, Parts, RuleFacts } from './groupable.ts';
import { fillVariables, firstRule, isDefaultVariable, type FingerprintRules } from './rules/fingerprint-rules.ts';
import { applyStackRules, type StackRules } from './rules/stack-rules.ts';
import { groupEvent as groupByVersion1 } from './version-1/group-event.ts';
import { defaultParts as partsOfVersion2 } from './version-2/group-error.ts';
import { defaultParts } from './version-3/group-error.ts';

/** Raised when the same event would land in another issue than before. Stored with each event. */
export const groupingVersion = 3;

/** The issues of an organisation that were made by an earlier version, or took events of a later one over. */
export interface KnownIssues {
  /** False where there is nothing to look for, which spares the work of the earlier versions. */
  readonly any: boolean;
  /** The issue that events of this hash belong to; undefined where the hash is its own issue. */
  issueOf(hash: string): string | undefined;
  /** From now on events of `hash` belong to `issue`. */
  note(hash: string, issue: string): void;
}

/** What one organisation decided about grouping. */
export interface OrganisationGrouping {
  readonly fingerprintRules: FingerprintRules;
  readonly stackRules: StackRules;
  readonly known: KnownIssues;
}

const nothingKnown: KnownIssues = { any: false, issueOf: () => undefined, note: () => undefined };
/** An organisation without rules and without history. */
export const plainGrouping: OrganisationGrouping = { fingerprintRules: [], stackRules: [], known: nothingKnown };

export interface Grouped {
  /** The issue's id and the hash of this version, as the store writes a UInt64: decimal text. */
  readonly issue: string;
  readonly hash: string;
  readonly version: typeof groupingVersion;
  readonly parts: readonly GroupingPart[];
  /** With the word of stack-trace rules on whose code each frame is. */
  readonly exceptions: readonly ErrorException[];
}

/**
 * The issue of an event. First rules of the organisation, then the client's fingerprint, then types, frames and messages
 * (`version-3/group-error.ts`). An event that an earlier version would have put into an issue that exists goes there, and so
 * does from then on all that has its hash.
 */
export function groupError(sent: Groupable, facts: RuleFacts, organisation: OrganisationGrouping): Grouped {
  const applied = applyStackRules(sent.exceptions, facts.platform, organisation.stackRules);
  const event = applied.exceptions === sent.exceptions ? sent : { ...sent, exceptions: applied.exceptions };
  const rule = firstRule(organisation.fingerprintRules, event, facts);
  const given = rule?.fingerprint ?? (event.checksum ? [event.checksum] : event.fingerprint);
  const { keys, parts } = partsOf(given, event, facts, rule, () => defaultParts(event, applied, facts.platform));
  const hash = hashOf(groupingVersion, event, keys);
  const issue = issueOf(hash, organisation.known, () => {
    const former = asReadBefore(sent);
    const rules =
      former === sent ? applied : applyStackRules(former.exceptions, facts.platform, organisation.stackRules);
    const one = { ...former, exceptions: rules.exceptions };
    const byVersion2 = partsOf(rule?.fingerprint ?? one.fingerprint, one, facts, rule, () =>
      partsOfVersion2(one, rules),
    );
    // There were no rules in version 1: what people decided since then counts for more than where the event went before.
    const ruled = rule !== undefined || applied.reasons.size > 0;
    return [hashOf(2, event, byVersion2.keys), ...(ruled ? [] : [groupByVersion1(former).issueHex])];
  });
  const known: readonly GroupingPart[] =
    issue === hash
      ? []
      : [
          {
            kind: 'rule',
            value: 'an issue known before',
            used: true,
            why: 'an earlier way of grouping made this issue',
          },
        ];
  return {
    issue: decimal(issue),
    hash: decimal(hash),
    version: groupingVersion,
    parts: [...parts, ...known],
    exceptions: applied.exceptions,
  };
}

/** Before version 3 frames of which the client said nothing counted as the application's. */
function asReadBefore(event: Groupable): Groupable {
  const read = (exceptions: readonly ErrorException[]): ErrorException[] =>
    exceptions.map((exception) => ({
      ...exception,
      frames: exception.frames.map((frame) => (frame.unsaid ? { ...frame, inApp: true } : frame)),
    }));
  const stacks = [...event.exceptions, ...(event.stack ?? [])];
  if (!stacks.some(({ frames }) => frames.some(({ unsaid }) => unsaid === true))) return event;
  return { ...event, exceptions: read(event.exceptions), ...(event.stack ? { stack: read(event.stack) } : {}) };
}

/** `earlier`: the hashes that earlier versions would give, the later version first; asked for only where they are needed. */
function issueOf(hash: string, known: KnownIssues, earlier: () => readonly string[]): string {
  if (!known.any) return hash;
  const taken = known.issueOf(hash);
  if (taken !== undefined) return taken;
  const before = earlier()
    .map((one) => known.issueOf(one))
    .find((issue) => issue !== undefined);
  if (before === undefined) return hash;
  known.note(hash, before);
  return before;
}

function partsOf(
  given: readonly string[],
  event: Groupable,
  facts: RuleFacts,
  rule: FingerprintRules[number] | undefined,
  usual: () => Parts,
): Parts {
  const fingerprint = given.filter((part) => part !== '');
  if (fingerprint.every(isDefaultVariable)) return usual();
  const why = rule ? `by the rule ${rule.text}`.slice(0, 300) : 'given by the client';
  const keys: string[] = [];
  const parts: GroupingPart[] = [];
  for (const part of fingerprint.slice(0, 20)) {
    if (isDefaultVariable(part)) {
      const rest = usual();
      keys.push(...rest.keys);
      parts.push(...rest.parts);
      continue;
    }
    const value = fillVariables(part, event, facts);
    keys.push(`fingerprint ${value}`);
    parts.push({ kind: 'fingerprint', value, used: true, why });
  }
  if (!fingerprint.some(isDefaultVariable))
    parts.push(...usual().parts.map((part) => ({ ...part, used: false, why: 'the fingerprint decides' })));
  return { keys, parts };
}

function hashOf(version: number, { project }: Groupable, keys: readonly string[]): string {
  return digest('sha256', [`v${version}`, `project ${project}`, ...keys].join('\n'), 'hex').slice(0, 16);
}

const decimal = (hex: string): string => BigInt(`0x${hex}`).toString();

/** The used parts as lines, as events of version 1 carried them. */
export function groupingLines(parts: readonly GroupingPart[]): string[] {
  const words: Readonly<Record<GroupingPart['kind'], (value: string) => string>> = {
    type: (value) => `exception type ${value}`,
    cause: (value) => `caused by ${value}`,
    frame: (value) => `frame ${value}`,
    line: (value) => `source line ${value}`,
    message: (value) => `message "${value}"`,
    culprit: (value) => `culprit ${value}`,
    fingerprint: (value) => `fingerprint ${value}`,
    rule: (value) => value,
  };
  return parts.flatMap(({ kind, value, used }) => (used ? [words[kind](value)] : []));
}
