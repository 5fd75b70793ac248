import type { ErrorEvent } from '@sightline/contract';
import { frameText } from './fold-frames.ts';

/** One fact of two events; '' where an event does not have it. */
export interface ComparedFact {
  readonly name: string;
  readonly left: string;
  readonly right: string;
}

export interface ComparedSection {
  readonly title: string;
  readonly facts: readonly ComparedFact[];
}

type Facts = ReadonlyMap<string, string>;

const framesAtMost = 30;
const crumbsAtMost = 20;
const depthAtMost = 6;
const factsAtMost = 500;

/** What two events hold, section by section, each fact beside its counterpart; sections in which neither has any are left out. */
export function compareEvents(left: ErrorEvent, right: ErrorEvent): readonly ComparedSection[] {
  const sections = sectionsOf(left);
  const others = new Map(sectionsOf(right));
  return sections.flatMap(([title, facts]) => {
    const beside = others.get(title) ?? new Map<string, string>();
    const names = [...new Set([...facts.keys(), ...beside.keys()])];
    if (names.length === 0) return [];
    const compared = names.map((name) => ({ name, left: facts.get(name) ?? '', right: beside.get(name) ?? '' }));
    return [{ title, facts: compared }];
  });
}

/** The sections with the facts that differ alone. */
export function differencesOf(sections: readonly ComparedSection[]): readonly ComparedSection[] {
  return sections
    .map(({ title, facts }) => ({ title, facts: facts.filter(({ left, right }) => left !== right) }))
    .filter(({ facts }) => facts.length > 0);
}

function sectionsOf(event: ErrorEvent): (readonly [string, Facts])[] {
  const { groups, tags, exceptions, breadcrumbs, contexts, extra } = event;
  const thrown = exceptions.map(({ type, value }, at) => [at === 0 ? 'Exception' : `Cause ${at}`, `${type}: ${value}`]);
  const frames = (exceptions[0]?.frames ?? []).slice(0, framesAtMost);
  const locals = frames.flatMap((frame) =>
    Object.entries(frame.locals ?? {}).map(([name, value]) => [`${frame.function || 'anonymous'} · ${name}`, value]),
  );
  const crumbs = breadcrumbs
    .slice(-crumbsAtMost)
    .toReversed()
    .map(({ category, message, data }, at) => [
      at === 0 ? 'Last' : `${at} before`,
      [category, message, data].filter((part) => part !== '').join(' '),
    ]);
  return [
    [
      'Event',
      factsOf([
        ['Site', event.site],
        ['Terminal', event.device],
        ['Service', event.service],
        ['Environment', event.environment],
        ['Release', event.release],
        ['Distribution', event.dist],
        ['Transaction', event.transaction],
        ['Platform', event.platform],
        ['SDK', event.sdk],
        ['Handled', event.handled ? 'yes' : 'no'],
        ...thrown,
      ]),
    ],
    [
      'Context',
      factsOf(groups.flatMap(({ name, fields }) => fields.map(({ label, value }) => [`${name} · ${label}`, value]))),
    ],
    ['Tags', factsOf(Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1)))],
    ['Stack', factsOf(frames.map((frame, at) => [`${at + 1}`, frameText(frame)]))],
    ['Local variables', factsOf(locals)],
    ['What happened before', factsOf(crumbs)],
    ['More', factsOf(leavesOf({ ...contexts, ...(Object.keys(extra).length > 0 ? { extra } : {}) }))],
  ];
}

/** Facts by name, each name once, the first stands. */
function factsOf(facts: readonly (readonly string[])[]): Facts {
  const named = new Map<string, string>();
  for (const [name = '', value = ''] of facts.slice(0, factsAtMost))
    if (value !== '' && !named.has(name)) named.set(name, value);
  return named;
}

/** Values of nested data by their paths; what lies deeper is one text. */
function leavesOf(value: unknown, path = '', depth = 0): string[][] {
  if (typeof value !== 'object' || value === null || depth >= depthAtMost)
    return [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([name, one]) =>
    leavesOf(one, path === '' ? name : `${path}.${name}`, depth + 1),
  );
}
