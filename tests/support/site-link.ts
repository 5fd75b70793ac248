import { connect, createServer, type Socket } from 'node:net';

/** A site's line to the server, which a test can cut. */
export interface SiteLink {
  readonly url: string;
  /** Ends every connection at once and refuses new ones, as a line that is down does. */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

/** Opens a line on loopback to `port` of this machine. */
export async function openSiteLink(port: number): Promise<SiteLink> {
  const sockets = new Set<Socket>();
  let down = false;
  const server = createServer((near) => {
    if (down) return void near.destroy();
    const far = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  const own = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
  const cut = (): void => {
    down = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${own}`,
    cut,
    restore: () => (down = false),
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
