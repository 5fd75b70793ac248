/** Detectors that an organisation may switch off. Card numbers, tokens, passwords and secrets are always removed. */
export const optionalDetectors = ['email', 'ip'] as const;
export type OptionalDetector = (typeof optionalDetectors)[number];

/** All detectors of the scrubber by the markers they leave: `<email>`, `<pan>`, … */
export const detectors = ['email', 'ip', 'pan', 'password', 'secret', 'token'] as const;

/**
 * What becomes of a text in which a rule finds something. `mask`: each find becomes `<rule:name>`. `remove`: the whole value
 * becomes `<removed:name>`. `hash`: each find becomes `<rule:name:…>`, the same find the same letters while a salt lasts.
 */
export const scrubReplacements = ['mask', 'remove', 'hash'] as const;
export type ScrubReplacement = (typeof scrubReplacements)[number];

export interface CustomScrubRule {
  /** Lower-case letters, digits and hyphens; it stands in the marker. */
  readonly name: string;
  /** RE2's syntax (https://github.com/google/re2/wiki/Syntax). */
  readonly pattern: string;
  /** Fields whose values it looks at; empty: every text. */
  readonly fields: readonly string[];
  readonly replacement: ScrubReplacement;
  /** A made-up text in which it finds something: planted each day to prove that it works. Absent or '': none. */
  readonly sample?: string | undefined;
}

/** What an organisation changed about the scrubbing of its records. Names of fields are compared without regard to case. */
export interface ScrubRules {
  readonly off: readonly OptionalDetector[];
  readonly custom: readonly CustomScrubRule[];
  /** Fields in which these detectors leave things as they are. */
  readonly allow: readonly { readonly field: string; readonly detectors: readonly OptionalDetector[] }[];
  readonly userIds: {
    readonly hash: boolean;
    /** Fields whose whole value is hashed. */
    readonly fields: readonly string[];
    /** How long a salt lasts. */
    readonly rotateDays: number;
  };
}

/** Rules that change nothing. */
export const untouchedScrubRules: ScrubRules = {
  off: [],
  custom: [],
  allow: [],
  userIds: {
    hash: false,
    fields: ['user.id', 'enduser.id', 'user.name', 'user.username', 'user_id', 'userid'],
    rotateDays: 90,
  },
};
