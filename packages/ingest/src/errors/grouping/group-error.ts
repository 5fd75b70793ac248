import { hash as digest } from 'node:crypto';
import type { ErrorException, GroupingPart } from '@sightline/record';
import type { Groupable, Parts, RuleFacts } from './groupable.ts';
import { fillVariables, firstRule, isDefaultVariable, type FingerprintRules } from './rules/fingerprint-rules.ts';
import { applyStackRules, type AppliedStackRules, type StackRules } from './rules/stack-rules.ts';
import { groupEvent as groupByVersion1 } from './version-1/group-event.ts';
import { defaultParts } from './version-2/group-error.ts';

/** Raised when the same event would land in another issue than before. Stored with each event. */
export const groupingVersion = 2;

/** The issues of an organisation that were made by an earlier version, or took events of this one over. */
export interface KnownIssues {
  /** False where there is nothing to look for, which spares the work of the earlier version. */
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
 * (`version-2/group-error.ts`). An event that an earlier version would have put into an issue that exists goes there, and so
 * does from then on all that has its hash.
 */
export function groupError(given: Groupable, facts: RuleFacts, organisation: OrganisationGrouping): Grouped {
  const applied = applyStackRules(given.exceptions, facts.platform, organisation.stackRules);
  const event = applied.exceptions === given.exceptions ? given : { ...given, exceptions: applied.exceptions };
  const rule = firstRule(organisation.fingerprintRules, event, facts);
  const { keys, parts } = partsOf(event, facts, rule, applied);
  const hash = hashOf([`v${groupingVersion}`, `project ${event.project}`, ...keys]);
  // What people decided by a rule since then counts for more than where the event went before.
  const ruled = rule !== undefined || applied.reasons.size > 0;
  const issue = issueOf(hash, ruled ? undefined : given, organisation.known);
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

function issueOf(hash: string, event: Groupable | undefined, known: KnownIssues): string {
  if (!known.any) return hash;
  const taken = known.issueOf(hash);
  if (taken !== undefined) return taken;
  if (!event) return hash;
  const before = known.issueOf(groupByVersion1(event).issueHex);
  if (before === undefined) return hash;
  known.note(hash, before);
  return before;
}

function partsOf(
  event: Groupable,
  facts: RuleFacts,
  rule: FingerprintRules[number] | undefined,
  applied: AppliedStackRules,
): Parts {
  const fingerprint = (rule?.fingerprint ?? event.fingerprint).filter((part) => part !== '');
  const usual = (): Parts => defaultParts(event, applied);
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

function hashOf(lines: readonly string[]): string {
  return digest('sha256', lines.join('\n'), 'hex').slice(0, 16);
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
