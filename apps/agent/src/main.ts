/**
 * The site's agent. Reads the settings, runs the command, and drains when it is asked to stop.
 */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { jsonLogger, systemClock } from '@sightline/base';
import { helpText, readConfig, type Config } from './config.ts';
import { startFromCompiled, startWithSettings, watchHolder } from './small-start.ts';

/** Exit codes; `--help` tells them. */
const endings = { stopped: 0, notStarted: 1, wrongSetting: 2, stoppedAfterRevoked: 3 } as const;
/** After this the process ends whatever still hangs. Nothing acknowledged is lost by it. */
const stopWithinMs = 9000;

/** What starting left behind is collected this long after it: an idle program would hold it for hours. */
const settleAfterMs = 5000;
/** And what has gathered since, this often: the engine itself would let some 20 MB of it gather. */
const collectEveryMs = 60_000;

const { version } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8')) as {
  version: string;
};

function stopWith(sentence: string, code: number = endings.notStarted): never {
  process.stderr.write(`\n${sentence}\n\n`);
  process.exit(code);
}

const read = readConfig(process.argv.slice(2), process.env, {
  workingFolder: process.cwd(),
  home: os.homedir(),
  root: process.getuid?.() === 0,
});
if (!read.ok) stopWith(read.error.sentence, endings.wrongSetting);
const config: Config = read.value;
const logger = jsonLogger(systemClock, (line) => process.stderr.write(`${line}\n`), config.logLevel);

/** What went wrong at the start, as a person would say it. */
function sentenceFor(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST', 'ENOSPC'].includes(code ?? ''))
    return `The data folder cannot be written (${message}). Choose a folder that this user may write with --data.`;
  return `The agent could not start: ${message ?? String(error)}`;
}

async function run(): Promise<void> {
  process.on('unhandledRejection', (error) => logger.error('unhandled rejection', { error }));
  process.on('uncaughtException', (error) => {
    logger.error('uncaught exception', { error });
    process.exit(endings.notStarted);
  });
  startWithSettings(config.dataFolder);
  const { startAgent } = await import('./agent.ts');
  if (config.receiveGrpcPort !== undefined) await import('@sightline/ingest/grpc');
  const large = startFromCompiled(config.dataFolder);
  if (large) logger.warn(`the agent takes some 45 MB more memory than it needs: ${large}`);
  const stop = new AbortController();
  const told = new Promise<void>((resolve) => {
    const end = (): void => {
      stop.abort();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
    watchHolder(end);
  });
  const parts = { version, clock: systemClock, logger, stop: stop.signal };
  const agent = await startAgent(config, parts).catch((error: unknown) => stopWith(sentenceFor(error)));
  if (!agent.ok) stopWith(agent.error, stop.signal.aborted ? endings.stopped : endings.notStarted);
  const running = agent.value;
  const { receivePort, healthPort } = running;
  const { site, server } = running.status();
  logger.info('agent runs', { version, site, server, data: config.dataFolder, receivePort, healthPort });
  // There with --expose-gc, as node-flags.json has it.
  const collect = (): void => globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  setTimeout(collect, settleAfterMs).unref();
  setInterval(collect, collectEveryMs).unref();
  await told;
  logger.info('stopping: keeping what was accepted');
  const end = (): void => process.exit(running.revoked() ? endings.stoppedAfterRevoked : endings.stopped);
  setTimeout(end, stopWithinMs).unref();
  await running.close();
  end();
}

if (config.command === 'help') process.stdout.write(helpText());
else if (config.command === 'run') await run();
else {
  const { runCommand } = await import('./commands.ts');
  process.exitCode = await runCommand(config, version, logger).catch((error: unknown) => stopWith(sentenceFor(error)));
}
