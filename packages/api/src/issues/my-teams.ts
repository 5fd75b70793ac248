import type { CallContext } from '../route.ts';

/** Slugs of the teams that the caller is in; a key is in none. */
export function myTeams({ deps, caller }: CallContext): Promise<string[]> {
  return caller.kind === 'person'
    ? deps.control.teams.ofPerson(caller.organisation, caller.actor)
    : Promise.resolve([]);
}
