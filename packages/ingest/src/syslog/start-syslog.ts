import type { Socket } from 'node:net';
import { listen, type Listener, type ListenerAddress } from '../sockets/listen.ts';
import { type Arrival, SocketIntake, type SocketParts, type Unkeyed } from '../sockets/socket-intake.ts';
import { FlatSyslog } from './flat-syslog.ts';
import { readSyslog } from './read-syslog.ts';
import { maxSyslogBytes, SyslogFrames, type SyslogFrame } from './syslog-frames.ts';

/** Takes syslog over UDP, TCP or TLS. Rejects when the port is taken. */
export function startSyslog(parts: SocketParts, unkeyed: Unkeyed, address: ListenerAddress): Promise<Listener> {
  const intake = new SocketIntake(parts, 'syslog', unkeyed);
  const flat = new FlatSyslog();
  const keep = async (frames: Iterable<SyslogFrame | CutFrame>, signal: AbortSignal): Promise<void> => {
    const receivedAtMs = parts.clock.now();
    const batch = intake.batch();
    const keyed: Arrival[] = [];
    for (const frame of frames) {
      if (frame instanceof Buffer && flat.add(batch, frame, receivedAtMs)) continue;
      const arrival = arrivalOf(frame, receivedAtMs);
      if (arrival.key === undefined) batch.add(arrival.read);
      else keyed.push(arrival);
    }
    await intake.keepBatch(batch, signal);
    if (keyed.length > 0) await intake.keep(keyed, signal);
  };
  return listen(
    address,
    {
      datagrams: (datagrams, signal) =>
        keep(
          datagrams.map(({ bytes }) => bytes),
          signal,
        ),
      dropped: (datagrams) => intake.lose('rate-limited', datagrams),
      connection: (socket, signal) => serve(socket, keep, signal),
    },
    parts,
  );
}

/** A message of which the end did not come. */
type CutFrame = 'cut';

function arrivalOf(frame: SyslogFrame | CutFrame, receivedAtMs: number): Arrival {
  if (frame === 'too-large') return broken(frame, `the message is longer than ${maxSyslogBytes} bytes`);
  return frame === 'cut'
    ? broken('malformed', 'the message was cut')
    : readSyslog(frame.toString('utf8'), receivedAtMs);
}

async function serve(
  socket: Socket,
  keep: (frames: Iterable<SyslogFrame | CutFrame>, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const frames = new SyslogFrames();
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) await keep(frames.take(chunk), signal);
  } catch {
    // The connection broke off: what came before is kept.
  }
  const last = frames.end();
  if (last) await keep([last.isCut ? 'cut' : last.bytes], signal);
}

function broken(reason: 'too-large' | 'malformed', message: string): Arrival {
  return { read: { kind: 'refused', reason, message }, key: undefined };
}
