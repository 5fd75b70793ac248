import { fail, ok, type Result } from '@sightline/base';
import type { Labels, Limited, Matcher, MetricName, QueryFault } from '@sightline/query/promql';
import {
  noPieces,
  type IndexQuery,
  type Selection,
  type SelectionRequest,
  type SeriesIndex,
  type Statistics,
} from '../selection.ts';
import type { Organisation } from '../series/catalogue.ts';
import type { Family } from '../series/family.ts';
import { findMembers, MatcherTable } from '../series/find-members.ts';
import { countValues, type Figure, greatest, LabelFigures } from '../series/label-figures.ts';
import type { Head } from './head.ts';
import { headPieces } from './head-pieces.ts';
import type { FamilyLoader } from './load-families.ts';
import type { StoredBlocks } from './stored-blocks.ts';
import { groupTable, labelTable, type MatchedFamily } from './selected-labels.ts';

/** Most items of an answer whose query names no limit. */
const itemsLimit = 1_000_000;
/** Matchers that are kept with their compiled expressions. */
const matchersLimit = 200;

/** The index over all series: those of the head and, loaded when asked for, those of the engine's table. */
export class HeadIndex implements SeriesIndex {
  readonly #head: Head;
  readonly #loader: FamilyLoader;
  readonly #tables = new Map<string, MatcherTable>();
  readonly #stored: StoredBlocks;

  constructor(head: Head, loader: FamilyLoader, stored: StoredBlocks) {
    this.#head = head;
    this.#loader = loader;
    this.#stored = stored;
  }

  async select(request: SelectionRequest): Promise<Result<Selection, QueryFault>> {
    await this.#stored.prepare(request.organisation);
    const found = await this.#find(request.organisation, request.matchers, request.startMs, request.endMs);
    if (!found.ok) return found;
    const matched = found.value.sort((a, b) => (a.family.metric < b.family.metric ? -1 : 1));
    const total = matched.reduce((sum, { members }) => sum + members.length, 0);
    if (total > request.limit) {
      const message = `the selector matches ${total} series, more than the limit of ${request.limit}`;
      return fail({ kind: 'execution', message });
    }
    // No turn is given to others from here on: order, labels and pieces are of one moment.
    const fps = new BigUint64Array(total);
    const words = new Uint32Array(fps.buffer);
    const metricEnds = new Uint32Array(matched.length);
    let at = 0;
    for (const [index, { family, members }] of matched.entries()) {
      family.byFingerprint(members);
      for (const member of members) {
        words[at * 2] = family.fpLo[member] as number;
        words[at * 2 + 1] = family.fpHi[member] as number;
        at++;
      }
      metricEnds[index] = at;
    }
    const changes = [...this.#head.changes];
    return ok({
      fps,
      metrics: matched.map(({ family }) => family.metric),
      metricEnds,
      family: matched.reduce((sum, { family }) => sum + family.count, 0),
      ...(request.grouping
        ? { groups: groupTable(matched, total, request.grouping) }
        : { labels: labelTable(matched, total) }),
      ...(request.labelsOnly ? { head: noPieces } : this.#pieces(matched, request)),
      stored: {
        ...this.#stored.range(request.organisation),
        changedMs: Float64Array.from(changes, ([startMs]) => startMs),
        changes: Uint32Array.from(changes, ([, count]) => count),
      },
    });
  }

  endLease(lease: number): void {
    this.#head.blocks.slab.endLease(lease);
  }

  #pieces(matched: readonly MatchedFamily[], { startMs, endMs }: SelectionRequest): Pick<Selection, 'head' | 'lease'> {
    const { blocks } = this.#head;
    const pieces = headPieces(blocks, matched, startMs, endMs);
    return { head: pieces.finish(), ...(pieces.leased ? { lease: blocks.slab.lease() } : {}) };
  }

  async series(query: IndexQuery): Promise<Limited<Labels>> {
    const items: Labels[] = [];
    const limit = query.limit || itemsLimit;
    for (const { family, members } of await this.#findAny(query))
      for (const member of members) {
        if (items.length >= limit) return { items, cut: true };
        items.push(family.labelsOf(member));
      }
    return { items, cut: false };
  }

  async metricNames(query: IndexQuery): Promise<Limited<MetricName>> {
    const limit = query.limit || itemsLimit;
    const items: MetricName[] = [];
    for (const { family, members } of await this.#findAny(query)) {
      if (members.length === 0) continue;
      if (items.length >= limit) return { items, cut: true };
      const lastSeenMs = members.reduce((last, member) => Math.max(last, family.last[member] ?? 0), -Infinity);
      items.push({ metric: family.metric, series: members.length, lastSeenMs });
    }
    return { items, cut: false };
  }

  async labelNames(query: IndexQuery): Promise<Limited<string>> {
    const names = new Set<string>();
    for (const { family, members } of await this.#findAny(query)) {
      if (members.length > 0) names.add('__name__');
      for (const column of family.columns.values())
        if (!names.has(column.name) && members.some((member) => column.ids[member] !== 0)) names.add(column.name);
    }
    return limited(names, query.limit);
  }

  async labelValues(query: IndexQuery & { readonly label: string }): Promise<Limited<string>> {
    const values = new Set<string>();
    for (const { family, members } of await this.#findAny(query)) {
      if (query.label === '__name__' && members.length > 0) values.add(family.metric);
      const column = family.columns.get(query.label);
      if (!column) continue;
      const taken = new Uint8Array(column.values.length);
      for (const member of members) taken[column.ids[member] as number] = 1;
      for (let id = 1; id < taken.length; id++) if (taken[id] === 1) values.add(column.values[id] as string);
    }
    return limited(values, query.limit);
  }

  /** Of the series that the head holds, as Prometheus' status page tells of its head. */
  statistics(organisation: string): Statistics {
    const known = this.#head.catalogue.organisation(organisation);
    const families = [...known.families.values()].filter(({ active }) => active > 0);
    const byMetric = families.map(({ metric, active }): Figure => [metric, active]);
    const labels = new LabelFigures();
    labels.add('__name__', new Map(byMetric));
    for (const name of new Set(families.flatMap(({ columns }) => [...columns.keys()])))
      labels.add(name, countValues(families, name));
    const blocks = this.#head.blocks.all();
    return {
      series: known.active,
      byMetric: greatest(byMetric),
      ...labels.greatest(),
      minTimeMs: blocks[0]?.startMs ?? 0,
      maxTimeMs: blocks.at(-1)?.endMs ?? 0,
    };
  }

  async #findAny(query: IndexQuery): Promise<MatchedFamily[]> {
    const selectors = query.matchers.length === 0 ? [[]] : query.matchers;
    const byFamily = new Map<Family, Set<number> | Uint32Array>();
    for (const matchers of selectors) {
      const found = await this.#find(query.organisation, matchers, query.startMs, query.endMs);
      if (!found.ok) throw new Error(found.error.message);
      for (const { family, members } of found.value) {
        const known = byFamily.get(family);
        byFamily.set(family, known ? new Set([...known, ...members]) : members);
      }
    }
    return [...byFamily]
      .map(([family, members]) => ({ family, members: Uint32Array.from(members) }))
      .sort((a, b) => (a.family.metric < b.family.metric ? -1 : 1));
  }

  async #find(
    organisationName: string,
    matchers: readonly Matcher[],
    startMs: number,
    endMs: number,
  ): Promise<Result<MatchedFamily[], QueryFault>> {
    let tables: MatcherTable[];
    try {
      tables = matchers.map((matcher) => this.#table(matcher));
    } catch (error) {
      return fail({ kind: 'bad_data', message: error instanceof Error ? error.message : String(error) });
    }
    const organisation = this.#head.catalogue.organisation(organisationName);
    const named = tables.filter(({ matcher }) => matcher.label === '__name__');
    const others = tables.filter(({ matcher }) => matcher.label !== '__name__');
    const families = await this.#families(organisation, named);
    await this.#loader.families(organisation, families);
    const now = this.#head.now();
    const matched: MatchedFamily[] = [];
    for (const family of families) {
      family.usedAtMs = now;
      const members = findMembers(family, others, startMs, endMs);
      if (members.length > 0) matched.push({ family, members });
    }
    return ok(matched);
  }

  async #families(organisation: Organisation, named: readonly MatcherTable[]): Promise<Family[]> {
    const exact = named.find(({ matcher }) => matcher.operator === '=' && matcher.value !== '');
    if (exact) {
      const { value } = exact.matcher;
      if (!named.every((table) => table.test(value))) return [];
      const known = organisation.families.get(value);
      if (known) return [known];
    }
    await this.#loader.names(organisation);
    if (exact) {
      const loaded = organisation.families.get(exact.matcher.value);
      return loaded ? [loaded] : [];
    }
    return [...organisation.families.values()].filter(({ metric }) => named.every((table) => table.test(metric)));
  }

  #table(matcher: Matcher): MatcherTable {
    const key = `${matcher.operator}\u0000${matcher.label}\u0000${matcher.value}`;
    let table = this.#tables.get(key);
    if (!table) {
      table = new MatcherTable(matcher);
      if (this.#tables.size >= matchersLimit) this.#tables.clear();
      this.#tables.set(key, table);
    }
    return table;
  }
}

function limited(found: ReadonlySet<string>, limit: number): Limited<string> {
  const items = [...found].sort();
  const most = limit || itemsLimit;
  return { items: items.slice(0, most), cut: items.length > most };
}
