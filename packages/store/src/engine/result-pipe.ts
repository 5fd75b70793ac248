/**
 * A named pipe between the engine and one HTTP response: results of any size and format flow through it with
 * back-pressure, while the engine's own result stays empty.
 */
import { execFileSync } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

/** Makes `count` named pipes in `folder` and hands them out one by one. */
export class PipeFolder {
  readonly #free: string[];

  constructor(folder: string, count: number) {
    this.#free = Array.from({ length: count }, (_, i) => join(folder, `result-${i}`));
    execFileSync('mkfifo', ['-m', '600', ...this.#free], { timeout: 10_000 });
  }

  /** A pipe that nobody else uses. There are as many pipes as sessions, so one is always free. */
  take(): string {
    const path = this.#free.pop();
    if (path === undefined) throw new Error('more results than pipes');
    return path;
  }

  give(path: string): void {
    this.#free.push(path);
  }
}

/** Opens the reading end. It ends when the engine has opened and closed the writing end; otherwise it must be destroyed. */
export function openReader(path: string): Socket {
  // Without O_NONBLOCK open() would wait for the writer and hold a thread.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.pause();
  return socket;
}
