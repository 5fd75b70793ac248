/** To whom the secrets of a configuration are shown: what may not change while they are kept. */

/** What says where requests of a section go, beside its targets. */
const ways = ['scheme', 'proxy_url', 'no_proxy', 'proxy_from_environment', 'tls_config', 'follow_redirects'] as const;
/** Where each discovery finds targets or is itself found. */
const discovered = [
  'url',
  'api_server',
  'kubeconfig_file',
  'names',
  'type',
  'port',
  'files',
  'role',
  'namespaces',
  'selectors',
] as const;
const hidden = '<secret>';
/** What a certificate's own key stands in is a secret, and what is asked says nothing of whom. */
const ownKeys: ReadonlySet<string> = new Set(['cert', 'key', 'cert_file', 'key_file']);

type Mapping = Readonly<Record<string, unknown>>;
const mappingOf = (value: unknown): Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** By the key that says it, such as `static_configs`: a text that is the same where nothing of it changed. */
export type Destination = ReadonlyMap<string, string>;

/** The destinations of one of `scrape_configs`. */
export function jobDestination(job: unknown): Destination {
  const found = sectionDestination(job);
  const of = mappingOf(job);
  found.set('static_configs', shown(listOf(of['static_configs']).map(groupOf)));
  for (const [key, value] of Object.entries(of))
    if (key.endsWith('_sd_configs')) found.set(key, shown(listOf(value).map((one) => [...discoveryDestination(one)])));
  const rules = listOf(of['relabel_configs']);
  found.set('relabel_configs', rules.some(moves) ? shown(rules) : '');
  return found;
}

/** The destinations of one entry of a discovery, such as `http_sd_configs`. */
export function discoveryDestination(entry: unknown): Destination {
  const found = sectionDestination(entry);
  for (const key of discovered) found.set(key, shown(mappingOf(entry)[key]));
  return found;
}

/** The first key in which two destinations differ; undefined where they are the same. */
export function firstChange(before: Destination, after: Destination): string | undefined {
  return [...before.keys(), ...after.keys()].find((key) => (before.get(key) ?? '') !== (after.get(key) ?? ''));
}

function sectionDestination(section: unknown): Map<string, string> {
  const found = new Map<string, string>();
  const of = mappingOf(section);
  for (const key of ways) found.set(key, shown(key === 'tls_config' ? trustOf(of[key]) : of[key]));
  const oauth2 = mappingOf(of['oauth2']);
  found.set('oauth2.token_url', shown(oauth2['token_url']));
  for (const key of ways) found.set(`oauth2.${key}`, shown(key === 'tls_config' ? trustOf(oauth2[key]) : oauth2[key]));
  return found;
}

/** Whom a connection trusts. */
const trustOf = (tls: unknown): unknown => Object.entries(mappingOf(tls)).filter(([key]) => !ownKeys.has(key));

/** Targets, and of labels those that say how they are asked. */
function groupOf(group: unknown): unknown {
  const { targets, labels } = mappingOf(group);
  return [targets, Object.entries(mappingOf(labels)).filter(([name]) => name.startsWith('__'))];
}

/** Whether a rule may write an address, a scheme or another label by which a target is asked. */
function moves(rule: unknown): boolean {
  const { action = 'replace', target_label: target = '' } = mappingOf(rule);
  const name = String(target);
  return action === 'labelmap' || name.startsWith('__') || name.includes('$');
}

/** A value as one text, whatever the order of its keys; passwords within addresses do not count. */
function shown(value: unknown): string {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return '';
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'string') return withoutPassword(part);
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** An address without its password. */
export function withoutPassword(text: string): string {
  return text.replace(/^(\w+:\/\/[^/:@\s]*):([^/@\s]*)@/, `$1:${hidden}@`);
}
