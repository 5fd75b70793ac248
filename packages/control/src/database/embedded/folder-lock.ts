import { unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { fail, ok, type Result } from '@sightline/base';

/**
 * Keeps two processes out of one data folder. The lock is a listening Unix socket: it goes away with its process, however
 * that ends, and so never needs a process number that another program may carry by now.
 */
export async function lockFolder(socketPath: string): Promise<Result<{ release(): Promise<void> }, string>> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const server = await listen(socketPath);
    if (server) return ok({ release: () => new Promise((resolve) => server.close(() => resolve())) });
    if (await answers(socketPath)) {
      return fail('Another Sightline is running with this data folder. Stop it, or choose another folder with --data.');
    }
    await unlink(socketPath).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
  return fail('Another Sightline is starting with this data folder.');
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.setTimeout(1000, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
