/** A service that logs through winston-loki; `LOKI_URL` and `LOKI_KEY` are what an operator would fill in. */
import winston from 'winston';
import LokiTransport from 'winston-loki';

const faults: string[] = [];
for (const json of [true, false]) {
  const transport = new LokiTransport({
    host: process.env['LOKI_URL'] ?? '',
    basicAuth: `sightline:${process.env['LOKI_KEY'] ?? ''}`,
    json,
    batching: false,
    // Without a format the transport puts the fields behind the message, as text.
    ...(json ? { format: winston.format.json() } : {}),
    labels: { job: 'inventory', site: 'STORE_031', environment: 'production' },
    onConnectionError: (error) => faults.push(String(error)),
  });
  const logger = winston.createLogger({ transports: [transport] });
  logger.warn('stock is low', { sku: 'W-88', correlationId: 'corr-winston-1' });
  await transport.flush();
}
console.log(JSON.stringify({ faults }));
process.exit(0);
