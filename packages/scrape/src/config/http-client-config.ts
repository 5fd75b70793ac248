import path from 'node:path';
import type { Section } from './section.ts';

/** A secret in the file, or the file that holds it and is read anew each time. */
export type Secret = { readonly text: string } | { readonly file: string };

/** How targets and discovery are asked (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config). */
export interface HttpClientConfig {
  readonly authorization: { readonly type: string; readonly credentials: Secret } | undefined;
  readonly basicAuth: { readonly username: Secret; readonly password: Secret } | undefined;
  /** Tokens are fetched with the client's own credentials (RFC 6749, 4.4). */
  readonly oauth2: OAuth2Config | undefined;
  /** Undefined asks directly. */
  readonly proxy: ProxyConfig | undefined;
  readonly tls: {
    readonly ca: Secret | undefined;
    readonly cert: Secret | undefined;
    readonly key: Secret | undefined;
    readonly serverName: string;
    readonly insecureSkipVerify: boolean;
  };
  readonly followRedirects: boolean;
  /** Beside our own. */
  readonly headers: readonly (readonly [name: string, value: Secret])[];
}

export interface OAuth2Config {
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly tokenUrl: string;
  readonly scopes: readonly string[];
  /** Further fields of the request for a token. */
  readonly params: ReadonlyMap<string, string>;
  /** How the token's address is asked. */
  readonly http: HttpClientConfig;
}

export interface ProxyConfig {
  /** `http://[user:password@]host:port`. */
  readonly url: string;
  /** Hosts that are asked directly: names, `.domains`, addresses, ranges, each with a port where one is meant. */
  readonly direct: readonly string[];
}

/** Reads the keys that `scrape_configs` and `http_sd_configs` share. Files are relative to `folder`; undefined refuses them. */
export function readHttpClientConfig(section: Section, folder: string | undefined): HttpClientConfig {
  const secretOf = (from: Section, key: string, fileKey = `${key}_file`): Secret | undefined => {
    const file = from.text(fileKey);
    const text = from.text(key);
    if (text !== '' && file !== '') from.error(`${key} and ${fileKey} exclude each other`);
    if (file !== '') return fileOf(from, fileKey, file, folder);
    return text === '' ? undefined : { text };
  };
  const bearer = secretOf(section, 'bearer_token');
  const given = section.section('authorization');
  const credentials = secretOf(given, 'credentials');
  const type = given.text('type', 'Bearer');
  given.finish();
  const basic = section.section('basic_auth');
  const username = secretOf(basic, 'username') ?? { text: '' };
  const password = secretOf(basic, 'password') ?? { text: '' };
  basic.finish();
  const oauth2 = section.has('oauth2') ? readOAuth2(section.section('oauth2'), folder, secretOf) : undefined;
  const ways = [bearer, credentials, section.has('basic_auth') ? basic : undefined, oauth2].filter(
    (way) => way !== undefined,
  );
  if (ways.length > 1) section.error('only one of basic_auth, authorization, oauth2 and bearer_token may be given');
  for (const key of ['proxy_from_environment', 'proxy_connect_header', 'sigv4', 'azuread', 'google_iam'])
    if (section.has(key)) {
      section.raw(key);
      section.warn(`${key} is not supported: requests go without it`);
    }
  // HTTP/1.1 serves as well.
  section.raw('enable_http2');
  const authorization = bearer ?? credentials;
  return {
    authorization: authorization && { type: bearer ? 'Bearer' : type, credentials: authorization },
    basicAuth: section.has('basic_auth') ? { username, password } : undefined,
    oauth2,
    proxy: readProxy(section),
    tls: readTls(section.section('tls_config'), secretOf),
    followRedirects: section.flag('follow_redirects', true),
    headers: readHeaders(section, folder),
  };
}

function readOAuth2(
  section: Section,
  folder: string | undefined,
  secretOf: (from: Section, key: string) => Secret | undefined,
): OAuth2Config {
  const grant = section.text('grant_type', 'client_credentials');
  if (grant !== 'client_credentials') section.error('grant_type must be client_credentials');
  const tokenUrl = section.text('token_url');
  if (!/^https?:\/\//.test(tokenUrl)) section.error('token_url must begin with http:// or https://');
  const clientId = section.text('client_id');
  if (clientId === '') section.error('client_id is missing');
  const config = {
    clientId,
    clientSecret: secretOf(section, 'client_secret') ?? { text: '' },
    tokenUrl,
    scopes: section.texts('scopes'),
    params: section.mapping('endpoint_params'),
    http: readHttpClientConfig(section, folder),
  };
  section.finish();
  return config;
}

function readProxy(section: Section): ProxyConfig | undefined {
  const url = section.text('proxy_url');
  const direct = section
    .text('no_proxy')
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '');
  if (url === '') return undefined;
  if (/^https?:\/\//.test(url) && URL.canParse(url)) return { url, direct };
  section.error('proxy_url must be the address of an HTTP proxy, such as http://proxy:3128');
  return undefined;
}

function readTls(
  section: Section,
  secretOf: (from: Section, key: string) => Secret | undefined,
): HttpClientConfig['tls'] {
  const tls = {
    ca: secretOf(section, 'ca'),
    cert: secretOf(section, 'cert'),
    key: secretOf(section, 'key'),
    serverName: section.text('server_name'),
    insecureSkipVerify: section.flag('insecure_skip_verify', false),
  };
  // Node's own bounds are as good.
  section.raw('min_version');
  section.raw('max_version');
  section.finish();
  return tls;
}

function fileOf(from: Section, key: string, file: string, folder: string | undefined): Secret {
  if (folder !== undefined) return { file: path.resolve(folder, file) };
  from.error(`${key} names a file, which only a configuration on the server's disk may: write the value itself`);
  return { text: '' };
}

function readHeaders(section: Section, folder: string | undefined): HttpClientConfig['headers'] {
  const headers = section.section('http_headers');
  return headers.keys.flatMap((name) => {
    const header = headers.section(name);
    const values = [...header.texts('values'), ...header.texts('secrets')].map((text): Secret => ({ text }));
    const files = header.texts('files').map((file) => fileOf(header, 'files', file, folder));
    header.finish();
    return [...values, ...files].map((value) => [name.toLowerCase(), value] as const);
  });
}
