/** `content` may hold secrets: never log or show it as it is. */
export interface ScrapeConfiguration {
  readonly organisation: string;
  /** The form of a prometheus.yml. */
  readonly content: string;
  /** Changes with the content. */
  readonly digest: string;
  readonly updatedAt: number;
  readonly updatedBy: string;
}

/** What organisations let this installation scrape, one configuration each. */
export interface ScrapeConfigurations {
  /** Undefined: there is none, or it was sealed under another instance key (then it is logged). */
  find(organisation: string): Promise<ScrapeConfiguration | undefined>;
  /** Whether there is one. */
  has(organisation: string): Promise<boolean>;
  /** Those of every organisation with their digest, at most 10,000. */
  listAll(): Promise<{ readonly organisation: string; readonly digest: string }[]>;
  /** Creates or replaces. The caller has checked the content. */
  put(organisation: string, content: string, by: string): Promise<void>;
  /** False when there was none. */
  remove(organisation: string): Promise<boolean>;
}
