import { IconPlayerPlay } from '@tabler/icons-react';
import { definePage } from '../../shell/page.ts';
import { beginReplay, replayOfPath } from './begin-replay.ts';

export const replaysPage = definePage({
  path: '/replays',
  title: 'Replays',
  group: 'explore',
  icon: IconPlayerPlay,
  letter: 'p',
  load: async () => import('./replays-page.tsx'),
});

export const replayPage = definePage({
  path: '/replays/:replay',
  title: 'Replay',
  group: 'detail',
  icon: IconPlayerPlay,
  load: async () => {
    const replay = replayOfPath(window.location.pathname);
    if (replay !== undefined) beginReplay(replay);
    return import('./replay-page.tsx');
  },
});
