import { plainName } from '../errors/identity.ts';
import {
  correlationIdNames,
  deviceNames,
  environmentNames,
  releaseNames,
  serviceNames,
  siteNames,
  spanIdNames,
  traceIdNames,
} from './identity-names.ts';
import { levelNames } from './level.ts';

/** What a field of a log object may stand for. */
export type FieldKind =
  | 'time'
  | 'level'
  | 'message'
  | 'service'
  | 'site'
  | 'device'
  | 'environment'
  | 'release'
  | 'traceId'
  | 'spanId'
  | 'correlationId';

const namesOfKinds: Readonly<Record<FieldKind, readonly string[]>> = {
  time: ['time', 'timestamp', 'ts', '@timestamp', 'dt', 'datetime'],
  level: levelNames,
  message: ['message', 'msg', 'body', 'log', 'event', 'text'],
  service: serviceNames,
  site: siteNames,
  device: deviceNames,
  environment: environmentNames,
  release: releaseNames,
  traceId: traceIdNames,
  spanId: spanIdNames,
  correlationId: correlationIdNames,
};

/** Where shippers put what the application itself said of its origin; looked through after the record's own fields. */
const containers = [
  'fields.',
  'labels.',
  'tags.',
  'meta.',
  'metadata.',
  'context.',
  'extra.',
  'kubernetes.labels.',
  'kubernetes.',
  'sightline.',
];
/** Within a container a time, a level or a message is about something else. */
const onlyOwn: ReadonlySet<FieldKind> = new Set<FieldKind>(['time', 'level', 'message']);

/** The exact name is better than another spelling, and that better than one within a container. */
const otherSpelling = 1000;
const withinContainer = 10_000;

interface Meaning {
  readonly kind: FieldKind;
  /** The lower, the better. */
  readonly rank: number;
}

const exact = new Map<string, Meaning>();
const plain = new Map<string, Meaning>();
for (const [kind, names] of Object.entries(namesOfKinds) as [FieldKind, readonly string[]][]) {
  for (const [rank, name] of names.entries()) {
    if (!exact.has(name)) exact.set(name, { kind, rank });
    if (!plain.has(plainName(name))) plain.set(plainName(name), { kind, rank: rank + otherSpelling });
  }
}

/** Names repeat from record to record: what they mean is worked out once. Emptied when full, because clients make names up. */
const known = new Map<string, Meaning | undefined>();
const knownLimit = 4096;

function meaningOf(name: string): Meaning | undefined {
  if (known.has(name)) return known.get(name);
  if (known.size >= knownLimit) known.clear();
  const meaning = workOut(name);
  known.set(name, meaning);
  return meaning;
}

function workOut(name: string): Meaning | undefined {
  const own = exact.get(name) ?? plain.get(plainName(name));
  if (own) return own;
  for (const container of containers) {
    if (!name.toLowerCase().startsWith(container)) continue;
    const rest = name.slice(container.length);
    const within = exact.get(rest) ?? plain.get(plainName(rest));
    if (within && !onlyOwn.has(within.kind)) return { kind: within.kind, rank: within.rank + withinContainer };
  }
  return undefined;
}

/** Names that every record of bunyan has (https://github.com/trentm/node-bunyan#core-fields): there `name` is the program's. */
const bunyanNames: ReadonlySet<string> = new Set(['name', 'hostname', 'pid', 'v']);

/** For each kind the field that says it best. */
export function fieldsByKind(names: Iterable<string>): Partial<Record<FieldKind, string>> {
  const best: Partial<Record<FieldKind, string>> = {};
  const ranks: Partial<Record<FieldKind, number>> = {};
  let ofBunyan = 0;
  for (const name of names) {
    if (bunyanNames.has(name)) ofBunyan++;
    const meaning = meaningOf(name);
    if (!meaning || meaning.rank >= (ranks[meaning.kind] ?? Number.POSITIVE_INFINITY)) continue;
    best[meaning.kind] = name;
    ranks[meaning.kind] = meaning.rank;
  }
  if (best.service === undefined && ofBunyan === bunyanNames.size) best.service = 'name';
  return best;
}

/** Whether a name is one of those under which a record's origin or ids are known. */
export function isIdentity(name: string): boolean {
  const meaning = exact.get(name) ?? plain.get(plainName(name));
  return meaning !== undefined && !onlyOwn.has(meaning.kind);
}
