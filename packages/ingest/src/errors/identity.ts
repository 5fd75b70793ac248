import type { KeyScope } from '@sightline/record';
import { firstText, hexIdOf, isObject, objectOf, textOf, type JsonObject } from './json-reader.ts';
import { remembered } from './remembered.ts';

/** Names under which clients say where a record comes from, best first. Compared without case, `_`, `-` and `.`. */
const siteNames = ['site', 'site.id', 'store', 'store.id', 'site.name', 'store.name', 'store.number', 'location.id'];
const deviceNames = [
  'terminal',
  'terminal.id',
  'device.id',
  'register.id',
  'till.id',
  'pos.id',
  'lane.id',
  'host.name',
];
const serviceNames = ['service', 'service.name', 'app.name', 'application'];
const environmentNames = [
  'environment',
  'env',
  'deployment.environment.name',
  'deployment.environment',
  'sentry.environment',
];
const releaseNames = ['release', 'sentry.release', 'service.version', 'version', 'app.version'];
const correlationNames = ['correlation.id', 'x.correlation.id', 'request.id', 'x.request.id'];

/** Flat names and texts: tags, labels or attributes. */
export type NamedTexts = Readonly<Record<string, string>>;

/** A name as compared: `storeId`, `store_id`, `store-id` and `store.id` are one. */
export const plainName = remembered((name) => name.toLowerCase().replace(/[^a-z0-9]/g, ''));

/** The value of the first of `names` that `texts` holds under any spelling; '' when none. `texts` must not change any more. */
export function pick(texts: NamedTexts, names: readonly string[]): string {
  const values = valuesByPlainName(texts);
  if (values.size === 0) return '';
  for (const name of names) {
    const value = values.get(plainName(name));
    if (value !== undefined) return value;
  }
  return '';
}

/** Under each name as compared the first value that is not empty. The same texts are asked several times in turn. */
function valuesByPlainName(texts: NamedTexts): ReadonlyMap<string, string> {
  if (lastAsked.texts === texts) return lastAsked.values;
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(texts)) {
    if (value === '') continue;
    const plain = plainName(name);
    if (!values.has(plain)) values.set(plain, value);
  }
  lastAsked = { texts, values };
  return values;
}

let lastAsked: { readonly texts: NamedTexts; readonly values: ReadonlyMap<string, string> } = {
  texts: {},
  values: new Map(),
};

/** The name that `pick` would take of these where each has a value. */
export function pickName(names: readonly string[], wanted: readonly string[]): string | undefined {
  const plain = wanted.map(plainName);
  let best: string | undefined;
  let bestRank = plain.length;
  for (const name of names) {
    const rank = plain.indexOf(plainName(name));
    if (rank >= 0 && rank < bestRank) [best, bestRank] = [name, rank];
  }
  return best;
}

export interface Identity {
  readonly site: string;
  readonly device: string;
  readonly service: string;
  readonly environment: string;
  readonly release: string;
  readonly correlationId: string;
}

/** What flat names say of a record's origin, with the key's defaults where they are silent. */
export function identityOf(texts: NamedTexts, scope: KeyScope, otherwise: Partial<Identity> = {}): Identity {
  return {
    site: firstText(pick(texts, siteNames), otherwise.site ?? '', scope.site),
    device: firstText(pick(texts, deviceNames), otherwise.device ?? '', scope.device),
    service: firstText(pick(texts, serviceNames), otherwise.service ?? '', scope.service),
    environment: firstText(pick(texts, environmentNames), otherwise.environment ?? '', scope.environment),
    release: firstText(pick(texts, releaseNames), otherwise.release ?? ''),
    correlationId: firstText(pick(texts, correlationNames), otherwise.correlationId ?? ''),
  };
}

/** Tags as Sentry's clients write them: an object, or a list of `[name, value]` or `{key, value}`. At most 200. */
export function tagsOf(value: unknown): Record<string, string> {
  const pairs: [string, unknown][] = Array.isArray(value)
    ? value.map((tag: unknown) =>
        Array.isArray(tag) ? [textOf(tag[0]), tag[1]] : [textOf(objectOf(tag)['key']), objectOf(tag)['value']],
      )
    : Object.entries(objectOf(value));
  const kept = pairs.slice(0, 200).map(([name, tag]) => [textOf(name, 200), textOf(tag, 1000)] as const);
  return Object.fromEntries(kept.filter(([name, tag]) => name !== '' && tag !== ''));
}

/**
 * What an event's contexts say of its origin: `contexts.store.id`, `contexts.terminal.id`, `contexts.service.name`, or a flat
 * field such as `contexts.pos.storeId`, as flat names.
 */
export function contextTexts(contexts: JsonObject): NamedTexts {
  const texts: Record<string, string> = {};
  for (const [name, context] of Object.entries(contexts).slice(0, 50)) {
    if (!isObject(context) || foreignContexts.has(name)) continue;
    for (const [field, value] of Object.entries(context).slice(0, 50)) {
      const text = textOf(value, 300);
      if (text === '') continue;
      if (originContexts.has(name.toLowerCase())) texts[`${name}.${field}`] ??= text;
      if (!ambiguousFields.has(plainName(field))) texts[field] ??= text;
    }
  }
  return texts;
}

/** Contexts whose fields are about other things than the record's origin. */
const foreignContexts = new Set([
  'trace',
  'os',
  'client_os',
  'runtime',
  'browser',
  'device',
  'gpu',
  'culture',
  'cloud_resource',
  'response',
  'app',
  'flags',
  'profile',
  'replay',
]);
const originContexts = new Set([
  'site',
  'store',
  'terminal',
  'register',
  'till',
  'pos',
  'lane',
  'service',
  'location',
  'request',
]);
const ambiguousFields = new Set([
  'name',
  'id',
  'version',
  'type',
  'application',
  'service',
  'environment',
  'release',
  'hostname',
]);

/** Service from a release of Sentry's form `package@version`; '' when it has none. */
export function packageOfRelease(release: string): string {
  const at = release.lastIndexOf('@');
  return at > 0 ? release.slice(0, at) : '';
}

export interface TraceIds {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
}

/** Ids of Sentry's trace context, '' where absent or malformed. */
export function traceIdsOf(context: JsonObject): TraceIds {
  return {
    traceId: hexIdOf(context['trace_id'], 32),
    spanId: hexIdOf(context['span_id'], 16),
    parentId: hexIdOf(context['parent_span_id'], 16),
  };
}
