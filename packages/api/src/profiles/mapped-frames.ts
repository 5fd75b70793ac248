import type { ProfileFrame } from '@sightline/contract';
import { plainDebugId, type SourceMaps } from '@sightline/ingest/source-maps';
import type { SampledFrame } from './read-samples.ts';

/** Frames that are looked up in source maps, the program's own. */
const mostMapped = 1000;

/** Frames as the interface draws them: by their names in the source where the maps are there. Throws what the look-ups throw. */
export async function mappedFrames(
  frames: readonly SampledFrame[],
  maps: Pick<SourceMaps, 'resolve'>,
  origin: { readonly organisation: string; readonly release: string },
): Promise<ProfileFrame[]> {
  const asked = frames.filter(({ inApp, line }) => inApp && line !== null).slice(0, mostMapped);
  const fates = await maps.resolve(
    { ...origin, dist: '' },
    asked.map(({ path, function: name, line, column, debugId }) => ({
      file: path,
      function: name,
      line,
      column,
      debugId: plainDebugId(debugId),
    })),
  );
  const found = new Map(asked.map((frame, index) => [frame, fates[index]]));
  return frames.map((frame) => {
    const fate = found.get(frame);
    if (fate?.kind !== 'original') return plainFrame(frame);
    const { file, function: name, line, inApp } = fate.place;
    return {
      function: name === '' ? frame.function : name,
      file,
      module: '',
      line,
      inApp,
      minified: frame.function,
    };
  });
}

/** A frame as its client saw it. */
export const plainFrame = ({ function: name, file, module, line, inApp }: SampledFrame): ProfileFrame => ({
  function: name,
  file,
  module,
  line,
  inApp,
  minified: '',
});
