import { LogBatch } from '../../logs/log-batch.ts';
import { readLogLine } from '../../logs/read-line.ts';
import type { ReadLog } from '../../logs/read-log.ts';
import { defineProtocol, type Checked, type Ending, type ProtocolReply, type ProtocolRequest } from '../../protocol.ts';
import { type JournalEntry, readExport } from './read-export.ts';

/** Fields that say what others say better, or that only the journal itself needs. */
const unwanted = new Set([
  'MESSAGE',
  'PRIORITY',
  '_HOSTNAME',
  '_SOURCE_REALTIME_TIMESTAMP',
  '_MACHINE_ID',
  '_TRANSPORT',
  'SYSLOG_TIMESTAMP',
  'SYSLOG_RAW',
]);

/** Entries of a journal, as `systemd-journal-upload` sends them; each is refused alone. */
export function checkJournal(request: ProtocolRequest): Checked {
  const batch = new LogBatch('journald');
  let number = 0;
  for (const entry of readExport(request.body)) {
    number++;
    if (typeof entry === 'string') batch.refuse('malformed', `entry ${number}: ${entry}`);
    else batch.add(readEntry(entry, request.receivedAtMs), `entry ${number}`);
  }
  const { frames, refused } = batch.finish();
  const [first] = refused;
  if (frames.length > 0 || !first) return { kind: 'accept', frames, refused };
  const records = refused.reduce((sum, refusal) => sum + refusal.records, 0);
  return { kind: 'refuse', status: 400, reason: first.reason, message: first.message, records };
}

function readEntry(entry: JournalEntry, receivedAtMs: number): ReadLog {
  const message = entry.get('MESSAGE');
  if (message === undefined || message === '')
    return { kind: 'refused', reason: 'no-value', message: 'the entry has no MESSAGE' };
  const about: Record<string, string> = {};
  for (const [name, value] of entry) {
    if (!name.startsWith('__') && !unwanted.has(name)) about[name.toLowerCase().replace(/^_/, '')] ??= value;
  }
  const time = entry.get('_SOURCE_REALTIME_TIMESTAMP') ?? entry.get('__REALTIME_TIMESTAMP');
  const unit = entry.get('_SYSTEMD_UNIT')?.replace(/\.service$/, '');
  const named = entry.get('SYSLOG_IDENTIFIER') ?? unit ?? entry.get('_COMM');
  if (time !== undefined) about['time'] = time;
  if (named !== undefined) about['syslog_identifier'] = named;
  if (entry.has('PRIORITY')) about['severity'] = entry.get('PRIORITY') ?? '';
  if (entry.has('_HOSTNAME')) about['host'] = entry.get('_HOSTNAME') ?? '';
  return readLogLine(message, about, receivedAtMs);
}

/** The uploader goes on after any answer below 300, and ends with our words after any other. */
function reply(ending: Ending): ProtocolReply {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  if (ending.kind === 'refused') return { status: ending.status, headers, body: `${ending.message}\n` };
  return { status: 202, headers, body: 'OK.\n' };
}

export const journald = defineProtocol({
  name: 'journald',
  title: 'systemd journal',
  docs: 'Entries of systemd’s journal in its export format, sent by systemd-journal-upload to `/journald/upload`; the key is the password in the address. https://systemd.io/JOURNAL_EXPORT_FORMATS',
  endpoints: [
    {
      method: 'POST',
      path: '/journald/upload',
      contentTypes: [],
      signal: 'logs',
      bodyLimitBytes: 64 * 1024 * 1024,
      check: checkJournal,
      reply,
    },
  ],
  lanes: [],
});
