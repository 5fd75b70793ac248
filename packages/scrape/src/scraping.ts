import { ok, type Result } from '@sightline/base';
import { readScrapeConfig, type ScrapeConfig } from './config/read-config.ts';
import { relabelSteps, type RelabelStep } from './config/relabel.ts';
import { redactedConfig } from './config/redacted-config.ts';
import { type Scraper, type ScraperOptions, startScraper, type TargetList } from './scraper.ts';

/** A configuration with the text that it was read from. */
export interface ReadConfig extends ScrapeConfig {
  readonly text: string;
}

/** As `readScrapeConfig`, for `Scraping`. */
export function readConfigText(text: string, folder: string | undefined): Result<ReadConfig, string> {
  const config = readScrapeConfig(text, folder);
  return config.ok ? ok({ ...config.value, text }) : config;
}

/** What is scraped by one text, and what people see of it. Asks nothing before the first `configure`. */
export class Scraping {
  readonly #options: ScraperOptions;
  #scraper: Scraper | undefined;
  #inForce: ReadConfig | undefined;

  constructor(options: ScraperOptions) {
    this.#options = options;
  }

  /** '' before the first. */
  get text(): string {
    return this.#inForce?.text ?? '';
  }

  /** Goes on by another text: targets that stay keep their series. */
  async configure(config: ReadConfig): Promise<void> {
    for (const warning of config.warnings)
      this.#options.logger.warn('a part of the scrape configuration is left out', { warning });
    this.#inForce = config;
    if (this.#scraper) await this.#scraper.configure(config);
    else this.#scraper = startScraper(config, this.#options);
  }

  targets(): TargetList {
    return this.#scraper?.targets() ?? { active: [], dropped: [], droppedCounts: {} };
  }

  /** Names of all jobs. */
  jobs(): readonly string[] {
    return this.#inForce?.jobs.map(({ name }) => name) ?? [];
  }

  /** What the relabelling of a job makes of a target's labels, rule by rule; undefined where there is no such job. */
  relabelSteps(job: string, labels: Readonly<Record<string, string>>): RelabelStep[] | undefined {
    const found = this.#inForce?.jobs.find(({ name }) => name === job);
    return found && relabelSteps(labels, found.relabelRules);
  }

  /** The text in force, secrets redacted; of one job where `job` is not ''. */
  configuration(job: string): string {
    return this.text === '' ? '' : redactedConfig(this.text, job);
  }

  /** Stops asking, and marks all series as ended. */
  async end(): Promise<void> {
    await this.#scraper?.close(true);
  }

  /** Stops asking. Series are not marked as ended: another start goes on with them. */
  async close(): Promise<void> {
    await this.#scraper?.close();
  }
}
