import type { Ending, ProtocolReply } from './protocol.ts';

/**
 * Answers `status` without a body also where a part was refused, and names that part in a header (the ledger has it too): many
 * clients send the whole batch again after any error, which would double what was kept. Where nothing was kept it is a 400 in
 * plain text. `what` is the refused: "entries".
 */
export function repliesRefusedBeside(status: number, what: string): (ending: Ending) => ProtocolReply {
  return (ending) => {
    if (ending.kind === 'refused') return plain(ending.status, ending.message);
    const refused = ending.refused.reduce((sum, refusal) => sum + refusal.records, 0);
    if (refused === 0) return { status };
    const first = ending.refused[0]?.message ?? '';
    if (ending.frames.length === 0) return plain(400, first);
    const header = `${refused} ${what} refused: ${first}`.replace(/[^\x20-\x7e]/g, '?').slice(0, 500);
    return { status, headers: { 'x-sightline-refused': header } };
  };
}

function plain(status: number, text: string): ProtocolReply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${text}\n` };
}
