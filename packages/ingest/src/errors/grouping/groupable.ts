import type { ErrorException, GroupingPart } from '@sightline/record';

/** What grouping looks at. Nothing else of an event may matter. */
export interface Groupable {
  readonly project: number;
  /** As `ErrorPayload.exceptions`: the one thrown first. */
  readonly exceptions: readonly ErrorException[];
  /** The stack of an event that nobody threw: it tells where there is no message. */
  readonly stack?: readonly ErrorException[];
  /** The client's own fingerprint; empty when it gave none. */
  readonly fingerprint: readonly string[];
  /** The message before its parameters were filled in, where the client told it; else the message. */
  readonly messageTemplate: string;
  /** The client's own hash, which clients before fingerprints sent; '' or absent where it gave none. */
  readonly checksum?: string;
  readonly type: string;
  readonly culprit: string;
  readonly transaction: string;
  readonly level: string;
}

/** What rules may look at and fingerprints may name beside that. */
export interface RuleFacts {
  readonly message: string;
  readonly logger: string;
  readonly platform: string;
  readonly release: string;
  readonly sdk: string;
  readonly site: string;
  readonly service: string;
  readonly environment: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Parts of an event that make its group, and what was left out with the reason. The used ones, in order, are the group. */
export interface Parts {
  readonly keys: readonly string[];
  readonly parts: readonly GroupingPart[];
}
