import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AsOwner } from './owner.ts';
import { begin, type Started } from './processes.ts';
import { eventually, freePort } from './product.ts';

/** A site's agent as it runs there, on data of its own. */
export interface SiteAgent {
  readonly site: string;
  readonly dataFolder: string;
  /** Where programs at the site send OTLP over HTTP. */
  readonly receiveUrl: string;
  printed(): string;
  pid(): number;
  /** Bytes that wait in its spool, as they lie on the disk. */
  waitingBytes(): number;
  kill(): Promise<void>;
  /** Starts again on the same folder and ports; resolves when it takes records. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const main = path.join(import.meta.dirname, '../../apps/agent/src/main.ts');

/** Enrols `site` with a one-time token and starts its agent, which reaches the server at `serverUrl`. */
export async function startSiteAgent(
  owner: AsOwner,
  options: { readonly site: string; readonly serverUrl: string; readonly env?: Readonly<Record<string, string>> },
): Promise<SiteAgent> {
  const { site, serverUrl } = options;
  const { token } = await owner<{ token: string }>('POST', '/api/v1/agents/enrolments', { site });
  const dataFolder = mkdtempSync(path.join(tmpdir(), 'sightline-agent-'));
  const [receivePort, healthPort] = [await freePort(), await freePort()];
  let running: Started | undefined;
  const start = async (): Promise<void> => {
    const flags = ['--data', dataFolder, '--receive-port', String(receivePort), '--health-port', String(healthPort)];
    const begun = begin([process.execPath, main, '--server', serverUrl, '--token', token, ...flags], {
      env: options.env ?? {},
    });
    running = begun;
    const takes = await eventually(
      () =>
        fetch(`http://127.0.0.1:${healthPort}/health/ready`, { signal: AbortSignal.timeout(2000) }).then(
          (reply) => reply.ok,
          () => begun.child.exitCode !== null,
        ),
      (answered) => answered,
      60_000,
    );
    if (!takes || begun.child.exitCode !== null) throw new Error(`the agent did not start:\n${begun.printed()}`);
  };
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    running?.child.kill(signal);
    await running?.ended;
  };
  await start();
  return {
    site,
    dataFolder,
    receiveUrl: `http://127.0.0.1:${receivePort}`,
    printed: () => running?.printed() ?? '',
    pid: () => running?.pid ?? 0,
    waitingBytes: () => {
      const spool = path.join(dataFolder, 'forward', 'spool');
      const files = readdirSync(spool, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.seg'));
      return files.reduce(
        (sum, file) => sum + (statSync(path.join(spool, file), { throwIfNoEntry: false })?.size ?? 0),
        0,
      );
    },
    kill: () => end('SIGKILL'),
    start,
    close: async () => {
      await end('SIGTERM');
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}
