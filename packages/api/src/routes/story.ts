import { story } from '@sightline/contract';
import { readStory } from '@sightline/query';
import { answer, type Route } from '../route.ts';
import { reading } from '../store-fault.ts';

export const storyRoutes: readonly Route[] = [
  answer(story, ({ params }, context) =>
    reading(() => readStory(context.deps.store, context.caller.organisation, params.id, { signal: context.signal })),
  ),
];
