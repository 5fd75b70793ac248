import { type ScrubRules, untouchedScrubRules } from '@sightline/record';
import type { BoundValue } from '../load-target.ts';
import { jsonLeaves, jsonOf } from './json-leaves.ts';
import { ownScrub } from './own-scrub.ts';

/** How what is stored already is scrubbed, by the rules that records are loaded by now. */
export interface StoredScrub {
  /** For a statement's WITH: `own_texts(fields, texts)`, and `own_given_texts` for what detectors leave alone. */
  readonly functions: string;
  readonly parameters: Readonly<Record<string, BoundValue>>;
  /** How JSON is taken apart into its fields; undefined where it is scrubbed as a text (`scrub_json_parts`). */
  readonly json: { readonly leavesOf: typeof jsonLeaves; readonly jsonOf: typeof jsonOf } | undefined;
}

/** `rules`: undefined where the organisation has none. */
export function storedScrub(rules: ScrubRules | undefined, salt: string): StoredScrub {
  const own = ownScrub(rules ?? untouchedScrubRules, salt, { stored: true });
  return { ...own, json: rules ? { leavesOf: jsonLeaves, jsonOf } : undefined };
}
