import { readFileSync } from 'node:fs';
import path from 'node:path';
import { dashboardDocument, type DashboardDocument } from '@sightline/contract';

/** Files under `ready/`, one dashboard each. A new one is a file and a name here; `ready-<name>` is its id for good. */
export const readyNames = [
  'operations',
  'executive',
  'business',
  'store',
  'service',
  'infrastructure',
  'node-runtime',
  'postgresql',
  'redis',
  'security',
] as const;

let loaded: ReadonlyMap<string, DashboardDocument> | undefined;

/** The dashboards that ship with Sightline, by id. Read once; a file that does not fit the contract is our bug. */
export function readyDashboards(): ReadonlyMap<string, DashboardDocument> {
  loaded ??= new Map(
    readyNames.map((name) => {
      const text = readFileSync(path.join(import.meta.dirname, 'ready', `${name}.json`), 'utf8');
      return [`ready-${name}`, dashboardDocument.parse(JSON.parse(text))];
    }),
  );
  return loaded;
}
