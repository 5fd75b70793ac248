import { fail, ok, type Clock, type Result } from '@sightline/base';
import type { AnswerFault, Diagnostic } from '@sightline/fleet/messages';
import type { z } from 'zod';
import type { DockerEngine } from '../docker/engine.ts';
import type { HostReader } from '../host/host-reader.ts';
import type { PolicyReading } from '../policy/policy.ts';

/** What a diagnostic may use. */
export interface DiagnosticTools {
  readonly docker: DockerEngine;
  readonly host: HostReader;
  readonly clock: Clock;
  readonly version: string;
  /** When this program started, milliseconds since the epoch. */
  readonly startedAtMs: number;
}

/** The agent's side of an entry of the diagnostics catalogue (`@sightline/fleet/messages`). */
export interface AgentDiagnostic {
  readonly definition: Diagnostic;
  /**
   * Runs one request: reads the input, asks the policy, does the work. Everything that can go wrong is answered as a fault;
   * the signal aborts at the deadline and when nobody waits any more.
   */
  answer(
    input: unknown,
    policy: PolicyReading,
    tools: DiagnosticTools,
    signal: AbortSignal,
  ): Promise<Result<unknown, AnswerFault>>;
}

/**
 * Defines the agent's side of a diagnostic.
 *
 * `permit` must refuse what the site's policy does not allow and may look things up for it; what it answers is handed to
 * `run`, which is never called without. `run` must keep to the signal and answer in the form of `definition.reply`.
 */
export function defineDiagnostic<Input extends z.ZodType, Reply extends z.ZodType, Permit>(parts: {
  readonly definition: Diagnostic<Input, Reply>;
  readonly permit: (
    policy: PolicyReading,
    input: z.output<Input>,
    tools: DiagnosticTools,
    signal: AbortSignal,
  ) => Promise<Result<Permit, AnswerFault>>;
  readonly run: (
    permit: Permit,
    input: z.output<Input>,
    tools: DiagnosticTools,
    signal: AbortSignal,
  ) => Promise<Result<z.input<Reply>, AnswerFault>>;
}): AgentDiagnostic {
  return {
    definition: parts.definition,
    answer: async (input, policy, tools, signal) => {
      const read = parts.definition.input.safeParse(input ?? {});
      if (!read.success) {
        const [first] = read.error.issues;
        const message = `${first?.path.join('.') || 'input'}: ${first?.message ?? 'not understood'}`;
        return fail({ reason: 'invalid', message: message.slice(0, 1000) });
      }
      const permit = await parts.permit(policy, read.data, tools, signal);
      if (!permit.ok) return permit;
      const reply = await parts.run(permit.value, read.data, tools, signal);
      return reply.ok ? ok(reply.value) : reply;
    },
  };
}
