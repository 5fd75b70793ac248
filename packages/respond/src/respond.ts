import { BackgroundLoop, type Clock, type Logger, reasonOf } from '@sightline/base';
import type { Control } from '@sightline/control';
import type { Finding, FindingSink } from '@sightline/record';
import { runEscalation } from './escalation/run-escalation.ts';
import { captureEvidence } from './evidence/capture-evidence.ts';
import type { EvidenceSource } from './evidence/evidence.ts';
import { acceptFindings } from './incidents/accept-findings.ts';
import { act, type Acted, type PersonAct } from './incidents/person-acts.ts';

export interface RespondParts {
  readonly control: Pick<Control, 'respond'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called after changes that may have put messages into the queue: whoever delivers looks at once. */
  readonly onMessages?: () => void;
}

/** Findings in, incidents out: what any server may do, whichever roles it has. */
export interface Respond extends FindingSink {
  /** Does what a person wants done with an incident; `actor` is an e-mail address or a key's name. */
  act(organisation: string, number: number, wanted: PersonAct, actor: string): Promise<Acted>;
  /** What it did since it was opened, in Prometheus' text format. */
  metrics(): string;
}

/** The loops beside it, on servers of the role `detect`. */
export interface RespondLoops {
  /** Looks at once for what is due. */
  wake(): void;
  /** Ends the loops; resolves when what was begun has ended. */
  close(): Promise<void>;
}

const findingsAtOnce = 500;
/** What is due is looked for this often; the look is a few index reads. */
const lookEveryMs = 1000;
/** Whether silences and lost links still hold findings back is looked at this often. */
const lookAtSuppressedEveryMs = 5000;
const stepsAtOnce = 20;
const forgetEveryMs = 3_600_000;
/** Findings that opened no incident, and incidents that are long over. */
const findingsKeptMs = 7 * 86_400_000;
const incidentsKeptMs = 400 * 86_400_000;

/** Opens the door for findings and for what people do. Any number of servers may do so on one control plane. */
export function openRespond(parts: RespondParts & { readonly onDue?: () => void }): Respond {
  const { control, clock } = parts;
  const counts = { findings: 0, fired: 0, resolved: 0, suppressed: 0, acts: 0 };
  const changed = (): void => {
    parts.onDue?.();
    parts.onMessages?.();
  };
  return {
    accept: async (findings) => {
      for (const [organisation, all] of Map.groupBy(findings, (finding: Finding) => finding.organisation)) {
        for (let at = 0; at < all.length; at += findingsAtOnce) {
          const some = all.slice(at, at + findingsAtOnce);
          const accepted = await control.respond.change(organisation, (tx) =>
            acceptFindings(tx, organisation, some, clock.now()),
          );
          counts.findings += some.length;
          counts.fired += accepted.fired;
          counts.resolved += accepted.resolved;
          counts.suppressed += accepted.suppressed;
        }
      }
      changed();
    },
    act: async (organisation, number, wanted, actor) => {
      const acted = await control.respond.change(organisation, (tx) =>
        act(tx, organisation, number, wanted, actor, clock.now()),
      );
      counts.acts++;
      changed();
      return acted;
    },
    metrics: () =>
      [
        metric('sightline_findings_received_total', 'Findings told to respond', counts.findings),
        metric('sightline_findings_fired_total', 'Findings that began to fire', counts.fired),
        metric('sightline_findings_resolved_total', 'Findings that ended', counts.resolved),
        metric('sightline_findings_suppressed_total', 'Findings that opened no incident, held back', counts.suppressed),
        metric('sightline_incident_acts_total', 'What people did with incidents', counts.acts),
      ].join(''),
  };
}

function metric(name: string, help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name} ${value}\n`;
}

/**
 * Starts what runs beside: escalation steps, reopenings, findings that expire, what is no longer held back, and evidence.
 * The truth are rows with due times, so that it may run on several servers and be killed at any moment.
 */
export function startRespondLoops(parts: RespondParts & { readonly evidence?: EvidenceSource }): RespondLoops {
  const { control, clock, logger, evidence, onMessages } = parts;
  let lookedAtSuppressed = -Infinity;
  let forgotAt = -Infinity;

  const escalate = async (signal: AbortSignal): Promise<void> => {
    const now = clock.now();
    const suppressed = now - lookedAtSuppressed >= lookAtSuppressedEveryMs;
    if (suppressed) lookedAtSuppressed = now;
    for (const organisation of await control.respond.due(now, suppressed)) {
      if (signal.aborted) return;
      try {
        await escalateOne(organisation);
      } catch (error) {
        // One organisation's fault does not keep the others waiting; its rows are still due.
        logger.error('Escalation failed; it is tried again', { organisation, reason: reasonOf(error) });
      }
    }
  };
  const forget = async (): Promise<void> => {
    const now = clock.now();
    if (now - forgotAt < forgetEveryMs) return;
    if ((await control.respond.forget(now - findingsKeptMs, now - incidentsKeptMs)) < 1000) forgotAt = now;
  };
  const escalateOne = async (organisation: string): Promise<void> => {
    for (let round = 0; round < stepsAtOnce; round++) {
      const taken = await control.respond.change(organisation, (tx) => runEscalation(tx, organisation, clock.now()));
      if (taken === 0) return;
      onMessages?.();
    }
  };
  const loopOf = (name: string, step: (signal: AbortSignal) => Promise<unknown>): BackgroundLoop => {
    const loop: BackgroundLoop = new BackgroundLoop({
      clock,
      logger,
      everyMs: lookEveryMs,
      round: async () => void (await step(loop.signal)),
      fault: (error) => logger.error(`${name} failed; it is tried again`, { reason: reasonOf(error) }),
    });
    return loop;
  };
  const loops = [loopOf('Escalation', escalate), loopOf('Forgetting what is long over', forget)];
  if (evidence !== undefined) {
    const parts = { control, source: evidence, clock, logger };
    loops.push(loopOf('Capturing evidence', (signal) => captureEvidence(parts, signal)));
  }
  for (const loop of loops) loop.start();
  return {
    wake: () => {
      for (const loop of loops) loop.wake();
    },
    close: async () => {
      await Promise.all(loops.map((loop) => loop.close()));
    },
  };
}
