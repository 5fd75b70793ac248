import { getProfile, listProfiles, type ProfileFrame } from '@sightline/contract';
import { findProfiledSpans, findProfileParts, listProfiles as readProfiles, type ProfilePart } from '@sightline/query';
import { mappedFrames, plainFrame } from '../profiles/mapped-frames.ts';
import type { SampledFile, SampledFrame } from '../profiles/read-samples.ts';
import { SampleReader } from '../profiles/sample-reader.ts';
import { scopeOf } from '../read-scope.ts';
import { type ApiDeps, refuse, type Route } from '../route.ts';
import { answerRead } from './answer-read.ts';

/** Bytes of samples that one answer reads. An SDK's chunk of a minute takes one or two million. */
const readLimitBytes = 32 * 1_048_576;
const reader = new SampleReader();

const showProfiles = answerRead(listProfiles, async ({ query }, context) => {
  const { text, trace, limit, cursor } = query;
  return (
    (await readProfiles(
      context.deps.store,
      { scope: scopeOf(query, context), text, trace, limit, cursor },
      { signal: context.signal },
    )) ?? refuse(400, 'Bad cursor', 'The cursor is not one that a page before answered; begin again without it.')
  );
});

const showProfile = answerRead(getProfile, async ({ params, query }, { deps, caller, signal }) => {
  const { organisation } = caller;
  const { site, since, until } = query;
  const { store } = deps;
  const found = await findProfileParts(
    store,
    { organisation, site, id: params.profile, fromMs: since, toMs: until },
    { signal },
  );
  const { files, parts } = await contents(deps, organisation, found.parts);
  const [first] = parts;
  if (!first) {
    return refuse(
      404,
      'No such profile',
      `There is no profile ${params.profile} in this organisation and time, or it is kept no longer (30 days).`,
    );
  }
  const read = await reader.read(files, { sinceMs: since, untilMs: until }, signal);
  if (!read.ok) {
    if (read.error.kind === 'busy')
      return refuse(503, 'Too many profiles at once', `Try again in a moment: ${read.error.message}.`, {
        headers: { 'retry-after': '5' },
      });
    return refuse(
      422,
      'The profile cannot be drawn',
      `Profile ${first.profile} was kept as it came, but ${read.error.message}.`,
    );
  }
  const { threads, frames, stacks, samples, startMs, endMs, left } = read.value;
  const [drawn, spans] = await Promise.all([
    framesOf(deps, frames, { organisation, release: first.release, platform: first.platform }),
    findProfiledSpans(store, organisation, parts, { signal }),
  ]);
  const { blob: _, ...row } = first;
  const profile = {
    ...row,
    ...(samples.length > 0 ? { at: startMs, durationMs: endMs - startMs } : {}),
    samples: samples.length,
    sizeBytes: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
  return {
    profile,
    parts: parts.length,
    left: found.left + found.parts.length - parts.length,
    samplesLeft: left,
    threads,
    frames: drawn,
    stacks,
    samples,
    spans: spans.filter(({ at, durationMs }) => at <= until && at + durationMs >= since),
  };
});

/** The files of a profile as far as they are there and fit in one answer. */
async function contents(
  { files: kept }: ApiDeps,
  organisation: string,
  parts: readonly ProfilePart[],
): Promise<{ readonly files: SampledFile[]; readonly parts: ProfilePart[] }> {
  const read = { files: [] as SampledFile[], parts: [] as ProfilePart[] };
  let bytes = 0;
  for (const part of parts) {
    bytes += part.sizeBytes;
    if (bytes > readLimitBytes) break;
    const content = await kept?.blobs.read({ organisation, area: 'profiles', hash: part.blob });
    if (content === undefined) continue;
    read.files.push({ content, atMs: part.at });
    read.parts.push(part);
  }
  return read;
}

async function framesOf(
  { files, logger }: ApiDeps,
  frames: readonly SampledFrame[],
  { platform, ...origin }: { readonly organisation: string; readonly release: string; readonly platform: string },
): Promise<ProfileFrame[]> {
  if (files && ['javascript', 'node', ''].includes(platform)) {
    try {
      return await mappedFrames(frames, files.sourceMaps, origin);
    } catch (error) {
      // The profile is worth more than its names.
      logger.warn('source maps could not be looked up for a profile', { error });
    }
  }
  return frames.map(plainFrame);
}

/** Sampled stacks: their list, and one of them as far as a page can draw it. */
export const profileRoutes: readonly Route[] = [showProfiles, showProfile];
