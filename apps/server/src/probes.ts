import type { FastifyInstance } from 'fastify';

/**
 * Health of a process that serves no API (`--role ingest`), for probes: `/health/live` answers while the process does,
 * `/health/ready` with 503 when it cannot take records, `/health` in one word. The API brings its own for the others.
 */
export function registerProbes(app: FastifyInstance, judge: () => Promise<{ readonly status: string }>): void {
  app.get('/health/live', (_, reply) => reply.header('cache-control', 'no-store').send({ status: 'healthy' }));
  for (const path of ['/health', '/health/ready']) {
    app.get(path, async (_, reply) => {
      const { status } = await judge();
      const code = path === '/health/ready' && status === 'unhealthy' ? 503 : 200;
      return reply.code(code).header('cache-control', 'no-store').send({ status });
    });
  }
}
