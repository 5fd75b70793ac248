import { fail, ok, type Result } from '@sightline/base';
import {
  type Document,
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
      if (isScalar(pair.value) || isCollection(pair.value)) pair.value = document.createNode(hidden);
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
 * name, everything else by its place. Fails where `<secret>` stands for nothing that is known.
 */
export function restoredConfig(text: string, before: string): Result<string, string> {
  if (!text.includes(hidden)) return ok(text);
  const document = parseDocument(text);
  const known = parseDocument(before);
  // Whoever reads the text says what is wrong with it.
  if (document.errors.length > 0 || known.errors.length > 0) return ok(text);
  const secrets = new Map<string, unknown>();
  eachSecret(known, (place, value) => void secrets.set(place, value));
  const unknown: string[] = [];
  eachSecret(document, (place, value, put) => {
    const address = typeof value === 'string' ? inAddress.exec(value) : null;
    const known = secrets.get(place);
    if (address?.[2] === hidden) {
      const password = typeof known === 'string' ? inAddress.exec(known)?.[2] : undefined;
      if (password === undefined) unknown.push(place);
      else put(String(value).replace(`:${hidden}@`, () => `:${password}@`));
    } else if (value === hidden || (Array.isArray(value) && value.includes(hidden))) {
      if (known === undefined) unknown.push(place);
      else put(known);
    }
  });
  if (unknown.length > 0)
    return fail(
      `${unknown.slice(0, 5).join(', ')}: ${hidden} stands for a secret that is not known here; write it out`,
    );
  return ok(document.toString());
}

/** Calls back for each value that is shown as `<secret>`, whole or in part, with its place. */
function eachSecret(
  document: Document,
  found: (place: string, value: unknown, put: (value: unknown) => void) => void,
): void {
  visit(document, {
    Pair: (_, pair, parents) => {
      if (!isScalar(pair.key) || !secretKeys.test(String(pair.key.value))) return undefined;
      if (isScalar(pair.value))
        found(placeOf([...parents, pair]), pair.value.value, (value) => (pair.value = document.createNode(value)));
      if (isSeq(pair.value))
        found(placeOf([...parents, pair]), pair.value.toJSON(), (value) => (pair.value = document.createNode(value)));
      return visit.SKIP;
    },
    Scalar: (key, scalar, parents) => {
      if (key === 'key' || typeof scalar.value !== 'string' || !inAddress.test(scalar.value)) return;
      found(placeOf([...parents, scalar]), scalar.value, (value) => (scalar.value = value));
    },
  });
}

/** Where a node stands: keys and numbers, of a job its name. */
function placeOf(way: readonly (Node | Pair | Document)[]): string {
  return way
    .flatMap((node, n) => {
      if (isPair(node)) return [String(isScalar(node.key) ? node.key.value : node.key)];
      const parent = way[n - 1];
      if (!isSeq(parent)) return [];
      const name: unknown = isMap(node) ? node.get('job_name') : undefined;
      return [typeof name === 'string' ? name : String(parent.items.indexOf(node))];
    })
    .join('.');
}
