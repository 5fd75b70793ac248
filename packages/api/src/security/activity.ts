import type { SecurityAct } from '@sightline/contract';
import type { AuditTally } from '@sightline/control';

const rowsAtMost = 50;
const namesAtMost = 20;

/** What changes who may do what, or what is kept, scrubbed and sent elsewhere. */
const privileged =
  /^(?:person|invitation|key|enrolment|agent|organisation|team|hold|retention|archive|personal-data|pipelines|sampling|scrape-configuration|channel)\./;
const takenOut = /(?:^|[.-])export$|^evidence\.|^archive\.(?:search|restore)$/;
/** What the machinery writes by itself, and trials that change nothing. */
const ordinary = /^(?:personal-data\.(?:canary|backfill-end)|channel\.test|agent\.(?:two-places|flooding))$/;
const remote = /^diagnostics\./;
/** The second entry of a command that changes something: its end. */
const ended = /\.ended$/;

/** The parts of an organisation's audit trail that speak of security. `tallies` newest first, as the trail counts them. */
export function securityActivity(tallies: readonly AuditTally[]): {
  readonly signIns: number;
  readonly refused: number;
  readonly refusedBySource: { address: string; people: string[]; tries: number; lastAt: number }[];
  readonly newKeys: SecurityAct[];
  readonly privileged: SecurityAct[];
  readonly takenOut: SecurityAct[];
  readonly remote: { actor: string; commands: number; sites: string[]; lastAt: number }[];
} {
  const acts = (fits: (action: string) => boolean): SecurityAct[] =>
    tallies
      .filter(({ action }) => fits(action))
      .slice(0, rowsAtMost)
      .map(({ lastAt, actor, action, subject, times }) => ({ at: lastAt, actor, action, subject, times }));
  const refused = tallies.filter(({ action }) => action === 'session.refused');
  const commands = tallies.filter(({ action }) => remote.test(action) && !ended.test(action));
  return {
    signIns: times(tallies.filter(({ action }) => action === 'session.open')),
    refused: times(refused),
    refusedBySource: [...Map.groupBy(refused, ({ address }) => address)]
      .map(([address, rows]) => ({
        address,
        people: distinct(rows.map(({ subject }) => subject)),
        tries: times(rows),
        lastAt: last(rows),
      }))
      .toSorted((a, b) => b.tries - a.tries || b.lastAt - a.lastAt)
      .slice(0, rowsAtMost),
    newKeys: acts((action) => action === 'key.create'),
    privileged: acts((action) => privileged.test(action) && !takenOut.test(action) && !ordinary.test(action)),
    takenOut: acts((action) => takenOut.test(action)),
    remote: [...Map.groupBy(commands, ({ actor }) => actor)]
      .map(([actor, rows]) => ({
        actor,
        commands: times(rows),
        sites: distinct(rows.map(({ subject }) => subject.split('/')[0] ?? '')),
        lastAt: last(rows),
      }))
      .toSorted((a, b) => b.commands - a.commands || b.lastAt - a.lastAt)
      .slice(0, rowsAtMost),
  };
}

const times = (rows: readonly AuditTally[]): number => rows.reduce((sum, row) => sum + row.times, 0);
const last = (rows: readonly AuditTally[]): number => rows.reduce((at, row) => Math.max(at, row.lastAt), 0);
const distinct = (names: readonly string[]): string[] => [...new Set(names)].toSorted().slice(0, namesAtMost);
