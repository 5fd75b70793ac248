import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Measured } from './measure-ingest.ts';

/** The text that an address answers with; throws on a status that is no success. */
export async function ask(url: string, options: RequestInit = {}): Promise<string> {
  const reply = await fetch(url, { signal: AbortSignal.timeout(60_000), ...options });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${url} answered ${reply.status}: ${text.slice(0, 300)}`);
  return text;
}

/** Runs a peer's program on a folder of its own until it answers at `readyUrl`, at most some minutes. */
export async function startPeer(
  binary: string,
  readyUrl: string,
  flags: (folder: string) => readonly string[],
): Promise<Measured & { stop(): Promise<void> }> {
  const dataFolder = mkdtempSync(path.join(tmpdir(), 'bench-peer-'));
  const child = spawn(binary, flags(dataFolder), { stdio: 'ignore', cwd: dataFolder });
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(late);
    rmSync(dataFolder, { recursive: true, force: true });
  };
  for (let tries = 0; tries < 1200; tries++) {
    if (child.exitCode !== null || child.pid === undefined) break;
    const isReady = await ask(readyUrl, { signal: AbortSignal.timeout(1000) }).then(
      () => true,
      () => false,
    );
    if (isReady) return { pid: child.pid, dataFolder, stop };
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  await stop();
  throw new Error(`${binary} was not ready in time`);
}
