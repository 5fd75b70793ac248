import type { ServicesContext } from '../services-context.ts';
import { leases } from './leases.ts';
import { logTemplates } from './log-templates.ts';
import type { Detect } from './port.ts';
import { ruleStates } from './rule-states.ts';
import { rules } from './rules.ts';

/** What `detect` keeps in the control plane. */
export function detect(context: ServicesContext): Detect {
  return {
    rules: rules(context),
    ruleStates: ruleStates(context),
    leases: leases(context),
    templates: logTemplates(context),
  };
}
