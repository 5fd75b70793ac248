import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '@sightline/base';
import { connectStore } from '@sightline/store';
import { eventually, headless, type Product } from './product.ts';

/** How a client's process ended. */
export interface Run {
  readonly code: number | null;
  /** What it printed, both streams. */
  readonly output: string;
}

/** Where a person tries the Data page's snippets: a folder with the installed packages in reach. */
export interface Workshop {
  readonly folder: string;
  /** The ingest key that the Data page shows. */
  readonly key: string;
  readonly dsn: string;
  /** A client's snippet as the Data page shows it; throws when there is none of that name. */
  snippet(name: string): string;
  /** The same with a key that nobody knows. */
  snippetWithWrongKey(name: string): string;
  /** Writes a file and answers its path. */
  write(name: string, text: string): string;
  close(): void;
}

export const wrongKey = 'sl_ingest_nobody_knows_this_key';
const root = path.join(import.meta.dirname, '../..');
const authorization = { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` };

/** The program of a test's own that stands for the customer's application. */
export const program = (name: string): string => path.join(root, 'tests/clients/programs', name);

export async function openWorkshop(product: Product): Promise<Workshop> {
  const shown = await read<{ key: string; dsn: string; clients: { name: string; snippet: string }[] }>(
    product,
    '/api/v1/data/clients',
  );
  const folder = mkdtempSync(path.join(tmpdir(), 'sightline-client-'));
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  const snippet = (name: string): string => {
    const found = shown.clients.find((client) => client.name === name);
    if (!found) throw new Error(`the Data page has no snippet "${name}"`);
    return found.snippet;
  };
  return {
    folder,
    key: shown.key,
    dsn: shown.dsn,
    snippet,
    snippetWithWrongKey: (name) => snippet(name).replaceAll(shown.key, wrongKey),
    write: (name, text) => {
      const file = path.join(folder, name);
      writeFileSync(file, text);
      return file;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs a client's process to its end, at most 30 s; a longer one is killed and its code is null. */
export function run(
  workshop: Workshop,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: workshop.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      timeout: 30_000,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** A client that runs until it is stopped. */
export interface Running {
  output(): string;
  isRunning(): boolean;
  /** Asks it to end, kills it after five seconds, waits for its end. */
  stop(): Promise<void>;
}

export function runUntilStopped(workshop: Workshop, command: string, args: readonly string[]): Running {
  const child = spawn(command, args, { cwd: workshop.folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.once('error', (error) => (output += String(error)));
  return {
    output: () => output,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    stop: async () => {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** Runs `node` with the test's own runtime. */
export const runNode = (workshop: Workshop, args: readonly string[], env?: Readonly<Record<string, string>>) =>
  run(workshop, process.execPath, args, env);

/** What a program printed with `console.log(JSON.stringify(…))` as its last line of JSON. */
export function printedJson<T>(ended: Run): T {
  const line = ended.output.split('\n').findLast((text) => text.startsWith('{'));
  if (line === undefined)
    throw new Error(`no JSON was printed, the process ended with ${ended.code}:\n${ended.output}`);
  return JSON.parse(line) as T;
}

/** Asks the public API with the query key, the last hour unless the path names a range. */
export async function read<T>(
  product: Product,
  endpoint: string,
  query: Readonly<Record<string, string>> = {},
): Promise<T> {
  const now = Date.now();
  const range = { from: String(now - 3_600_000), to: String(now + 60_000) };
  const reply = await fetch(`${product.url}${endpoint}?${new URLSearchParams({ ...range, ...query }).toString()}`, {
    headers: authorization,
    signal: AbortSignal.timeout(20_000),
  });
  if (!reply.ok) throw new Error(`${endpoint} answered ${reply.status}: ${await reply.text()}`);
  return (await reply.json()) as T;
}

/** Asks until the reply is there and `done` holds, for at most 20 s. */
export async function readUntil<T>(
  product: Product,
  endpoint: string,
  query: Readonly<Record<string, string>>,
  done: (value: T) => boolean,
): Promise<T> {
  const asked = (): Promise<{ value: T } | { fault: unknown }> =>
    read<T>(product, endpoint, query).then(
      (value) => ({ value }),
      (fault: unknown) => ({ fault }),
    );
  const last = await eventually(asked, (reply) => 'value' in reply && done(reply.value), 20_000);
  if ('fault' in last) throw last.fault;
  return last.value;
}

/** Rows of the telemetry store, for what no endpoint shows yet. */
export async function storedRows(product: Product, sql: string): Promise<Record<string, unknown>[]> {
  const store = await connectStore({
    url: 'http://engine',
    socketPath: path.join(product.dataFolder, 'run', 'engine.sock'),
    clock: systemClock,
  });
  try {
    return await store.query(sql);
  } finally {
    await store.close();
  }
}

/** One line of the ledger page, as far as a client's test cares. */
export interface LedgerLine {
  readonly protocol: string;
  readonly signal: string;
  readonly keyName: string;
  readonly received: number;
  readonly accepted: number;
  readonly dropped: number;
  readonly rejected: number;
  readonly reasons: Readonly<Record<string, number>>;
}

/** What the ledger says of these protocols and the Data page's key, once it says what `done` waits for. */
export async function ledger(
  product: Product,
  protocols: readonly string[],
  done: (lines: readonly LedgerLine[]) => boolean,
): Promise<LedgerLine[]> {
  const ours = (rows: readonly LedgerLine[]): LedgerLine[] =>
    rows.filter(({ protocol, keyName }) => protocols.includes(protocol) && keyName === 'Send data');
  const reply = await readUntil<{ rows: LedgerLine[] }>(product, '/api/v1/data/health', {}, ({ rows }) =>
    done(ours(rows)),
  );
  const lines = ours(reply.rows);
  for (const line of lines)
    if (line.received !== line.accepted + line.dropped + line.rejected)
      throw new Error(`the ledger does not add up: ${JSON.stringify(line)}`);
  return lines;
}
