import type { Sites } from '../control.ts';
import type { ServicesContext } from '../services-context.ts';
import { agents } from './agents.ts';
import { enrolments } from './enrolments.ts';
import type { FleetControl } from './port.ts';

/** Agents and the tokens they enrol with. */
export function fleetControl(context: ServicesContext, sites: Sites): FleetControl {
  return { enrolments: enrolments(context, sites), agents: agents(context) };
}
