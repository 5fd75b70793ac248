import { fail, ok, redactText, type Result } from '@sightline/base';
import { serviceLogs, type AnswerFault } from '@sightline/fleet/messages';
import { inspectContainer } from '../../docker/containers.ts';
import { LogReader } from '../../docker/log-lines.ts';
import { defineDiagnostic } from '../diagnostic.ts';
import { permitContainer } from '../permit-container.ts';

/** The text of one answer; the server takes 8 MB. */
const limitBytes = 2 * 1024 * 1024;

export const logsDiagnostic = defineDiagnostic({
  definition: serviceLogs,
  permit: (policy, input, tools, signal) => permitContainer(policy, 'logs', input.service, tools, signal),
  run: async (container, input, { docker }, signal) => {
    const detail = await inspectContainer(docker, container.id, signal);
    if (!detail.ok) return detail;
    const reply = await docker.open({
      path: `/containers/${container.id}/logs`,
      query: {
        stdout: '1',
        stderr: '1',
        timestamps: '1',
        // One more than asked for tells whether there are older ones.
        tail: String(input.lines + 1),
        ...(input.since > 0 && { since: String(Math.floor(input.since / 1000)) }),
      },
      timeoutMs: 15_000,
      signal,
    });
    if (!reply.ok) return reply;
    const reader = new LogReader({ tty: detail.value.Config?.Tty === true, limitLines: input.lines, limitBytes });
    const read = await readInto(reader, reply.value);
    if (!read.ok) return read;
    const { lines, cut } = reader.finish();
    const shown = lines.map((line) => ({ ...line, text: redactText(line.text) }));
    return ok({ service: container.service, container: container.name, cut, lines: shown });
  },
});

async function readInto(reader: LogReader, stream: AsyncIterable<Buffer>): Promise<Result<undefined, AnswerFault>> {
  try {
    for await (const chunk of stream) reader.push(chunk);
    return ok(undefined);
  } catch (error) {
    return fail({ reason: 'unavailable', message: `the logs could not be read: ${(error as Error).message}` });
  }
}
