import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fail, ok, type LogLevel, type Result } from '@sightline/base';
import { engineAddresses, type EngineAddress } from './docker/engine.ts';

export const commands = ['run', 'policy', 'status', 'install', 'uninstall', 'help'] as const;
export type Command = (typeof commands)[number];

/** Every setting of the agent, checked. */
export interface Config {
  readonly command: Command;
  /** Without the slash at its end; '' when the agent is to remember it. */
  readonly server: string;
  /** One-time token; '' for none. */
  readonly token: string;
  readonly dataFolder: string;
  /** Code of the site that the token must be for; '' for any. */
  readonly site: string;
  /** '' for the machine's name. */
  readonly name: string;
  readonly receivePort: number;
  /** Undefined where OTLP is not taken over gRPC. */
  readonly receiveGrpcPort: number | undefined;
  readonly healthPort: number;
  readonly spoolLimitBytes: number;
  readonly logLevel: LogLevel;
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY as they stand in the environment. */
  readonly proxy: Readonly<Record<string, string>>;
  readonly engines: readonly EngineAddress[];
  /** Variables that a service needs as well as these flags: the proxies, DOCKER_HOST. */
  readonly serviceEnvironment: Readonly<Record<string, string>>;
  /** The flags of this command line but the token, for the service that is to run with them. */
  readonly serviceArgs: readonly string[];
}

interface Flag {
  readonly name: string;
  readonly env: string;
  readonly kind: 'url' | 'token' | 'folder' | 'text' | 'port' | 'size' | 'level';
  readonly default: string;
  readonly usage: string;
  readonly help: string;
}

const flags = JSON.parse(readFileSync(path.join(import.meta.dirname, '../flags.json'), 'utf8')) as readonly Flag[];

type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that stops the start, as a sentence that says how to mend it. */
type Wrong = { readonly sentence: string };

const wrong = (sentence: string): Result<never, Wrong> => fail({ sentence });

/** What `--help` prints. */
export function helpText(): string {
  const width = Math.max(...flags.map((flag) => flag.usage.length));
  const lines = flags.map((flag) => `  ${flag.usage.padEnd(width)}  ${flag.help} (${flag.env})`);
  return `Sightline's agent: sends what a site has to say, keeps it while there is no link, and answers what the site's policy allows.

  npm run agent -- --server https://sightline.example --token <one-time token>     enrol and run
  npm run agent -- policy       what this site allows, and where that is written
  npm run agent -- status       how the running agent is
  npm run agent -- install      run as a systemd service, with the flags given here
  npm run agent -- uninstall    stop and remove that service; data stays

${lines.join('\n')}

  HTTPS_PROXY, HTTP_PROXY and NO_PROXY are heeded; DOCKER_HOST names another Docker Engine than the one found;
  NODE_EXTRA_CA_CERTS names a file with the certificate authority of your server.

  Ends with 0 when it was told to stop, 1 when it could not start, 2 for a wrong setting, and 3 when it was told to stop
  after its token had been revoked.
`;
}

/** Raw texts by flag: command line first, environment second, default last; and words that are no flags. */
function gather(
  args: readonly string[],
  environment: Environment,
): Result<{ values: Map<string, { text: string; from: string }>; words: string[]; serviceArgs: string[] }, Wrong> {
  const values = new Map(
    flags.map((flag) => {
      const text = environment[flag.env];
      return [flag.name, text ? { text, from: flag.env } : { text: flag.default, from: `--${flag.name}` }];
    }),
  );
  const words: string[] = [];
  const serviceArgs: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [name = '', inline] = (args[i] ?? '').split(/=(.*)/s);
    if (name === '--help' || name === '-h') words.unshift('help');
    else if (name.startsWith('-')) {
      const flag = flags.find((candidate) => `--${candidate.name}` === name);
      if (!flag) return wrong(`There is no flag "${name}". npm run agent -- --help lists the flags.`);
      const text = inline ?? args[++i];
      if (text === undefined) return wrong(`${name} needs a value: ${flag.usage}.`);
      values.set(flag.name, { text, from: name });
      if (flag.kind !== 'token') serviceArgs.push(name, text);
    } else words.push(name);
  }
  return ok({ values, words, serviceArgs });
}

/**
 * Reads flags and environment. A wrong setting is answered with a sentence that says what was expected; tokens are never
 * repeated in it.
 */
export function readConfig(
  args: readonly string[],
  environment: Environment,
  place: { readonly workingFolder: string; readonly home: string; readonly root: boolean },
): Result<Config, Wrong> {
  const gathered = gather(args, environment);
  if (!gathered.ok) return gathered;
  const { values, words, serviceArgs } = gathered.value;
  const at = (name: string): [text: string, from: string] => {
    const value = values.get(name);
    return [value?.text ?? '', value?.from ?? `--${name}`];
  };
  const command = words[0] ?? 'run';
  if (!commands.includes(command as Command) || (words.length > 1 && command !== 'help'))
    return wrong(`There is no command "${words.join(' ')}". Commands are ${commands.join(', ')}.`);
  const server = readServer(...at('server'));
  if (!server.ok) return server;
  const token = readToken(...at('token'));
  if (!token.ok) return token;
  const receivePort = readPort(...at('receive-port'));
  if (!receivePort.ok) return receivePort;
  const [grpcPort] = at('receive-grpc-port');
  const receiveGrpcPort = ['', 'none'].includes(grpcPort) ? ok(undefined) : readPort(...at('receive-grpc-port'));
  if (!receiveGrpcPort.ok) return receiveGrpcPort;
  const healthPort = readPort(...at('health-port'));
  if (!healthPort.ok) return healthPort;
  const spoolLimitBytes = readSize(...at('spool-limit'));
  if (!spoolLimitBytes.ok) return spoolLimitBytes;
  const [level, levelFrom] = at('log-level');
  if (!['debug', 'info', 'warn', 'error'].includes(level))
    return wrong(`${levelFrom} must be debug, info, warn or error, got "${level}".`);
  const usual = place.root ? '/var/lib/sightline-agent' : path.join(place.home, '.local/share/sightline-agent');
  return ok({
    command: command as Command,
    server: server.value,
    token: token.value,
    dataFolder: path.resolve(place.workingFolder, at('data')[0] || usual),
    site: at('site')[0],
    name: at('name')[0].slice(0, 200),
    receivePort: receivePort.value,
    receiveGrpcPort: receiveGrpcPort.value,
    healthPort: healthPort.value,
    spoolLimitBytes: spoolLimitBytes.value,
    logLevel: level as LogLevel,
    proxy: named(environment, proxyNames),
    engines: engineAddresses(environment),
    serviceEnvironment: named(environment, [...proxyNames, 'DOCKER_HOST', 'NODE_EXTRA_CA_CERTS']),
    serviceArgs,
  });
}

function readServer(text: string, from: string): Result<string, Wrong> {
  if (text === '') return ok('');
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '')
    return wrong(`${from} must be an address that begins with https:// or http://, such as https://sightline.example.`);
  return ok(`${url.origin}${url.pathname}`.replace(/\/+$/, ''));
}

function readToken(text: string, from: string): Result<string, Wrong> {
  return text === '' || /^[\w.~-]{16,200}$/.test(text)
    ? ok(text)
    : wrong(`${from} is not a one-time token: copy it whole from Settings, Agents.`);
}

function readPort(text: string, from: string): Result<number, Wrong> {
  const port = text === '' ? Number.NaN : Number(text);
  return Number.isInteger(port) && port >= 0 && port <= 65_535
    ? ok(port)
    : wrong(`${from} must be a port from 0 to 65535, got "${text}".`);
}

const sizeUnits: Readonly<Record<string, number>> = {
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

function readSize(text: string, from: string): Result<number, Wrong> {
  const match = /^(\d+(?:\.\d+)?)\s*([MGT]i?B)$/i.exec(text.trim());
  const bytes = match ? Number(match[1]) * (sizeUnits[(match[2] ?? '').toUpperCase()] ?? Number.NaN) : Number.NaN;
  return bytes >= 16e6
    ? ok(bytes)
    : wrong(`${from} must be a size of at least 16MB such as 500MB or 2GB, got "${text}".`);
}

const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];

/** Those of the named variables that are set. */
function named(environment: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const text = environment[name];
      return text ? [[name, text]] : [];
    }),
  );
}
