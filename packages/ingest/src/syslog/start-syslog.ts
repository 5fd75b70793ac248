import type { Socket } from 'node:net';
import { listen, type Listener, type ListenerAddress } from '../sockets/listen.ts';
import { type Arrival, SocketIntake, type SocketParts, type Unkeyed } from '../sockets/socket-intake.ts';
import { readSyslog } from './read-syslog.ts';
import { maxSyslogBytes, SyslogFrames, type SyslogFrame } from './syslog-frames.ts';

/** Takes syslog over UDP, TCP or TLS. Rejects when the port is taken. */
export function startSyslog(parts: SocketParts, unkeyed: Unkeyed, address: ListenerAddress): Promise<Listener> {
  const intake = new SocketIntake(parts, 'syslog', unkeyed);
  const arrivalOf = (frame: SyslogFrame): Arrival =>
    frame === 'too-large'
      ? broken('too-large', `the message is longer than ${maxSyslogBytes} bytes`)
      : readSyslog(frame.toString('utf8'), parts.clock.now());
  return listen(
    address,
    {
      datagrams: async (datagrams, signal) => {
        await intake.keep(
          datagrams.map(({ bytes }) => arrivalOf(bytes)),
          signal,
        );
      },
      dropped: (datagrams) => intake.lose('rate-limited', datagrams),
      connection: (socket, signal) => serve(socket, intake, arrivalOf, signal),
    },
    parts,
  );
}

async function serve(
  socket: Socket,
  intake: SocketIntake,
  arrivalOf: (frame: SyslogFrame) => Arrival,
  signal: AbortSignal,
): Promise<void> {
  const frames = new SyslogFrames();
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      const arrivals = [...frames.take(chunk)].map(arrivalOf);
      if (arrivals.length > 0) await intake.keep(arrivals, signal);
    }
  } catch {
    // The connection broke off: what came before is kept.
  }
  const last = frames.end();
  if (last)
    await intake.keep([last.isCut ? broken('malformed', 'the message was cut') : arrivalOf(last.bytes)], signal);
}

function broken(reason: 'too-large' | 'malformed', message: string): Arrival {
  return { read: { kind: 'refused', reason, message }, key: undefined };
}
