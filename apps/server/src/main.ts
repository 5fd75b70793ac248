/**
 * The server. Reads the settings, puts the product together, says where it is, and drains when it is asked to stop.
 */
import { setFlagsFromString } from 'node:v8';
import { jsonLogger, systemClock } from '@sightline/base';
import { compose, type Running } from './compose.ts';
import { readConfig } from './config.ts';
import { version } from './version.ts';

/** Draining takes a few seconds; after this the process ends whatever still hangs. Nothing acknowledged is lost by it. */
const stopWithinMs = 9000;
/** A start that is to be stopped may take so long to come to its end. */
const startWithinMs = 120_000;

// Threads from here on: a young generation of a few megabytes serves them. The main thread has its own by now.
setFlagsFromString('--max-semi-space-size=3');

function stopWith(sentence: string): never {
  process.stderr.write(`\n${sentence}\n\n`);
  process.exit(1);
}

const config = readConfig(process.argv.slice(2), process.env, process.cwd());
if (!config.ok) stopWith(config.error.sentence);
const logger = jsonLogger(systemClock, (line) => process.stderr.write(`${line}\n`), config.value.logLevel);

/** What went wrong at the start, as a person would say it. */
function sentenceFor(error: unknown): string {
  const { code, message, syscall } = error as { code?: string; message?: string; syscall?: string };
  if (code === 'EADDRINUSE')
    return `Port ${config.ok ? config.value.port : ''} is taken by another program. Stop that program, or choose another port with --port.`;
  if (code === 'EACCES' && syscall === 'listen')
    return `Port ${config.ok ? config.value.port : ''} needs rights that this user has not. Choose a port above 1023 with --port.`;
  if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST', 'ENOSPC'].includes(code ?? ''))
    return `The data folder cannot be written (${message}). Choose a folder that this user may write with --data.`;
  return `Sightline could not start: ${message ?? String(error)}`;
}

process.on('unhandledRejection', (error) => logger.error('unhandled rejection', { error }));
process.on('uncaughtException', (error) => {
  logger.error('uncaught exception', { error });
  process.exit(1);
});

let running: Running | undefined;
let stopping = false;

async function drain(started: Running): Promise<never> {
  setTimeout(() => process.exit(0), stopWithinMs).unref();
  await started.close();
  process.exit(0);
}

function stop(): void {
  if (stopping) return;
  stopping = true;
  if (running) {
    process.stdout.write('  Stopping: finishing what was accepted …\n');
    void drain(running);
    return;
  }
  // Left in the middle, the stores that were started would go on without this program.
  process.stdout.write('  Stopping: as soon as what was begun has started …\n');
  setTimeout(() => process.exit(1), startWithinMs).unref();
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
// `npm start` holds the other end: when it is killed, nobody could stop this server with Ctrl-C any more.
if (process.channel) process.on('disconnect', stop);
// A terminal that was closed sends SIGHUP too; nobody reads there any more, and that must not end what serves others.
for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);

const started = await compose(config.value, systemClock, logger).catch((error: unknown) =>
  // Ctrl-C reaches what was started too: that it then fails is no news.
  stopping ? process.exit(0) : stopWith(sentenceFor(error)),
);
running = started;
if (stopping) await drain(started);

const lines: [string, string][] = [['Open', started.url]];
if (started.setupLink) lines.push(['Set up', `${started.setupLink}   (works once: creates the first owner)`]);
lines.push(['Data', config.value.dataFolder]);
if (started.otlp.length > 0) lines.push(['OTLP', started.otlp.join(', ')]);
if (started.archive) lines.push(['Archive', started.archive]);
if (config.value.demo)
  lines.push([
    'Demo',
    started.setupLink ? '100 stores begin to report as soon as the set-up is done' : '100 stores report here',
  ]);
process.stdout.write(
  `\n  Sightline ${version}\n\n${lines.map(([name, text]) => `  ${name.padEnd(8)}${text}`).join('\n')}\n\n  Ctrl-C stops it.\n\n`,
);

// As Prometheus: whoever changed rules or a scrape configuration on disk says so.
process.on('SIGHUP', () => {
  if (stopping) return;
  started.reload().then(
    (told) => process.stdout.write(told.map((line) => `  ${line}\n`).join('')),
    (error: unknown) => logger.error('files could not be read again', { error }),
  );
});
