import { ask } from '../metrics/ask.ts';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { siteLimit } from './site-signals.ts';

/** Environments, sites and services ever heard in an organisation, in order; what the scope pickers offer. */
export interface Scopes {
  readonly environments: string[];
  readonly sites: string[];
  readonly services: string[];
}

/** Reads the scopes, at most 200 environments, 5,000 sites and 2,000 services. */
export async function readScopes(
  reader: TelemetryReader,
  organisation: string,
  limits: QueryLimits = {},
): Promise<Scopes> {
  const [row] = await ask<Scopes>(
    reader,
    `SELECT arraySort(groupUniqArrayIf(200)(toString(environment), environment != '')) AS environments,
      arraySort(groupUniqArrayIf(${siteLimit})(toString(site), site != '')) AS sites,
      arraySort(groupUniqArrayIf(2000)(toString(service), service != '')) AS services
    FROM seen WHERE organisation = {organisation:String}`,
    { organisation },
    limits,
  );
  return row ?? { environments: [], sites: [], services: [] };
}
