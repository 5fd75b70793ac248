import { fail, ok, type Result } from '@sightline/base';
import { parseDocument, stringify } from 'yaml';
import { parseRuleFile } from './parse-rule-file.ts';
import type { RuleLanguage } from './rule-language.ts';

/** A group as it stands in its file. */
export type WrittenGroup = Readonly<Record<string, unknown>> & { readonly name: string };

/** Groups of a file that `parseRuleFile` accepts, in their order. */
export function writtenGroups(content: string): WrittenGroup[] {
  const { groups } = (parseDocument(content, { merge: true }).toJS({ maxAliasCount: 100 }) ?? {}) as {
    groups?: (Readonly<Record<string, unknown>> & { readonly name: string | number | boolean })[] | null;
  };
  return (groups ?? []).map((group) => ({ ...group, name: String(group.name) }));
}

/**
 * The file with this group, YAML as clients of rulers send it, in the place of the one of its name, else at its end. Refuses what
 * `parseRuleFile` refuses, each fault a sentence.
 */
export function withGroup(
  content: string,
  group: string,
  language: RuleLanguage,
): Result<{ readonly content: string; readonly name: string }, string[]> {
  const document = parseDocument(group, { merge: true });
  if (document.errors.length > 0) return fail(document.errors.slice(0, 10).map(({ message }) => message));
  const given: unknown = document.toJS({ maxAliasCount: 100 });
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return fail(['expected a rule group']);
  const alone = parseRuleFile(stringify({ groups: [given] }), language);
  // Places are those of the file that was made around it.
  if (!alone.ok) return fail(alone.error.map((fault) => fault.replace(/^\d+:\d+: /, '')));
  const name = alone.value[0]?.name ?? '';
  const added = { ...given, name };
  const groups = writtenGroups(content);
  const at = groups.findIndex((one) => one.name === name);
  const written = fileOf(at < 0 ? [...groups, added] : groups.with(at, added));
  const whole = parseRuleFile(written, language);
  return whole.ok ? ok({ content: written, name }) : whole;
}

/** The file without a group, '' without its last; undefined where it has none of this name. */
export function withoutGroup(content: string, name: string): string | undefined {
  const groups = writtenGroups(content);
  const left = groups.filter((group) => group.name !== name);
  if (left.length === groups.length) return undefined;
  return left.length === 0 ? '' : fileOf(left);
}

const fileOf = (groups: readonly WrittenGroup[]): string => stringify({ groups }, { lineWidth: 0 });

/** As YAML. */
export const yamlOf = (value: unknown): string => stringify(value, { lineWidth: 0 });
