import type { ErrorEvent } from '@sightline/contract';
import { Button } from '@mantine/core';
import { IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { copyText } from '../../components/copy.ts';
import { Go } from '../../shell/go.tsx';
import './errors.css';
import { unmappedFrames, uploadCommands } from './map-words.ts';

/** That frames stayed minified, why, and what to do about it; nothing where all were read. */
export function MapNotice({
  exceptions,
  release,
  dist,
}: {
  exceptions: ErrorEvent['exceptions'];
  release: string;
  dist: string;
}): ReactNode {
  const unmapped = unmappedFrames(exceptions);
  if (unmapped === undefined) return null;
  const commands = uploadCommands(release, dist);
  return (
    <div className="map-notice">
      <p>
        {unmapped.frames === 1 ? 'A frame stands' : `${unmapped.frames} frames stand`} as the browser saw{' '}
        {unmapped.frames === 1 ? 'it' : 'them'}: {unmapped.reasons[0]}
        {unmapped.reasons.length > 1 && `, and ${unmapped.reasons.length - 1} more reasons below`}.
      </p>
      <details className="fold">
        <summary>What to do</summary>
        <p className="muted">
          Upload the source maps of the very build that is served. Errors that are here already are read with them too.
        </p>
        <pre className="frame-code" tabIndex={0} aria-label="Commands">
          {commands}
        </pre>
        <p className="muted">
          With <code>SENTRY_URL={location.origin}</code> and, as <code>SENTRY_AUTH_TOKEN</code>, a key that may operate
          (
          <Go to="/settings" search={{ tab: 'keys' }}>
            Settings, Keys
          </Go>
          ). Sentry’s plugins for Vite, webpack, Rollup and esbuild do the same with each build.
          {release === '' && ' The event names no release: set release in Sentry.init, or inject debug ids as above.'}
        </p>
        <Button
          variant="subtle"
          leftSection={<IconCopy size={14} />}
          onClick={() => void copyText(commands, 'Commands')}
        >
          Copy commands
        </Button>
      </details>
    </div>
  );
}
