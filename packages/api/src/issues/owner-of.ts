import { ownersOf, readOwnershipRules } from '@sightline/ingest';
import type { ErrorEvent } from '@sightline/query';

/** The application's frames, or all where none is known to be its own; the innermost first. */
export function ownFrames(event: ErrorEvent): ErrorEvent['exceptions'][number]['frames'] {
  const frames = event.exceptions.flatMap((exception) => exception.frames);
  return frames.some((frame) => frame.inApp) ? frames.filter((frame) => frame.inApp) : frames;
}

/** Whose an event is by the ownership rules. They are checked when they are saved: such as cannot be read own nothing. */
export function ownerOf(event: ErrorEvent, text: string): { owners: string[]; rule: string } | null {
  const rules = readOwnershipRules(text);
  const inApp = ownFrames(event);
  const request = event.groups.find((group) => group.name === 'request')?.fields ?? [];
  const found =
    rules.ok &&
    ownersOf(rules.value, {
      paths: inApp.map((frame) => frame.file),
      modules: inApp.map((frame) => frame.module),
      url: request.find(({ label }) => /^url$/i.test(label))?.value ?? event.tags['url'] ?? '',
      type: event.type,
      transaction: event.transaction,
      site: event.site,
      service: event.service,
      tags: event.tags,
    });
  return found ? { owners: [...found.owners], rule: found.rule } : null;
}
