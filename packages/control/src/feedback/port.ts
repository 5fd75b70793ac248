export const feedbackStatuses = ['unresolved', 'resolved', 'spam'] as const;
export type FeedbackStatus = (typeof feedbackStatuses)[number];

/** What people decided about one piece of feedback. What nobody touched has no row: unresolved, nobody's, unread. */
export interface FeedbackState {
  readonly status: FeedbackStatus;
  /** An e-mail address or a team (`#payments`); '' for nobody. */
  readonly assignee: string;
  /** When somebody opened it first, milliseconds since the epoch; null while nobody did. */
  readonly readAt: number | null;
}

/** Feedback that is to be changed: its id, at most 64 characters, and when it was written, milliseconds since the epoch. */
export interface WrittenFeedback {
  readonly id: string;
  readonly at: number;
}

/** What is given is changed. */
export interface FeedbackChange {
  readonly status?: FeedbackStatus | undefined;
  readonly assignee?: string | undefined;
  readonly read?: boolean | undefined;
}

export interface FeedbackActivity {
  readonly at: number;
  readonly actor: string;
  readonly text: string;
  readonly kind: 'change' | 'comment';
}

/** Bounds of one call. */
export const feedbackLimits = { changedAtOnce: 200, listed: 10_000, activity: 200, comment: 10_000 } as const;

export interface FeedbackStates {
  /**
   * States by id of feedback that was written in the range, milliseconds since the epoch, `toMs` excluded. `cut` where there are
   * more than 10,000: those written last are answered.
   */
  written(
    organisation: string,
    fromMs: number,
    toMs: number,
  ): Promise<{ readonly states: ReadonlyMap<string, FeedbackState>; readonly cut: boolean }>;
  /** States of these, at most 1,000; what nobody touched is not among them. */
  list(organisation: string, ids: readonly string[]): Promise<ReadonlyMap<string, FeedbackState>>;
  /**
   * Changes what is given of all of these, at most 200, and notes each in its activity; what was so before, and reading, is not
   * noted. Answers the ids that have changed. States of feedback that is kept no longer go.
   */
  change(
    organisation: string,
    feedback: readonly WrittenFeedback[],
    change: FeedbackChange,
    actor: string,
  ): Promise<string[]>;
  /** Adds a remark of a person, at most 10,000 characters. */
  comment(organisation: string, feedback: WrittenFeedback, text: string, actor: string): Promise<void>;
  /** Newest first, at most 200. */
  activity(organisation: string, id: string): Promise<FeedbackActivity[]>;
}
