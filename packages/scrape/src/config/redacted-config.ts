import { fail, ok, type Result } from '@sightline/base';
import { type Destination, discoveryDestination, firstChange, jobDestination } from './secret-destinations.ts';
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from 'yaml';

/** Keys whose values nobody gets to see. */
const secretKeys =
  /^(?:password|credentials|bearer_token|client_secret|client_certificate_key|secret_key|api_key|token|key|secrets|proxy_connect_header)$/;

const hidden = '<secret>';
const inAddress = /^(\w+:\/\/[^/:@\s]*):([^/@\s]*)@/;

/** The configuration as people may see it, secrets as `<secret>`; of one job where `job` is not ''. '' where there is none. */
export function redactedConfig(text: string, job: string): string {
  const document = parseDocument(text);
  if (document.errors.length > 0) return '';
  visit(document, {
    Pair: (_, pair) => {
      if (!isScalar(pair.key) || !secretKeys.test(String(pair.key.value))) return undefined;
      if (isScalar(pair.value) || isCollection(pair.value)) pair.value = inPlaceOf(document, pair.value, hidden);
      return visit.SKIP;
    },
    Scalar: (_, scalar) => {
      // Passwords within addresses.
      if (typeof scalar.value === 'string') scalar.value = scalar.value.replace(inAddress, `$1:${hidden}@`);
    },
  });
  if (job === '') return document.toString();
  const jobs = document.get('scrape_configs');
  const found = isSeq(jobs)
    ? (jobs.items as Node[]).find((item) => isMap(item) && String(item.get('job_name')) === job)
    : undefined;
  if (!found) return '';
  document.contents = found as typeof document.contents;
  return document.toString();
}

/**
 * Puts the secrets of `before` back where `text`, a configuration that people saw and changed, says `<secret>`. Jobs are found by their
 * name, everything else by its place. Fails where `<secret>` stands for nothing that is known, and where the secret would go somewhere else than
 * before: whoever may change a job need not know its secrets, and would have them sent to a host of their own.
 */
export function restoredConfig(text: string, before: string): Result<string, string> {
  if (!text.includes(hidden)) return ok(text);
  const document = parseDocument(text);
  const known = parseDocument(before);
  // Whoever reads the text says what is wrong with it.
  if (document.errors.length > 0 || known.errors.length > 0) return ok(text);
  const secrets = new Map<string, unknown>();
  eachSecret(known, (way, value) => void secrets.set(stepsOf(way).join('.'), value));
  const unknown: string[] = [];
  const moved: string[] = [];
  const contents = contentsOf(known, document);
  if (!contents) return fail('an alias has no anchor, or there are too many of them');
  const kept = (way: Way, put: () => void): void => {
    const change = changeFor(way, contents);
    if (change === undefined) put();
    else moved.push(`${stepsOf(way).join('.')}: ${change} has changed`);
  };
  eachSecret(document, (way, value, put) => {
    const place = stepsOf(way).join('.');
    const address = typeof value === 'string' ? inAddress.exec(value) : null;
    const known = secrets.get(place);
    if (address?.[2] === hidden) {
      const password = typeof known === 'string' ? inAddress.exec(known)?.[2] : undefined;
      if (password === undefined) unknown.push(place);
      else kept(way, () => put(String(value).replace(`:${hidden}@`, () => `:${password}@`)));
    } else if (value === hidden || (Array.isArray(value) && value.includes(hidden))) {
      if (known === undefined) unknown.push(place);
      else kept(way, () => put(known));
    }
  });
  if (unknown.length > 0)
    return fail(
      `${unknown.slice(0, 5).join(', ')}: ${hidden} stands for a secret that is not known here; write it out`,
    );
  if (moved.length > 0)
    return fail(
      `${moved.slice(0, 5).join('; ')}. A secret is kept only for where it went before: write it out instead of ${hidden}`,
    );
  return ok(document.toString());
}

type Way = readonly (Node | Pair | Document)[];
interface Contents {
  readonly before: unknown;
  readonly after: unknown;
}

/** Both as plain values; undefined where aliases would make them endless. */
function contentsOf(known: Document, document: Document): Contents | undefined {
  try {
    return { before: known.toJS({ maxAliasCount: 100 }), after: document.toJS({ maxAliasCount: 100 }) };
  } catch {
    return undefined;
  }
}

/** What has changed of where a secret goes: the key that says it. Undefined where it goes where it went. */
function changeFor(way: Way, { before, after }: Contents): string | undefined {
  const steps = stepsOf(way);
  // An alias may take what has an anchor anywhere.
  if (way.some(hasAnchor)) return firstChange(allDestinations(before), allDestinations(after));
  const [part, job = '', key = '', place = ''] = steps;
  if (part !== 'scrape_configs') return undefined;
  const of = (content: unknown): Destination => {
    const found = jobsOf(content).get(job) ?? {};
    if (!key.endsWith('_sd_configs')) return jobDestination(found);
    const entries: unknown = (found as Readonly<Record<string, unknown>>)[key];
    return discoveryDestination(Array.isArray(entries) ? (entries as readonly unknown[])[Number(place)] : undefined);
  };
  return firstChange(of(before), of(after));
}

const hasAnchor = (node: Node | Pair | Document): boolean => {
  const named = isPair(node) ? node.value : node;
  return (isScalar(named) || isCollection(named)) && named.anchor !== undefined;
};

/** The mappings of `scrape_configs`, by what `stepsOf` calls them. */
function jobsOf(content: unknown): ReadonlyMap<string, object> {
  const jobs = (content as { readonly scrape_configs?: unknown } | null)?.scrape_configs;
  const all: readonly unknown[] = Array.isArray(jobs) ? jobs : [];
  return new Map(
    all.flatMap((job, n): [string, object][] => {
      if (typeof job !== 'object' || job === null) return [];
      return [['job_name' in job && typeof job.job_name === 'string' ? job.job_name : String(n), job]];
    }),
  );
}

function allDestinations(content: unknown): Destination {
  return new Map(
    [...jobsOf(content)].flatMap(([job, of]) =>
      [...jobDestination(of)].map(([key, shown]) => [`${job}.${key}`, shown]),
    ),
  );
}

/** Calls back for each value that is shown as `<secret>`, whole or in part, with the nodes from the document down to it. */
function eachSecret(
  document: Document,
  found: (way: Way, value: unknown, put: (value: unknown) => void) => void,
): void {
  visit(document, {
    Pair: (_, pair, parents) => {
      if (!isScalar(pair.key) || !secretKeys.test(String(pair.key.value))) return undefined;
      if (isScalar(pair.value))
        found([...parents, pair], pair.value.value, (value) => (pair.value = inPlaceOf(document, pair.value, value)));
      if (isSeq(pair.value))
        found(
          [...parents, pair],
          pair.value.toJSON(),
          (value) => (pair.value = inPlaceOf(document, pair.value, value)),
        );
      return visit.SKIP;
    },
    Scalar: (key, scalar, parents) => {
      if (key === 'key' || typeof scalar.value !== 'string' || !inAddress.test(scalar.value)) return;
      found([...parents, scalar], scalar.value, (value) => (scalar.value = value));
    },
  });
}

/** Another value for a node; aliases of it stay. */
function inPlaceOf(document: Document, before: unknown, value: unknown): Node {
  const node = document.createNode(value);
  if ((isScalar(before) || isCollection(before)) && before.anchor !== undefined && !isAlias(node))
    node.anchor = before.anchor;
  return node;
}

/** Where a node stands: keys and numbers, of a job its name. */
function stepsOf(way: Way): readonly string[] {
  return way.flatMap((node, n) => {
    if (isPair(node)) return [String(isScalar(node.key) ? node.key.value : node.key)];
    const parent = way[n - 1];
    if (!isSeq(parent)) return [];
    const name: unknown = isMap(node) ? node.get('job_name') : undefined;
    return [typeof name === 'string' ? name : String(parent.items.indexOf(node))];
  });
}
