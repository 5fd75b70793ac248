/** A kubeconfig file as kubectl writes it (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/): the cluster and user of its current context. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fail, ok, type Result } from '@sightline/base';
import { parse, YAMLError } from 'yaml';
import type { HttpClientConfig, Secret } from './http-client-config.ts';

/** A larger file is no kubeconfig. */
const mostBytes = 1_000_000;

/** Where a cluster's API is, and how it is asked. */
export interface KubeAccess {
  /** Without a slash at the end. */
  readonly apiServer: string;
  readonly http: HttpClientConfig;
}

type Mapping = Readonly<Record<string, unknown>>;

/**
 * Reads the file now; tokens and certificates that it names as files are read anew with each request. Fails in a sentence that repeats no value:
 * where it cannot be read, has no current context, or asks for a program or provider that would have to be run for a token.
 */
export function readKubeconfig(file: string): Result<KubeAccess, string> {
  let content: unknown;
  try {
    if (statSync(file).size > mostBytes) return fail('is larger than a kubeconfig may be');
    content = parse(readFileSync(file, 'utf8'), { maxAliasCount: 100 });
  } catch (error) {
    // A fault of the file's text shows the text.
    return fail(
      `cannot be read (${error instanceof YAMLError ? 'it is no YAML' : (error as NodeJS.ErrnoException).code})`,
    );
  }
  const whole = mappingOf(content);
  const current = textOf(whole, 'current-context');
  if (current === '') return fail('has no current-context');
  const context = named(whole['contexts'], current, 'context');
  if (!context) return fail('has no context of the name of its current-context');
  const cluster = named(whole['clusters'], textOf(context, 'cluster'), 'cluster');
  if (!cluster) return fail("lacks the current context's cluster");
  const userName = textOf(context, 'user');
  const user = userName === '' ? {} : named(whole['users'], userName, 'user');
  if (!user) return fail("lacks the current context's user");
  return accessOf(cluster, user, path.dirname(file));
}

function accessOf(cluster: Mapping, user: Mapping, folder: string): Result<KubeAccess, string> {
  for (const [key, why] of refusedKeys) if (user[key] !== undefined) return fail(`has a user with ${key}: ${why}`);
  const server = textOf(cluster, 'server').replace(/\/+$/, '');
  if (!/^https?:\/\//.test(server) || !URL.canParse(server))
    return fail('has a server that does not begin with http:// or https://');
  const proxy = textOf(cluster, 'proxy-url');
  if (proxy !== '' && !(/^https?:\/\//.test(proxy) && URL.canParse(proxy)))
    return fail('has a proxy-url that is no address of an HTTP proxy');
  const secret = (from: Mapping, key: string): Secret | undefined => {
    const data = textOf(from, `${key}-data`);
    const name = textOf(from, key);
    // As kubectl does: what is written out comes first.
    if (data !== '') return { text: Buffer.from(data, 'base64').toString('utf8') };
    return name === '' ? undefined : { file: path.resolve(folder, name) };
  };
  const tokenFile = textOf(user, 'tokenFile');
  const token = textOf(user, 'token');
  const credentials: Secret | undefined =
    tokenFile !== '' ? { file: path.resolve(folder, tokenFile) } : token === '' ? undefined : { text: token };
  const username = textOf(user, 'username');
  if (username !== '' && credentials) return fail('has a user with both a token and a password');
  return ok({
    apiServer: server,
    http: {
      authorization: credentials && { type: 'Bearer', credentials },
      basicAuth:
        username === '' ? undefined : { username: { text: username }, password: { text: textOf(user, 'password') } },
      oauth2: undefined,
      proxy: proxy === '' ? undefined : { url: proxy, direct: [] },
      tls: {
        ca: secret(cluster, 'certificate-authority'),
        cert: secret(user, 'client-certificate'),
        key: secret(user, 'client-key'),
        serverName: textOf(cluster, 'tls-server-name'),
        insecureSkipVerify: cluster['insecure-skip-tls-verify'] === true,
      },
      followRedirects: true,
      headers: [],
    },
  });
}

const refusedKeys: readonly (readonly [key: string, why: string])[] = [
  ['exec', 'no programs are run for a token; use a token, tokenFile or a client certificate'],
  ['auth-provider', 'providers are not asked for a token; use a token, tokenFile or a client certificate'],
  ['as', 'nobody else is impersonated'],
];

const mappingOf = (value: unknown): Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};

function textOf(from: Mapping, key: string): string {
  const value = from[key];
  return typeof value === 'string' ? value : '';
}

/** The entry of that name out of a list of `{name, [key]: {…}}`. */
function named(list: unknown, name: string, key: string): Mapping | undefined {
  const entries = Array.isArray(list) ? list.map(mappingOf) : [];
  const found = entries.find((entry) => entry['name'] === name);
  return found && mappingOf(found[key]);
}
