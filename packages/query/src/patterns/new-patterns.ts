import { createHash } from 'node:crypto';
import { StoreError, type QueryLimits, type TelemetryReader } from '@sightline/store/port';
import { scopeCondition, type ReadScope } from '../search/scope.ts';
import { compileSearch } from '../search/search.ts';
import { maskParameters, maskSql, placeholder } from './mask.ts';
import { longestLine, mostForms, phrasesOf, templateText } from './mine-patterns.ts';
import { TemplateTree, type Group } from './template-tree.ts';

/** A template of log lines that was seen. */
export interface KnownTemplate {
  /** Sixteen hexadecimal digits of `form`. */
  readonly id: string;
  /** Its tokens with `<_>` for what differs; '' marks that its kind was looked at. */
  readonly form: string;
  /** Its first line, milliseconds since the epoch; 0 where it was there when somebody began to look. */
  readonly bornMs: number;
  readonly seenMs: number;
}

/** Where known templates outlive a restart: bounded, those seen last are kept. */
export interface TemplateMemory {
  /** Templates of one kind of line that were seen since, those seen last first. */
  load(organisation: string, kind: string, sinceMs: number): Promise<readonly KnownTemplate[]>;
  /** Of all kinds of line those that were born since, the youngest first, at most 500. */
  bornSince(organisation: string, sinceMs: number): Promise<readonly KnownTemplate[]>;
  /** Adds or renews them. */
  note(organisation: string, kind: string, templates: readonly KnownTemplate[]): Promise<void>;
}

export interface NewPattern {
  /** As it was when it was found: it stays while lines of it come. */
  readonly template: string;
  /** Lines in the window. */
  readonly count: number;
  readonly firstLine: string;
  readonly sites: readonly string[];
  readonly services: readonly string[];
}

export interface FindNewPatterns {
  readonly organisation: string;
  readonly endMs: number;
  readonly windowMs: number;
  /** A log search that can be read. */
  readonly query: string;
  /** What was not seen for so long is new. */
  readonly quietMs: number;
}

interface Form {
  readonly form: string;
  readonly records: number;
  readonly firstMs: number;
  readonly line: string;
  readonly sites: readonly string[];
  readonly services: readonly string[];
}
type Item = { readonly known: KnownTemplate } | { readonly form: Form };

/** Lines that one look reads; of more an even sample. */
const mostLines = 500_000;
const mostGroups = 10_000;
/** Templates that one look compares with what the store holds; the others wait for the next. */
const judgedAtOnce = 20;
const comparedForms = 200;
/** The first look learns from the last day; older templates are found in the store when a line of them comes. */
const learntMs = 86_400_000;
/** A template that goes on is renewed this often. */
const renewAfterMs = 6 * 3_600_000;

/**
 * Templates whose first line lies in the window and that were not seen for `quietMs` before. The first look at a kind of line learns
 * what there is and finds nothing; so does one after a pause as long as `quietMs`. What memory forgot is looked up in the store.
 * Throws `StoreError`.
 */
export async function findNewPatterns(
  reader: TelemetryReader,
  memory: TemplateMemory | undefined,
  asked: FindNewPatterns,
  limits: QueryLimits = {},
): Promise<{ patterns: NewPattern[]; overflow: boolean }> {
  const { organisation, endMs, windowMs, quietMs } = asked;
  const kind = hashOf(JSON.stringify([asked.query]));
  const windowFromMs = endMs - windowMs;
  const kept = await memory?.load(organisation, kind, endMs - quietMs);
  if (memory && kept?.length === 0) {
    const learnt = await readForms(reader, asked, endMs - Math.min(quietMs, learntMs), endMs, limits);
    const notes = treeOf([], learnt).groups.map((group): KnownTemplate => known(formOf(group), 0, endMs));
    await memory.note(organisation, kind, [known('', 0, endMs), ...notes]);
    return { patterns: [], overflow: false };
  }
  const forms = await readForms(reader, asked, windowFromMs, endMs, limits);
  const told: NewPattern[] = [];
  const notes: KnownTemplate[] = [];
  const marker = kept?.find(({ form }) => form === '');
  if (marker === undefined || endMs - marker.seenMs > renewAfterMs) notes.push(known('', 0, endMs));
  const strangers: { group: Group<Item>; lines: readonly Form[] }[] = [];
  for (const group of treeOf(
    (kept ?? []).filter(({ form }) => form !== ''),
    forms,
  ).groups) {
    const lines = group.items.flatMap((item) => ('form' in item ? [item.form] : []));
    if (lines.length === 0) continue;
    const before = group.items.flatMap((item) => ('known' in item ? [item.known] : []));
    const oldest = before.toSorted((a, b) => a.bornMs - b.bornMs)[0];
    if (oldest === undefined) {
      strangers.push({ group, lines });
      continue;
    }
    if (oldest.bornMs > windowFromMs) told.push(patternOf(oldest.form, lines));
    if (endMs - oldest.seenMs > renewAfterMs) notes.push({ ...oldest, seenMs: endMs });
    const form = formOf(group);
    // Lines made it more general: further ones of its kind may fit only this.
    if (!before.some((one) => one.form === form)) notes.push(known(form, oldest.bornMs === 0 ? 0 : endMs, endMs));
  }
  strangers.sort((a, b) => countOf(b.lines) - countOf(a.lines));
  for (const { group, lines } of strangers.slice(0, judgedAtOnce)) {
    const form = formOf(group);
    const isOld = await wasThere(reader, asked, form, limits);
    notes.push(
      known(form, isOld ? 0 : Math.max(windowFromMs + 1, Math.min(...lines.map(({ firstMs }) => firstMs))), endMs),
    );
    if (isOld !== true) told.push(patternOf(form, lines));
    // The others would take as long: they wait for the next look.
    if (isOld === undefined) break;
  }
  if (notes.length > 0) await memory?.note(organisation, kind, notes);
  return { patterns: told, overflow: forms.length === mostForms };
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
const known = (form: string, bornMs: number, seenMs: number): KnownTemplate => ({
  id: hashOf(form),
  form,
  bornMs,
  seenMs,
});
const formOf = ({ tokens }: Group<Item>): string => tokens.join(' ');
const countOf = (lines: readonly Form[]): number => lines.reduce((sum, { records }) => sum + records, 0);

function patternOf(form: string, lines: readonly Form[]): NewPattern {
  const [first] = lines.toSorted((a, b) => a.firstMs - b.firstMs);
  return {
    template: templateText(form.split(' ')),
    count: countOf(lines),
    firstLine: first?.line ?? '',
    sites: [...new Set(lines.flatMap(({ sites }) => sites))].sort(),
    services: [...new Set(lines.flatMap(({ services }) => services))].sort(),
  };
}

/** Known templates first: lines join them where they may. */
function treeOf(templates: readonly KnownTemplate[], forms: readonly Form[]): TemplateTree<Item> {
  const tree = new TemplateTree<Item>({ groups: mostGroups });
  for (const one of templates) tree.add(one.form, { known: one });
  // Without a word of its own a template is none.
  for (const form of forms)
    if (/[\p{L}]{2}/u.test(form.form.replaceAll(placeholder, ''))) tree.add(form.form, { form });
  tree.merge();
  return tree;
}

function conditionOf({ organisation, query }: FindNewPatterns, fromMs: number, toMs: number, extra = '') {
  const scope: ReadScope = { organisation, fromMs, toMs, environment: '', site: '', service: '' };
  const search = compileSearch('logs', [query.trim() === '' ? '' : `(${query})`, extra].join(' ').trim());
  if (!search.ok) throw new Error(`a checked search cannot be read: ${search.error.message}`);
  const { sql, parameters } = scopeCondition(scope);
  return { sql: `${sql} AND ${search.value.sql}`, parameters: { ...parameters, ...search.value.parameters } };
}

/** Masked lines of a range with what they stand for, the most frequent first. */
async function readForms(
  reader: TelemetryReader,
  asked: FindNewPatterns,
  fromMs: number,
  toMs: number,
  limits: QueryLimits,
): Promise<readonly Form[]> {
  const { sql, parameters } = conditionOf(asked, fromMs, toMs);
  const [counted] = await reader.query<{ total: number }>(
    `SELECT toFloat64(count()) AS total FROM logs PREWHERE ${sql}`,
    parameters,
    { timeoutMs: 10_000, threads: 1, ...limits },
  );
  const every = Math.max(1, Math.ceil((counted?.total ?? 0) / mostLines));
  return reader.query<Form>(
    `SELECT form, toFloat64(count() * {every:UInt32}) AS records, toFloat64(toUnixTimestamp64Milli(min(at))) AS firstMs, argMin(line, at) AS line,
       groupUniqArrayIf(100)(place, place != '') AS sites, groupUniqArrayIf(10)(program, program != '') AS services
     FROM (SELECT ${maskSql('line')} AS form, line, at, place, program FROM
       (SELECT substringUTF8(body, 1, ${longestLine}) AS line, ts AS at, toString(site) AS place, toString(service) AS program
        FROM logs PREWHERE ${sql}${every > 1 ? ' AND cityHash64(ts) % {every:UInt32} = 0' : ''}))
     GROUP BY form ORDER BY count() DESC LIMIT ${mostForms}`,
    { ...parameters, ...maskParameters, every },
    { timeoutMs: 20_000, threads: 1, resultRows: mostForms, ...limits },
  );
}

/**
 * Whether a line of this template lies before the window, as far back as `quietMs`; undefined where it cannot be found out in time.
 */
async function wasThere(
  reader: TelemetryReader,
  asked: FindNewPatterns,
  form: string,
  limits: QueryLimits,
): Promise<boolean | undefined> {
  const phrases = phrasesOf(templateText(form.split(' '))).map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`);
  const { endMs, windowMs, quietMs } = asked;
  const { sql, parameters } = conditionOf(asked, endMs - quietMs, endMs - windowMs, phrases.join(' '));
  const rows = await reader
    .query<{ form: string }>(
      `SELECT DISTINCT ${maskSql('line')} AS form FROM (SELECT substringUTF8(body, 1, ${longestLine}) AS line FROM logs PREWHERE ${sql}) LIMIT ${comparedForms}`,
      { ...parameters, ...maskParameters },
      { timeoutMs: 10_000, threads: 1, resultRows: comparedForms, ...limits },
    )
    .catch((error: unknown) => {
      if (error instanceof StoreError && (error.kind === 'timeout' || error.kind === 'memory')) return undefined;
      throw error;
    });
  if (!rows) return undefined;
  const tree = new TemplateTree<string>();
  const own = tree.add(form, form);
  return rows.some((row) => tree.add(row.form, row.form) === own);
}
