import { getSampling, previewSampling as previewEndpoint, saveSampling } from '@sightline/contract';
import type { KeptSampling } from '@sightline/control';
import { previewSampling } from '@sightline/query';
import { answer, type Route } from '../route.ts';
import { reading } from '../store-fault.ts';

const hourMs = 3_600_000;

/** What the form begins with where nobody has written a policy: all is kept. */
const untouched = {
  name: 'Sampling',
  slowMs: 1000,
  services: [],
  share: 0.1,
  waitMs: 15 * 60_000,
  enabledAt: null,
  updatedAt: null,
  updatedBy: '',
};

const shown = (kept: KeptSampling | undefined) =>
  kept === undefined ? untouched : { ...kept, services: kept.services.map((one) => ({ ...one })) };

/** A share as it stands in the audit: `12.5 %`. */
const percent = (share: number): string => `${Number((100 * share).toFixed(4))} %`;

export const samplingRoutes: readonly Route[] = [
  answer(getSampling, async (_, { deps, caller }) => shown(await deps.control.sampling.find(caller.organisation))),

  answer(saveSampling, async ({ body }, { deps, caller, audit }) => {
    const { enabled, ...rules } = body;
    const kept = await deps.control.sampling.save(caller.organisation, rules, enabled, caller.actor);
    const slow = rules.slowMs === null ? '' : `, from ${rules.slowMs} ms on`;
    const services = rules.services.map(({ service, share }) => `, ${service} ${percent(share)}`).join('');
    await audit(
      'sampling.save',
      rules.name,
      `${enabled ? 'on' : 'off'}: errors${slow}${services}, others ${percent(rules.share)}, after ${rules.waitMs / 60_000} min`.slice(
        0,
        1000,
      ),
    );
    return shown(kept);
  }),

  answer(previewEndpoint, ({ body }, { deps, caller, signal }) =>
    reading(async () => {
      const { clock, control, store } = deps;
      const active = await control.sampling.find(caller.organisation);
      const to = clock.now();
      // What the policy at work has been through already says little of what came.
      const from = to - (active?.enabledAt ? Math.min(hourMs, active.waitMs) : hourMs);
      const found = await previewSampling(
        store,
        { organisation: caller.organisation, policy: body, fromMs: from, toMs: to },
        { signal },
      );
      return { from, to, ...found };
    }),
  ),
];
