import { ok } from '@sightline/base';
import { dockerStatus } from '@sightline/fleet/messages';
import { readContainers } from '../../docker/containers.ts';
import { defineDiagnostic } from '../diagnostic.ts';
import { permitSwitch } from '../permit-container.ts';

export const dockerStatusDiagnostic = defineDiagnostic({
  definition: dockerStatus,
  permit: (policy) => permitSwitch(policy, 'dockerStatus', 'looking at the containers'),
  run: async (_, __, { docker }, signal) => {
    const session = await docker.session(signal);
    if (!session.ok) return session;
    const containers = await readContainers(docker, signal);
    return containers.ok ? ok({ engine: session.value.name, containers: containers.value }) : containers;
  },
});
