import type { CustomScrubRule, OptionalDetector, ScrubRules } from '@sightline/record';
import { optionalDetectors } from '@sightline/record';
import type { BoundValue } from '../load-target.ts';

/** The scrubber of one organisation: functions that stand in a statement's WITH, and the values they are bound to. */
export interface OwnScrub {
  readonly functions: string;
  /** Patterns, fields and the salt: never part of a statement's text. */
  readonly parameters: Readonly<Record<string, BoundValue>>;
}

/** Functions of `functions.sql` that know a field's name; statements call no others to scrub. */
const scrubbing = /\b(scrub_record|scrub_texts?|scrub_given|scrub_map|scrub_json|otlp_scrubbed|otlp_map)\(/g;

/** The statement as it is for an organisation with rules of its own. Throws when it does not scrub at all: that is a bug. */
export function ownStatement(sql: string, own: OwnScrub): string {
  const select = sql.search(/\bSELECT\b/);
  const body = sql.slice(select).replace(scrubbing, 'own_$1(');
  if (select < 0) throw new Error('a statement without SELECT cannot be scrubbed by rules');
  return `${sql.slice(0, select)}WITH ${own.functions}\n${body}`;
}

/**
 * The organisation's scrubber. Its own rules see a text first, as it came; then user ids are hashed; then the detectors
 * look at what is left, all of them but those switched off. Card numbers, tokens, passwords and values under the name of a secret
 * go whatever the rules say.
 *
 * `stored`: for texts that were scrubbed before. Markers that stand in them are no text to the organisation's rules, so that what was
 * hashed is not hashed again.
 */
export function ownScrub(rules: ScrubRules, salt: string, { stored = false } = {}): OwnScrub {
  const parameters: Record<string, BoundValue> = { scrub_salt: salt };
  const lower = (fields: readonly string[]): string[] => fields.map((field) => field.toLowerCase());
  let texts = 'ts';
  rules.custom.forEach((rule, i) => {
    // A group around all: what it finds is the whole, whatever groups the pattern has.
    parameters[`scrub_p${i}`] = `(${rule.pattern})`;
    const text = stored ? besideMarkers(changed(rule, i, onlyMarkers)) : changed(rule, i);
    if (rule.fields.length === 0) texts = `arrayMap(t -> ${text}, ${texts})`;
    else {
      parameters[`scrub_f${i}`] = lower(rule.fields);
      texts = `arrayMap((f, t) -> if(has({scrub_f${i}:Array(String)}, f), ${text}, t), fs, ${texts})`;
    }
  });
  if (rules.userIds.hash) {
    parameters['scrub_users'] = lower(rules.userIds.fields);
    // A filtered list of one: a hash is worked out where it is needed alone, where `if` would work it out for every text.
    texts = `arrayMap((f, t) -> arrayConcat(arrayMap(x -> concat('<user:', salted(x, {scrub_salt:String}), '>'), arrayFilter(x -> x != '' AND has({scrub_users:Array(String)}, f) AND NOT match(x, '${stored ? `^${storedMarker}$` : '^<user:[a-p]{16}>$'}'), [t])), [t])[1], fs, ${texts})`;
  }
  const given = texts;
  const detected = detectedIn(rules, parameters, lower);
  const functions = [
    ...chains(rules),
    `((fields, texts) -> arrayMap((fs, ts) -> hide_secrets(fs, arrayMap(ts -> ${detected}, [${texts}])[1]), [arrayMap(f -> lower(f), fields)], [texts])[1]) AS own_texts`,
    `((fields, glued) -> own_texts(fields, arrayResize(unglue(glued), length(fields)))) AS own_scrub_record`,
    `((field, b) -> own_texts([field], [b])[1]) AS own_scrub_text`,
    // One by one: a text that holds the seam of glued ones must not move the others.
    `((fields, texts) -> arrayMap((f, t) -> own_texts([f], [t])[1], fields, texts)) AS own_scrub_texts`,
    `((fields, texts) -> arrayMap((fs, ts) -> ${given}, [arrayMap(f -> lower(f), fields)], [texts])[1]) AS own_given_texts`,
    `((field, b) -> own_given_texts([field], [b])[1]) AS own_scrub_given`,
    `(m -> mapFromArrays(mapKeys(m), own_texts(mapKeys(m), mapValues(m)))) AS own_scrub_map`,
    `(a -> own_texts(tupleElement(a, 'key'), arrayMap(v -> toValidUTF8(v), otlp_values(a)))) AS own_otlp_scrubbed`,
    `(a -> mapFromArrays(tupleElement(a, 'key'), own_otlp_scrubbed(a))) AS own_otlp_map`,
    ownJson,
  ];
  return { functions: functions.join(',\n  '), parameters };
}

/** What any rule or detector leaves, as a pattern. */
export const storedMarker =
  '<(?:email|ip|pan|password|secret|token|user:[a-p]{16}|rule:[a-z0-9-]+(?::[a-p]{16})?|removed:[a-z0-9-]+)>';
const onlyMarkers = `match(found, '^[\\x{F0000}-\\x{F0FFF}]+$')`;

/**
 * `text` of `t` with a stand-in for each marker, a letter that is for private use; they are put back afterwards, but where a find took
 * one with it. A text that has such letters itself is taken as it is.
 */
function besideMarkers(text: string): string {
  const letter = 'char(243, 176, 128 + intDiv(i, 64), 128 + i % 64)';
  const markers = `arraySlice(arrayDistinct(extractAll(x, '${storedMarker}')), 1, if(match(x, '[\\x{F0000}-\\x{F0FFF}]'), 0, 4000))`;
  return `arrayMap((raw, ms) -> arrayFold((acc, m, i) -> replaceAll(acc, ${letter}, m), ms, arrayEnumerate(ms), arrayMap(t -> ${text}, [arrayFold((acc, m, i) -> replaceAll(acc, m, ${letter}), ms, arrayEnumerate(ms), raw)])[1]), [t], arrayMap(x -> ${markers}, [t]))[1]`;
}

/** A text after one of the organisation's rules. `kept`: a condition over a find that stays as it is. */
function changed({ name, replacement }: CustomScrubRule, i: number, kept?: string): string {
  const pattern = `{scrub_p${i}:String}`;
  if (replacement === 'mask') return `replaceRegexpAll(t, ${pattern}, '<rule:${name}>')`;
  if (replacement === 'remove') return `if(match(t, ${pattern}), '<removed:${name}>', t)`;
  return `arrayMap(pieces -> arrayStringConcat(arrayMap((piece, found) -> concat(piece, if(found = ''${kept === undefined ? '' : ` OR ${kept}`}, found, concat('<rule:${name}:', salted(found, {scrub_salt:String}), '>'))), pieces, arrayResize(extractAll(t, ${pattern}), length(pieces)))), [splitByRegexp(${pattern}, t)])[1]`;
}

const chainName = (off: readonly OptionalDetector[]): string => ['own_detect', ...off].join('_');

/** The combinations of detectors that the rules need: all but those switched off, and fewer in fields where some are allowed. */
function combinations(rules: ScrubRules): Map<string, { off: OptionalDetector[]; fields: string[] }> {
  const found = new Map<string, { off: OptionalDetector[]; fields: string[] }>();
  const add = (off: readonly OptionalDetector[], fields: readonly string[]): void => {
    const all = optionalDetectors.filter((one) => off.includes(one) || rules.off.includes(one));
    const entry = found.get(chainName(all)) ?? { off: all, fields: [] };
    entry.fields.push(...fields);
    found.set(chainName(all), entry);
  };
  add([], []);
  for (const { field, detectors } of rules.allow) add(detectors, [field]);
  return found;
}

/** As `scrub`, without what is off. */
function chains(rules: ScrubRules): string[] {
  return [...combinations(rules)].map(([name, { off }]) => {
    const email = off.includes('email') ? 'scrub_secrets(x)' : 'scrub_email(scrub_secrets(x))';
    const each = off.includes('ip') ? email : `scrub_ip(${email})`;
    return `(b -> arrayMap(x -> arrayConcat(arrayMap(x -> scrub_pan(x), arrayMap(x -> ${each}, arrayFilter(y -> may_hide(y), [x]))), [x])[1], [b])[1]) AS ${name}`;
  });
}

/** The texts `ts` of the fields `fs` after the detectors: all of them glued, but each field with an exception by itself. */
function detectedIn(
  rules: ScrubRules,
  parameters: Record<string, BoundValue>,
  lower: (fields: readonly string[]) => string[],
): string {
  const usual = chainName(optionalDetectors.filter((one) => rules.off.includes(one)));
  const glued = (name: string, texts: string): string => `arrayResize(unglue(${name}(glue(${texts}))), length(fs))`;
  const exceptions = [...combinations(rules)].filter(([name, { fields }]) => name !== usual && fields.length > 0);
  if (exceptions.length === 0) return glued(usual, 'ts');
  const among = exceptions.map(([, { fields }], i) => {
    parameters[`scrub_a${i}`] = lower(fields);
    return `has({scrub_a${i}:Array(String)}, f)`;
  });
  const others = `arrayMap((f, t) -> if(${among.join(' OR ')}, '', t), fs, ts)`;
  return exceptions.reduce(
    (rest, [name], i) =>
      `arrayMap((f, allowed, t) -> if(${among[i] ?? ''}, allowed, t), fs, ${glued(name, `arrayMap((f, t) -> if(${among[i] ?? ''}, t, ''), fs, ts)`)}, ${rest})`,
    glued(usual, others),
  );
}

/**
 * A JSON text from its pieces and leaves (json-leaves.ts): leaves are scrubbed as fields, names and marks between them as ever. A number
 * stays a number where nothing is found in it.
 */
const ownJson = `(j -> arrayStringConcat(arrayMap((piece, leaf) -> concat(piece, leaf),
    arrayResize(unglue(scrub_json(glue(tupleElement(j, 'pieces')))), length(tupleElement(j, 'texts')) + 1),
    arrayPushBack(arrayMap((f, quoted, raw, t) -> if(quoted OR t != raw, toJSONString(t), t),
      tupleElement(j, 'fields'), tupleElement(j, 'quoted'), tupleElement(j, 'texts'), own_texts(tupleElement(j, 'fields'), tupleElement(j, 'texts'))), '')))) AS own_scrub_json`;
