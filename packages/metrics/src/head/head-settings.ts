import { noPromotion, type ResourcePromotion } from '@sightline/record';
import { type CardinalityLimits, defaultCardinality } from '../series/catalogue.ts';

/** How the head keeps samples. */
export interface HeadSettings {
  /** Where log, manifest and cut files lie. */
  readonly folder: string;
  /** Samples older than this when they are received are refused; Infinity takes any. */
  readonly keptMs: number;
  readonly limits: CardinalityLimits;
  /** Attributes of OTLP resources that become labels, at the start. */
  readonly promotion: ResourcePromotion;
  /** How long after its end a block stays open for samples that come late; later ones open it anew. */
  readonly windowMs: number;
  /** A block that was opened anew is cut when nothing came for so long. */
  readonly idleMs: number;
  /** Bytes of samples in memory; beyond, blocks are cut early, and beyond twice as much loading waits. */
  readonly memoryBytes: number;
  /** Blocks that may be open at a time. */
  readonly openBlocks: number;
  /** Bytes of the index of series that the head does not hold, families loaded for queries. */
  readonly indexBytes: number;
}

export const defaultHeadSettings: Omit<HeadSettings, 'folder'> = {
  keptMs: 30 * 86_400_000,
  limits: defaultCardinality,
  promotion: noPromotion,
  windowMs: 600_000,
  idleMs: 60_000,
  memoryBytes: 300_000_000,
  openBlocks: 24,
  indexBytes: 400_000_000,
};

/** What the head asks of the engine; its own thread has no connection. */
export interface HeadEngine {
  /** Runs a statement. With a token it takes effect once, however often it is sent. */
  execute(sql: string, parameters: Readonly<Record<string, string | number>>, token: string): Promise<void>;
}

/** A path of ours as a string literal. */
export function pathLiteral(path: string): string {
  return `'${path.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
