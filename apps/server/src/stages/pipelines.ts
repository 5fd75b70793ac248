import type { Clock, Logger } from '@sightline/base';
import { pipelineInput } from '@sightline/contract';
import { CachedPipelineBook, type PipelineBook } from '@sightline/ingest';
import { compilePipelines } from '@sightline/query';
import type { Stores } from '../stage.ts';

/** What organisations let their logs pass through, from the control plane, as SQL for the loader. */
export function openPipelines({ control }: Stores, clock: Clock, logger: Logger): PipelineBook {
  const own = logger.with({ part: 'pipelines' });
  return new CachedPipelineBook(
    {
      savedSince: async (fromMs) => {
        const versions = await control.pipelines.savedSince(fromMs);
        return versions.map(({ organisation, version, takesEffectAt, savedAt, pipelines }) => {
          const read = pipelineInput.array().safeParse(pipelines);
          if (!read.success) own.error('stored pipelines cannot be read', { organisation, version, error: read.error });
          return {
            organisation,
            version,
            takesEffectAtMs: takesEffectAt,
            savedAtMs: savedAt,
            pipelines: read.success ? read.data : [],
          };
        });
      },
      compile: (pipelines) => {
        const compiled = compilePipelines(pipelines);
        return compiled.ok ? compiled.value : undefined;
      },
    },
    clock,
    own,
  );
}
