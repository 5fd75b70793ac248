import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { fail, ok, parseDuration, type LogLevel, type Result } from '@sightline/base';
import type { ResourcePromotion } from '@sightline/record';
import type { S3Place } from '@sightline/store';

export const roles = ['ingest', 'query', 'detect', 'fleet'] as const;
export type RoleName = (typeof roles)[number];

/** What a first start sets up without a browser. */
export interface HeadlessSetup {
  readonly organisation: string;
  readonly email: string;
  readonly password: string;
  /** '' when no key was given. */
  readonly key: string;
}

/** One port of a socket protocol. */
export interface ListenerPort {
  readonly port: number;
  readonly transport: 'udp+tcp' | 'udp' | 'tcp' | 'tls';
  /** Whether clients must prove that they know a shared key; of Fluentd's forward protocol alone. */
  readonly handshake: boolean;
}

/** Every setting of the server, checked. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly dataFolder: string;
  readonly demo: boolean;
  readonly roles: ReadonlySet<RoleName>;
  /** '' until somebody says under which address people come; then the address that was bound is used. */
  readonly publicUrl: string;
  /** Under which other processes of the installation reach this one; '' to say what was bound. */
  readonly peerUrl: string;
  /** Further OTLP ports, tried where free; undefined to leave them. */
  readonly otlpPorts: { readonly grpc: number; readonly http: number } | undefined;
  readonly spoolLimitBytes: number;
  /** How long samples of metrics are kept as they came; Infinity for ever. */
  readonly retentionMetricsMs: number;
  /** Active series that an organisation, and one metric of it, may have. */
  readonly metricSeriesLimit: { readonly organisation: number; readonly metric: number };
  /** Attributes of OTLP resources that become labels; undefined to take what the scrape configuration says. */
  readonly otlpPromotion: ResourcePromotion | undefined;
  /** A prometheus.yml to scrape by; '' for none. */
  readonly scrapeConfig: string;
  /** Where StatsD is taken, and for whom: the name or id of an organisation, '' for the first. */
  readonly statsd: readonly { readonly port: number; readonly organisation: string }[];
  /** Where log protocols are taken that have sockets of their own. */
  readonly syslog: readonly ListenerPort[];
  readonly gelf: readonly ListenerPort[];
  readonly fluentForward: readonly ListenerPort[];
  /** The ingest key of socket records that bring none; `required` to refuse them, '' for the first organisation. */
  readonly listenerKey: string;
  /** PEM files of the listeners' certificate and its key; undefined without one. */
  readonly listenerTls: { readonly cert: string; readonly key: string } | undefined;
  /** Prometheus rule files: a folder or globs, joined by commas; '' for none. */
  readonly rules: string;
  /** Where logs are archived day by day, a folder or `s3://bucket/prefix`; '' for nowhere. */
  readonly archive: string;
  /** How the archive's bucket is reached; undefined where it is a folder. */
  readonly archiveBucket: S3Place | undefined;
  /** Whether archived files are encrypted. */
  readonly archiveEncrypted: boolean;
  readonly clickhouseUrl: string;
  readonly databaseUrl: string;
  /** Proxies whose X-Forwarded-For is believed; empty for none. */
  readonly trustedProxies: readonly string[];
  readonly logLevel: LogLevel;
  readonly setup: HeadlessSetup | undefined;
}

interface Flag {
  readonly name: string;
  readonly env: string;
  readonly kind: 'port' | 'text' | 'folder' | 'switch' | 'roles' | 'url' | 'ports' | 'size' | 'level';
  readonly default: string;
  readonly usage: string;
  readonly help: string;
}

const flags = JSON.parse(readFileSync(path.join(import.meta.dirname, '../flags.json'), 'utf8')) as readonly Flag[];

type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that stops the start, as a sentence that says how to mend it. */
type Wrong = { readonly sentence: string };

const wrong = (sentence: string): Result<never, Wrong> => fail({ sentence });

/** Raw texts by flag name: command line first, environment second, default last. */
function gather(
  args: readonly string[],
  environment: Environment,
): Result<Map<string, { text: string; from: string }>, Wrong> {
  const values = new Map(
    flags.map((flag) => [
      flag.name,
      environment[flag.env]
        ? { text: environment[flag.env]!, from: flag.env }
        : { text: flag.default, from: `--${flag.name}` },
    ]),
  );
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = (args[i] ?? '').split(/=(.*)/s);
    const flag = flags.find((candidate) => `--${candidate.name}` === name);
    if (!flag) return wrong(`There is no flag "${args[i]}". npm start -- --help lists the flags.`);
    if (flag.kind === 'switch') {
      values.set(flag.name, { text: inline ?? 'true', from: `--${flag.name}` });
      continue;
    }
    const text = inline ?? args[++i];
    if (text === undefined) return wrong(`--${flag.name} needs a value: ${flag.usage}.`);
    values.set(flag.name, { text, from: `--${flag.name}` });
  }
  return ok(values);
}

const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
  TIB: 1024 ** 4,
};

function readPort(text: string, from: string): Result<number, Wrong> {
  const port = Number(text);
  return Number.isInteger(port) && port >= 0 && port <= 65_535
    ? ok(port)
    : wrong(`${from} must be a port from 0 to 65535, got "${text}".`);
}

function readSize(text: string, from: string): Result<number, Wrong> {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?i?B)$/i.exec(text.trim());
  const bytes = match ? Number(match[1]) * (sizeUnits[(match[2] ?? '').toUpperCase()] ?? Number.NaN) : Number.NaN;
  return bytes >= 16e6
    ? ok(bytes)
    : wrong(`${from} must be a size of at least 16MB such as 500MB or 8GB, got "${text}".`);
}

function readRetention(text: string, from: string): Result<number, Wrong> {
  if (text.toLowerCase() === 'forever') return ok(Number.POSITIVE_INFINITY);
  const kept = parseDuration(text);
  return kept.ok && kept.value >= 86_400_000
    ? kept
    : wrong(`${from} must be a duration of at least 1d such as 30d, or forever, got "${text}".`);
}

function readSeriesLimit(text: string, from: string): Result<Config['metricSeriesLimit'], Wrong> {
  const [organisation = 0, metric = 0, more] = text.split('/').map(Number);
  const fits = (limit: number): boolean => Number.isInteger(limit) && limit >= 1000 && limit <= 20_000_000;
  return fits(organisation) && fits(metric) && metric <= organisation && more === undefined
    ? ok({ organisation, metric })
    : wrong(
        `${from} must be two numbers from 1000 to 20000000, the greater first, such as 1000000/200000, got "${text}".`,
      );
}

/** `a.b,c.d`; `*` for all, `*,-a.b` for all but some; `none`. */
function readPromotion(text: string, from: string): Result<Config['otlpPromotion'], Wrong> {
  if (text === '') return ok(undefined);
  if (text === 'none') return ok({ attributes: [], all: false });
  const parts = text.split(',').map((part) => part.trim());
  const all = parts.includes('*');
  const attributes = parts.filter((part) => part !== '*').map((part) => (all ? part.replace(/^-/, '') : part));
  const fits = parts.every((part) => part !== '' && (part === '*' || part.startsWith('-') === all));
  return fits && attributes.length <= 100
    ? ok({ attributes: [...new Set(attributes)], all })
    : wrong(
        `${from} must be names of attributes joined by commas such as k8s.namespace.name,cloud.region, at most 100; * for all, *,-process.pid for all but some, or none, got "${text}".`,
      );
}

function readRoles(text: string, from: string): Result<ReadonlySet<RoleName>, Wrong> {
  const named = text.split(',').map((part) => part.trim());
  if (named.includes('all')) return ok(new Set(roles));
  const unknown = named.find((name) => !roles.includes(name as RoleName));
  return unknown === undefined
    ? ok(new Set(named as RoleName[]))
    : wrong(`${from} knows all, ${roles.join(', ')}, got "${unknown}".`);
}

/** Embedded stores belong to one process; parts that run apart meet in stores that both can reach. */
function stopForPartAlone(
  named: ReadonlySet<RoleName>,
  clickhouseUrl: string,
  databaseUrl: string,
): string | undefined {
  if (named.size === roles.length || (clickhouseUrl && databaseUrl)) return undefined;
  return (
    `--role ${[...named].join(',')} runs one part alone, and the embedded stores serve one process only. ` +
    'Name stores that all parts reach with --clickhouse-url (CLICKHOUSE_URL) and --database-url (DATABASE_URL), or run --role all.'
  );
}

function readUrl(text: string, from: string, protocols: readonly string[]): Result<string, Wrong> {
  if (text === '') return ok('');
  const parsed = URL.parse(text);
  if (!parsed || !protocols.includes(parsed.protocol))
    return wrong(`${from} must be an address that begins with ${protocols.map((p) => `${p}//`).join(' or ')}.`);
  return ok(text.replace(/\/+$/, ''));
}

function readOtlpPorts(text: string, from: string): Result<Config['otlpPorts'], Wrong> {
  if (text === 'none' || text === '') return ok(undefined);
  const [grpc, http] = text.split(',').map(Number);
  const good = (port: number | undefined): port is number =>
    port !== undefined && Number.isInteger(port) && port >= 0 && port <= 65_535;
  return good(grpc) && good(http)
    ? ok({ grpc, http })
    : wrong(`${from} must be two ports such as 4317,4318, or none, got "${text}".`);
}

/** `8125`, `8126=Acme`, joined by commas. */
function readStatsd(text: string, from: string): Result<Config['statsd'], Wrong> {
  const ports: { port: number; organisation: string }[] = [];
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const [, digits = '', organisation] = /^(\d{1,5})(?:=(.*))?$/.exec(part) ?? [];
    const port = Number(digits);
    if (digits === '' || port > 65_535 || organisation?.trim() === '')
      return wrong(`${from} must be ports such as 8125 or 8126=Acme, joined by commas, got "${part}".`);
    if (port !== 0 && ports.some((other) => other.port === port)) return wrong(`${from} names port ${port} twice.`);
    ports.push({ port, organisation: organisation?.trim() ?? '' });
  }
  return ok(ports);
}

const listenerForms: ReadonlyMap<string, Omit<ListenerPort, 'port'>> = new Map([
  ['', { transport: 'udp+tcp', handshake: false }],
  ['udp', { transport: 'udp', handshake: false }],
  ['tcp', { transport: 'tcp', handshake: false }],
  ['tls', { transport: 'tls', handshake: false }],
  ['handshake', { transport: 'tcp', handshake: true }],
  ['tls+handshake', { transport: 'tls', handshake: true }],
]);

/** `514`, `udp:514`, `tcp:601`, `tls:6514`, joined by commas; `handshake:24224` and `tls+handshake:24225` where there is one. */
function readListeners(
  text: string,
  from: string,
  examples = '514, udp:514, tcp:601 or tls:6514',
): Result<readonly ListenerPort[], Wrong> {
  const listeners: ListenerPort[] = [];
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const [, name = '', digits = ''] = /^(?:([a-z+]+):)?(\d{1,5})$/.exec(part) ?? [];
    const form = listenerForms.get(name);
    const port = Number(digits);
    const unknown = !form || (form.handshake && !examples.includes('handshake'));
    if (unknown || digits === '' || port > 65_535)
      return wrong(`${from} must be ports such as ${examples}, joined by commas, got "${part}".`);
    listeners.push({ port, ...form });
  }
  return ok(listeners);
}

/** Refuses TLS without a certificate, and half of a certificate. */
function readListenerTls(
  cert: string,
  key: string,
  listeners: readonly ListenerPort[],
  workingFolder: string,
): Result<Config['listenerTls'], Wrong> {
  if ((cert === '') !== (key === ''))
    return wrong('--listener-cert and --listener-cert-key belong together: name both files.');
  if (cert !== '') return ok({ cert: path.resolve(workingFolder, cert), key: path.resolve(workingFolder, key) });
  if (!listeners.some(({ transport }) => transport === 'tls')) return ok(undefined);
  return wrong('A tls: port needs a certificate: name its PEM files with --listener-cert and --listener-cert-key.');
}

function readProxies(text: string, from: string): Result<readonly string[], Wrong> {
  const ranges = text === '' ? [] : text.split(',').map((part) => part.trim());
  const bad = ranges.find((range) => {
    const [address = '', bits] = range.split('/');
    const most = isIP(address) === 6 ? 128 : 32;
    return isIP(address) === 0 || (bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= most));
  });
  if (bad === undefined) return ok(ranges);
  return wrong(`${from} must be addresses or ranges such as 127.0.0.1 or 10.0.0.0/8, joined by commas, got "${bad}".`);
}

/** The bucket that `place` names (`s3://bucket/prefix`), with the keys of the environment; undefined where it names none. */
export function readBucket(
  place: string,
  [address, from]: [string, string],
  region: string,
  environment: Environment,
): Result<S3Place | undefined, Wrong> {
  const endpoint = readUrl(address, from, ['http:', 'https:']);
  if (!endpoint.ok) return endpoint;
  if (!place.startsWith('s3:')) return ok(undefined);
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/*$/.exec(place) ?? [];
  if (bucket === undefined || (prefix !== '' && prefix.split('/').some((part) => ['', '.', '..'].includes(part))))
    return wrong(`An archive in a bucket is named s3://bucket/prefix, got "${place}".`);
  if (!/^[a-z0-9-]{1,50}$/.test(region))
    return wrong(`--archive-region must be a region such as eu-central-1, got "${region}".`);
  const [accessKeyId, secretAccessKey] = [environment['AWS_ACCESS_KEY_ID'], environment['AWS_SECRET_ACCESS_KEY']];
  if (!accessKeyId || !secretAccessKey)
    return wrong('An archive in a bucket needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.');
  const sessionToken = environment['AWS_SESSION_TOKEN'] ?? '';
  return ok({ bucket, prefix, endpoint: endpoint.value, region, accessKeyId, secretAccessKey, sessionToken });
}

function readOnOff(text: string, from: string): Result<boolean, Wrong> {
  return text === 'on' || text === 'off' ? ok(text === 'on') : wrong(`${from} must be on or off, got "${text}".`);
}

/** What to beware of with the key of the set-up; '' where there is nothing. Such keys are taken: other clients do not mind. */
export const setupKeyRemark = (key: string): string =>
  key.includes('-')
    ? 'SIGHTLINE_SETUP_KEY holds "-": JavaScript SDKs of Sentry call a DSN with such a key invalid and send nothing. Make another key for them (Settings, Keys).'
    : '';

function readSetup(environment: Environment): Result<HeadlessSetup | undefined, Wrong> {
  const [organisation, email, password, key] = ['ORG', 'EMAIL', 'PASSWORD', 'KEY'].map(
    (name) => environment[`SIGHTLINE_SETUP_${name}`] ?? '',
  );
  if (!organisation && !email && !password && !key) return ok(undefined);
  if (!organisation || !email || !password) {
    return wrong(
      'SIGHTLINE_SETUP_ORG, SIGHTLINE_SETUP_EMAIL and SIGHTLINE_SETUP_PASSWORD belong together: set all three (SIGHTLINE_SETUP_KEY is optional).',
    );
  }
  if (!/^[^@\s]+@[^@\s]+$/.test(email)) return wrong('SIGHTLINE_SETUP_EMAIL must be an e-mail address.');
  if (password.length < 10) return wrong('SIGHTLINE_SETUP_PASSWORD must have at least 10 characters.');
  if (key && !/^[A-Za-z0-9_-]{16,200}$/.test(key))
    return wrong('SIGHTLINE_SETUP_KEY must have 16 to 200 characters out of A-Z, a-z, 0-9, _ and -.');
  return ok({ organisation, email, password, key: key ?? '' });
}

/**
 * Reads flags and environment. The only reader of the environment in the whole product. A wrong setting is answered with
 * a sentence that says what was expected and what came; secrets are never repeated in it.
 */
export function readConfig(
  args: readonly string[],
  environment: Environment,
  workingFolder: string,
): Result<Config, Wrong> {
  const gathered = gather(args, environment);
  if (!gathered.ok) return gathered;
  const at = (name: string): [string, string] => {
    const value = gathered.value.get(name);
    return [value?.text ?? '', value?.from ?? `--${name}`];
  };
  const port = readPort(...at('port'));
  if (!port.ok) return port;
  const roleSet = readRoles(...at('role'));
  if (!roleSet.ok) return roleSet;
  const otlpPorts = readOtlpPorts(...at('otlp-ports'));
  if (!otlpPorts.ok) return otlpPorts;
  const spoolLimitBytes = readSize(...at('spool-limit'));
  if (!spoolLimitBytes.ok) return spoolLimitBytes;
  const retentionMetricsMs = readRetention(...at('retention-metrics'));
  if (!retentionMetricsMs.ok) return retentionMetricsMs;
  const metricSeriesLimit = readSeriesLimit(...at('metric-series-limit'));
  if (!metricSeriesLimit.ok) return metricSeriesLimit;
  const otlpPromotion = readPromotion(...at('otlp-promote-resource-attributes'));
  if (!otlpPromotion.ok) return otlpPromotion;
  const statsd = readStatsd(...at('statsd-port'));
  if (!statsd.ok) return statsd;
  const syslog = readListeners(...at('syslog'));
  if (!syslog.ok) return syslog;
  const gelf = readListeners(...at('gelf'));
  if (!gelf.ok) return gelf;
  const fluentForward = readListeners(...at('fluent-forward'), '24224, tls:24225 or handshake:24224');
  if (!fluentForward.ok) return fluentForward;
  const listeners = [...syslog.value, ...gelf.value, ...fluentForward.value];
  const listenerTls = readListenerTls(at('listener-cert')[0], at('listener-cert-key')[0], listeners, workingFolder);
  if (!listenerTls.ok) return listenerTls;
  const publicUrl = readUrl(...at('public-url'), ['http:', 'https:']);
  if (!publicUrl.ok) return publicUrl;
  const peerUrl = readUrl(...at('peer-url'), ['http:', 'https:']);
  if (!peerUrl.ok) return peerUrl;
  const clickhouseUrl = readUrl(...at('clickhouse-url'), ['http:', 'https:']);
  if (!clickhouseUrl.ok) return clickhouseUrl;
  const databaseUrl = readUrl(...at('database-url'), ['postgres:', 'postgresql:']);
  if (!databaseUrl.ok) return databaseUrl;
  const apart = stopForPartAlone(roleSet.value, clickhouseUrl.value, databaseUrl.value);
  if (apart) return wrong(apart);
  const archiveBucket = readBucket(at('archive')[0], at('archive-endpoint'), at('archive-region')[0], environment);
  if (!archiveBucket.ok) return archiveBucket;
  const archiveEncrypted = readOnOff(...at('archive-encryption'));
  if (!archiveEncrypted.ok) return archiveEncrypted;
  const trustedProxies = readProxies(...at('trusted-proxies'));
  if (!trustedProxies.ok) return trustedProxies;
  const setup = readSetup(environment);
  if (!setup.ok) return setup;
  const [level, levelFrom] = at('log-level');
  if (!['debug', 'info', 'warn', 'error'].includes(level))
    return wrong(`${levelFrom} must be debug, info, warn or error, got "${level}".`);
  const [host] = at('host');
  if (!host) return wrong('--host must be an address such as 0.0.0.0 or 127.0.0.1.');
  const [demo] = at('demo');
  return ok({
    port: port.value,
    host,
    dataFolder: path.resolve(workingFolder, at('data')[0] || './data'),
    demo: !['', '0', 'false', 'no'].includes(demo.toLowerCase()),
    roles: roleSet.value,
    publicUrl: publicUrl.value,
    peerUrl: peerUrl.value,
    otlpPorts: otlpPorts.value,
    spoolLimitBytes: spoolLimitBytes.value,
    retentionMetricsMs: retentionMetricsMs.value,
    metricSeriesLimit: metricSeriesLimit.value,
    otlpPromotion: otlpPromotion.value,
    statsd: statsd.value,
    syslog: syslog.value,
    gelf: gelf.value,
    fluentForward: fluentForward.value,
    listenerKey: at('listener-key')[0],
    listenerTls: listenerTls.value,
    scrapeConfig: at('scrape-config')[0] === '' ? '' : path.resolve(workingFolder, at('scrape-config')[0]),
    rules: at('rules')[0],
    archive:
      at('archive')[0] === '' || archiveBucket.value ? at('archive')[0] : path.resolve(workingFolder, at('archive')[0]),
    archiveBucket: archiveBucket.value,
    archiveEncrypted: archiveEncrypted.value,
    clickhouseUrl: clickhouseUrl.value,
    databaseUrl: databaseUrl.value,
    trustedProxies: trustedProxies.value,
    logLevel: level as LogLevel,
    setup: setup.value,
  });
}
