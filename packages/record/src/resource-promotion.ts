/** Which attributes of OTLP resources become labels of every series of theirs, beside those that always do. */
export interface ResourcePromotion {
  /** Names of attributes; where `all` is set, those that do not become labels. */
  readonly attributes: readonly string[];
  readonly all: boolean;
}

export const noPromotion: ResourcePromotion = { attributes: [], all: false };
