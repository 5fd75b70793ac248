/** Real containers for journeys: podman as the Docker Engine of a store. */
export { podmanMissing, startPodman, type Podman } from '../../apps/agent/src/test-support/podman.ts';
