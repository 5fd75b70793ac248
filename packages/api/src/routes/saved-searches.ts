import {
  addSavedSearch,
  deleteSavedSearch,
  listSavedSearches,
  relativeRange,
  type SavedSearch,
} from '@sightline/contract';
import type { SavedSearch as KeptSearch } from '@sightline/control';
import { refusal } from '../problem.ts';
import { answer, doneReply, type Route } from '../route.ts';

const show = ({ scope, columns, ...kept }: KeptSearch): SavedSearch => ({
  ...kept,
  scope: { ...scope, range: relativeRange.safeParse(scope.range).data ?? '' },
  columns: [...columns],
});

export const savedSearchRoutes: readonly Route[] = [
  answer(listSavedSearches, async (_, { deps, caller }) => ({
    searches: (await deps.control.searches.list(caller.organisation)).map(show),
  })),

  answer(addSavedSearch, async ({ body }, { deps, caller, audit }) => {
    const added = await deps.control.searches.add(caller.organisation, body, caller.actor);
    if (!added.ok) return refusal(added.error);
    await audit('saved-search.create', added.value.name, added.value.query);
    return show(added.value);
  }),

  answer(deleteSavedSearch, async ({ params }, { deps, caller, audit }) => {
    const removed = await deps.control.searches.remove(caller.organisation, params.id);
    if (!removed.ok) return refusal(removed.error);
    await audit('saved-search.delete', removed.value.name, removed.value.query);
    return doneReply;
  }),
];
