import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { sentryVitePlugin } from '@sentry/vite-plugin';
import { build } from 'vite';
import { vi } from 'vitest';
import { operatorKey } from '../support/owner.ts';
import type { Bench } from './bench.ts';

/** Builds a page with Vite, minified, and uploads its source maps by Sentry's own plugin, as a shop's pipeline does; answers the folder it built. */
export async function buildShop(
  { product, workshop }: Bench,
  shop: {
    readonly name: string;
    readonly release: string;
    readonly root: string;
    /** A script to bundle, or a page with one. */
    readonly input: string;
    readonly define: Readonly<Record<string, string>>;
  },
): Promise<string> {
  const dist = path.join(workshop.folder, `${shop.name}-dist`);
  // The plugin's command-line tool remembers servers by their organisations' names: it must not remember another run's.
  vi.stubEnv('SENTRY_CONFIG_DIR', path.join(workshop.folder, 'sentry-config'));
  vi.stubEnv('SENTRY_NO_CACHE', '1');
  // Under a test runner's own, Vite would compile JSX for development.
  vi.stubEnv('NODE_ENV', 'production');
  await build({
    root: shop.root,
    logLevel: 'error',
    define: { ...shop.define, 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir: dist,
      emptyOutDir: true,
      sourcemap: 'hidden',
      minify: true,
      rollupOptions: { input: shop.input, output: { entryFileNames: 'assets/[name]-[hash].js' } },
    },
    plugins: [
      sentryVitePlugin({
        url: product.url,
        org: 'florida-stores',
        project: '1',
        authToken: await operatorKey(product),
        telemetry: false,
        silent: true,
        release: { name: shop.release },
        errorHandler: (error) => {
          throw error;
        },
      }),
    ],
  });
  vi.unstubAllEnvs();
  return dist;
}

/** Serves a built page from an origin of its own; what it has no file for is answered with `page`, or its own `index.html`. */
export async function openShop(dist: string, page?: string): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = path.join(dist, path.posix.normalize(pathname));
    const isScript = /^\/assets\/[\w.-]+\.js$/.test(pathname) && existsSync(file);
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? readFileSync(file) : (page ?? readFileSync(path.join(dist, 'index.html'))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => void server.close() };
}
