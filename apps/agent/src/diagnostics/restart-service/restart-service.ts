import { ok } from '@sightline/base';
import { restartService } from '@sightline/fleet/messages';
import { inspectContainer } from '../../docker/containers.ts';
import { defineDiagnostic } from '../diagnostic.ts';
import { permitContainer } from '../permit-container.ts';

export const restartServiceDiagnostic = defineDiagnostic({
  definition: restartService,
  permit: (policy, input, tools, signal) => permitContainer(policy, 'restart', input.service, tools, signal),
  run: async (container, input, { docker, clock }, signal) => {
    const startedMs = clock.now();
    // Not with the signal: a restart that began is not undone by our hanging up, and its outcome belongs to the site's log.
    const restarted = await docker.call({
      method: 'POST',
      path: `/containers/${container.id}/restart`,
      query: { t: String(input.timeoutS) },
      timeoutMs: (input.timeoutS + 25) * 1000,
    });
    if (!restarted.ok) return restarted;
    const after = await inspectContainer(docker, container.id, signal);
    return ok({
      service: container.service,
      container: container.name,
      stateBefore: container.state,
      stateAfter: after.ok ? (after.value.State.Status ?? '') : 'unknown',
      tookMs: Math.max(0, clock.now() - startedMs),
    });
  },
});
