import { connect } from 'node:net';
import { z } from 'zod';
import { faultWords, guardedLookup, isMetadataAddress } from '../../addresses.ts';
import { defineMonitorType, down, up, type CheckTools, type Outcome } from '../../monitor-type.ts';

const readAtMostBytes = 64 * 1024;

const settings = z.object({
  host: z
    .string()
    .min(1, 'a name or an address')
    .max(253)
    .regex(/^[A-Za-z0-9._:%-]+$/, 'a name or an address, without port or path'),
  port: z.number().int().min(1, '1 to 65535').max(65_535, '1 to 65535'),
  /** Sent once connected; '' for nothing. */
  send: z.string().max(10_000).default(''),
  /** Text that must come back; '' for nothing. */
  expect: z.string().max(10_000).default(''),
});
type Settings = z.output<typeof settings>;

/** A port that accepts connections, and answers as expected. */
export const tcp = defineMonitorType({
  name: 'tcp',
  title: 'TCP port',
  settings,
  runsOn: ['server', 'agent'],
  target: ({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`,
  check,
});

function check(settings: Settings, tools: CheckTools): Promise<Outcome> {
  const { host, port, send, expect } = settings;
  if (isMetadataAddress(host)) return Promise.resolve(down('refused: the address of a metadata service'));
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const started = tools.clock.now();
  let connectMs: number | undefined;
  let received = Buffer.alloc(0);
  const socket = connect({ host, port, lookup: guardedLookup, autoSelectFamily: true });
  const end = (outcome: Outcome): void => {
    tools.signal.removeEventListener('abort', giveUp);
    socket.destroy();
    resolve(outcome);
  };
  const details = (): Record<string, number> => (connectMs === undefined ? {} : { connectMs });
  const giveUp = (): void =>
    end(
      down(
        connectMs === undefined
          ? 'no connection in time'
          : `connected, but the expected text did not come in time (${received.length} bytes came)`,
        details(),
      ),
    );
  tools.signal.addEventListener('abort', giveUp, { once: true });
  if (tools.signal.aborted) giveUp();
  socket.once('connect', () => {
    connectMs = Math.max(0, tools.clock.now() - started);
    if (send !== '') socket.write(send);
    if (expect === '') end(up('connected', details()));
  });
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]).subarray(0, readAtMostBytes);
    if (received.includes(expect)) end(up('answered as expected', details()));
    else if (received.length >= readAtMostBytes) end(down('the expected text is not in its first 64 kB', details()));
  });
  socket.once('error', (error) => end(down(faultWords(error), details())));
  socket.once('close', () => end(down('connection closed without the expected text', details())));
  return promise;
}
